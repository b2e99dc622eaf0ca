//! A run's configuration in closed form: its activation, loss and optimizer without a backend.

use crate::config::TrainingConfig;
use constinit::Activation;
use constinit::train::{Clip, Loss, OptimizerConfig};
use constinit_symmetry::dynamics::{
    AdaGrad, Adam, Function, LossFunction, Perceptron, RmsProp, Rule, Sgd,
};

/// The same function without a backend.
pub fn function(activation: Activation) -> Function {
    match activation {
        Activation::Relu => Function::Relu,
        Activation::Tanh => Function::Tanh,
        Activation::Sigmoid => Function::Sigmoid,
        Activation::Gelu => Function::Gelu,
        Activation::Silu => Function::Silu,
        Activation::Softplus => Function::Softplus,
        Activation::LeakyRelu => Function::LeakyRelu,
        Activation::Identity => Function::Identity,
    }
}

/// The same loss without a backend.
pub fn loss_function(loss: Loss) -> LossFunction {
    match loss {
        Loss::Mse => LossFunction::Mse,
        Loss::Huber => LossFunction::Huber,
        Loss::CrossEntropy => LossFunction::CrossEntropy,
    }
}

/// The limit on gradients that a configuration sets.
pub fn clip(training: &TrainingConfig) -> Option<Clip> {
    training.clip_norm.map(Clip::GlobalNorm).or(training.clip_value.map(Clip::Value))
}

/// An optimizer with its limit on gradients.
#[derive(Clone, Debug)]
pub struct Clipped {
    rule: AnyRule,
    clip: Option<Clip>,
    /// For every number of the network, how many entries of the full one it stands for.
    counts: Vec<f64>,
    limited: Vec<f64>,
}

#[derive(Clone, Debug)]
enum AnyRule {
    Sgd(Sgd<f64>),
    Adam(Box<Adam<f64>>),
    RmsProp(Box<RmsProp<f64>>),
    AdaGrad(AdaGrad<f64>),
}

impl Clipped {
    /// The optimizer of a configuration, for a network or a quotient; None for those that have no closed form.
    pub fn new(training: &TrainingConfig, network: &Perceptron<f64>) -> Option<Self> {
        let rule = AnyRule::new(&training.optimizer)?;
        let clip = clip(training);
        let counts = clip.map_or_else(Vec::new, |_| counts(network));
        Some(Self { rule, clip, counts, limited: Vec::new() })
    }
}

/// How many entries of the full network each number stands for.
fn counts(network: &Perceptron<f64>) -> Vec<f64> {
    let mut counts = vec![1.0; network.numbers().len()];
    for layer in 0..network.layers() {
        let inputs = network.widths()[layer];
        let reads = |input: usize| match layer {
            0 => 1,
            layer => network.class_sizes(layer)[input],
        };
        let makes = network.class_sizes(layer + 1);
        for (at, count) in counts[network.weight_range(layer)].iter_mut().enumerate() {
            *count = (makes[at / inputs] * reads(at % inputs)) as f64;
        }
        if let Some(range) = network.bias_range(layer) {
            counts[range].iter_mut().zip(makes).for_each(|(count, &size)| *count = size as f64);
        }
    }
    counts
}

impl Rule<f64> for Clipped {
    fn step(&mut self, parameters: &mut [f64], gradients: &[f64]) {
        let Some(clip) = self.clip else { return self.rule.step(parameters, gradients) };
        self.limited.clear();
        match clip {
            Clip::Value(limit) => {
                self.limited.extend(gradients.iter().map(|g| g.clamp(-limit, limit)));
            }
            Clip::GlobalNorm(limit) => {
                let squares = gradients.iter().zip(&self.counts).map(|(g, count)| count * g * g);
                let factor = (limit / (squares.sum::<f64>().sqrt() + 1e-6)).min(1.0);
                self.limited.extend(gradients.iter().map(|g| g * factor));
            }
        }
        self.rule.step(parameters, &self.limited);
    }
}

