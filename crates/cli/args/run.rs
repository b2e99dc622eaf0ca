//! Arguments of `constinit run` and `constinit predict`.

use crate::backend_name::BackendName;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Trains a perceptron from the start that the configuration names, by default constants. Prints about 20 readings, then
/// which hidden units were equal, for how long, and what kept them equal. The preset `notebook` prints all parameters
/// after each step.
#[derive(Args, Debug, Default)]
#[command(after_help = "Examples:
  constinit run --preset notebook
  constinit run --config my.toml --out run1
  constinit run --config my.toml --json | jq .loss
  constinit run --config my.toml --quotient  train one unit per class: the same numbers, faster
  constinit run --config my.toml --tui       watch it in the terminal
  constinit run --config my.toml --quiet     print only the verdict
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

(`forecast = 100`: before training and every 100 steps, forecast whether and when rounding separates equal units.)

Columns of the table: the loss of the step; the properties P1 to P4 of the text (`holds`, or the largest difference
between numbers that should be equal); for each hidden layer, how many of its units are distinct.")]
pub struct RunArgs {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["preset", "resume"])]
    pub config: Option<PathBuf>,
    /// Run only this point of a sweep's configuration, counted from 0 as in the sweep's table and page
    #[arg(
        long,
        alias = "point",
        value_name = "N",
        requires = "config",
        allow_negative_numbers = true
    )]
    pub index: Option<usize>,
    /// Configuration inside the program
    #[arg(long, value_enum, conflicts_with = "resume")]
    pub preset: Option<Preset>,
    /// Backend to run on; the default is the first of wgpu, flex, ndarray that is compiled in
    #[arg(long, value_enum)]
    pub backend: Option<BackendName>,
    /// Save configuration, readings, checkpoints and final parameters in this folder
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Print readings as JSON, one object per line
    #[arg(long, conflicts_with = "tui")]
    pub json: bool,
    /// Show loss, classes, spread and verdict in the terminal during the run; `q` ends the run after the current step, with
    /// exit code 0. Needs a terminal; NO_COLOR removes the colours
    #[arg(long)]
    pub tui: bool,
    /// Print all parameters at the start and after each reading, and outputs and targets before training. For axes longer
    /// than 8, print only the first and the last entries
    #[arg(long, conflicts_with_all = ["json", "tui"])]
    pub print_parameters: bool,
    /// Print only the verdict
    #[arg(long, short, conflicts_with_all = ["json", "tui", "print_parameters"])]
    pub quiet: bool,
    /// Write the readings to a new table (CSV). A resumed run writes all of its readings, or continues the table that it
    /// began
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Write loss, classes, spread and deviations for TensorBoard to a new file in this folder. A resumed run adds another
    /// file
    #[arg(long, value_name = "DIR")]
    pub tensorboard: Option<PathBuf>,
    /// Train one unit for each class of units that the optimizer keeps equal, and lift the result to full size. Refused if
    /// the full network would train differently. A resumed run continues as it began
    #[arg(long, conflicts_with = "resume")]
    pub quotient: bool,
    /// Resume the run in this folder, from its last checkpoint
    #[arg(long, value_name = "DIR")]
    pub resume: Option<PathBuf>,
}

/// Prints the initialiser of each parameter and, for each hidden layer, how many distinct units it will have and whether
/// the configured optimizer keeps equal units equal. It trains nothing.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit predict --preset notebook
  constinit predict --config my.toml --json

Rules in a configuration; the first rule that matches a parameter fills it:
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
    /// Configuration inside the program
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
