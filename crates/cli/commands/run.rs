//! `constinit run`: train, watch, keep, judge.

use super::progress_bar;
use crate::backend::{self, Job};
use burn::module::AutodiffModule;
use burn::optim::Optimizer;
use burn::tensor::TensorData;
use burn::tensor::backend::AutodiffBackend;
use constinit::params::{HostParameter, read_parameters};
use constinit::probe::{Observation, Probe, Schedule, SymmetryProbe};
use constinit::surgery::{LiftedProbe, Lifting, Quotient, quotient, symmetry_of};
use constinit::train::{
    Batch, Divergence, Ended, NonFinite, Plan, TrainState, load_checkpoint, save_checkpoint, train,
};
use constinit::{ConstInit, Error};
use constinit_cli::args::{Preset, RunArgs};
use constinit_cli::backend_name::BackendName;
use constinit_cli::config::RunConfig;
use constinit_cli::data::{DataFiles, Examples, Matrix};
use constinit_cli::dynamics::clip;
use constinit_cli::failure::{Failure, on_screen};
use constinit_cli::plan;
use constinit_cli::run::{
    CheckpointDue, End, ExpectedCheck, Forecasts, INTERRUPTED, Interrupt, Lines, Live, LiveState,
    LiveWhat, LogPaths, Names, Progress, RunDirectory, Screen, ScreenMode, Start, Tally, Trained,
    UnitsFile, Watch, What, batches, check_memory, explain, in_readings, network, set,
    units_schedule, write_line,
};
use constinit_cli::sweep::SweepConfig;
use constinit_symmetry::Kind;
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A run that is ready to start.
struct Run {
    config: RunConfig,
    title: String,
    examples: Examples,
    /// A folder that is still to be made, and the data files that belong into it.
    out: Option<(PathBuf, DataFiles)>,
    directory: Option<RunDirectory>,
    resume: bool,
    said: ScreenMode,
    logs: LogPaths,
    /// Whether one unit is trained for each class.
    quotient: bool,
}

pub fn run(args: &RunArgs) -> Result<ExitCode, Failure> {
    let (run, backend) = match &args.resume {
        Some(folder) => resumed(folder, args)?,
        None => fresh(args)?,
    };
    backend::dispatch(backend, run)?
}

fn fresh(args: &RunArgs) -> Result<(Run, BackendName), Failure> {
    let backend = backend::choose(args.backend)?;
    let (config, title, folder) = match &args.config {
        Some(path) => {
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            let (config, title) = match args.index {
                Some(index) => (
                    SweepConfig::read(path)?.checked_config(index)?,
                    format!("{}, point {index}", path.display()),
                ),
                None => (RunConfig::read(path)?, path.display().to_string()),
            };
            (config, title, folder)
        }
        None => {
            let preset = args.preset.unwrap_or(Preset::Notebook);
            let config = RunConfig::parse(preset.text(), preset.name())?;
            (config, format!("preset {}", preset.name()), Default::default())
        }
    };
    let (examples, files) = check(&config, &folder, backend, args.quotient)?;
    let out = args.out.clone().map(|out| (out, files));
    let (said, quotient, logs) = (said(args)?, args.quotient, logs(args, &config)?);
    logs.check(args.out.as_deref())?;
    let run =
        Run { config, title, examples, out, directory: None, resume: false, said, logs, quotient };
    Ok((run, backend))
}

fn resumed(folder: &Path, args: &RunArgs) -> Result<(Run, BackendName), Failure> {
    let (directory, config) = RunDirectory::open(folder)?;
    let began = directory.backend().as_deref().and_then(BackendName::named);
    let backend = backend::choose(args.backend.or(began))?;
    let (said, quotient) = (said(args)?, directory.is_quotient());
    let (examples, _) = check(&config, folder, backend, quotient)?;
    let title = folder.display().to_string();
    let (directory, logs) = (Some(directory), logs(args, &config)?);
    logs.check_apart(Some(folder))?;
    let run =
        Run { config, title, examples, out: None, directory, resume: true, said, logs, quotient };
    Ok((run, backend))
}

fn said(args: &RunArgs) -> Result<ScreenMode, Failure> {
    match (args.json, args.tui) {
        (true, _) => Ok(ScreenMode::Json),
        (_, false) => Ok(ScreenMode::Lines),
        (_, true) if io::stdout().is_terminal() => Ok(ScreenMode::Live),
        (_, true) => Err(Failure::usage(
            "--tui: standard output is no terminal; without --tui the run prints plain lines",
        )),
    }
}

