//! Burn's optimizers by configuration, with PyTorch's defaults.

use crate::Error;
use burn::module::AutodiffModule;
use burn::optim::adaptor::OptimizerAdaptor;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{
    AdaGrad, AdaGradConfig, AdaGradState, Adam, AdamConfig, AdamState, AdamW, AdamWConfig,
    AdamWState, Adan, AdanConfig, AdanState, Muon, MuonConfig, MuonState, RmsProp, RmsPropConfig,
    RmsPropState, Sgd, SgdConfig, SgdState, SimpleOptimizer,
};
use burn::record::Record;
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use constinit_symmetry::forecast::{Descent, Update};
use constinit_symmetry::{Decay, Optimizer as Rule, TrainingFacts};
use serde::{Deserialize, Serialize};

/// An optimizer and its settings. What is left out has PyTorch's default, which is often not
/// Burn's; Adan, which PyTorch does not have, has its authors'.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum OptimizerConfig {
    /// Stochastic gradient descent.
    Sgd(SgdSettings),
    /// Adam; weight decay is coupled: added to the gradient.
    Adam(AdamSettings),
    /// Adam with decoupled weight decay.
    AdamW(AdamWSettings),
    /// Gradients over the root of their squares' moving mean.
    RmsProp(RmsPropSettings),
    /// Gradients over the root of their squares' sum.
    AdaGrad(AdaGradSettings),
    /// Adaptive Nesterov momentum.
    Adan(AdanSettings),
    /// Orthogonalised momentum for weights, AdamW for all else.
    Muon(MuonSettings),
}

macro_rules! settings {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }
    };
}

settings! {
    /// Settings of [`OptimizerConfig::Sgd`].
    SgdSettings {
        /// Step size.
        learning_rate: f64 = 1e-3,
        /// Share of the velocity that is kept; 0 is plain gradient descent.
        momentum: f64 = 0.0,
        /// What is taken off the gradient on its way into the velocity.
        dampening: f64 = 0.0,
        /// Coupled decay: this times the parameter is added to the gradient.
        weight_decay: f64 = 0.0,
        /// Nesterov's momentum.
        nesterov: bool = false,
    }
}
settings! {
    /// Settings of [`OptimizerConfig::Adam`].
    AdamSettings {
        /// Step size.
        learning_rate: f64 = 1e-3,
        /// Decay of the two moments.
        betas: [f64; 2] = [0.9, 0.999],
        /// Added to the root of the second moment.
        epsilon: f64 = 1e-8,
        /// Coupled decay: this times the parameter is added to the gradient.
        weight_decay: f64 = 0.0,
        /// Divide by the largest second moment so far.
        amsgrad: bool = false,
    }
}
settings! {
    /// Settings of [`OptimizerConfig::AdamW`].
    AdamWSettings {
        /// Step size.
        learning_rate: f64 = 1e-3,
        /// Decay of the two moments.
        betas: [f64; 2] = [0.9, 0.999],
        /// Added to the root of the second moment.
        epsilon: f64 = 1e-8,
        /// Decoupled decay: the parameter shrinks by learning rate times this.
        weight_decay: f64 = 1e-2,
        /// Divide by the largest second moment so far.
        amsgrad: bool = false,
    }
}
settings! {
    /// Settings of [`OptimizerConfig::RmsProp`].
    RmsPropSettings {
        /// Step size.
        learning_rate: f64 = 1e-2,
        /// Decay of the squares' mean.
        alpha: f64 = 0.99,
        /// Added to the root.
        epsilon: f64 = 1e-8,
        /// Share of the velocity that is kept.
        momentum: f64 = 0.0,
        /// Divide by the standard deviation instead of the root of the squares' mean.
        centered: bool = false,
        /// Coupled decay: this times the parameter is added to the gradient.
        weight_decay: f64 = 0.0,
    }
}
settings! {
    /// Settings of [`OptimizerConfig::AdaGrad`].
    AdaGradSettings {
        /// Step size.
        learning_rate: f64 = 1e-2,
        /// The step size falls as `1 / (1 + steps * lr_decay)`.
        lr_decay: f64 = 0.0,
        /// Added to the root.
        epsilon: f64 = 1e-10,
        /// Coupled decay: this times the parameter is added to the gradient.
        weight_decay: f64 = 0.0,
    }
}
settings! {
    /// Settings of [`OptimizerConfig::Adan`]; defaults of arXiv 2208.06677.
    AdanSettings {
        /// Step size.
        learning_rate: f64 = 1e-3,
        /// Decay of gradient, gradient difference and their squares.
        betas: [f64; 3] = [0.98, 0.92, 0.99],
        /// Added to the root.
        epsilon: f64 = 1e-8,
        /// Proximal decay: the parameter is divided by 1 + learning rate times this.
        weight_decay: f64 = 0.0,
    }
}
settings! {
    /// Settings of [`OptimizerConfig::Muon`]. Parameters that are no matrices are trained by
    /// AdamW with the same learning rate and that optimizer's other defaults.
    MuonSettings {
        /// Step size; for a weight times the root of max(1, outputs / inputs).
        learning_rate: f64 = 1e-3,
        /// Share of the velocity that is kept.
        momentum: f64 = 0.95,
        /// Nesterov's momentum.
        nesterov: bool = true,
        /// Decoupled decay: the parameter shrinks by learning rate times this.
        weight_decay: f64 = 0.1,
        /// Newton-Schulz iterations.
        ns_steps: usize = 5,
        /// The smallest norm that is divided by.
        epsilon: f64 = 1e-7,
    }
}

