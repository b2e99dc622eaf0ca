//! The user's changes of a network: sets one number, splits a unit, merges classes.

use crate::engine::{Engine, refused};
use crate::network::{of_values, views};
use constinit_core::{Error, hidden_name, linear_name};
use constinit_symmetry::dynamics::Perceptron;
use constinit_symmetry::{OwnedParam, Shares, collapse, forward_lumpable, widen};

/// The most units of a hidden layer.
pub const WIDEST: usize = 32;

/// Sets one number of a layer, counted from 0: the weight from an input to an output, or the bias of the output if
/// there is no input.
pub fn set(
    engine: &mut Engine,
    layer: usize,
    output: usize,
    input: Option<usize>,
    value: f64,
) -> Result<(), Error> {
    if !value.is_finite() {
        return Err(refused(format!("{value} is not finite")));
    }
    let network = engine.network_mut()?;
    if layer >= network.layers() {
        return Err(refused(format!("the network has no layer {}", layer + 1)));
    }
    let [reads, makes] = [network.widths()[layer], network.widths()[layer + 1]];
    let at = match input {
        Some(input) if input < reads && output < makes => {
            Some(network.weight_range(layer).start + output * reads + input)
        }
        Some(_) => None,
        None => network.bias_range(layer).and_then(|range| range.clone().nth(output)),
    };
    let name = linear_name(layer, if input.is_some() { "weight" } else { "bias" });
    let at = at.ok_or_else(|| refused(format!("{name} has no such entry")))?;
    network.numbers_mut()[at] = value;
    Ok(())
}

/// Splits a unit of a hidden layer, counted from 0, into two that share its outgoing weights, so that the function
/// stays the same.
pub fn split(engine: &mut Engine, layer: usize, unit: usize) -> Result<(), Error> {
    engine.network_mut()?;
    let network = engine.network()?;
    let name = hidden_name(layer);
    let Some(&units) = network.widths().get(layer + 1).filter(|_| layer + 1 < network.layers())
    else {
        return Err(refused(format!("the network has no layer {name}")));
    };
    if unit >= units || units >= WIDEST {
        let why = format!("{name} has {units} units: unit {unit} of it cannot be split");
        return Err(refused(format!("{why}; a layer has at most {WIDEST}")));
    }
    let mut copies = vec![1; units];
    copies[unit] = 2;
    let axes = engine.axes();
    let params = views(axes, &network, network.numbers())?;
    let wide = widen(axes, &params, &[(name.as_str(), copies.as_slice())], Shares::Exact)?;
    engine.replace(of_params(wide.params(), network.bias(0).is_some())?)
}

/// Merges hidden units that compute the same number, so that the function stays the same. Returns how many units were
/// removed.
pub fn merge(engine: &mut Engine) -> Result<usize, Error> {
    engine.network_mut()?;
    let network = engine.network()?;
    let params = views(engine.axes(), &network, network.numbers())?;
    let merged = collapse(&forward_lumpable(engine.axes(), &params, &[])?, &params)?;
    let gone = merged.units_merged();
    if gone > 0 {
        engine.replace(of_params(merged.params(), network.bias(0).is_some())?)?;
    }
    Ok(gone)
}

/// The network of parameters in the order of their axes.
fn of_params(params: &[OwnedParam], bias: bool) -> Result<Perceptron<f64>, Error> {
    let values: Vec<Vec<f64>> = params.iter().map(|param| param.view().to_f64()).collect();
    let values: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
    let weights = params.iter().map(OwnedParam::shape).filter(|shape| shape.len() == 2);
    let mut dims: Vec<usize> = Vec::new();
    for shape in weights {
        if dims.is_empty() {
            dims.push(shape[0]);
        }
        dims.push(shape[1]);
    }
    of_values(&dims, bias, &values)
}
