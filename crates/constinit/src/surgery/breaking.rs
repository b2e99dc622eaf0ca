//! Telling units apart without a change of the function.

use super::layers::layers_of;
use super::read::HostModule;
use crate::Error;
use burn::module::Module;
use burn::tensor::backend::Backend;
use constinit_core::surgery::KnownAxes;
use constinit_symmetry::{Inseparable, Symmetry};
use std::fmt;

/// A module with the same function whose units differ.
///
/// As text: `1 class was told apart by changes of at most 1.25e-1`, and what was not.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BrokenModule<M> {
    /// The module.
    pub module: M,
    /// How many classes of several units there were whose units are no twins any more.
    pub separated: usize,
    /// The largest change of an entry.
    pub largest_change: f64,
    /// The classes whose units could not all be separated, and why.
    pub inseparable: Vec<Inseparable>,
}

impl<M> fmt::Display for BrokenModule<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, change) = (self.separated, self.largest_change);
        let classes = if count == 1 { "class was" } else { "classes were" };
        write!(f, "{count} {classes} told apart by changes of at most {change:e}")?;
        self.inseparable.iter().try_for_each(|class| write!(f, "; {class}"))
    }
}

/// Changes outgoing weights within classes by amounts up to `scale` that sum to zero: the function stays, but gradients
/// now differ, and training separates the units.
///
/// In each parameter, sums over a class stay what they were as real numbers, to the last bit. The changes depend on the
/// seed and the path of the parameter.
///
/// ```
/// use burn_ndarray::NdArray;
/// use constinit::ConstInitConfig;
/// use constinit::surgery::{SymmetryKind, break_symmetry, symmetry_of};
///
/// let net = ConstInitConfig::new(vec![3, 2, 4]).init::<NdArray>(&Default::default());
/// let spec = net.axes()?;
/// let classes = symmetry_of(&net, &spec, SymmetryKind::Twins)?;
/// let broken = break_symmetry(net, &spec, &classes, 0.125, 7)?;
/// let twins = symmetry_of(&broken.module, &spec, SymmetryKind::Twins)?;
/// assert_eq!((classes.effective_width("hidden1"), twins.effective_width("hidden1")), (Some(1), Some(2)));
/// assert!(broken.inseparable.is_empty() && broken.largest_change <= 0.125);
/// # Ok::<(), constinit::Error>(())
/// ```
///
/// # Errors
///
/// As [`collapse`](super::collapse()), but for modules that count their units, which may be changed so; with a spec
/// alone, [`Error::Surgery`] for a parameter that reads such units in a layer that is not known to be linear in it; and
/// what the engine says of a scale that is negative or not finite.
pub fn break_symmetry<'a, B: Backend, M: Module<B>>(
    module: M,
    axes: impl Into<KnownAxes<'a>>,
    symmetry: &Symmetry,
    scale: f64,
    seed: u64,
) -> Result<BrokenModule<M>, Error> {
    let known = axes.into();
    let read = HostModule::read(&module, known.spec)?;
    known.check_classes(symmetry)?;
    known.check_weights(|| layers_of(&module), symmetry)?;
    let views = read.views(known.spec)?;
    let broken = constinit_symmetry::break_symmetry(symmetry, &views, scale, seed)?;
    let (separated, largest_change) = (broken.separated(), broken.largest_change());
    let inseparable = broken.inseparable().to_vec();
    let module = read.write(module, broken.into_params())?;
    Ok(BrokenModule { module, separated, largest_change, inseparable })
}
