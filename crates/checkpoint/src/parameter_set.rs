//! The floating parameters of a checkpoint, found by name.

use std::collections::HashMap;

use crate::parameter::Parameter;

/// Parameters in the order of the checkpoint, and where each name is among them.
#[derive(Debug)]
pub(crate) struct ParameterSet {
    all: Vec<Parameter>,
    by_path: HashMap<String, usize>,
}

impl ParameterSet {
    pub fn new(all: Vec<Parameter>) -> Self {
        let paths = all.iter().enumerate();
        let by_path = paths.map(|(number, p)| (p.path().to_owned(), number)).collect();
        Self { all, by_path }
    }

    pub fn all(&self) -> &[Parameter] {
        &self.all
    }

    pub fn get(&self, path: &str) -> Option<&Parameter> {
        self.by_path.get(path).map(|&number| &self.all[number])
    }

    /// The parameter with one entry a unit that goes with a weight: `fc1.bias` with `fc1.weight`.
    pub fn bias_of(&self, weight: &Parameter) -> Option<&Parameter> {
        let (prefix, last) = weight.path().rsplit_once('.').map_or(("", weight.path()), |p| p);
        let last = ["weight", "kernel", "gamma"]
            .iter()
            .find(|name| last.contains(*name))
            .map(|name| last.replacen(name, if *name == "gamma" { "beta" } else { "bias" }, 1))?;
        let path = if prefix.is_empty() { last } else { format!("{prefix}.{last}") };
        let bias = self.get(&path).filter(|bias| bias.shape().len() == 1)?;
        (weight.shape().len() > 1 && weight.shape()[..2].contains(&bias.shape()[0])).then_some(bias)
    }
}
