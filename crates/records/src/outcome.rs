//! The outcome of a training: how much of the targets the network explains, and which of its layers are dead.

use serde::{Deserialize, Serialize};

/// A network that explains less than this share of the targets has learned nothing.
pub const LEARNED_NOTHING: f64 = 0.01;

/// The loss of a trained network on all examples, and the numbers that need no network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutcomeRecord {
    /// The loss on all examples after the last step; if data shift, on the examples as the last step saw them.
    pub loss: f64,
    /// The loss of the best constant answer; None if there is none.
    pub baseline: Option<f64>,
    /// `1 - loss / baseline`: 1 for a loss of 0, 0 for a network that is no better than the best constant; None if the
    /// baseline is not a positive number.
    pub explained: Option<f64>,
    /// The share of the examples whose largest output is that of their class; None if targets are not classes.
    pub accuracy: Option<f64>,
    /// The share of the largest class: the accuracy of always answering it; None if targets are not classes.
    pub majority: Option<f64>,
}

/// A hidden layer in which every unit is dead: its slope is 0 on every example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadRecord {
    /// Units of the layer, all of them dead.
    pub units: usize,
    /// The first step after which every inspection found the whole layer dead; 0 for before training.
    pub since: usize,
    /// The last inspection that found a unit alive, if steps between it and `since` were not inspected; absent if
    /// `since` is exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alive: Option<usize>,
}
