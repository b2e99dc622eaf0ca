//! For each parameter of a spec, the parameter of a module.

use super::ModuleParameter;
use crate::Error;
use constinit_symmetry::{AxesSpec, ParamId};
use std::collections::HashMap;

/// For each parameter of a spec, the parameter of a module.
#[derive(Clone, Debug)]
pub struct Binding {
    /// For each parameter of the spec, its number in the order in which the framework visits the module.
    pub numbers: Vec<usize>,
    /// The numbers of parameters that forward passes write: the running statistics of batch norms.
    pub running: Vec<usize>,
}

impl Binding {
    /// Finds the parameters by their paths. With `whole`, every parameter of the module must be in the spec: a claim
    /// that units can be swapped is about all of them.
    ///
    /// # Errors
    ///
    /// [`Error::Axes`] with the path of a parameter that only one of the two has.
    pub fn new(
        parameters: &[ModuleParameter],
        axes: &AxesSpec,
        whole: bool,
    ) -> Result<Self, Error> {
        let paths = parameters.iter().map(|parameter| parameter.path.as_str());
        let known: HashMap<&str, usize> =
            paths.clone().enumerate().map(|(number, path)| (path, number)).collect();
        if let Some(path) = paths.clone().find(|path| whole && axes.param_id(path).is_none()) {
            return Err(Error::Axes {
                reason: format!("the module's parameter {path} is not among the axes"),
            });
        }
        let number = |path: &str| {
            known.get(path).copied().ok_or_else(|| Error::Axes {
                reason: format!("the module has no parameter {path}"),
            })
        };
        let numbers =
            axes.params().iter().map(|param| number(param.path())).collect::<Result<_, _>>()?;
        let running =
            (0..parameters.len()).filter(|number| parameters[*number].is_statistic).collect();
        Ok(Self { numbers, running })
    }

    /// Whether forward passes write this parameter of the spec.
    pub fn is_running(&self, parameter: ParamId) -> bool {
        self.running.contains(&self.numbers[parameter.get()])
    }
}
