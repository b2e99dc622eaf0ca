//! Traces the spaces of a small convolutional network, and finds their classes after constant initialisation.
//!
//! `cargo run --example cnn`, or with another backend:
//! `cargo run --example cnn --no-default-features --features wgpu`

use burn::module::{Initializer, Module};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Tensor, backend::Backend as AnyBackend};
use burn_autodiff::Autodiff;
use constinit::Error;
use constinit::axes::{Capture, Trace, trace};
use constinit::probe::{Observation, Probe, SymmetryProbe};

#[cfg(all(feature = "flex", not(any(feature = "ndarray", feature = "wgpu"))))]
use burn_flex::Flex as Backend;
#[cfg(feature = "ndarray")]
use burn_ndarray::NdArray as Backend;
#[cfg(all(feature = "wgpu", not(feature = "ndarray")))]
use burn_wgpu::Wgpu as Backend;

#[derive(Module, Debug)]
struct Cnn<B: AnyBackend> {
    conv1: Conv2d<B>,
    norm1: BatchNorm<B>,
    pool: MaxPool2d,
    conv2: Conv2d<B>,
    output: Linear<B>,
}

impl<B: AnyBackend> Cnn<B> {
    fn new(device: &B::Device) -> Self {
        let constant = Initializer::Constant { value: 0.05 };
        Self {
            conv1: Conv2dConfig::new([1, 16], [3, 3]).with_initializer(constant).init(device),
            norm1: BatchNormConfig::new(16).init(device),
            pool: MaxPool2dConfig::new([2, 2]).init(),
            conv2: Conv2dConfig::new([16, 8], [3, 3]).init(device),
            output: LinearConfig::new(8 * 4 * 4, 10).init(device),
        }
    }

    fn forward(&self, images: Tensor<B, 4>) -> Tensor<B, 2> {
        let x = self.pool.forward(relu(self.norm1.forward(self.conv1.forward(images))));
        self.output.forward(relu(self.conv2.forward(x)).flatten(1, 3))
    }
}

fn main() -> Result<(), Error> {
    let traced = trace(|device| {
        let net = Cnn::<Capture>::new(device);
        let images = Tensor::zeros([2, 1, 14, 14], device);
        let classes = net.forward(images.clone());
        Trace::of(&net).input(images).output(classes)
    })?;
    for space in traced.axes.spaces() {
        println!("{}: {} units", space.name(), space.units());
    }

    let net = Cnn::<Autodiff<Backend>>::new(&Default::default());
    let mut probe = SymmetryProbe::traced(traced).reporting(|found| println!("{found}"));
    probe.observe(&Observation::before_training(&net));
    let read = &probe.readings()[0].spaces;
    println!("effective widths: {:?}", read.iter().map(|space| space.twins).collect::<Vec<_>>());
    println!(
        "channels that compute the same: {:?}",
        read.iter().map(|space| space.forward).collect::<Vec<_>>()
    );
    Ok(())
}
