//! The network of the text on constant initialisation: its sizes, its starts and the names of its parameters.

use crate::Error;
use crate::init::Init;
use crate::text::Numbers;
use constinit_symmetry::{AxesSpec, Loss, SymmetryError, input, output};
use std::fmt::Write;

/// How the parameters of one layer start.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerInit {
    /// The weight's start.
    pub weight: Init,
    /// The bias's start; unused if there is no bias.
    pub bias: Init,
}

impl LayerInit {
    /// The starts of the text, one per layer: `init_w + j` for input `j` of the first weight, `init_w` for every later
    /// weight, `init_b` for every bias.
    ///
    /// ```
    /// use constinit_core::LayerInit;
    /// use constinit_core::init::Init;
    ///
    /// let starts = LayerInit::constants(2, 1.0, 0.5);
    /// assert_eq!(starts[0].weight, Init::InputRamp { start: 1.0, step: 1.0 });
    /// assert_eq!(starts[1].weight, Init::Constant { value: 1.0 });
    /// ```
    pub fn constants(layers: usize, init_w: f64, init_b: f64) -> Vec<Self> {
        let first = Init::InputRamp { start: init_w, step: 1.0 };
        let later = Init::Constant { value: init_w };
        let bias = Init::Constant { value: init_b };
        (0..layers)
            .map(|layer| Self {
                weight: if layer == 0 { first.clone() } else { later.clone() },
                bias: bias.clone(),
            })
            .collect()
    }

    /// One number for every weight and one for every bias, one pair per layer.
    ///
    /// ```
    /// use constinit_core::LayerInit;
    /// use constinit_core::init::Init;
    ///
    /// let starts = LayerInit::everywhere(2, 1.0, 0.5);
    /// assert_eq!((&starts[0].weight, &starts[1].bias), (&Init::constant(1.0), &Init::constant(0.5)));
    /// ```
    pub fn everywhere(layers: usize, init_w: f64, init_b: f64) -> Vec<Self> {
        let layer = Self { weight: Init::constant(init_w), bias: Init::constant(init_b) };
        vec![layer; layers]
    }
}

/// What a perceptron with inputs and outputs only means for equal units. It has no hidden units, and its outputs are
/// linear in its parameters:
///
/// ```text
/// y[i] = Σ_j W[i][j] x[j] + b[i]      ∂L/∂W[i][j] = Σ_examples δ[i] x[j]      ∂L/∂b[i] = Σ_examples δ[i]
/// ```
///
/// with `δ[i]` the derivative of the loss by output `i`. So no gradient depends on hidden units that might be equal.
/// The gradients of the weights of one output differ as the inputs do; those of the weights of one input differ as the
/// derivatives `δ` do. A loss that is convex in the outputs ([`Loss::is_convex`]) is convex in the parameters.
///
/// ```
/// use constinit_core::{Loss, without_hidden_layer};
///
/// assert!(without_hidden_layer(Loss::Mse)[1].starts_with("A start from zeros or any other constant is harmless"));
/// ```
pub fn without_hidden_layer(loss: Loss) -> Vec<String> {
    let mut lines = vec![
        "The network has no hidden layer, so it has no hidden units that could be equal. The gradient of the weight \
         from input j to output i is the sum, over examples, of the slope of output i times input j. No other weight \
         is a factor of it."
            .to_owned(),
    ];
    if loss.is_convex() {
        lines.push(format!(
            "A start from zeros or any other constant is harmless: the outputs are linear in the parameters and {} is \
             convex in the outputs, so gradient descent with a small enough rate reaches the same lowest loss from \
             any start.",
            loss.name()
        ));
    }
    lines
}

