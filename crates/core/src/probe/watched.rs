//! A step of a training as a framework shows it.

use crate::Error;
use constinit_symmetry::{OwnedParam, ParamId, ParamView};
use std::ops::Range;

/// What a framework shows of a module after a step of its training. Nothing is read before it is asked for.
///
/// Parameters come in the order of the tracker's axes, by their paths there.
pub trait WatchedStep {
    /// Steps done; 0 before training.
    fn step(&self) -> usize;

    /// The loss that the step computed; None before training.
    fn loss(&self) -> Option<f64>;

    /// The parameters after the step.
    ///
    /// # Errors
    ///
    /// [`Error::Axes`] for a parameter that cannot be read.
    fn parameters(&self) -> Result<Vec<ParamView<'_>>, Error>;

    /// The parameters as the step began, running statistics as zeros; None where these were not kept.
    ///
    /// # Errors
    ///
    /// As [`WatchedStep::parameters`].
    fn parameters_before(&self) -> Result<Option<Vec<ParamView<'_>>>, Error>;

    /// The gradients of the step; None where these were not kept.
    ///
    /// # Errors
    ///
    /// As [`WatchedStep::parameters`].
    fn gradients(&self) -> Result<Option<Vec<ParamView<'_>>>, Error>;

    /// The largest absolute gradient of all parameters, those without axes included; 0 without gradients.
    fn largest_gradient(&self) -> f64;

    /// Whether forward passes write a parameter, as they do the running statistics of a batch norm.
    fn is_running(&self, parameter: ParamId) -> bool;

    /// Some entries of some parameters, in the given order: what a sketch needs instead of all parameters.
    ///
    /// # Errors
    ///
    /// As [`WatchedStep::parameters`].
    fn entries(&self, wanted: &[(ParamId, &[Range<usize>])]) -> Result<Vec<OwnedParam>, Error>;
}
