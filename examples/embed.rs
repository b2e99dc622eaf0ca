//! `ConstInit` as a part of a larger Burn module, trained by Burn alone.
//!
//! The encoder starts from constants, the head at random. The random head distinguishes the encoder's
//! outputs, but nothing distinguishes its hidden units: 6 units, 1 distinct.
//!
//! `cargo run --example embed`

use burn::module::Module;
use burn::nn::loss::{MseLoss, Reduction};
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams, Optimizer};
use burn::tensor::{Tensor, backend::Backend as BurnBackend};
use burn_autodiff::Autodiff;
use constinit::params::read_parameters;
use constinit::probe::properties_of;
use constinit::{Activation, ConstInit, ConstInitConfig};
use constinit_core::text::number;

#[cfg(all(feature = "flex", not(any(feature = "ndarray", feature = "wgpu"))))]
use burn_flex::Flex as Backend;
#[cfg(feature = "ndarray")]
use burn_ndarray::NdArray as Backend;
#[cfg(all(feature = "wgpu", not(feature = "ndarray")))]
use burn_wgpu::Wgpu as Backend;

#[derive(Module, Debug)]
struct Regressor<B: BurnBackend> {
    encoder: ConstInit<B>,
    head: Linear<B>,
}

impl<B: BurnBackend> Regressor<B> {
    fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        self.head.forward(self.encoder.forward(x).tanh())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    type B = Autodiff<Backend>;
    let device = Default::default();
    B::seed(&device, 7);
    let config = ConstInitConfig::new(vec![2, 6, 3]).with_activation(Activation::Tanh);
    let encoder = config.with_init_w(0.1).try_init::<B>(&device)?;
    let mut model = Regressor { encoder, head: LinearConfig::new(3, 1).init(&device) };

    let x = Tensor::<B, 2>::from_data([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], &device);
    let y = Tensor::<B, 2>::from_data([[0.0], [1.0], [1.0], [0.0]], &device);
    let mut adam = AdamConfig::new().init();
    for _ in 0..100 {
        let loss = MseLoss::new().forward(model.forward(x.clone()), y.clone(), Reduction::Mean);
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = adam.step(0.01, model, gradients);
    }

    let (properties, hidden) = properties_of(&model.encoder, &read_parameters(&model))?;
    let furthest = hidden[0].difference.map_or(0.0, |apart| apart.difference);
    let outputs = properties.p3.ok_or("no hidden layer")?;
    println!("encoder's outputs apart by {}", number(outputs.deviation, 3));
    println!("encoder's {} hidden units apart by {}", hidden[0].units, number(furthest, 2));
    Ok(())
}
