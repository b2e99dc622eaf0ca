//! A number of a record, whatever its type.

use serde::Serialize;

/// A number as it is recorded: a count stays whole.
///
/// ```
/// use constinit_records::RecordedNumber;
///
/// assert_eq!(serde_json::to_string(&RecordedNumber::Count(7)).unwrap(), "7");
/// assert_eq!(serde_json::to_string(&RecordedNumber::Real(7.0)).unwrap(), "7.0");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum RecordedNumber {
    /// How many.
    Count(u64),
    /// A measure.
    Real(f64),
}

impl RecordedNumber {
    /// The number as a float; a count above 2^53 is rounded.
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Count(count) => count as f64,
            Self::Real(real) => real,
        }
    }
}

impl From<usize> for RecordedNumber {
    fn from(count: usize) -> Self {
        Self::Count(count as u64)
    }
}
