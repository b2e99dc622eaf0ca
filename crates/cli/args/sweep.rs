//! Arguments of `constinit sweep` and `constinit merge`.

use super::OutputArgs;
use crate::backend_name::BackendName;
use clap::Args;
use std::path::PathBuf;

/// Trains the network of a configuration for every combination of the values in its [sweep], one run per core. If equal
/// units stay equal, it trains one unit per class, in closed form; otherwise Burn trains the full network. The table
/// says which.
///
/// It saves finished runs as it goes: after an interruption, the same command continues and repeats no finished point.
/// Diverged and failed runs are rows of the table, too.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit sweep --config sweep.toml --out sweep1
  constinit report sweep1                                    a page: phase diagram, table
  constinit run --config sweep1/sweep.toml --index 7         repeat one of the runs
  constinit sweep --config sweep.toml --out shared --shard 3/8
  constinit sweep --config sweep.toml --out shared --shard auto   in a Slurm array or an indexed Kubernetes Job
  constinit merge shared                                     when all shares are done

A configuration is that of a run, with one more table:
  [sweep]
  init_w = { from = -2, to = 2, steps = 101 }
  training.optimizer.learning_rate = { from = 1e-3, to = 1, steps = 20, scale = \"log\" }
  model.activation = [\"relu\", \"tanh\"]
  training.seed = { seeds = 10 }

With a table [sample] (points = 1000, seed = 0), the program draws random points instead, and ranges need no `steps`.")]
pub struct SweepArgs {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Folder for the table: a new one, or the folder of this sweep, to continue it
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Backend for runs without a closed form; the default is the first of wgpu, flex, ndarray that is compiled in
    #[arg(long, value_enum)]
    pub backend: Option<BackendName>,
    /// Number of runs at the same time, up to 1024; the default is the number of cores
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), allow_negative_numbers = true)]
    pub jobs: Option<u16>,
    /// Do only the K-th of N shares of the points; `auto` reads K and N from the environment of Slurm or Kubernetes
    #[arg(long, value_name = "K/N", allow_hyphen_values = true)]
    pub shard: Option<String>,
    /// Print one JSON object at the end
    #[arg(long)]
    pub json: bool,
}

/// Joins the reports that `inspect --shard` printed on several machines into one report of all files. Or joins a sweep
/// into one table: from the folder that the machines shared, or from one folder per machine.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit merge part*.jsonl
  constinit merge part*.jsonl --json --deny twins
  constinit merge sweep1                          a shared folder: write its results.parquet
  constinit merge a/sweep b/sweep --out all       one folder per machine: write a new folder with all")]
pub struct MergeArgs {
    /// Reports that the machines printed, or their folders
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// New folder for the joined sweep
    #[arg(long, value_name = "DIR", conflicts_with_all = ["deny", "json", "markdown", "format", "all", "quiet"])]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub output: OutputArgs,
}
