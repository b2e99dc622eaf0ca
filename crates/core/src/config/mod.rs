//! The configuration of a run: what its file says, the examples it names, and what it means for the network of
//! [`perceptron_axes`](crate::perceptron_axes). Needs no framework.
//!
//! ```
//! use constinit_core::config::{Examples, RunConfig};
//! use std::path::Path;
//!
//! let text = "[model]\nlayer_dims = [1, 2, 1]\n[data]\ninputs = [[1.0]]\ntargets = [[0.5]]\n";
//! let config = RunConfig::parse(text, "run.toml")?;
//! assert_eq!((config.model.init_w, config.training.steps), (1.0, 50));
//! let (examples, _) = Examples::read(&config, Path::new(""))?;
//! assert_eq!(examples.targets.values, [0.5]);
//! let error = RunConfig::parse(&text.replace("inputs", "input"), "run.toml").unwrap_err();
//! assert!(error.to_string().ends_with("did you mean `inputs`?"));
//! # Ok::<(), constinit_core::Error>(())
//! ```

pub mod breaks;
pub mod data;
pub mod plan;
pub mod seen;
pub mod suggest;

mod batches;
mod data_sets;
mod dynamics;
mod run;

pub use batches::SeenBatches;
pub use breaks::{BreakConfig, DropoutShares};
pub use data::{DataFiles, Examples, Matrix};
pub use dynamics::{Clipped, clip};
pub use run::{
    DataConfig, DataSource, Dataset, Expected, ExpectedStep, ModelConfig, ProbeConfig, RunConfig,
    TOO_LARGE, TrainingConfig,
};

use crate::Error;
use std::fmt::Display;

/// The run of the text's notebook, with the input that its print-out does not show.
pub const NOTEBOOK: &str = include_str!("notebook.toml");

/// An error that the user can fix.
fn refused(reason: impl Display) -> Error {
    Error::Config { reason: reason.to_string() }
}
