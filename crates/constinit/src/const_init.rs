//! The network of the text on constant initialisation, as a Burn module of any depth.

use crate::init::{Draw, Init, ParameterAxes};
use crate::params::read_parameters;
use crate::text::Numbers;
use crate::{Activation, Error};
use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Tensor, TensorData, backend::Backend};
use std::fmt::Write;

/// Configuration of a [`ConstInit`].
///
/// ```
/// use constinit::{Activation, ConstInitConfig};
/// use burn_ndarray::NdArray;
///
/// let config = ConstInitConfig::new(vec![3, 2, 4]).with_activation(Activation::Tanh);
/// let net = config.init::<NdArray>(&Default::default());
/// assert_eq!(net.layers.len(), 2);
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct ConstInitConfig {
    /// Sizes of input, hidden layers and output; at least 3.
    pub layer_dims: Vec<usize>,
    /// The first weight is `init_w + j` for input `j`, every later weight is `init_w`.
    #[config(default = 1.0)]
    pub init_w: f64,
    /// Every bias.
    #[config(default = 0.5)]
    pub init_b: f64,
    /// Whether layers have a bias.
    #[config(default = true)]
    pub bias: bool,
    /// Applied after every layer but the last.
    #[config(default = "Activation::Relu")]
    pub activation: Activation,
}

/// How the parameters of one layer start.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerInit {
    /// The weight's start.
    pub weight: Init,
    /// The bias's start; unused where there is no bias.
    pub bias: Init,
}

/// A perceptron `y = Wn a(... a(W1 x + b1) ...) + bn` that starts from constants.
///
/// Units of a hidden layer that start alike stay alike: gradients cannot tell them apart.
///
/// Should be created with [`ConstInitConfig`].
#[derive(Module, Debug)]
pub struct ConstInit<B: Backend> {
    /// The layers, first to last; Burn stores their weights as `[input, output]`.
    pub layers: Vec<Linear<B>>,
    /// Applied after every layer but the last.
    #[module(skip)]
    pub activation: Activation,
}

impl ConstInitConfig {
    /// Creates the network with the constants `init_w` and `init_b`.
    ///
    /// # Panics
    ///
    /// Where [`ConstInitConfig::try_init`] returns an error.
    pub fn init<B: Backend>(&self, device: &B::Device) -> ConstInit<B> {
        match self.try_init(device) {
            Ok(net) => net,
            Err(error) => panic!("{error}"),
        }
    }

    /// Creates the network with the constants `init_w` and `init_b`.
    ///
    /// # Errors
    ///
    /// [`Error::TooFewLayers`], [`Error::EmptyLayer`] or [`Error::TooLarge`] for `layer_dims` that
    /// no such network has.
    pub fn try_init<B: Backend>(&self, device: &B::Device) -> Result<ConstInit<B>, Error> {
        self.try_init_with(&self.constants(), device)
    }

    /// Creates the network with other initialisers, one pair a layer.
    ///
    /// # Errors
    ///
    /// As [`ConstInitConfig::try_init`]; [`Error::LayerCount`] for another number of pairs than
    /// layers, [`Error::Init`] for an initialiser that cannot fill its parameter.
    pub fn try_init_with<B: Backend>(
        &self,
        inits: &[LayerInit],
        device: &B::Device,
    ) -> Result<ConstInit<B>, Error> {
        self.check()?;
        let layers = self.layer_dims.len() - 1;
        if inits.len() != layers {
            return Err(Error::LayerCount { layers, initialisers: inits.len() });
        }
        let layers = self
            .layer_dims
            .windows(2)
            .zip(inits)
            .enumerate()
            .map(|(number, (dims, init))| self.layer(number, [dims[0], dims[1]], init, device))
            .collect::<Result<_, _>>()?;
        Ok(ConstInit { layers, activation: self.activation })
    }

    /// The initialisers that `init_w` and `init_b` stand for, one pair a layer.
    pub fn constants(&self) -> Vec<LayerInit> {
        let first = Init::InputRamp { start: self.init_w, step: 1.0 };
        let later = Init::Constant { value: self.init_w };
        let bias = Init::Constant { value: self.init_b };
        (1..self.layer_dims.len())
            .map(|layer| LayerInit {
                weight: if layer == 1 { first.clone() } else { later.clone() },
                bias: bias.clone(),
            })
            .collect()
    }

