//! What is forecast of units that are one unit.

use serde::{Deserialize, Serialize};

/// A forecast after a number of steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename = "forecast")]
pub struct ForecastRecord {
    /// Steps done.
    pub step: usize,
    /// The learning rate that the forecast uses.
    pub learning_rate: Option<f64>,
    /// One for each hidden layer that started with units that are one unit.
    #[serde(default)]
    pub spaces: Vec<ForecastPair>,
}

/// The forecast for two units of a hidden layer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ForecastPair {
    /// The layer's name.
    pub name: String,
    /// Units of the largest class of the start.
    #[serde(default)]
    pub units: usize,
    /// The first of them, and the one that differs most from it.
    pub pair: Option<[usize; 2]>,
    /// What is known of the pair.
    #[serde(default)]
    pub outlook: OutlookWord,
    /// The difference of the pair in relation to its size, where it has escaped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apart: Option<f64>,
    /// The lowest curvature of the loss along the difference of the pair.
    pub curvature: Option<f64>,
    /// What the difference is multiplied by in a step; None where steps are not linear in it.
    pub factor: Option<f64>,
    /// The logarithm of the factor.
    pub rate: Option<f64>,
    /// Steps in which the difference grows by e.
    pub e_fold_steps: Option<f64>,
    /// Steps from one rounding error to 1 % of the units' size; None where the difference does not grow, and where the
    /// state moves too much for a number.
    pub escape_steps: Option<f64>,
    /// Whether the rate stays what it is until the forecast has come true; None where that was not asked.
    #[serde(default)]
    pub stationary: Option<bool>,
    /// The first step at which a forecast can hold; None where the state does not settle.
    #[serde(default)]
    pub valid_from: Option<usize>,
    /// The same in words.
    #[serde(default)]
    pub sentence: String,
}

/// Whether two units were one unit when a forecast was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutlookWord {
    /// They were.
    Together,
    /// They differed by more than rounding.
    Escaped,
    /// Nothing can be said.
    #[default]
    #[serde(other)]
    Unknown,
}
