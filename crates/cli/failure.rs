//! Why the program fails.

use std::fmt::{self, Display, Formatter};
use std::path::Path;

/// A message for standard error and an exit code.
#[derive(Debug)]
pub struct Failure {
    /// See [`code`].
    pub code: u8,
    message: String,
}

/// Exit codes; 0 is success.
pub mod code {
    /// A check that was asked for failed.
    pub const CHECK_FAILED: u8 = 1;
    /// Bad usage, configuration or file, or no adapter.
    pub const USAGE: u8 = 2;
    /// A loss or a parameter is not finite.
    pub const DIVERGED: u8 = 3;
    /// A signal ended the run; its number is added, as shells do: 130 for Ctrl-C.
    pub const INTERRUPTED: u8 = 128;
}

impl Failure {
    /// An error that the user can correct.
    pub fn usage(message: impl Display) -> Self {
        Self { code: code::USAGE, message: message.to_string() }
    }

    /// The same, about a file or a folder.
    pub fn at(path: &Path, reason: impl Display) -> Self {
        Self::usage(format!("{}: {reason}", path.display()))
    }

    /// A check that was asked for failed.
    pub fn check(message: impl Display) -> Self {
        Self { code: code::CHECK_FAILED, message: message.to_string() }
    }

    /// The same failure without a message, for commands whose output says it.
    pub fn silently(self) -> Self {
        Self { message: String::new(), ..self }
    }

    /// Whether there is an exit code and no message.
    pub fn is_silent(&self) -> bool {
        self.message.is_empty()
    }

    /// The run diverged.
    pub fn diverged(message: impl Display) -> Self {
        Self { code: code::DIVERGED, message: message.to_string() }
    }

    /// A signal stopped the run.
    pub fn interrupted(signal: u8, message: impl Display) -> Self {
        Self { code: code::INTERRUPTED + signal, message: message.to_string() }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Standard output cannot be written.
pub fn on_screen(error: std::io::Error) -> Failure {
    Failure::usage(format!("standard output: {error}"))
}

impl From<constinit_checkpoint::CheckpointError> for Failure {
    fn from(error: constinit_checkpoint::CheckpointError) -> Self {
        Self::usage(crate::inspect::text::plain(&error.to_string()))
    }
}

impl From<constinit::Error> for Failure {
    fn from(error: constinit::Error) -> Self {
        Self::usage(error)
    }
}
