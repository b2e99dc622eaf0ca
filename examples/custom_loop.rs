//! Your own training loop, with the symmetry probe in three lines.
//!
//! `cargo run --example custom_loop`, or with another backend:
//! `cargo run --example custom_loop --no-default-features --features wgpu`

use burn::optim::{AdamConfig, GradientsParams, Optimizer};
use burn::tensor::{Distribution, Tensor};
use burn_autodiff::Autodiff;
use constinit::probe::{ProbedOptimizer, SymmetryProbe};
use constinit::{Activation, ConstInit, ConstInitConfig, Error};
use constinit_core::text::number;

#[cfg(all(feature = "flex", not(any(feature = "ndarray", feature = "wgpu"))))]
use burn_flex::Flex as Backend;
#[cfg(feature = "ndarray")]
use burn_ndarray::NdArray as Backend;
#[cfg(all(feature = "wgpu", not(feature = "ndarray")))]
use burn_wgpu::Wgpu as Backend;

type B = Autodiff<Backend>;

fn main() -> Result<(), Error> {
    let device = Default::default();
    let config = ConstInitConfig::new(vec![3, 16, 2]).with_activation(Activation::Tanh);
    let mut net: ConstInit<B> = config.with_init_w(0.1).try_init(&device)?;
    let optimizer = AdamConfig::new().init();

    let probe = SymmetryProbe::new(net.axes()?).reporting(|found| println!("{found}")); // 1
    let mut optimizer = ProbedOptimizer::new(optimizer, probe); // 2

    let x = Tensor::<B, 2>::random([32, 3], Distribution::Default, &device);
    let y = Tensor::cat(vec![x.clone().sum_dim(1), x.clone().prod_dim(1)], 1);
    for _ in 0..100 {
        let loss = (net.forward(x.clone()) - y.clone()).powi_scalar(2).mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &net);
        net = optimizer.step(0.01, net, gradients);
    }

    let probe = optimizer.probe(); // 3
    for reading in probe.readings().iter().step_by(20) {
        let hidden = &reading.spaces[0];
        let (step, spread) = (reading.step, hidden.spread());
        let spread = number(spread, 2);
        println!(
            "step {step:3}: {} units, {} distinct, spread {spread}",
            hidden.units, hidden.twins
        );
    }
    Ok(())
}
