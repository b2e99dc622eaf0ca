//! What happens if a hypothesis does not hold: exactly what the certificate says.

use super::trial::{Network, Trial, TrialTrace, Trials, numbers};
use super::{Check, Rows, Scope, engine, worse};
use crate::backend::dispatch;
use constinit::Activation;
use constinit::train::{Loss, OptimizerConfig};
use constinit_cli::backend_name::BackendName;
use constinit_cli::failure::Failure;
use constinit_symmetry::theorem::ConstantPerceptron;
use constinit_symmetry::{
    Certificate, EqualityPolicy, Partition, SymmetryBreaker, Verdict, certificate, spreads, twins,
    twins_with,
};

const DIMS: [usize; 3] = [2, 5, 3];
const EXAMPLES: usize = 4;
const RATE: f64 = 0.1;
/// Rounding of a run in single precision.
const ROUNDING: f64 = 1e-5;
/// A break makes units differ by at least this much.
const APART: f64 = 1e-3;

fn constants(seed: u64) -> ConstantPerceptron<f64> {
    // Away from 0, so that every parameter has an effect.
    let away = |x: f64| x.signum() * (0.3 + 0.5 * x.abs());
    let drawn: Vec<f64> =
        numbers(seed, "hypotheses/constants", DIMS[0] + 3).into_iter().map(away).collect();
    let (c1, rest) = drawn.split_at(DIMS[0]);
    let [hidden, outputs] = [DIMS[1], DIMS[2]];
    ConstantPerceptron { c1: c1.into(), d1: rest[0], c2: rest[1], d2: rest[2], hidden, outputs }
}

/// A constant network, plus `more` for each entry, by layer, output and input.
fn start(seed: u64, more: impl Fn(usize, usize, Option<usize>) -> f64) -> Network {
    let of = constants(seed);
    Network::from_fn(&DIMS, |layer, output, input| {
        let constant = match (layer, input) {
            (0, Some(j)) => of.c1[j],
            (0, None) => of.d1,
            (_, Some(_)) => of.c2,
            (_, None) => of.d2,
        };
        constant + more(layer, output, input)
    })
}

pub fn checks(scope: &Scope, rows: &mut Rows<'_>) -> Result<(), Failure> {
    let on_cpu = scope.backends.iter().find(|backend| **backend != BackendName::Wgpu);
    let Some(&backend) = on_cpu.or(scope.backends.first()) else { return Ok(()) };
    let steps = if backend == BackendName::Wgpu { 10 } else { 50 };
    let seed = scope.seed;
    let trial = |start: Network, dropout: f64| Trial {
        start,
        activation: Activation::Tanh,
        loss: Loss::Mse,
        optimizer: OptimizerConfig::sgd(RATE),
        inputs: numbers(seed, "hypotheses/x", EXAMPLES * DIMS[0]),
        targets: numbers(seed, "hypotheses/t", EXAMPLES * DIMS[2]),
        steps,
        dropout,
    };
    // The addition for each entry, and the classes of the five hidden units that remain.
    type More = fn(usize, usize, Option<usize>) -> f64;
    let broken_starts: [(&str, More, [u32; 5]); 4] = [
        (
            "different constants for each unit",
            |layer, unit, input| {
                if layer == 0 && input.is_some() { 0.1 * unit as f64 } else { 0.0 }
            },
            [0, 1, 2, 3, 4],
        ),
        (
            "one other incoming weight",
            |layer, unit, input| if (layer, unit, input) == (0, 3, Some(1)) { 0.25 } else { 0.0 },
            [0, 0, 0, 1, 0],
        ),
        (
            "one other outgoing weight",
            |layer, output, input| {
                if (layer, output, input) == (1, 2, Some(1)) { 0.25 } else { 0.0 }
            },
            [0, 1, 0, 0, 0],
        ),
        (
            "two biases",
            |layer, unit, input| {
                if layer == 0 && input.is_none() && unit > 2 { -0.25 } else { 0.0 }
            },
            [0, 0, 0, 1, 1],
        ),
    ];
    let constant = start(seed, |_, _, _| 0.0);
    let mut trials = vec![trial(constant.clone(), 0.0), trial(constant, 0.5)];
    trials.extend(broken_starts.iter().map(|(_, more, _)| trial(start(seed, more), 0.0)));
    let traces = dispatch(backend, Trials(&trials))??;

    rows.push(Check::at_most(
        "unequal targets: P3 and P4 fail in step 1 by the predicted amount",
        1,
        unexplained(&trials[0], &traces[0], seed)?,
        1e-3,
    ));
    rows.push(Check::at_most(
        "unequal targets: hidden units stay twins",
        1,
        spread(&traces[0], traces[0].end())?,
        ROUNDING,
    ));
    rows.push(dropout(&trials[1], &traces[1])?);
    for ((name, _, labels), trace) in broken_starts.iter().zip(&traces[2..]) {
        rows.push(classes(name, labels, trace)?);
    }
    Ok(())
}