impl AnyRule {
    fn new(optimizer: &OptimizerConfig) -> Option<Self> {
        Some(match optimizer {
            OptimizerConfig::Sgd(s) => {
                let rule = Sgd::new(s.learning_rate);
                let mut rule = rule.with_momentum(s.momentum).with_decay(s.weight_decay);
                (rule.dampening, rule.nesterov) = (s.dampening, s.nesterov);
                Self::Sgd(rule)
            }
            OptimizerConfig::Adam(s) => {
                let mut rule = Adam::new(s.learning_rate);
                (rule.betas, rule.epsilon, rule.amsgrad) = (s.betas, s.epsilon, s.amsgrad);
                rule.coupled = s.weight_decay;
                Self::Adam(Box::new(rule))
            }
            OptimizerConfig::AdamW(s) => {
                let mut rule = Adam::new(s.learning_rate);
                (rule.betas, rule.epsilon, rule.amsgrad) = (s.betas, s.epsilon, s.amsgrad);
                rule.decoupled = s.weight_decay;
                Self::Adam(Box::new(rule))
            }
            OptimizerConfig::RmsProp(s) => {
                let mut rule = RmsProp::new(s.learning_rate);
                (rule.alpha, rule.epsilon, rule.momentum) = (s.alpha, s.epsilon, s.momentum);
                (rule.centered, rule.decay) = (s.centered, s.weight_decay);
                Self::RmsProp(Box::new(rule))
            }
            OptimizerConfig::AdaGrad(s) => {
                let mut rule = AdaGrad::new(s.learning_rate);
                (rule.rate_decay, rule.epsilon, rule.decay) =
                    (s.lr_decay, s.epsilon, s.weight_decay);
                Self::AdaGrad(rule)
            }
            OptimizerConfig::Adan(_) | OptimizerConfig::Muon(_) => return None,
        })
    }

    fn step(&mut self, parameters: &mut [f64], gradients: &[f64]) {
        match self {
            Self::Sgd(rule) => rule.step(parameters, gradients),
            Self::Adam(rule) => rule.step(parameters, gradients),
            Self::RmsProp(rule) => rule.step(parameters, gradients),
            Self::AdaGrad(rule) => rule.step(parameters, gradients),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use constinit_symmetry::dynamics::Layer;

    /// Two inputs, a class of three units, two outputs.
    fn quotient() -> Perceptron<f64> {
        let layers = vec![
            Layer { weight: vec![1.0, 2.0], bias: Some(vec![3.0]) },
            Layer { weight: vec![4.0, 5.0], bias: None },
        ];
        Perceptron::new(&[2, 1, 2], layers)
            .unwrap()
            .with_class_sizes(&[vec![3], vec![1, 1]])
            .unwrap()
    }

    fn stepped(training: &str, gradients: &[f64]) -> Vec<f64> {
        let training: TrainingConfig = toml::from_str(training).unwrap();
        let network = quotient();
        let mut numbers = network.numbers().to_vec();
        Clipped::new(&training, &network).unwrap().step(&mut numbers, gradients);
        numbers.iter().zip(network.numbers()).map(|(new, old)| old - new).collect()
    }

    #[test]
    fn a_norm_counts_what_a_number_stands_for() {
        let sgd = "optimizer = { type = \"sgd\", learning_rate = 1.0 }\n";
        let gradients = [1.0, 0.0, 2.0, -1.0, 3.0];
        assert_eq!(stepped(sgd, &gradients), gradients);
        // 3 (1 + 0 + 4 + 1 + 9) = 45 over all entries of the full network.
        let limited = stepped(&format!("{sgd}clip_norm = 1.5\n"), &gradients);
        let factor = 1.5 / (45.0_f64.sqrt() + 1e-6);
        for (found, gradient) in limited.iter().zip(gradients) {
            assert!((found - gradient * factor).abs() < 1e-12);
        }
        assert_eq!(stepped(&format!("{sgd}clip_norm = 100\n"), &gradients), gradients);
        let limited = stepped(&format!("{sgd}clip_value = 1.5\n"), &gradients);
        assert_eq!(limited, [1.0, 0.0, 1.5, -1.0, 1.5]);
    }
}
