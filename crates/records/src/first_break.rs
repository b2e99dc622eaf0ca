//! The first difference between two units that were equal.

use serde::{Deserialize, Serialize};

/// The first reading at which two units differed that had been equal, in the names and orientation of files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FirstBreakRecord {
    /// Steps done at that reading.
    pub step: usize,
    /// Steps done at the reading before; the units diverged in between.
    pub since: Option<usize>,
    /// The hidden layer.
    pub space: String,
    /// The two units that differ most.
    pub units: [usize; 2],
    /// The parameter in which they differ most.
    pub parameter: String,
    /// The two entries, `[output, input]` for a weight.
    #[serde(default)]
    pub entries: [Vec<usize>; 2],
    /// Their absolute difference; None if it is infinite.
    pub difference: Option<f64>,
    /// The difference in ulps.
    #[serde(default)]
    pub ulps: u64,
    /// Whether the gradients of that step agreed; None if they were not seen.
    pub gradients_agreed: Option<bool>,
    /// The suspected cause, in words.
    #[serde(default)]
    pub cause: String,
    /// Whether rounding is the only cause that remains.
    #[serde(default)]
    pub rounding: bool,
}
