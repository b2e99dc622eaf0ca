//! Merging units that compute the same number.

use super::{HostModule, NewParameters, SpaceSizes, merged, sizes, write_change};
use crate::Error;
use constinit_symmetry::{AxesSpec, Symmetry};
use std::fmt;

/// A smaller module with the same function, and what happened to the units of the larger one.
///
/// As text: `hidden1: 512 -> 1 units; 4100 -> 12 parameters`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CollapsedModule<M> {
    /// The module.
    pub module: M,
    /// Its axes: the same spaces, with as many units as they had classes.
    pub spec: AxesSpec,
    /// The units of each space, before and after.
    pub spaces: Vec<SpaceSizes>,
    /// Entries of all parameters, before and after.
    pub parameters: [usize; 2],
}

impl<M> CollapsedModule<M> {
    /// Whether no two units were merged: the module is the one that was given.
    pub fn is_identity(&self) -> bool {
        self.spaces.iter().all(|space| space.before == space.after)
    }

    /// The same result with a framework's module, which `write` makes from the new parameters.
    pub fn map<N>(self, write: impl FnOnce(M) -> N) -> CollapsedModule<N> {
        let Self { module, spec, spaces, parameters } = self;
        CollapsedModule { module: write(module), spec, spaces, parameters }
    }
}

impl<M> fmt::Display for CollapsedModule<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_change(f, &self.spaces, self.parameters, "nothing to collapse")
    }
}

impl HostModule<'_> {
    /// Merges the units of every class into one:
    ///
    /// ```text
    /// W'[D][C] = sum over j in D of W[j][i]     for any i in C
    /// b'[C]    = b[i]
    /// ```
    ///
    /// If no class has several units, there are no new parameters.
    ///
    /// # Errors
    ///
    /// - [`Error::Axes`] if the classes are of another spec, and the engine's error for classes that are not
    ///   forward-lumpable in this module: two units and the block on which their sums differ;
    /// - [`Error::Surgery`] if the module does not treat the units one by one, and for a tied parameter that would get
    ///   different values in its places.
    pub fn collapse(&self, symmetry: &Symmetry) -> Result<CollapsedModule<NewParameters>, Error> {
        self.known.check_classes(symmetry)?;
        let small = constinit_symmetry::collapse(symmetry, &self.views)?;
        self.known.check_free(&self.layers, &merged(symmetry))?;
        let (spec, parameters) = (small.spec().clone(), small.entries());
        let spaces = sizes(self.known.spec, &spec);
        let module = match small.is_identity() {
            true => NewParameters::default(),
            false => self.reshaped(small.into_params())?,
        };
        Ok(CollapsedModule { module, spec, spaces, parameters })
    }
}
