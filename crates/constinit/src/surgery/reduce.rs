//! Removing units that a module's function does not need.

use super::read::{host, read, write};
use crate::Error;
use burn::module::Module;
use burn::tensor::backend::Backend;
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
///   that would get different values in its places;
/// - [`Error::ColumnLayout`] for a linear layer of `LinearLayout::Col`.
///
/// # Complexity
///
/// That of [`reduce_with`](constinit_symmetry::reduce_with), on the host.
///
/// # Examples
///
/// ```
/// use burn::tensor::TensorData;
/// use burn_ndarray::NdArray;
/// use constinit::params::write_parameters;
/// use constinit::surgery::reduce;
/// use constinit::{Activation, ConstInitConfig};
/// use constinit_symmetry::ReduceOptions;
///
/// // Unit 1 is the opposite of unit 0, and tanh is odd.
/// let net = ConstInitConfig::new(vec![1, 2, 1]).with_activation(Activation::Tanh);
/// let net = net.init::<NdArray>(&Default::default());
/// let net = write_parameters(net, [
///     ("layers.0.weight", TensorData::from([[2.0_f32, -2.0]])),
///     ("layers.0.bias", TensorData::from([0.5_f32, -0.5])),
///     ("layers.1.weight", TensorData::from([[3.0_f32], [1.0]])),
/// ])?;
/// let axes = net.axes()?;
/// let small = reduce(net, &axes, &Activation::Tanh.into(), &ReduceOptions::default())?;
/// assert_eq!(small.to_string(), "hidden1: 2 -> 1 units; 7 -> 4 parameters");
/// assert!(small.minimality.sentence().starts_with("minimal"));
/// # Ok::<(), constinit::Error>(())
/// ```
pub fn reduce<'a, B: Backend, M: Module<B>>(
    module: M,
    axes: impl Into<KnownAxes<'a>>,
    activations: &Activations,
    options: &ReduceOptions,
) -> Result<ReducedModule<M>, Error> {
    let parameters = read(&module);
    let small = host(&module, axes.into(), &parameters)?.reduce(activations, options)?;
    Ok(small.map(|new| write(module, new)))
}
