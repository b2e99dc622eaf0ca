//! Optimizers by configuration, with PyTorch's defaults: their settings, their names, what they mean for classes of
//! units, and their rules in closed form.
#![deny(clippy::wildcard_enum_match_arm)]

use crate::Error;
use constinit_symmetry::dynamics::{AdaGrad, Adam, Lion, RmsProp, Sgd, UpdateRule};
use constinit_symmetry::forecast::{Descent, Update};
use constinit_symmetry::{Decay, Optimizer, TrainingFacts};
use serde::{Deserialize, Serialize};

/// An optimizer and its settings. A setting that is left out has PyTorch's default, which often differs from Burn's.
/// PyTorch does not have Adan; its defaults are those of its authors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum OptimizerConfig {
    /// Stochastic gradient descent.
    Sgd(SgdSettings),
    /// Adam; weight decay is coupled: added to the gradient.
    Adam(AdamSettings),
    /// Adam with decoupled weight decay.
    AdamW(AdamWSettings),
    /// Gradients divided by the root of the moving mean of their squares.
    RmsProp(RmsPropSettings),
    /// Gradients divided by the root of the sum of their squares.
    AdaGrad(AdaGradSettings),
    /// Adaptive Nesterov momentum.
    Adan(AdanSettings),
    /// Signs of a mean of gradients.
    Lion(LionSettings),
    /// Orthogonalised momentum for weights, AdamW for all other parameters.
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
        /// The share of the gradient that is not added to the velocity.
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
    /// Settings of [`OptimizerConfig::Lion`]; defaults of arXiv 2302.06675, table 12.
    LionSettings {
        /// Step size. Every entry moves by this much or not at all.
        learning_rate: f64 = 1e-4,
        /// Share of the momentum in the step, and share of it that is kept.
        betas: [f64; 2] = [0.9, 0.99],
        /// Decoupled decay: the parameter shrinks by learning rate times this.
        weight_decay: f64 = 0.0,
    }
}
settings! {
    /// Settings of [`OptimizerConfig::Muon`]. Parameters that are not matrices are trained by
    /// AdamW with the same learning rate and that optimizer's other defaults.
    MuonSettings {
        /// Step size; for a weight, multiplied by the root of max(1, outputs / inputs).
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

impl OptimizerConfig {
    /// Plain gradient descent.
    pub fn sgd(learning_rate: f64) -> Self {
        Self::Sgd(SgdSettings { learning_rate, ..SgdSettings::default() })
    }

    /// The step size.
    pub fn learning_rate(&self) -> f64 {
        *self.clone().common()[0]
    }

    /// One of each kind with default settings, gradient descent without and with momentum.
    pub fn all() -> Vec<Self> {
        vec![
            Self::Sgd(SgdSettings::default()),
            Self::Sgd(SgdSettings { momentum: 0.9, ..SgdSettings::default() }),
            Self::Adam(AdamSettings::default()),
            Self::AdamW(AdamWSettings::default()),
            Self::RmsProp(RmsPropSettings::default()),
            Self::AdaGrad(AdaGradSettings::default()),
            Self::Adan(AdanSettings::default()),
            Self::Lion(LionSettings::default()),
            Self::Muon(MuonSettings::default()),
        ]
    }

    /// The numbers that every kind has: step size and decay.
    fn common(&mut self) -> [&mut f64; 2] {
        match self {
            Self::Sgd(s) => [&mut s.learning_rate, &mut s.weight_decay],
            Self::Adam(s) => [&mut s.learning_rate, &mut s.weight_decay],
            Self::AdamW(s) => [&mut s.learning_rate, &mut s.weight_decay],
            Self::RmsProp(s) => [&mut s.learning_rate, &mut s.weight_decay],
            Self::AdaGrad(s) => [&mut s.learning_rate, &mut s.weight_decay],
            Self::Adan(s) => [&mut s.learning_rate, &mut s.weight_decay],
            Self::Lion(s) => [&mut s.learning_rate, &mut s.weight_decay],
            Self::Muon(s) => [&mut s.learning_rate, &mut s.weight_decay],
        }
    }

    /// With another step size.
    #[must_use]
    pub fn with_learning_rate(mut self, learning_rate: f64) -> Self {
        *self.common()[0] = learning_rate;
        self
    }

    /// With another weight decay, of the kind that the optimizer has.
    #[must_use]
    pub fn with_weight_decay(mut self, weight_decay: f64) -> Self {
        *self.common()[1] = weight_decay;
        self
    }

    /// The name that people use.
    pub fn name(&self) -> &'static str {
        self.facts().optimizer().name()
    }

    /// Checks that training can use the settings.
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
            Self::Lion(s) => adaptive(&s.betas, 0.0, s.weight_decay),
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
            Self::Sgd(s) if s.momentum == 0.0 => (Optimizer::Sgd, coupled(s.weight_decay)),
            Self::Sgd(s) => (Optimizer::SgdMomentum, coupled(s.weight_decay)),
            Self::Adam(s) => (Optimizer::Adam, coupled(s.weight_decay)),
            Self::AdamW(s) => (Optimizer::AdamW, decoupled(s.weight_decay)),
            Self::RmsProp(s) => (Optimizer::RmsProp, coupled(s.weight_decay)),
            Self::AdaGrad(s) => (Optimizer::AdaGrad, coupled(s.weight_decay)),
            Self::Adan(s) => (Optimizer::Adan, decoupled(s.weight_decay)),
            Self::Lion(s) => (Optimizer::Lion, decoupled(s.weight_decay)),
            // AdamW with its default decay trains the parameters that are not matrices.
            Self::Muon(_) => (Optimizer::Muon, Decay::Decoupled),
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
            Self::Adam(_)
            | Self::AdamW(_)
            | Self::RmsProp(_)
            | Self::AdaGrad(_)
            | Self::Adan(_)
            | Self::Lion(_)
            | Self::Muon(_) => Update::Adaptive(self.facts().optimizer()),
        }
    }

    /// The rule in closed form, for doubles; None if there is none: Adan has none here, and Muon acts on whole
    /// matrices.
    pub fn update_rule(&self) -> Option<Box<dyn UpdateRule<f64> + Send>> {
        Some(match self {
            Self::Sgd(s) => {
                let rule = Sgd::new(s.learning_rate);
                let mut rule = rule.with_momentum(s.momentum).with_decay(s.weight_decay);
                (rule.dampening, rule.nesterov) = (s.dampening, s.nesterov);
                Box::new(rule)
            }
            Self::Adam(s) => {
                let mut rule = Adam::new(s.learning_rate);
                (rule.betas, rule.epsilon, rule.amsgrad) = (s.betas, s.epsilon, s.amsgrad);
                rule.coupled = s.weight_decay;
                Box::new(rule)
            }
            Self::AdamW(s) => {
                let mut rule = Adam::new(s.learning_rate);
                (rule.betas, rule.epsilon, rule.amsgrad) = (s.betas, s.epsilon, s.amsgrad);
                rule.decoupled = s.weight_decay;
                Box::new(rule)
            }
            Self::RmsProp(s) => {
                let mut rule = RmsProp::new(s.learning_rate);
                (rule.alpha, rule.epsilon, rule.momentum) = (s.alpha, s.epsilon, s.momentum);
                (rule.centered, rule.decay) = (s.centered, s.weight_decay);
                Box::new(rule)
            }
            Self::AdaGrad(s) => {
                let mut rule = AdaGrad::new(s.learning_rate);
                (rule.rate_decay, rule.epsilon, rule.decay) =
                    (s.lr_decay, s.epsilon, s.weight_decay);
                Box::new(rule)
            }
            Self::Lion(s) => {
                let mut rule = Lion::new(s.learning_rate);
                (rule.betas, rule.decoupled) = (s.betas, s.weight_decay);
                Box::new(rule)
            }
            Self::Adan(_) | Self::Muon(_) => return None,
        })
    }

    /// How many tensors of a parameter's size the optimizer keeps between steps.
    pub fn state_tensors(&self) -> usize {
        match self {
            Self::Sgd(s) => usize::from(s.momentum != 0.0),
            Self::Adam(AdamSettings { amsgrad, .. })
            | Self::AdamW(AdamWSettings { amsgrad, .. }) => 2 + usize::from(*amsgrad),
            Self::RmsProp(s) => 1 + usize::from(s.centered) + usize::from(s.momentum != 0.0),
            Self::AdaGrad(_) | Self::Lion(_) | Self::Muon(_) => 1,
            Self::Adan(_) => 4,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

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
