//! The quotient of a module: training at the cost of the classes.

use super::counts::{Count, Counts};
use super::lifting::Lifting;
use super::optimizer::{QuotientOptimizer, ones};
use super::read::{host, read, unshared, write};

use crate::Error;
use burn::module::AutodiffModule;
use burn::tensor::backend::AutodiffBackend;
use constinit_core::surgery::{HostLifting, KnownAxes, SpaceSizes, write_change};
use constinit_symmetry::{AxesSpec, Symmetry, TrainingFacts};
use std::fmt;
use std::sync::Arc;

/// A smaller module that trains as the full one does.
///
/// As text: `hidden1: 512 -> 1 units; 4100 -> 12 parameters`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct QuotientModule<B: AutodiffBackend, M> {
    /// The module, with one unit for each class.
    pub module: M,
    /// Its axes: the same spaces, with as many units as they had classes.
    pub spec: AxesSpec,
    /// The units of each space, and its classes.
    pub spaces: Vec<SpaceSizes>,
    /// Entries of all parameters, of the full module and of the quotient.
    pub parameters: [usize; 2],
    counts: Arc<Counts<B>>,
    left: Option<M>,
    lifting: HostLifting,
}

impl<B: AutodiffBackend, M: AutodiffModule<B>> QuotientModule<B, M> {
    /// The optimizer for the quotient, around an optimizer without state that would train the full module. It has the
    /// [way back](QuotientOptimizer::lifting).
    pub fn optimizer<O>(&self, inner: O) -> QuotientOptimizer<B, M, O> {
        let lifting = Lifting(self.lifting.apart());
        QuotientOptimizer::new(inner, Arc::clone(&self.counts), self.left.clone(), lifting)
    }

    /// Whether no class has two units, so there is nothing to gain.
    pub fn is_identity(&self) -> bool {
        self.spaces.iter().all(|space| space.before == space.after)
    }
}

impl<B: AutodiffBackend, M> fmt::Display for QuotientModule<B, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_change(f, &self.spaces, self.parameters, "nothing to gain")
    }
}

/// The quotient of a module by classes that training keeps.
///
/// The quotient's module runs forward and backward as any module does; with [`QuotientModule::optimizer`] around an
/// optimizer, in any loop, it trains as the full module would, up to rounding, and [`Lifting::lift`] gives the full
/// module at any time. The cost of a step depends on the number of classes, not on the number of units.
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_autodiff::Autodiff;
/// use burn_ndarray::NdArray;
/// use constinit::prelude::*;
/// use constinit::{ConstInit, ConstInitConfig};
/// use constinit::params::read_parameters;
/// use constinit::surgery::{SymmetryKind, quotient, symmetry_of};
/// use constinit::train::{Batch, FullBatch, Loss, OptimizerConfig, TrainConfig, TrainState, train};
///
/// type B = Autodiff<NdArray>;
/// let device = Default::default();
/// let net = ConstInitConfig::new(vec![3, 64, 4]).with_init_w(0.1).init::<B>(&device);
/// let adam = OptimizerConfig::Adam(Default::default());
/// let spec = net.axes()?;
/// let small = quotient(&net, &spec, &symmetry_of(&net, &spec, SymmetryKind::Equitable)?, &adam.facts())?;
/// assert_eq!(small.to_string(), "hidden1: 64 -> 1 units; 516 -> 12 parameters");
///
/// let optimizer = small.optimizer(adam.init::<B, ConstInit<B>>()?);
/// let lifting = optimizer.lifting().clone();
/// let state = TrainState::new(small.module, optimizer, 0.01);
/// let x = Tensor::<B, 2>::from_data([[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]], &device);
/// let mut data = FullBatch::new(Batch { inputs: x, targets: Tensor::ones([2, 4], &device) })?;
/// let loss = |net: &ConstInit<B>, batch: Batch<B>| {
///     Loss::Mse.forward(net.forward(batch.inputs), batch.targets)
/// };
/// let trained = train(state, &mut data, loss, &TrainConfig::steps(20), &mut []);
/// let full = lifting.lift::<B, _>(&trained.state.model)?;
/// assert_eq!(read_parameters(&full)[0].data.shape.to_vec(), [3, 64]);
/// # Ok::<(), constinit::Error>(())
/// ```
///
/// `facts` are what is known about the training; [`OptimizerConfig::facts`](crate::train::OptimizerConfig::facts) gives
/// those of an optimizer. A [trace](crate::axes::Traced) adds dropout and noise. It must be a trace on
/// `Autodiff<Capture>`, since dropout does nothing without gradients. Cautious weight decay, which spares an entry by
/// its sign, counts as coupled.
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
pub fn quotient<'a, B: AutodiffBackend, M: AutodiffModule<B>>(
    module: &M,
    axes: impl Into<KnownAxes<'a>>,
    symmetry: &Symmetry,
    facts: &TrainingFacts,
) -> Result<QuotientModule<B, M>, Error> {
    let parameters = read(module);
    let cure = "trace the module on Autodiff<Capture>";
    let found = host(module, axes.into(), &parameters)?.quotient(symmetry, facts, cure)?;

    let device = module.devices().into_iter().next().unwrap_or_default();
    let counts = found.counts.into_iter().zip(&parameters).map(|(counts, parameter)| {
        counts.map(|counts| Count::new(counts, parameter.data.dtype, &device))
    });
    let counts = Arc::new(Counts(counts.collect()));
    // Whatever the facts say about decay: without decay, the factors stay 1.
    let deviates = found.lifting.quotient().has_deviations();
    let left = deviates.then(|| ones(unshared::<B, M>(module)));
    Ok(QuotientModule {
        module: write(unshared::<B, M>(module), found.collapsed),
        spec: found.spec,
        spaces: found.spaces,
        parameters: found.parameters,
        counts,
        left,
        lifting: found.lifting,
    })
}
