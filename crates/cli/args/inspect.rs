//! Arguments of `constinit inspect` and `constinit diff`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Reads safetensors files (single ones, and the shards of an index.json), PyTorch's .pt, .pth and .bin, Burn's burnpack and
/// .mpk records; of a folder all that are in it. It says how many of the units of each parameter are distinct along its
/// output axis, joined with the bias, and what was found: entries that are not finite, duplicate units, units that compute
/// nothing. The worst comes first, over all files. Tensors of any type are compared.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit inspect model.safetensors
  constinit inspect runs/ --only 'mlp|attn' --markdown
  constinit inspect 'runs/**/step_*.pt' --all
  curl -s $URL | constinit inspect -
  constinit inspect model.pt --deny twins,zero,non-finite --quiet
  constinit inspect model.pt --deny twins --format github
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
    /// Checkpoints, folders with checkpoints, quoted patterns with * ? [ ] and **, or - for standard input
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
    #[arg(long, value_name = "K/N", allow_hyphen_values = true)]
    pub shard: Option<String>,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// For every parameter that both checkpoints have: which units became zero, non-finite or equal, which diverged, and how far
/// entries moved.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit diff step100.safetensors step200.safetensors
  constinit diff a.pt b.pt --tolerance 1e-6 --json
  constinit diff step100.pt step200.pt --deny twins,zero,non-finite --quiet   exit code 1 if anything became so")]
pub struct DiffArgs {
    /// The earlier checkpoint, or - for standard input
    pub before: PathBuf,
    /// The later one
    pub after: PathBuf,
    #[command(flatten)]
    pub compared: ComparedArgs,
    /// End with exit code 1 where the second checkpoint has what the first has not
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FINDING")]
    pub deny: Vec<Deny>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Print one line
    #[arg(long, conflicts_with = "json")]
    pub quiet: bool,
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
#[derive(Args, Debug, Default)]
pub struct OutputArgs {
    /// End with exit code 1 where there are any, and with 2 where a tensor could not be inspected for it
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FINDING")]
    pub deny: Vec<Deny>,
    /// Print tables of all parameters and spaces, and lists in full
    #[arg(long, conflicts_with = "quiet")]
    pub all: bool,
    /// Print one line; the exit code says the rest
    #[arg(long, conflicts_with_all = ["json", "markdown", "format"])]
    pub quiet: bool,
    /// Print one JSON object per checkpoint, and one with a summary of all; the same as --format json
    #[arg(long, conflicts_with_all = ["markdown", "format"])]
    pub json: bool,
    /// Print Markdown; the same as --format markdown
    #[arg(long, conflicts_with = "format")]
    pub markdown: bool,
    /// What is printed
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<OutputFormat>,
}

impl OutputArgs {
    /// The format that the options ask for.
    pub fn format(&self) -> OutputFormat {
        match (self.format, self.json, self.markdown) {
            (Some(format), _, _) => format,
            (None, true, _) => OutputFormat::Json,
            (None, false, true) => OutputFormat::Markdown,
            (None, false, false) => OutputFormat::Text,
        }
    }
}

/// The format of a report on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// A headline and the findings, for people
    Text,
    /// One JSON object per checkpoint, and one with a summary of all
    Json,
    /// Markdown, for comments of pull requests
    Markdown,
    /// Annotations of GitHub Actions
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
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
