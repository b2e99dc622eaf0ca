//! A step of a training as a framework shows it.

use crate::Error;
use constinit_symmetry::{OwnedParam, ParamId, ParamView};
use std::ops::Range;

/// Takes rows of a parameter, by the number of the parameter in the order of the axes, and says whether to continue.
pub type LookAtRows<'l> = dyn FnMut(usize, &ParamView<'_>) -> Result<bool, Error> + 'l;

/// Whether the entries of a parameter repeat each other as [`TwinsCheck::repeated`] says, as a device found it.
///
/// [`TwinsCheck::repeated`]: constinit_symmetry::TwinsCheck::repeated
#[derive(Clone, Debug, PartialEq)]
pub enum Repeats {
    /// They do, bit for bit. Holds the repeated entries: along each axis, one index for all that repeat it, in order.
    Exactly(OwnedParam),
    /// They do not, or some are NaN.
    Not,
    /// The device cannot compare them bit for bit. Holds all entries of the parameter, in the order of its shape.
    Entries(OwnedParam),
}

/// For every parameter, in the order of the axes, and for every axis of it, the index that each index repeats; None if
/// every index repeats only itself.
pub type Repeated = Vec<Vec<Option<Vec<usize>>>>;

/// What a framework shows of a module after a step of its training. Nothing is read before the tracker asks for it.
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

    /// Shows the parameters after the step in portions, the rows of each in their order (indices along its first axis),
    /// until `look` returns false. Returns whether `look` took all of them. Returns None, as this default does, if
    /// [`WatchedStep::parameters`] is as cheap: portions that fit in a processor's cache are cheaper than a copy of all
    /// parameters, but not if each portion is a request to a device.
    ///
    /// # Errors
    ///
    /// Those of [`WatchedStep::parameters`], and those of `look`.
    fn rows(&self, look: &mut LookAtRows<'_>) -> Result<Option<bool>, Error> {
        let _ = look;
        Ok(None)
    }

    /// Whether entries repeat each other. The device that has the parameters compares them, so few numbers are read
    /// from it. Returns None, as this default does, if reading all parameters is as cheap.
    ///
    /// # Errors
    ///
    /// Those of [`WatchedStep::parameters`].
    fn repeats(&self, repeated: &Repeated) -> Result<Option<Vec<Repeats>>, Error> {
        let _ = repeated;
        Ok(None)
    }

    /// The parameters at the beginning of the step, with zeros for running statistics; None if these were not kept.
    ///
    /// # Errors
    ///
    /// Those of [`WatchedStep::parameters`].
    fn parameters_before(&self) -> Result<Option<Vec<ParamView<'_>>>, Error>;

    /// The gradients of the step; None if these were not kept.
    ///
    /// # Errors
    ///
    /// Those of [`WatchedStep::parameters`].
    fn gradients(&self) -> Result<Option<Vec<ParamView<'_>>>, Error>;

    /// The largest absolute gradient of all parameters, those without axes included; 0 without gradients.
    fn largest_gradient(&self) -> f64;

    /// Whether forward passes write a parameter, as they do the running statistics of a batch norm.
    fn is_running(&self, parameter: ParamId) -> bool;

    /// Some entries of some parameters, in the given order: what a sketch needs instead of all parameters.
    ///
    /// # Errors
    ///
    /// Those of [`WatchedStep::parameters`].
    fn entries(&self, wanted: &[(ParamId, &[Range<usize>])]) -> Result<Vec<OwnedParam>, Error>;
}
