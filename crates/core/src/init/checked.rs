//! Checks of numbers that apply to all parameters, and why an initialiser cannot fill one.

use crate::FloatType;
use crate::text::number;
use std::path::PathBuf;

/// Why an initialiser cannot fill a parameter.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The parameter has more entries than can be counted.
    #[error("more entries than can be counted")]
    TooManyEntries,
    /// The parameter lacks an axis.
    #[error("it has no {axis} axis")]
    MissingAxis {
        /// `input` or `output`.
        axis: &'static str,
    },
    /// The variance is scaled by a fan that the parameter does not have.
    #[error("it has no fan-in and no fan-out to scale by")]
    NoFans,
    /// So few outputs and inputs that all waves are equal.
    #[error("with so few outputs and inputs, all waves are equal")]
    EqualWaves,
    /// A setting is outside its range.
    #[error("its {name} is {value}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// The number of values is not the number of places along the axis.
    #[error("{values} values for {places} {what}")]
    ValueCount {
        /// Values given.
        values: usize,
        /// Places along the axis.
        places: usize,
        /// What the places are.
        what: &'static str,
    },
    /// A count that is 0 or too large.
    #[error("{count} {what}, but 1 to {most} fit")]
    Count {
        /// The count.
        count: usize,
        /// What is counted.
        what: String,
        /// The largest count that fits.
        most: usize,
    },
    /// Places that cannot be divided evenly.
    #[error("{places} {what} cannot be divided into {parts} {called} of equal size")]
    NotDivisible {
        /// How many places there are.
        places: usize,
        /// What the places are.
        what: &'static str,
        /// Into how many parts they should be divided.
        parts: usize,
        /// What a part is called.
        called: &'static str,
    },
    /// A square matrix is needed.
    #[error("it is not square: {outputs} outputs, {inputs} inputs")]
    NotSquare {
        /// Outputs of the parameter.
        outputs: usize,
        /// Inputs of the parameter.
        inputs: usize,
    },
    /// At least as many outputs as inputs are needed.
    #[error("it has fewer outputs ({outputs}) than inputs ({inputs})")]
    FewerOutputs {
        /// Outputs of the parameter.
        outputs: usize,
        /// Inputs of the parameter.
        inputs: usize,
    },
    /// Bounds in the wrong order, or too far apart.
    #[error("there is no uniform distribution from {low} to {high}")]
    Uniform {
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
    /// Bounds that cut off a whole normal distribution.
    #[error(
        "a normal distribution with mean {mean} and std {std} has no numbers from {low} to {high}"
    )]
    TruncatedNormal {
        /// The mean before the cut.
        mean: f64,
        /// The standard deviation before the cut.
        std: f64,
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
    /// A file from which the values cannot be read.
    #[error("{}{}{message}", path.display(), tensor.as_ref().map_or(": ".to_owned(), |name| format!(", tensor {name}")))]
    File {
        /// The file.
        path: PathBuf,
        /// The tensor in it, if it was found.
        tensor: Option<String>,
        /// What is wrong.
        message: String,
    },
    /// A value beyond the largest single-precision number.
    #[error("{} is too large for single precision", number(*value, 6))]
    TooLarge {
        /// The value.
        value: f64,
    },
    /// An entry that is not finite in the parameter's type.
    #[error("its entry {entry} is {value} as {float}")]
    EntryNotFinite {
        /// The position in storage order.
        entry: usize,
        /// Its value in that type.
        value: f64,
        /// The parameter's type.
        float: FloatType,
    },
    /// An entry that is not finite in single precision.
    #[error("an entry is {value} in single precision")]
    NotFiniteInSingle {
        /// Its value.
        value: f64,
    },
}

/// Checks that the numbers are finite.
pub(super) fn finite(numbers: &[(&'static str, f64)]) -> Result<(), Reason> {
    match numbers.iter().find(|(_, value)| !value.is_finite()) {
        Some(&(name, value)) => Err(Reason::Setting { name, value }),
        None => Ok(()),
    }
}

/// Checks that a standard deviation is finite and not negative.
pub(super) fn spread(std: f64) -> Result<(), Reason> {
    finite(&[("std", std)])?;
    if std < 0.0 { Err(Reason::Setting { name: "std", value: std }) } else { Ok(()) }
}

/// Checks that a count is at least 1 and at most `most`.
pub(super) fn at_most(what: &str, count: usize, most: usize) -> Result<(), Reason> {
    if (1..=most).contains(&count) {
        Ok(())
    } else {
        Err(Reason::Count { count, what: what.to_owned(), most })
    }
}

/// The size of each part if `places` are divided into `parts` parts of equal size.
pub(super) fn divided(
    places: usize,
    what: &'static str,
    parts: usize,
    called: &'static str,
) -> Result<usize, Reason> {
    if parts == 0 || !places.is_multiple_of(parts) {
        return Err(Reason::NotDivisible { places, what, parts, called });
    }
    Ok(places / parts)
}
