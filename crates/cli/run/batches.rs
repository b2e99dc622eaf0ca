//! The batches of a run, as tensors on a backend.

use crate::config::RunConfig;
use crate::data::{Examples, Matrix};
use crate::failure::Failure;
use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;
use constinit::params::from_values;
use constinit::train::{Batch, Batches, FullBatch, MiniBatches, Shifted};

/// The entries of the widest layer in a portion of the examples.
const PORTION: usize = 1 << 20;

/// How many examples a network computes at once when nothing is trained; `widest` is its widest layer.
pub fn examples_at_once(widest: usize) -> usize {
    (PORTION / widest.max(1)).max(1)
}

/// All examples.
pub fn set<B: AutodiffBackend>(examples: &Examples, device: &B::Device) -> Batch<B> {
    let tensor =
        |matrix: &Matrix| from_values(matrix.values.clone(), [matrix.rows, matrix.columns], device);
    Batch { inputs: tensor(&examples.inputs), targets: tensor(&examples.targets) }
}

/// The inputs of all examples, without gradients.
pub fn inner_inputs<B: AutodiffBackend>(
    examples: &Examples,
    device: &B::Device,
) -> Tensor<B::InnerBackend, 2> {
    let Matrix { rows, columns, values } = &examples.inputs;
    from_values(values.clone(), [*rows, *columns], device)
}

/// The batches that the steps train on.
pub fn batches<B: AutodiffBackend>(
    config: &RunConfig,
    examples: &Examples,
    device: &B::Device,
) -> Result<impl Batches<Batch = Batch<B>> + use<B>, Failure> {
    let data = &config.data;
    let set = set(examples, device);
    let mut source: Box<dyn Batches<Batch = Batch<B>>> = match data.batch_size {
        None => Box::new(FullBatch::new(set)?),
        Some(size) => Box::new(MiniBatches::new(set, size, data.shuffle_seed)?),
    };
    Ok(Shifted::new(move |step| source.batch(step), data.shift_per_step))
}
