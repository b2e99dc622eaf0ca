//! A network that starts from zeros learns only the last bias. `cargo run --example all_zero`
use burn::optim::{GradientsParams, Optimizer, SgdConfig};
use burn::tensor::{Int, Tensor, TensorData};
use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use constinit::init::{Init, InitPlan, InitRule};
use constinit::params::{parameter_paths, read_parameters};
use constinit::prelude::*;
use constinit::train::Loss;
use constinit::{Activation, ConstInit, ConstInitConfig, Error};

// In double precision: in single precision, the mean of 1797 logarithms of 10 is 2.302583.
type B = Autodiff<NdArray<f64>>;

fn main() -> Result<(), Error> {
    let digits = smartcore::dataset::digits::load_dataset();
    let device = Default::default();
    let x = Tensor::<B, 2>::from_data(TensorData::new(digits.data, [1797, 64]), &device);
    let classes: Vec<i32> = digits.target.iter().map(|class| *class as i32).collect();
    let classes = Tensor::<B, 1, Int>::from_data(&classes[..], &device);
    let targets: Tensor<B, 2> = classes.one_hot::<2>(10).float();

    for activation in [Activation::Relu, Activation::Tanh, Activation::Sigmoid] {
        let config = ConstInitConfig::new(vec![64, 32, 10]).with_activation(activation);
        let plan = InitPlan::new(0).rule(InitRule::any(Init::Zeros));
        let (mut net, _) = plan.apply(config.init::<B>(&device))?;
        let mut sgd = SgdConfig::new().init::<B, ConstInit<B>>();
        let mut losses = Vec::new();
        for _ in 0..100 {
            let loss = Loss::CrossEntropy.forward(net.forward(x.clone()), targets.clone());
            losses.push(loss.clone().into_scalar());
            let gradients = GradientsParams::from_grads(loss.backward(), &net);
            net = sgd.step(0.1, net, gradients);
        }
        let read = parameter_paths(&net).into_iter().zip(read_parameters(&net));
        let moved = read.filter(|(_, p)| p.data.iter::<f64>().any(|entry| entry != 0.0));
        let moved: Vec<String> = moved.map(|(path, _)| path).collect();
        println!(
            "{:8} loss {:.6} at the start, {:.6} at the end; moved: {}",
            format!("{activation:?}"),
            losses[0],
            losses[99],
            moved.join(", ")
        );
    }
    Ok(())
}
