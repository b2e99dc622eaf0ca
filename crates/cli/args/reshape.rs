//! Arguments of `constinit collapse` and `constinit break`.

use clap::Args;
use std::path::PathBuf;

/// A checkpoint, and the new one to write.
#[derive(Args, Debug)]
pub struct RewriteArgs {
    /// The checkpoint (safetensors)
    pub file: PathBuf,
    /// Axes of its parameters: a file (TOML), or the name of an architecture. By default, they are inferred from names
    /// and shapes
    #[arg(long, value_name = "FILE|NAME")]
    pub axes: Option<String>,
    /// The new file
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Writes a safetensors file in which one unit replaces all units that compute the same for every input. Before the
/// file gets its name, it is read back, and its sums are compared with those of the original. Nothing is overwritten.
/// If there is nothing to merge, nothing is written.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit collapse model.safetensors --axes axes.toml --out small.safetensors
  constinit collapse model.safetensors --activation tanh --out small.safetensors
  constinit collapse model.safetensors --activation relu,hidden2=identity --out small.safetensors

If the activation is known, `collapse` removes these units until none is left: units without outgoing weights, constant
units (their constant goes into the next bias), equal units, opposite units (tanh, sigmoid, identity), and positive
multiples of others (ReLU, leaky ReLU, identity). What depends on an unknown function is not tried, and is named.

Without --axes, the axes of known architectures and of plain chains of linear layers are inferred from names and shapes.
Kept are streams over which a norm takes a mean, and units that something outside of the file reads.

An axes file has to name every floating-point parameter, and every other tensor whose axes have more than one entry
(those are fixed: \"position_ids\" = [\"\", \"\"]). See `constinit inspect --help` for its form.

The program relies on what the axes file states: each parameter is used once, as sums over its input axis, and each unit
goes through a function of this unit alone. A file does not show a mean over units (layer normalisation) or a tensor
that is used twice (tied embeddings). There, merging would change the function.")]
pub struct CollapseArgs {
    #[command(flatten)]
    pub files: RewriteArgs,
    /// Activation of all spaces, or of one: also removes the units that are superfluous for it. By default, it comes
    /// from config.json or from the run's configuration in the checkpoint's folder; `none` merges equal units only
    #[arg(long, value_delimiter = ',', value_name = "[SPACE=]NAME")]
    pub activation: Vec<String>,
    /// Merge ReLU and linear units that are a multiple of others up to this share of their largest entry; by default,
    /// the multiple must be exact
    #[arg(long, value_name = "E", allow_negative_numbers = true)]
    pub factor_tolerance: Option<f64>,
    /// The epsilon of batch norms; the output of a batch norm for a constant can depend on it
    #[arg(long, value_name = "E", allow_negative_numbers = true)]
    pub norm_epsilon: Option<f64>,
    /// If there is nothing to merge, write a copy
    #[arg(long)]
    pub force: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Writes a safetensors file in which the outgoing weights of equal units differ, by amounts that sum to zero: the
/// function stays the same, and training can separate the units. Before the file gets its name, it is read back, and
/// its sums are compared with those of the original. Nothing is overwritten.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit break model.safetensors --axes axes.toml --out broken.safetensors
  constinit break model.safetensors --axes axes.toml --out broken.safetensors --scale 0.01 --seed 7

The axes are believed as those of `constinit collapse` are, see there.")]
pub struct BreakArgs {
    #[command(flatten)]
    pub files: RewriteArgs,
    /// The largest change of a weight; by default 0.01 of the root mean square of the outgoing weights of its class, so
    /// that they change by at most 0.01 of their norm
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    pub scale: Option<f64>,
    /// Seed of the changes
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}
