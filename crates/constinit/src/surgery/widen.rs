//! Splitting units.

use super::read::{host, read, write};
use crate::Error;
use burn::module::Module;
use burn::tensor::backend::Backend;
use constinit_core::surgery::{KnownAxes, WidenedModule};
use constinit_symmetry::Shares;

/// Splits units: for each of the named spaces, how many copies each of its units becomes.
///
/// Copies have the incoming weights, bias and gain of their unit, and share its outgoing weights: [`Shares::Exact`]
/// adds up to them bit for bit, so [`collapse`](super::collapse()) restores the module; [`Shares::Equal`] makes the
/// copies twins bit for bit, with sums that are off by rounding. Parameters whose shape changes get a new id, as in
/// [`collapse`](super::collapse()).
///
/// ```
/// use burn_ndarray::NdArray;
/// use constinit::ConstInitConfig;
/// use constinit::surgery::{Shares, widen};
///
/// let net = ConstInitConfig::new(vec![3, 2, 4]).init::<NdArray>(&Default::default());
/// let spec = net.axes()?;
/// let wide = widen(net, &spec, &[("hidden1", &[1, 3])], Shares::Equal)?;
/// assert_eq!(wide.to_string(), "hidden1: 2 -> 4 units; 20 -> 36 parameters");
/// assert_eq!(wide.origins, [[0, 1, 1, 1]]);
/// # Ok::<(), constinit::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`collapse`](super::collapse()), and the engine's errors for names and numbers that do not fit: see
/// [`constinit_symmetry::widen`].
pub fn widen<'a, B: Backend, M: Module<B>>(
    module: M,
    axes: impl Into<KnownAxes<'a>>,
    copies: &[(&str, &[usize])],
    shares: Shares,
) -> Result<WidenedModule<M>, Error> {
    let parameters = read(&module);
    let wide = host(&module, axes.into(), &parameters)?.widen(copies, shares)?;
    Ok(wide.map(|new| write(module, new)))
}
