//! The state of a training between two steps.

use burn::module::Module;
use burn::optim::GradientsParams;

/// The state of a training between two steps, for [`SymmetryProbe::observe`](super::SymmetryProbe::observe).
#[derive(Debug)]
pub struct Observation<'a, M: Module> {
    /// Optimizer steps done; 0 before training.
    pub(super) step: usize,
    /// The module with its parameters as they are now.
    pub(super) module: &'a M,
    /// The gradients that the step used.
    pub(super) gradients: Option<&'a GradientsParams>,
    /// The loss that the step computed, before it changed the parameters.
    pub(super) loss: Option<f64>,
    /// The module at the beginning of the step.
    pub(super) before: Option<&'a M>,
}

impl<'a, M: Module> Observation<'a, M> {
    /// The state of a module after `step` steps; 0 is before training.
    pub fn after_step(step: usize, module: &'a M) -> Self {
        Self { step, module, gradients: None, loss: None, before: None }
    }

    /// With the gradients that the step used. An optimizer empties the container that it gets: keep another one.
    #[must_use]
    pub fn with_gradients(self, gradients: &'a GradientsParams) -> Self {
        Self { gradients: Some(gradients), ..self }
    }

    /// With the loss that the step computed.
    #[must_use]
    pub fn with_loss(self, loss: f64) -> Self {
        Self { loss: Some(loss), ..self }
    }

    /// With the module at the beginning of the step. The step did not make the changes that this module already has.
    #[must_use]
    pub fn with_module_before(self, module: &'a M) -> Self {
        Self { before: Some(module), ..self }
    }
}
