//! Splitting units.

use super::layers::layers_of;
use super::read::HostModule;
use crate::Error;
use burn::module::Module;
use burn::tensor::backend::Backend;
use constinit_core::surgery::{KnownAxes, SpaceSizes, sizes, write_change};
use constinit_symmetry::{AxesSpec, Shares};
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
    /// For each space and each of its units now, the unit that it is a copy of.
    pub origins: Vec<Vec<u32>>,
}

impl<M> fmt::Display for WidenedModule<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_change(f, &self.spaces, self.parameters, "nothing was widened")
    }
}

/// Splits units: for each of the named spaces, how many copies each of its units becomes.
///
/// Copies have the incoming weights, bias and gain of their unit, and share its outgoing weights:
/// [`Shares::Exact`] adds up to them bit for bit, so that [`collapse`](super::collapse()) gives the module back;
/// [`Shares::Equal`] makes the copies twins bit for bit, with sums that are off by rounding. Parameters whose shape
/// changes get a new id, as in [`collapse`](super::collapse()).
///
/// ```
/// use burn_ndarray::NdArray;
/// use constinit::ConstInitConfig;
/// use constinit::surgery::{Shares, widen};
///
/// let net = ConstInitConfig::new(vec![3, 2, 4]).init::<NdArray>(&Default::default());
/// let spec = net.axes()?;
/// let wide = widen(net, &spec, &[("hidden1", &[1, 3])], Shares::Equal)?;
/// assert_eq!(wide.to_string(), "hidden1: 2 units are 4; 20 parameters are 36");
/// assert_eq!(wide.origins, [[0, 1, 1, 1]]);
/// # Ok::<(), constinit::Error>(())
/// ```
///
/// # Errors
///
/// As [`collapse`](super::collapse()), and what the engine says of names and numbers that do not fit: see
/// [`constinit_symmetry::widen`].
pub fn widen<'a, B: Backend, M: Module<B>>(
    module: M,
    axes: impl Into<KnownAxes<'a>>,
    copies: &[(&str, &[usize])],
    shares: Shares,
) -> Result<WidenedModule<M>, Error> {
    let known = axes.into();
    let read = HostModule::read(&module, known.spec)?;
    let views = read.views(known.spec)?;
    let wide = constinit_symmetry::widen(known.spec, &views, copies, shares)?;
    let before = views.iter().map(|view| view.entries()).sum();
    let after = wide.params().iter().map(|param| param.view().entries()).sum();
    let spec = wide.spec().clone();
    let pairs = || known.spec.spaces().iter().zip(spec.spaces()).zip(known.spec.space_ids());
    let changed: Vec<_> =
        pairs().filter(|((old, new), _)| old.units() != new.units()).map(|(_, id)| id).collect();
    known.check_free(|| layers_of(&module), &changed)?;
    let origin = |space: &constinit_symmetry::UnitSpace| {
        wide.origin(space.name()).map(<[u32]>::to_vec).unwrap_or_default()
    };
    let origins = spec.spaces().iter().map(origin).collect();
    let spaces = sizes(known.spec, &spec);
    let module = read.write_anew(module, wide.into_params())?;
    Ok(WidenedModule { module, spec, spaces, parameters: [before, after], origins })
}
