//! The outcome of a run: its loss, compared with the loss of the best constant answer.

use super::batches::examples_at_once;
use crate::config::RunConfig;
use crate::data::Examples;
use crate::failure::Failure;
use crate::seen::last_seen;
use burn::module::AutodiffModule;
use burn::tensor::backend::AutodiffBackend;
use constinit::ConstInit;
use constinit::params::from_values;
use constinit_core::TrainingOutcome;
use constinit_records::OutcomeRecord;

/// The outcome of a network after a step, on all examples as that step saw them; None if the loss is not finite.
pub fn outcome<B: AutodiffBackend>(
    config: &RunConfig,
    examples: &Examples,
    device: &B::Device,
    trained: &ConstInit<B>,
    step: usize,
) -> Result<Option<OutcomeRecord>, Failure> {
    let [inputs, targets] = last_seen(config, examples, step);
    let network = trained.valid();
    let columns = examples.inputs.columns.max(1);
    let widest = config.model.layer_dims.iter().copied().max().unwrap_or(1);
    let mut outputs = Vec::with_capacity(targets.len());
    for portion in inputs.chunks(columns * examples_at_once(widest)) {
        let shape = [portion.len() / columns, columns];
        let portion = from_values::<B::InnerBackend, 2>(portion.to_vec(), shape, device);
        outputs.extend(network.forward(portion).into_data().iter::<f64>());
    }
    let width = examples.targets.columns;
    Ok(TrainingOutcome::of(config.training.loss, &outputs, &targets, width)?.record())
}
