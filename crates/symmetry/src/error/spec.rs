//! Errors in a spec.

use super::did_you_mean;
use crate::axes::nearest;

/// A spec that contradicts itself or the network.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// Two spaces with one name.
    #[error("space `{space}` is declared twice: as number {first} and as number {second}")]
    DuplicateSpace {
        /// The name.
        space: String,
        /// The number of the first declaration.
        first: usize,
        /// The number of the second declaration.
        second: usize,
    },
    /// A space with the empty name, which means a fixed axis.
    #[error("space number {position} has no name; the empty name means a fixed axis")]
    UnnamedSpace {
        /// The number of the declaration.
        position: usize,
    },
    /// An axis over a space that was not declared.
    #[error("{place} names space `{space}`, which is not declared{}", did_you_mean(.nearest))]
    UnknownSpace {
        /// The name of the space.
        space: String,
        /// The parameter and axis that use it.
        place: String,
        /// The nearest declared name.
        nearest: Option<String>,
    },
    /// A flattened axis whose number of units cannot be inferred, since its size is not a multiple of the entries per
    /// unit.
    #[error(
        "{place} has size {size}, which is not a multiple of the {entries} entries that a unit of `{space}` has there"
    )]
    NotAMultiple {
        /// The space.
        space: String,
        /// The parameter and axis.
        place: String,
        /// The size of the axis.
        size: usize,
        /// Entries per unit.
        entries: usize,
    },
    /// An axis and its space have different sizes.
    #[error("space `{space}` has {units} units by {origin}, but {place} has size {size}{}", times(.entries))]
    SizeMismatch {
        /// The space.
        space: String,
        /// Its number of units.
        units: usize,
        /// The source of that number.
        origin: String,
        /// The parameter and axis that disagree.
        place: String,
        /// The size of that axis.
        size: usize,
        /// Entries per unit along that axis.
        entries: usize,
    },
    /// A parameter of the spec that the network does not have.
    #[error("the spec has axes for `{parameter}`, but the network has no such parameter{}", did_you_mean(.nearest))]
    UnknownParameter {
        /// The path.
        parameter: String,
        /// The nearest path of the network.
        nearest: Option<String>,
    },
    /// A parameter with a different number of axes in the spec than in its shape.
    #[error("the spec gives `{parameter}` {axes} axes, but its shape is {shape:?}")]
    RankMismatch {
        /// The path.
        parameter: String,
        /// Axes in the spec.
        axes: usize,
        /// The parameter's shape.
        shape: Vec<usize>,
    },
}

fn times(entries: &usize) -> String {
    if *entries == 1 { String::new() } else { format!(" with {entries} entries per unit") }
}

impl SpecError {
    /// [`SpecError::UnknownParameter`] with the nearest of the known paths.
    pub fn unknown_parameter<'n>(parameter: &str, known: impl Iterator<Item = &'n str>) -> Self {
        Self::UnknownParameter {
            parameter: parameter.to_owned(),
            nearest: nearest(parameter, known),
        }
    }
}
