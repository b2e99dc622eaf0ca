//! Making units differ without changing the function.

use super::{HostModule, NewParameters};
use crate::Error;
use crate::text::number;
use constinit_symmetry::{Inseparable, Symmetry};
use std::fmt;

/// A module with the same function whose units differ.
///
/// As text: `1 class separated by changes of at most 0.125`, then the classes that were not.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BrokenModule<M> {
    /// The module.
    pub module: M,
    /// The number of classes of several units in which no unit has a twin any more.
    pub separated: usize,
    /// The largest change of an entry.
    pub largest_change: f64,
    /// The classes whose units could not all be separated, and why.
    pub inseparable: Vec<Inseparable>,
}

impl<M> BrokenModule<M> {
    /// The same result with a framework's module, which `write` makes from the new parameters.
    pub fn map<N>(self, write: impl FnOnce(M) -> N) -> BrokenModule<N> {
        let Self { module, separated, largest_change, inseparable } = self;
        BrokenModule { module: write(module), separated, largest_change, inseparable }
    }
}

impl<M> fmt::Display for BrokenModule<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, change) = (self.separated, self.largest_change);
        let classes = if count == 1 { "class" } else { "classes" };
        write!(f, "{count} {classes} separated by changes of at most {}", number(change, 4))?;
        self.inseparable.iter().try_for_each(|class| write!(f, "; {class}"))
    }
}

impl HostModule<'_> {
    /// Changes outgoing weights within classes by amounts up to `scale` that sum to zero. The seed and the path of the
    /// parameter decide the amounts:
    ///
    /// ```text
    /// W'[j][i] = W[j][i] + e[j],  |e[j]| <= scale,  sum over a class of e = 0
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::Axes`] if the classes are of another spec or not of this module, and the engine's error for a scale
    ///   that is negative or not finite;
    /// - [`Error::Surgery`] if a parameter that reads such units does not only weight units with its entries, and for a
    ///   tied parameter that would get different values in its places.
    pub fn break_symmetry(
        &self,
        symmetry: &Symmetry,
        scale: f64,
        seed: u64,
    ) -> Result<BrokenModule<NewParameters>, Error> {
        self.known.check_classes(symmetry)?;
        self.known.check_weights(&self.layers, symmetry)?;
        let broken = constinit_symmetry::break_symmetry(symmetry, &self.views, scale, seed)?;
        let (separated, largest_change) = (broken.separated(), broken.largest_change());
        let inseparable = broken.inseparable().to_vec();
        let module = self.changed(broken.into_params())?;
        Ok(BrokenModule { module, separated, largest_change, inseparable })
    }
}
