//! Errors in a change of the network.

use crate::text::number;

/// A change of the network that its classes, its spaces or its numbers do not allow.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SurgeryError {
    /// A swap of two units of which a space has at most one.
    #[error(
        "cannot swap units {} and {} of space `{space}`: it has {units} units, and the two must differ",
        .pair[0],
        .pair[1]
    )]
    NoPair {
        /// The space.
        space: String,
        /// Its number of units.
        units: usize,
        /// The two units to swap.
        pair: [usize; 2],
    },
    /// Units of one class that a parameter treats differently. The change needs equal sums over every block.
    #[error(
        "units {} and {} of `{space}` are in one class, but `{parameter}` gives them {} and {}{over}: a difference of {}",
        .units[0], .units[1], number(.sums[0], 6), number(.sums[1], 6), number(*difference, 4)
    )]
    SumsDiffer {
        /// The parameter.
        parameter: String,
        /// The space of the two units.
        space: String,
        /// The two units.
        units: [usize; 2],
        /// The block: over which classes and at which indices of the other axes the sums are taken.
        over: String,
        /// The two sums, rounded to the nearest f64.
        sums: [f64; 2],
        /// The first minus the second, rounded once.
        difference: f64,
    },
    /// A network that is not a plain chain of dense layers, or not the one that was described.
    #[error("not a chain of dense layers: `{parameter}` {reason}")]
    NotAChain {
        /// The parameter that is not part of the chain.
        parameter: String,
        /// Why not.
        reason: String,
    },
    /// A scale of changes that is negative, infinite or NaN.
    #[error("{scale} is not a scale for changes: it must be finite and not negative")]
    BadScale {
        /// The number given.
        scale: f64,
    },
    /// A change of units of a fixed space.
    #[error("space `{space}` is fixed, so its units cannot be {refused}")]
    FixedSpace {
        /// The space.
        space: String,
        /// What the caller asked to do with its units.
        refused: &'static str,
    },
    /// Numbers of copies other than one per unit, each at least 1.
    #[error(
        "space `{space}` has {units} units and needs a number of copies, at least 1, for each: {found} were given{}",
        no_copies(.without)
    )]
    BadCopies {
        /// The space.
        space: String,
        /// Its number of units.
        units: usize,
        /// The number of given numbers.
        found: usize,
        /// The first unit with 0 copies.
        without: Option<usize>,
    },
    /// A block with different entries, one of which is infinite or NaN.
    #[error("entry {entry} of `{parameter}` is {value}, so its block has no mean")]
    NotFinite {
        /// The parameter.
        parameter: String,
        /// The row-major number of the entry.
        entry: usize,
        /// Its value.
        value: f64,
    },
    /// An infinite or NaN entry in a network whose function must stay the same.
    #[error("entry {entry} of `{parameter}` is {value}, so there is no function to keep")]
    NoFunction {
        /// The parameter.
        parameter: String,
        /// The row-major number of the entry.
        entry: usize,
        /// Its value.
        value: f64,
    },
    /// Finite entries whose sum is infinite in the type of their parameter.
    #[error(
        "entry {entry} of the smaller `{parameter}` is a sum of finite numbers that its number type cannot represent"
    )]
    SumOverflows {
        /// The parameter.
        parameter: String,
        /// The row-major number of the entry in the smaller parameter.
        entry: usize,
    },
}

fn no_copies(unit: &Option<usize>) -> String {
    unit.map(|unit| format!(", and unit {unit} was given 0")).unwrap_or_default()
}
