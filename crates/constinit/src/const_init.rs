//! The network of the text on constant initialisation, as a Burn module of any depth.

use crate::init::{ParameterAxes, RngKey, TensorInit};
use crate::params::read_parameters;
use crate::{Activation, Error, TensorActivation};
use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Tensor, TensorData, backend::Backend};
use constinit_core::{LayerInit, PerceptronStart, check_layer_dims, linear_name};

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
pub struct ConstInit<B: Backend> {
    /// The layers, first to last; Burn stores their weights as `[input, output]`.
    pub layers: Vec<Linear<B>>,
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
    pub fn init<B: Backend>(&self, device: &B::Device) -> ConstInit<B> {
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
    pub fn try_init<B: Backend>(&self, device: &B::Device) -> Result<ConstInit<B>, Error> {
        self.try_init_with(&self.layer_inits(), device)
    }

    /// Creates the network with other initialisers, one pair per layer; `seed` is the seed of random ones.
    ///
    /// # Errors
    ///
    /// Those of [`ConstInitConfig::try_init`]; [`Error::LayerCount`] if the number of pairs is not that of the layers,
    /// [`Error::Init`] for an initialiser that cannot fill its parameter.
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

    /// The initialisers of `start`, one pair per layer.
    pub fn layer_inits(&self) -> Vec<LayerInit> {
        self.start.layers(&self.layer_dims, self.init_w, self.init_b)
    }

    /// The initialisers of the text for `init_w` and `init_b`, one pair per layer, whatever `start` is.
    pub fn constants(&self) -> Vec<LayerInit> {
        LayerInit::constants(self.layer_dims.len().saturating_sub(1), self.init_w, self.init_b)
    }

    fn layer<B: Backend>(
        &self,
        number: usize,
        [inputs, outputs]: [usize; 2],
        init: &LayerInit,
        device: &B::Device,
    ) -> Result<Linear<B>, Error> {
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
    /// If the input has another width than the first layer reads, as Burn's own modules do.
    pub fn forward(&self, input: Tensor<B, 2>) -> Tensor<B, 2> {
        self.forward_through(input, |_, signal| signal)
    }

    /// The outputs for a batch of inputs, with a function between each hidden layer and the next one, such as dropout
    /// or an inspection of the activations.
    ///
    /// `hidden` gets the number of the hidden layer, from 0, and its activations.
    ///
    /// ```
    /// use burn::tensor::Tensor;
    /// use burn_ndarray::NdArray;
    /// use constinit::ConstInitConfig;
    ///
    /// let device = Default::default();
    /// let net = ConstInitConfig::new(vec![3, 2, 4]).init::<NdArray>(&device);
    /// let x = Tensor::<NdArray, 2>::ones([5, 3], &device);
    /// // With silenced units, only the bias of the next layer is left: 0.5.
    /// let y = net.forward_through(x, |_, signal| signal * 0.0);
    /// assert_eq!(y.into_data().to_vec::<f32>().unwrap(), [0.5; 20]);
    /// ```
    ///
    /// # Shapes
    ///
    /// - input: `[batch, layer_dims[0]]`
    /// - activations of hidden layer `n`, as argument and result: `[batch, layer_dims[n + 1]]`
    /// - output: `[batch, layer_dims[last]]`
    ///
    /// # Panics
    ///
    /// As for [`ConstInit::forward`], and if `hidden` returns another shape than it got.
    pub fn forward_through(
        &self,
        input: Tensor<B, 2>,
        mut hidden: impl FnMut(usize, Tensor<B, 2>) -> Tensor<B, 2>,
    ) -> Tensor<B, 2> {
        self.layers.iter().enumerate().fold(input, |signal, (number, layer)| {
            let signal = layer.forward(signal);
            if number + 1 == self.layers.len() {
                signal
            } else {
                hidden(number, self.activation.forward(signal))
            }
        })
    }

    /// What goes into the activation of each hidden layer: `W1 x + b1` first. The same operations as in
    /// [`forward`](Self::forward), so the same bits.
    ///
    /// ```
    /// use burn::tensor::Tensor;
    /// use burn_ndarray::NdArray;
    /// use constinit::ConstInitConfig;
    ///
    /// // w = 1 and b = 0.5: 1 + 0.5, then 2 relu(1.5) + 0.5.
    /// let net = ConstInitConfig::new(vec![1, 2, 3, 1]).init::<NdArray>(&Default::default());
    /// let before = net.before_activations(Tensor::from_data([[1.0]], &Default::default()));
    /// let numbers: Vec<Vec<f32>> = before.into_iter().map(|z| z.into_data().into_vec().unwrap()).collect();
    /// assert_eq!(numbers, [vec![1.5; 2], vec![3.5; 3]]);
    /// ```
    ///
    /// # Shapes
    ///
    /// - input: `[batch, layer_dims[0]]`
    /// - output: `[batch, layer_dims[k]]` for each hidden layer k
    ///
    /// # Panics
    ///
    /// As for [`forward`](Self::forward).
    pub fn before_activations(&self, input: Tensor<B, 2>) -> Vec<Tensor<B, 2>> {
        let mut signal = input;
        let hidden = self.layers.split_last().map_or(&[][..], |(_, hidden)| hidden);
        let of_layer = |(number, layer): (usize, &Linear<B>)| {
            if number > 0 {
                signal = self.activation.forward(signal.clone());
            }
            signal = layer.forward(signal.clone());
            signal.clone()
        };
        hidden.iter().enumerate().map(of_layer).collect()
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

    /// All parameters by name, weights as `weight[output][input]`, 4 decimals; of those with more than 1000 entries,
    /// only the edges are shown.
    pub fn parameters_text(&self) -> String {
        let read = read_parameters(self);
        let data = read.iter().map(|parameter| &parameter.data);
        parameters_text(self.parameter_names().iter().map(String::as_str).zip(data))
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
        parameters.map(|(name, data)| (name, data.shape.as_slice(), data.iter::<f64>().collect())),
    )
}
