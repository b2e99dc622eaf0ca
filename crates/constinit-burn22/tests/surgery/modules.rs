//! Modules whose spaces are declared by hand.

use super::{declared, device};
use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use constinit_symmetry::layers::{conv, dense, vectors};
use constinit_symmetry::{AxesSpec, NamedAxis};

/// A linear layer that makes an image of two channels, two convolutions with a batch norm between them, and a linear
/// layer on the flattened result.
#[derive(Module, Debug)]
pub struct Cnn {
    pub enter: Linear,
    pub conv1: Conv2d,
    pub norm: BatchNorm,
    pub conv2: Conv2d,
    pub head: Linear,
}

impl Cnn {
    pub fn new(device: &Device) -> Self {
        Self {
            enter: LinearConfig::new(9, 50).init(device),
            conv1: Conv2dConfig::new([2, 6], [3, 3]).init(device),
            norm: BatchNormConfig::new(6).init(device),
            conv2: Conv2dConfig::new([6, 5], [2, 2]).init(device),
            head: LinearConfig::new(20, 3).init(device),
        }
    }

    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = self.enter.forward(x).tanh();
        let [rows, entries] = x.dims();
        let x = self.conv1.forward(x.reshape([rows, entries / 25, 5, 5]));
        let x = self.conv2.forward(relu(self.norm.forward(x)));
        self.head.forward(x.tanh().flatten(1, 3))
    }

    pub fn spec() -> AxesSpec {
        let norm = ["gamma", "beta", "running_mean", "running_var"];
        let layers = [
            dense("enter", "", NamedAxis::flattened("image", 25)).input_first(),
            conv("conv1", "image", "one", 2),
            vectors("norm", &norm, "one"),
            conv("conv2", "one", "two", 2),
            dense("head", NamedAxis::flattened("two", 4), "").input_first(),
        ];
        let spaces = [("image", 2), ("one", 6), ("two", 5)];
        declared(&Self::new(&device()), &spaces, layers)
    }
}

/// A residual stream, without norms.
#[derive(Module, Debug)]
pub struct Residual {
    pub enter: Linear,
    pub up: Linear,
    pub down: Linear,
    pub leave: Linear,
}

impl Residual {
    pub fn new(device: &Device) -> Self {
        let linear = |inputs, outputs| LinearConfig::new(inputs, outputs).init(device);
        Self { enter: linear(3, 6), up: linear(6, 5), down: linear(5, 6), leave: linear(6, 2) }
    }

    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = self.enter.forward(x);
        let x = x.clone() + self.down.forward(self.up.forward(x).tanh());
        self.leave.forward(x)
    }

    pub fn spec() -> AxesSpec {
        let layers = [
            dense("enter", "", "stream"),
            dense("up", "stream", "hidden"),
            dense("down", "hidden", "stream"),
            dense("leave", "stream", ""),
        ];
        let spaces = [("stream", 6), ("hidden", 5)];
        declared(&Self::new(&device()), &spaces, layers.map(|layer| layer.input_first()))
    }
}
