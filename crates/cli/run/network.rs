//! The network of a run, as it starts.

use super::Names;
use crate::config::RunConfig;
use crate::failure::Failure;
use crate::plan;
use burn::tensor::backend::Backend;
use constinit::prelude::*;
use constinit::{ConstInit, ConstInitConfig};

/// Makes the network and fills it by the rules of the configuration.
pub fn network<B: Backend>(
    config: &RunConfig,
    device: &B::Device,
) -> Result<ConstInit<B>, Failure> {
    let model = &config.model;
    let network = ConstInitConfig::new(model.layer_dims.clone())
        .with_start(model.start)
        .with_init_w(model.init_w)
        .with_init_b(model.init_b)
        .with_bias(model.bias)
        .with_activation(model.activation);
    if config.is_constant() {
        return Ok(network.try_init(device)?);
    }
    // The plan below sets every parameter, by its name.
    let model = network.try_init_with(&network.constants(), device)?;
    let names = Names::of(&model, &[]);
    let name = |path: &str| names.of_path(path).to_owned();
    let (model, _) = plan::plan(config).apply_named(model, name).map_err(plan::usage)?;
    Ok(model)
}
