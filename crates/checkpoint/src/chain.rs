//! A plain chain of linear layers, inferred from names and shapes.
//!
//! ```text
//! fc1.weight [16, 4]  fc1.bias [16]  fc2.weight [3, 16]  fc2.bias [3]     4 -> 16 -> 3, one hidden space of 16 units
//! ```
//!
//! A chain is inferred only if nothing else is possible. Every floating parameter must be a matrix or the bias of one.
//! The layers must have one order: either their names differ only in numbers, and not all of them are square and of one
//! size; or exactly one order makes the sizes meet. Exactly one orientation may allow such an order. Read backwards,
//! every chain of matrices is a chain in the other orientation: numbers in names, biases or the format decide between
//! the two.

use constinit_symmetry::layers::{self, Layer};
use constinit_symmetry::{AxesSpec, Orientation, SymmetryError};

use crate::format::Format;
use crate::natural::natural;
use crate::parameter::Parameter;
use crate::parameter_set::ParameterSet;

/// If the names give no order, orders are tried for at most this many layers.
const MOST_TRIED: usize = 8;

struct Linear<'c> {
    prefix: &'c str,
    shape: [usize; 2],
    bias: bool,
    /// The axis that the bias fits, if it fits only one.
    output: Option<usize>,
}

/// The layers of a chain, from the input to the output.
pub(crate) struct Chain {
    /// The paths of every layer's weight and bias.
    pub layers: Vec<(String, Option<String>)>,
    /// Whether matrices are `weight[input][output]`.
    pub inputs_first: bool,
}

/// The chain that all parameters form; `None` if that is not certain.
pub(crate) fn linear_chain(parameters: &ParameterSet, format: Format) -> Option<Chain> {
    let layers = linear_layers(parameters)?;
    let (orientation, order) = only_fit(&layers, format)?;
    let path = |prefix: &str, name: &str| {
        if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
    };
    let layers = order.iter().map(|&number| {
        let Linear { prefix, bias, .. } = layers[number];
        (path(prefix, "weight"), bias.then(|| path(prefix, "bias")))
    });
    Some(Chain { layers: layers.collect(), inputs_first: orientation == Orientation::InputFirst })
}

/// The spec of the chain that all parameters form; `None` if that is not certain.
pub(crate) fn chain(
    parameters: &ParameterSet,
    format: Format,
) -> Option<Result<AxesSpec, SymmetryError>> {
    let layers = linear_layers(parameters)?;
    let (orientation, order) = only_fit(&layers, format)?;
    let name =
        |k: usize| if k == 0 || k == order.len() { String::new() } else { format!("hidden{k}") };
    let mut builder = AxesSpec::builder();
    for (k, &number) in order.iter().enumerate() {
        let linear = &layers[number];
        let [outputs, _] = sizes(linear, orientation);
        if k + 1 < order.len() {
            builder = builder.space(name(k + 1), outputs);
        }
        builder = builder.layer(layer(linear, orientation, [name(k), name(k + 1)]));
    }
    Some(builder.build(parameters.all().iter().map(|p| (p.path(), p.shape()))))
}

/// The only orientation in which the layers form a chain, and their order; `None` if none or several do.
fn only_fit(layers: &[Linear<'_>], format: Format) -> Option<(Orientation, Vec<usize>)> {
    if layers.len() < 2 {
        return None;
    }
    let mut fits = format.orientations().iter().filter_map(|&o| Some((o, order(layers, o)?)));
    match (fits.next(), fits.next()) {
        (Some(fit), None) => Some(fit),
        _ => None,
    }
}

fn layer(linear: &Linear<'_>, orientation: Orientation, [from, to]: [String; 2]) -> Layer {
    let mut layer = layers::dense(linear.prefix, from, to);
    if !linear.bias {
        layer = layer.without_bias();
    }
    if orientation == Orientation::InputFirst { layer.input_first() } else { layer }
}

/// The number of outputs and the number of inputs of a layer.
fn sizes(linear: &Linear<'_>, orientation: Orientation) -> [usize; 2] {
    let [a, b] = linear.shape;
    if orientation == Orientation::InputFirst { [b, a] } else { [a, b] }
}

/// All parameters as linear layers, in the order of their names; `None` if one of them is something else.
fn linear_layers(parameters: &ParameterSet) -> Option<Vec<Linear<'_>>> {
    // A tensor that is not among the parameters could be the bias of one.
    if !parameters.is_whole() {
        return None;
    }
    let mut layers = Vec::new();
    let mut biases = 0;
    for parameter in parameters.all().iter().filter(|p| p.shape().len() > 1) {
        let prefix = match parameter.path().rsplit_once('.') {
            Some((prefix, "weight")) => prefix,
            None if parameter.path() == "weight" => "",
            _ => return None,
        };
        let &[a, b] = parameter.shape() else { return None };
        if parameter.entries() == 0 {
            return None;
        }
        let bias = parameters.bias_of(parameter);
        biases += usize::from(bias.is_some());
        let output = match bias.map(|bias: &Parameter| bias.shape()[0]) {
            Some(units) if a != b => Some(usize::from(units != a)),
            _ => None,
        };
        layers.push(Linear { prefix, shape: [a, b], bias: bias.is_some(), output });
    }
    if layers.len() + biases != parameters.all().len() {
        return None;
    }
    layers.sort_by(|a, b| natural(a.prefix, b.prefix));
    Some(layers)
}

/// The only order in which the outputs of every layer are the inputs of the next; `None` if none or several are.
fn order(layers: &[Linear<'_>], orientation: Orientation) -> Option<Vec<usize>> {
    let output = if orientation == Orientation::InputFirst { 1 } else { 0 };
    if layers.iter().any(|layer| layer.output.is_some_and(|axis| axis != output)) {
        return None;
    }
    let meets =
        |a: usize, b: usize| sizes(&layers[a], orientation)[0] == sizes(&layers[b], orientation)[1];
    // Square matrices of one size fit in any order: a chain and parallel experts look the same.
    let [size, _] = layers[0].shape;
    if layers.iter().all(|layer| layer.shape == [size, size]) {
        return None;
    }
    let words = |layer: &Linear<'_>| layer.prefix.replace(|c: char| c.is_ascii_digit(), "");
    if layers.iter().all(|layer| words(layer) == words(&layers[0])) {
        let order: Vec<usize> = (0..layers.len()).collect();
        return order.windows(2).all(|pair| meets(pair[0], pair[1])).then_some(order);
    }
    if layers.len() > MOST_TRIED {
        return None;
    }
    let mut found = Vec::new();
    extend(&mut Vec::new(), layers.len(), &meets, &mut found);
    (found.len() == 1).then(|| found.remove(0))
}

/// Finds the orders that begin with `order`, two at most: a second one already shows that there are several.
fn extend(
    order: &mut Vec<usize>,
    layers: usize,
    meets: &impl Fn(usize, usize) -> bool,
    found: &mut Vec<Vec<usize>>,
) {
    if order.len() == layers {
        found.push(order.clone());
        return;
    }
    for next in 0..layers {
        let fits = order.last().is_none_or(|&last| meets(last, next));
        if !order.contains(&next) && fits && found.len() < 2 {
            order.push(next);
            extend(order, layers, meets, found);
            order.pop();
        }
    }
}
