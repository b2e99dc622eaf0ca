//! The `constinit` program.

mod backend;
mod commands;
#[cfg(all(feature = "wgpu", target_os = "linux"))]
mod desktop;
mod verify;

use clap::Parser;
use constinit_cli::args::{Cli, Command};
use constinit_cli::failure::Failure;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    #[cfg(all(feature = "wgpu", target_os = "linux"))]
    if may_ask_for_a_gpu(&cli) {
        desktop::say_that_there_is_none();
    }
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // A silent failure has no message: the output says it already.
            if !failure.is_silent() {
                commands::complain(&failure);
            }
            ExitCode::from(failure.code)
        }
    }
}

/// Whether a command asks for a GPU, or may do so.
#[cfg(all(feature = "wgpu", target_os = "linux"))]
fn may_ask_for_a_gpu(cli: &Cli) -> bool {
    match cli.command {
        None
        | Some(
            Command::Run(_)
            | Command::Compare(_)
            | Command::Predict(_)
            | Command::Verify(_)
            | Command::Sweep(_)
            | Command::Devices,
        ) => true,
        Some(
            Command::Inspect(_)
            | Command::Diff(_)
            | Command::Collapse(_)
            | Command::Break(_)
            | Command::Merge(_)
            | Command::Report(_)
            | Command::Completions(_)
            | Command::Man(_),
        ) => false,
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        None => commands::run::plain(&cli.run),
        Some(Command::Run(args)) => commands::run::run(&args),
        Some(Command::Compare(args)) => commands::compare::compare(&args),
        Some(Command::Predict(args)) => commands::predict::predict(&args),
        Some(Command::Verify(args)) => commands::verify::verify(&args),
        Some(Command::Inspect(args)) => commands::inspect::inspect(&args),
        Some(Command::Diff(args)) => commands::diff::diff(&args),
        Some(Command::Collapse(args)) => commands::reshape::collapse(&args),
        Some(Command::Break(args)) => commands::reshape::break_up(&args),
        Some(Command::Merge(args)) => commands::merge::merge(&args),
        Some(Command::Sweep(args)) => commands::sweep::sweep(&args),
        Some(Command::Report(args)) => commands::report::report(&args),
        Some(Command::Devices) => commands::devices::devices(),
        Some(Command::Completions(args)) => commands::program::completions(&args),
        Some(Command::Man(args)) => commands::program::man(&args),
    }
}
