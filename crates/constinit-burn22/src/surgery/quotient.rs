//! The quotient of a module: training at the cost of the classes.

use super::counts::{Count, Counts};
use super::lifting::Lifting;
use super::read::{host, read, unshared, write};
use super::trainer::{QuotientTrainer, ones};
use crate::Error;
use burn::module::Module;
use burn::tensor::Device;
use constinit_core::surgery::{HostLifting, KnownAxes, SpaceSizes, write_change};
use constinit_symmetry::{AxesSpec, Symmetry, TrainingFacts};
use std::fmt;
use std::sync::Arc;

/// A smaller module that trains as the full one does.
///
/// As text: `hidden1: 512 -> 1 units; 4100 -> 12 parameters`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct QuotientModule<M> {
    /// The module, with one unit for each class.
    pub module: M,
    /// Its axes: the same spaces, with as many units as they had classes.
    pub spec: AxesSpec,
    /// The units of each space, and its classes.
    pub spaces: Vec<SpaceSizes>,
    /// Entries of all parameters, of the full module and of the quotient.
    pub parameters: [usize; 2],
    counts: Arc<Counts>,
    left: Option<M>,
    lifting: HostLifting,
}

impl<M: Module> QuotientModule<M> {
    /// Makes the steps of the quotient, with any optimizer that starts without state. It has the [way
    /// back](QuotientTrainer::lifting).
    pub fn trainer(&self) -> QuotientTrainer<M> {
        let lifting = Lifting(self.lifting.apart());
        QuotientTrainer::new(Arc::clone(&self.counts), self.left.clone(), lifting)
    }

    /// Whether no class has two units, so there is nothing to gain.
    pub fn is_identity(&self) -> bool {
        self.spaces.iter().all(|space| space.before == space.after)
    }
}

impl<M> fmt::Display for QuotientModule<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_change(f, &self.spaces, self.parameters, "nothing to gain")
    }
}

/// The quotient of a module by classes that training keeps.
///
/// The quotient's module runs forward and backward as any module does; with the steps of [`QuotientModule::trainer`] in
/// place of the optimizer's, in any loop, it trains as the full module would, up to rounding, and [`Lifting::lift`]
/// gives the full module at any time. The cost of a step depends on the number of classes, not on the number of units.
///
/// ```
/// use burn::optim::{AdamConfig, GradientsParams};
/// use burn::tensor::{Device, Tensor};
/// use constinit_burn22::ConstInitConfig;
/// use constinit_burn22::params::read_parameters;
/// use constinit_burn22::surgery::{Optimizer, SymmetryKind, TrainingFacts, quotient, symmetry_of};
///
/// let device = Device::flex().autodiff();
/// let net = ConstInitConfig::new(vec![3, 64, 4]).with_init_w(0.1).init(&device);
/// let spec = net.axes()?;
/// let facts = TrainingFacts::new(Optimizer::Adam);
/// let small = quotient(&net, &spec, &symmetry_of(&net, &spec, SymmetryKind::Equitable)?, &facts)?;
/// assert_eq!(small.to_string(), "hidden1: 64 -> 1 units; 516 -> 12 parameters");
///
/// let (mut trainer, mut adam) = (small.trainer(), AdamConfig::new().init());
/// let mut model = small.module;
/// let x = Tensor::<2>::from_data([[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]], &device);
/// for _ in 0..20 {
///     let loss = (model.forward(x.clone()) - 1.0).square().mean();
///     let gradients = GradientsParams::from_grads(loss.backward(), &model);
///     model = trainer.step(&mut adam, 0.01, model, gradients)?;
/// }
/// let full = trainer.lifting().lift(&model)?;
/// assert_eq!(read_parameters(&full)[0].shape()[..], [3, 64]);
/// # Ok::<(), constinit_burn22::Error>(())
/// ```
///
/// With Burn's `Learner`, the model overrides `TrainStep::optimize` and `optimize_multi` with a call of
/// [`QuotientTrainer::step`], and holds the trainer in a field that is `#[module(skip)]`, behind an `Arc<Mutex<_>>`. The
/// optimizer is the `Learner`'s.
///
/// `facts` are what is known about the training; `OptimizerConfig::facts` gives those of a configured optimizer.
/// Nothing can check them against the optimizer, which Burn hides. With several optimizers, one for each group of
/// parameters, give the facts of the one that keeps the fewest classes. A trace adds dropout and noise. It must be a
/// trace on a device with automatic differentiation, since dropout does nothing without gradients. Cautious weight
/// decay, which spares an entry by its sign, counts as coupled. An optimizer that does not update each entry from the
/// gradients of that entry alone, such as LAMB, Adafactor, L-BFGS and Muon, trains a quotient differently.
///
/// The loss must depend on the module's outputs only. A term of the parameters, such as a penalty on their squares,
/// would count an entry of the quotient once, although the full module has many such entries.
///
/// Parameters keep their ids, in the quotient and in a module that is lifted from it, although their shapes differ. So
/// do not use an optimizer with state of one of these modules for another.
///
/// Units that are not twins but have equal sums keep their deviations from the means. With weight decay these shrink.
/// To find how far, a number goes through the same rule with a gradient of 0, since every rule for which the
/// certificate holds is linear in the deviations.
///
/// # Errors
///
/// - Those of [`collapse`](super::collapse());
/// - [`Error::Surgery`] for a trace that was made without gradients;
/// - [`Error::Surgery`] if training would not keep a class, with the certificate's reason: dropout or noise on a space,
///   decay that is coupled to an optimizer that rescales entry by entry, on classes that are not twins (or twins with
///   more on the diagonal of a recurrent weight), and merely forward-lumpable classes; for Muon, which acts on whole
///   matrices; and for tied parameters over classes, of which Burn's optimizers update only the first.
pub fn quotient<'a, M: Module>(
    module: &M,
    axes: impl Into<KnownAxes<'a>>,
    symmetry: &Symmetry,
    facts: &TrainingFacts,
) -> Result<QuotientModule<M>, Error> {
    let parameters = read(module);
    let cure = "trace the module on a device with automatic differentiation";
    let found = host(module, axes.into(), &parameters)?.quotient(symmetry, facts, cure)?;

    let device = module.devices().into_iter().next().unwrap_or_default();
    let device: Device = device.without_autodiff();
    let counts = found.counts.into_iter().zip(&parameters).map(|(counts, parameter)| {
        counts.map(|counts| Count::new(counts, parameter.dtype(), &device))
    });
    let counts = Arc::new(Counts(counts.collect()));
    // Whatever the facts say about decay: without decay, the factors stay 1.
    let deviates = found.lifting.quotient().has_deviations();
    Ok(QuotientModule {
        module: write(module, found.collapsed),
        spec: found.spec,
        spaces: found.spaces,
        parameters: found.parameters,
        counts,
        left: deviates.then(|| ones(unshared(module))),
        lifting: found.lifting,
    })
}
