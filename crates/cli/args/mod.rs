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

/// Which units of a neural network are the same unit, and what keeps them so.
///
/// Without a command, the experiment of the text on constant initialisation: a network [3, 2, 4]
/// trained for 50 steps, with all parameters after each step.
#[derive(Debug, Parser)]
#[command(
    name = "constinit",
    version,
    about,
    args_conflicts_with_subcommands = true,
    max_term_width = 100,
    after_help = "Examples:
  constinit                                  the notebook's run
  constinit --backend wgpu                   the same on the GPU
  constinit run --config my.toml --out run1  your own network, kept in a folder
  constinit compare --config my.toml         the same network from this start and a random one
  constinit predict --config my.toml         which units will be alike, without training
  constinit verify                           the theorem and its limits, checked on this machine
  constinit inspect model.safetensors        which units of a checkpoint are the same unit
  constinit sweep --config s.toml --out s1   a table of many runs
  constinit report run1                      a page of what happened, run1/report.html
  constinit devices                          what there is to run on

Exit codes: 0 fine, 1 a check that was asked for failed, 2 bad usage, configuration, file or no
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
    /// Train one network from several starts, and say side by side what each of them learns
    Compare(CompareArgs),
    /// Say which units a configuration makes alike, and whether training keeps them so, without training
    #[command(alias = "init")]
    Predict(PredictArgs),
    /// Check the theorem, its generalisations and its limits on this machine
    Verify(VerifyArgs),
    /// Say which units of checkpoints are the same unit
    Inspect(InspectArgs),
    /// Say what happened to the units between two checkpoints
    Diff(DiffArgs),
    /// Merge the units of a checkpoint that compute the same
    Collapse(CollapseArgs),
    /// Make the equal units of a checkpoint differ, without changing its function
    Break(BreakArgs),
    /// Join what several machines did: reports of `inspect --shard`, folders of `sweep --shard`
    Merge(MergeArgs),
    /// Train a network for every combination of values, and keep what came out as one table
    Sweep(SweepArgs),
    /// Draw what a run, a sweep or a comparison has left in its folder: a page to look at, or single figures
    Report(ReportArgs),
    /// List the backends of this program and the devices that they find
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
