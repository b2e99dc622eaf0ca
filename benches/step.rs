//! The cost of a step of the training loop, compared with the same step written by hand.
//!
//! `cargo bench --bench step` prints the times. The last lines are ratios of medians, measured alternately in one
//! process, on the notebook's network and on [784, 512, 10].

use burn::module::Module;
use burn::nn::Linear;
use burn::nn::loss::{MseLoss, Reduction};
use burn::optim::{GradientsParams, Optimizer, SgdConfig};
use burn::tensor::{Tensor, backend::Backend};
use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use constinit::init::Init;
use constinit::prelude::*;
use constinit::probe::{Probe, PropertyProbe, Schedule};
use constinit::train::{
    Batch, FullBatch, Loss, OptimizerConfig, StopReason, TrainConfig, TrainState, train,
};
use constinit::{ConstInit, ConstInitConfig};
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Instant;

type B = Autodiff<NdArray>;

/// The step that a Burn user writes.
#[derive(Module, Debug)]
struct ByHand<B: Backend> {
    linear1: Linear<B>,
    linear2: Linear<B>,
}

impl<B: Backend> ByHand<B> {
    fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        self.linear2.forward(burn::tensor::activation::relu(self.linear1.forward(x)))
    }
}

fn data(dims: [usize; 3], examples: usize) -> Batch<B> {
    let device = Default::default();
    let wave = Tensor::arange(0..(examples * dims[0]) as i64, &device).float().sin();
    let inputs = wave.reshape([examples, dims[0]]).mul_scalar(0.1);
    Batch { inputs, targets: Tensor::ones([examples, dims[2]], &device) }
}

const RATE: f64 = 1e-4;

/// The network of both variants: the same kernels, the same numbers.
fn network(dims: [usize; 3]) -> ConstInit<B> {
    let config = ConstInitConfig::new(dims.to_vec()).with_init_w(1e-3).with_init_b(0.1);
    let mut inits = config.constants();
    // The default ramp has a step of 1 per input. With 784 inputs, training would diverge.
    inits[0].weight = Init::InputRamp { start: 1e-3, step: 1e-5 };
    config.try_init_with(&inits, &Default::default()).expect("a network")
}

fn by_hand(dims: [usize; 3], batch: &Batch<B>, steps: usize) {
    let [linear1, linear2] = network(dims).layers.try_into().expect("two layers");
    let mut model = ByHand { linear1, linear2 };
    let mut sgd = SgdConfig::new().init();
    for _ in 0..steps {
        let output = model.forward(batch.inputs.clone());
        let loss = MseLoss::new().forward(output, batch.targets.clone(), Reduction::Mean);
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        black_box(loss.into_scalar());
        model = sgd.step(RATE, model, gradients);
    }
}

fn by_loop(
    dims: [usize; 3],
    batch: &Batch<B>,
    steps: usize,
    probes: &mut [&mut dyn Probe<B, ConstInit<B>>],
) {
    let sgd = OptimizerConfig::sgd(RATE);
    let state = TrainState::new(network(dims), sgd.init().unwrap(), RATE);
    let mut data = FullBatch::new(batch.clone()).unwrap();
    let loss = |model: &ConstInit<B>, batch: Batch<B>| {
        Loss::Mse.forward(model.forward(batch.inputs), batch.targets)
    };
    let trained = black_box(train(state, &mut data, loss, &TrainConfig::steps(steps), probes));
    assert_eq!(trained.ended, StopReason::Finished);
}

fn seconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn steps(criterion: &mut Criterion) {
    for (name, dims, examples, steps) in
        [("notebook", [3, 2, 4], 4, 2000), ("784-512-10", [784, 512, 10], 64, 20)]
    {
        let batch = data(dims, examples);
        let probed = || {
            let mut probe = PropertyProbe::new(Schedule::every(1));
            by_loop(dims, &batch, steps, &mut [&mut probe]);
        };
        let mut group = criterion.benchmark_group(format!("{steps} steps of {name}"));
        group.sample_size(10);
        group.bench_function("by hand", |b| b.iter(|| by_hand(dims, &batch, steps)));
        group.bench_function("training loop", |b| {
            b.iter(|| by_loop(dims, &batch, steps, &mut []));
        });
        group.bench_function("training loop, P1-P4 at every step", |b| b.iter(probed));
        group.finish();

        // Alternately, so other load on the machine affects all three equally.
        let mut times: [Vec<f64>; 3] = Default::default();
        for _ in 0..31 {
            times[0].push(seconds(|| by_hand(dims, &batch, steps)));
            times[1].push(seconds(|| by_loop(dims, &batch, steps, &mut [])));
            times[2].push(seconds(probed));
        }
        let [hand, bare, probed] = times.map(median);
        println!(
            "{name}: a step by hand {:.2} us; loop {:.3} of that; loop with P1-P4 at every step {:.3}",
            1e6 * hand / steps as f64,
            bare / hand,
            probed / hand
        );
    }
}

criterion_group!(benches, steps);
criterion_main!(benches);
