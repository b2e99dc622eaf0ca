//! Burn's optimizers by configuration.

mod lion;
mod state;

pub use lion::{LionOptimizer, LionState};
pub use state::AnyState;

use crate::Error;
use burn::module::AutodiffModule;
use burn::optim::adaptor::OptimizerAdaptor;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{
    AdaGrad, AdaGradConfig, Adam, AdamConfig, AdamW, AdamWConfig, Adan, AdanConfig, Muon,
    MuonConfig, RmsProp, RmsPropConfig, Sgd, SgdConfig, SimpleOptimizer,
};
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use constinit_core::{AdamWSettings, OptimizerConfig};

/// An [`AnyOptimizer`] on the backend and for the module that it trains.
pub type ConfiguredOptimizer<B, M> =
    OptimizerAdaptor<AnyOptimizer<<B as AutodiffBackend>::InnerBackend>, M, B>;

/// Makes Burn's optimizers from settings.
pub trait InitOptimizer {
    /// The optimizer, without state.
    ///
    /// # Errors
    ///
    /// Those of [`OptimizerConfig::check`].
    fn init<B: AutodiffBackend, M: AutodiffModule<B>>(
        &self,
    ) -> Result<ConfiguredOptimizer<B, M>, Error>;
}

impl InitOptimizer for OptimizerConfig {
    fn init<B: AutodiffBackend, M: AutodiffModule<B>>(
        &self,
    ) -> Result<ConfiguredOptimizer<B, M>, Error> {
        self.check()?;
        Ok(OptimizerAdaptor::from(build(self)))
    }
}

/// The optimizer's rule for one parameter.
fn build<B: Backend>(config: &OptimizerConfig) -> AnyOptimizer<B> {
    match config {
        OptimizerConfig::Sgd(s) => {
            let momentum = MomentumConfig {
                momentum: s.momentum,
                dampening: s.dampening,
                nesterov: s.nesterov,
            };
            let config = SgdConfig::new()
                .with_momentum((s.momentum != 0.0).then_some(momentum))
                .with_weight_decay(coupled(s.weight_decay));
            AnyOptimizer::Sgd(config.build())
        }
        OptimizerConfig::Adam(s) => {
            let config = AdamConfig::new()
                .with_beta_1(s.betas[0] as f32)
                .with_beta_2(s.betas[1] as f32)
                .with_epsilon(s.epsilon as f32)
                .with_amsgrad(s.amsgrad)
                .with_weight_decay(coupled(s.weight_decay));
            AnyOptimizer::Adam(config.build())
        }
        OptimizerConfig::AdamW(s) => AnyOptimizer::AdamW(adamw(s)),
        OptimizerConfig::RmsProp(s) => {
            let config = RmsPropConfig::new()
                .with_alpha(s.alpha as f32)
                .with_momentum(s.momentum as f32)
                .with_epsilon(s.epsilon as f32)
                .with_centered(s.centered)
                .with_weight_decay(coupled(s.weight_decay));
            AnyOptimizer::RmsProp(config.build())
        }
        OptimizerConfig::AdaGrad(s) => {
            let config = AdaGradConfig::new()
                .with_lr_decay(s.lr_decay)
                .with_epsilon(s.epsilon as f32)
                .with_weight_decay(coupled(s.weight_decay));
            AnyOptimizer::AdaGrad(config.build())
        }
        OptimizerConfig::Adan(s) => {
            let config = AdanConfig::new()
                .with_beta_1(s.betas[0] as f32)
                .with_beta_2(s.betas[1] as f32)
                .with_beta_3(s.betas[2] as f32)
                .with_epsilon(s.epsilon as f32)
                .with_weight_decay(s.weight_decay as f32);
            AnyOptimizer::Adan(config.build())
        }
        OptimizerConfig::Lion(s) => AnyOptimizer::Lion(LionOptimizer::new(s)),
        OptimizerConfig::Muon(s) => {
            let momentum =
                MomentumConfig { momentum: s.momentum, dampening: 0.0, nesterov: s.nesterov };
            let config = MuonConfig::new()
                .with_momentum(momentum)
                .with_ns_steps(s.ns_steps)
                .with_epsilon(s.epsilon as f32);
            AnyOptimizer::Muon {
                matrices: config.build(),
                weight_decay: s.weight_decay,
                rest: adamw(&AdamWSettings::default()),
            }
        }
    }
}

