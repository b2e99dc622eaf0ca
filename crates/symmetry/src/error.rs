//! What this crate refuses, by operation.

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

/// Everything that this crate refuses. Messages name the parameter, the space and both places that disagree.
///
/// Each operation has an error of its own, whose message is that of the whole.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SymmetryError {
    /// A spec that contradicts itself or the network.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// Parameters that are not those of the spec, or that their slices do not fit.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// A search for classes that cannot be made.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// A change of the network that cannot be made.
    #[error(transparent)]
    Surgery(#[from] SurgeryError),
    /// A number of a forecast that no training has.
    #[error(transparent)]
    Forecast(#[from] ForecastError),
    /// More units, spaces or parameters than this crate numbers.
    #[error("{units} is more than the supported 2^32 - 2 units, spaces or parameters")]
    TooManyUnits {
        /// How many there are.
        units: usize,
    },
    /// A question that needs to know which side of a parameter an axis stands on.
    #[error(
        "{place} ranges over `{space}` with unknown role; {needed_by} needs to know whether it is an output or an input axis"
    )]
    UnknownRole {
        /// The space.
        space: String,
        /// The parameter and axis.
        place: String,
        /// What was asked.
        needed_by: &'static str,
    },
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}
