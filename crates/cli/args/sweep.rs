//! Arguments of `constinit sweep` and `constinit merge`.

use super::OutputArgs;
use crate::backend_name::BackendName;
use clap::Args;
use std::path::PathBuf;

/// Trains the network of a configuration for every combination of the values in its [sweep], one run a core. Where equal units
/// stay equal, one of each class is trained, in closed form; everything else is trained by Burn. The table says which.
///
/// Parts of it are written as runs end: the same command goes on where a sweep was stopped, and never runs a finished point
/// again. Diverged and failed runs are rows like others.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit sweep --config sweep.toml --out sweep1
  constinit report sweep1                                    a page: phase diagram, table
  constinit run --config sweep1/sweep.toml --index 7         one of the runs by itself
  constinit sweep --config sweep.toml --out shared --shard 3/8
  constinit sweep --config sweep.toml --out shared --shard auto   in a Slurm array or an indexed Kubernetes Job
  constinit merge shared                                     when all shares are done

A configuration is that of a run with one table more:
  [sweep]
  init_w = { from = -2, to = 2, steps = 101 }
  training.optimizer.learning_rate = { from = 1e-3, to = 1, steps = 20, scale = \"log\" }
  model.activation = [\"relu\", \"tanh\"]
  training.seed = { seeds = 10 }

With a table [sample], points = 1000, seed = 0, points are drawn instead, and `steps` may be left out.")]
pub struct SweepArgs {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Folder of the table: a new one, or the one in which this sweep was begun
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Backend of the runs that have no closed form; by default the first of wgpu, flex, ndarray that is compiled in
    #[arg(long, value_enum)]
    pub backend: Option<BackendName>,
    /// Runs at a time, up to 1024; by default as many as there are cores
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), allow_negative_numbers = true)]
    pub jobs: Option<u16>,
    /// Do only the K-th of N shares of the points; `auto` asks Slurm's or Kubernetes' environment
    #[arg(long, value_name = "K/N", allow_hyphen_values = true)]
    pub shard: Option<String>,
    /// Print one JSON object at the end
    #[arg(long)]
    pub json: bool,
}

/// Joins what `inspect --shard` printed on all machines to one report of all files. Or joins a sweep to one table: the
/// folder that machines shared, or the folders of machines that had a share each.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit merge part*.jsonl
  constinit merge part*.jsonl --json --deny twins
  constinit merge sweep1                          one folder, shared: its results.parquet
  constinit merge a/sweep b/sweep --out all       a new folder with all of them")]
pub struct MergeArgs {
    /// What the machines printed, or their folders
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The new folder of sweeps that are joined
    #[arg(long, value_name = "DIR", conflicts_with_all = ["deny", "json", "markdown", "format", "all", "quiet"])]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub output: OutputArgs,
}
