//! A module's float parameters without their values.

use crate::{Error, FloatType};
use std::collections::HashMap;

/// A float parameter of a module, without its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleParameter {
    /// The dotted path, such as `layers.0.weight`.
    pub path: String,
    /// The parameter's number, which the places of a tied parameter share.
    pub id: u64,
    /// The type of the module that the parameter belongs to, such as `Linear`.
    pub layer: String,
    /// The shape; empty while a framework has not drawn the values.
    pub shape: Vec<usize>,
    /// The type of the entries; single precision while a framework has not drawn them.
    pub float: FloatType,
    /// Whether this is the running mean or variance of a batch norm, which forward passes write.
    pub is_statistic: bool,
}

/// The paths of parameters that occur in more than one place, such as tied weights: one group per parameter, in
/// visiting order.
pub fn tied_paths(parameters: &[ModuleParameter]) -> Vec<Vec<String>> {
    let mut places: HashMap<u64, usize> = HashMap::new();
    let mut groups: Vec<Vec<String>> = Vec::new();
    for parameter in parameters {
        let place = *places.entry(parameter.id).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(parameter.path.clone()),
            None => groups.push(vec![parameter.path.clone()]),
        }
    }
    groups.retain(|group| group.len() > 1);
    groups
}

/// Values by parameter number instead of by path.
///
/// `shape` gives the shape of values.
///
/// # Errors
///
/// [`Error::Parameter`] for a path that the module does not have, values of another shape, or different values for one
/// tied parameter.
pub fn matched_values<'p, V: PartialEq>(
    parameters: &[ModuleParameter],
    values: impl IntoIterator<Item = (&'p str, V)>,
    shape: impl Fn(&V) -> Vec<usize>,
) -> Result<HashMap<u64, V>, Error> {
    let known: HashMap<&str, &ModuleParameter> =
        parameters.iter().map(|parameter| (parameter.path.as_str(), parameter)).collect();
    let mut matched: HashMap<u64, V> = HashMap::new();
    for (path, value) in values {
        let error = |reason: String| Error::Parameter { path: path.into(), reason };
        let Some(parameter) = known.get(path) else {
            return Err(error("the module has no such float parameter".into()));
        };
        let (given, own) = (shape(&value), &parameter.shape);
        if given != *own {
            return Err(error(format!("values of shape {given:?} for a parameter of {own:?}")));
        }
        match matched.get(&parameter.id) {
            Some(other) if *other != value => {
                return Err(error("it is tied to a parameter that gets other values".into()));
            }
            _ => matched.insert(parameter.id, value),
        };
    }
    Ok(matched)
}
