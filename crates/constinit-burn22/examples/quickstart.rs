//! A hidden layer of constants on Burn 0.22: which units are equal, before training and after.
//!
//! `cargo run -p constinit-burn22 --example burn22_quickstart`

use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{Device, Tensor};
use constinit_burn22::init::{Init, InitPlan, InitRule};
use constinit_burn22::prelude::*;
use constinit_burn22::probe::SymmetryProbe;
use constinit_burn22::{Activation, ConstInitConfig, Error};

fn main() -> Result<(), Error> {
    let device = Device::flex().autodiff();
    let config = ConstInitConfig::new(vec![3, 2, 4]).with_activation(Activation::Tanh);
    let net = config.with_init_w(0.1).try_init(&device)?;
    net.print_parameters();

    // The same network from rules: three of the six hidden units are copies of the other three.
    let wide = ConstInitConfig::new(vec![3, 6, 4]).with_activation(Activation::Tanh);
    let plan = InitPlan::new(7)
        .rule(InitRule::glob("layers.0.weight", Init::normal(0.0, 1.0).symmetrised(3)))
        .rule(InitRule::any(Init::constant(0.1)));
    let (wide, report) = plan.apply(wide.try_init(&device)?)?;
    println!("{report}");

    for mut net in [net, wide] {
        let mut probe = SymmetryProbe::new(net.axes()?).reporting(|found| println!("{found}"));
        let mut optimizer = SgdConfig::new().init();
        let x = Tensor::<2>::from_data([[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]], &device);
        for _ in 0..50 {
            let loss = (net.forward(x.clone()) - 1.0).square().mean();
            let gradients = GradientsParams::from_grads(loss.backward(), &net);
            net = probe.step(&mut optimizer, 0.1, net, gradients);
        }
        let hidden = &probe.readings()[50].spaces[0];
        println!("after 50 steps: {} units, {} distinct", hidden.units, hidden.twins);
    }
    Ok(())
}
