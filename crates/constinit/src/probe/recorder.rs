//! Keeps the parameters of a run, step by step.

use super::{Flow, Observation, Probe, Schedule};
use crate::params::HostParameter;
use burn::module::AutodiffModule;
use burn::tensor::backend::AutodiffBackend;

/// What a [`Recorder`] kept of one step.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Steps done.
    pub step: usize,
    /// The loss that the step computed; None before training.
    pub loss: Option<f64>,
    /// All float parameters after the step, in the order in which Burn visits them.
    pub parameters: Vec<HostParameter>,
}

/// Records parameters and losses.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    schedule: Schedule,
    /// What was recorded, in the order of steps.
    pub history: Vec<Recorded>,
}

impl Recorder {
    /// A recorder that records when the schedule says so.
    pub fn new(schedule: Schedule) -> Self {
        Self { schedule, history: Vec::new() }
    }
}

impl<B: AutodiffBackend, M: AutodiffModule<B>> Probe<B, M> for Recorder {
    fn due(&self, step: usize) -> bool {
        self.schedule.due(step)
    }

    fn observe(&mut self, seen: &Observation<'_, B, M>) -> Flow {
        let parameters = seen.parameters().to_vec();
        self.history.push(Recorded { step: seen.step, loss: seen.loss, parameters });
        Flow::Continue
    }
}
