//! Trains 512 constant hidden units and merges them into one: the outputs stay the same, up to rounding.
//! `cargo run --release --example worth_one`
use burn::optim::{AdamConfig, GradientsParams, Optimizer};
use burn::tensor::{Int, Tensor, TensorData};
use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use constinit::init::Init;
use constinit::prelude::*;
use constinit::surgery::{collapse, symmetry_of};
use constinit::train::Loss;
use constinit::{Activation, ConstInit, ConstInitConfig, Error, LayerInit};
use constinit_core::text::number;
use constinit_symmetry::SymmetryKind;
use std::time::Instant;

type B = Autodiff<NdArray>;

fn main() -> Result<(), Error> {
    let digits = smartcore::dataset::digits::load_dataset();
    let device = Default::default();
    let x = Tensor::<B, 2>::from_data(TensorData::new(digits.data, [1797, 64]), &device) / 16.0;
    let classes: Vec<i32> = digits.target.iter().map(|class| *class as i32).collect();
    let classes = Tensor::<B, 1, Int>::from_data(&classes[..], &device);
    let targets = classes.clone().one_hot::<2>(10).float();

    let config = ConstInitConfig::new(vec![64, 512, 10]).with_activation(Activation::Tanh);
    let layer = |weight| LayerInit { weight, bias: Init::Zeros };
    let ramp = Init::InputRamp { start: 0.0, step: 1e-3 };
    let mut net =
        config.try_init_with::<B>(&[layer(ramp), layer(Init::constant(0.01))], &device)?;
    let mut adam = AdamConfig::new().init();
    for _ in 0..300 {
        let loss = Loss::CrossEntropy.forward(net.forward(x.clone()), targets.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &net);
        net = adam.step(0.01, net, gradients);
    }
    let spec = net.axes()?;
    let classes_of_units = symmetry_of(&net, &spec, SymmetryKind::Twins)?;
    let merged = collapse(net.clone(), &spec, &classes_of_units)?;
    println!("{merged}");
    let small = merged.module;
    for (name, net) in [("trained", &net), ("merged ", &small)] {
        let found: Tensor<B, 1, Int> = net.forward(x.clone()).argmax(1).squeeze_dim(1);
        let right = found.equal(classes.clone()).int().sum().into_scalar();
        println!(
            "{name}  {right} of 1797 digits right, {:.2} ms for all of them",
            inference(net, &x)
        );
    }
    let apart = (net.forward(x.clone()) - small.forward(x)).abs().max().into_scalar();
    println!("largest difference between their outputs: {}", number(f64::from(apart), 2));
    Ok(())
}

/// The median of the times of 21 passes.
fn inference(net: &ConstInit<B>, x: &Tensor<B, 2>) -> f64 {
    let mut times: Vec<f64> = (0..21)
        .map(|_| {
            let start = Instant::now();
            let _ = net.forward(x.clone()).into_data();
            1e3 * start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[10]
}
