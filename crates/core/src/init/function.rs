//! Initialisers that call a function of the program.

use std::fmt;
use std::sync::Arc;

/// The place of an entry in a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The output unit; 0 if there is no output axis.
    pub output: usize,
    /// The input; 0 if there is no input axis.
    pub input: usize,
    /// The kernel position, counted over all other axes.
    pub position: usize,
}

/// A named function from places to values. Two values are equal if they share the same function.
#[derive(Clone)]
pub struct Function {
    name: String,
    function: Arc<dyn Fn(Place) -> f64 + Send + Sync>,
}

impl Function {
    /// Names a function.
    pub fn new(
        name: impl Into<String>,
        function: impl Fn(Place) -> f64 + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), function: Arc::new(function) }
    }

    pub(super) fn at(&self, [output, input, position]: [usize; 3]) -> f64 {
        (self.function)(Place { output, input, position })
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.function, &other.function)
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Function({})", self.name)
    }
}
