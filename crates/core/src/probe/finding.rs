//! What a symmetry probe reports.

use super::FirstBreak;
use std::fmt;

/// An event that the probe reports when it happens.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// Before training, a space has fewer classes than units.
    Symmetric {
        /// The space.
        space: String,
        /// Its units.
        units: usize,
        /// Its classes of equitable units, or of twins if those are not known.
        classes: usize,
        /// A sentence that says the same, what keeps the classes, and what would break them.
        sentence: String,
    },
    /// Two units that were equal differ.
    Broken(FirstBreak),
    /// The first step at which the gradients of units of one class differ, while their parameters do not.
    GradientsDiffer {
        /// Steps done.
        step: usize,
        /// The space.
        space: String,
    },
    /// The probe cannot read the module and has stopped.
    Failed(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Symmetric { sentence, .. } => f.write_str(sentence),
            Self::Broken(found) => found.fmt(f),
            Self::GradientsDiffer { step, space } => write!(
                f,
                "{space}: at step {step}, gradients of equal units differ for the first time. The units are still \
                 equal, bit for bit."
            ),
            Self::Failed(reason) => write!(f, "the symmetry probe stopped: {reason}"),
        }
    }
}
