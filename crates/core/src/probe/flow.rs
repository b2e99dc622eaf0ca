//! Whether a run continues after a probe has seen it.

/// What a probe wants the training loop to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// Stop after this step.
    Stop {
        /// Why, as text for the user.
        reason: String,
    },
}
