//! The commands.

pub mod compare;
pub mod devices;
pub mod diff;
pub mod inspect;
pub mod merge;
pub mod predict;
pub mod program;
pub mod report;
pub mod reshape;
pub mod run;
pub mod sweep;
pub mod verify;

use constinit_cli::failure::{Failure, on_screen};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fmt::Display;
use std::io::{ErrorKind, Write};

/// Writes to standard output. If the reader has closed it, as `head` does, this is not an error.
pub fn print(text: &str) -> Result<(), Failure> {
    match anstream::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(on_screen),
    }
}

/// A progress bar over `length` items. It is on standard error if that is a terminal, and hidden otherwise.
pub fn progress_bar(length: usize, of: &str) -> ProgressBar {
    // indicatif hides this draw target if standard error is not a terminal.
    let bar = ProgressBar::with_draw_target(Some(length as u64), ProgressDrawTarget::stderr());
    let style = format!("{{bar:40}} {{pos}}/{{len}} {of}, {{per_sec}}, {{eta}} left");
    let style = ProgressStyle::with_template(&style);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Writes a warning.
pub fn warn(doubt: impl Display) {
    let style = anstyle::AnsiColor::Yellow.on_default().bold();
    // The program runs even if standard error cannot be written.
    let _ = writeln!(anstream::stderr(), "{style}warning:{style:#} {doubt}");
}

/// Writes an error.
pub fn complain(error: impl Display) {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    // If standard error cannot be written, the exit code still tells the failure.
    let _ = writeln!(anstream::stderr(), "{style}error:{style:#} {error}");
}
