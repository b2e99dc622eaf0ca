//! Every optimizer on twins and on units that are equitable without being twins: what the certificate says, beside what
//! 200 steps in double precision do.

use super::trial::{Network, Trial, Trials, numbers};
use super::{Check, Scope, engine, short, worse};
use crate::backend::dispatch_doubles;
use constinit::Activation;
use constinit::train::{
    AdaGradSettings, AdamSettings, AdamWSettings, AdanSettings, Loss, MuonSettings,
    OptimizerConfig, RmsPropSettings, SgdSettings,
};
use constinit_cli::failure::Failure;
use constinit_symmetry::{Verdict, certificate, equitable, imbalances, spreads, twins};

const DIMS: [usize; 5] = [3, 8, 8, 8, 2];
const STEPS: usize = 200;
/// Far above what rounding does in this many steps, far below what a broken class shows.
const KEPT: f64 = 1e-9;
const BROKEN: f64 = 1e-6;

/// The classes of each hidden space.
const CLASSES: [[usize; 8]; 3] =
    [[0, 0, 0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0, 0, 0]];

fn optimizers() -> Vec<(&'static str, OptimizerConfig)> {
    let sgd = SgdSettings { learning_rate: 0.05, ..SgdSettings::default() };
    let adam = AdamSettings { learning_rate: 2e-3, ..AdamSettings::default() };
    let adamw = AdamWSettings { learning_rate: 2e-3, ..AdamWSettings::default() };
    let rms = RmsPropSettings { learning_rate: 1e-3, ..RmsPropSettings::default() };
    let ada = AdaGradSettings { learning_rate: 1e-2, ..AdaGradSettings::default() };
    let adan = AdanSettings { learning_rate: 2e-3, weight_decay: 0.02, ..AdanSettings::default() };
    let muon = MuonSettings { learning_rate: 1e-3, ..MuonSettings::default() };
    let with_l2 = SgdSettings { weight_decay: 0.01, ..sgd.clone() };
    let adam_l2 = AdamSettings { weight_decay: 0.01, ..adam.clone() };
    vec![
        ("sgd", OptimizerConfig::Sgd(sgd.clone())),
        ("momentum", OptimizerConfig::Sgd(SgdSettings { momentum: 0.9, ..sgd })),
        ("sgd with L2", OptimizerConfig::Sgd(with_l2)),
        ("adam", OptimizerConfig::Adam(adam)),
        ("adam with L2", OptimizerConfig::Adam(adam_l2)),
        ("adamw", OptimizerConfig::AdamW(adamw)),
        ("rmsprop", OptimizerConfig::RmsProp(rms)),
        ("adagrad", OptimizerConfig::AdaGrad(ada)),
        ("adan with decay", OptimizerConfig::Adan(adan)),
        ("muon with decay", OptimizerConfig::Muon(muon)),
    ]
}

fn class(space: usize, unit: usize) -> usize {
    if space == 0 || space == DIMS.len() - 1 { unit } else { CLASSES[space - 1][unit] }
}

/// Entries that depend on classes alone; multiples of 1/64, so that sums over classes are exact.
fn twin_start(seed: u64) -> Network {
    let block = |layer: usize, name: String| {
        let drawn = numbers(seed, &format!("optimizers/{layer}/{name}"), 1)[0];
        // Smaller in wide layers, or the activations saturate.
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

pub fn checks(scope: &Scope) -> Result<Vec<Check>, Failure> {
    let starts = [twin_start(scope.seed), equitable_start(scope.seed)];
    let mut trials = Vec::new();
    for (_, optimizer) in optimizers() {
        for start in &starts {
            trials.push(Trial {
                start: start.clone(),
                activation: Activation::Tanh,
                loss: Loss::Mse,
                optimizer: optimizer.clone(),
                inputs: numbers(scope.seed, "optimizers/x", 6 * DIMS[0]),
                targets: numbers(scope.seed, "optimizers/t", 6 * DIMS[4]),
                steps: STEPS,
                dropout: 0.0,
            });
        }
    }
    let Some(traces) = dispatch_doubles(Trials(&trials)) else {
        let why = "needs the ndarray backend, which is not compiled in";
        return Ok(vec![Check::words("optimizers", 0, "-", why, true)]);
    };
    let traces = traces?;
    let names = optimizers().into_iter().flat_map(|(name, _)| [(name, true), (name, false)]);
    names
        .zip(trials.iter().zip(&traces))
        .map(|((name, of_twins), (trial, trace))| {
            let found =
                if of_twins { trial.start.search(twins) } else { trial.start.search(equitable) };
            let found = found.map_err(engine)?;
            let said = certificate(&found, &trial.optimizer.facts());
            let meant = found.spaces().iter().zip(CLASSES).all(|(space, classes)| {
                space.effective_width() == 1 + classes.iter().max().map_or(0, |largest| *largest)
                    && (of_twins
                        || space.partition().classes().enumerate().all(|(number, _)| {
                            constinit_symmetry::ClassId::new(number)
                                .is_some_and(|class| !space.is_twin_class(class))
                        }))
            });
            let apart = if trace.states.len() != STEPS + 1 {
                f64::NAN
            } else if of_twins {
                let apart = trace.end().with_views(|views| spreads(&found, views));
                let apart = apart.map_err(engine)?;
                apart.iter().flatten().map(|spread| spread.difference).fold(0.0, worse)
            } else {
                let apart = trace.end().with_views(|views| imbalances(&found, views));
                apart.map_err(engine)?.into_iter().fold(0.0, worse)
            };
            let kind = if of_twins { "twins" } else { "equal sums" };
            let statement = format!("{name}: {kind}");
            let broken = said.claims().iter().any(|c| matches!(c.verdict(), Verdict::Broken(_)));
            let (expected, bound, fine) = if said.holds() {
                (format!("kept, below {}", short(KEPT)), KEPT, apart < KEPT)
            } else {
                (format!("broken, above {}", short(BROKEN)), BROKEN, broken && apart > BROKEN)
            };
            Ok(Check {
                worst: Some(apart),
                bound: Some(bound),
                ..Check::words(statement, 1, expected, short(apart), fine && meant)
            })
        })
        .collect()
}
