//! A perceptron as parameters with axes, and back.

use constinit_core::config::{RunConfig, plan};
use constinit_core::init::PlannedParameter;
use constinit_core::{Error, FloatType, linear_name};
use constinit_symmetry::dynamics::{DenseLayer, Perceptron};
use constinit_symmetry::theorem::{Dense, Order, Properties, properties};
use constinit_symmetry::{AxesSpec, ParamView, SymmetryError};
use serde_json::{Map, Value, json};

/// The network as a configuration starts it, in double precision.
pub fn start(config: &RunConfig) -> Result<Perceptron<f64>, Error> {
    let mut parameters = PlannedParameter::of_spec(&plan::spec(config)?);
    parameters.iter_mut().for_each(|parameter| parameter.float = FloatType::F64);
    let (filled, _) = plan::plan(config).fill(&parameters).map_err(plan::usage)?;
    let values: Vec<Vec<f64>> =
        filled.into_iter().map(|entries| entries.map_or_else(Vec::new, |e| e.doubles())).collect();
    let model = &config.model;
    let values: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
    of_values(&model.layer_dims, model.bias, &values)
}

/// The network of these parameters, in the order of its axes, weights `[input, output]`.
pub fn of_values(dims: &[usize], bias: bool, values: &[&[f64]]) -> Result<Perceptron<f64>, Error> {
    let mut values = values.iter();
    let mut next = || values.next().copied().unwrap_or_default();
    let layer = |pair: &[usize]| {
        let weight = next();
        let makes = pair[1];
        let of_output = |output: usize| weight.iter().skip(output).step_by(makes).copied();
        DenseLayer {
            weight: (0..makes).flat_map(of_output).collect(),
            bias: bias.then(|| next().to_vec()),
        }
    };
    let layers = dims.windows(2).map(layer).collect();
    Perceptron::new(dims, layers).map_err(|error| Error::Config { reason: error.to_string() })
}

/// Numbers in the order of [`Perceptron::numbers`], such as these or their gradients, as parameters of the spec.
pub fn views<'a>(
    spec: &'a AxesSpec,
    network: &Perceptron<f64>,
    numbers: &'a [f64],
) -> Result<Vec<ParamView<'a>>, SymmetryError> {
    let mut params = spec.params().iter();
    let mut all = Vec::with_capacity(spec.params().len());
    for layer in 0..network.layers() {
        let [reads, makes] = [network.widths()[layer], network.widths()[layer + 1]];
        if let Some(param) = params.next() {
            let weight = &numbers[network.weight_range(layer)];
            all.push(ParamView::strided(param.path(), &[reads, makes], &[1, reads], weight)?);
        }
        if let Some(range) = network.bias_range(layer)
            && let Some(param) = params.next()
        {
            all.push(ParamView::new(param.path(), &[makes], &numbers[range])?);
        }
    }
    Ok(all)
}

/// How far each of the four properties is from holding.
pub fn four_properties(network: &Perceptron<f64>) -> Result<Properties, Error> {
    let refused = |error: constinit_symmetry::theorem::ShapeError| Error::Config {
        reason: error.to_string(),
    };
    let dense = |layer: usize| {
        let [reads, makes] = [network.widths()[layer], network.widths()[layer + 1]];
        Dense::new(reads, makes, network.weight(layer), network.bias(layer), Order::OutputMajor)
    };
    let layers = (0..network.layers()).map(dense).collect::<Result<Vec<_>, _>>();
    properties(&layers.map_err(refused)?).map_err(refused)
}

/// One number for each unit of each hidden layer: the mean of its incoming weights, its bias and its outgoing weights,
/// summed in the same order for all units.
pub fn unit_means(network: &Perceptron<f64>) -> Vec<Vec<f64>> {
    let of_unit = |layer: usize, unit: usize| {
        let [reads, units, heard] = [layer - 1, layer, layer + 1].map(|l| network.widths()[l]);
        let incoming = &network.weight(layer - 1)[unit * reads..][..reads];
        let bias = network.bias(layer - 1).map(|bias| &bias[unit]);
        let outgoing = network.weight(layer).iter().skip(unit).step_by(units);
        let count = reads + heard + usize::from(bias.is_some());
        incoming.iter().chain(bias).chain(outgoing).sum::<f64>() / count as f64
    };
    let of_layer = |layer| (0..network.widths()[layer]).map(|unit| of_unit(layer, unit)).collect();
    (1..network.layers()).map(of_layer).collect()
}

/// The numbers that are a unit's own: incoming weights, bias, outgoing weights. Layers are counted from 1.
pub fn unit_numbers(network: &Perceptron<f64>, layer: usize, unit: usize) -> Vec<f64> {
    places(network, layer, unit).into_iter().map(|at| network.numbers()[at]).collect()
}

/// Where a unit's own numbers are.
pub fn places(network: &Perceptron<f64>, layer: usize, unit: usize) -> Vec<usize> {
    let [reads, units] = [layer - 1, layer].map(|layer| network.widths()[layer]);
    let incoming = network.weight_range(layer - 1).skip(unit * reads).take(reads);
    let bias = network.bias_range(layer - 1).and_then(|range| range.clone().nth(unit));
    let outgoing = network.weight_range(layer).skip(unit).step_by(units);
    incoming.chain(bias).chain(outgoing).collect()
}

/// All parameters by their names, in PyTorch's orientation: weights `[output][input]`.
pub fn parameters_json(network: &Perceptron<f64>) -> Value {
    let mut all = Map::new();
    for layer in 0..network.layers() {
        let rows: Vec<&[f64]> = network.weight(layer).chunks(network.widths()[layer]).collect();
        all.insert(linear_name(layer, "weight"), json!(rows));
        if let Some(bias) = network.bias(layer) {
            all.insert(linear_name(layer, "bias"), json!(bias));
        }
    }
    Value::Object(all)
}