/// An [`AnyOptimizer`] on the backend and for the module that it trains.
pub type ConfiguredOptimizer<B, M> =
    OptimizerAdaptor<AnyOptimizer<<B as AutodiffBackend>::InnerBackend>, M, B>;

impl OptimizerConfig {
    /// Plain gradient descent.
    pub fn sgd(learning_rate: f64) -> Self {
        Self::Sgd(SgdSettings { learning_rate, ..SgdSettings::default() })
    }

    /// The step size.
    pub fn learning_rate(&self) -> f64 {
        match self {
            Self::Sgd(settings) => settings.learning_rate,
            Self::Adam(settings) => settings.learning_rate,
            Self::AdamW(settings) => settings.learning_rate,
            Self::RmsProp(settings) => settings.learning_rate,
            Self::AdaGrad(settings) => settings.learning_rate,
            Self::Adan(settings) => settings.learning_rate,
            Self::Muon(settings) => settings.learning_rate,
        }
    }

    /// The name that people use.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sgd(settings) if settings.momentum != 0.0 => "SGD with momentum",
            Self::Sgd(_) => "SGD",
            Self::Adam(_) => "Adam",
            Self::AdamW(_) => "AdamW",
            Self::RmsProp(_) => "RMSProp",
            Self::AdaGrad(_) => "AdaGrad",
            Self::Adan(_) => "Adan",
            Self::Muon(_) => "Muon",
        }
    }

    /// The optimizer, without state.
    ///
    /// # Errors
    ///
    /// As [`OptimizerConfig::check`].
    pub fn init<B: AutodiffBackend, M: AutodiffModule<B>>(
        &self,
    ) -> Result<ConfiguredOptimizer<B, M>, Error> {
        self.check()?;
        Ok(OptimizerAdaptor::from(self.build()))
    }

    /// Whether training can use the settings.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] for the first number outside its range.
    pub fn check(&self) -> Result<(), Error> {
        not_negative("learning_rate", self.learning_rate())?;
        match self {
            Self::Sgd(s) => {
                not_negative("momentum", s.momentum)?;
                finite("dampening", s.dampening)?;
                not_negative("weight_decay", s.weight_decay)?;
                if s.nesterov && (s.momentum == 0.0 || s.dampening != 0.0) {
                    let reason = "nesterov needs a momentum above 0 and no dampening";
                    return Err(Error::Setting { setting: "momentum", value: s.momentum, reason });
                }
                Ok(())
            }
            Self::Adam(s) => adaptive(&s.betas, s.epsilon, s.weight_decay),
            Self::AdamW(s) => adaptive(&s.betas, s.epsilon, s.weight_decay),
            Self::RmsProp(s) => {
                not_negative("alpha", s.alpha)?;
                not_negative("momentum", s.momentum)?;
                adaptive(&[], s.epsilon, s.weight_decay)
            }
            Self::AdaGrad(s) => {
                not_negative("lr_decay", s.lr_decay)?;
                adaptive(&[], s.epsilon, s.weight_decay)
            }
            Self::Adan(s) => adaptive(&s.betas, s.epsilon, s.weight_decay),
            Self::Muon(s) => {
                not_negative("momentum", s.momentum)?;
                if s.ns_steps >= 100 {
                    // PyTorch's limit.
                    let (value, reason) = (s.ns_steps as f64, "must be less than 100");
                    return Err(Error::Setting { setting: "ns_steps", value, reason });
                }
                adaptive(&[], s.epsilon, s.weight_decay)
            }
        }
    }

    /// What the optimizer means for classes of units.
    pub fn facts(&self) -> TrainingFacts {
        let coupled = |penalty: f64| if penalty == 0.0 { Decay::None } else { Decay::Coupled };
        let decoupled = |penalty: f64| if penalty == 0.0 { Decay::None } else { Decay::Decoupled };
        let (rule, decay) = match self {
            Self::Sgd(s) if s.momentum == 0.0 => (Rule::Sgd, coupled(s.weight_decay)),
            Self::Sgd(s) => (Rule::SgdMomentum, coupled(s.weight_decay)),
            Self::Adam(s) => (Rule::Adam, coupled(s.weight_decay)),
            Self::AdamW(s) => (Rule::AdamW, decoupled(s.weight_decay)),
            Self::RmsProp(s) => (Rule::RmsProp, coupled(s.weight_decay)),
            Self::AdaGrad(s) => (Rule::AdaGrad, coupled(s.weight_decay)),
            Self::Adan(s) => (Rule::Adan, decoupled(s.weight_decay)),
            Self::Muon(s) => (Rule::Muon, decoupled(s.weight_decay)),
        };
        TrainingFacts::new(rule).with_decay(decay)
    }

    /// What a step does with the gradient, for a forecast of how differences between twins grow.
    pub fn update(&self) -> Update {
        match self {
            Self::Sgd(s) => Update::Linear(Descent {
                learning_rate: s.learning_rate,
                momentum: s.momentum,
                dampening: s.dampening,
                weight_decay: s.weight_decay,
                nesterov: s.nesterov,
            }),
            _ => Update::Adaptive(self.facts().optimizer()),
        }
    }

    /// How many tensors of a parameter's size the optimizer keeps between steps.
    pub fn state_tensors(&self) -> usize {
        match self {
            Self::Sgd(s) => usize::from(s.momentum != 0.0),
            Self::Adam(AdamSettings { amsgrad, .. })
            | Self::AdamW(AdamWSettings { amsgrad, .. }) => 2 + usize::from(*amsgrad),
            Self::RmsProp(s) => 1 + usize::from(s.centered) + usize::from(s.momentum != 0.0),
            Self::AdaGrad(_) | Self::Muon(_) => 1,
            Self::Adan(_) => 4,
        }
    }

    /// The optimizer's rule for one parameter.
    fn build<B: Backend>(&self) -> AnyOptimizer<B> {
        match self {
            Self::Sgd(s) => {
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
            Self::Adam(s) => {
                let config = AdamConfig::new()
                    .with_beta_1(s.betas[0] as f32)
                    .with_beta_2(s.betas[1] as f32)
                    .with_epsilon(s.epsilon as f32)
                    .with_amsgrad(s.amsgrad)
                    .with_weight_decay(coupled(s.weight_decay));
                AnyOptimizer::Adam(config.build())
            }
            Self::AdamW(s) => AnyOptimizer::AdamW(s.build()),
            Self::RmsProp(s) => {
                let config = RmsPropConfig::new()
                    .with_alpha(s.alpha as f32)
                    .with_momentum(s.momentum as f32)
                    .with_epsilon(s.epsilon as f32)
                    .with_centered(s.centered)
                    .with_weight_decay(coupled(s.weight_decay));
                AnyOptimizer::RmsProp(config.build())
            }
            Self::AdaGrad(s) => {
                let config = AdaGradConfig::new()
                    .with_lr_decay(s.lr_decay)
                    .with_epsilon(s.epsilon as f32)
                    .with_weight_decay(coupled(s.weight_decay));
                AnyOptimizer::AdaGrad(config.build())
            }
            Self::Adan(s) => {
                let config = AdanConfig::new()
                    .with_beta_1(s.betas[0] as f32)
                    .with_beta_2(s.betas[1] as f32)
                    .with_beta_3(s.betas[2] as f32)
                    .with_epsilon(s.epsilon as f32)
                    .with_weight_decay(s.weight_decay as f32);
                AnyOptimizer::Adan(config.build())
            }
            Self::Muon(s) => {
                let momentum =
                    MomentumConfig { momentum: s.momentum, dampening: 0.0, nesterov: s.nesterov };
                let config = MuonConfig::new()
                    .with_momentum(momentum)
                    .with_ns_steps(s.ns_steps)
                    .with_epsilon(s.epsilon as f32);
                AnyOptimizer::Muon {
                    matrices: config.build(),
                    weight_decay: s.weight_decay,
                    rest: AdamWSettings::default().build(),
                }
            }
        }
    }
}

