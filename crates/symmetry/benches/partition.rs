//! The time to find classes, as a multiple of the time to read the same bytes once.
//!
//! `cargo bench -p constinit-symmetry --bench partition`
//!
//! The baseline is a sum of all parameters in one thread with many accumulators, which the compiler vectorises. Each
//! case is timed alternately with the baseline on the same memory in the same process. The table has the fastest search
//! divided by the fastest sum (as on an idle machine), the median of the ratios with the quartiles (with the other load
//! of this machine), and the extra memory. Criterion's statistics follow.

use std::hint::black_box;
use std::time::{Duration, Instant};

use constinit_symmetry::{AxesSpec, ParamView, equitable, input, layers, output, twins};
use criterion::Criterion;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const WIDE: usize = 4096;
const MIB: f64 = 1024.0 * 1024.0;

fn main() {
    // `cargo test --benches` only checks that this builds and starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let mut criterion = Criterion::default().sample_size(10).without_plots();
    println!(
        "{:<52} {:>9} {:>7} {:>7} {:>16} {:>7} {:>10}",
        "case", "sum", "best", "median", "quartiles", "target", "extra mem"
    );
    for case in cases() {
        if only.as_ref().is_none_or(|only| case.name.contains(only.as_str())) {
            case.measure(&mut criterion);
        }
    }
}

/// A network to search, and the kind of search.
struct Case {
    name: &'static str,
    target: f64,
    network: fn() -> Network,
    search: fn(&AxesSpec, &[ParamView<'_>]) -> usize,
}

struct Network {
    spec: AxesSpec,
    paths: Vec<(String, Vec<usize>)>,
    data: Vec<Vec<f32>>,
}

fn cases() -> Vec<Case> {
    let case = |name, target, network| Case { name, target, network, search: count_twins };
    vec![
        case("4096 x 4096 all distinct, units first", 0.05, || first(noise)),
        case("4096 x 4096 all distinct, units last", 0.05, || last(noise)),
        case("4096 x 4096 one class, units first", 1.1, || first(|_, j| noise(0, j))),
        case("4096 x 4096 one class, units last", 2.0, || last(|_, j| noise(0, j))),
        case("4096 x 4096 64 classes in blocks, units first", 1.5, || {
            first(|u, j| noise(u / 64, j))
        }),
        case("4096 x 4096 64 classes in blocks, units last", 2.5, || last(|u, j| noise(u / 64, j))),
        case("4096 x 4096 64 classes scattered, units first", 1.5, || {
            first(|u, j| noise(scattered(u), j))
        }),
        case("4096 x 4096 64 classes scattered, units last", 2.5, || {
            last(|u, j| noise(scattered(u), j))
        }),
        case("1 GiB in 200 matrices without symmetry", 0.15, deep),
        Case {
            name: "equitable, 3 layers 4096 wide, block-constant",
            target: 6.0,
            network: blocks,
            search: |spec, views| widths(equitable(spec, views)),
        },
    ]
}

fn count_twins(spec: &AxesSpec, views: &[ParamView<'_>]) -> usize {
    widths(twins(spec, views))
}

fn widths(found: Result<constinit_symmetry::Symmetry, constinit_symmetry::SymmetryError>) -> usize {
    found.map_or(0, |found| found.spaces().iter().map(|space| space.effective_width()).sum())
}

/// A number in (0, 1) by unit and position.
fn noise(u: usize, j: usize) -> f32 {
    let mut z = (u as u64) << 32 ^ j as u64 ^ 0x9e37_79b9_7f4a_7c15;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z >> 40) as f32 + 0.5) / (1 << 24) as f32
}

/// The class of a unit: 64 classes of 64 units, in no order.
fn scattered(u: usize) -> usize {
    (u * 2531 + 17) % WIDE / 64
}

fn first(entry: fn(usize, usize) -> f32) -> Network {
    let data = (0..WIDE * WIDE).map(|at| entry(at / WIDE, at % WIDE)).collect();
    let spec = AxesSpec::builder().space("h", WIDE).param("w", [output("h"), input("")]);
    network(spec, vec![("w".into(), vec![WIDE, WIDE])], vec![data])
}

fn last(entry: fn(usize, usize) -> f32) -> Network {
    let data = (0..WIDE * WIDE).map(|at| entry(at % WIDE, at / WIDE)).collect();
    let spec = AxesSpec::builder().space("h", WIDE).param("w", [output(""), input("h")]);
    network(spec, vec![("w".into(), vec![WIDE, WIDE])], vec![data])
}

/// A chain of 200 square layers, 1 GiB together.
fn deep() -> Network {
    const LAYERS: usize = 200;
    const UNITS: usize = 1158;
    let name = |k: usize| if k == 0 || k == LAYERS { String::new() } else { format!("h{k}") };
    let mut spec = AxesSpec::builder();
    let mut paths = Vec::new();
    let mut data = Vec::new();
    for k in 0..LAYERS {
        if k > 0 {
            spec = spec.space(name(k), UNITS);
        }
        spec = spec.layer(layers::dense(&format!("l{k}"), name(k), name(k + 1)).without_bias());
        paths.push((format!("l{k}.weight"), vec![UNITS, UNITS]));
        data.push((0..UNITS * UNITS).map(|at| noise(k, at)).collect());
    }
    network(spec, paths, data)
}

/// Three square layers, constant on blocks of 64 by 64 units.
fn blocks() -> Network {
    let mut spec = AxesSpec::builder().space("h1", WIDE).space("h2", WIDE);
    let mut paths = Vec::new();
    let mut data = Vec::new();
    for (k, (from, to)) in [("", "h1"), ("h1", "h2"), ("h2", "")].into_iter().enumerate() {
        spec = spec.layer(layers::dense(&format!("l{k}"), from, to).without_bias());
        paths.push((format!("l{k}.weight"), vec![WIDE, WIDE]));
        let block = |at: usize| noise(k * 64 + at / WIDE / 64, at % WIDE / 64);
        data.push((0..WIDE * WIDE).map(block).collect());
    }
    network(spec, paths, data)
}

fn network(
    builder: constinit_symmetry::AxesSpecBuilder,
    paths: Vec<(String, Vec<usize>)>,
    data: Vec<Vec<f32>>,
) -> Network {
    let shapes = paths.iter().map(|(path, shape)| (path.as_str(), shape.as_slice()));
    let spec = builder.build(shapes).expect("a spec that fits its network");
    Network { spec, paths, data }
}

impl Network {
    fn views(&self) -> Vec<ParamView<'_>> {
        self.paths
            .iter()
            .zip(&self.data)
            .map(|((path, shape), data)| {
                ParamView::new(path, shape, data).expect("a view that fits")
            })
            .collect()
    }