fn logs(args: &RunArgs, config: &RunConfig) -> Result<LogPaths, Failure> {
    let run = crc32fast::hash(config.to_toml()?.as_bytes());
    Ok(LogPaths { csv: args.csv.clone(), tensorboard: args.tensorboard.clone(), run })
}

/// Everything that can be found wrong before a folder is made.
fn check(
    config: &RunConfig,
    folder: &Path,
    backend: BackendName,
    quotient: bool,
) -> Result<(Examples, DataFiles), Failure> {
    config.model.network().check().map_err(|error| Failure::usage(format!("model.{error}")))?;
    plan::check(config)?;
    let (examples, files) = Examples::read(config, folder)?;
    backend::require(backend)?;
    check_memory(config, examples.inputs.rows, quotient, backend, backend::limits(backend))?;
    let style = anstyle::AnsiColor::Yellow.on_default().bold();
    for doubt in examples.doubts(config) {
        // A full disk behind standard error is no reason not to run.
        let _ = writeln!(anstream::stderr(), "{style}warning:{style:#} {doubt}");
    }
    Ok((examples, files))
}

/// What a checkpoint keeps beside the state of the training.
#[derive(Serialize, Deserialize)]
struct Note {
    readings_bytes: u64,
    units_bytes: u64,
    readings: usize,
    /// Steps done at the last reading.
    read: usize,
    tally: Tally,
    comparison: Option<ExpectedCheck>,
}

type State<B, O> = TrainState<ConstInit<B>, O, f64>;

impl Job for Run {
    type Output = Result<ExitCode, Failure>;

    fn run<B: AutodiffBackend>(mut self, backend: BackendName, device: &B::Device) -> Self::Output {
        B::seed(device, self.config.training.seed);
        let optimizer = self.config.training.optimizer.clone();
        let model = network::<B>(&self.config, device)?;
        let small = self.quotient.then(|| self.small::<B>(&model)).transpose()?;
        if let Some((out, files)) = self.out.take() {
            let (directory, config) =
                RunDirectory::create(&out, &self.config, &files, backend.as_str(), self.quotient)?;
            (self.directory, self.config) = (Some(directory), config);
        }
        let parameters = read_parameters(&model).iter().map(|p| p.data.num_elements()).sum();
        let readings = self.config.training.steps / self.config.probe.every;
        let mut screen = Screen::new(self.said, parameters, readings, self.config.training.steps);
        // Asked before the checkpoint takes its place: classes are followed from the start.
        let symmetry = SymmetryProbe::new(model.axes()?).with_facts(optimizer.facts());
        let symmetry = symmetry.gradients_on(units_schedule(&self.config));
        let mut symmetry = symmetry.without_history().reporting(|_| {});
        let start = Observation::before_training(&model);
        Probe::<B, ConstInit<B>>::observe(&mut symmetry, &start);
        let forecasts = self.forecasts::<B>(&start, device)?;
        let rate = optimizer.learning_rate();
        match small {
            None => {
                let session =
                    Session { run: &self, backend, device, quotient: None, lifting: None };
                let fresh = TrainState::new(model, optimizer.init()?, rate);
                session.start(fresh, symmetry, forecasts, &mut screen)
            }
            Some(small) => {
                // Its memory is what a quotient saves.
                drop(model);
                let trained = small.optimizer(optimizer.init::<B, ConstInit<B>>()?);
                let trained = match clip(&self.config.training) {
                    Some(clip) => trained.with_clip(clip),
                    None => trained,
                };
                let lifting = Some(trained.lifting().clone());
                let fresh = TrainState::new(small.module.clone(), trained, rate);
                let quotient = Some(small);
                let session = Session { run: &self, backend, device, quotient, lifting };
                session.start(fresh, symmetry, forecasts, &mut screen)
            }
        }
    }
}

impl Run {
    /// What is trained in the place of the network, where that gives the same numbers and is any smaller.
    fn small<B: AutodiffBackend>(
        &self,
        model: &ConstInit<B>,
    ) -> Result<Quotient<B, ConstInit<B>>, Failure> {
        let spec = model.axes()?;
        let refused = |reason: &dyn std::fmt::Display| {
            Failure::usage(format!("--quotient: {reason}; train in full, without --quotient"))
        };
        let classes = symmetry_of(model, &spec, Kind::Equitable)?;
        let facts = self.config.training.optimizer.facts();
        let small = quotient(model, &spec, &classes, &facts).map_err(|error| refused(&error))?;
        if small.is_identity() {
            return Err(refused(
                &"the hidden units all differ at the start: there is nothing to gain",
            ));
        }
        Ok(small)
    }

