//! A run's optimizer in closed form, with its limit on gradients.

use super::TrainingConfig;
use crate::Clip;
use constinit_symmetry::dynamics::{Perceptron, UpdateRule};

/// The limit on gradients that a configuration sets.
pub fn clip(training: &TrainingConfig) -> Option<Clip> {
    training.clip_norm.map(Clip::GlobalNorm).or(training.clip_value.map(Clip::Value))
}

/// An optimizer with its limit on gradients.
pub struct Clipped {
    rule: Box<dyn UpdateRule<f64> + Send>,
    clip: Option<Clip>,
    /// For each number of the network, how many entries of the full network it represents.
    counts: Vec<f64>,
    limited: Vec<f64>,
}

impl Clipped {
    /// The optimizer of a configuration, for a network or a quotient; None for those that have no closed form.
    pub fn new(training: &TrainingConfig, network: &Perceptron<f64>) -> Option<Self> {
        let rule = training.optimizer.update_rule()?;
        let clip = clip(training);
        let counts = clip.map_or_else(Vec::new, |_| counts(network));
        Some(Self { rule, clip, counts, limited: Vec::new() })
    }
}

/// How many entries of the full network each number represents.
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

impl UpdateRule<f64> for Clipped {
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

#[cfg(test)]
mod tests {
    use super::*;
    use constinit_symmetry::dynamics::DenseLayer;

    /// Two inputs, a class of three units, two outputs.
    fn quotient() -> Perceptron<f64> {
        let layers = vec![
            DenseLayer { weight: vec![1.0, 2.0], bias: Some(vec![3.0]) },
            DenseLayer { weight: vec![4.0, 5.0], bias: None },
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
