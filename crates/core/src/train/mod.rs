//! What a training is given, how far it goes, and how it ends.

mod batches;
mod config;
mod dropout;

pub use batches::{Batches, Epochs, epoch_order};
pub use config::{Divergence, NonFinite, StopReason, TrainConfig};
pub use dropout::SeededDropout;
