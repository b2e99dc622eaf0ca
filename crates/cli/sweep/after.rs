//! What is asked of a network after training: dead units, and what will become of its twins.

use super::outcome::Escape;
use crate::config::RunConfig;
use crate::data::Examples;
use crate::failure::Failure;
use constinit::transverse::extreme_curvatures;
use constinit_symmetry::dynamics::{ActivationFunction, Perceptron, before_activations};
use constinit_symmetry::forecast::{ESCAPED, Forecast, Update};
use constinit_symmetry::transverse;

/// Entries of a curvature that is still looked at: the square of what a unit has.
const LARGEST: usize = 1 << 22;

/// Every backend of the program computes in single precision: one rounding error.
const ROUNDING: f64 = f32::EPSILON as f64;

/// A number of an example as a step sees it, in the precision of the backends.
pub fn seen(value: f64, shift: f64) -> f64 {
    f64::from(value as f32 + shift as f32)
}

/// All examples as a step sees them.
pub fn shifted(examples: &Examples, shift: f64) -> [Vec<f64>; 2] {
    let matrices = [&examples.inputs, &examples.targets];
    matrices.map(|matrix| matrix.values.iter().map(|value| seen(*value, shift)).collect())
}

/// All examples as the last of so many steps saw them.
pub fn last_seen(config: &RunConfig, examples: &Examples, steps: usize) -> [Vec<f64>; 2] {
    shifted(examples, config.data.shift_per_step * steps.saturating_sub(1) as f64)
}

/// How many units of each hidden layer have slope 0 on every example. Units that stand for several count as these.
pub fn dead(
    network: &Perceptron<f64>,
    config: &RunConfig,
    inputs: &[f64],
) -> Result<Vec<usize>, Failure> {
    let activation = config.model.activation;
    let layers = before_activations(network, &activation, inputs).map_err(Failure::usage)?;
    let of_layer = |(layer, z): (usize, Vec<f64>)| {
        let sizes = network.class_sizes(layer + 1);
        let flat = |unit: usize| {
            z.iter().skip(unit).step_by(sizes.len()).all(|z| activation.slope(z) == 0.0)
        };
        (0..sizes.len()).filter(|unit| flat(*unit)).map(|unit| sizes[unit]).sum()
    };
    Ok(layers.into_iter().enumerate().map(of_layer).collect())
}

/// What will become of the twins that units stand for, by the difference that grows fastest; None where there are none,
/// where the optimizer has no such rate, and where a unit has too many entries to look at.
pub fn escape(
    network: &Perceptron<f64>,
    config: &RunConfig,
    [inputs, targets]: &[Vec<f64>; 2],
) -> Option<Escape> {
    let update @ Update::Linear(_) = config.training.optimizer.update() else { return None };
    let (activation, loss) = (config.model.activation, config.training.loss);
    let mut fastest: Option<Escape> = None;
    for layer in 1..network.layers() {
        let entries = network.widths()[layer - 1] + 1 + network.widths()[layer + 1];
        if entries.checked_mul(entries).is_none_or(|entries| entries > LARGEST) {
            return None;
        }
        let sizes = network.class_sizes(layer);
        for unit in (0..sizes.len()).filter(|unit| sizes[*unit] > 1) {
            let curvature =
                transverse(network, &activation, &loss, layer, unit, inputs, targets).ok()?;
            for curvature in extreme_curvatures(&curvature).ok()? {
                let forecast = Forecast::new(curvature, &update).ok()?.escaping(ROUNDING, ESCAPED);
                let found = Escape { factor: forecast.factor()?, steps: forecast.escape_in() };
                if fastest.is_none_or(|fastest| found.factor > fastest.factor) {
                    fastest = Some(found);
                }
            }
        }
    }
    fastest
}
