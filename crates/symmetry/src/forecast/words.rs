//! A forecast in words.

use super::{Course, Forecast, Growth, Update};
use crate::text::number;
use std::fmt;

/// A sentence for users, without a full stop.
impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let e_fold = Steps(self.e_fold_steps().unwrap_or(f64::INFINITY));
        match (self.growth(), &self.update) {
            (Growth::Unstable, _) => {
                write!(f, "unstable, e-fold every {e_fold}")?;
                match (self.caveat(), self.escape_in()) {
                    (Some(caveat), _) => write!(f, ", {caveat}"),
                    (None, Some(steps)) => write!(f, ", about {} to escape", Steps(steps.ceil())),
                    (None, None) => Ok(()),
                }
            }
            (Growth::Stable, _) => {
                write!(f, "stable, a difference shrinks by e every {e_fold}")?;
                self.caveat().map_or(Ok(()), |caveat| write!(f, ", {caveat}"))
            }
            (Growth::Neutral | Growth::NotLinear, Update::Adaptive(optimizer)) => {
                let state =
                    if self.is_strict_saddle() { "a strict saddle" } else { "not a strict saddle" };
                match optimizer.nonlinearity() {
                    Some(what) => write!(
                        f,
                        "no rate, since {optimizer} {what} and so amplifies rounding near stationary points"
                    ),
                    None => write!(f, "no rate, since the settings of {optimizer} are not known"),
                }?;
                write!(f, "; the lowest curvature is {}, {state}", number(self.curvature, 3))
            }
            (Growth::Neutral | Growth::NotLinear, Update::Linear(_)) => {
                f.write_str("neutral, a difference neither grows nor shrinks by e")
            }
        }
    }
}

/// A number of steps, for users.
struct Steps(f64);

impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1.0 => f.write_str("1 step"),
            steps if steps >= 1e6 => write!(f, "{} steps", number(steps, 2)),
            steps if steps >= 100.0 || steps.fract() == 0.0 => write!(f, "{steps:.0} steps"),
            steps => write!(f, "{steps:.1} steps"),
        }
    }
}

impl Forecast {
    /// The warning if the state moves too much for the forecast.
    fn caveat(&self) -> Option<String> {
        let (motion, Update::Linear(descent)) = (self.motion.as_ref()?, &self.update) else {
            return None;
        };
        if self.is_stationary()? {
            return None;
        }
        Some(match (motion.course(descent), self.valid_from()) {
            (Course::Settles { .. }, Some(step)) => {
                format!("not stationary: valid from step {step} at the earliest")
            }
            (Course::Oscillates, _) => "not stationary: the loss oscillates".to_owned(),
            (Course::Speeds | Course::Settles { .. }, _) => {
                "not stationary: the gradient grows".to_owned()
            }
        })
    }
}