    fn bytes(&self) -> usize {
        self.data.iter().map(|data| size_of_val(data.as_slice())).sum()
    }

    fn sum(&self) -> f32 {
        self.data.iter().map(|data| sum(data)).sum()
    }
}

/// Sums with 64 accumulators, so the limit is memory, not addition.
fn sum(data: &[f32]) -> f32 {
    const LANES: usize = 64;
    let mut lanes = [0.0_f32; LANES];
    let chunks = data.chunks_exact(LANES);
    let rest: f32 = chunks.remainder().iter().sum();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane += x;
        }
    }
    lanes.iter().sum::<f32>() + rest
}

impl Case {
    fn measure(&self, criterion: &mut Criterion) {
        let rounds = std::env::var("ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(31);
        let network = (self.network)();
        let views = network.views();
        let search = || black_box((self.search)(&network.spec, &views));
        let width = search();

        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage();
        search();
        let extra = MEMORY.peak_usage() - before;

        let mut ratios = Vec::new();
        let mut sums = Vec::new();
        let mut best = f64::INFINITY;
        for _ in 0..rounds {
            let sum = time(|| network.sum());
            let searched = time(search).as_secs_f64();
            best = best.min(searched);
            ratios.push(searched / sum.as_secs_f64());
            sums.push(sum.as_secs_f64());
        }
        let (low, median, high) = quartiles(&mut ratios);
        let (_, sum, _) = quartiles(&mut sums);
        println!(
            "{:<52} {:>6.2} ms {:>7.3} {:>7.3} {:>7.3} - {:>6.3} {:>7} {:>7.3} MiB = {:.2} %  ({width} classes)",
            self.name,
            1e3 * sum,
            best / sums[0],
            median,
            low,
            high,
            self.target,
            extra as f64 / MIB,
            100.0 * extra as f64 / network.bytes() as f64,
        );
        if std::env::var_os("RATIOS_ONLY").is_none() {
            criterion.bench_function(self.name, |bencher| bencher.iter(search));
        }
    }
}

fn time<T>(f: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    black_box(f());
    start.elapsed()
}

fn quartiles(numbers: &mut [f64]) -> (f64, f64, f64) {
    numbers.sort_by(f64::total_cmp);
    let at = |part: usize| numbers[part * (numbers.len() - 1) / 4];
    (at(1), at(2), at(3))
}
