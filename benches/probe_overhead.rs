//! The cost of the symmetry probe: plain steps and probed steps, on [784, 512, 10] with batches of 64. On ndarray, and
//! with the feature `wgpu` also on wgpu, with fewer rounds.
//!
//! `cargo bench --bench probe_overhead` prints times. The last lines are ratios of medians, measured in turn in one
//! process. A *locked* network starts constant and stays so: the probe has to read all entries. If weights are random,
//! a few entries of each unit distinguish all units. The last ratio is the cost of copying all parameters to the host
//! at every step, without comparing anything: what a probe would pay that reads on the host.

use burn::optim::{GradientsParams, Optimizer};
use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;
use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use constinit::init::Init;
use constinit::prelude::*;
use constinit::probe::{Flow, Observation, Probe, ProbedOptimizer, Schedule, SymmetryProbe};
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
    // The usual ramp of 1 an input would make 784 of them diverge.
    inits[0].weight = Init::InputRamp { start: 1e-3, step: 1e-5 };
    if random {
        inits = vec![LayerInit { weight: uniform.clone(), bias: uniform }; 2];
    }
    config.try_init_with(&inits, &Default::default()).expect("a network")
}

/// Copies all parameters to the host.
struct Copies;

impl<B: AutodiffBackend> Probe<B, ConstInit<B>> for Copies {
    fn observe(&mut self, seen: &Observation<'_, B, ConstInit<B>>) -> Flow {
        black_box(seen.parameters());
        Flow::Continue
    }
}

/// How a run is probed.
#[derive(Clone, Copy)]
enum Probing {
    /// Not at all.
    Plain,
    /// In the training loop.
    Loop { every: usize, gradients: bool },
    /// At every step, around the optimizer of a loop that is written by hand.
    Around,
    /// At every step, by [`Copies`] in the training loop.
    Copied,
}

fn run<B: AutodiffBackend>(net: &ConstInit<B>, batch: &Batch<B>, steps: usize, probing: Probing) {
    let probe = |every| {
        let probe = SymmetryProbe::new(net.axes().unwrap()).on(Schedule::every(every));
        probe.without_history().reporting(|_| {})
    };
    match probing {
        Probing::Plain => in_the_loop(net, batch, steps, &mut []),
        Probing::Loop { every, gradients } => {
            let mut probe = probe(every);
            if !gradients {
                probe = probe.without_gradients();
            }
            in_the_loop(net, batch, steps, &mut [&mut probe]);
            assert!(probe.failed().is_none());
        }
        Probing::Around => by_hand(net, batch, steps, probe(1)),
        Probing::Copied => in_the_loop(net, batch, steps, &mut [&mut Copies]),
    }
}

fn loss<B: AutodiffBackend>(net: &ConstInit<B>, batch: Batch<B>) -> Tensor<B, 1> {
    Loss::Mse.forward(net.forward(batch.inputs), batch.targets)
}

fn in_the_loop<B: AutodiffBackend>(
    net: &ConstInit<B>,
    batch: &Batch<B>,
    steps: usize,
    probes: &mut [&mut dyn Probe<B, ConstInit<B>>],
) {
    let sgd = OptimizerConfig::sgd(RATE).init::<B, ConstInit<B>>().unwrap();
    let state = TrainState::new(net.clone(), sgd, RATE);
    let mut data = FullBatch::new(batch.clone()).unwrap();
    let trained = black_box(train(state, &mut data, loss, &TrainConfig::steps(steps), probes));
    assert_eq!(trained.ended, StopReason::Finished);
}

fn by_hand<B: AutodiffBackend>(
    net: &ConstInit<B>,
    batch: &Batch<B>,
    steps: usize,
    probe: SymmetryProbe,
) {
    let sgd = OptimizerConfig::sgd(RATE).init::<B, ConstInit<B>>().unwrap();
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
}

const WAYS: [(&str, Probing); 6] = [
    ("plain", Probing::Plain),
    ("probed at every step", Probing::Loop { every: 1, gradients: true }),
    ("probed at every step, gradients not kept", Probing::Loop { every: 1, gradients: false }),
    ("probed at every 16th step", Probing::Loop { every: 16, gradients: true }),
    ("probed around the optimizer", Probing::Around),
    ("parameters copied at every step", Probing::Copied),
];

/// Runs all ways in turn, so that other work of the machine slows all of them equally, and prints ratios of medians.
fn ratios<B: AutodiffBackend>(name: &str, net: &ConstInit<B>, steps: usize, rounds: usize) {
    let batch = data();
    let mut times: [Vec<f64>; 6] = Default::default();
    for _ in 0..rounds {
        for ((_, probing), times) in WAYS.iter().zip(&mut times) {
            let start = Instant::now();
            run(net, &batch, steps, *probing);
            // Some backends only queue the work.
            B::sync(&Default::default()).expect("a device that works");
            times.push(start.elapsed().as_secs_f64());
        }
    }
    let [plain, each, bare, sixteenth, around, copied] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    });
    println!(
        "{name}: a plain step {:.3} ms; probed at every step {:.3} of that, without keeping gradients {:.3}, at \
         every 16th step {:.3}, around the optimizer at every step {:.3}; parameters copied at every step {:.3}",
        1e3 * plain / steps as f64,
        each / plain,
        bare / plain,
        sixteenth / plain,
        around / plain,
        copied / plain
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
