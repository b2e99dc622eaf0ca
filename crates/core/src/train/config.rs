//! How far a training goes, and how it ends.

use crate::Clip;
use crate::probe::Schedule;

/// How many steps to train, and what to check on the way.
#[derive(Clone, Debug)]
pub struct TrainConfig {
    /// Train until this many steps are done, counted from the start of the run.
    pub steps: usize,
    /// Limits the gradients before the optimizer sees them.
    pub clip: Option<Clip>,
    /// When to search for parameters that are not finite. The loss is checked in every step.
    pub check_parameters: Schedule,
}

impl TrainConfig {
    /// This many steps, without clipping; parameters are checked every 16 steps and after the
    /// last one.
    pub fn steps(steps: usize) -> Self {
        let check_parameters = Schedule::every(16).or(Schedule::at(steps));
        Self { steps, clip: None, check_parameters }
    }
}

/// Why a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum StopReason {
    /// All steps are done.
    Finished,
    /// A probe asked for it.
    Stopped {
        /// The probe's reason.
        reason: String,
    },
    /// A number became infinite or NaN.
    Diverged(Divergence),
}

/// Where a run diverged.
#[derive(Clone, Debug, PartialEq)]
pub struct Divergence {
    /// The step, counted from 1. A step whose loss is not finite leaves the parameters as they
    /// were before it.
    pub step: usize,
    /// What is not finite.
    pub what: NonFinite,
    /// That value.
    pub value: f64,
}

/// What is not finite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NonFinite {
    /// The loss that the step computed, while the parameters are finite.
    Loss {
        /// The path of the parameter with the largest entry.
        largest_parameter: String,
    },
    /// A parameter.
    Parameter {
        /// Its path.
        path: String,
        /// The entry, in storage order.
        entry: usize,
    },
}
