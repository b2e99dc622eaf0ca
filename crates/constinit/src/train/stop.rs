//! Conditions on which a run ends before its plan does. They are probes like any other.

use crate::probe::{Flow, Observation, Probe};
use burn::module::AutodiffModule;
use burn::tensor::backend::AutodiffBackend;
use constinit_core::text::number;

/// Stops once a step's loss is at most this.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossBelow(pub f64);

impl<B: AutodiffBackend, M: AutodiffModule<B>> Probe<B, M> for LossBelow {
    fn observe(&mut self, seen: &Observation<'_, B, M>) -> Flow {
        match seen.loss {
            Some(loss) if loss <= self.0 => Flow::Stop {
                reason: format!(
                    "the loss of step {} is {}, at most {}",
                    seen.step,
                    number(loss, 6),
                    number(self.0, 6)
                ),
            },
            _ => Flow::Continue,
        }
    }
}

/// Stops once the loss has not fallen for a while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plateau {
    patience: usize,
    least_gain: f64,
    best: Option<(usize, f64)>,
}

impl Plateau {
    /// Stops after `patience` steps in a row of which none has a loss lower than the best before
    /// them by more than `least_gain`.
    pub fn new(patience: usize, least_gain: f64) -> Self {
        Self { patience, least_gain, best: None }
    }
}

impl<B: AutodiffBackend, M: AutodiffModule<B>> Probe<B, M> for Plateau {
    fn observe(&mut self, seen: &Observation<'_, B, M>) -> Flow {
        let Some(loss) = seen.loss else { return Flow::Continue };
        match self.best {
            Some((step, best)) if loss >= best - self.least_gain => {
                if seen.step - step < self.patience {
                    return Flow::Continue;
                }
                let reason = format!("the loss has not fallen below {best} since step {step}");
                Flow::Stop { reason }
            }
            _ => {
                self.best = Some((seen.step, loss));
                Flow::Continue
            }
        }
    }
}
