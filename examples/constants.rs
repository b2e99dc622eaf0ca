//! Which networks with a constant start learn: all pairs of a constant and an activation on iris, 400 steps of Adam.
//! `cargo run --example constants`
use burn::optim::{AdamConfig, GradientsParams, Optimizer};
use burn::tensor::{Int, Tensor};
use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use constinit::init::{Init, InitPlan, InitRule};
use constinit::prelude::*;
use constinit::train::Loss;
use constinit::{Activation, ConstInit, ConstInitConfig, Error};

type B = Autodiff<NdArray>;

const CONSTANTS: [f64; 6] = [-1.0, -0.1, 0.0, 0.01, 0.1, 1.0];

fn main() -> Result<(), Error> {
    let iris = smartcore::dataset::iris::load_dataset();
    let device = Default::default();
    let x = Tensor::<B, 1>::from_data(&iris.data[..], &device).reshape([150, 4]);
    let (variance, mean) = x.clone().var_mean(0);
    let x = (x - mean) / variance.sqrt();
    let classes: Vec<i32> = iris.target.iter().map(|class| *class as i32).collect();
    let classes = Tensor::<B, 1, Int>::from_data(&classes[..], &device);
    let targets: Tensor<B, 2> = classes.clone().one_hot::<2>(3).float();

    let trained = |activation, init: Init| -> Result<(f32, i64), Error> {
        let config = ConstInitConfig::new(vec![4, 8, 8, 3]).with_activation(activation);
        let plan = InitPlan::new(0)
            .rule(InitRule::glob("**.bias", Init::Zeros))
            .rule(InitRule::glob("**", init));
        let (mut net, _) = plan.apply(config.init::<B>(&device))?;
        let mut adam = AdamConfig::new().init::<B, ConstInit<B>>();
        for _ in 0..400 {
            let loss = Loss::CrossEntropy.forward(net.forward(x.clone()), targets.clone());
            let gradients = GradientsParams::from_grads(loss.backward(), &net);
            net = adam.step(0.01, net, gradients);
        }
        let outputs = net.forward(x.clone());
        let loss = Loss::CrossEntropy.forward(outputs.clone(), targets.clone()).into_scalar();
        let right = outputs.argmax(1).squeeze_dim(1).equal(classes.clone()).int().sum();
        Ok((loss, right.into_scalar()))
    };

    print!("{:12}", "");
    CONSTANTS.iter().for_each(|constant| print!("{constant:>14}"));
    println!("{:>14}", "random");
    for activation in Activation::ALL {
        print!("{:12}", format!("{activation:?}"));
        let xavier = Init::Xavier { gain: 1.0, distribution: Default::default() };
        for init in CONSTANTS.map(Init::constant).into_iter().chain([xavier]) {
            let (loss, right) = trained(activation, init)?;
            print!("{:>14}", format!("{loss:.3} ({right})"));
        }
        println!();
    }
    Ok(())
}
