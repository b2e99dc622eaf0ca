//! The errors of this crate, by operation.

mod forecast;
mod parameter;
mod search;
mod spec;
mod surgery;

pub use forecast::ForecastError;
pub use parameter::ParameterError;
pub use search::SearchError;
pub use spec::SpecError;
pub use surgery::SurgeryError;

/// All errors of this crate. Messages name the parameter, the space and both places that disagree.
///
/// Each operation has a separate error type. Its message is the message of the whole error.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SymmetryError {
    /// A spec that contradicts itself or the network.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// Parameters that are not those of the spec, or whose slices do not fit.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// A search for classes that is not possible.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// A change of the network that is not possible.
    #[error(transparent)]
    Surgery(#[from] SurgeryError),
    /// A number of a forecast that no training can have.
    #[error(transparent)]
    Forecast(#[from] ForecastError),
    /// More units, spaces or parameters than this crate supports.
    #[error("{units} is more than the supported 2^32 - 2 units, spaces or parameters")]
    TooManyUnits {
        /// Their number.
        units: usize,
    },
    /// An operation that needs to know which side of a parameter an axis is on.
    #[error(
        "{place} ranges over `{space}` with unknown role; {needed_by} needs to know whether it is an output or an input axis"
    )]
    UnknownRole {
        /// The space.
        space: String,
        /// The parameter and axis.
        place: String,
        /// The operation.
        needed_by: &'static str,
    },
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}
