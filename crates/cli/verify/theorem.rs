//! Random constant networks with equal targets: the four properties, the closed forms, the symmetry of the loss.

use super::trial::{Network, Trial, TrialTrace, Trials, count, numbers};
use super::{Check, Rows, Scope, engine, worse};
use crate::backend::dispatch;
use constinit::Activation;
use constinit::train::{Loss, OptimizerConfig};
use constinit_cli::backend_name::BackendName;
use constinit_cli::failure::Failure;
use constinit_symmetry::dynamics;
use constinit_symmetry::theorem::{ConstantPerceptron, properties};

const STEPS: usize = 10;
/// Rounding of ten steps in single precision, relative to the largest number of the network.
const ROUNDING: f64 = 1e-4;

/// A constant network, and what to train it on.
struct Case {
    constants: ConstantPerceptron<f64>,
    /// One target per example, for all outputs.
    targets: Vec<f64>,
    trial: Trial,
}

impl Case {
    fn random(seed: u64, number: usize) -> Self {
        let name = |what: &str| format!("theorem/{number}/{what}");
        let whole = |what: &str, low, high| count(seed, &name(what), low, high);
        let [inputs, hidden, outputs] =
            [whole("inputs", 1, 5), whole("hidden", 2, 7), whole("outputs", 1, 5)];
        let examples = whole("examples", 1, 6);
        let c1 = numbers(seed, &name("c1"), inputs);
        let constants = numbers(seed, &name("constants"), 3);
        let (d1, c2, d2) = (constants[0], constants[1], constants[2]);
        let loss = Loss::ALL[number % Loss::ALL.len()];
        let targets: Vec<f64> = match loss {
            Loss::CrossEntropy => vec![1.0 / outputs as f64; examples],
            Loss::Mse | Loss::Huber => numbers(seed, &name("targets"), examples),
        };
        let start =
            Network::from_fn(&[inputs, hidden, outputs], |layer, _, input| match (layer, input) {
                (0, Some(j)) => c1[j],
                (0, None) => d1,
                (_, Some(_)) => c2,
                (_, None) => d2,
            });
        let spread = |t: &f64| std::iter::repeat_n(*t, outputs);
        let trial = Trial {
            start,
            activation: Activation::ALL[number % Activation::ALL.len()],
            loss,
            optimizer: OptimizerConfig::sgd(0.01 * (1 + number % 5) as f64),
            inputs: numbers(seed, &name("x"), examples * inputs),
            targets: targets.iter().flat_map(spread).collect(),
            steps: STEPS,
            dropout: 0.0,
        };
        Self { constants: ConstantPerceptron { c1, d1, c2, d2, hidden, outputs }, targets, trial }
    }
}

pub fn checks(scope: &Scope, rows: &mut Rows<'_>) -> Result<(), Failure> {
    let cases: Vec<Case> = (0..scope.cases).map(|n| Case::random(scope.seed, n)).collect();
    for &backend in &scope.backends {
        // A step takes a thousand times longer on a GPU than on the CPU.
        let few = if backend == BackendName::Wgpu { 4 } else { 1 };
        let cases = &cases[..cases.len().div_ceil(few)];
        rows.work(&format!("random constant networks on {}", backend.as_str()));
        let trials: Vec<Trial> = cases.iter().map(|case| case.trial.clone()).collect();
        let traces = dispatch(backend, Trials(&trials))??;
        let name = backend.as_str();
        rows.push(Check::at_most(
            format!("{name}: P1 to P4 after each of {STEPS} steps"),
            cases.len(),
            fold(cases, &traces, |_, trace| deviation(trace))?,
            ROUNDING,
        ));
        rows.push(Check::at_most(
            format!("{name}: gradients are those of the closed forms"),
            cases.len(),
            fold(cases, &traces, gradient_error)?,
            ROUNDING,
        ));
        rows.push(Check::at_most(
            format!("{name}: outputs sum over the N1 hidden units"),
            cases.len(),
            fold(cases, &traces, |case, trace| output_error(case, trace, case.constants.hidden))?,
            ROUNDING,
        ));
    }
    rows.push(wrong_width(&cases)?);
    Loss::ALL.into_iter().for_each(|loss| rows.push(swaps(scope, loss)));
    Ok(())
}

fn fold(
    cases: &[Case],
    traces: &[TrialTrace],
    measure: impl Fn(&Case, &TrialTrace) -> Result<f64, Failure>,
) -> Result<f64, Failure> {
    cases
        .iter()
        .zip(traces)
        .try_fold(0.0, |worst, (case, trace)| measure(case, trace).map(|found| worse(worst, found)))
}

