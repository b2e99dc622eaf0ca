//! Every optimizer on twins and on units that are equitable without being twins: what the certificate says, compared
//! with 200 steps in double precision.
//!
//! Muon makes the singular values of a step equal. If classes make the rank of the gradient small, Muon multiplies the
//! rounding in the other directions by up to 3.4445⁵ = 485 per step. So floats lose what exact arithmetic keeps after
//! some hundred steps. The same training in single precision distinguishes rounding from a break.

use super::trial::{Network, Trial, TrialTrace, Trials, numbers};
use super::{Check, Rows, Scope, engine, short, worse};
use crate::backend::{dispatch, dispatch_doubles};
use constinit::Activation;
use constinit::train::{Loss, OptimizerConfig};
use constinit_cli::backend_name::BackendName;
use constinit_cli::failure::Failure;
use constinit_symmetry::{
    ClassId, Symmetry, SymmetryKind, Verdict, certificate, equitable, imbalances, spreads, twins,
};

const DIMS: [usize; 5] = [3, 8, 8, 8, 2];
const STEPS: usize = 200;
const DECAY: f64 = 0.01;
/// Far above the effect of rounding in this many steps, far below that of a broken class.
const KEPT: f64 = 1e-9;
const BROKEN: f64 = 1e-6;
/// Between 1 and the share of the rounding of doubles in that of singles, 2e-9.
const ROUNDING_SHARE: f64 = 1e-6;

/// The classes of each hidden space.
const CLASSES: [[usize; 8]; 3] =
    [[0, 0, 0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0, 0, 0]];

/// Every optimizer without and with its kind of decay, with a name for each.
fn optimizers() -> Vec<(String, OptimizerConfig)> {
    let gently = |optimizer: OptimizerConfig| {
        let linear = optimizer.facts().optimizer().is_linear();
        // The default rate of gradient descent is too small to show anything in these few steps.
        if linear { optimizer.with_learning_rate(0.05) } else { optimizer }
    };
    let both = |optimizer: OptimizerConfig| {
        [0.0, DECAY].map(|decay| {
            let name = format!("{}, weight decay {decay}", optimizer.name());
            (name, optimizer.clone().with_weight_decay(decay))
        })
    };
    OptimizerConfig::all().into_iter().map(gently).flat_map(both).collect()
}

fn class(space: usize, unit: usize) -> usize {
    if space == 0 || space == DIMS.len() - 1 { unit } else { CLASSES[space - 1][unit] }
}

/// Entries that depend only on the classes. They are multiples of 1/64, so that sums over classes are exact.
fn twin_start(seed: u64) -> Network {
    let block = |layer: usize, name: String| {
        let drawn = numbers(seed, &format!("optimizers/{layer}/{name}"), 1)[0];
        // Smaller in wide layers, since activations saturate otherwise.
        (drawn * 64.0 / (DIMS[layer] as f64).sqrt()).round() / 64.0
    };
    Network::from_fn(&DIMS, |layer, output, input| {
        let to = class(layer + 1, output);
        match input {
            Some(input) => block(layer, format!("w{to}/{}", class(layer, input))),
            None => block(layer, format!("b{to}")),
        }
    })
}

/// The same with deviations between hidden layers that sum to 0 over every class, along both axes.
fn equitable_start(seed: u64) -> Network {
    let mut net = twin_start(seed);
    for layer in 1..=2 {
        let width = DIMS[layer + 1];
        let moves = numbers(seed, &format!("optimizers/{layer}/moves"), 5 * 40);
        for drawn in moves.chunks(5) {
            let unit = |x: f64| (((x + 1.0) / 2.0 * 8.0) as usize).min(7);
            let alike = |space: usize, of: usize, x: f64| {
                let others: Vec<usize> =
                    (0..8).filter(|&v| class(space, v) == class(space, of)).collect();
                others[unit(x) % others.len()]
            };
            let (i, j) = (unit(drawn[0]), unit(drawn[1]));
            let (k, m) = (alike(layer + 1, i, drawn[2]), alike(layer, j, drawn[3]));
            let by = (drawn[4] * 16.0).round() / 64.0;
            for (output, input, sign) in [(i, j, 1.0), (i, m, -1.0), (k, j, -1.0), (k, m, 1.0)] {
                net.layers[layer].0[input * width + output] += sign * by;
            }
        }
    }
    net
}

