//! Your own model and training loop on Burn 0.22, with the symmetry probe in three lines: dropout makes units diverge.
//!
//! `cargo run -p constinit-burn22 --example burn22_custom_loop`

use burn::module::{Initializer, Module};
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Distribution, Tensor};
use constinit_burn22::Error;
use constinit_burn22::axes::{Trace, trace};
use constinit_burn22::probe::SymmetryProbe;

#[derive(Module, Debug)]
struct Net {
    hidden: Linear,
    dropout: Dropout,
    output: Linear,
}

impl Net {
    fn new(dropout: f64, device: &Device) -> Self {
        let constant = Initializer::Constant { value: 0.1 };
        let layer = |inputs, outputs| {
            LinearConfig::new(inputs, outputs).with_initializer(constant.clone()).init(device)
        };
        let dropout = DropoutConfig::new(dropout).init();
        Self { hidden: layer(3, 512), dropout, output: layer(512, 2) }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.output.forward(self.dropout.forward(self.hidden.forward(x).tanh()))
    }
}

fn main() -> Result<(), Error> {
    let device = Device::flex().autodiff();
    for rate in [0.0, 0.1] {
        let mut net = Net::new(rate, &device);
        let traced = trace(&net, |net, device| {
            let x = Tensor::zeros([7, 3], device);
            Trace::new().input(x.clone()).output(net.forward(x))
        })?;
        let mut probe = SymmetryProbe::traced(traced).reporting(|found| println!("{found}")); // 1
        let mut optimizer = AdamConfig::new().init();

        let x = Tensor::<2>::random([32, 3], Distribution::Default, &device);
        let y = Tensor::cat(vec![x.clone().sum_dim(1), x.clone().prod_dim(1)], 1);
        for _ in 0..20 {
            let loss = (net.forward(x.clone()) - y.clone()).square().mean();
            let gradients = GradientsParams::from_grads(loss.backward(), &net);
            net = probe.step(&mut optimizer, 0.01, net, gradients); // 2
        }

        for reading in probe.readings().iter().step_by(10) {
            let hidden = &reading.spaces[0]; // 3
            let (step, units, distinct) = (reading.step, hidden.units, hidden.twins);
            println!("dropout {rate}, step {step:2}: {units} units, {distinct} distinct");
        }
    }
    Ok(())
}
