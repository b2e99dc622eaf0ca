//! Errors in a search for classes.

use super::did_you_mean;

/// A search that was given a tolerance, a policy or an input partition that it cannot use.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// A tolerance that is negative, infinite or NaN.
    #[error("{tolerance} is not a tolerance: it must be finite and not negative")]
    BadTolerance {
        /// The number given.
        tolerance: f64,
    },
    /// A search up to a positive scale with a space on two axes of one parameter.
    #[error(
        "space `{space}` is on several axes of `{parameter}`, so its units cannot be compared up to scale"
    )]
    ScaleOnTwoAxes {
        /// The space.
        space: String,
        /// The parameter.
        parameter: String,
    },
    /// An input partition for a space that does not exist.
    #[error("there is no space `{space}`, but an input partition for it was given{}", did_you_mean(.nearest))]
    UnknownInputSpace {
        /// The name.
        space: String,
        /// The nearest declared name.
        nearest: Option<String>,
    },
    /// An input partition whose number of units is not that of its space.
    #[error("the input partition of `{space}` divides {found} units, but the space has {units}")]
    InputPartitionSize {
        /// The space.
        space: String,
        /// The number of units of the space.
        units: usize,
        /// The number of units of the partition.
        found: usize,
    },
    /// A space that parameters read and no parameter produces, without an input partition.
    #[error(
        "no parameter produces space `{space}`, so a forward pass needs its partition: give one, or declare the space as fixed"
    )]
    MissingInputPartition {
        /// The space.
        space: String,
    },
}