    fn layer<B: Backend>(
        &self,
        number: usize,
        [inputs, outputs]: [usize; 2],
        init: &LayerInit,
        device: &B::Device,
    ) -> Result<Linear<B>, Error> {
        let draw = |name: &str| Draw::new(0, format!("layers.{number}.{name}"));
        let axes = ParameterAxes::LINEAR_WEIGHT;
        let weight = init.weight.tensor([inputs, outputs], axes, &draw("weight"), device)?;
        let bias_axes = ParameterAxes::VECTOR.with_fans(inputs, outputs);
        let bias = self
            .bias
            .then(|| init.bias.tensor([outputs], bias_axes, &draw("bias"), device))
            .transpose()?;
        Ok(Linear { weight: Param::from_tensor(weight), bias: bias.map(Param::from_tensor) })
    }

    /// Whether such a network exists and fits into memory.
    ///
    /// # Errors
    ///
    /// As [`ConstInitConfig::try_init`].
    pub fn check(&self) -> Result<(), Error> {
        let layer_dims = || self.layer_dims.clone();
        if self.layer_dims.len() < 3 {
            return Err(Error::TooFewLayers { layer_dims: layer_dims() });
        }
        if let Some(position) = self.layer_dims.iter().position(|size| *size == 0) {
            return Err(Error::EmptyLayer { layer_dims: layer_dims(), position });
        }
        let entries = self.layer_dims.windows(2).try_fold(0_usize, |sum, dims| {
            dims[0].checked_add(1)?.checked_mul(dims[1])?.checked_add(sum)
        });
        // Parameters and gradients in single precision is the least that training needs. Asking for
        // the memory tells whether the system would give it; it is not touched.
        let bytes = entries.and_then(|entries| entries.checked_mul(2 * size_of::<f32>()));
        match bytes {
            Some(bytes) if Vec::<u8>::new().try_reserve_exact(bytes).is_ok() => Ok(()),
            _ => {
                let weights =
                    self.layer_dims.windows(2).map(|dims| dims[0] as f64 * dims[1] as f64);
                let largest = weights.enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b));
                let layer = largest.map_or(0, |(number, _)| number) + 1;
                Err(Error::TooLarge { layer_dims: layer_dims(), layer })
            }
        }
    }
}

impl<B: Backend> ConstInit<B> {
    /// The outputs for a batch of inputs.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, layer_dims[0]]`
    /// - output: `[batch, layer_dims[last]]`
    ///
    /// # Panics
    ///
    /// Where the input has another width than the first layer reads, as Burn's own modules do.
    pub fn forward(&self, input: Tensor<B, 2>) -> Tensor<B, 2> {
        self.layers.iter().enumerate().fold(input, |signal, (number, layer)| {
            let signal = layer.forward(signal);
            if number + 1 == self.layers.len() { signal } else { self.activation.forward(signal) }
        })
    }

    /// The name of each parameter, `linear1.weight` first, in the order in which Burn visits them.
    pub fn parameter_names(&self) -> Vec<String> {
        self.layers
            .iter()
            .enumerate()
            .flat_map(|(number, layer)| {
                let bias = layer.bias.as_ref().map(|_| linear_name(number, "bias"));
                [Some(linear_name(number, "weight")), bias]
            })
            .flatten()
            .collect()
    }

    /// Prints all parameters to standard output; see [`ConstInit::parameters_text`].
    pub fn print_parameters(&self) {
        print!("{}", self.parameters_text());
    }

    /// All parameters by name, weights as `weight[output][input]`, 4 decimals; those of more than
    /// 1000 entries are shown by their edges.
    pub fn parameters_text(&self) -> String {
        let read = read_parameters(self);
        let data = read.iter().map(|parameter| &parameter.data);
        parameters_text(self.parameter_names().iter().map(String::as_str).zip(data))
    }
}

/// The name of a parameter of layer number `layer`, from 0: `linear1.weight` is PyTorch's name for
/// the `weight` of layer 0.
pub fn linear_name(layer: usize, parameter: &str) -> String {
    format!("linear{}.{parameter}", layer + 1)
}

/// Linear parameters as text, by name, weights as `weight[output][input]`.
///
/// # Shapes
///
/// - data of rank 2: `[input, output]`, as Burn stores it
pub fn parameters_text<'a>(
    parameters: impl IntoIterator<Item = (&'a str, &'a TensorData)>,
) -> String {
    let mut text = String::new();
    for (name, data) in parameters {
        let values: Vec<f64> = data.iter::<f64>().collect();
        let (shape, numbers) = match data.shape.as_slice() {
            [inputs, outputs] => {
                let (inputs, outputs) = (*inputs, *outputs);
                let at = |output, input| values[input * outputs + output];
                (format!("[{outputs}, {inputs}]"), Numbers::matrix(outputs, inputs, at).to_string())
            }
            shape => {
                (format!("{shape:?}"), Numbers::vector(values.len(), |_, i| values[i]).to_string())
            }
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name} {shape}");
        for line in numbers.lines() {
            let _ = writeln!(text, "  {line}");
        }
    }
    text
}
