//! One training from one start, on a backend.

use crate::config::RunConfig;
use crate::data::Examples;
use crate::failure::Failure;
use crate::run::{
    self, Interrupt, Names, explain, in_full, quotient_record, run_outcome, units_state,
};
use crate::seen::last_seen;
use crate::sweep::{Parameters, counts, dead};
use burn::module::AutodiffModule;
use burn::optim::Optimizer;
use burn::tensor::TensorData;
use burn::tensor::backend::AutodiffBackend;
use constinit::ConstInit;
use constinit::params::{HostParameter, read_parameters};
use constinit::prelude::*;
use constinit::probe::{Flow, Observation, Probe, Schedule};
use constinit::surgery::{LiftedProbe, Lifting};
use constinit::train::{StopReason, TrainState};
use constinit_records::{
    ComparedRunRecord, ComparedRunSpace, ComparedState, EndWord, OutcomeRecord,
};
use constinit_symmetry::AxesSpec;

/// Losses of a run that are kept: about as many as a figure has pixels.
const LOSSES: usize = 512;
/// States of the units that are kept.
const STATES: usize = 64;
/// The largest number of values in all states of a run, unless two states have more.
const NUMBERS: usize = 100_000;

/// A run that came to its end.
pub struct ComparedRun {
    pub record: ComparedRunRecord,
    /// If a quotient was asked for and not allowed: the reason.
    pub full: Option<String>,
}

/// A run to train.
pub struct PlannedRun<'a> {
    /// The name of its start.
    pub start: &'a str,
    pub config: &'a RunConfig,
    pub examples: &'a Examples,
    /// Whether to train one unit for each class, if that is allowed.
    pub quotient: bool,
    /// Whether states of the units are kept.
    pub states: bool,
}

impl PlannedRun<'_> {
    /// Trains; None if a signal ended the training.
    pub fn train<B: AutodiffBackend>(
        &self,
        device: &B::Device,
        interrupt: &Interrupt,
    ) -> Result<Option<ComparedRun>, Failure> {
        let (config, training) = (self.config, &self.config.training);
        B::seed(device, training.seed);
        let model = run::network::<B>(config, device)?;
        let read = read_parameters(&model);
        let before = Parameters::new(config, doubles(&read))?;
        let twins = counts(&before.twins()?);
        let names = Names::of(&model, &read);
        drop(read);
        let mut watch = Watched::new(self, model.axes()?, names.paths.clone());
        let asked = self.quotient.then(|| run::allowed_quotient(config, &model)).transpose()?;
        let (small, full) = match asked {
            Some(Ok(small)) => (Some(small), None),
            Some(Err(reason)) => (None, Some(reason)),
            None => (None, None),
        };
        let Trained { full: trained, outcome, ended, step } = match &small {
            None => {
                let optimizer = training.optimizer.init::<B, ConstInit<B>>()?;
                let rate = training.optimizer.learning_rate();
                let state = TrainState::new(model, optimizer, rate);
                self.trained(state, None, &mut watch, (device, interrupt))?
            }
            Some(small) => {
                drop(model);
                let (state, lifting) = run::quotient_state(config, small)?;
                self.trained(state, Some(&lifting), &mut watch, (device, interrupt))?
            }
        };
        if interrupt.signal().is_some() {
            return Ok(None);
        }
        if let Some(failure) = watch.states.failure.take() {
            return Err(failure);
        }
        let lost = trained.as_ref().err().map(ToString::to_string);
        let (ended, reason) = match (ended, lost) {
            (StopReason::Finished | StopReason::Stopped { .. }, None) => (EndWord::Finished, None),
            // The numbers of the quotient cannot be lifted to a network any more.
            (StopReason::Finished | StopReason::Stopped { .. }, reason @ Some(_)) => {
                (EndWord::Diverged, reason)
            }
            (diverged @ StopReason::Diverged(_), _) => {
                let diverged = match (&small, &trained) {
                    (Some(_), Ok(full)) => in_full(diverged, &names, &read_parameters(full)),
                    _ => diverged,
                };
                let StopReason::Diverged(divergence) = diverged else { return Ok(None) };
                (EndWord::Diverged, Some(explain(&divergence, &names)))
            }
        };
        let after = match (ended, trained) {
            (EndWord::Finished, trained) => Some(self.after(&trained?, step)?),
            _ => None,
        };
        let space = |(number, space): (usize, &constinit_symmetry::UnitSpace)| ComparedRunSpace {
            name: space.name().to_owned(),
            units: space.units(),
            twins_start: twins[number],
            twins_end: after.as_ref().map(|after| after.twins[number]),
            dead: after.as_ref().map(|after| after.dead[number]),
        };
        let record = ComparedRunRecord {
            start: self.start.to_owned(),
            seed: training.seed,
            step,
            ended,
            reason,
            quotient: small.as_ref().map(|small| quotient_record(&small.spaces, small.parameters)),
            losses: watch.losses.values,
            states: watch.states.kept,
            spaces: before.spec.spaces().iter().enumerate().map(space).collect(),
            outcome: outcome.filter(|_| ended == EndWord::Finished),
        };
        Ok(Some(ComparedRun { record, full }))
    }

    /// Trains a network, or the quotient that replaces it. Returns the full network.
    fn trained<B: AutodiffBackend, O: Optimizer<ConstInit<B>, B>>(
        &self,
        state: TrainState<ConstInit<B>, O, f64>,
        lifting: Option<&Lifting>,
        watch: &mut Watched,
        (device, interrupt): (&B::Device, &Interrupt),
    ) -> Result<Trained<B>, Failure> {
        let mut data = run::batches::<B>(self.config, self.examples, device)?;
        let mut interrupt = interrupt.clone();
        let Watched { losses, states } = watch;
        let mut lifted;
        let states: &mut dyn Probe<B, ConstInit<B>> = match lifting {
            Some(lifting) => {
                lifted = LiftedProbe::new(states, lifting.clone());
                &mut lifted
            }
            None => states,
        };
        let probes: &mut [&mut dyn Probe<B, ConstInit<B>>] = &mut [losses, states, &mut interrupt];
        let (config, is_quotient) = (self.config, lifting.is_some());
        let trained = run::train_configured(config, state, &mut data, is_quotient, probes, drop)?;
        let TrainState { model, step, .. } = trained.state;
        // A quotient computes the outputs of the network.
        let outcome = match &trained.ended {
            StopReason::Finished => run_outcome(self.config, self.examples, device, &model, step)?,
            StopReason::Stopped { .. } | StopReason::Diverged(_) => None,
        };
        let full = match lifting {
            Some(lifting) => lifting.lift::<B, _>(&model).map_err(Failure::from),
            None => Ok(model),
        };
        Ok(Trained { full, outcome, ended: trained.ended, step })
    }

    /// The classes of twins and the dead units of the network after training.
    fn after<B: AutodiffBackend>(
        &self,
        trained: &ConstInit<B>,
        step: usize,
    ) -> Result<After, Failure> {
        let after = Parameters::new(self.config, doubles(&read_parameters(trained)))?;
        let twins = after.twins()?;
        let [inputs, _] = last_seen(self.config, self.examples, step);
        let dead = dead(&after.network(&twins)?, self.config, &inputs)?;
        Ok(After { twins: counts(&twins), dead })
    }
}

