//! Splitting units.

use super::{HostModule, NewParameters, SpaceSizes, sizes, write_change};
use crate::Error;
use constinit_symmetry::{AxesSpec, ParamView, Shares, UnitSpace};
use std::fmt;

/// A wider module with the same function.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WidenedModule<M> {
    /// The module.
    pub module: M,
    /// Its axes: the same spaces with more units.
    pub spec: AxesSpec,
    /// The units of each space, before and after.
    pub spaces: Vec<SpaceSizes>,
    /// Entries of all parameters, before and after.
    pub parameters: [usize; 2],
    /// For each space and each of its new units, the old unit of which it is a copy.
    pub origins: Vec<Vec<u32>>,
}

impl<M> WidenedModule<M> {
    /// The same result with a framework's module, which `write` makes from the new parameters.
    pub fn map<N>(self, write: impl FnOnce(M) -> N) -> WidenedModule<N> {
        let Self { module, spec, spaces, parameters, origins } = self;
        WidenedModule { module: write(module), spec, spaces, parameters, origins }
    }
}

impl<M> fmt::Display for WidenedModule<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_change(f, &self.spaces, self.parameters, "nothing was widened")
    }
}

impl HostModule<'_> {
    /// Splits units: for each of the named spaces, how many copies each of its units becomes.
    ///
    /// ```text
    /// W'[(j, 1)][i] + ... + W'[(j, n)][i] = W[j][i]
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Surgery`] in the same cases as [`HostModule::collapse`], and the engine's errors for names and numbers
    /// that do not fit: see [`constinit_symmetry::widen`].
    pub fn widen(
        &self,
        copies: &[(&str, &[usize])],
        shares: Shares,
    ) -> Result<WidenedModule<NewParameters>, Error> {
        let known = self.known;
        let wide = constinit_symmetry::widen(known.spec, &self.views, copies, shares)?;
        let before = self.views.iter().map(ParamView::entries).sum();
        let after = wide.params().iter().map(|param| param.view().entries()).sum();
        let spec = wide.spec().clone();
        let pairs = known.spec.spaces().iter().zip(spec.spaces()).zip(known.spec.space_ids());
        let other = pairs.filter(|((old, new), _)| old.units() != new.units());
        let changed: Vec<_> = other.map(|(_, id)| id).collect();
        known.check_free(&self.layers, &changed)?;
        let origin =
            |space: &UnitSpace| wide.origin(space.name()).map(<[u32]>::to_vec).unwrap_or_default();
        let origins = spec.spaces().iter().map(origin).collect();
        let spaces = sizes(known.spec, &spec);
        let module = self.reshaped(wide.into_params())?;
        Ok(WidenedModule { module, spec, spaces, parameters: [before, after], origins })
    }
}