fn adamw(settings: &AdamWSettings) -> AdamW {
    AdamWConfig::new()
        .with_beta_1(settings.betas[0] as f32)
        .with_beta_2(settings.betas[1] as f32)
        .with_epsilon(settings.epsilon as f32)
        .with_amsgrad(settings.amsgrad)
        .with_weight_decay(settings.weight_decay as f32)
        .build()
}

fn coupled(penalty: f64) -> Option<WeightDecayConfig> {
    (penalty != 0.0).then_some(WeightDecayConfig { penalty: penalty as f32 })
}

/// The rule of one of Burn's optimizers, chosen when the program runs.
#[derive(Clone)]
pub enum AnyOptimizer<B: Backend> {
    /// Stochastic gradient descent.
    Sgd(Sgd<B>),
    /// Adam.
    Adam(Adam),
    /// Adam with decoupled weight decay.
    AdamW(AdamW),
    /// Root mean square propagation.
    RmsProp(RmsProp),
    /// Adaptive gradients.
    AdaGrad(AdaGrad),
    /// Adaptive Nesterov momentum.
    Adan(Adan),
    /// Lion.
    Lion(LionOptimizer),
    /// Muon.
    Muon {
        /// The rule for matrices, without decay.
        matrices: Muon<B>,
        /// Decoupled decay of matrices.
        weight_decay: f64,
        /// The rule for all other parameters.
        rest: AdamW,
    },
}

/// One step of a rule, with the state in and out of its variant. A state that another rule left
/// is dropped, as if there were none.
macro_rules! step_as {
    ($variant:ident, $rule:expr, $lr:expr, $tensor:expr, $grad:expr, $state:expr) => {{
        let state = match $state {
            Some(AnyState::$variant(state)) => Some(state),
            _ => None,
        };
        let (tensor, state) = $rule.step($lr, $tensor, $grad, state);
        (tensor, state.map(AnyState::$variant))
    }};
}

impl<B: Backend> SimpleOptimizer<B> for AnyOptimizer<B> {
    type State<const D: usize> = AnyState<B, D>;

    fn step<const D: usize>(
        &self,
        lr: f64,
        tensor: Tensor<B, D>,
        grad: Tensor<B, D>,
        state: Option<AnyState<B, D>>,
    ) -> (Tensor<B, D>, Option<AnyState<B, D>>) {
        match self {
            Self::Sgd(rule) => step_as!(Sgd, rule, lr, tensor, grad, state),
            Self::Adam(rule) => step_as!(Adam, rule, lr, tensor, grad, state),
            Self::AdamW(rule) => step_as!(AdamW, rule, lr, tensor, grad, state),
            Self::RmsProp(rule) => step_as!(RmsProp, rule, lr, tensor, grad, state),
            Self::AdaGrad(rule) => step_as!(AdaGrad, rule, lr, tensor, grad, state),
            Self::Adan(rule) => step_as!(Adan, rule, lr, tensor, grad, state),
            Self::Lion(rule) => step_as!(Lion, rule, lr, tensor, grad, state),
            Self::Muon { matrices, weight_decay, .. } if D == 2 => {
                // Burn takes the rate from the shape as if it were [output, input]; its own
                // weights are [input, output].
                let [inputs, outputs] = [0, 1].map(|axis| tensor.dims()[axis] as f64);
                let adjusted = |ratio: f64| ratio.max(1.0).sqrt();
                let rate = lr * adjusted(outputs / inputs) / adjusted(inputs / outputs);
                let tensor = tensor.mul_scalar(1.0 - lr * weight_decay);
                step_as!(Muon, matrices, rate, tensor, grad, state)
            }
            Self::Muon { rest, .. } => step_as!(AdamW, rest, lr, tensor, grad, state),
        }
    }

