//! The cost of a point of a sweep, compared with its training steps alone.
//!
//! `cargo bench --bench sweep` prints one line per case: the time of a point, and its ratio to the time of its training
//! steps in closed form. The time of a point includes everything that `constinit sweep` does for it, on one thread: its
//! configuration, its classes, its steps, the evaluation of the network after them, its row, writing the table with the
//! row, and its share of the summary. The steps alone are those of the same networks, with networks and batches
//! prepared beforehand. Both are timed alternately in one process; the table has medians over the rounds. `ROUNDS` sets
//! the number of rounds (31), `SIDE` the number of values of each of the two keys of a case (64).

use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use constinit::train::epoch_order;
use constinit_cli::backend_name::{BackendName, Limits};
use constinit_cli::config::{Clipped, RunConfig};
use constinit_cli::data::{DataFiles, Examples};
use constinit_cli::failure::Failure;
use constinit_cli::plan;
use constinit_cli::run::Interrupt;
use constinit_cli::sweep::{
    Points, Summary, SweepBackend, SweepConfig, SweepFolder, join_in_place,
};
use constinit_symmetry::dynamics::{Perceptron, Training};
use constinit_symmetry::{Activation, Loss, ParamView, quotient, twins};
use std::hint::black_box;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Instant;

type B = Autodiff<NdArray>;

/// For each case its name, the changes to the notebook's configuration, and what varies.
const CASES: [(&str, &str, &str); 5] = [
    ("notebook", "[data]\nshift_per_step = 1.0", CONSTANTS),
    ("notebook, unshifted", "", CONSTANTS),
    ("notebook, Adam on shuffled batches of 2", "[data]\nbatch_size = 2\nshuffle_seed = 1", ADAM),
    ("[3, 8, 8, 4], tanh", "[model]\nlayer_dims = [3, 8, 8, 4]\nactivation = \"tanh\"", CONSTANTS),
    (
        "notebook, random weights",
        "[[init]]\npath = \"*.weight\"\ninit = { type = \"normal\" }",
        SEEDS,
    ),
];

const CONSTANTS: &str = "init_w = { from = -2, to = 2, steps = SIDE }\n\
    training.optimizer.learning_rate = { from = 1e-3, to = 1, steps = SIDE, scale = \"log\" }\n";
const ADAM: &str = "training.optimizer.type = [\"adam\"]\n\
    init_w = { from = -2, to = 2, steps = SIDE }\n\
    training.optimizer.learning_rate = { from = 1e-3, to = 1, steps = SIDE, scale = \"log\" }\n";
const SEEDS: &str =
    "init.0.init.std = { from = 0.1, to = 1, steps = SIDE }\nseed = { seeds = SIDE }\n";

fn main() -> Result<(), Failure> {
    // `cargo test --benches` only checks that this builds and starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let (rounds, side) = (number("ROUNDS").unwrap_or(31), number("SIDE").unwrap_or(64));
    let interrupt = Interrupt::listen(false);
    println!("{:<42}{:>12}{:>12}{:>10}{:>8}", "case", "point", "steps", "per step", "ratio");
    for (name, set, varied) in CASES {
        let case = Case::new(set, &varied.replace("SIDE", &side.to_string()))?;
        let (mut points, mut steps) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            points.push(case.seconds_of_points(&interrupt)?);
            steps.push(case.seconds_of_steps()?);
        }
        let ratios = points.iter().zip(&steps).map(|(point, steps)| point / steps).collect();
        let [point, alone, ratio] = [points, steps, ratios].map(median);
        let done: usize = case.runs.iter().map(|run| run.done).sum();
        let runs = case.runs.len() as f64;
        println!(
            "{name:<42}{:>9.2} us{:>9.2} us{:>7.3} us{ratio:>8.2}",
            1e6 * point / runs,
            1e6 * alone / runs,
            1e6 * alone / done as f64
        );
    }
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A sweep, and its runs reduced to their training steps.
struct Case {
    sweep: SweepConfig,
    batches: Vec<[Vec<f64>; 2]>,
    runs: Vec<Run>,
}

struct Run {
    config: RunConfig,
    network: Perceptron<f64>,
    /// The number of steps until the end, or until the loss overflows single precision.
    done: usize,
}

impl Case {
    fn new(set: &str, varied: &str) -> Result<Self, Failure> {
        let mut base: toml::Table =
            constinit_cli::args::Preset::Notebook.text().parse().map_err(Failure::usage)?;
        base.remove("expected");
        if let Some(toml::Value::Table(data)) = base.get_mut("data") {
            data.remove("shift_per_step");
        }
        for (table, values) in set.parse::<toml::Table>().map_err(Failure::usage)? {
            match (base.get_mut(&table), values) {
                (Some(toml::Value::Table(base)), toml::Value::Table(values)) => base.extend(values),
                (_, values) => drop(base.insert(table, values)),
            }
        }
        let text = format!("{base}\n[sweep]\n{varied}");
        let sweep = SweepConfig::parse(&text, "sweep.toml", Path::new(""))?;
        let config = sweep.config(0)?;
        let batches = batches(&config, &Examples::read(&config, Path::new(""))?.0);
        let mut case = Self { sweep, batches, runs: Vec::new() };
        for point in 0..case.sweep.points() {
            let config = case.sweep.config(point)?;
            let mut run = Run { network: network(&config)?, config, done: 0 };
            run.done = run.train(&mut run.training()?, &case.batches)?;
            case.runs.push(run);
        }
        Ok(case)
    }

