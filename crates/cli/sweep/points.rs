//! The runs of a sweep, one by one.

use super::closed_form::{self, Tried};
use super::config::SweepConfig;
use super::configs::Configs;
use super::folder::{Done, SweepFolder};
use super::on_backend;
use super::outcome::Outcome;
use super::table::{Row, SweepCell};
use crate::backend_name::{BackendName, Limits};
use crate::config::{RunConfig, SeenBatches};
use crate::data::Examples;
use crate::failure::Failure;
use crate::plan;
use crate::run::{Interrupt, check_memory};
use crate::shard::Shard;
use burn::tensor::backend::AutodiffBackend;
use constinit::train::Loss;
use constinit_core::check_layer_dims;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use toml::Value;

/// The largest number of consecutive points in a block of a share.
const BLOCK: usize = 64;

/// Whether a point belongs to a share. The shares take blocks of points in turn, so each is spread over the whole
/// sweep. A block is at most an eighth of a share, or one point, so the shares have nearly the same size.
fn is_of(shard: Shard, point: usize, points: usize) -> bool {
    let block = (points / shard.of.saturating_mul(8)).clamp(1, BLOCK);
    point / block % shard.of == shard.number - 1
}

/// A worker hands over the rows of this much time at once. It is too short to notice, and little work to lose if the
/// sweep is killed.
const HELD: Duration = Duration::from_millis(50);

/// The points to run.
pub struct Points {
    sweep: SweepConfig,
    /// The sweep without data, if the data do not vary.
    lean: SweepConfig,
    layers: usize,
    /// The number of columns of the table.
    columns: usize,
    done: Done,
    shard: Option<Shard>,
    on: SweepBackend,
    limits: OnceLock<Result<Limits, Failure>>,
    interrupt: Interrupt,
    next: AtomicUsize,
    known: Mutex<Vec<(Fit, Arc<Examples>)>>,
}

/// The backend that trains the runs without a closed form.
pub struct SweepBackend {
    pub name: BackendName,
    /// Free memory of this machine, in bytes, if it is known: for runs in closed form.
    pub memory: Option<u64>,
    /// Looks for the device of the backend. Called once, when the first run needs it: drivers are slow, and some write
    /// to standard error.
    pub find: fn(BackendName) -> Result<Limits, Failure>,
}

/// The keys that decide how the examples are read.
type Fit = (Option<usize>, Option<usize>, Loss);

impl Points {
    pub fn new(
        sweep: SweepConfig,
        folder: &SweepFolder,
        done: Done,
        shard: Option<Shard>,
        on: SweepBackend,
        interrupt: Interrupt,
    ) -> Self {
        let lean = sweep.without_data();
        let (layers, columns) = (folder.layers(), folder.schema().columns.len());
        let (next, known) = (AtomicUsize::new(0), Mutex::default());
        let limits = OnceLock::new();
        Self { sweep, lean, layers, columns, done, shard, on, limits, interrupt, next, known }
    }

    /// How many points remain to run here.
    pub fn left(&self) -> usize {
        (0..self.sweep.points()).filter(|point| self.is_due(*point)).count()
    }

    fn is_due(&self, point: usize) -> bool {
        let ours = |shard: Shard| is_of(shard, point, self.sweep.points());
        !self.done.contains(point) && self.shard.is_none_or(ours)
    }

    /// What fits on the backend. Looks for the backend when the first run needs it.
    fn limits(&self) -> &Result<Limits, Failure> {
        self.limits.get_or_init(|| (self.on.find)(self.on.name))
    }

    /// Why a backend that a run needed was not found.
    pub fn without_backend(self) -> Option<Failure> {
        self.limits.into_inner()?.err()
    }

    /// Takes points and runs them until there are no more, or until a signal or the receiver asks to stop.
    pub fn work<B: AutodiffBackend>(&self, device: &B::Device, rows: &Sender<Vec<Row>>) {
        let mut worker = Worker::new(self);
        let (mut held, mut handed_over) = (Vec::new(), Instant::now());
        while self.interrupt.signal().is_none() {
            let point = self.next.fetch_add(1, Ordering::Relaxed);
            if point >= self.sweep.points() {
                break;
            }
            if !self.is_due(point) {
                continue;
            }
            let Some((row, ended)) = worker.row::<B>(point, device) else { break };
            held.push(row);
            if ended - handed_over >= HELD {
                handed_over = ended;
                if rows.send(std::mem::take(&mut held)).is_err() {
                    return;
                }
            }
        }
        // If the receiver is gone, nothing needs the rows.
        let _ = rows.send(held);
    }

    /// The examples of a run. If data do not vary, they are read once for each way in which they are used.
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

/// One thread that runs points, and what it keeps from one to the next.
struct Worker<'a> {
    points: &'a Points,
    configs: Configs<'a>,
    batches: Option<SeenBatches>,
}

impl<'a> Worker<'a> {
    fn new(points: &'a Points) -> Self {
        Self { points, configs: Configs::new(&points.lean), batches: None }
    }

    /// The row of a point, and when it was ready.
    fn row<B: AutodiffBackend>(
        &mut self,
        point: usize,
        device: &B::Device,
    ) -> Option<(Row, Instant)> {
        let began = Instant::now();
        let lean = &self.points.lean;
        let values = lean.values(point);
        // A panic in a framework or a driver ends one run, not the sweep.
        let tried = catch_unwind(AssertUnwindSafe(|| self.run::<B>(point, &values, device)));
        let tried = tried.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(Failure::usage(format!("panicked: {}", text.unwrap_or("without a message"))))
        });
        let outcome = match tried {
            Ok(outcome) => outcome?,
            Err(failure) => Outcome::failed(failure),
        };
        let ended = Instant::now();
        let outcome = Outcome { seconds: (ended - began).as_secs_f64(), ..outcome };
        let mut row = Vec::with_capacity(self.points.columns);
        row.push(SweepCell::from(point));
        row.extend(lean.keys.iter().zip(&values).map(|(key, value)| key.cell(value)));
        row.extend(outcome.cells(self.points.layers));
        Some((row, ended))
    }

    fn run<B: AutodiffBackend>(
        &mut self,
        point: usize,
        values: &[Value],
        device: &B::Device,
    ) -> Result<Option<Outcome>, Failure> {
        let Points { on: SweepBackend { name: backend, memory, .. }, interrupt, .. } = self.points;
        let config = self.configs.config(point, values)?;
        let network = check_layer_dims(&config.model.layer_dims);
        network.map_err(|error| Failure::usage(format!("model.{error}")))?;
        if !config.init.is_empty() {
            plan::check(config)?;
        }
        let examples = self.points.examples(point, config)?;
        let rows = examples.inputs.rows;
        check_memory(
            config,
            rows,
            true,
            *backend,
            Limits { largest_tensor: None, memory: *memory },
        )?;
        let known = self.batches.take().filter(|known| known.are_of(config, &examples));
        let batches = known.unwrap_or_else(|| SeenBatches::new(config, &examples));
        let batches = self.batches.insert(batches);
        let interrupted = || interrupt.signal().is_some();
        match closed_form::train(config, &examples, batches, &interrupted)? {
            Tried::Trained(outcome) => Ok(Some(*outcome)),
            Tried::Interrupted => Ok(None),
            Tried::NotHere(why) => {
                let Ok(limits) = self.points.limits() else { return Ok(None) };
                check_memory(config, rows, false, *backend, *limits)?;
                let on = (backend.as_str(), device);
                on_backend::train::<B>(config, &examples, on, why, interrupt)
            }
        }
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
