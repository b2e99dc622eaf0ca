//! The probes of a run: readings, checkpoints that fall due, Ctrl-C.

use super::readings::{Reading, write_line};
use super::{Comparison, Screen, Tally};
use crate::failure::Failure;
use burn::module::AutodiffModule;
use burn::tensor::TensorData;
use burn::tensor::backend::AutodiffBackend;
use constinit::ConstInit;
use constinit::probe::{Flow, Observation, Probe, Schedule, properties_of};
use indicatif::ProgressBar;
use std::fs::File;
use std::io::{self, Seek};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Without `checkpoint_every`, a checkpoint is written this often.
const CHECKPOINT_PERIOD: Duration = Duration::from_secs(5);

/// Takes a reading, shows it and keeps it.
pub struct Watch<'a> {
    pub schedule: Schedule,
    /// Names of parameters, in the order in which Burn visits them.
    pub names: Vec<String>,
    pub tally: Tally,
    pub screen: &'a mut Screen,
    pub readings: Option<File>,
    pub comparison: Option<Comparison<'a>>,
    pub bar: ProgressBar,
    /// Readings taken.
    pub number: usize,
    pub failure: Option<Failure>,
}

impl Watch<'_> {
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

    fn read<B: AutodiffBackend>(
        &mut self,
        seen: &Observation<'_, B, ConstInit<B>>,
    ) -> Result<(), Failure> {
        let data: Vec<&TensorData> = seen.parameters().iter().map(|p| &p.data).collect();
        let (properties, hidden) =
            properties_of(seen.model, seen.parameters()).map_err(Failure::usage)?;
        self.tally.add(seen.step, &properties, &hidden);
        if let Some(comparison) = &mut self.comparison {
            comparison.parameters(seen.step, &data);
        }
        let reading = Reading::new(seen.step, seen.loss, &properties, &hidden);
        self.keep(&reading).map_err(|error| Failure::usage(format!("readings.jsonl: {error}")))?;
        let names = &self.names;
        let screen = &mut *self.screen;
        let number = self.number;
        self.number += 1;
        self.bar
            .suspend(|| {
                screen.reading(number, (seen.step, seen.loss), (&properties, &hidden), || {
                    names.iter().map(String::as_str).zip(data)
                })
            })
            .map_err(|error| Failure::usage(format!("standard output: {error}")))
    }
}

impl<B: AutodiffBackend> Probe<B, ConstInit<B>> for Watch<'_> {
    fn due(&self, step: usize) -> bool {
        self.bar.set_position(step as u64);
        self.schedule.due(step)
    }

    fn observe(&mut self, seen: &Observation<'_, B, ConstInit<B>>) -> Flow {
        match self.read(seen) {
            Ok(()) if self.is_lost() => {
                Flow::Stop { reason: "nobody reads standard output".to_owned() }
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

/// Stops the loop where a checkpoint is to be written.
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

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Whether the user has asked to stop.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Stops the loop after Ctrl-C.
pub struct Interrupt;

impl Interrupt {
    /// Listens for Ctrl-C. A second one ends the program at once.
    pub fn listen() -> Self {
        // It fails only where another handler is set; then the program ends as it would without.
        let _ = ctrlc::set_handler(|| {
            if INTERRUPTED.swap(true, Ordering::Relaxed) {
                std::process::exit(i32::from(crate::failure::code::INTERRUPTED));
            }
        });
        Self
    }
}

impl<B: AutodiffBackend, M: AutodiffModule<B>> Probe<B, M> for Interrupt {
    fn observe(&mut self, _: &Observation<'_, B, M>) -> Flow {
        if interrupted() { Flow::Stop { reason: "interrupted".to_owned() } } else { Flow::Continue }
    }
}