/// The largest error of the predicted differences between outputs after one step, relative to the largest difference.
fn unexplained(trial: &Trial, trace: &TrialTrace, seed: u64) -> Result<f64, Failure> {
    let of = constants(seed);
    let Some(after) = trace.states.get(1) else { return Ok(f64::NAN) };
    let function = trial.activation;
    let outputs = DIMS[2];
    // The slopes of two outputs differ by 2 (t' - t) / (examples · outputs) in each example.
    let share = 2.0 / (EXAMPLES * outputs) as f64;
    let (mut worst, mut parted) = (0.0_f64, 0.0_f64);
    for output in 1..outputs {
        let (mut bias, mut weight) = (0.0, 0.0);
        for (x, t) in trial.inputs.chunks(DIMS[0]).zip(trial.targets.chunks(outputs)) {
            let slope = share * (t[0] - t[output]);
            bias -= RATE * slope;
            weight -= RATE * slope * of.signals(&function, x).oa;
        }
        let found = after.layers[1].1[output] - after.layers[1].1[0];
        worst = worse(worst, (found - bias).abs());
        parted = parted.max(bias.abs());
        for hidden in 0..DIMS[1] {
            let found = after.weight(1, output, hidden) - after.weight(1, 0, hidden);
            worst = worse(worst, (found - weight).abs());
            parted = parted.max(weight.abs());
        }
    }
    Ok(worst / parted)
}

/// The spread of hidden units that were twins at the start.
fn spread(trace: &TrialTrace, state: &Network) -> Result<f64, Failure> {
    let found = trace.states[0].search(twins).map_err(engine)?;
    let apart = state.with_views(|views| spreads(&found, views)).map_err(engine)?;
    Ok(apart.iter().flatten().map(|spread| spread.difference).fold(0.0, worse))
}

fn certify(trial: &Trial, dropout: bool) -> Result<Certificate, Failure> {
    let facts = trial.optimizer.facts();
    let facts = if dropout { facts.with_dropout("hidden1") } else { facts };
    let found = trial.start.search(twins).map_err(engine)?;
    Ok(certificate(&found, &facts))
}

fn dropout(trial: &Trial, trace: &TrialTrace) -> Result<Check, Failure> {
    let said = certify(trial, true)?;
    let blamed = said
        .claims()
        .iter()
        .all(|claim| *claim.verdict() == Verdict::Broken(vec![SymmetryBreaker::Dropout]));
    let without = certify(trial, false)?.holds();
    let apart = spread(trace, trace.end())?;
    let mut check =
        Check::at_least("dropout makes the hidden units diverge, as certified", 1, apart, APART);
    check.passed &= blamed && without && !said.claims().is_empty();
    Ok(check)
}

/// The classes at the start are the intended ones, and they are the same at the end.
fn classes(name: &str, labels: &[u32], trace: &TrialTrace) -> Result<Check, Failure> {
    let meant = Partition::from_labels(labels).map_err(engine)?;
    let partition = |state: &Network, policy: &EqualityPolicy| -> Result<Partition, Failure> {
        let found = state.search(|axes, views| twins_with(axes, views, policy)).map_err(engine)?;
        found
            .space("hidden1")
            .map(|space| space.partition().clone())
            .ok_or_else(|| engine("hidden1"))
    };
    let before = partition(&trace.states[0], &EqualityPolicy::bits())?;
    let after = partition(trace.end(), &EqualityPolicy::within(ROUNDING).map_err(engine)?)?;
    let expected = format!("{} of {} units", meant.len(), meant.units());
    let measured = format!("{}, then {}", before.len(), after.len());
    let passed = before == meant && after == meant;
    Ok(Check::words(format!("{name}: classes before and after"), 1, expected, measured, passed))
}