    /// What a checkpoint must say to belong to this run.
    fn fingerprint(&self, backend: BackendName) -> Result<String, Failure> {
        let (backend, data) = (backend.as_str(), self.examples.checksum());
        let quotient = if self.quotient { ", quotient" } else { "" };
        let config = self.config.to_toml()?;
        Ok(format!("backend {backend}, f32{quotient}\nexamples {data:08x}\n{config}"))
    }

    /// The state to start from: that of the last checkpoint where a run is resumed.
    fn checkpoint<B: AutodiffBackend, O: Optimizer<ConstInit<B>, B>>(
        &self,
        backend: BackendName,
        fresh: State<B, O>,
        device: &B::Device,
    ) -> Result<(State<B, O>, Option<Note>), Failure> {
        let newest = self.directory.as_ref().and_then(RunDirectory::newest_checkpoint);
        let Some(path) = newest.filter(|_| self.resume) else { return Ok((fresh, None)) };
        let found =
            load_checkpoint::<B, _, _, _>(&path, fresh, &self.fingerprint(backend)?, device)
                .map_err(|error| match error {
                    Error::Checkpoint { path, reason, fingerprints } => Failure::usage(format!(
                        "{}: {reason}\n  {}",
                        path.display(),
                        advice(fingerprints.as_ref())
                    )),
                    other => other.into(),
                })?;
        let note = serde_json::from_str(&found.note).map_err(|error| Failure::at(&path, error))?;
        Ok((found.state, Some(note)))
    }

    fn forecasts<B: AutodiffBackend>(
        &self,
        start: &Observation<'_, B, ConstInit<B>>,
        device: &B::Device,
    ) -> Result<Option<Forecasts<B>>, Failure> {
        let RunConfig { training, data, probe, .. } = &self.config;
        let Some(every) = probe.forecast else { return Ok(None) };
        let (examples, shift) = (set::<B>(&self.examples, device), data.shift_per_step);
        let (optimizer, loss) = (&training.optimizer, training.loss);
        Ok(Some(Forecasts::new(every, start, optimizer, loss, examples, shift)?))
    }

    fn targets_alike(&self) -> bool {
        let Matrix { columns, values, .. } = &self.examples.targets;
        values.chunks(*columns).all(|row| row.iter().all(|value| *value == row[0]))
    }
}

/// A run on a backend.
struct Session<'a, B: AutodiffBackend> {
    run: &'a Run,
    backend: BackendName,
    device: &'a B::Device,
    /// What is trained in the place of the network.
    quotient: Option<Quotient<B, ConstInit<B>>>,
    /// The way from there to the network.
    lifting: Option<Lifting>,
}

