//! Arguments of `constinit compare`.

use super::Preset;
use crate::backend_name::BackendName;
use clap::Args;
use std::path::PathBuf;

/// Trains one network from several starts. Compares how many of its hidden units are distinct and what it learns.
#[derive(Args, Debug, Default)]
#[command(after_help = "Examples:
  constinit compare                                    the notebook beside a random start
  constinit compare --config my.toml --start constant --start ramp --start random
  constinit compare --config my.toml --start constant+noise=0.01 --start xavier
  constinit compare --config my.toml --out compared    then: constinit report compared

Starts:
  configuration         the start of the configuration, with its [[init]] rules
  ramp constant zeros   as [model] start, with its init_w and init_b
  random                PyTorch's default for linear layers
  xavier, orthogonal... an initialiser for every weight, 0 for every bias
  normal:std=0.1        an initialiser with settings; several are separated by commas
  constant+noise=0.01   normal noise of this standard deviation added to every parameter
  zeros+xavier          another initialiser added to every weight

All but `configuration` replace the [[init]] rules.")]
pub struct CompareArgs {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE", conflicts_with = "preset")]
    pub config: Option<PathBuf>,
    /// Configuration inside the program
    #[arg(long, value_enum)]
    pub preset: Option<Preset>,
    /// A start; repeat the option for each start. The default is `configuration` and `random`
    #[arg(long = "start", value_name = "START")]
    pub starts: Vec<String>,
    /// Number of runs of each start that uses random numbers, with consecutive seeds from the configuration's seed
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..), allow_negative_numbers = true)]
    pub seeds: u16,
    /// Backend to run on; the default is the first of wgpu, flex, ndarray that is compiled in
    #[arg(long, value_enum)]
    pub backend: Option<BackendName>,
    /// Save configuration, losses, units and results in this new folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print one JSON object per start
    #[arg(long)]
    pub json: bool,
    /// Train one unit for each class of units that the optimizer keeps equal. If the full network would train differently,
    /// train it in full and print the reason
    #[arg(long)]
    pub quotient: bool,
}