/// Checks that a perceptron of these sizes has inputs and outputs and fits into memory. Two sizes are a linear model,
/// without a hidden layer.
///
/// # Errors
///
/// [`Error::TooFewLayers`], [`Error::EmptyLayer`] or [`Error::TooLarge`].
pub fn check_layer_dims(layer_dims: &[usize]) -> Result<(), Error> {
    let owned = || layer_dims.to_vec();
    if layer_dims.len() < 2 {
        return Err(Error::TooFewLayers { layer_dims: owned() });
    }
    if let Some(position) = layer_dims.iter().position(|size| *size == 0) {
        return Err(Error::EmptyLayer { layer_dims: owned(), position });
    }
    let entries = layer_dims.windows(2).try_fold(0_usize, |sum, dims| {
        dims[0].checked_add(1)?.checked_mul(dims[1])?.checked_add(sum)
    });
    // Training needs at least parameters and gradients in single precision. A reservation shows whether the system
    // would give that memory; nothing is written to it.
    let bytes = entries.and_then(|entries| entries.checked_mul(2 * size_of::<f32>()));
    match bytes {
        Some(bytes) if Vec::<u8>::new().try_reserve_exact(bytes).is_ok() => Ok(()),
        _ => {
            let weights = layer_dims.windows(2).map(|dims| dims[0] as f64 * dims[1] as f64);
            let largest = weights.enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b));
            let layer = largest.map_or(0, |(number, _)| number) + 1;
            Err(Error::TooLarge { layer_dims: owned(), layer })
        }
    }
}

/// Which axes of a perceptron's parameters share a space: hidden layer `n`, from 1, is the space `hidden{n}`.
///
/// `parameters` are paths and shapes, layer after layer: a weight `[input, output]`, then the bias if there is one.
///
/// ```
/// let parameters = [("a", &[3, 2][..]), ("b", &[2]), ("c", &[2, 4])];
/// let axes = constinit_core::perceptron_axes(&parameters)?;
/// assert_eq!((axes.spaces()[0].name(), axes.spaces()[0].units()), ("hidden1", 2));
/// # Ok::<(), constinit_core::Error>(())
/// ```
///
/// # Errors
///
/// [`SymmetryError`] if layers do not fit each other.
pub fn perceptron_axes(parameters: &[(&str, &[usize])]) -> Result<AxesSpec, SymmetryError> {
    let layers = parameters.iter().filter(|(_, shape)| shape.len() == 2).count();
    let space = |layer: usize| match layer {
        0 => String::new(),
        layer if layer == layers => String::new(),
        layer => hidden_name(layer - 1),
    };
    let mut builder = AxesSpec::builder();
    let mut layer = 0;
    for (path, shape) in parameters {
        builder = match **shape {
            [_, outputs] => {
                let (read, made) = (space(layer), space(layer + 1));
                layer += 1;
                if !made.is_empty() {
                    builder = builder.space(made.as_str(), outputs);
                }
                builder.param(*path, [input(read), output(made)])
            }
            _ => builder.param(*path, [output(space(layer))]),
        };
    }
    builder.build(parameters.iter().copied())
}

/// The name of the units of hidden layer number `layer`, from 0. It is also the name of their space.
///
/// ```
/// assert_eq!(constinit_core::hidden_name(0), "hidden1");
/// ```
pub fn hidden_name(layer: usize) -> String {
    format!("hidden{}", layer + 1)
}

/// The name of a parameter of layer number `layer`, from 0: `linear1.weight` is PyTorch's name for the `weight` of
/// layer 0.
///
/// ```
/// assert_eq!(constinit_core::linear_name(0, "weight"), "linear1.weight");
/// ```
pub fn linear_name(layer: usize, parameter: &str) -> String {
    format!("linear{}.{parameter}", layer + 1)
}

/// Linear parameters as text: name, shape and entries in storage order. Weights are shown as `weight[output][input]`.
///
/// # Shapes
///
/// - rank 2: `[input, output]`, as Burn stores it
pub fn parameters_text<'a>(
    parameters: impl IntoIterator<Item = (&'a str, &'a [usize], Vec<f64>)>,
) -> String {
    let mut text = String::new();
    for (name, shape, values) in parameters {
        let (shape, numbers) = match *shape {
            [inputs, outputs] => {
                let at = |output, input| values[input * outputs + output];
                (format!("[{outputs}, {inputs}]"), Numbers::matrix(outputs, inputs, at).to_string())
            }
            _ => {
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
