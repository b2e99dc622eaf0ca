//! The time that each family of initialisers needs to fill a large weight.
//!
//! `cargo bench --bench init` fills 10,000 x 10,000 weights in single precision; `INIT_SIDE` sets another side.
//! Families for convolutions fill 3 x 3 kernels with about the same number of entries. The cost of orthogonal matrices
//! grows with the third power of the side, so they have a fifth of the side. The last lines are medians in seconds.
//! `scripts/bench-init-peers` runs this benchmark and `torch.nn.init` one after the other.

use burn::tensor::DType;
use constinit::init::{Distribution, Fan, Init, Nonlinearity, ParameterAxes, RngKey};
use constinit::prelude::*;
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Instant;

const MATRIX: ParameterAxes = ParameterAxes::LINEAR_WEIGHT;
const CONV: ParameterAxes = ParameterAxes::CONV_WEIGHT;

/// A family, and the weight that it fills.
struct Case {
    name: &'static str,
    init: Init,
    axes: ParameterAxes,
    /// The side of its weights is the given side divided by this: above 1 for families whose cost grows faster than the
    /// number of entries.
    part: usize,
}

impl Case {
    /// The shape of a weight with about `side`² entries.
    fn shape(&self, side: usize) -> Vec<usize> {
        let side = side / self.part;
        if self.axes == CONV { vec![side / 3, side / 3, 3, 3] } else { vec![side, side] }
    }

    fn fill(&self, side: usize, draw: &RngKey) {
        let data = self.init.data(&self.shape(side), self.axes, draw, DType::F32);
        black_box(data.expect("every family fills its weight"));
    }
}

fn cases() -> Vec<Case> {
    let of = |axes, part| move |(name, init)| Case { name, init, axes, part };
    let convolutions = [
        ("dirac", Init::Dirac { groups: 1 }),
        ("delta_orthogonal", Init::DeltaOrthogonal { gain: 1.0 }),
    ];
    let mut cases: Vec<Case> = matrices().into_iter().map(of(MATRIX, 1)).collect();
    // The centre of `delta_orthogonal` is an orthogonal matrix.
    cases.extend(convolutions.into_iter().zip([1, 5]).map(|(case, part)| of(CONV, part)(case)));
    cases.push(of(MATRIX, 5)(("orthogonal", Init::Orthogonal { gain: 1.0 })));
    cases
}

fn matrices() -> Vec<(&'static str, Init)> {
    let kaiming = |distribution| Init::Kaiming {
        nonlinearity: Nonlinearity::Relu,
        fan: Fan::FanIn,
        distribution,
    };
    vec![
        ("constant", Init::constant(0.5)),
        ("ones", Init::Ones),
        ("zeros", Init::Zeros),
        ("eye", Init::PartialIdentity { gain: 1.0 }),
        ("uniform", Init::uniform(-1.0, 1.0)),
        ("normal", Init::normal(0.0, 1.0)),
        ("trunc_normal", Init::TruncatedNormal { mean: 0.0, std: 1.0, low: -2.0, high: 2.0 }),
        ("xavier_uniform", Init::Xavier { gain: 1.0, distribution: Distribution::Uniform }),
        ("xavier_normal", Init::Xavier { gain: 1.0, distribution: Distribution::Normal }),
        ("kaiming_uniform", kaiming(Distribution::Uniform)),
        ("kaiming_normal", kaiming(Distribution::Normal)),
        ("sparse", Init::Sparse { sparsity: 0.5, std: 1.0 }),
        // Not in torch.nn.init.
        ("input_ramp", Init::InputRamp { start: 1.0, step: 1.0 }),
        ("block_average", Init::BlockAverage { blocks: 10, gain: 1.0 }),
        ("hadamard", Init::Hadamard { gain: 1.0 }),
        ("sinusoidal", Init::Sinusoidal),
        ("symmetrised normal", Init::normal(0.0, 1.0).symmetrised(64)),
    ]
}

fn side() -> usize {
    std::env::var("INIT_SIDE").ok().and_then(|side| side.parse().ok()).unwrap_or(10_000)
}

fn init(criterion: &mut Criterion) {
    let (side, draw) = (side(), RngKey::new(1, "weight"));
    // Small weights, so Criterion's report takes only seconds.
    let mut group = criterion.benchmark_group("init_512x512");
    group.sample_size(10);
    for case in cases() {
        group.bench_function(case.name, |bencher| bencher.iter(|| case.fill(512, &draw)));
    }
    group.finish();
    println!("\nmedians of 5, in seconds, for about {side} x {side} weights in single precision");
    for case in cases() {
        let mut times: Vec<f64> = (0..5)
            .map(|_| {
                let start = Instant::now();
                case.fill(side, &draw);
                start.elapsed().as_secs_f64()
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!("{}: {:.4}", case.name, times[2]);
    }
}

criterion_group!(benches, init);
criterion_main!(benches);
