//! Trains a constant-initialised network and checks that its hidden units stay equal.
//!
//! `cargo run --example quickstart`, or with another backend:
//! `cargo run --example quickstart --no-default-features --features wgpu`

use burn::tensor::Tensor;
use burn_autodiff::Autodiff;
use constinit::prelude::*;
use constinit::probe::{PropertyProbe, Schedule};
use constinit::train::{Batch, FullBatch, Loss, OptimizerConfig, TrainConfig, TrainState, train};
use constinit::{ConstInit, ConstInitConfig, Error};

#[cfg(all(feature = "flex", not(any(feature = "ndarray", feature = "wgpu"))))]
use burn_flex::Flex as Backend;
#[cfg(feature = "ndarray")]
use burn_ndarray::NdArray as Backend;
#[cfg(all(feature = "wgpu", not(feature = "ndarray")))]
use burn_wgpu::Wgpu as Backend;

type B = Autodiff<Backend>;

fn main() -> Result<(), Error> {
    let device = Default::default();
    let net: ConstInit<B> = ConstInitConfig::new(vec![3, 2, 4]).try_init(&device)?;
    net.print_parameters();

    let inputs = Tensor::from_data([[-0.6, 1.9, -0.9], [1.6, 0.2, 2.0]], &device);
    let targets = Tensor::ones([2, 4], &device);
    let mut data = FullBatch::new(Batch { inputs, targets })?;

    let sgd = OptimizerConfig::sgd(0.01);
    let mut probe = PropertyProbe::new(Schedule::every(1));
    let trained = train(
        TrainState::new(net, sgd.init()?, sgd.learning_rate()),
        &mut data,
        |net: &ConstInit<B>, batch: Batch<B>| {
            Loss::Mse.forward(net.forward(batch.inputs), batch.targets)
        },
        &TrainConfig::steps(50),
        &mut [&mut probe],
    );

    trained.state.model.print_parameters();
    let held = probe.readings.iter().all(|reading| reading.properties.hold());
    let one_unit = probe.readings.iter().all(|reading| reading.hidden[0].difference.is_none());
    println!("P1 to P4 held at every step, bit for bit: {held}");
    println!("the 2 hidden units were one unit at every step: {one_unit}");
    Ok(())
}
