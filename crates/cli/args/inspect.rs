//! Arguments of `constinit inspect` and `constinit diff`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Reads safetensors files (single ones, and the shards of an index.json), PyTorch's .pt, .pth and .bin, Burn's burnpack and
/// .mpk records; of a folder all that are in it. For every tensor with two axes or more it says how many different units
/// there are along its output axis, joined with the bias, and how many compute nothing. Tensors of any type are compared.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit inspect model.safetensors
  constinit inspect runs/ --only 'mlp|attn' --markdown
  constinit inspect model.pt --deny twins,zero,non-finite
  constinit inspect model.safetensors.index.json --shard 1/8 --json > part1.jsonl
  constinit inspect model.safetensors --axes axes.toml

Axes (names of spaces by axis, \"\" = fixed) add whole units: incoming and outgoing weights together. Those of architectures
that are known (--axes NAME says which one) and of plain chains of linear layers are inferred from names and shapes; numbers
of heads are read from config.json beside the checkpoint.
  [axes]
  \"linear1.weight\" = [\"hidden1\", \"\"]
  \"linear1.bias\"   = [\"hidden1\"]
  \"linear2.weight\" = [\"\", \"hidden1\"]
  \"linear2.bias\"   = [\"\"]
  [orientation]           of parameters of which nothing else tells which axis is the output
  \"embedding.weight\" = \"input-first\"")]
pub struct InspectArgs {
    /// Checkpoints, or folders with checkpoints
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Axes of the parameters: a file (TOML), the name of an architecture, or none. Without it names and shapes tell them
    #[arg(long, value_name = "FILE|NAME|none")]
    pub axes: Option<String>,
    /// Write the axes that are known to a new file, to be edited and given with --axes
    #[arg(long, value_name = "FILE", conflicts_with = "shard")]
    pub write_axes: Option<PathBuf>,
    /// The function that units go through, of all spaces or of one, to say how many are needed for it; without it as
    /// config.json or the run's configuration beside the checkpoint has it
    #[arg(long, value_delimiter = ',', value_name = "[SPACE=]NAME")]
    pub activation: Vec<String>,
    #[command(flatten)]
    pub compared: ComparedArgs,
    /// Count entries that are not finite in checkpoints over 256 MiB, too, which reads everything
    #[arg(long)]
    pub non_finite: bool,
    /// Do only the K-th of N shares of the files; `auto` asks Slurm's or Kubernetes' environment
    #[arg(long, value_name = "K/N", requires = "json", allow_hyphen_values = true)]
    pub shard: Option<String>,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// For every parameter that both checkpoints have: which classes of units came apart, which became one, and how far
/// entries moved.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit diff step100.safetensors step200.safetensors
  constinit diff a.pt b.pt --tolerance 1e-6 --json")]
pub struct DiffArgs {
    /// The earlier checkpoint
    pub before: PathBuf,
    /// The later one
    pub after: PathBuf,
    #[command(flatten)]
    pub compared: ComparedArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Which parameters are inspected, and how far equal entries may differ.
#[derive(Args, Debug)]
pub struct ComparedArgs {
    /// Entries of floating types that differ by at most this much count as equal; without it, only equal bits do
    #[arg(long, value_name = "E", allow_negative_numbers = true)]
    pub tolerance: Option<f64>,
    /// Only parameters whose name matches
    #[arg(long, value_name = "REGEX")]
    pub only: Option<String>,
    /// No parameters whose name matches
    #[arg(long, value_name = "REGEX")]
    pub skip: Option<String>,
    /// Inspect the state of optimizers, too, which is set aside otherwise
    #[arg(long)]
    pub optimizer_state: bool,
}

/// The format of a report, and the findings that fail it.
#[derive(Args, Debug)]
pub struct OutputArgs {
    /// End with exit code 1 where there are any, and with 2 where a tensor could not be inspected for it
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FINDING")]
    pub deny: Vec<Deny>,
    /// Print one JSON object per checkpoint
    #[arg(long, conflicts_with = "markdown")]
    pub json: bool,
    /// Print Markdown
    #[arg(long)]
    pub markdown: bool,
}

impl OutputArgs {
    /// The format that the options ask for.
    pub fn format(&self) -> OutputFormat {
        match (self.json, self.markdown) {
            (true, _) => OutputFormat::Json,
            (_, true) => OutputFormat::Markdown,
            _ => OutputFormat::Table,
        }
    }
}

/// The format of a report on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    Json,
    Markdown,
    Table,
}

/// A finding that fails a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    /// Units that are alike
    Twins,
    /// Units with nothing but zeros
    Zero,
    /// NaN or infinite entries
    NonFinite,
}
