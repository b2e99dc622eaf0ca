//! Removing units that a module's function does not need.

use super::read::{host, read, write};
use crate::Error;
use burn::module::Module;
use constinit_core::surgery::{KnownAxes, ReducedModule};
use constinit_symmetry::{Activations, ReduceOptions};

/// Removes every unit that the function of a module does not need: a smaller module that computes the same.
///
/// A unit goes that nothing reads, that is constant, or that another unit gives, up to a sign or a positive factor where
/// the activation allows it; [`reduce_with`](constinit_symmetry::reduce_with) has the rules and what each needs.
/// `activations` says which function the units of each space go through: the forward code is believed to be so, and to do
/// nothing else with single units between two layers. What a mean over examples or a random mask makes of them
/// in training is not looked for: the smaller module computes the same in inference.
///
/// Sums are exact and rounded once. Parameters keep whether they need a gradient, and those whose shape stays keep their
/// id; the others get a new one, since what an optimizer has kept of them does not fit any more.
///
/// # Shapes
///
/// Every axis over a space has one member for each unit that is left.
///
/// # Errors
///
/// - [`Error::Axes`] where the spec does not cover the module;
/// - [`Error::Symmetry`] with what the engine says of activations and entries;
/// - [`Error::Surgery`] where the module does something else with the units than to treat them one by one, see
///   [above](super), and for a tied parameter that would get different values in its places.
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
