//! Arguments of `constinit collapse` and `constinit break`.

use clap::Args;
use std::path::PathBuf;

/// A checkpoint and the one that is made of it.
#[derive(Args, Debug)]
pub struct RewriteArgs {
    /// The checkpoint (safetensors)
    pub file: PathBuf,
    /// Axes of its parameters (TOML)
    #[arg(long, value_name = "FILE")]
    pub axes: PathBuf,
    /// The new file
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Writes a safetensors file with one unit in the place of those that compute the same for every input. It is read back
/// and its sums compared with those of the original before it gets its name; nothing is overwritten. Where there
/// is nothing to merge, nothing is written.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit collapse model.safetensors --axes axes.toml --out small.safetensors

The axes file has to name every floating parameter, and every other tensor whose axes have more than one entry (those
are fixed: \"position_ids\" = [\"\", \"\"]). See `constinit inspect --help` for its form.

What it says is believed: that each parameter is used once, as sums over its input axis, and that between parameters
units go through functions of their own. A mean over units, as layer normalisation takes it, or a tensor that is used
twice, as tied embeddings are, is not seen in a file, and would change.")]
pub struct CollapseArgs {
    #[command(flatten)]
    pub files: RewriteArgs,
    /// Write a copy where there is nothing to merge
    #[arg(long)]
    pub force: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Writes a safetensors file in which the outgoing weights of equal units differ, by amounts that sum to zero: the
/// function is what it was, and training can separate the units. It is read back and its sums compared with those of the
/// original before it gets its name; nothing is overwritten.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit break model.safetensors --axes axes.toml --out broken.safetensors
  constinit break model.safetensors --axes axes.toml --out broken.safetensors --scale 0.01 --seed 7

The axes are believed as those of `constinit collapse` are, see there.")]
pub struct BreakArgs {
    #[command(flatten)]
    pub files: RewriteArgs,
    /// The largest change of a weight; by default 0.01 of the root mean square of the outgoing weights of its class, so that they
    /// change by at most 0.01 of their norm
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    pub scale: Option<f64>,
    /// Seed of the changes
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}
