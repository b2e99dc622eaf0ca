//! Whether the kernels of each backend keep equal units bitwise equal, width by width.
//!
//! Exact arithmetic keeps them equal. Kernels sum in blocks, and may sum the units at the edge of a block in another
//! order. Then equal units get different bits, and the optimizer decides how the difference grows.

use super::trial::{Network, Trial, Trials, numbers};
use super::{Check, Rows, Scope, engine, short, worse};
use crate::backend::dispatch;
use constinit::Activation;
use constinit::train::{AdamSettings, Loss, OptimizerConfig};
use constinit_cli::backend_name::BackendName;
use constinit_cli::failure::Failure;
use constinit_symmetry::theorem::hidden_units;
use serde::Serialize;

const INPUTS: usize = 3;
const OUTPUTS: usize = 2;

/// What was measured, width by width.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Floats {
    pub cells: Vec<Cell>,
}

/// One width on one backend under one optimizer.
#[derive(Clone, Debug, Serialize)]
pub struct Cell {
    pub backend: &'static str,
    pub optimizer: &'static str,
    pub examples: usize,
    pub width: usize,
    pub steps: usize,
    /// The first step after which two hidden units differ in a bit.
    pub first_difference: Option<usize>,
    /// The largest difference after the last step.
    pub spread: f64,
}

pub fn checks(scope: &Scope, rows: &mut Rows<'_>) -> Result<Floats, Failure> {
    let mut cells = Vec::new();
    for &backend in &scope.backends {
        let on_gpu = backend == BackendName::Wgpu;
        // A step costs milliseconds there, whatever the width.
        let widths: Vec<usize> =
            if on_gpu { vec![2, 3, 7, 16, 33, 130] } else { (2..=130).collect() };
        let (batches, steps): (&[usize], usize) =
            if on_gpu { (&[37], 6) } else { (&[1, 4, 37], 30) };
        for (name, optimizer) in optimizers() {
            for &examples in batches {
                rows.work(&format!("{} {name}, {examples} examples", backend.as_str()));
                let measured = row(scope, backend, name, &optimizer, examples, &widths, steps)?;
                rows.push(summary(&measured));
                cells.extend(measured);
            }
        }
    }
    Ok(Floats { cells })
}

fn optimizers() -> [(&'static str, OptimizerConfig); 2] {
    let adam = AdamSettings { learning_rate: 0.01, ..AdamSettings::default() };
    [("sgd", OptimizerConfig::sgd(0.5)), ("adam", OptimizerConfig::Adam(adam))]
}

fn row(
    scope: &Scope,
    backend: BackendName,
    name: &'static str,
    optimizer: &OptimizerConfig,
    examples: usize,
    widths: &[usize],
    steps: usize,
) -> Result<Vec<Cell>, Failure> {
    let constants = numbers(scope.seed, "floats/constants", INPUTS + 3);
    let trial = |width: &usize| Trial {
        start: Network::from_fn(&[INPUTS, *width, OUTPUTS], |layer, _, input| {
            match (layer, input) {
                (0, Some(j)) => constants[j],
                (0, None) => constants[INPUTS],
                // Scaled so that the outputs of wide layers stay small.
                (_, Some(_)) => constants[INPUTS + 1] / *width as f64,
                (_, None) => constants[INPUTS + 2],
            }
        }),
        activation: Activation::Tanh,
        loss: Loss::Mse,
        optimizer: match optimizer {
            // A step of gradient descent changes the output through all units together.
            OptimizerConfig::Sgd(sgd) => OptimizerConfig::sgd(sgd.learning_rate / *width as f64),
            other => other.clone(),
        },
        inputs: numbers(scope.seed, "floats/x", examples * INPUTS),
        targets: numbers(scope.seed, "floats/t", examples * OUTPUTS),
        steps,
        dropout: 0.0,
    };
    let trials: Vec<Trial> = widths.iter().map(trial).collect();
    let traces = dispatch(backend, Trials(&trials))??;
    let cells = widths.iter().zip(&traces).map(|(&width, trace)| {
        let mut first_difference = None;
        let mut spread = 0.0;
        for (step, state) in trace.states.iter().enumerate() {
            spread = apart(state)?;
            if spread != 0.0 && first_difference.is_none() {
                first_difference = Some(step);
            }
        }
        let spread = if trace.states.len() == steps + 1 { spread } else { f64::NAN };
        let (backend, optimizer) = (backend.as_str(), name);
        Ok(Cell { backend, optimizer, examples, width, steps, first_difference, spread })
    });
    cells.collect()
}

/// The largest difference between hidden units; 0 if and only if they are bitwise equal.
fn apart(state: &Network) -> Result<f64, Failure> {
    let hidden = state.dense().and_then(|layers| hidden_units(&layers)).map_err(engine)?;
    // -0 and 0 have different bits and the same value.
    let tiny = |difference: f64| difference.max(f64::MIN_POSITIVE);
    Ok(hidden
        .iter()
        .filter_map(|units| units.difference)
        .map(|a| tiny(a.difference))
        .fold(0.0, worse))
}

fn summary(cells: &[Cell]) -> Check {
    let first = &cells[0];
    let kept = cells.iter().filter(|cell| cell.first_difference.is_none()).count();
    let earliest =
        cells.iter().filter_map(|cell| cell.first_difference.map(|step| (step, cell.width))).min();
    let worst = cells.iter().map(|cell| cell.spread).fold(0.0, worse);
    let statement = format!(
        "{} {}, {} examples: widths bitwise kept for {} steps",
        first.backend, first.optimizer, first.examples, first.steps
    );
    let measured = match earliest {
        None => format!("{kept} of {}", cells.len()),
        Some((step, width)) => format!(
            "{kept} of {}; units of width {width} diverge in step {step}, by {} at most",
            cells.len(),
            short(worst)
        ),
    };
    // Nothing is promised about bits, but the run must finish.
    Check {
        worst: Some(worst),
        ..Check::information(statement, cells.len(), measured, worst.is_finite())
    }
}
