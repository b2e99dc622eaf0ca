//! Checkpoints as named parameters, and which of their units are the same unit.

mod checkpoint;
mod diff;
mod discover;
mod dtype;
mod error;
mod format;
mod inspect;
mod natural;
mod numbers;
mod parameter;
mod reshape;
mod source;
mod verify;
mod write;

pub use checkpoint::Checkpoint;
pub use diff::{DiffReport, Drift, Merged, ParameterDiff, Split, diff};
pub use discover::discover;
pub use dtype::DType;
pub use error::CheckpointError;
pub use format::Format;
pub use inspect::{
    AxesFrom, FileReport, MergeError, ParameterReport, Part, Questions, SpaceReport, Totals,
    inspect, merge,
};
pub use numbers::Numbers;
pub use parameter::Parameter;
pub use reshape::{Outputs, Reshaped, SpaceChange, break_file, collapse_file};
pub use write::NewFile;
