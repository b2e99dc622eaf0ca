//! Forecasts for equal units.

use serde::{Deserialize, Serialize};

/// A forecast after a number of steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename = "forecast")]
pub struct ForecastRecord {
    /// Steps done.
    pub step: usize,
    /// The learning rate that the forecast uses.
    pub learning_rate: Option<f64>,
    /// One for each hidden layer that started with equal units.
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
    /// What is known about the pair.
    #[serde(default)]
    pub outlook: OutlookWord,
    /// The difference of the pair divided by the pair's size, if the pair has escaped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apart: Option<f64>,
    /// The lowest curvature of the loss along the difference of the pair.
    pub curvature: Option<f64>,
    /// The factor by which a step multiplies the difference; None if steps are not linear in it.
    pub factor: Option<f64>,
    /// The logarithm of the factor.
    pub rate: Option<f64>,
    /// Steps in which the difference grows by e.
    pub e_fold_steps: Option<f64>,
    /// Steps from one rounding error to 1 % of the units' size; None if the difference does not grow, and if the state
    /// moves too much for a number.
    pub escape_steps: Option<f64>,
    /// Whether the rate stays the same until the forecast comes true; None if that was not checked.
    #[serde(default)]
    pub stationary: Option<bool>,
    /// The first step at which a forecast can hold; None if the state does not settle.
    #[serde(default)]
    pub valid_from: Option<usize>,
    /// The forecast in words.
    #[serde(default)]
    pub sentence: String,
}

/// Whether two units were equal when the forecast was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutlookWord {
    /// The units were equal.
    Together,
    /// The units differed by more than rounding.
    Escaped,
    /// Nothing can be said.
    #[default]
    #[serde(other)]
    Unknown,
}
