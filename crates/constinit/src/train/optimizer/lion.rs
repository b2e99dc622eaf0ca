//! Lion, which Burn 0.21 does not have.

use burn::optim::SimpleOptimizer;
use burn::record::Record;
use burn::tensor::{Tensor, backend::Backend};
use constinit_core::LionSettings;

/// Moves every entry by the sign of a mean of its gradients:
///
/// ```text
/// p' = (1 - lr λ) p - lr sign(β₁ m + (1 - β₁) g)      m' = β₂ m + (1 - β₂) g      sign(0) = 0
/// ```
///
/// # References
///
/// Chen and others, "Symbolic discovery of optimization algorithms", 2023, algorithm 2.
#[derive(Clone, Debug)]
pub struct LionOptimizer {
    betas: [f64; 2],
    weight_decay: f64,
}

/// The momentum of a parameter.
#[derive(Record, Clone)]
pub struct LionState<B: Backend, const D: usize> {
    /// The mean of past gradients.
    pub momentum: Tensor<B, D>,
}

impl LionOptimizer {
    /// With these settings. The step size is given at each step.
    pub fn new(settings: &LionSettings) -> Self {
        Self { betas: settings.betas, weight_decay: settings.weight_decay }
    }
}

impl<B: Backend> SimpleOptimizer<B> for LionOptimizer {
    type State<const D: usize> = LionState<B, D>;

    fn step<const D: usize>(
        &self,
        lr: f64,
        tensor: Tensor<B, D>,
        grad: Tensor<B, D>,
        state: Option<LionState<B, D>>,
    ) -> (Tensor<B, D>, Option<LionState<B, D>>) {
        let momentum = state.map_or_else(|| grad.zeros_like(), |state| state.momentum);
        let mean =
            |beta: f64| momentum.clone().mul_scalar(beta) + grad.clone().mul_scalar(1.0 - beta);
        let [of_step, kept] = self.betas.map(mean);
        let tensor = if self.weight_decay == 0.0 {
            tensor
        } else {
            tensor.mul_scalar(1.0 - lr * self.weight_decay)
        };
        let tensor = tensor - of_step.sign().mul_scalar(lr);
        (tensor, Some(LionState { momentum: kept }))
    }

    fn to_device<const D: usize>(state: LionState<B, D>, device: &B::Device) -> LionState<B, D> {
        LionState { momentum: state.momentum.to_device(device) }
    }
}
