//! Removing units that a module's function does not need.

use super::read::{host, read, write};
use crate::Error;
use burn::module::Module;
use constinit_core::surgery::{KnownAxes, ReducedModule};
use constinit_symmetry::{Activations, ReduceOptions};

/// Removes every unit that the function of a module does not need: a smaller module that computes the same.
///
/// A unit is removed if nothing reads it, if it is constant, or if another unit gives the same, up to a sign or a
/// positive factor if the activation allows it; [`reduce_with`](constinit_symmetry::reduce_with) has the rules and what
/// each needs. `activations` gives the activation of each space. This assumes that the forward code applies it, and
/// does nothing else with single units between two layers. It does not search for means over examples or random masks
/// in training: the smaller module computes the same in inference.
///
/// Sums are exact and rounded once. Whether a parameter needs a gradient does not change. Parameters whose shape stays
/// keep their id; the others get a new id, since the state that an optimizer keeps for them no longer fits.
///
/// # Shapes
///
/// Every axis over a space has one member for each unit that is left.
///
/// # Errors
///
/// - [`Error::Axes`] if the spec does not cover the module;
/// - [`Error::Symmetry`] with the engine's errors for activations and entries;
/// - [`Error::Surgery`] if the module does not treat the units one by one, see [above](super), and for a tied parameter
///   that would get different values in its places.
///
/// # Complexity
///
/// That of [`reduce_with`](constinit_symmetry::reduce_with), on the host.
pub fn reduce<'a, M: Module>(
    module: M,
    axes: impl Into<KnownAxes<'a>>,
    activations: &Activations,
    options: &ReduceOptions,
) -> Result<ReducedModule<M>, Error> {
    let parameters = read(&module);
    let small = host(&module, axes.into(), &parameters)?.reduce(activations, options)?;
    Ok(small.map(|new| write(&module, new)))
}
