//! The probes of a run: readings, progress, due checkpoints, and signals to end.

use super::forecast::forecast_record;
use super::readings::{first_break_record, reading_record, write_line};
use super::{
    ExpectedCheck, Forecasts, Live, Logs, Names, Screen, SharedDeadWatch, Tally, UnitsFile,
};
use crate::failure::Failure;
use burn::module::AutodiffModule;
use burn::tensor::TensorData;
use burn::tensor::backend::AutodiffBackend;
use constinit::ConstInit;
use constinit::probe::{
    EscapeReading, Flow, Observation, Probe, Schedule, SymmetryProbe, properties_of,
};
use indicatif::ProgressBar;
use std::fs::File;
use std::io::{self, Seek};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The time between checkpoints without `checkpoint_every`.
const CHECKPOINT_PERIOD: Duration = Duration::from_secs(5);

/// Why a run stops after a signal.
pub const INTERRUPTED: &str = "interrupted";
/// Why a run stops that its user ended in the live view.
pub const STOPPED: &str = "stopped in the live view";

/// Takes a reading, shows it and saves it.
pub struct Watch<'a, B: AutodiffBackend> {
    pub schedule: Schedule,
    pub names: Names,
    /// Has seen the network as it was before training.
    pub symmetry: SymmetryProbe,
    pub forecasts: Option<Forecasts<B>>,
    /// Observes each state before the readings do.
    pub dead: SharedDeadWatch<B>,
    /// How many of the probe's breaks the tally knows.
    pub known_breaks: usize,
    pub tally: Tally,
    pub screen: &'a mut Screen,
    pub readings: Option<File>,
    pub logs: Logs,
    pub units: Option<UnitsFile>,
    /// The steps whose states of the units are saved, in addition to those of first breaks.
    pub units_schedule: Schedule,
    /// Lines to print before training, in addition to what the classes mean.
    pub remarks: Vec<String>,
    pub comparison: Option<ExpectedCheck>,
    pub bar: ProgressBar,
    pub live: Option<Live>,
    /// The number of readings taken.
    pub number: usize,
    pub failure: Option<Failure>,
}

