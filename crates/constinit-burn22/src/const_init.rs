//! The network of the text on constant initialisation, as a Burn module of any depth.

use crate::init::{ParameterAxes, RngKey, TensorInit};
use crate::params::{read_parameters, surveyed};
use crate::{Activation, Error, TensorActivation};
use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use constinit_core::{LayerInit, PerceptronStart, check_layer_dims, linear_name, perceptron_axes};
use constinit_symmetry::AxesSpec;

/// Configuration of a [`ConstInit`].
///
/// ```
/// use constinit_burn22::{Activation, ConstInitConfig};
/// use burn::tensor::Device;
///
/// let config = ConstInitConfig::new(vec![3, 2, 4]).with_activation(Activation::Tanh);
/// let net = config.init(&Device::flex());
/// assert_eq!(net.layers.len(), 2);
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct ConstInitConfig {
    /// Sizes of input, hidden layers and output; at least 2. Two are a linear model.
    pub layer_dims: Vec<usize>,
    /// How the parameters start. With the default, the first weight is `init_w + j` for input `j`.
    #[config(default = "PerceptronStart::Ramp")]
    pub start: PerceptronStart,
    /// The entries of weights. With the start `ramp`, the first weight increases from this number; with `zeros` and
    /// `random`, no weight uses it.
    #[config(default = 1.0)]
    pub init_w: f64,
    /// Every bias, unless `start` is zeros or random.
    #[config(default = 0.5)]
    pub init_b: f64,
    /// Whether layers have a bias.
    #[config(default = true)]
    pub bias: bool,
    /// Applied after every layer but the last.
    #[config(default = "Activation::Relu")]
    pub activation: Activation,
    /// The seed of a random start.
    #[config(default = 0)]
    pub seed: u64,
}

/// A perceptron `y = Wn a(... a(W1 x + b1) ...) + bn` that starts from constants.
///
/// Units of a hidden layer that start equal stay equal: gradients cannot distinguish them.
///
/// Should be created with [`ConstInitConfig`].
#[derive(Module, Debug)]
pub struct ConstInit {
    /// The layers, first to last; Burn stores their weights as `[input, output]`.
    pub layers: Vec<Linear>,
    /// Applied after every layer but the last.
    #[module(skip)]
    pub activation: Activation,
}

impl ConstInitConfig {
    /// Creates the network as `start` says.
    ///
    /// # Panics
    ///
    /// If [`ConstInitConfig::try_init`] returns an error.
    pub fn init(&self, device: &Device) -> ConstInit {
        match self.try_init(device) {
            Ok(net) => net,
            Err(error) => panic!("{error}"),
        }
    }

    /// Creates the network as `start` says.
    ///
    /// # Errors
    ///
    /// [`Error::TooFewLayers`], [`Error::EmptyLayer`] or [`Error::TooLarge`] for `layer_dims` for which no such network
    /// exists.
    pub fn try_init(&self, device: &Device) -> Result<ConstInit, Error> {
        self.try_init_with(&self.layer_inits(), device)
    }

    /// Creates the network with other initialisers, one pair per layer; `seed` is the seed of random ones.
    ///
    /// # Errors
    ///
    /// Those of [`ConstInitConfig::try_init`]; [`Error::LayerCount`] if the number of pairs is not that of the layers,
    /// [`Error::Init`] for an initialiser that cannot fill its parameter.
    pub fn try_init_with(&self, inits: &[LayerInit], device: &Device) -> Result<ConstInit, Error> {
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

    /// The initialisers of `start`, one pair per layer.
    pub fn layer_inits(&self) -> Vec<LayerInit> {
        self.start.layers(&self.layer_dims, self.init_w, self.init_b)
    }

    /// The initialisers of the text for `init_w` and `init_b`, one pair per layer, whatever `start` is.
    pub fn constants(&self) -> Vec<LayerInit> {
        LayerInit::constants(self.layer_dims.len().saturating_sub(1), self.init_w, self.init_b)
    }

    fn layer(
        &self,
        number: usize,
        [inputs, outputs]: [usize; 2],
        init: &LayerInit,
        device: &Device,
    ) -> Result<Linear, Error> {
        let key = |name: &str| RngKey::new(self.seed, format!("layers.{number}.{name}"));
        let axes = ParameterAxes::LINEAR_WEIGHT;
        let weight = init.weight.tensor([inputs, outputs], axes, &key("weight"), device)?;
        let bias_axes = ParameterAxes::VECTOR.with_fans(inputs, outputs);
        let bias = self
            .bias
            .then(|| init.bias.tensor([outputs], bias_axes, &key("bias"), device))
            .transpose()?;
        Ok(Linear { weight: Param::from_tensor(weight), bias: bias.map(Param::from_tensor) })
    }

    /// Checks that such a network exists and fits into memory.
    ///
    /// # Errors
    ///
    /// Those of [`ConstInitConfig::try_init`].
    pub fn check(&self) -> Result<(), Error> {
        check_layer_dims(&self.layer_dims)
    }
}

impl ConstInit {
    /// The outputs for a batch of inputs.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, layer_dims[0]]`
    /// - output: `[batch, layer_dims[last]]`
    ///
    /// # Panics
    ///
    /// If the input has another width than the first layer reads, as Burn's own modules do.
    pub fn forward(&self, input: Tensor<2>) -> Tensor<2> {
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

    /// Which axes share a space: hidden layer `n`, from 1, is the space `hidden{n}`.
    ///
    /// ```
    /// use burn::tensor::Device;
    /// use constinit_burn22::ConstInitConfig;
    ///
    /// let net = ConstInitConfig::new(vec![3, 2, 4]).init(&Device::flex());
    /// assert_eq!(net.axes()?.spaces()[0].name(), "hidden1");
    /// # Ok::<(), constinit_burn22::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Symmetry`] if layers that were put together by hand do not fit each other.
    pub fn axes(&self) -> Result<AxesSpec, Error> {
        let parameters = surveyed(self);
        let shapes = parameters.iter().map(|p| (p.path.as_str(), p.shape.as_slice()));
        Ok(perceptron_axes(&shapes.collect::<Vec<_>>())?)
    }

    /// Prints all parameters to standard output; see [`ConstInit::parameters_text`].
    pub fn print_parameters(&self) {
        print!("{}", self.parameters_text());
    }

    /// All parameters by name, weights as `weight[output][input]`, 4 decimals; of those with more than 1000 entries,
    /// only the edges are shown.
    pub fn parameters_text(&self) -> String {
        let read = read_parameters(self);
        parameters_text(self.parameter_names().iter().map(String::as_str).zip(&read))
    }
}

/// Linear parameters as text, by name, weights as `weight[output][input]`.
///
/// # Shapes
///
/// - data of rank 2: `[input, output]`, as Burn stores it
pub fn parameters_text<'a>(
    parameters: impl IntoIterator<Item = (&'a str, &'a TensorData)>,
) -> String {
    let parameters = parameters.into_iter();
    constinit_core::parameters_text(
        parameters.map(|(name, data)| (name, &data.shape()[..], data.iter::<f64>().collect())),
    )
}
