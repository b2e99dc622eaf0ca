//! Errors in the given parameters.

use super::did_you_mean;

/// A list of parameters that is not that of the spec, or a view that does not fit its slice.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParameterError {
    /// A parameter that occurs twice.
    #[error("parameter `{parameter}` occurs twice in {within}: at positions {first} and {second}")]
    DuplicateParameter {
        /// The path.
        parameter: String,
        /// The list in which it occurs.
        within: &'static str,
        /// The first position.
        first: usize,
        /// The second position.
        second: usize,
    },
    /// A parameter of the network that the spec does not mention.
    #[error("parameter `{parameter}` is not covered by the spec{}", did_you_mean(.nearest))]
    UncoveredParameter {
        /// The path.
        parameter: String,
        /// The nearest path in the spec.
        nearest: Option<String>,
    },
    /// A parameter of the spec that is not among the given parameters.
    #[error("parameter `{parameter}` is in the spec but not among the given parameters")]
    MissingParameter {
        /// The path.
        parameter: String,
    },
    /// A parameter whose shape is not the one that the spec was built for.
    #[error("parameter `{parameter}` has shape {found:?}, but the spec was built for {spec:?}")]
    ShapeMismatch {
        /// The path.
        parameter: String,
        /// The spec's shape.
        spec: Vec<usize>,
        /// The view's shape.
        found: Vec<usize>,
    },
    /// A shape whose entries or offsets cannot be counted.
    #[error(
        "parameter `{parameter}`: shape {shape:?} has more entries or larger offsets than can be counted"
    )]
    ShapeOverflow {
        /// The path.
        parameter: String,
        /// The shape.
        shape: Vec<usize>,
    },
    /// A contiguous view over a slice of another length.
    #[error(
        "parameter `{parameter}`: shape {shape:?} has {expected} entries, but {found} were given"
    )]
    ViewLength {
        /// The path.
        parameter: String,
        /// The shape.
        shape: Vec<usize>,
        /// Its number of entries.
        expected: usize,
        /// The length of the slice.
        found: usize,
    },
    /// A number of strides other than one per axis.
    #[error(
        "parameter `{parameter}`: shape {shape:?} needs one stride per axis, but the strides are {strides:?}"
    )]
    StrideCount {
        /// The path.
        parameter: String,
        /// The shape.
        shape: Vec<usize>,
        /// The strides.
        strides: Vec<usize>,
    },
    /// A strided view that reaches past its slice.
    #[error(
        "parameter `{parameter}`: shape {shape:?} with strides {strides:?} reaches offset {last}, but {found} numbers were given"
    )]
    ViewOutOfBounds {
        /// The path.
        parameter: String,
        /// The shape.
        shape: Vec<usize>,
        /// The strides.
        strides: Vec<usize>,
        /// The largest offset.
        last: usize,
        /// The length of the slice.
        found: usize,
    },
}
