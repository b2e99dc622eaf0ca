//! Removing units that a module's function does not need.

use super::{HostModule, NewParameters, SpaceSizes, sizes, write_change};
use crate::Error;
use constinit_symmetry::{
    Activations, AxesSpec, Minimality, ReduceOptions, SpaceId, SpaceReduction, reduce_with,
};
use std::fmt;

/// A module with the same function, without the units that it does not need, and what happened to these units.
///
/// As text: `hidden1: 12 -> 7 units; 97 -> 57 parameters`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReducedModule<M> {
    /// The module.
    pub module: M,
    /// Its axes: the same spaces, with the units that are left.
    pub spec: AxesSpec,
    /// The units of each space, before and after.
    pub spaces: Vec<SpaceSizes>,
    /// What happened to each unit, and what was not tried; one entry per space.
    pub reductions: Vec<SpaceReduction>,
    /// Whether there is a smaller module with the same function.
    pub minimality: Minimality,
    /// Entries of all parameters, before and after.
    pub parameters: [usize; 2],
}

impl<M> ReducedModule<M> {
    /// Whether no unit was removed: the module is the one that was given.
    pub fn is_identity(&self) -> bool {
        self.spaces.iter().all(|space| space.before == space.after)
    }

    /// The same result with a framework's module, which `write` makes from the new parameters.
    pub fn map<N>(self, write: impl FnOnce(M) -> N) -> ReducedModule<N> {
        let Self { module, spec, spaces, reductions, minimality, parameters } = self;
        let module = write(module);
        ReducedModule { module, spec, spaces, reductions, minimality, parameters }
    }
}

impl<M> fmt::Display for ReducedModule<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_change(f, &self.spaces, self.parameters, "nothing to reduce")
    }
}

impl HostModule<'_> {
    /// Removes the units that the function does not need, as [`reduce_with`] finds them, given the activation of each
    /// space. If no unit can be removed, there are no new parameters.
    ///
    /// # Errors
    ///
    /// - [`Error::Symmetry`] with the engine's error: activations for spaces that the module does not have, or entries
    ///   that are not finite;
    /// - [`Error::Surgery`] if the module does not treat the units one by one, and for a tied parameter that would get
    ///   different values in its places.
    pub fn reduce(
        &self,
        activations: &Activations,
        options: &ReduceOptions,
    ) -> Result<ReducedModule<NewParameters>, Error> {
        let small = reduce_with(self.known.spec, &self.views, activations, options)?;
        let reduced = |(space, id): (&SpaceReduction, SpaceId)| {
            (space.kept().len() < space.units()).then_some(id)
        };
        let changed: Vec<SpaceId> =
            small.spaces().iter().zip(self.known.spec.space_ids()).filter_map(reduced).collect();
        self.known.check_free(&self.layers, &changed)?;
        let (spec, parameters) = (small.spec().clone(), small.entries());
        let (reductions, minimality) = (small.spaces().to_vec(), small.minimality());
        let spaces = sizes(self.known.spec, &spec);
        let module = match small.is_identity() {
            true => NewParameters::default(),
            false => self.reshaped(small.into_params())?,
        };
        Ok(ReducedModule { module, spec, spaces, reductions, minimality, parameters })
    }
}
