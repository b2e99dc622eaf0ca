//! What a sweep computes of a network after training: its outcome, its dead units, and whether rounding will make its
//! twins diverge.

use super::outcome::Escape;
use crate::config::RunConfig;
use crate::failure::Failure;
use constinit::transverse::{LanczosSettings, extreme_curvatures, lowest_eigenvalue};
use constinit_core::{TrainingOutcome, dead_units};
use constinit_records::OutcomeRecord;
use constinit_symmetry::dynamics::{Perceptron, before_activations, outputs};
use constinit_symmetry::forecast::{ESCAPED, Forecast, Update};
use constinit_symmetry::{Transverse, Way, transverse};

/// The largest number of entries of a curvature matrix: the square of the number of a unit's entries.
const LARGEST: usize = 1 << 22;

/// Every backend of the program computes in single precision: one rounding error.
const ROUNDING: f64 = f32::EPSILON as f64;

/// The outcome of the network on these examples; None if the loss is not finite.
pub fn outcome(
    network: &Perceptron<f64>,
    config: &RunConfig,
    [inputs, targets]: &[Vec<f64>; 2],
) -> Result<Option<OutcomeRecord>, Failure> {
    let (activation, loss) = (config.model.activation, config.training.loss);
    let outputs = outputs(network, &activation, inputs).map_err(Failure::usage)?;
    let columns = config.model.layer_dims.last().copied().unwrap_or(1);
    Ok(TrainingOutcome::of(loss, &outputs, targets, columns)?.record())
}

/// How many units of each hidden layer have slope 0 on every example. A unit that stands for several counts as these.
pub fn dead(
    network: &Perceptron<f64>,
    config: &RunConfig,
    inputs: &[f64],
) -> Result<Vec<usize>, Failure> {
    let activation = config.model.activation;
    let layers = before_activations(network, &activation, inputs).map_err(Failure::usage)?;
    let of_layer = |(layer, z): (usize, Vec<f64>)| {
        let sizes = network.class_sizes(layer + 1);
        let dead = dead_units(activation, &z, sizes.len());
        dead.iter().zip(sizes).filter(|(dead, _)| **dead).map(|(_, size)| size).sum()
    };
    Ok(layers.into_iter().enumerate().map(of_layer).collect())
}

/// The escape of the twins that units stand for, by the difference that grows fastest. None if there are no twins, if
/// the optimizer has no such rate, or if a unit has too many entries. Its `steps` are None if the state moves too much
/// for a number.
pub fn escape(
    network: &Perceptron<f64>,
    config: &RunConfig,
    data: &[Vec<f64>; 2],
) -> Option<Escape> {
    let update @ Update::Linear(_) = config.training.optimizer.update() else { return None };
    let mut fastest: Option<(Escape, Forecast, [usize; 2], Transverse)> = None;
    for layer in 1..network.layers() {
        let entries = network.widths()[layer - 1] + 1 + network.widths()[layer + 1];
        if entries.checked_mul(entries).is_none_or(|entries| entries > LARGEST) {
            return None;
        }
        let sizes = network.class_sizes(layer);
        for unit in (0..sizes.len()).filter(|unit| sizes[*unit] > 1) {
            let (activation, loss) = (config.model.activation, config.training.loss);
            let [inputs, targets] = data;
            let matrix =
                transverse(network, &activation, &loss, layer, unit, inputs, targets).ok()?;
            for curvature in extreme_curvatures(&matrix).ok()? {
                let forecast = Forecast::new(curvature, &update).ok()?.escaping(ROUNDING, ESCAPED);
                let found = Escape { factor: forecast.factor()?, steps: forecast.escape_in() };
                if fastest.as_ref().is_none_or(|(fastest, ..)| found.factor > fastest.factor) {
                    fastest = Some((found, forecast, [layer, unit], matrix.clone()));
                }
            }
        }
    }
    let (found, forecast, place, matrix) = fastest?;
    if found.steps.is_none() {
        return Some(found);
    }
    let steps = followed(network, config, data, forecast, place, &matrix)?.escape_in();
    Some(Escape { steps, ..found })
}

/// The forecast, corrected for the motion of the state. Without the correction if the fastest difference is not the one
/// along the lowest curvature.
fn followed(
    network: &Perceptron<f64>,
    config: &RunConfig,
    [inputs, targets]: &[Vec<f64>; 2],
    forecast: Forecast,
    place: [usize; 2],
    matrix: &Transverse,
) -> Option<Forecast> {
    let (Some(ahead), Update::Linear(descent), true) =
        (forecast.ahead(), forecast.update(), forecast.curvature() < 0.0)
    else {
        return Some(forecast);
    };
    let settings = LanczosSettings::default();
    let lowest = lowest_eigenvalue(matrix.dimension(), &settings, |v| Ok(matrix.apply(v))).ok()?;
    let (direction, weight_decay) = (&lowest.vector, descent.weight_decay);
    let way = Way { place, direction, ahead, weight_decay, step: config.training.steps };
    let (activation, loss) = (config.model.activation, config.training.loss);
    let motion = way.motion(network, &activation, &loss, inputs, targets).ok()?;
    Some(forecast.moving(motion))
}
