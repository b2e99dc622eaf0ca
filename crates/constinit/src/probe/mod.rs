//! Watches a training run without changing it.
//!
//! The training loop shows the run to a [`Probe`] before the first step and after every step: module, gradients, loss,
//! learning rate and step number. The probe keeps what it measured; the training loop keeps the probe. The parameters
//! after a number of steps are bitwise the same with and without probes.

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
    /// Whether to read after `step` steps; step 0 is before training.
    fn due(&self, step: usize) -> bool {
        let _ = step;
        true
    }

    /// Whether [`Observation::gradients`] is read. If gradients are kept past the optimizer, it cannot reuse their
    /// memory.
    fn reads_gradients(&self) -> bool {
        false
    }

    /// Reads the run, if it is due.
    fn observe(&mut self, seen: &Observation<'_, B, M>) -> Flow;
}

/// The state of a run between two steps.
pub struct Observation<'a, B: AutodiffBackend, M: AutodiffModule<B>> {
    /// Optimizer steps done; 0 before training.
    pub step: usize,
    /// The module with its parameters as they are now.
    pub model: &'a M,
    /// The gradients that the step used, after clipping. None before training, and if no due probe reads gradients.
    pub gradients: Option<&'a GradientsParams>,
    /// The loss that the step computed, before it changed the parameters. None before training.
    pub loss: Option<f64>,
    /// The learning rate that the step used. None before training.
    pub learning_rate: Option<f64>,
    /// The module at the beginning of the step, if a loop could have changed it since the step before.
    pub(crate) before: Option<&'a M>,
    read_back: OnceCell<Vec<HostParameter>>,
    backend: PhantomData<B>,
}

impl<'a, B: AutodiffBackend, M: AutodiffModule<B>> Observation<'a, B, M> {
    /// The state of `model` before training.
    pub fn before_training(model: &'a M) -> Self {
        Self::of(0, model, None, None, None)
    }

    /// The state of `model` after `step` steps of the user's loop.
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

    /// With the module at the beginning of the step. The step did not make the changes that this module already has.
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
