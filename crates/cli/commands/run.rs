//! `constinit run`: validates the arguments, and trains on a backend from checkpoint to checkpoint.

use super::compare::beside_notebook;
use super::{progress_bar, warn};
use crate::backend::{self, Job};
use burn::optim::Optimizer;
use burn::tensor::backend::AutodiffBackend;
use constinit::ConstInit;
use constinit::prelude::*;
use constinit::probe::Probe;
use constinit::surgery::LiftedProbe;
use constinit::train::{StopReason, TrainState};
use constinit_cli::args::RunArgs;
use constinit_cli::backend_name::BackendName;
use constinit_cli::failure::{Failure, on_screen};
use constinit_cli::run::{
    CheckpointDue, Interrupt, Progress, RunProbes, RunRequest, RunSession, RunState, Screen,
    SharedDeadWatch, SmallNetwork, ValidatedRun, Watch, batches, network, quotient_of,
    quotient_state, train_configured,
};
use indicatif::ProgressBar;

/// A run without a command. If it is the notebook's run with output for people, it also prints what a random start
/// gives.
pub fn plain(args: &RunArgs) -> Result<(), Failure> {
    run(args)?;
    let RunArgs {
        config,
        index,
        preset: _,
        backend: _,
        out,
        json,
        tui,
        csv,
        tensorboard,
        quotient,
        resume,
        print_parameters: _,
        quiet,
    } = args;
    let elsewhere = [config, out, csv, tensorboard, resume].into_iter().any(Option::is_some);
    if elsewhere || index.is_some() || *json || *tui || *quotient || *quiet {
        return Ok(());
    }
    beside_notebook(args)
}

pub fn run(args: &RunArgs) -> Result<(), Failure> {
    let request = RunRequest::read(args)?;
    let backend = backend::choose(request.backend())?;
    let run = request.validate()?;
    backend::require(backend)?;
    run.check_memory(backend, backend::limits(backend))?;
    run.doubts().iter().for_each(warn);
    backend::dispatch(backend, run)?
}

impl Job for ValidatedRun {
    type Output = Result<(), Failure>;

    fn run<B: AutodiffBackend>(mut self, backend: BackendName, device: &B::Device) -> Self::Output {
        B::seed(device, self.config.training.seed);
        let model = network::<B>(&self.config, device)?;
        let small = self.quotient.then(|| quotient_of(&self.config, &model)).transpose()?;
        self.create_folder(backend)?;
        let training = &self.config.training;
        let (steps, readings) = (training.steps, training.steps / self.config.probe.every);
        let mut screen = Screen::new(self.mode, readings, steps);
        // The probes see the network before a checkpoint replaces it, since they follow classes from the start.
        let probes = RunProbes::new(&self, &model, device)?;
        let run = &self;
        match small {
            None => {
                let session = RunSession { run, backend, device, small: None };
                let rate = training.optimizer.learning_rate();
                let fresh = TrainState::new(model, training.optimizer.init()?, rate);
                session_from(&session, fresh, probes, &mut screen)
            }
            Some(quotient) => {
                // A quotient saves the memory of the full network.
                drop(model);
                let (fresh, lifting) = quotient_state(&self.config, &quotient)?;
                let small = Some(SmallNetwork { quotient, lifting });
                let session = RunSession { run, backend, device, small };
                session_from(&session, fresh, probes, &mut screen)
            }
        }
    }
}

/// Runs a session from `fresh`, or from the last checkpoint.
fn session_from<B: AutodiffBackend, O: Optimizer<ConstInit<B>, B>>(
    session: &RunSession<'_, B>,
    fresh: RunState<B, O>,
    mut probes: RunProbes<B>,
    screen: &mut Screen,
) -> Result<(), Failure> {
    let dead = SharedDeadWatch::new(session, &fresh.model);
    let (state, note) = session.load(fresh)?;
    if let Some(note) = &note {
        probes.symmetry.resume(note.read, note.tally.broken_spaces());
        dead.resume(&note.dead);
    }
    let bar = progress(screen, session.run.config.training.steps);
    let mut watch = session.begin(&state, note, (probes, dead), bar, screen)?;
    let mut interrupt = Interrupt::listen(watch.screen.is_live());
    if watch.screen.is_live() {
        watch.live = Some(session.live(state.step, &watch.bar, &interrupt)?);
    }
    let (state, ended) = train_in_stretches(session, state, &mut watch, &mut interrupt)?;
    session.finish(&state, ended, watch, &interrupt)
}

/// Trains from checkpoint to checkpoint.
fn train_in_stretches<B: AutodiffBackend, O: Optimizer<ConstInit<B>, B>>(
    session: &RunSession<'_, B>,
    mut state: RunState<B, O>,
    watch: &mut Watch<'_, B>,
    interrupt: &mut Interrupt,
) -> Result<(RunState<B, O>, StopReason), Failure> {
    let config = &session.run.config;
    let mut source = batches::<B>(config, &session.run.examples, session.device)?;
    let mut due = CheckpointDue::new(config.training.checkpoint_every);
    let mut progress = Progress(watch.bar.clone());
    let mut dead = watch.dead.clone();
    loop {
        let mut lifted;
        let shown: &mut dyn Probe<B, ConstInit<B>> = match &session.small {
            Some(small) => {
                lifted = LiftedProbe::new(&mut *watch, small.lifting.clone());
                &mut lifted
            }
            None => &mut *watch,
        };
        let mut said = Vec::new();
        let probes: &mut [&mut dyn Probe<B, ConstInit<B>>] =
            &mut [&mut dead, shown, &mut progress, interrupt, &mut due];
        let say = |what| said.push(what);
        let is_quotient = session.small.is_some();
        let trained = train_configured(config, state, &mut source, is_quotient, probes, say)?;
        // A live view uses the whole terminal.
        if !watch.screen.is_live() {
            let screen = &mut *watch.screen;
            let show = || said.iter().try_for_each(|said| screen.remark(said));
            watch.bar.suspend(show).map_err(on_screen)?;
        }
        state = trained.state;
        if let Some(failure) = watch.failure.take() {
            return Err(failure);
        }
        let diverged = matches!(trained.ended, StopReason::Diverged(_));
        if !diverged && state.step > 0 {
            session.save(&state, watch)?;
        }
        let only_a_checkpoint = due.due && interrupt.reason().is_none() && !watch.is_lost();
        if diverged || !only_a_checkpoint || state.step >= config.training.steps {
            let ended = match (trained.ended, interrupt.reason()) {
                (StopReason::Stopped { .. }, _) if state.step >= config.training.steps => {
                    StopReason::Finished
                }
                // A signal or a key that came while the checkpoint was written.
                (StopReason::Stopped { .. }, Some(reason)) if due.due => {
                    StopReason::Stopped { reason: reason.to_owned() }
                }
                (ended, _) => ended,
            };
            return Ok((state, ended));
        }
        due.done();
    }
}

fn progress(screen: &Screen, steps: usize) -> ProgressBar {
    if !screen.is_sparse() {
        return ProgressBar::hidden();
    }
    progress_bar(steps, "steps")
}