    fn seconds_of_points(&self, interrupt: &Interrupt) -> Result<f64, Failure> {
        let parent = tempfile::tempdir().map_err(Failure::usage)?;
        let path = parent.path().join("sweep");
        let folder = SweepFolder::create(&path, &self.sweep, &DataFiles::default())?;
        let keys: Vec<String> = self.sweep.keys.iter().map(|key| key.name.clone()).collect();
        let find = |_| Ok(Limits { largest_tensor: None, memory: None });
        let on = SweepBackend { name: BackendName::Ndarray, memory: None, find };
        let (sweep, done) = (self.sweep.clone(), folder.done()?);
        let start = Instant::now();
        let points = Points::new(sweep, &folder, done, None, on, interrupt.clone());
        let (sender, rows) = channel();
        // The program runs points inside a thread pool, so that no call waits for threads outside of it.
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let alone = alone.map_err(Failure::usage)?;
        alone.install(|| points.work::<B>(&Default::default(), &sender));
        drop(sender);
        folder.keep(&mut rows.iter().flatten().collect())?;
        join_in_place(&folder)?;
        let summary = Summary::read(&folder, &keys)?;
        let seconds = start.elapsed().as_secs_f64();
        assert_eq!((summary.done, summary.quotients), (self.runs.len(), self.runs.len()));
        Ok(seconds)
    }

    fn seconds_of_steps(&self) -> Result<f64, Failure> {
        let trainings = self.runs.iter().map(Run::training).collect::<Result<Vec<_>, _>>()?;
        let start = Instant::now();
        for (run, mut training) in self.runs.iter().zip(trainings) {
            assert_eq!(run.train(&mut training, &self.batches)?, run.done);
            black_box(training.network());
        }
        Ok(start.elapsed().as_secs_f64())
    }
}

type InClosedForm = Training<f64, Activation, Loss, Clipped>;

impl Run {
    fn training(&self) -> Result<InClosedForm, Failure> {
        let training = &self.config.training;
        let rule = Clipped::new(training, &self.network)
            .ok_or_else(|| Failure::usage("no closed form"))?;
        Ok(Training::new(self.network.clone(), self.config.model.activation, training.loss, rule))
    }

    fn train(
        &self,
        training: &mut InClosedForm,
        batches: &[[Vec<f64>; 2]],
    ) -> Result<usize, Failure> {
        for (done, [inputs, targets]) in batches.iter().enumerate() {
            let loss = training.step(inputs, targets).map_err(Failure::usage)?;
            if !(loss as f32).is_finite() {
                return Ok(done);
            }
        }
        Ok(batches.len())
    }
}

/// The quotient of the network that a run starts from, by its twins.
fn network(config: &RunConfig) -> Result<Perceptron<f64>, Failure> {
    let spec = plan::spec(config)?;
    let values = plan::plan(config).values(&spec).map_err(plan::usage)?;
    let values: Vec<Vec<f64>> = values.into_iter().map(|values| values.doubles()).collect();
    let views = spec.params().iter().zip(&values);
    let views = views.map(|(param, values)| ParamView::new(param.path(), param.shape(), values));
    let views = views.collect::<Result<Vec<_>, _>>().map_err(Failure::usage)?;
    let network = || {
        let classes = quotient(&twins(&spec, &views)?, &views)?;
        classes.perceptron(&classes.chain()?, |mean| mean)
    };
    network().map_err(Failure::usage)
}

/// The inputs and targets of each step.
fn batches(config: &RunConfig, examples: &Examples) -> Vec<[Vec<f64>; 2]> {
    let rows = examples.inputs.rows;
    let size = config.data.batch_size.unwrap_or(rows);
    let parts = rows.div_ceil(size);
    let of_step = |step: usize| {
        let shift = config.data.shift_per_step * step as f64;
        let order = match config.data.shuffle_seed {
            Some(seed) => epoch_order(rows, seed, step / parts),
            None => (0..rows).collect(),
        };
        let part = step % parts * size..rows.min((step % parts + 1) * size);
        [&examples.inputs, &examples.targets].map(|matrix| {
            let rows = order[part.clone()].iter();
            let values =
                rows.flat_map(|row| &matrix.values[row * matrix.columns..][..matrix.columns]);
            values.map(|value| f64::from(*value as f32 + shift as f32)).collect()
        })
    };
    (0..config.training.steps).map(of_step).collect()
}