impl<B: AutodiffBackend> Session<'_, B> {
    fn start<O: Optimizer<ConstInit<B>, B>>(
        &self,
        fresh: State<B, O>,
        mut symmetry: SymmetryProbe,
        forecasts: Option<Forecasts<B>>,
        screen: &mut Screen,
    ) -> Result<ExitCode, Failure> {
        let (state, note) = self.run.checkpoint(self.backend, fresh, self.device)?;
        if let Some(note) = &note {
            symmetry.resume(note.read, note.tally.broken_spaces());
        }
        self.go(state, note, symmetry, forecasts, screen)
    }

    /// The network that a trained module stands for.
    fn full(&self, trained: &ConstInit<B>) -> Result<ConstInit<B>, Failure> {
        match &self.lifting {
            Some(lifting) => Ok(lifting.lift::<B, _>(trained)?),
            None => Ok(trained.clone()),
        }
    }

    fn go<O: Optimizer<ConstInit<B>, B>>(
        &self,
        state: State<B, O>,
        note: Option<Note>,
        symmetry: SymmetryProbe,
        forecasts: Option<Forecasts<B>>,
        screen: &mut Screen,
    ) -> Result<ExitCode, Failure> {
        let Run { config, title, directory, .. } = self.run;
        let start = Start::new(self.backend.as_str(), config, self.run.quotient);
        let from = state.step;
        let title = match from {
            0 => format!("{title} on {}", self.backend.as_str()),
            _ => format!("{title} on {}, from step {from}", self.backend.as_str()),
        };
        screen.start(&title, &start).map_err(on_screen)?;

        if let Some(small) = &self.quotient {
            let text = format!("one unit is trained for each class: {small}");
            screen.remark(&text).and_then(|()| screen.remark("")).map_err(on_screen)?;
        }

        let (read, names) = {
            let full = self.full(&state.model)?;
            let read = read_parameters(&full);
            let names = Names::of(&full, &read);
            (read, names)
        };
        let bar = self.progress(screen);
        let bytes = note.as_ref().map(|note| note.readings_bytes);
        let line = start.line().map_err(in_readings)?;
        let spaces: Vec<&str> = symmetry.axes().spaces().iter().map(|space| space.name()).collect();
        let readings = directory.as_ref().map(|d| d.open_readings(bytes, &line)).transpose()?;
        let bytes = note.as_ref().map(|note| note.units_bytes);
        let units = directory.as_ref().map(|d| d.open_units(bytes)).transpose()?;
        // All that can be refused is, before anything is cut; and a table before the readings that say how it goes on.
        let logs = match readings.as_ref().filter(|_| self.run.resume) {
            Some(lines) => {
                let next = (from < config.training.steps).then_some(from + usize::from(from > 0));
                self.run.logs.resume(&spaces, lines, next)?.cut()?
            }
            None => self.run.logs.create(&spaces)?,
        };
        let mut readings = readings.map(Lines::cut).transpose()?;
        let units = units.map(Lines::cut).transpose()?.map(UnitsFile::new);
        if let Some(directory) = directory {
            directory.forget_partial();
        }
        if let Some(small) = self.quotient.as_ref().filter(|_| from == 0) {
            let trained = Trained::new(&small.spaces, small.parameters);
            screen.json_line(&trained).map_err(on_screen)?;
            if let Some(file) = &mut readings {
                write_line(file, &trained).map_err(in_readings)?;
            }
        }
        let (number, tally, mut comparison) = match note {
            Some(note) => (note.readings, note.tally, note.comparison),
            None => (0, Tally::default(), config.expected.as_ref().map(ExpectedCheck::new)),
        };
        if from == 0 {
            let batch = set::<B>(&self.run.examples, self.device);
            // Without gradients, so that nothing is kept for them. A quotient computes what the network does.
            let outputs = state.model.valid().forward(batch.inputs.inner()).into_data();
            if let Some(comparison) = &mut comparison {
                comparison.outputs(&outputs);
            }
            let named = names.in_files.iter().map(String::as_str);
            let named = named.zip(read.iter().map(|p| &p.data));
            screen
                .parameters("parameters before training", named)
                .and_then(|()| screen.outputs(&outputs, &batch.targets.into_data()))
                .map_err(on_screen)?;
        }
        drop(read);
        let schedule = Schedule::every(config.probe.every).or(Schedule::at(config.training.steps));
        let failure = None;
        let mut interrupt = Interrupt::listen(screen.is_live());
        let live =
            screen.is_live().then(|| self.live(&title, from, &bar, &interrupt)).transpose()?;
        let mut watch = Watch {
            schedule,
            names,
            symmetry,
            forecasts,
            known_breaks: 0,
            tally,
            screen,
            readings,
            logs,
            units,
            units_schedule: units_schedule(config),
            comparison,
            bar,
            live,
            number,
            failure,
        };
        let (state, ended) = self.train(state, &mut watch, &mut interrupt)?;
        self.finish(&state, ended, watch, &interrupt)
    }

    /// Trains in stretches from checkpoint to checkpoint.
    fn train<O: Optimizer<ConstInit<B>, B>>(
        &self,
        mut state: State<B, O>,
        watch: &mut Watch<'_, B>,
        interrupt: &mut Interrupt,
    ) -> Result<(State<B, O>, Ended), Failure> {
        let config = &self.run.config;
        let loss = config.training.loss;
        let mut data = batches::<B>(config, &self.run.examples, self.device)?;
        // A quotient's optimizer clips by itself: a norm has to count what a unit stands for.
        let clip = clip(&config.training).filter(|_| self.quotient.is_none());
        let check_parameters = watch.schedule.clone();
        let plan = Plan { steps: config.training.steps, clip, check_parameters };
        let mut due = CheckpointDue::new(config.training.checkpoint_every);
        let mut progress = Progress(watch.bar.clone());
        loop {
            let mut lifted;
            let shown: &mut dyn Probe<B, ConstInit<B>> = match &self.lifting {
                Some(lifting) => {
                    lifted = LiftedProbe::new(&mut *watch, lifting.clone());
                    &mut lifted
                }
                None => &mut *watch,
            };
            let trained = train(
                state,
                &mut data,
                |model: &ConstInit<B>, batch: Batch<B>| {
                    loss.forward(model.forward(batch.inputs), batch.targets)
                },
                &plan,
                &mut [shown, &mut progress, interrupt, &mut due],
            );
            state = trained.state;
            if let Some(failure) = watch.failure.take() {
                return Err(failure);
            }
            let diverged = matches!(trained.ended, Ended::Diverged(_));
            if !diverged && state.step > 0 {
                self.save(&state, watch)?;
            }
            let only_a_checkpoint = due.due && interrupt.signal().is_none() && !watch.is_lost();
            if diverged || !only_a_checkpoint || state.step >= plan.steps {
                let ended = match trained.ended {
                    Ended::Stopped { .. } if state.step >= plan.steps => Ended::Finished,
                    // A signal that came while the checkpoint was written.
                    Ended::Stopped { .. } if due.due && interrupt.signal().is_some() => {
                        Ended::Stopped { reason: INTERRUPTED.to_owned() }
                    }
                    ended => ended,
                };
                return Ok((state, ended));
            }
            due.done();
        }
    }

    fn save<O: Optimizer<ConstInit<B>, B>>(
        &self,
        state: &State<B, O>,
        watch: &mut Watch<'_, B>,
    ) -> Result<(), Failure> {
        let Some(directory) = &self.run.directory else { return Ok(()) };
        let readings_bytes = watch.bytes().map_err(in_readings)?;
        let note = Note {
            readings_bytes,
            units_bytes: watch.unit_bytes().map_err(in_readings)?,
            readings: watch.number,
            read: watch.symmetry.readings().last().map_or(0, |reading| reading.step),
            tally: watch.tally.clone(),
            comparison: watch.comparison.clone(),
        };
        let note = serde_json::to_string(&note).map_err(Failure::usage)?;
        let path = directory.checkpoint(state.step);
        save_checkpoint::<B, _, _, _>(&path, state, &self.run.fingerprint(self.backend)?, &note)?;
        directory.forget_old_checkpoints();
        Ok(())
    }

    fn finish<O: Optimizer<ConstInit<B>, B>>(
        &self,
        state: &State<B, O>,
        ended: Ended,
        mut watch: Watch<'_, B>,
        interrupt: &Interrupt,
    ) -> Result<ExitCode, Failure> {
        let run = self.run;
        drop(watch.live.take());
        watch.bar.finish_and_clear();
        let parameters = match self.full(&state.model) {
            Ok(full) => read_parameters(&full),
            Err(error) => return self.lost(state.step, &ended, watch, &error),
        };
        let ended = match self.quotient {
            Some(_) => in_full(ended, &watch.names, &parameters),
            None => ended,
        };
        let data: Vec<&TensorData> = parameters.iter().map(|p| &p.data).collect();
        if let Some(directory) = &run.directory {
            let names = watch.names.in_files.iter().cloned();
            directory.write_parameters(names.zip(data.iter().copied()))?;
        }
        let tally = watch.tally.clone();
        let names = watch.names.clone();
        let interrupted = interrupt.signal().filter(|_| matches!(ended, Ended::Stopped { .. }));
        // A run that has not come to its end has not come to all numbers.
        let comparison = watch.comparison.take().filter(|_| ended == Ended::Finished);
        let end = End::new(
            state.step,
            tally.word(),
            tally.first_break(),
            &ended,
            &names,
            comparison.as_ref(),
        );
        watch.keep(&end).map_err(in_readings)?;
        watch.screen.json_line(&end).map_err(on_screen)?;
        if watch.screen.is_sparse() {
            let named = names.in_files.iter().map(String::as_str).zip(data.iter().copied());
            let heading = format!("\nparameters after step {}", state.step);
            watch.screen.parameters(&heading, named).map_err(on_screen)?;
        }
        let what = What {
            backend: self.backend.as_str(),
            optimizer: run.config.training.optimizer.name(),
            step: state.step,
            readings: watch.number,
            targets_alike: run.targets_alike(),
            finite: !matches!(ended, Ended::Diverged(_)),
        };
        let mut lines = tally.sentences(&what);
        lines.extend(comparison.as_ref().map(ExpectedCheck::sentence));
        let held = tally.first_break().is_none();
        watch.screen.verdict(held, &lines).map_err(on_screen)?;

        match ended {
            Ended::Diverged(divergence) => Err(Failure::diverged(format!(
                "the run diverged: {}{}",
                explain(&divergence, &names),
                self.kept()
            ))),
            _ => match (interrupted, comparison.as_ref().and_then(ExpectedCheck::difference)) {
                (Some(signal), _) => Err(Failure::interrupted(
                    signal,
                    format!(
                        "interrupted after step {}{}",
                        state.step,
                        match &run.directory {
                            Some(directory) => format!(
                                "{}; go on with --resume {}",
                                self.kept(),
                                directory.path().display()
                            ),
                            None => String::new(),
                        }
                    ),
                )),
                (None, Some(difference)) => Err(Failure::check(format!(
                    "not all numbers that were printed elsewhere came out: {difference}{}",
                    self.kept()
                ))),
                (None, None) => {
                    let kept = self.kept();
                    let remark = kept.trim_start_matches("; ");
                    if !remark.is_empty() {
                        watch.screen.remark(remark).map_err(on_screen)?;
                    }
                    Ok(ExitCode::SUCCESS)
                }
            },
        }
    }

    /// The end of a quotient's run whose numbers do not make a network any more.
    fn lost(
        &self,
        step: usize,
        ended: &Ended,
        mut watch: Watch<'_, B>,
        error: &Failure,
    ) -> Result<ExitCode, Failure> {
        let (tally, names) = (watch.tally.clone(), watch.names.clone());
        let end = End::new(step, tally.word(), tally.first_break(), ended, &names, None);
        watch.keep(&end).map_err(in_readings)?;
        watch.screen.json_line(&end).map_err(on_screen)?;
        let what = match ended {
            Ended::Diverged(divergence) => format!("{}; ", explain(divergence, &names)),
            _ => String::new(),
        };
        let kept = self.kept();
        Err(Failure::diverged(format!(
            "the run diverged: {what}no parameters to write: {error}{kept}"
        )))
    }

    /// Where the run's files are, if they are anywhere.
    fn kept(&self) -> String {
        let path = self.run.directory.as_ref().map(RunDirectory::path);
        path.map_or(String::new(), |path| {
            format!("; what there is was written to {}", path.display())
        })
    }

    /// The run in the terminal, from now on.
    fn live(
        &self,
        title: &str,
        from: usize,
        bar: &ProgressBar,
        interrupt: &Interrupt,
    ) -> Result<Live, Failure> {
        let RunConfig { model, training, .. } = &self.run.config;
        let optimizer = training.optimizer.name();
        let subject = format!(
            "{:?} {:?}, {optimizer} {}",
            model.layer_dims,
            model.activation,
            training.optimizer.learning_rate()
        );
        let (title, steps) = (title.to_owned(), training.steps);
        let state = LiveState { title, subject, steps, from, ..LiveState::default() };
        let targets_alike = self.run.targets_alike();
        let what = LiveWhat { backend: self.backend.as_str(), optimizer, targets_alike };
        Live::start(state, what, bar.clone(), interrupt.clone())
            .map_err(|error| Failure::usage(format!("--tui: the terminal: {error}")))
    }

    fn progress(&self, screen: &Screen) -> ProgressBar {
        let steps = self.run.config.training.steps;
        if !screen.is_sparse() || screen.is_live() {
            return ProgressBar::hidden();
        }
        progress_bar(steps, "steps")
    }
}

