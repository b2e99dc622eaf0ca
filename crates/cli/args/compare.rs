//! Arguments of `constinit compare`.

use super::Preset;
use crate::backend_name::BackendName;
use clap::Args;
use std::path::PathBuf;

/// Trains one network from several starts, and says side by side how many of its hidden units differ and what it learns.
#[derive(Args, Debug, Default)]
#[command(after_help = "Examples:
  constinit compare                                    the notebook beside a random start
  constinit compare --config my.toml --start constant --start ramp --start random
  constinit compare --config my.toml --start constant+noise=0.01 --start xavier
  constinit compare --config my.toml --out compared    then: constinit report compared

Starts:
  configuration         that of the configuration, its [[init]] rules included
  ramp constant zeros   as [model] start, with its init_w and init_b
  random                PyTorch's default of linear layers
  xavier, orthogonal... an initialiser for every weight, 0 for every bias
  normal:std=0.1        an initialiser with settings; several are separated by commas
  constant+noise=0.01   normal noise of this standard deviation added to every parameter
  zeros+xavier          another initialiser added to every weight

All but `configuration` take the place of the [[init]] rules.")]
pub struct CompareArgs {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE", conflicts_with = "preset")]
    pub config: Option<PathBuf>,
    /// Configuration that comes with the program
    #[arg(long, value_enum)]
    pub preset: Option<Preset>,
    /// A start, as often as there are starts to compare; by default the configuration's own beside `random`
    #[arg(long = "start", value_name = "START")]
    pub starts: Vec<String>,
    /// Runs of each start in which anything is random, with seeds from the configuration's on
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..), allow_negative_numbers = true)]
    pub seeds: u16,
    /// Backend to run on; by default wgpu, flex, ndarray, whichever is compiled in first
    #[arg(long, value_enum)]
    pub backend: Option<BackendName>,
    /// Keep configuration, losses, units and results in this new folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print one JSON object a start
    #[arg(long)]
    pub json: bool,
    /// Train one unit for each class of units that the optimizer keeps alike; where the full network would train
    /// differently, it is trained in full, and the reason is said
    #[arg(long)]
    pub quotient: bool,
}
