//! Making units differ without changing the function.

use super::read::{host, read, write};
use crate::Error;
use burn::module::Module;
use constinit_core::surgery::{BrokenModule, KnownAxes};
use constinit_symmetry::Symmetry;

/// Changes outgoing weights within classes by amounts up to `scale` that sum to zero. The function stays the same, but
/// gradients now differ, and training separates the units.
///
/// In each parameter, sums over a class do not change, as real numbers and to the last bit. The changes depend on the
/// seed and the path of the parameter.
///
/// ```
/// use burn::tensor::Device;
/// use constinit_burn22::ConstInitConfig;
/// use constinit_burn22::surgery::{SymmetryKind, break_symmetry, symmetry_of};
///
/// let net = ConstInitConfig::new(vec![3, 2, 4]).init(&Device::flex());
/// let spec = net.axes()?;
/// let classes = symmetry_of(&net, &spec, SymmetryKind::Twins)?;
/// let broken = break_symmetry(net, &spec, &classes, 0.125, 7)?;
/// let twins = symmetry_of(&broken.module, &spec, SymmetryKind::Twins)?;
/// assert_eq!((classes.effective_width("hidden1"), twins.effective_width("hidden1")), (Some(1), Some(2)));
/// assert!(broken.inseparable.is_empty() && broken.largest_change <= 0.125);
/// # Ok::<(), constinit_burn22::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`collapse`](super::collapse()), except for modules that count their units, which are allowed here. With a
/// spec alone, [`Error::Surgery`] for a parameter that reads such units in a layer that is not known to be linear in
/// it. The engine's error for a scale that is negative or not finite.
pub fn break_symmetry<'a, M: Module>(
    module: M,
    axes: impl Into<KnownAxes<'a>>,
    symmetry: &Symmetry,
    scale: f64,
    seed: u64,
) -> Result<BrokenModule<M>, Error> {
    let parameters = read(&module);
    let broken = host(&module, axes.into(), &parameters)?.break_symmetry(symmetry, scale, seed)?;
    Ok(broken.map(|new| write(&module, new)))
}
