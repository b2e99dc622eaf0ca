//! Where a visitor of a module is.

/// The names and types of the modules that a visitor has entered and not yet left.
///
/// ```
/// use constinit_core::module::Walk;
///
/// let mut walk = Walk::default();
/// walk.enter("norm", "Struct:BatchNorm");
/// walk.enter("running_mean", "Struct:BatchNorm");
/// assert_eq!((walk.path().as_str(), walk.layer()), ("norm.running_mean", "BatchNorm"));
/// assert!(walk.at_running_statistics());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Walk {
    names: Vec<String>,
    layers: Vec<String>,
}

impl Walk {
    /// Enters a module or a parameter of this name, inside a module of this type. Burn writes `Struct:` before the
    /// types of structs.
    pub fn enter(&mut self, name: &str, layer: &str) {
        self.names.push(name.to_owned());
        self.layers.push(layer.to_owned());
    }

    /// Leaves what was entered last.
    pub fn exit(&mut self) {
        self.names.pop();
        self.layers.pop();
    }

    /// The dotted path.
    pub fn path(&self) -> String {
        self.names.join(".")
    }

    /// The type of the innermost module, such as `Linear`.
    pub fn layer(&self) -> &str {
        self.layers().last().unwrap_or_default()
    }

    /// The types of all modules on the path, outermost first.
    pub fn layers(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.layers.iter().map(|name| name.strip_prefix("Struct:").unwrap_or(name))
    }

    /// Whether this is the running mean or variance of a batch norm, which forward passes write.
    pub fn at_running_statistics(&self) -> bool {
        let name = self.names.last().map(String::as_str);
        self.layer() == "BatchNorm" && matches!(name, Some("running_mean" | "running_var"))
    }
}
