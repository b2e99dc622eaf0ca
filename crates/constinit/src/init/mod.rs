//! Initialisers: what a parameter is before training.
//!
//! Each is a small serialisable value that fills a parameter of any rank, told which axis is the
//! input and which the output axis. The deterministic ones leave a symmetry that can be read off:
//! values that do not depend on the output axis make output units alike.
//!
//! ```
//! use constinit::init::{Init, ParameterAxes};
//!
//! // The first weight of the text on constant initialisation: 1 + j for input j, Burn's [in, out].
//! let ramp = Init::InputRamp { start: 1.0, step: 1.0 };
//! let values = ramp.values(&[3, 2], ParameterAxes::LINEAR_WEIGHT)?;
//! assert_eq!(values, [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
//! # Ok::<(), constinit::Error>(())
//! ```

mod axes;
mod fill;

pub use axes::ParameterAxes;

use burn::module::Initializer;
use serde::{Deserialize, Serialize};

/// An initialiser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Init {
    /// One number everywhere.
    Constant {
        /// The number.
        value: f64,
    },
    /// 0 everywhere.
    Zeros,
    /// 1 everywhere.
    Ones,
    /// `start + step * j` for input `j`: alike for every output unit.
    InputRamp {
        /// The value at input 0.
        start: f64,
        /// What each further input adds.
        step: f64,
    },
    /// `start + step * i` for output unit `i`.
    OutputRamp {
        /// The value at output unit 0.
        start: f64,
        /// What each further output unit adds.
        step: f64,
    },
    /// `values[j]` for input `j`: alike for every output unit.
    PerInput {
        /// One number an input.
        values: Vec<f64>,
    },
    /// `values[i]` for output unit `i`.
    PerOutput {
        /// One number an output unit.
        values: Vec<f64>,
    },
    /// One of Burn's own.
    Burn {
        /// Burn's initialiser. The random ones draw from the backend's generator.
        initializer: Initializer,
    },
}

impl Init {
    /// The name that configurations use.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Constant { .. } => "constant",
            Self::Zeros => "zeros",
            Self::Ones => "ones",
            Self::InputRamp { .. } => "input_ramp",
            Self::OutputRamp { .. } => "output_ramp",
            Self::PerInput { .. } => "per_input",
            Self::PerOutput { .. } => "per_output",
            Self::Burn { .. } => "burn",
        }
    }
}

impl From<Initializer> for Init {
    fn from(initializer: Initializer) -> Self {
        Self::Burn { initializer }
    }
}