impl AdamWSettings {
    fn build(&self) -> AdamW {
        AdamWConfig::new()
            .with_beta_1(self.betas[0] as f32)
            .with_beta_2(self.betas[1] as f32)
            .with_epsilon(self.epsilon as f32)
            .with_amsgrad(self.amsgrad)
            .with_weight_decay(self.weight_decay as f32)
            .build()
    }
}

fn coupled(penalty: f64) -> Option<WeightDecayConfig> {
    (penalty != 0.0).then_some(WeightDecayConfig { penalty: penalty as f32 })
}

fn adaptive(betas: &[f64], epsilon: f64, weight_decay: f64) -> Result<(), Error> {
    // Burn keeps these settings in single precision.
    if let Some(beta) = betas.iter().find(|beta| !(0.0..1.0).contains(&(**beta as f32))) {
        let reason = "must be at least 0 and, in single precision, less than 1";
        return Err(Error::Setting { setting: "betas", value: *beta, reason });
    }
    not_negative("epsilon", epsilon)?;
    not_negative("weight_decay", weight_decay)
}

fn not_negative(setting: &'static str, value: f64) -> Result<(), Error> {
    if (value as f32).is_finite() && value >= 0.0 {
        return Ok(());
    }
    Err(Error::Setting { setting, value, reason: "must be a finite number, 0 or more" })
}