/// The result of a training.
struct Trained<B: AutodiffBackend> {
    /// The network; an error if the numbers of a quotient cannot be lifted to one any more.
    full: Result<ConstInit<B>, Failure>,
    outcome: Option<OutcomeRecord>,
    ended: StopReason,
    /// Steps done.
    step: usize,
}

/// What is known about a network after training.
struct After {
    /// Classes of twins of each hidden layer.
    twins: Vec<usize>,
    /// Dead units of each.
    dead: Vec<usize>,
}

fn doubles(read: &[HostParameter]) -> impl Iterator<Item = Vec<f64>> {
    read.iter().map(|parameter| parameter.data.iter::<f64>().collect())
}

/// The probes that follow a run.
struct Watched {
    losses: Losses,
    states: States,
}

impl Watched {
    fn new(run: &PlannedRun<'_>, axes: AxesSpec, paths: Vec<String>) -> Self {
        let steps = run.config.training.steps;
        let spread =
            |most: usize| Schedule::every(steps.div_ceil(most).max(1)).or(Schedule::at(steps));
        let units: usize = axes.spaces().iter().map(|space| space.units()).sum();
        let schedule = match run.states {
            true => spread((NUMBERS / units.max(1)).clamp(2, STATES)),
            false => Schedule::when(|_| false),
        };
        Self {
            losses: Losses { schedule: spread(LOSSES).or(Schedule::at(1)), values: Vec::new() },
            states: States { schedule, axes, paths, kept: Vec::new(), failure: None },
        }
    }
}

/// Saves losses.
struct Losses {
    schedule: Schedule,
    values: Vec<(usize, Option<f64>)>,
}

impl<B: AutodiffBackend, M: AutodiffModule<B>> Probe<B, M> for Losses {
    fn due(&self, step: usize) -> bool {
        step > 0 && self.schedule.due(step)
    }

    fn observe(&mut self, seen: &Observation<'_, B, M>) -> Flow {
        self.values.push((seen.step, seen.loss.filter(|loss| loss.is_finite())));
        Flow::Continue
    }
}

/// Saves states of the units.
struct States {
    schedule: Schedule,
    axes: AxesSpec,
    paths: Vec<String>,
    kept: Vec<ComparedState>,
    failure: Option<Failure>,
}

impl<B: AutodiffBackend> Probe<B, ConstInit<B>> for States {
    fn due(&self, step: usize) -> bool {
        self.schedule.due(step)
    }

    fn observe(&mut self, seen: &Observation<'_, B, ConstInit<B>>) -> Flow {
        let data: Vec<&TensorData> = seen.parameters().iter().map(|p| &p.data).collect();
        match units_state(seen.step, &self.axes, &self.paths, &data) {
            Ok(state) => {
                self.kept.push(ComparedState { step: state.step, spaces: state.spaces });
                Flow::Continue
            }
            Err(failure) => {
                let reason = failure.to_string();
                self.failure = Some(failure);
                Flow::Stop { reason }
            }
        }
    }
}
