//! Arguments of `constinit inspect` and `constinit diff`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Reads checkpoints: safetensors files and the shards of an index.json, PyTorch's .pt, .pth and .bin, and Burn's
/// burnpack and .mpk records. Of a folder, it reads all checkpoints inside. For each parameter, it counts the distinct
/// units along the output axis, each joined with its bias. It lists entries that are not finite, duplicate units, and
/// units that compute nothing. The most severe findings of all files come first. It compares tensors of any type.
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

If the axes are known (names of spaces by axis, \"\" = fixed), whole units are inspected, too: incoming and outgoing
weights together. For known architectures (--axes NAME chooses one) and for plain chains of linear layers, the axes are
inferred from names and shapes. The numbers of heads come from config.json in the checkpoint's folder.
  [axes]
  \"linear1.weight\" = [\"hidden1\", \"\"]
  \"linear1.bias\"   = [\"hidden1\"]
  \"linear2.weight\" = [\"\", \"hidden1\"]
  \"linear2.bias\"   = [\"\"]
  [orientation]           for parameters whose output axis nothing else tells
  \"embedding.weight\" = \"input-first\"")]
pub struct InspectArgs {
    /// Checkpoints, folders with checkpoints, quoted patterns with * ? [ ] and **, or - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Axes of the parameters: a file (TOML), the name of an architecture, or `none`. By default, they are inferred
    /// from names and shapes
    #[arg(long, value_name = "FILE|NAME|none")]
    pub axes: Option<String>,
    /// Write the known axes to a new file, which you can edit and give as --axes
    #[arg(long, value_name = "FILE", conflicts_with = "shard")]
    pub write_axes: Option<PathBuf>,
    /// Activation of the units of all spaces, or of one, to count the units that are needed for it. By default, it
    /// comes from config.json or from the run's configuration in the checkpoint's folder
    #[arg(long, value_delimiter = ',', value_name = "[SPACE=]NAME")]
    pub activation: Vec<String>,
    #[command(flatten)]
    pub compared: ComparedArgs,
    /// Also count entries that are not finite in checkpoints over 256 MiB; this reads the whole files
    #[arg(long)]
    pub non_finite: bool,
    /// Do only the K-th of N shares of the files; `auto` reads K and N from the environment of Slurm or Kubernetes
    #[arg(long, value_name = "K/N", allow_hyphen_values = true)]
    pub shard: Option<String>,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Says, for every parameter of both checkpoints, which units became zero, non-finite or equal, which diverged, and how
/// far entries moved.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit diff step100.safetensors step200.safetensors
  constinit diff a.pt b.pt --tolerance 1e-6 --json
  constinit diff step100.pt step200.pt --deny twins,zero,non-finite --quiet   exit code 1 if anything became so")]
pub struct DiffArgs {
    /// The earlier checkpoint, or - for standard input
    pub before: PathBuf,
    /// The later checkpoint
    pub after: PathBuf,
    #[command(flatten)]
    pub compared: ComparedArgs,
    /// Exit with code 1 if the second checkpoint has such a finding and the first does not
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
    /// Count entries of floating-point types as equal if they differ by at most this much; by default, their bits must
    /// be equal
    #[arg(long, value_name = "E", allow_negative_numbers = true)]
    pub tolerance: Option<f64>,
    /// Only parameters whose name matches
    #[arg(long, value_name = "REGEX")]
    pub only: Option<String>,
    /// No parameters whose name matches
    #[arg(long, value_name = "REGEX")]
    pub skip: Option<String>,
    /// Also inspect the state of optimizers, which is set aside by default
    #[arg(long)]
    pub optimizer_state: bool,
}

/// The format of a report, and the findings that fail it.
#[derive(Args, Debug, Default)]
pub struct OutputArgs {
    /// Exit with code 1 if there is such a finding, and with 2 if a tensor could not be inspected for it
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FINDING")]
    pub deny: Vec<Deny>,
    /// Print tables of all parameters and spaces, and lists in full
    #[arg(long, conflicts_with = "quiet")]
    pub all: bool,
    /// Print only one line; the exit code tells the result
    #[arg(long, conflicts_with_all = ["json", "markdown", "format"])]
    pub quiet: bool,
    /// Print one JSON object per checkpoint, and one with a summary of all; the same as --format json
    #[arg(long, conflicts_with_all = ["markdown", "format"])]
    pub json: bool,
    /// Print Markdown; the same as --format markdown
    #[arg(long, conflicts_with = "format")]
    pub markdown: bool,
    /// The format of the output
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
    /// Equal units
    Twins,
    /// Units whose weights are all zero
    Zero,
    /// NaN or infinite entries
    NonFinite,
}
