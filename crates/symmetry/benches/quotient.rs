//! What a symmetry saves: training steps of the quotient compared with those of the full network, and passes of
//! collapsed networks.
//!
//! `cargo bench -p constinit-symmetry --bench quotient`
//!
//! Everything runs in single precision and one thread. In every round, the cases of a table are timed alternately. The
//! tables have medians with quartiles, and medians of the ratios within a round. Criterion's statistics follow.
//! `ROUNDS` sets the number of rounds (31), `RATIOS_ONLY` skips Criterion. `scripts/bench-quotient-peers` also runs
//! PyTorch and JAX.

use std::hint::black_box;
use std::time::Instant;

use constinit_symmetry::dynamics::{DenseLayer, Mse, Perceptron, Relu, Sgd, Training, outputs};
use constinit_symmetry::{AxesSpec, OwnedParam, ParamView, collapse, forward_lumpable, layers};
use criterion::Criterion;

const INPUTS: usize = 784;
const OUTPUTS: usize = 10;
const BATCH: usize = 64;
/// Steps of the full network are timed up to this width, steps of the quotient up to the largest width.
const FULL_UP_TO: usize = 4096;
const WIDTHS: [usize; 4] = [512, 4096, 65_536, 1_000_000];
/// The numbers of classes among the hidden units of the collapsed networks.
const CLASSES: [usize; 5] = [4096, 1024, 256, 64, 1];

fn main() {
    // `cargo test --benches` only checks that this builds and starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let rounds = std::env::var("ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(31);
    let mut criterion = Criterion::default().sample_size(10).without_plots();
    let ratios_only = std::env::var_os("RATIOS_ONLY").is_some();
    for mut table in [steps(), notebook(), passes()] {
        table.measure(rounds);
        if !ratios_only {
            for case in &mut table.cases {
                criterion.bench_function(&case.name, |bencher| bencher.iter(&mut case.run));
            }
        }
    }
}

/// Cases to compare with the first of them.
struct Table {
    title: &'static str,
    /// The heading of the last column.
    size: &'static str,
    cases: Vec<Case>,
}

struct Case {
    name: String,
    /// The number of repetitions of the timed operation in `run`.
    times: usize,
    run: Box<dyn FnMut()>,
    size: usize,
}

impl Table {
    fn measure(&mut self, rounds: usize) {
        let mut seconds = vec![Vec::with_capacity(rounds); self.cases.len()];
        self.cases.iter_mut().for_each(|case| (case.run)());
        for _ in 0..rounds {
            for (case, seconds) in self.cases.iter_mut().zip(&mut seconds) {
                let start = Instant::now();
                (case.run)();
                seconds.push(start.elapsed().as_secs_f64() / case.times as f64);
            }
        }
        println!(
            "{:<44} {:>12} {:>25} {:>10} {:>10}",
            self.title, "median", "quartiles", "to first", self.size
        );
        for (case, own) in self.cases.iter().zip(&seconds) {
            let mut ratios: Vec<f64> = own.iter().zip(&seconds[0]).map(|(a, b)| a / b).collect();
            let (low, median, high) = quartiles(&mut own.clone());
            println!(
                "{:<44} {:>9.3} us {:>11.3} - {:>8.3} us {:>10.5} {:>10}",
                case.name,
                1e6 * median,
                1e6 * low,
                1e6 * high,
                quartiles(&mut ratios).1,
                case.size
            );
        }
        println!();
    }
}

/// Steps of [784, H, 10], initialised with constants.
fn steps() -> Table {
    let quotient = |width| {
        step(format!("step of the quotient, H = {width}"), network(width, true), BATCH, 100)
    };
    let full = |width| {
        step(format!("step of the full network, H = {width}"), network(width, false), BATCH, 1)
    };
    let mut cases: Vec<Case> = WIDTHS.into_iter().map(quotient).collect();
    cases.extend(WIDTHS.into_iter().filter(|&width| width <= FULL_UP_TO).map(full));
    Table { title: "[784, H, 10], batch 64", size: "numbers", cases }
}

/// The network of constants, or its quotient, in which all hidden units are one class.
fn network(hidden: usize, as_quotient: bool) -> Perceptron<f32> {
    let rows = if as_quotient { 1 } else { hidden };
    let first: Vec<f32> = (0..INPUTS).map(|j| (1.0 + (j % 7) as f32) / 4096.0).collect();
    let layers = vec![
        DenseLayer { weight: first.repeat(rows), bias: Some(vec![0.5; rows]) },
        DenseLayer {
            weight: vec![1.0 / hidden as f32; rows * OUTPUTS],
            bias: Some(vec![0.5; OUTPUTS]),
        },
    ];
    let net = Perceptron::new(&[INPUTS, rows, OUTPUTS], layers).expect("widths that fit");
    let sizes = vec![vec![hidden / rows; rows], vec![1; OUTPUTS]];
    net.with_class_sizes(&sizes).expect("a size for each unit")
}

