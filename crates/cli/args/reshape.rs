//! Arguments of `constinit collapse` and `constinit break`.

use clap::Args;
use std::path::PathBuf;

/// A checkpoint and the one that is made of it.
#[derive(Args, Debug)]
pub struct RewriteArgs {
    /// The checkpoint (safetensors)
    pub file: PathBuf,
    /// Axes of its parameters: a file (TOML), or the name of an architecture. Without it names and shapes tell them
    #[arg(long, value_name = "FILE|NAME")]
    pub axes: Option<String>,
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
  constinit collapse model.safetensors --activation tanh --out small.safetensors
  constinit collapse model.safetensors --activation relu,hidden2=identity --out small.safetensors

With an activation units go that nothing reads, that are constant (into the next bias), that are equal, that are opposite (tanh,
sigmoid, identity) and that are a positive multiple of others (ReLU, leaky ReLU, identity), until none is left. What depends
on a function that is not known is not tried, and named.

Without --axes names and shapes tell the axes of architectures that are known, and of plain chains of linear layers. Streams
that a norm takes a mean over, and units that something outside of the file reads, are kept.

An axes file has to name every floating parameter, and every other tensor whose axes have more than one entry (those
are fixed: \"position_ids\" = [\"\", \"\"]). See `constinit inspect --help` for its form.

What it says is believed: that each parameter is used once, as sums over its input axis, and that between parameters
units go through functions of their own. A mean over units, as layer normalisation takes it, or a tensor that is used
twice, as tied embeddings are, is not seen in a file, and would change.")]
pub struct CollapseArgs {
    #[command(flatten)]
    pub files: RewriteArgs,
    /// The function that units go through, of all spaces or of one: then units go that it makes superfluous. Without it as
    /// config.json or the run's configuration beside the checkpoint has it; `none` merges equal units alone
    #[arg(long, value_delimiter = ',', value_name = "[SPACE=]NAME")]
    pub activation: Vec<String>,
    /// Merge ReLU and linear units that are a multiple of others up to this share of their largest entry; without it the
    /// multiple has to be exact
    #[arg(long, value_name = "E", allow_negative_numbers = true)]
    pub factor_tolerance: Option<f64>,
    /// The epsilon of batch norms, on which what they make of a constant can depend
    #[arg(long, value_name = "E", allow_negative_numbers = true)]
    pub norm_epsilon: Option<f64>,
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
