//! The cost of the symmetry probe: probed steps compared with plain steps, on [784, 512, 10] with batches of 64. It
//! runs on ndarray, and with the feature `wgpu` also on wgpu, with fewer steps.
//!
//! `cargo bench --bench probe_overhead` prints times. The last lines are ratios of medians, measured alternately in one
//! process. The hidden units of a *locked* network start equal and stay equal, so the probe must read everything. In a
//! network with random weights, a few entries of each unit distinguish all units.

use burn::optim::{GradientsParams, Optimizer};
use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;
use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use constinit::init::Init;
use constinit::prelude::*;
use constinit::probe::{Probe, ProbedOptimizer, Schedule, SymmetryProbe};
use constinit::train::{
    Batch, FullBatch, Loss, OptimizerConfig, StopReason, TrainConfig, TrainState, train,
};
use constinit::{ConstInit, ConstInitConfig, LayerInit};
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Instant;

const DIMS: [usize; 3] = [784, 512, 10];
const STEPS: usize = 32;
const RATE: f64 = 1e-4;

fn data<B: AutodiffBackend>() -> Batch<B> {
    let device = Default::default();
    let wave = Tensor::arange(0..64 * DIMS[0] as i64, &device).float().sin();
    Batch {
        inputs: wave.reshape([64, DIMS[0]]).mul_scalar(0.1),
        targets: Tensor::ones([64, 10], &device),
    }
}

fn network<B: AutodiffBackend>(random: bool) -> ConstInit<B> {
    let config = ConstInitConfig::new(DIMS.to_vec()).with_init_w(1e-3).with_init_b(0.1);
    let uniform = Init::uniform(-0.05, 0.05);
    let mut inits = config.constants();
    // The default ramp has a step of 1 per input. With 784 inputs, training would diverge.
    inits[0].weight = Init::InputRamp { start: 1e-3, step: 1e-5 };
    if random {
        inits = vec![LayerInit { weight: uniform.clone(), bias: uniform }; 2];
    }
    config.try_init_with(&inits, &Default::default()).expect("a network")
}

/// How a run is probed.
#[derive(Clone, Copy)]
struct Probing {
    every: usize,
    gradients: bool,
    /// Whether the probe wraps the optimizer of a loop written by hand.
    around: bool,
}

impl Probing {
    const fn every(every: usize) -> Self {
        Self { every, gradients: true, around: false }
    }
}

fn run<B: AutodiffBackend>(
    net: &ConstInit<B>,
    batch: &Batch<B>,
    steps: usize,
    probing: Option<Probing>,
) {
    let sgd = OptimizerConfig::sgd(RATE).init::<B, ConstInit<B>>().unwrap();
    let loss =
        |net: &ConstInit<B>, b: Batch<B>| Loss::Mse.forward(net.forward(b.inputs), b.targets);
    let mut probe = probing.map(|Probing { every, gradients, .. }| {
        let probe = SymmetryProbe::new(net.axes().unwrap()).on(Schedule::every(every));
        let probe = probe.without_history().reporting(|_| {});
        if gradients { probe } else { probe.without_gradients() }
    });
    if probing.is_some_and(|probing| probing.around)
        && let Some(probe) = probe.take()
    {
        let mut sgd = ProbedOptimizer::new(sgd, probe);
        let mut net = net.clone();
        for _ in 0..steps {
            let value = loss(&net, batch.clone());
            let gradients = GradientsParams::from_grads(value.backward(), &net);
            black_box(value.into_scalar());
            net = sgd.step(RATE, net, gradients);
        }
        assert!(sgd.probe().failed().is_none());
        black_box(net);
        return;
    }
    let state = TrainState::new(net.clone(), sgd, RATE);
    let mut data = FullBatch::new(batch.clone()).unwrap();
    let mut probes: Vec<&mut dyn Probe<B, ConstInit<B>>> = Vec::new();
    if let Some(probe) = &mut probe {
        probes.push(probe);
    }
    let trained = black_box(train(state, &mut data, loss, &TrainConfig::steps(steps), &mut probes));
    assert_eq!(trained.ended, StopReason::Finished);
    assert!(probe.is_none_or(|probe| probe.failed().is_none()));
}

const WAYS: [(&str, Option<Probing>); 5] = [
    ("plain", None),
    ("probed at every step", Some(Probing::every(1))),
    (
        "probed at every step, gradients not kept",
        Some(Probing { gradients: false, ..Probing::every(1) }),
    ),
    ("probed at every 16th step", Some(Probing::every(16))),
    ("probed around the optimizer", Some(Probing { around: true, ..Probing::every(1) })),
];

/// Runs all variants alternately, so other load on the machine affects all of them equally, and prints ratios of
/// medians.
fn ratios<B: AutodiffBackend>(name: &str, net: &ConstInit<B>, steps: usize, rounds: usize) {
    let batch = data();
    let mut times: [Vec<f64>; 5] = Default::default();
    for _ in 0..rounds {
        for ((_, probing), times) in WAYS.iter().zip(&mut times) {
            let start = Instant::now();
            run(net, &batch, steps, *probing);
            // Some backends only queue operations.
            B::sync(&Default::default()).expect("a device that works");
            times.push(start.elapsed().as_secs_f64());
        }
    }
    let [plain, each, bare, sixteenth, around] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    });
    println!(
        "{name}: a plain step {:.3} ms; probed at every step {:.3} of that, without keeping gradients {:.3}, at \
         every 16th step {:.3}, around the optimizer at every step {:.3}",
        1e3 * plain / steps as f64,
        each / plain,
        bare / plain,
        sixteenth / plain,
        around / plain
    );
}

fn overhead(criterion: &mut Criterion) {
    type B = Autodiff<NdArray>;
    let batch = data::<B>();
    for (name, random) in [("locked", false), ("random", true)] {
        let net = network::<B>(random);
        let mut group = criterion.benchmark_group(format!("{STEPS} steps, {name} network"));
        group.sample_size(10);
        for (way, probing) in WAYS {
            group.bench_function(way, |b| b.iter(|| run(&net, &batch, STEPS, probing)));
        }
        group.finish();
        ratios(name, &net, STEPS, 41);
    }
    #[cfg(feature = "wgpu")]
    for (name, random) in [("locked on wgpu", false), ("random on wgpu", true)] {
        ratios(name, &network::<Autodiff<burn_wgpu::Wgpu>>(random), STEPS, 7);
    }
}

criterion_group!(benches, overhead);
criterion_main!(benches);