/// Pseudorandom numbers in 0..1.
fn noise(count: usize) -> Vec<f32> {
    (0..count).map(|at| (at * 7919 % 1009) as f32 / 1009.0).collect()
}

/// Repeats one step `times` times. The learning rate is small, so the numbers hardly change.
fn step(name: String, network: Perceptron<f32>, batch: usize, times: usize) -> Case {
    let widths = network.widths();
    let (x, t) = (noise(batch * widths[0]), noise(batch * widths[widths.len() - 1]));
    let size = network.numbers().len();
    let mut training = Training::new(network, Relu, Mse, Sgd::new(1e-7));
    let run = move || {
        for _ in 0..times {
            let loss = training.step(black_box(&x), black_box(&t)).expect("batches that fit");
            assert!(black_box(loss).is_finite());
        }
    };
    Case { name, times, run: Box::new(run), size }
}

/// Steps of the smallest network, [3, 2, 4] with 4 examples.
fn notebook() -> Table {
    let network = |widths: &[usize; 3], sizes: &[Vec<usize>]| {
        let layers = vec![
            DenseLayer {
                weight: [1.0, 2.0, 3.0].repeat(widths[1]),
                bias: Some(vec![0.5; widths[1]]),
            },
            DenseLayer {
                weight: vec![1.0; widths[1] * widths[2]],
                bias: Some(vec![0.5; widths[2]]),
            },
        ];
        let net = Perceptron::new(widths, layers).expect("widths that fit");
        net.with_class_sizes(sizes).expect("a size for each unit")
    };
    let quotient = network(&[3, 1, 1], &[vec![2], vec![4]]);
    let full = network(&[3, 2, 4], &[vec![1; 2], vec![1; 4]]);
    Table {
        title: "[3, 2, 4], batch 4",
        size: "numbers",
        cases: vec![
            step("notebook step of the quotient".into(), quotient, 4, 10_000),
            step("notebook step of the full network".into(), full, 4, 10_000),
        ],
    }
}

/// Passes of [784, 4096, 10] before and after its hidden units are merged to fewer classes.
fn passes() -> Table {
    let cases = CLASSES.map(|classes| {
        let units = CLASSES[0];
        let row =
            |unit: usize| (0..INPUTS).map(move |j| ((unit % classes) * 31 + j * 7) as f32 / 1e5);
        let first: Vec<f32> = (0..units).flat_map(row).collect();
        let second = noise(OUTPUTS * units);
        let params = [
            ParamView::new("l1.weight", &[units, INPUTS], &first).expect("a shape that fits"),
            ParamView::new("l2.weight", &[OUTPUTS, units], &second).expect("a shape that fits"),
        ];
        let spec = AxesSpec::builder()
            .space("hidden", units)
            .layer(layers::dense("l1", "", "hidden").without_bias())
            .layer(layers::dense("l2", "hidden", "").without_bias())
            .build(params.iter().map(ParamView::signature))
            .expect("a spec that fits");
        let merged = forward_lumpable(&spec, &params, &[])
            .and_then(|found| collapse(&found, &params))
            .expect("classes that can be merged");
        let of = |param: &OwnedParam| param.view().to_f64().iter().map(|&x| x as f32).collect();
        let layers =
            merged.params().iter().map(|param| DenseLayer { weight: of(param), bias: None });
        let widths = [INPUTS, merged.spec().spaces()[0].units(), OUTPUTS];
        let net = Perceptron::new(&widths, layers.collect()).expect("widths that fit");
        let (x, size) = (noise(BATCH * INPUTS), net.numbers().len());
        let run = move || {
            black_box(outputs(&net, &Relu, black_box(&x)).expect("a batch that fits"));
        };
        let name = format!("pass of {units} units merged to {classes}");
        Case { name, times: 1, run: Box::new(run), size }
    });
    Table { title: "[784, 4096, 10], batch 64", size: "numbers", cases: cases.into() }
}

fn quartiles(numbers: &mut [f64]) -> (f64, f64, f64) {
    numbers.sort_by(f64::total_cmp);
    let at = |part: usize| numbers[part * (numbers.len() - 1) / 4];
    (at(1), at(2), at(3))
}
