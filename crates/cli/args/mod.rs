//! What the user typed: one file of arguments per family of commands.

mod compare;
mod inspect;
mod program;
mod report;
mod reshape;
mod run;
mod sweep;
mod verify;

pub use compare::CompareArgs;
pub use inspect::{ComparedArgs, Deny, DiffArgs, InspectArgs, OutputArgs, OutputFormat};
pub use program::{CompletionsArgs, ManArgs};
pub use report::{ReportArgs, ReportFormat};
pub use reshape::{BreakArgs, CollapseArgs, RewriteArgs};
pub use run::{PredictArgs, Preset, RunArgs};
pub use sweep::{MergeArgs, SweepArgs};
pub use verify::VerifyArgs;

use clap::{Parser, Subcommand};

/// Finds which units of a neural network are equal, and says what keeps them equal.
///
/// Without a command, it runs the experiment of the text on constant initialisation: it trains a network [3, 2, 4]
/// for 50 steps and prints all parameters after each step.
#[derive(Debug, Parser)]
#[command(
    name = "constinit",
    version,
    about,
    args_conflicts_with_subcommands = true,
    max_term_width = 100,
    after_help = "Examples:
  constinit                                  run the notebook's experiment
  constinit --backend wgpu                   run it on the GPU
  constinit run --config my.toml --out run1  train your own network, save results in run1
  constinit compare --config my.toml         train it from this start and from a random one
  constinit predict --config my.toml         say which units will be equal, without training
  constinit verify                           check the theorem and its limits on this machine
  constinit inspect model.safetensors        find the equal units of a checkpoint
  constinit sweep --config s.toml --out s1   train it with many settings, save one table
  constinit report run1                      make a page of the run, run1/report.html
  constinit devices                          list the backends and their devices

Exit codes: 0 success, 1 a requested check failed, 2 wrong usage, configuration or file, or no GPU
adapter, 3 the run diverged, 130 Ctrl-C, 143 SIGTERM."
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub run: RunArgs,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a network from a configuration and watch its hidden units
    Run(RunArgs),
    /// Train one network from several starts, and compare what each start learns
    Compare(CompareArgs),
    /// Say which units a configuration makes equal and whether training keeps them equal, without training
    #[command(alias = "init")]
    Predict(PredictArgs),
    /// Check the theorem, its generalisations and its limits on this machine
    Verify(VerifyArgs),
    /// Find the equal units of checkpoints
    Inspect(InspectArgs),
    /// Say what happened to the units between two checkpoints
    Diff(DiffArgs),
    /// Merge the units of a checkpoint that compute the same number
    Collapse(CollapseArgs),
    /// Make the equal units of a checkpoint differ, without changing its function
    Break(BreakArgs),
    /// Join the results of several machines: reports of `inspect --shard`, folders of `sweep --shard`
    Merge(MergeArgs),
    /// Train a network for every combination of values, and save the results in one table
    Sweep(SweepArgs),
    /// Make a page or single figures from the folder of a run, a sweep or a comparison
    Report(ReportArgs),
    /// List the backends of this program and their devices
    Devices,
    /// Print what a shell needs to complete commands and options
    Completions(CompletionsArgs),
    /// Print the manual page of the program or of one of its commands
    Man(ManArgs),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn old_names_are_read_and_not_shown() {
        let predict = |name| Cli::try_parse_from(["constinit", name, "--json"]).unwrap().command;
        for name in ["predict", "init"] {
            assert!(matches!(predict(name), Some(Command::Predict(args)) if args.json), "{name}");
        }
        for option in ["--index", "--point"] {
            let line = ["constinit", "run", "--config", "s.toml", option, "7"];
            let command = Cli::try_parse_from(line).unwrap().command;
            assert!(
                matches!(command, Some(Command::Run(args)) if args.index == Some(7)),
                "{option}"
            );
        }
        let mut cli = Cli::command();
        let help = cli.render_long_help().to_string();
        assert!(!help.lines().any(|line| line.trim_start().starts_with("init ")), "{help}");
        let run = cli.find_subcommand_mut("run").unwrap().render_long_help().to_string();
        assert!(run.contains("--index <N>") && !run.contains("--point"), "{run}");
    }
}
