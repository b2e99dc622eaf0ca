//! The `constinit` program.

mod backend;
mod commands;
mod verify;

use clap::Parser;
use constinit_cli::args::{Cli, Command};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        None => commands::run::run(&cli.run),
        Some(Command::Run(args)) => commands::run::run(&args),
        Some(Command::Predict(args)) => {
            commands::predict::predict(&args).map(|()| ExitCode::SUCCESS)
        }
        Some(Command::Verify(args)) => commands::verify::verify(&args).map(|()| ExitCode::SUCCESS),
        Some(Command::Inspect(args)) => {
            commands::inspect::inspect(&args).map(|()| ExitCode::SUCCESS)
        }
        Some(Command::Diff(args)) => commands::diff::diff(&args).map(|()| ExitCode::SUCCESS),
        Some(Command::Collapse(args)) => {
            commands::reshape::collapse(&args).map(|()| ExitCode::SUCCESS)
        }
        Some(Command::Break(args)) => {
            commands::reshape::break_up(&args).map(|()| ExitCode::SUCCESS)
        }
        Some(Command::Merge(args)) => commands::merge::merge(&args).map(|()| ExitCode::SUCCESS),
        Some(Command::Sweep(args)) => commands::sweep::sweep(&args).map(|()| ExitCode::SUCCESS),
        Some(Command::Report(args)) => commands::report::report(&args).map(|()| ExitCode::SUCCESS),
        Some(Command::Devices) => commands::devices::devices().map(|()| ExitCode::SUCCESS),
    };
    match result {
        Ok(code) => code,
        Err(failure) => {
            commands::complain(&failure);
            ExitCode::from(failure.code)
        }
    }
}
