//! `units.jsonl`: which hidden units are equal, and one number per class, at some of the readings.

use serde::{Deserialize, Serialize};

/// The meaning of the numbers of units that this version writes, in words.
pub const UNIT_VALUE: &str =
    "average weight of each hidden unit: incoming weights, bias and outgoing weights";

/// The first line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename = "start")]
pub struct UnitsStartRecord {
    /// [`UNITS_SCHEMA`](crate::UNITS_SCHEMA) of the program that wrote the file.
    pub schema: u64,
    /// The meaning of the numbers, in words.
    pub value: String,
}

/// All units after a number of steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename = "units")]
pub struct UnitsRecord {
    /// Steps done.
    pub step: usize,
    /// One for each hidden layer.
    pub spaces: Vec<UnitsSpace>,
}

/// The units of a hidden layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitsSpace {
    /// The layer's name.
    pub name: String,
    /// The class of each unit; absent if no two units are in one class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<usize>>,
    /// The number of each class; None if it is not finite.
    pub values: Vec<Option<f64>>,
}
