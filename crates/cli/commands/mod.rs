//! The commands.

pub mod devices;
pub mod diff;
pub mod init;
pub mod inspect;
pub mod merge;
pub mod report;
pub mod reshape;
pub mod run;
pub mod sweep;
pub mod verify;

use constinit_cli::failure::{Failure, on_screen};
use std::fmt::Display;
use std::io::{ErrorKind, Write};

/// Writes to standard output. A reader that went away, as `head` does, is not an error.
pub fn print(text: &str) -> Result<(), Failure> {
    match anstream::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(on_screen),
    }
}

/// Writes an error.
pub fn complain(error: impl Display) {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    // A full disk behind standard error leaves the exit code to tell.
    let _ = writeln!(anstream::stderr(), "{style}error:{style:#} {error}");
}