/// What to do where a checkpoint cannot be gone on from, by what it says against the run's fingerprint.
fn advice(fingerprints: Option<&[String; 2]>) -> &'static str {
    let Some([theirs, _]) = fingerprints else {
        return "to go on from an older checkpoint, or from the start, move this file away";
    };
    match theirs.split_once(' ') {
        Some(("examples", _)) => {
            "inputs or targets have changed since: put them back (or move a checkpoint of another run away)"
        }
        Some(("backend", _)) => "a run goes on where it began: name that backend, or none",
        _ => {
            "config.toml has changed since: put it back (or move a checkpoint of another run away); a run with other \
             settings is a new one: --config FILE --out DIR"
        }
    }
}

/// An entry of a quotient that is not finite, as an entry of the full network.
fn in_full(ended: Ended, names: &Names, parameters: &[HostParameter]) -> Ended {
    let Ended::Diverged(Divergence { step, what: NonFinite::Parameter { path, entry }, value }) =
        ended
    else {
        return ended;
    };
    let number = names.paths.iter().position(|known| *known == path);
    let data = number.map(|number| &parameters[number].data);
    let found = data.and_then(|data| data.iter::<f64>().position(|value| !value.is_finite()));
    let what = NonFinite::Parameter { path, entry: found.unwrap_or(entry) };
    Ended::Diverged(Divergence { step, what, value })
}
