//! Arguments of `constinit run` and `constinit predict`.

use crate::backend_name::BackendName;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Trains a perceptron that starts from constants, prints a table of about 20 readings, and says at the end which hidden
/// units were one unit, for how long, and what kept them so. The preset `notebook` prints its parameters after each step.
#[derive(Args, Debug, Default)]
#[command(after_help = "Examples:
  constinit run --preset notebook
  constinit run --config my.toml --out run1
  constinit run --config my.toml --json | jq .loss
  constinit run --config my.toml --quotient  the same numbers at the price of the classes
  constinit run --config my.toml --tui       watch it in the terminal
  constinit run --config my.toml --quiet     the verdict alone
  constinit run --config my.toml --csv run1.csv --tensorboard logs/run1
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
  [probe]
  every = 1
  forecast = 100

(`forecast`: will rounding separate units that are alike, and when? Asked before training and every 100 steps.)

Columns of the table: the loss that the step computed, the properties P1 to P4 of the text (`holds`, or the largest
difference of numbers that should be one), and for each hidden layer how many of its units are distinct.")]
pub struct RunArgs {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["preset", "resume"])]
    pub config: Option<PathBuf>,
    /// The run of a sweep's configuration with this number, counted from 0 as in the sweep's table and page
    #[arg(
        long,
        alias = "point",
        value_name = "N",
        requires = "config",
        allow_negative_numbers = true
    )]
    pub index: Option<usize>,
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
    #[arg(long, conflicts_with = "tui")]
    pub json: bool,
    /// Show loss, classes, spread and verdict in the terminal as the run goes on; `q` ends it after its step, with exit
    /// code 0. Needs a terminal; NO_COLOR takes the colours away
    #[arg(long)]
    pub tui: bool,
    /// Print all parameters at the start and after each reading, beside outputs and targets before training. Axes of more
    /// than 8 are shown by their ends
    #[arg(long, conflicts_with_all = ["json", "tui"])]
    pub print_parameters: bool,
    /// Print the verdict alone
    #[arg(long, short, conflicts_with_all = ["json", "tui", "print_parameters"])]
    pub quiet: bool,
    /// Write the readings into a new table (CSV). A resumed run writes all of its readings; a table that it has begun
    /// goes on
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Write loss, classes, spread and deviations for TensorBoard, into a new file in this folder. A resumed run adds
    /// another file
    #[arg(long, value_name = "DIR")]
    pub tensorboard: Option<PathBuf>,
    /// Train one unit for each class of units that the optimizer keeps alike, and lift the result to full size; refused
    /// where the full network would train differently. A resumed run goes on as it began
    #[arg(long, conflicts_with = "resume")]
    pub quotient: bool,
    /// Resume the run in this folder, from its last checkpoint
    #[arg(long, value_name = "DIR")]
    pub resume: Option<PathBuf>,
}

/// Prints the initialiser of each parameter, and for each hidden layer how many different units it will have and whether
/// the configured optimizer keeps them alike. Nothing is trained.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit predict --preset notebook
  constinit predict --config my.toml --json

Rules in a configuration, the first that matches a parameter fills it:
  [[init]]
  path = \"linear*.bias\"
  init = { type = \"zeros\" }
  [[init]]
  path = \"linear1.weight\"
  init = { type = \"symmetrised\", outputs = 4, of = { type = \"kaiming\" } }")]
pub struct PredictArgs {
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
            Self::Notebook => constinit_core::config::NOTEBOOK,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Notebook => "notebook",
        }
    }
}
