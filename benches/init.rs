//! How long it takes to make the values of a large weight, by family of initialisers.
//!
//! `cargo bench --bench init` fills 10,000 x 10,000 weights in single precision; `INIT_SIDE` sets another side. The last
//! lines are medians in seconds. `scripts/bench-init-peers` puts `torch.nn.init` beside them, in one sitting.

use burn::tensor::DType;
use constinit::init::{Distribution, Draw, Fan, Init, Nonlinearity, ParameterAxes};
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Instant;

fn families() -> Vec<(&'static str, Init)> {
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
    let (side, draw) = (side(), Draw::new(1, "weight"));
    let make = |init: &Init| {
        let data = init.data(&[side, side], ParameterAxes::LINEAR_WEIGHT, &draw, DType::F32);
        black_box(data.expect("every family fills a square weight"));
    };
    // Small, so that Criterion's own report takes seconds.
    let small = ParameterAxes::LINEAR_WEIGHT;
    let mut group = criterion.benchmark_group("init_512x512");
    group.sample_size(10);
    for (name, init) in families() {
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(init.data(&[512, 512], small, &draw, DType::F32)));
        });
    }
    group.finish();
    println!("\nmedians of 5, in seconds, for {side} x {side} weights in single precision");
    for (name, init) in families() {
        let mut times: Vec<f64> = (0..5)
            .map(|_| {
                let start = Instant::now();
                make(&init);
                start.elapsed().as_secs_f64()
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!("{name}: {:.4}", times[2]);
    }
}

criterion_group!(benches, init);
criterion_main!(benches);
