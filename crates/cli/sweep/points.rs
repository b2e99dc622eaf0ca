//! The runs of a sweep, one by one.

use super::closed_form::{self, Tried};
use super::config::SweepConfig;
use super::folder::{Done, SweepFolder};
use super::on_backend;
use super::outcome::Outcome;
use super::table::{Row, SweepCell};
use crate::backend_name::{BackendName, Limits};
use crate::config::RunConfig;
use crate::data::Examples;
use crate::failure::Failure;
use crate::plan;
use crate::run::{Interrupt, check_memory};
use crate::shard::Shard;
use burn::tensor::backend::AutodiffBackend;
use constinit::train::Loss;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// How many points that follow each other belong to one share at most.
const BLOCK: usize = 64;

/// Whether a point is one of a share. Shares are blocks of points, each machine's spread over the whole sweep, and as even
/// as their numbers allow to an eighth.
fn is_of(shard: Shard, point: usize, points: usize) -> bool {
    let block = (points / shard.of.saturating_mul(8)).clamp(1, BLOCK);
    point / block % shard.of == shard.number - 1
}

/// The points that are to be run.
pub struct Points {
    sweep: SweepConfig,
    /// Without data, where it does not vary.
    lean: SweepConfig,
    layers: usize,
    done: Done,
    shard: Option<Shard>,
    backend: BackendName,
    limits: Limits,
    interrupt: Interrupt,
    next: AtomicUsize,
    known: Mutex<Vec<(Fit, Arc<Examples>)>>,
}

/// What examples are made to fit.
type Fit = (Option<usize>, Option<usize>, Loss);

impl Points {
    pub fn new(
        sweep: SweepConfig,
        folder: &SweepFolder,
        done: Done,
        shard: Option<Shard>,
        (backend, limits): (BackendName, Limits),
        interrupt: Interrupt,
    ) -> Self {
        let lean = sweep.without_data();
        let (layers, next) = (folder.layers(), AtomicUsize::new(0));
        let known = Mutex::default();
        Self { sweep, lean, layers, done, shard, backend, limits, interrupt, next, known }
    }

    /// How many points are still to be run here.
    pub fn left(&self) -> usize {
        (0..self.sweep.points()).filter(|point| self.is_due(*point)).count()
    }

    fn is_due(&self, point: usize) -> bool {
        let ours = |shard: Shard| is_of(shard, point, self.sweep.points());
        !self.done.contains(point) && self.shard.is_none_or(ours)
    }

    /// Takes points and runs them until there are no more, or a signal or the other end asks to stop.
    pub fn work<B: AutodiffBackend>(&self, device: &B::Device, rows: &Sender<Row>) {
        while self.interrupt.signal().is_none() {
            let point = self.next.fetch_add(1, Ordering::Relaxed);
            if point >= self.sweep.points() {
                return;
            }
            if !self.is_due(point) {
                continue;
            }
            let Some(row) = self.row::<B>(point, device) else { return };
            if rows.send(row).is_err() {
                return;
            }
        }
    }

    fn row<B: AutodiffBackend>(&self, point: usize, device: &B::Device) -> Option<Row> {
        let began = Instant::now();
        // A panic in a framework or a driver is the end of one run, not of all.
        let tried = catch_unwind(AssertUnwindSafe(|| self.run::<B>(point, device)));
        let tried = tried.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(Failure::usage(format!("panicked: {}", text.unwrap_or("without a message"))))
        });
        let outcome = match tried {
            Ok(outcome) => outcome?,
            Err(failure) => Outcome::failed(failure),
        };
        let outcome = Outcome { seconds: began.elapsed().as_secs_f64(), ..outcome };
        let mut row = vec![SweepCell::from(point)];
        let values = self.lean.values(point);
        row.extend(self.lean.keys.iter().zip(&values).map(|(key, value)| key.cell(value)));
        row.extend(outcome.cells(self.layers));
        Some(row)
    }

    fn run<B: AutodiffBackend>(
        &self,
        point: usize,
        device: &B::Device,
    ) -> Result<Option<Outcome>, Failure> {
        let config = self.lean.config(point)?;
        let network = config.model.network().check();
        network.map_err(|error| Failure::usage(format!("model.{error}")))?;
        if !config.init.is_empty() {
            plan::check(&config)?;
        }
        let examples = self.examples(point, &config)?;
        let rows = examples.inputs.rows;
        check_memory(
            &config,
            rows,
            true,
            self.backend,
            Limits { largest_tensor: None, ..self.limits },
        )?;
        let interrupted = || self.interrupt.signal().is_some();
        match closed_form::train(&config, &examples, &interrupted)? {
            Tried::Trained(outcome) => Ok(Some(*outcome)),
            Tried::Interrupted => Ok(None),
            Tried::NotHere(why) => {
                check_memory(&config, rows, false, self.backend, self.limits)?;
                let on = (self.backend.as_str(), device);
                on_backend::train::<B>(&config, &examples, on, why, &self.interrupt)
            }
        }
    }

    /// The examples of a run. Where they are not varied, they are read once for each way in which they are used.
    fn examples(&self, point: usize, config: &RunConfig) -> Result<Arc<Examples>, Failure> {
        let read = || {
            let config = self.sweep.config(point)?;
            Ok::<_, Failure>(Arc::new(Examples::read(&config, self.sweep.folder())?.0))
        };
        if self.sweep.varies("data") {
            return read();
        }
        let dims = &config.model.layer_dims;
        let fit = (dims.first().copied(), dims.last().copied(), config.training.loss);
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known().iter().find(|(known, _)| *known == fit).map(|(_, set)| Arc::clone(set));
        if let Some(examples) = found {
            return Ok(examples);
        }
        let examples = read()?;
        known().push((fit, Arc::clone(&examples)));
        Ok(examples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_even_and_every_point_is_in_one() {
        for (points, of) in [(80, 8), (1000, 8), (5, 3), (3, 8), (262_144, 3)] {
            let mut counts = vec![0; of];
            for point in 0..points {
                let shares = (1..=of).filter(|&number| is_of(Shard { number, of }, point, points));
                let [share] = shares.collect::<Vec<_>>()[..] else { panic!("in one share") };
                counts[share - 1] += 1;
            }
            let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
            assert!(
                most - least <= points.div_ceil(8 * of).min(BLOCK),
                "{points} {of}: {counts:?}"
            );
        }
    }
}
