//! The network of a run, as it starts.

use super::Names;
use crate::config::RunConfig;
use crate::failure::Failure;
use crate::plan;
use burn::tensor::backend::Backend;
use constinit::ConstInit;
use constinit::prelude::*;

/// Makes the network and fills it by the rules of the configuration.
pub fn network<B: Backend>(
    config: &RunConfig,
    device: &B::Device,
) -> Result<ConstInit<B>, Failure> {
    let network = config.model.network();
    if config.is_constant() {
        return Ok(network.try_init(device)?);
    }
    // Every parameter gets its numbers by its name below.
    let model = network.try_init_with(&network.constants(), device)?;
    let names = Names::of(&model, &[]);
    let name = |path: &str| names.of_path(path).to_owned();
    let (model, _) = plan::plan(config).apply_named(model, name).map_err(plan::usage)?;
    Ok(model)
}
