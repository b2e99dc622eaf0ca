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
    let model = config.model.network().try_init::<B>(device)?;
    if config.init.is_empty() {
        return Ok(model);
    }
    let names = Names::of(&model, &[]);
    let name = |path: &str| names.of_path(path).to_owned();
    let (model, _) = plan::plan(config).apply_named(model, name).map_err(plan::usage)?;
    Ok(model)
}
