//! A run of a sweep, trained in full on a backend.

use super::after::{dead, escape, outcome};
use super::classes::{Parameters, counts};
use super::outcome::{Engine, LayerOutcome, Outcome, OutcomeEnd};
use crate::breaks;
use crate::config::RunConfig;
use crate::data::Examples;
use crate::failure::Failure;
use crate::run::{self, INTERRUPTED, Interrupt, Names, explain};
use crate::seen::last_seen;
use burn::tensor::backend::AutodiffBackend;
use constinit::ConstInit;
use constinit::params::read_parameters;
use constinit::prelude::*;
use constinit::probe::{Flow, Observation, Probe, SymmetryProbe};
use constinit::train::{self, TrainState};

/// Trains; None if a signal ended the training.
pub fn train<B: AutodiffBackend>(
    config: &RunConfig,
    examples: &Examples,
    (backend, device): (&'static str, &B::Device),
    why: String,
    interrupt: &Interrupt,
) -> Result<Option<Outcome>, Failure> {
    let training = &config.training;
    let model = run::network::<B>(config, device)?;
    let names = Names::of(&model, &[]);
    let symmetry = SymmetryProbe::new(model.axes()?).with_facts(breaks::facts(config)?);
    let mut symmetry = symmetry
        .without_history()
        .without_gradients()
        .on(run::readings_schedule(config))
        .reporting(|_| {});
    let mut first = First(None);
    let mut interrupt = interrupt.clone();
    let optimizer = training.optimizer.init::<B, ConstInit<B>>()?;
    let state = TrainState::new(model, optimizer, training.optimizer.learning_rate());
    let mut source = run::batches::<B>(config, examples, device)?;
    let probes: &mut [&mut dyn Probe<B, ConstInit<B>>] =
        &mut [&mut symmetry, &mut first, &mut interrupt];
    let trained = run::train_configured(config, state, &mut source, false, probes, drop)?;
    let ended = match trained.ended {
        train::StopReason::Stopped { reason } if reason == INTERRUPTED => return Ok(None),
        train::StopReason::Finished | train::StopReason::Stopped { .. } => OutcomeEnd::Finished,
        train::StopReason::Diverged(divergence) => {
            OutcomeEnd::Diverged(explain(&divergence, &names))
        }
    };
    let finished = ended == OutcomeEnd::Finished;
    let read = read_parameters(&trained.state.model);
    let entries = read.iter().map(|parameter| parameter.data.num_elements()).sum();
    let values = read.iter().map(|parameter| parameter.data.iter::<f64>().collect());
    let after = Parameters::new(config, values)?;
    let start = symmetry.start().map(counts).unwrap_or_default();
    let mut spaces: Vec<LayerOutcome> = after
        .spec
        .spaces()
        .iter()
        .enumerate()
        .map(|(number, space)| LayerOutcome {
            units: space.units(),
            classes: [start.get(number).copied(), None],
            dead: None,
        })
        .collect();
    let (mut outlook, mut came) = (None, None);
    if finished {
        let twins = after.twins()?;
        let classes = after.network(&twins)?;
        let seen = last_seen(config, examples, trained.state.step);
        let silent = dead(&classes, config, &seen[0])?;
        for ((space, classes), dead) in spaces.iter_mut().zip(counts(&twins)).zip(silent) {
            (space.classes[1], space.dead) = (Some(classes), Some(dead));
        }
        came = outcome(&classes, config, &seen)?;
        outlook = escape(&classes, config, &seen);
    }
    Ok(Some(Outcome {
        engine: Some(Engine::Burn { backend, why }),
        ended,
        steps: Some(trained.state.step),
        losses: [first.0.or(trained.loss), trained.loss],
        outcome: came,
        first_break: symmetry.first_break().map(|found| (found.step, found.space.clone())),
        parameters: Some([entries; 2]),
        spaces,
        escape: outlook,
        seconds: 0.0,
    }))
}

/// Keeps the first loss.
struct First(Option<f64>);

impl<B: AutodiffBackend> Probe<B, ConstInit<B>> for First {
    fn due(&self, step: usize) -> bool {
        step == 1
    }

    fn observe(&mut self, seen: &Observation<'_, B, ConstInit<B>>) -> Flow {
        self.0 = seen.loss;
        Flow::Continue
    }
}
