//! How the network of the text starts.

#![deny(clippy::wildcard_enum_match_arm)]

use crate::LayerInit;
use crate::init::Init;
use crate::linear_name;
use serde::{Deserialize, Serialize};

/// The start of all parameters of a perceptron, from two numbers `init_w` and `init_b` or from a seed.
///
/// | start | weight of layer 1 | later weights | biases |
/// |---|---|---|---|
/// | `ramp` | `init_w + j` for input `j`, from 0 | `init_w` | `init_b` |
/// | `constant` | `init_w` | `init_w` | `init_b` |
/// | `zeros` | 0 | 0 | 0 |
/// | `random` | uniform, `±1/sqrt(inputs)` | uniform, `±1/sqrt(inputs)` | uniform, `±1/sqrt(inputs)` |
///
/// With the first three, the units of each hidden layer are equal.
///
/// ```
/// use constinit_core::PerceptronStart;
/// use constinit_core::init::Init;
///
/// let dims = [4, 2, 3];
/// let ramp = PerceptronStart::Ramp.layers(&dims, 0.1, 0.5);
/// assert_eq!(ramp[0].weight, Init::InputRamp { start: 0.1, step: 1.0 });
/// assert_eq!((&ramp[1].weight, &ramp[1].bias), (&Init::constant(0.1), &Init::constant(0.5)));
/// let random = PerceptronStart::Random.layers(&dims, 0.1, 0.5);
/// assert_eq!((&random[0].weight, &random[0].bias), (&Init::uniform(-0.5, 0.5), &Init::uniform(-0.5, 0.5)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PerceptronStart {
    /// The module of the text: every unit of layer 1 has the weight `init_w + j` from input `j`.
    #[default]
    Ramp,
    /// The first case of the text: one number for all weights, one for all biases.
    Constant,
    /// Everything is 0.
    Zeros,
    /// PyTorch's default of a linear layer, `kaiming_uniform_` with `a = sqrt(5)`: weight and bias are uniform from
    /// `-1/sqrt(n)` to `1/sqrt(n)` for `n` inputs of the layer.
    Random,
}

