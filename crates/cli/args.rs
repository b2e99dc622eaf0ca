//! What the user typed.

use crate::backend_name::BackendName;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Which units of a neural network are the same unit, and what keeps them so.
///
/// Without a command, the experiment of the text on constant initialisation: a network [3, 2, 4]
/// trained for 50 steps, with all parameters after each step.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    args_conflicts_with_subcommands = true,
    max_term_width = 100,
    after_help = "Examples:
  constinit                                  the notebook's run
  constinit --backend wgpu                   the same on the GPU
  constinit run --config my.toml --out run1  your own network, kept in a folder
  constinit init --config my.toml            which units will be alike, without training
  constinit verify                           the theorem and its limits, checked on this machine
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
    /// Say which units a configuration makes alike, and whether training keeps them so, without training
    Init(InitArgs),
    /// Check the theorem, its generalisations and its limits on this machine
    Verify(VerifyArgs),
    /// List the backends of this program and the devices that they find
    Devices,
}

/// Trains a perceptron that starts from constants, prints its parameters or a table of readings,
/// and says at the end which hidden units were one unit, for how long, and what kept them so.
#[derive(Args, Debug, Default)]
#[command(after_help = "Examples:
  constinit run --preset notebook
  constinit run --config my.toml --out run1
  constinit run --config my.toml --json | jq .loss
  constinit run --config my.toml --quotient  the same numbers at the price of the classes
  constinit run --resume run1

A configuration:
  [model]
  layer_dims = [3, 2, 4]
  activation = \"tanh\"
  [data]
  inputs = \"x.csv\"
  targets = \"y.csv\"
  [training]
  steps = 200
  optimizer = { type = \"adam\", learning_rate = 0.01 }

A network of at most 64 parameters is printed whole after each step, a larger one as a table.")]
pub struct RunArgs {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["preset", "resume"])]
    pub config: Option<PathBuf>,
    /// Configuration that comes with the program
    #[arg(long, value_enum, conflicts_with = "resume")]
    pub preset: Option<Preset>,
    /// Backend to run on; by default wgpu, flex, ndarray, whichever is compiled in first
    #[arg(long, value_enum)]
    pub backend: Option<BackendName>,
    /// Keep configuration, readings, checkpoints and final parameters in this folder
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Print readings as JSON, one object a line
    #[arg(long)]
    pub json: bool,
    /// Train one unit for each class of units that the optimizer keeps alike, and lift the result to full size; refused
    /// where the full network would go another way. A resumed run goes on as it began
    #[arg(long, conflicts_with = "resume")]
    pub quotient: bool,
    /// Go on with the run in this folder, from its last checkpoint
    #[arg(long, value_name = "DIR")]
    pub resume: Option<PathBuf>,
}

/// Prints the initialiser of each parameter, and for each hidden layer how many different units it will have and whether
/// the configured optimizer keeps them alike. Nothing is trained.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit init --preset notebook
  constinit init --config my.toml --json

Rules in a configuration, the first that matches a parameter fills it:
  [[init]]
  path = \"linear*.bias\"
  init = { type = \"zeros\" }
  [[init]]
  path = \"linear1.weight\"
  init = { type = \"symmetrised\", outputs = 4, of = { type = \"kaiming\" } }")]
pub struct InitArgs {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE", conflicts_with = "preset")]
    pub config: Option<PathBuf>,
    /// Configuration that comes with the program
    #[arg(long, value_enum)]
    pub preset: Option<Preset>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Checks what the theorem on constant initialisation says, in floats on every backend and in fractions that never round;
/// what it does not promise; every optimizer against the certificate; how differences between equal units grow; and
/// which widths each backend's kernels keep bitwise equal. Ends with exit code 1 if anything fails.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit verify
  constinit verify --cases 200 --seed 7
  constinit verify --heat-map floats.svg
  constinit verify --json | jq '.sections[].checks[] | select(.passed | not)'")]
pub struct VerifyArgs {
    /// Random cases a statement
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub cases: u32,
    /// What the cases are drawn by
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Draw which widths each backend keeps bitwise equal into a new file (SVG)
    #[arg(long, value_name = "FILE")]
    pub heat_map: Option<PathBuf>,
}

/// Configurations inside the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// The notebook's network, data and 50 steps
    #[default]
    Notebook,
}

impl Preset {
    /// The configuration file's text.
    pub fn text(self) -> &'static str {
        match self {
            Self::Notebook => include_str!("presets/notebook.toml"),
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Notebook => "notebook",
        }
    }
}
