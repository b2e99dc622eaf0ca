//! What breaks symmetry in a training: masks of dropout, and changes of the network at the beginning of steps.

use crate::network::views;
use constinit_core::config::breaks::{dropout_from, dropout_shares, hidden_layer};
use constinit_core::config::{BreakConfig, RunConfig};
use constinit_core::init::{Init, ParameterAxes, RngKey};
use constinit_core::train::SeededDropout;
use constinit_core::{Error, hidden_name, linear_name};
use constinit_symmetry::dynamics::Perceptron;
use constinit_symmetry::{AxesSpec, break_symmetry, forward_lumpable};

/// The dropout of a training.
pub struct Masks {
    layers: Vec<Option<SeededDropout>>,
    from: usize,
}

impl Masks {
    pub fn new(config: &RunConfig) -> Result<Self, Error> {
        let of_layer = |(layer, share): (usize, f64)| {
            let dropout = SeededDropout::new(share, config.training.seed, hidden_name(layer));
            (share > 0.0).then_some(dropout).transpose()
        };
        let layers = dropout_shares(config).into_iter().enumerate().map(of_layer);
        Ok(Self { layers: layers.collect::<Result<_, _>>()?, from: dropout_from(config) })
    }

    /// The masks of a step, counted from 1, for that many examples.
    pub fn of_step(&self, step: usize, examples: usize, widths: &[usize]) -> Vec<Vec<f64>> {
        let mask = |(dropout, units): (&Option<SeededDropout>, &usize)| {
            let dropout = dropout.as_ref().filter(|_| step >= self.from);
            dropout.map_or_else(Vec::new, |dropout| dropout.mask(step, examples * units))
        };
        self.layers.iter().zip(&widths[1..]).map(mask).collect()
    }
}

/// Makes a planned change at the beginning of its step.
pub fn change(
    config: &RunConfig,
    planned: &BreakConfig,
    spec: &AxesSpec,
    network: &mut Perceptron<f64>,
) -> Result<(), Error> {
    let Some(layer) = hidden_layer(config, planned.space()) else { return Ok(()) };
    let drawn = (planned.seed(config.training.seed), planned.step());
    match planned {
        BreakConfig::Noise { std, units, .. } => {
            noise(network, layer, *std, units.as_deref(), drawn)
        }
        BreakConfig::ZeroSum { scale, .. } => zero_sum(network, spec, layer, *scale, drawn),
    }
}

/// Adds normal numbers to the incoming weights and biases of units of a hidden layer, counted from 0. `None` means all
/// units.
fn noise(
    network: &mut Perceptron<f64>,
    layer: usize,
    std: f64,
    units: Option<&[usize]>,
    (seed, step): (u64, usize),
) -> Result<(), Error> {
    let [reads, makes] = [network.widths()[layer], network.widths()[layer + 1]];
    let drawn = |name: &str, shape: &[usize]| {
        let key = RngKey::new(seed, linear_name(layer, name)).at_step(step);
        Init::normal(0.0, std).values(shape, ParameterAxes::UNKNOWN, &key)
    };
    let changed = |unit: usize| units.is_none_or(|units| units.contains(&unit));
    // Drawn as `[input, output]`, the order in which the program stores a weight.
    let weight = drawn("weight", &[reads, makes])?;
    let range = network.weight_range(layer);
    for (at, number) in network.numbers_mut()[range].iter_mut().enumerate() {
        let (unit, input) = (at / reads, at % reads);
        if changed(unit) {
            *number += weight[input * makes + unit];
        }
    }
    if let Some(range) = network.bias_range(layer) {
        let bias = drawn("bias", &[makes])?;
        for (unit, number) in network.numbers_mut()[range].iter_mut().enumerate() {
            if changed(unit) {
                *number += bias[unit];
            }
        }
    }
    Ok(())
}

/// Changes the outgoing weights of a hidden layer, counted from 0, by amounts that sum to zero over units that compute
/// the same number.
fn zero_sum(
    network: &mut Perceptron<f64>,
    spec: &AxesSpec,
    layer: usize,
    scale: f64,
    (seed, step): (u64, usize),
) -> Result<(), Error> {
    let params = views(spec, network, network.numbers())?;
    let classes = forward_lumpable(spec, &params, &[])?;
    let seed = RngKey::new(seed, hidden_name(layer)).at_step(step).derived_seed();
    let broken = break_symmetry(&classes, &params, scale, seed)?;
    // Only the parameter that reads this layer is changed.
    let name = linear_name(layer + 1, "weight");
    let changed = broken.params().iter().find(|param| param.path() == name);
    let Some(changed) = changed.map(|param| param.view().to_f64()) else { return Ok(()) };
    let [reads, makes] = [network.widths()[layer + 1], network.widths()[layer + 2]];
    let range = network.weight_range(layer + 1);
    for (at, number) in network.numbers_mut()[range].iter_mut().enumerate() {
        *number = changed[at % reads * makes + at / reads];
    }
    Ok(())
}
