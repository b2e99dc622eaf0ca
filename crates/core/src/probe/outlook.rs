//! Forecasts for equal units: whether and when rounding separates them.

use crate::Error;
use crate::text::number;
use crate::transverse::Stability;
use constinit_symmetry::forecast::Forecast;
use constinit_symmetry::{AxesSpec, ParamView, UnitIndex, twins};
use std::fmt;

/// The forecasts after a number of steps.
#[derive(Clone, Debug, PartialEq)]
pub struct EscapeReading {
    /// Steps done; 0 before training.
    pub step: usize,
    /// The loss that the step computed; None before training.
    pub loss: Option<f64>,
    /// The learning rate that the forecasts are for.
    pub learning_rate: f64,
    /// The spaces that had a class of two or more twins at the first reading, in the order of the axes.
    pub spaces: Vec<SpaceOutlook>,
}

/// The forecast for the largest class of twins of a space.
#[derive(Clone, Debug, PartialEq)]
pub struct SpaceOutlook {
    /// The space.
    pub space: String,
    /// Units of the class.
    pub units: usize,
    /// The two units that were inspected: the first of the class, and the one farthest from it.
    pub pair: [usize; 2],
    /// The forecast for them.
    pub outlook: Outlook,
}

/// The forecast for two twins.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Outlook {
    /// They are equal, or nearly equal.
    Together {
        /// The curvature along their difference.
        stability: Box<Stability>,
        /// What it means for the optimizer.
        forecast: Forecast,
    },
    /// They have diverged.
    Escaped {
        /// Their difference relative to their size: [`ESCAPED`](constinit_symmetry::forecast::ESCAPED) or more.
        apart: f64,
    },
    /// No forecast is possible.
    Unknown {
        /// Why.
        reason: String,
    },
}

impl Outlook {
    /// The forecast, if there is one.
    pub fn forecast(&self) -> Option<&Forecast> {
        match self {
            Self::Together { forecast, .. } => Some(forecast),
            Self::Escaped { .. } | Self::Unknown { .. } => None,
        }
    }

    /// The curvature, if it is known.
    pub fn stability(&self) -> Option<&Stability> {
        match self {
            Self::Together { stability, .. } => Some(stability),
            Self::Escaped { .. } | Self::Unknown { .. } => None,
        }
    }
}

/// A sentence without a full stop.
impl fmt::Display for SpaceOutlook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { space, units, pair: [u, v], outlook } = self;
        match outlook {
            Outlook::Together { forecast, .. } => {
                write!(f, "{space}, {units} equal units: {forecast}")
            }
            Outlook::Escaped { apart } => {
                let apart = number(*apart, 3);
                write!(
                    f,
                    "{space}: units {u} and {v} were equal and now differ by {apart} of their size"
                )
            }
            Outlook::Unknown { reason } => write!(f, "{space}, {units} equal units: {reason}"),
        }
    }
}

/// The largest class of twins of a space.
#[derive(Clone, Debug, PartialEq)]
pub struct TwinClass {
    /// The space.
    pub space: String,
    /// Its units, in rising order; two or more.
    pub members: Vec<UnitIndex>,
}

/// The largest class of each space that has a class of two or more twins; the first of several of equal size.
///
/// # Errors
///
/// [`Error::Symmetry`] if parameters and axes do not fit.
pub fn largest_classes(axes: &AxesSpec, params: &[ParamView<'_>]) -> Result<Vec<TwinClass>, Error> {
    let found = twins(axes, params)?;
    let largest = found.spaces().iter().filter_map(|space| {
        let classes = space.partition().classes();
        let members = classes.reduce(|a, b| if b.len() > a.len() { b } else { a })?;
        let space = space.name().to_owned();
        (members.len() > 1).then(|| TwinClass { space, members: members.to_vec() })
    });
    Ok(largest.collect())
}