pub fn checks(scope: &Scope, rows: &mut Rows<'_>) -> Result<(), Failure> {
    let starts = [twin_start(scope.seed), equitable_start(scope.seed)];
    for (name, optimizer) in optimizers() {
        rows.work(&format!("{STEPS} steps of {name}"));
        let trials = starts.each_ref().map(|start| Trial {
            start: start.clone(),
            activation: Activation::Tanh,
            loss: Loss::Mse,
            optimizer: optimizer.clone(),
            inputs: numbers(scope.seed, "optimizers/x", 6 * DIMS[0]),
            targets: numbers(scope.seed, "optimizers/t", 6 * DIMS[4]),
            steps: STEPS,
            dropout: 0.0,
        });
        let Some(traces) = dispatch_doubles(Trials(&trials)) else {
            let why = "needs the ndarray backend, which is not compiled in";
            rows.push(Check::information("optimizers", 0, why, true));
            return Ok(());
        };
        for (of_twins, (trial, trace)) in [true, false].into_iter().zip(trials.iter().zip(&traces?))
        {
            rows.push(cell(&name, of_twins, trial, trace)?);
        }
    }
    Ok(())
}

/// One optimizer on one kind of class.
fn cell(name: &str, of_twins: bool, trial: &Trial, trace: &TrialTrace) -> Result<Check, Failure> {
    let found = if of_twins { trial.start.search(twins) } else { trial.start.search(equitable) };
    let found = found.map_err(engine)?;
    let said = certificate(&found, &trial.optimizer.facts());
    let statement = format!("{name}: {}", if of_twins { "twins" } else { "equal sums" });
    let last = if trace.states.len() == STEPS + 1 { apart(&found, trace.end())? } else { f64::NAN };
    let broken = said.claims().iter().any(|c| matches!(c.verdict(), Verdict::Broken(_)));
    let (mut expected, bound, mut passed) = if said.holds() {
        (format!("kept, below {}", short(KEPT)), KEPT, last < KEPT)
    } else {
        (format!("broken, above {}", short(BROKEN)), BROKEN, broken && last > BROKEN)
    };
    let mut measured = short(last);
    if said.holds() && last >= KEPT {
        let (share, step) = share_of_singles(&found, trial, trace)?;
        passed = share < ROUNDING_SHARE;
        expected = "kept in exact arithmetic".to_owned();
        let (grown, share) = (short(last), short(share));
        measured = match passed {
            true => format!(
                "rounding grown to {grown}; in step {step} it is {share} times single precision's"
            ),
            false => {
                format!(
                    "a difference of {grown}, not by rounding alone: {share} times single precision's"
                )
            }
        };
    }
    passed &= are_meant(&found, of_twins);
    let (worst, bound) = (Some(last), Some(bound));
    Ok(Check { worst, bound, ..Check::words(statement, 1, expected, measured, passed) })
}

/// Whether the classes are those of the start, and are twins only if they should be.
fn are_meant(found: &Symmetry, of_twins: bool) -> bool {
    found.spaces().iter().zip(CLASSES).all(|(space, classes)| {
        let meant = 1 + classes.iter().max().map_or(0, |largest| *largest);
        let plain = |number| ClassId::new(number).is_some_and(|class| !space.is_twin_class(class));
        space.effective_width() == meant && (of_twins || (0..meant).all(plain))
    })
}

/// The largest difference between units of one class, entry by entry or in their sums.
fn apart(found: &Symmetry, state: &Network) -> Result<f64, Failure> {
    if found.kind() == SymmetryKind::Twins {
        let apart = state.with_views(|views| spreads(found, views)).map_err(engine)?;
        Ok(apart.iter().flatten().map(|spread| spread.difference).fold(0.0, worse))
    } else {
        let apart = state.with_views(|views| imbalances(found, views)).map_err(engine)?;
        Ok(apart.into_iter().fold(0.0, worse))
    }
}

/// The difference in doubles, divided by the difference in singles after the same step: the last step at which the
/// latter is still small. A difference from rounding is proportional to the rounding error. A difference from a break
/// in exact arithmetic is the same in both.
fn share_of_singles(
    found: &Symmetry,
    trial: &Trial,
    doubles: &TrialTrace,
) -> Result<(f64, usize), Failure> {
    const STILL_SMALL: f64 = 1e-3;
    let singles = dispatch(BackendName::Ndarray, Trials(std::slice::from_ref(trial)))??;
    let mut last = (f64::NAN, 0);
    for (step, (wide, narrow)) in doubles.states.iter().zip(&singles[0].states).enumerate() {
        let narrow = apart(found, narrow)?;
        if narrow > STILL_SMALL {
            break;
        }
        if narrow > 0.0 {
            last = (apart(found, wide)? / narrow, step);
        }
    }
    Ok(last)
}
