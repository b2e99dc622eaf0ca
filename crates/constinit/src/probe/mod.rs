//! Watching a training run without touching it.
//!
//! A [`Probe`] is shown the run before the first step and after every step: module, gradients,
//! loss, learning rate and step number. It holds what it measured; the training loop holds the
//! probe. The parameters after a number of steps are bitwise the same with and without probes.

mod escape;
#[cfg(feature = "learner")]
mod metric;
mod optimizer;
mod properties;
mod recorder;
mod symmetry;

pub use constinit_core::probe::{Flow, Schedule};
pub use escape::{EscapeProbe, EscapeReading, Outlook, SpaceOutlook};
#[cfg(feature = "learner")]
pub use metric::{EffectiveWidthMetric, SpreadMetric};
pub use optimizer::{ProbeGuard, ProbeHandle, ProbedOptimizer};
pub use properties::{DenseChain, PropertyProbe, PropertyReading, properties_of};
pub use recorder::{Recorded, Recorder};
pub use symmetry::{
    Cause, Finding, FirstBreak, GradientsThen, SpaceReading, SymmetryProbe, SymmetryReading,
};
pub(crate) use symmetry::{bind, views};

use crate::params::{HostParameter, read_parameters};
use burn::module::AutodiffModule;
use burn::optim::GradientsParams;
use burn::tensor::backend::AutodiffBackend;
use std::cell::OnceCell;
use std::marker::PhantomData;

/// Something that watches a training run.
pub trait Probe<B: AutodiffBackend, M: AutodiffModule<B>> {
    /// Whether to look after `step` steps; step 0 is before training.
    fn due(&self, step: usize) -> bool {
        let _ = step;
        true
    }

    /// Whether [`Observation::gradients`] is read. Keeping gradients past the optimizer costs it the
    /// reuse of their memory.
    fn reads_gradients(&self) -> bool {
        false
    }

    /// Looks at the run, where it is due.
    fn observe(&mut self, seen: &Observation<'_, B, M>) -> Flow;
}

/// The state of a run between two steps.
pub struct Observation<'a, B: AutodiffBackend, M: AutodiffModule<B>> {
    /// Optimizer steps done; 0 before training.
    pub step: usize,
    /// The module with its parameters as they are now.
    pub model: &'a M,
    /// The gradients that the step used, after clipping. None before training, and where no due
    /// probe reads gradients.
    pub gradients: Option<&'a GradientsParams>,
    /// The loss that the step computed, before it changed the parameters. None before training.
    pub loss: Option<f64>,
    /// The learning rate that the step used. None before training.
    pub learning_rate: Option<f64>,
    /// The module as it went into the step, where a loop could have changed it since the step before.
    pub(crate) before: Option<&'a M>,
    read_back: OnceCell<Vec<HostParameter>>,
    backend: PhantomData<B>,
}

impl<'a, B: AutodiffBackend, M: AutodiffModule<B>> Observation<'a, B, M> {
    /// The state of `model` before training.
    pub fn before_training(model: &'a M) -> Self {
        Self::of(0, model, None, None, None)
    }

    /// The state of `model` after `step` steps of a loop of the user's own.
    pub fn after_step(step: usize, model: &'a M) -> Self {
        Self::of(step, model, None, None, None)
    }

    /// With the gradients that the step used.
    #[must_use]
    pub fn with_gradients(self, gradients: &'a GradientsParams) -> Self {
        Self { gradients: Some(gradients), ..self }
    }

    /// With the loss that the step computed.
    #[must_use]
    pub fn with_loss(self, loss: f64) -> Self {
        Self { loss: Some(loss), ..self }
    }

    /// With the learning rate that the step used.
    #[must_use]
    pub fn with_learning_rate(self, rate: f64) -> Self {
        Self { learning_rate: Some(rate), ..self }
    }

    /// With the module as it went into the step: what had changed by then, the step did not do.
    #[must_use]
    pub fn with_module_before(self, model: &'a M) -> Self {
        Self { before: Some(model), ..self }
    }

    pub(crate) fn of(
        step: usize,
        model: &'a M,
        gradients: Option<&'a GradientsParams>,
        loss: Option<f64>,
        learning_rate: Option<f64>,
    ) -> Self {
        let read_back = OnceCell::new();
        let before = None;
        Self {
            step,
            model,
            gradients,
            loss,
            learning_rate,
            before,
            read_back,
            backend: PhantomData,
        }
    }

    /// Whether a probe has read all parameters.
    pub(crate) fn are_read(&self) -> bool {
        self.read_back.get().is_some()
    }

    /// All float parameters, on the host. Read from the device once, for all probes.
    pub fn parameters(&self) -> &[HostParameter] {
        self.read_back.get_or_init(|| read_parameters(self.model))
    }
}