fn finite(setting: &'static str, value: f64) -> Result<(), Error> {
    if (value as f32).is_finite() {
        return Ok(());
    }
    Err(Error::Setting { setting, value, reason: "must be a finite number" })
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

/// The state that an [`AnyOptimizer`] keeps of one parameter.
#[derive(Record, Clone)]
pub enum AnyState<B: Backend, const D: usize> {
    /// State of [`AnyOptimizer::Sgd`].
    Sgd(SgdState<B, D>),
    /// State of [`AnyOptimizer::Adam`].
    Adam(AdamState<B, D>),
    /// State of [`AnyOptimizer::AdamW`], and of Muon's rule for what is no matrix.
    AdamW(AdamWState<B, D>),
    /// State of [`AnyOptimizer::RmsProp`].
    RmsProp(RmsPropState<B, D>),
    /// State of [`AnyOptimizer::AdaGrad`].
    AdaGrad(AdaGradState<B, D>),
    /// State of [`AnyOptimizer::Adan`].
    Adan(AdanState<B, D>),
    /// State of [`AnyOptimizer::Muon`].
    Muon(MuonState<B, D>),
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
            AnyState::Muon(state) => AnyState::Muon(Muon::to_device(state, device)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensors::from_values;
    use burn_ndarray::NdArray;

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
        let rule = OptimizerConfig::Muon(settings).build::<B>();
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

    #[test]
    fn settings_outside_their_range_are_named() {
        let message = |text: &str| {
            serde_json::from_str::<OptimizerConfig>(text).unwrap().check().unwrap_err().to_string()
        };
        for (text, expected) in [
            (
                r#"{"type":"sgd","learning_rate":-1}"#,
                "learning_rate = -1: must be a finite number, 0 or more",
            ),
            (
                r#"{"type":"adam","betas":[0.9,1.0]}"#,
                "betas = 1: must be at least 0 and, in single precision, less than 1",
            ),
            (
                r#"{"type":"adagrad","epsilon":-1e-8}"#,
                "epsilon = -0.00000001: must be a finite number, 0 or more",
            ),
            (
                r#"{"type":"sgd","nesterov":true}"#,
                "momentum = 0: nesterov needs a momentum above 0 and no dampening",
            ),
        ] {
            assert_eq!(message(text), expected);
        }
    }

    #[test]
    fn defaults_are_pytorch_s() {
        let read = |text: &str| serde_json::from_str::<OptimizerConfig>(text).unwrap();
        let OptimizerConfig::Sgd(sgd) = read(r#"{"type":"sgd"}"#) else { panic!() };
        assert_eq!((sgd.learning_rate, sgd.momentum, sgd.dampening), (1e-3, 0.0, 0.0));
        let OptimizerConfig::Adam(adam) = read(r#"{"type":"adam"}"#) else { panic!() };
        assert_eq!((adam.betas, adam.epsilon, adam.weight_decay), ([0.9, 0.999], 1e-8, 0.0));
        let OptimizerConfig::AdamW(adamw) = read(r#"{"type":"adamw"}"#) else { panic!() };
        assert_eq!((adamw.epsilon, adamw.weight_decay), (1e-8, 1e-2));
        let OptimizerConfig::RmsProp(rms) = read(r#"{"type":"rmsprop"}"#) else { panic!() };
        assert_eq!(
            (rms.learning_rate, rms.alpha, rms.epsilon, rms.momentum),
            (1e-2, 0.99, 1e-8, 0.0)
        );
        let OptimizerConfig::AdaGrad(ada) = read(r#"{"type":"adagrad"}"#) else { panic!() };
        assert_eq!((ada.learning_rate, ada.epsilon, ada.lr_decay), (1e-2, 1e-10, 0.0));
    }
}