/// The largest deviation from the four properties at any step, relative to the largest number.
fn deviation(trace: &TrialTrace) -> Result<f64, Failure> {
    if trace.states.len() != STEPS + 1 {
        return Ok(f64::NAN);
    }
    trace.states.iter().try_fold(0.0, |worst, state| {
        let largest = state.numbers().fold(1.0, |m: f64, x| m.max(x.abs()));
        let found = state.dense().and_then(|layers| properties(&layers)).map_err(engine)?;
        let deviations = found.iter().filter_map(|(_, alike)| alike).map(|alike| alike.deviation);
        Ok(worse(worst, deviations.fold(0.0, worse) / largest))
    })
}

/// The largest difference between the backend's gradients and the formulas, relative to the largest gradient.
fn gradient_error(case: &Case, trace: &TrialTrace) -> Result<f64, Failure> {
    let (function, loss) = (case.trial.activation, case.trial.loss);
    let formula = case
        .constants
        .gradients(&function, &loss, &case.trial.inputs, &case.targets)
        .map_err(engine)?;
    let expected =
        Network::from_fn(&case.trial.start.dims, |layer, _, input| match (layer, input) {
            (0, Some(j)) => formula.c1[j],
            (0, None) => formula.d1,
            (_, Some(_)) => formula.c2,
            (_, None) => formula.d2,
        });
    let largest = expected.numbers().fold(1e-3, |m: f64, x| m.max(x.abs()));
    let apart = trace.gradients.numbers().zip(expected.numbers()).map(|(a, b)| (a - b).abs());
    Ok(apart.fold(0.0, worse) / largest)
}

/// The largest difference between the outputs and `width · c2 · oa + d2`.
fn output_error(case: &Case, trace: &TrialTrace, width: usize) -> Result<f64, Failure> {
    let of_width = ConstantPerceptron { hidden: width, ..case.constants.clone() };
    let function = case.trial.activation;
    let (inputs, outputs) = (case.constants.c1.len(), case.constants.outputs);
    let rows = case.trial.inputs.chunks(inputs).zip(trace.outputs.chunks(outputs));
    Ok(rows
        .flat_map(|(x, y)| {
            let o2 = of_width.signals(&function, x).o2;
            y.iter().map(move |y| (y - o2).abs() / o2.abs().max(1.0))
        })
        .fold(0.0, worse))
}

/// The formula with the number of outputs in place of the number of hidden units gives another output.
fn wrong_width(cases: &[Case]) -> Result<Check, Failure> {
    let mut differ = 0;
    let mut unlike = 0;
    for case in cases {
        let ConstantPerceptron { hidden, outputs, .. } = case.constants;
        let function = case.trial.activation;
        let x = &case.trial.inputs[..case.constants.c1.len()];
        let heard = (case.constants.c2 * case.constants.signals(&function, x).oa).abs();
        // If the hidden units compute 0, both formulas give the bias.
        if hidden == outputs || heard < 1e-6 {
            continue;
        }
        unlike += 1;
        let full = case.constants.full().map_err(engine)?;
        let y = dynamics::outputs(&full, &function, x).map_err(engine)?[0];
        let other = ConstantPerceptron { hidden: outputs, ..case.constants.clone() };
        differ += usize::from((y - other.signals(&function, x).o2).abs() > 0.9 * heard);
    }
    Ok(Check::all("with N2 in place of N1 the output is wrong, where N1 ≠ N2", unlike, differ))
}

/// Swapping two outputs together with their targets does not change a loss, and swaps its slopes.
fn swaps(scope: &Scope, loss: Loss) -> Check {
    use constinit_symmetry::dynamics::LossFunction as _;
    let (cases, outputs) = (scope.cases, 4);
    let worst = (0..cases).map(|number| {
        let name = |what: &str| format!("swap/{number}/{what}");
        let mut y = numbers(scope.seed, &name("y"), outputs);
        let mut t = numbers(scope.seed, &name("t"), outputs);
        let ones = vec![1.0; outputs];
        let mut slopes = [vec![0.0; outputs], vec![0.0; outputs]];
        let before = loss.example(&y, &t, &ones, &mut slopes[0]);
        let [u, v] = ["u", "v"].map(|what| count(scope.seed, &name(what), 0, outputs - 1));
        y.swap(u, v);
        t.swap(u, v);
        let after = loss.example(&y, &t, &ones, &mut slopes[1]);
        slopes[1].swap(u, v);
        let apart = slopes[0].iter().zip(&slopes[1]).map(|(a, b)| (a - b).abs());
        apart.fold((after - before).abs(), worse)
    });
    let name = loss.name().replace('-', " ");
    let statement = format!("{name}: swapping outputs with their targets changes nothing");
    Check::at_most(statement, cases, worst.fold(0.0, worse), 1e-12)
}
