//! The layers of a module, by the names of their types.

use std::collections::{BTreeMap, HashMap};

/// Norms. They may have no parameters, and are then in no spec.
const NORMS: [&str; 4] = ["GroupNorm", "InstanceNorm", "LayerNorm", "RmsNorm"];

/// The layers of a module, as a framework's visitor enters them.
#[derive(Clone, Debug, Default)]
pub struct ModuleLayers {
    /// The types of all modules around each parameter, outermost first.
    around: HashMap<String, Vec<String>>,
    /// The type of each norm, by path, and whether it has parameters.
    norms: BTreeMap<String, (String, bool)>,
}

impl ModuleLayers {
    /// Adds a module of this path and type. A framework may enter a parameter that is not there.
    pub fn enter(&mut self, path: String, layer: &str) {
        if NORMS.contains(&layer) {
            self.norms.entry(path).or_insert((layer.to_owned(), false));
        }
    }

    /// Adds a parameter with the types of the modules around it, outermost first.
    pub fn add_parameter(&mut self, path: String, around: Vec<String>) {
        let norm = path.rsplit_once('.').map_or("", |(norm, _)| norm);
        if let Some((_, has_parameters)) = self.norms.get_mut(norm) {
            *has_parameters = true;
        }
        self.around.insert(path, around);
    }

    /// The types of the modules around a parameter, outermost first.
    pub(super) fn around(&self, path: &str) -> &[String] {
        self.around.get(path).map_or(&[], Vec::as_slice)
    }

    /// The path and the type of the first norm without parameters.
    pub(super) fn norm_without_parameters(&self) -> Option<(&str, &str)> {
        let without = self.norms.iter().find(|(_, (_, has_parameters))| !has_parameters);
        without.map(|(path, (name, _))| (path.as_str(), name.as_str()))
    }
}
