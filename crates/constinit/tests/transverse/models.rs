//! Modules that are not perceptrons, with two equal units.

use super::perceptron::Numbers;
use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{
    BatchNorm, BatchNormConfig, Dropout, DropoutConfig, LayerNorm, LayerNormConfig, Linear,
    LinearConfig,
};
use burn::tensor::activation::tanh;
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use constinit::params::{parameter_paths, read_parameters, write_parameters};
use constinit_symmetry::{AxesSpec, NamedAxis, RoleAxis, input, output};

/// A convolution, a batch norm, and a linear layer on the flattened result.
#[derive(Module, Debug)]
pub struct Convolved<B: Backend> {
    pub conv: Conv2d<B>,
    pub norm: BatchNorm<B>,
    pub last: Linear<B>,
}

/// Channels of the convolution; each has 4 places.
pub const CHANNELS: usize = 3;

impl<B: Backend> Convolved<B> {
    pub fn new(device: &B::Device) -> Self {
        Self {
            conv: Conv2dConfig::new([1, CHANNELS], [2, 2]).init(device),
            norm: BatchNormConfig::new(CHANNELS).init(device),
            last: LinearConfig::new(CHANNELS * 4, 2).init(device),
        }
    }

    /// x is [examples, 1, 3, 3].
    pub fn forward(&self, x: Tensor<B, 4>) -> Tensor<B, 2> {
        self.last.forward(tanh(self.norm.forward(self.conv.forward(x))).flatten(1, 3))
    }

    pub fn axes() -> AxesSpec {
        let channels = || output("channels");
        let rest = || output("");
        let flat: RoleAxis<String> = input(NamedAxis::flattened("channels", 4));
        AxesSpec::builder()
            .space("channels", CHANNELS)
            .param("conv.weight", [channels(), input(""), rest(), rest()])
            .param("conv.bias", [channels()])
            .param("norm.gamma", [channels()])
            .param("norm.beta", [channels()])
            .param("norm.running_mean", [channels()])
            .param("norm.running_var", [channels()])
            .param("last.weight", [flat, output("")])
            .param("last.bias", [output("")])
            .build([
                ("conv.weight", &[CHANNELS, 1, 2, 2][..]),
                ("conv.bias", &[CHANNELS]),
                ("norm.gamma", &[CHANNELS]),
                ("norm.beta", &[CHANNELS]),
                ("norm.running_mean", &[CHANNELS]),
                ("norm.running_var", &[CHANNELS]),
                ("last.weight", &[CHANNELS * 4, 2]),
                ("last.bias", &[2]),
            ])
            .unwrap()
    }

    /// The place to which a swap of channels 0 and 1 moves an entry.
    pub fn swapped(path: &str, entry: usize) -> usize {
        let entries_of_a_channel = match path {
            "conv.weight" => 4,
            "last.weight" => 4 * 2,
            "last.bias" => return entry,
            _ => 1,
        };
        match entry / entries_of_a_channel {
            0 => entry + entries_of_a_channel,
            1 => entry - entries_of_a_channel,
            _ => entry,
        }
    }
}

/// A recurrent layer that runs twice, with a layer norm and dropout on the input.
#[derive(Module, Debug)]
pub struct Recurrent<B: Backend> {
    pub dropout: Dropout,
    pub read: Linear<B>,
    pub again: Linear<B>,
    pub norm: LayerNorm<B>,
    pub last: Linear<B>,
}

/// Units of the recurrent layer.
pub const UNITS: usize = 3;

impl<B: Backend> Recurrent<B> {
    pub fn new(dropout: f64, device: &B::Device) -> Self {
        Self {
            dropout: DropoutConfig::new(dropout).init(),
            read: LinearConfig::new(2, UNITS).init(device),
            again: LinearConfig::new(UNITS, UNITS).init(device),
            norm: LayerNormConfig::new(UNITS).init(device),
            last: LinearConfig::new(UNITS, 2).init(device),
        }
    }

    pub fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let x = self.read.forward(self.dropout.forward(x));
        let first = tanh(x.clone());
        let second = tanh(x + self.again.forward(first));
        self.last.forward(self.norm.forward(second))
    }

    pub fn axes() -> AxesSpec {
        let made = || output("state");
        AxesSpec::builder()
            .space("state", UNITS)
            .param("read.weight", [input(""), made()])
            .param("read.bias", [made()])
            .param("again.weight", [input("state"), made()])
            .param("again.bias", [made()])
            .param("norm.gamma", [made()])
            .param("norm.beta", [made()])
            .param("last.weight", [input("state"), output("")])
            .param("last.bias", [output("")])
            .build([
                ("read.weight", &[2, UNITS][..]),
                ("read.bias", &[UNITS]),
                ("again.weight", &[UNITS, UNITS]),
                ("again.bias", &[UNITS]),
                ("norm.gamma", &[UNITS]),
                ("norm.beta", &[UNITS]),
                ("last.weight", &[UNITS, 2]),
                ("last.bias", &[2]),
            ])
            .unwrap()
    }

    /// The place to which a swap of units 0 and 1 moves an entry.
    pub fn swapped(path: &str, entry: usize) -> usize {
        let swap = |unit: usize| if unit < 2 { 1 - unit } else { unit };
        match path {
            "read.weight" => entry / UNITS * UNITS + swap(entry % UNITS),
            "again.weight" => swap(entry / UNITS) * UNITS + swap(entry % UNITS),
            "last.weight" => swap(entry / 2) * 2 + entry % 2,
            "last.bias" => entry,
            _ => swap(entry),
        }
    }
}

/// Random entries that a swap does not change. Norms and running statistics stay as they start.
pub fn symmetric<B: Backend, M: Module<B>>(
    module: M,
    swapped: fn(&str, usize) -> usize,
    seed: u64,
) -> M {
    let mut numbers = Numbers::new(seed);
    let paths = parameter_paths(&module);
    let values: Vec<(&str, TensorData)> = paths
        .iter()
        .zip(read_parameters(&module))
        .filter(|(path, _)| !path.starts_with("norm."))
        .map(|(path, parameter)| {
            let shape = parameter.data.shape.to_vec();
            let drawn = numbers.vector(shape.iter().product());
            let entry = |entry: usize| drawn[entry] + drawn[swapped(path, entry)];
            let entries: Vec<f64> = (0..drawn.len()).map(entry).collect();
            (path.as_str(), TensorData::new(entries, shape))
        })
        .collect();
    write_parameters(module, values).unwrap()
}
