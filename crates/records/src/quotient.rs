//! The quotient that is trained in place of the full network.

use serde::{Deserialize, Serialize};

/// The sizes of a quotient and of its network: the second line of `readings.jsonl` if `run --quotient` wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename = "quotient")]
pub struct QuotientRecord {
    /// The hidden layers.
    pub spaces: Vec<QuotientSpace>,
    /// Entries of all parameters of the full network.
    pub parameters: usize,
    /// Entries of all parameters that are trained.
    pub trained: usize,
}

/// The sizes of a hidden layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotientSpace {
    /// The layer's name.
    pub name: String,
    /// Units of the full network.
    pub units: usize,
    /// Units that are trained, one for each class.
    pub trained: usize,
}
