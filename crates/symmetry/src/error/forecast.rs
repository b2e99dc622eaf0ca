//! What can be wrong with the numbers of a forecast.

/// A number of a forecast that no training has.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{name} = {value}: {reason}")]
pub struct ForecastError {
    /// What it is.
    pub name: &'static str,
    /// The number given.
    pub value: f64,
    /// What it must be.
    pub reason: &'static str,
}
