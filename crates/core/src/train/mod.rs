//! The batches and dropout masks of a training, its number of steps, and how it ends.

mod batches;
mod config;
mod dropout;

pub use batches::{Batches, Epochs, epoch_order};
pub use config::{Divergence, NonFinite, StopReason, TrainConfig};
pub use dropout::SeededDropout;