    fn to_device<const D: usize>(state: AnyState<B, D>, device: &B::Device) -> AnyState<B, D> {
        match state {
            AnyState::Sgd(state) => AnyState::Sgd(Sgd::to_device(state, device)),
            AnyState::Adam(state) => AnyState::Adam(Adam::to_device(state, device)),
            AnyState::AdamW(state) => AnyState::AdamW(AdamW::to_device(state, device)),
            AnyState::RmsProp(state) => AnyState::RmsProp(RmsProp::to_device(state, device)),
            AnyState::AdaGrad(state) => AnyState::AdaGrad(AdaGrad::to_device(state, device)),
            AnyState::Adan(state) => AnyState::Adan(Adan::to_device(state, device)),
            AnyState::Lion(state) => {
                AnyState::Lion(<LionOptimizer as SimpleOptimizer<B>>::to_device(state, device))
            }
            AnyState::Muon(state) => AnyState::Muon(Muon::to_device(state, device)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensors::from_values;
    use burn_ndarray::NdArray;
    use constinit_core::MuonSettings;

    type B = NdArray<f64>;

    /// Two steps of Muon on `weight[output][input]` of 3 outputs and 2 inputs, from PyTorch 2.15,
    /// whose orthogonalisation was kept in float64 (it rounds to bfloat16 otherwise):
    ///
    /// ```python
    /// import torch, inspect
    /// from torch.optim import _muon
    /// source = inspect.getsource(_muon._zeropower_via_newtonschulz).replace("torch.bfloat16", "torch.float64")
    /// exec(source, _muon.__dict__)
    /// p = torch.nn.Parameter(torch.tensor([[1., 2.], [3., 4.], [5., 6.]], dtype=torch.float64))
    /// o = torch.optim.Muon([p], lr=0.1)
    /// for g in ([[1., -2.], [0.5, 1.], [3., 0.]], [[0., 1.], [2., 0.5], [-1., 1.]]):
    ///     p.grad = torch.tensor(g, dtype=torch.float64); o.step(); print(p.tolist())
    /// ```
    #[test]
    fn muon_adjusts_the_rate_as_pytorch_does() {
        let golden: [[f64; 6]; 2] = [
            [
                0.9473476838031785,
                2.0588789387498974,
                2.9499589806303383,
                3.921203099989426,
                4.825898467595783,
                5.941927708093123,
            ],
            [
                0.9148158262556101,
                2.048184600027781,
                2.832620240804453,
                3.8648799307450945,
                4.79448672685086,
                5.790252001786411,
            ],
        ];
        let device = Default::default();
        // Burn's orientation: [input, output].
        let turned = |v: [f64; 6]| {
            from_values::<B, 2>(vec![v[0], v[2], v[4], v[1], v[3], v[5]], [2, 3], &device)
        };
        let settings = MuonSettings { learning_rate: 0.1, ..MuonSettings::default() };
        let rule = build::<B>(&OptimizerConfig::Muon(settings));
        let mut weight = turned([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let mut state = None;
        let gradients = [[1.0, -2.0, 0.5, 1.0, 3.0, 0.0], [0.0, 1.0, 2.0, 0.5, -1.0, 1.0]];
        for (gradient, expected) in gradients.into_iter().zip(golden) {
            (weight, state) = rule.step(0.1, weight, turned(gradient), state);
            let found = weight.clone().into_data().into_vec::<f64>().unwrap();
            let expected = turned(expected).into_data().into_vec::<f64>().unwrap();
            for (found, expected) in found.iter().zip(&expected) {
                assert!((found - expected).abs() < 1e-6, "{found} {expected}");
            }
        }
    }

    /// Three steps of every optimizer that has a closed form, compared with that form. Burn keeps β in single
    /// precision, so 1 - β, and with it a step, has a relative error of up to 2^-25 / (1 - β): 3e-5 for 0.999.
    #[test]
    fn steps_are_those_of_the_closed_form() {
        let start = [1.0, -2.0, 0.25, 0.0];
        let gradients = [[0.5, -1.0, 0.0, 2.0], [-3.0, 0.25, 1.0, -1.0], [0.125, 0.5, -2.0, 0.0]];
        let all = OptimizerConfig::all().into_iter();
        for config in all.flat_map(|config| [config.clone(), config.with_weight_decay(0.5)]) {
            let Some(mut closed) = config.update_rule() else { continue };
            let rule = build::<B>(&config);
            let (device, mut expected, mut state) = (Default::default(), start, None);
            let mut tensor = from_values::<B, 1>(start.to_vec(), [4], &device);
            for gradient in gradients {
                let grad = from_values::<B, 1>(gradient.to_vec(), [4], &device);
                (tensor, state) = rule.step(config.learning_rate(), tensor, grad, state);
                closed.step(&mut expected, &gradient);
                let found = tensor.clone().into_data().into_vec::<f64>().unwrap();
                for (found, expected) in found.iter().zip(expected) {
                    let close = (found - expected).abs() < 1e-4 * config.learning_rate();
                    assert!(close, "{config:?}: {found} {expected}");
                }
            }
        }
    }
}
