//! The initialisers of a configuration, by the names that the program gives to parameters.

use super::{RunConfig, refused};
use crate::Error;
use crate::init::{Init, InitPlan, InitRule};
use crate::{LayerInit, linear_name, perceptron_axes};
use constinit_symmetry::{AxesSpec, SymmetryError};

/// All rules: first those of the configuration, then those of its start.
pub fn plan(config: &RunConfig) -> InitPlan {
    let mut plan = InitPlan::new(config.training.seed).with_spare_rules();
    plan.rules = rules(config);
    plan.rules.extend(rules_of_layers(config.model.layer_inits(), config.model.bias));
    plan
}

/// A rule for each parameter of a network whose layers have these starts.
pub fn rules_of_layers(layers: Vec<LayerInit>, bias: bool) -> Vec<InitRule> {
    let of_layer = |(layer, start): (usize, LayerInit)| {
        let rule = |name: &str, init: Init| InitRule::glob(linear_name(layer, name), init);
        let of_bias = bias.then(|| rule("bias", start.bias));
        std::iter::once(rule("weight", start.weight)).chain(of_bias)
    };
    layers.into_iter().enumerate().flat_map(of_layer).collect()
}

/// Checks the rules against the network: each must be understood, used, and able to fill what it matches.
///
/// # Errors
///
/// [`Error::Config`], with the rule.
pub fn check(config: &RunConfig) -> Result<(), Error> {
    for (number, rule) in rules(config).iter().enumerate() {
        if let Some(module) = &rule.module {
            let rule = format!("rule {} ({rule})", number + 1);
            return Err(refused(format!(
                "[[init]]: {rule}: the network has no module of type {module}; all are of type {LINEAR}"
            )));
        }
    }
    let own = InitPlan { rules: rules(config), ..InitPlan::new(config.training.seed) };
    own.keeping_others().check(&spec(config)?).map_err(usage)?;
    Ok(())
}

/// The type of all modules of the network.
const LINEAR: &str = "Linear";

/// The rules of the configuration. A condition that the module is of type `Linear` is removed, since all modules are.
fn rules(config: &RunConfig) -> Vec<InitRule> {
    let mut rules = config.init.clone();
    for rule in &mut rules {
        rule.module = rule.module.take().filter(|module| module != LINEAR);
    }
    rules
}

/// Turns an error of a plan into an error of the configuration.
pub fn usage(error: Error) -> Error {
    refused(format!("[[init]]: {error}"))
}

/// The axes of the network, without making the network.
///
/// # Errors
///
/// [`Error::Config`] for sizes that do not make a network.
pub fn spec(config: &RunConfig) -> Result<AxesSpec, Error> {
    let spec = perceptron(&config.model.layer_dims, config.model.bias);
    spec.map_err(|error| refused(format!("model: {error}")))
}

/// The axes of a perceptron: `linear1.weight` and so on, weights as `[input, output]`, and spaces `hidden1` and so on.
///
/// # Errors
///
/// [`SymmetryError`] for sizes that do not make a network.
pub fn perceptron(dims: &[usize], bias: bool) -> Result<AxesSpec, SymmetryError> {
    let mut shapes = Vec::new();
    for (layer, pair) in dims.windows(2).enumerate() {
        shapes.push((linear_name(layer, "weight"), pair));
        if bias {
            shapes.push((linear_name(layer, "bias"), &pair[1..]));
        }
    }
    let shapes: Vec<_> = shapes.iter().map(|(path, shape)| (path.as_str(), *shape)).collect();
    perceptron_axes(&shapes)
}