impl<B: AutodiffBackend> Watch<'_, B> {
    /// Bytes of readings that are written.
    pub fn bytes(&mut self) -> io::Result<u64> {
        match &mut self.readings {
            Some(file) => {
                // A checkpoint vouches for these bytes, so they must be there after a crash.
                file.sync_data()?;
                file.stream_position()
            }
            None => Ok(0),
        }
    }

    /// Bytes of states of the units that are written and on the disk, as for the readings.
    pub fn unit_bytes(&mut self) -> io::Result<u64> {
        self.units.as_mut().map_or(Ok(0), UnitsFile::bytes)
    }

    /// Writes a line to the kept readings.
    pub fn keep(&mut self, line: &impl serde::Serialize) -> io::Result<()> {
        match &mut self.readings {
            Some(file) => write_line(file, line),
            None => Ok(()),
        }
    }

    /// Whether the run has neither a reader nor a folder.
    pub fn is_lost(&self) -> bool {
        self.screen.closed() && self.readings.is_none()
    }

    fn look(&mut self, seen: &Observation<'_, B, ConstInit<B>>) -> Result<(), Failure> {
        // Forecasts come first: the lines before training precede the first reading.
        let forecasts = self.forecasts.as_mut().filter(|forecasts| forecasts.due(seen.step));
        let forecast = match forecasts {
            Some(forecasts) => forecasts.read(seen).map_err(Failure::usage)?.cloned(),
            None => None,
        };
        if self.schedule.due(seen.step) {
            self.read(seen, forecast.as_ref())?;
        }
        let Some(forecast) = &forecast else { return Ok(()) };
        let line = forecast_record(forecast);
        self.keep(&line).map_err(in_readings)?;
        let screen = &mut *self.screen;
        self.bar.suspend(|| screen.json_line(&line)).map_err(crate::failure::on_screen)
    }

    fn read(
        &mut self,
        seen: &Observation<'_, B, ConstInit<B>>,
        forecast: Option<&EscapeReading>,
    ) -> Result<(), Failure> {
        let data: Vec<&TensorData> = seen.parameters().iter().map(|p| &p.data).collect();
        let (properties, _) =
            properties_of(seen.model, seen.parameters()).map_err(Failure::usage)?;
        let first = seen.step == 0;
        if !first {
            self.symmetry.observe(seen);
        }
        if let Some(reason) = self.symmetry.failed() {
            return Err(Failure::usage(reason));
        }
        let Some(reading) = self.symmetry.readings().last() else { return Ok(()) };
        let spaces: Vec<&str> =
            self.symmetry.axes().spaces().iter().map(|space| space.name()).collect();
        self.tally.add(&spaces, &properties, reading);
        for found in &self.symmetry.breaks()[self.known_breaks..] {
            self.tally.add_break(first_break_record(found, &self.names));
        }
        let broke = self.symmetry.breaks().len() > self.known_breaks;
        self.known_breaks = self.symmetry.breaks().len();
        if let Some(units) =
            self.units.as_mut().filter(|_| broke || self.units_schedule.due(seen.step))
        {
            units.keep(seen.step, self.symmetry.axes(), &self.names.paths, &data)?;
        }
        let names = self.names.in_files.iter().map(String::as_str);
        if let Some(comparison) = &mut self.comparison {
            comparison.parameters(seen.step, names.clone().zip(data.iter().copied()));
        }
        let mut certificate: Vec<String> = Vec::new();
        if first {
            certificate.extend(self.symmetry.summary().lines().map(str::to_owned));
            certificate.append(&mut self.remarks);
        }
        let kept = first.then(|| certificate.clone());
        let dead = self.dead.counts(seen.step);
        let line = reading_record(&spaces, reading, &properties, dead.as_deref(), kept);
        if first {
            let outlooks = forecast.iter().flat_map(|forecast| &forecast.spaces);
            certificate.extend(outlooks.map(ToString::to_string));
        }
        let kept = self.readings.as_mut().map_or(Ok(()), |file| write_line(file, &line));
        kept.map_err(in_readings)?;
        self.logs.write(&line)?;
        if let Some(live) = &mut self.live {
            live.add(&line, &self.tally, self.number + 1);
        }
        let screen = &mut *self.screen;
        let number = self.number;
        self.number += 1;
        self.bar
            .suspend(|| {
                screen.certificate(&certificate)?;
                screen.reading(number, &line, (reading, &properties), || names.zip(data))
            })
            .map_err(crate::failure::on_screen)
    }
}

/// `readings.jsonl` cannot be written.
pub fn in_readings(error: io::Error) -> Failure {
    Failure::usage(format!("readings.jsonl: {error}"))
}

impl<B: AutodiffBackend> Probe<B, ConstInit<B>> for Watch<'_, B> {
    fn due(&self, step: usize) -> bool {
        self.schedule.due(step) || self.forecasts.as_ref().is_some_and(|them| them.due(step))
    }

    fn reads_gradients(&self) -> bool {
        Probe::<B, ConstInit<B>>::reads_gradients(&self.symmetry)
    }

    fn observe(&mut self, seen: &Observation<'_, B, ConstInit<B>>) -> Flow {
        match self.look(seen) {
            Ok(()) if self.is_lost() => {
                Flow::Stop { reason: "standard output was closed".to_owned() }
            }
            Ok(()) => Flow::Continue,
            Err(failure) => {
                let reason = failure.to_string();
                self.failure = Some(failure);
                Flow::Stop { reason }
            }
        }
    }
}

/// Moves the progress bar.
pub struct Progress(pub ProgressBar);

impl<B: AutodiffBackend, M: AutodiffModule<B>> Probe<B, M> for Progress {
    fn observe(&mut self, seen: &Observation<'_, B, M>) -> Flow {
        self.0.set_position(seen.step as u64);
        Flow::Continue
    }
}

