//! Tensors of a checkpoint, found by name.

use std::collections::HashMap;

use crate::parameter::Parameter;
use crate::role::unwrapped;

/// Parameters in the order of the checkpoint, with the index of each name.
#[derive(Debug)]
pub(crate) struct ParameterSet {
    all: Vec<Parameter>,
    by_path: HashMap<String, usize>,
    /// The index of each name without the segments that wrappers add, for names with such segments.
    by_plain: HashMap<String, usize>,
    is_whole: bool,
}

impl ParameterSet {
    /// `is_whole` if the checkpoint has no other tensor whose axes could range over units.
    pub fn new(all: Vec<Parameter>, is_whole: bool) -> Self {
        let paths = || all.iter().enumerate();
        let by_path = paths().map(|(number, p)| (p.path().to_owned(), number)).collect();
        let plain = paths().filter_map(|(number, p)| Some((unwrapped(p.path())?, number)));
        let by_plain = plain.collect();
        Self { all, by_path, by_plain, is_whole }
    }

    pub fn all(&self) -> &[Parameter] {
        &self.all
    }

    /// Whether these are all tensors of the checkpoint with several entries. If one is left out, it is not certain what
    /// the others form together.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    pub fn get(&self, path: &str) -> Option<&Parameter> {
        self.by_path.get(path).map(|&number| &self.all[number])
    }

    /// The bias of a weight, with one entry per unit: `fc1.bias` for `fc1.weight`.
    pub fn bias_of(&self, weight: &Parameter) -> Option<&Parameter> {
        let path = bias_path(weight.path())?;
        let plain = || self.by_plain.get(&unwrapped(&path).unwrap_or_else(|| path.clone()));
        let found = self.get(&path).or_else(|| plain().map(|&number| &self.all[number]));
        let bias = found.filter(|bias| bias.shape().len() == 1)?;
        (weight.shape().len() > 1 && weight.shape()[..2].contains(&bias.shape()[0])).then_some(bias)
    }
}

/// The name of the bias of a weight of this name.
pub(crate) fn bias_path(weight: &str) -> Option<String> {
    let (prefix, last) = weight.rsplit_once('.').map_or(("", weight), |p| p);
    let last = ["weight", "kernel", "gamma"]
        .iter()
        .find(|name| last.contains(*name))
        .map(|name| last.replacen(name, if *name == "gamma" { "beta" } else { "bias" }, 1))?;
    Some(if prefix.is_empty() { last } else { format!("{prefix}.{last}") })
}