impl PerceptronStart {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ramp, Self::Constant, Self::Zeros, Self::Random];

    /// The name that configurations use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ramp => "ramp",
            Self::Constant => "constant",
            Self::Zeros => "zeros",
            Self::Random => "random",
        }
    }

    /// Whether a seed decides the numbers.
    pub fn is_random(self) -> bool {
        match self {
            Self::Ramp | Self::Constant | Self::Zeros => false,
            Self::Random => true,
        }
    }

    /// The initialisers of a perceptron of these sizes, one pair per layer.
    pub fn layers(self, layer_dims: &[usize], init_w: f64, init_b: f64) -> Vec<LayerInit> {
        let layers = layer_dims.len().saturating_sub(1);
        match self {
            Self::Ramp => LayerInit::constants(layers, init_w, init_b),
            Self::Constant => LayerInit::everywhere(layers, init_w, init_b),
            Self::Zeros => LayerInit::everywhere(layers, 0.0, 0.0),
            Self::Random => {
                let layer = |inputs: &usize| {
                    let bound = 1.0 / (*inputs as f64).sqrt();
                    let uniform = Init::uniform(-bound, bound);
                    LayerInit { weight: uniform.clone(), bias: uniform }
                };
                layer_dims.iter().take(layers).map(layer).collect()
            }
        }
    }

    /// The start in words, for a network with or without biases.
    ///
    /// ```
    /// use constinit_core::PerceptronStart;
    ///
    /// assert_eq!(
    ///     PerceptronStart::Ramp.meaning(0.1, 0.5, true),
    ///     "linear1.weight 0.1 + j for input j, later weights 0.1, biases 0.5"
    /// );
    /// assert_eq!(PerceptronStart::Zeros.meaning(0.1, 0.5, false), "every weight 0");
    /// ```
    pub fn meaning(self, init_w: f64, init_b: f64, bias: bool) -> String {
        // As a user types it: 1 instead of 1.0.
        let number = |value: f64| format!("{value:?}").trim_end_matches(".0").to_owned();
        let (w, b) = (number(init_w), number(init_b));
        let with_bias = |text: String, bias_text: String| match bias {
            true => format!("{text}, {bias_text}"),
            false => text,
        };
        match self {
            Self::Ramp => {
                let first = linear_name(0, "weight");
                let weights = format!("{first} {w} + j for input j, later weights {w}");
                with_bias(weights, format!("biases {b}"))
            }
            Self::Constant => with_bias(format!("every weight {w}"), format!("every bias {b}")),
            Self::Zeros => with_bias("every weight 0".to_owned(), "every bias 0".to_owned()),
            Self::Random => "uniform within 1/sqrt(fan-in), PyTorch's default".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::{Distribution, Fan, Nonlinearity, ParameterAxes, RngKey};

    #[test]
    fn names_are_those_that_are_written() {
        for start in PerceptronStart::ALL {
            assert_eq!(serde_json::to_value(start).unwrap(), start.name());
        }
        assert!(serde_json::from_str::<PerceptronStart>("\"Ramp\"").is_err());
    }

    /// The numbers of a parameter of a layer, weights as `[input, output]`.
    fn drawn(init: &Init, shape: &[usize], seed: u64, path: &str) -> Vec<f64> {
        let axes = match shape.len() {
            1 => ParameterAxes::VECTOR,
            _ => ParameterAxes::LINEAR_WEIGHT,
        };
        init.values(shape, axes, &RngKey::new(seed, path)).unwrap()
    }

    /// PyTorch computes the bound of `reset_parameters` in another way: the gain of a leaky ReLU of slope `sqrt(5)`
    /// over the root of the fan-in, times `sqrt(3)`.
    #[test]
    fn the_random_start_is_kaiming_s_with_the_slope_sqrt_5() {
        for inputs in [1, 3, 64] {
            let start = PerceptronStart::Random.layers(&[inputs, 50, 2], 1.0, 0.5);
            let nonlinearity = Nonlinearity::LeakyRelu { slope: 5.0_f64.sqrt() };
            let (fan, distribution) = (Fan::FanIn, Distribution::Uniform);
            let kaiming = Init::Kaiming { nonlinearity, fan, distribution };
            let shape = [inputs, 50];
            let (ours, theirs) =
                (drawn(&start[0].weight, &shape, 3, "w"), drawn(&kaiming, &shape, 3, "w"));
            for (a, b) in ours.iter().zip(&theirs) {
                assert!((a - b).abs() <= 1e-15 * inputs as f64, "{a} {b}");
            }
        }
    }

    #[test]
    fn the_random_start_has_the_bounds_and_moments_of_its_distribution() {
        let start = PerceptronStart::Random.layers(&[16, 2000, 25, 7], 1.0, 0.5);
        for (layer, (inputs, outputs)) in [(16, 2000), (2000, 25), (25, 7)].into_iter().enumerate()
        {
            let bound = 1.0 / f64::from(inputs as u32).sqrt();
            let LayerInit { weight, bias } = &start[layer];
            for entries in
                [drawn(weight, &[inputs, outputs], 1, "w"), drawn(bias, &[outputs], 1, "b")]
            {
                assert!(entries.iter().all(|x| x.abs() <= bound), "layer {layer}");
                let n = entries.len() as f64;
                let mean = entries.iter().sum::<f64>() / n;
                let variance = entries.iter().map(|x| x * x).sum::<f64>() / n;
                // Five standard errors: of the mean b/sqrt(3n), of the mean square b^2 sqrt(4/45 n).
                assert!(mean.abs() < 5.0 * bound / (3.0 * n).sqrt(), "layer {layer}: {mean}");
                let expected = bound * bound / 3.0;
                let error = bound * bound * (4.0 / 45.0 / n).sqrt();
                assert!((variance - expected).abs() < 5.0 * error, "layer {layer}: {variance}");
            }
        }
        let weight = &start[0].weight;
        let numbers = |seed, path| drawn(weight, &[16, 20], seed, path);
        assert_eq!(numbers(7, "linear1.weight"), numbers(7, "linear1.weight"));
        assert_ne!(numbers(7, "linear1.weight"), numbers(8, "linear1.weight"));
        assert_ne!(numbers(7, "linear1.weight"), numbers(7, "linear2.weight"));
    }

    #[test]
    fn numbers_are_said_as_they_are_typed() {
        let said = |start: PerceptronStart, w, b| start.meaning(w, b, true);
        assert_eq!(said(PerceptronStart::Constant, 1.0, 0.0), "every weight 1, every bias 0");
        assert_eq!(
            said(PerceptronStart::Constant, -1e-9, 2.5),
            "every weight -1e-9, every bias 2.5"
        );
        assert_eq!(said(PerceptronStart::Zeros, 3.0, 3.0), "every weight 0, every bias 0");
    }
}