/// Stops the loop when a checkpoint is due.
pub struct CheckpointDue {
    every: Option<usize>,
    last: Instant,
    /// Whether this is what stopped the loop.
    pub due: bool,
}

impl CheckpointDue {
    pub fn new(every: Option<usize>) -> Self {
        Self { every, last: Instant::now(), due: false }
    }

    /// A checkpoint was written.
    pub fn done(&mut self) {
        self.due = false;
        self.last = Instant::now();
    }
}

impl<B: AutodiffBackend, M: AutodiffModule<B>> Probe<B, M> for CheckpointDue {
    fn observe(&mut self, seen: &Observation<'_, B, M>) -> Flow {
        self.due = seen.step > 0
            && match self.every {
                Some(every) => seen.step.is_multiple_of(every),
                None => self.last.elapsed() >= CHECKPOINT_PERIOD,
            };
        if self.due {
            Flow::Stop { reason: "a checkpoint is due".to_owned() }
        } else {
            Flow::Continue
        }
    }
}

/// Stops the loop after a signal that asks the program to end, or a key that asks the run to.
#[derive(Clone, Debug)]
pub struct Interrupt {
    /// The number of the signal; 0 before there is one.
    signal: Arc<AtomicUsize>,
    /// Whether a signal has come since `has_come` was last called.
    came: Arc<AtomicBool>,
    /// Whether the run was asked to end without a signal.
    stopped: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens for Ctrl-C and for SIGTERM, which batch systems and containers send some time before they end a program.
    /// A second signal ends the program at once. With a `live` view it does not: the view has a terminal to restore
    /// first, and calls [`has_come`](Self::has_come).
    pub fn listen(live: bool) -> Self {
        use signal_hook::consts::{SIGINT, SIGTERM};
        use signal_hook::flag;
        let signal = Arc::<AtomicUsize>::default();
        let came = Arc::<AtomicBool>::default();
        // The first signal sets this, if the second one must end the program.
        let again = Arc::<AtomicBool>::default();
        for number in [SIGINT, SIGTERM] {
            // Handlers run in this order, so the first signal only sets the flag. If a handler cannot be set, a signal
            // ends the program at once, as without handlers.
            let _ = flag::register_conditional_shutdown(number, 128 + number, Arc::clone(&again))
                .and_then(|_| flag::register(number, Arc::clone(if live { &came } else { &again })))
                .and_then(|_| {
                    flag::register_usize(
                        number,
                        Arc::clone(&signal),
                        number.unsigned_abs() as usize,
                    )
                });
        }
        Self { signal, came, stopped: Arc::default() }
    }

    /// Acts as if Ctrl-C had come as a signal.
    pub fn raise(&self) {
        self.signal.store(signal_hook::consts::SIGINT.unsigned_abs() as usize, Ordering::Relaxed);
        self.came.store(true, Ordering::Relaxed);
    }

    /// Asks the run to end after its step. That is not a failure.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether the run was asked to end without a signal.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Why the run must end, if it must. A signal counts more than a key.
    pub fn reason(&self) -> Option<&'static str> {
        match self.signal() {
            Some(_) => Some(INTERRUPTED),
            None => self.is_stopped().then_some(STOPPED),
        }
    }

    /// Whether a signal has come since the last call.
    pub fn has_come(&self) -> bool {
        self.came.swap(false, Ordering::Relaxed)
    }

    /// The signal that has come, if one has.
    pub fn signal(&self) -> Option<u8> {
        let number = self.signal.load(Ordering::Relaxed);
        u8::try_from(number).ok().filter(|number| *number > 0)
    }
}

impl<B: AutodiffBackend, M: AutodiffModule<B>> Probe<B, M> for Interrupt {
    fn observe(&mut self, _: &Observation<'_, B, M>) -> Flow {
        match self.reason() {
            Some(reason) => Flow::Stop { reason: reason.to_owned() },
            None => Flow::Continue,
        }
    }
}
