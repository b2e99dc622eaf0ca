//! What a training gets, how many steps it makes, and how it ends.

mod batches;
mod config;
mod dropout;

pub use batches::{Batches, Epochs, epoch_order};
pub use config::{Divergence, NonFinite, StopReason, TrainConfig};
pub use dropout::SeededDropout;
