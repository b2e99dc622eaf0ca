//! Errors in the numbers of a forecast.

/// A number of a forecast that no training can have.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{name} = {value}: {reason}")]
pub struct ForecastError {
    /// The name of the number.
    pub name: &'static str,
    /// The number given.
    pub value: f64,
    /// What the number must be.
    pub reason: &'static str,
}
