//! What the user typed.

use crate::backend_name::BackendName;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Which units of a neural network are the same unit, and what keeps them so.
///
/// Without a command, the experiment of the text on constant initialisation: a network [3, 2, 4]
/// trained for 50 steps, with all parameters after each step.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    args_conflicts_with_subcommands = true,
    max_term_width = 100,
    after_help = "Examples:
  constinit                                  the notebook's run
  constinit --backend wgpu                   the same on the GPU
  constinit run --config my.toml --out run1  your own network, kept in a folder
  constinit predict --config my.toml         which units will be alike, without training
  constinit verify                           the theorem and its limits, checked on this machine
  constinit inspect model.safetensors        which units of a checkpoint are the same unit
  constinit sweep --config s.toml --out s1   a table of many runs
  constinit report run1                      a page of what happened, run1/report.html
  constinit devices                          what there is to run on

Exit codes: 0 fine, 1 a check that was asked for failed, 2 bad usage, configuration, file or no
adapter, 3 the run diverged, 130 Ctrl-C, 143 SIGTERM."
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub run: RunArgs,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a network from a configuration and watch its hidden units
    Run(RunArgs),
    /// Say which units a configuration makes alike, and whether training keeps them so, without training
    #[command(alias = "init")]
    Predict(PredictArgs),
    /// Check the theorem, its generalisations and its limits on this machine
    Verify(VerifyArgs),
    /// Say which units of checkpoints are the same unit
    Inspect(InspectArgs),
    /// Say what happened to the units between two checkpoints
    Diff(DiffArgs),
    /// Merge the units of a checkpoint that compute the same
    Collapse(CollapseArgs),
    /// Make the equal units of a checkpoint differ, without changing its function
    Break(BreakArgs),
    /// Join what several machines did: reports of `inspect --shard`, folders of `sweep --shard`
    Merge(MergeArgs),
    /// Train a network for every combination of values, and keep what came out as one table
    Sweep(SweepArgs),
    /// Draw what a run or a sweep has left in its folder: a page to look at, or single figures
    Report(ReportArgs),
    /// List the backends of this program and the devices that they find
    Devices,
}

/// Trains a perceptron that starts from constants, prints its parameters or a table of readings,
/// and says at the end which hidden units were one unit, for how long, and what kept them so.
#[derive(Args, Debug, Default)]
#[command(after_help = "Examples:
  constinit run --preset notebook
  constinit run --config my.toml --out run1
  constinit run --config my.toml --json | jq .loss
  constinit run --config my.toml --quotient  the same numbers at the price of the classes
  constinit run --config my.toml --tui       watch it in the terminal
  constinit run --config my.toml --csv run1.csv --tensorboard logs/run1
  constinit run --resume run1

A configuration:
  [model]
  layer_dims = [3, 2, 4]
  activation = \"tanh\"
  [data]
  inputs = \"x.csv\"
  targets = \"y.csv\"
  [training]
  steps = 200
  optimizer = { type = \"adam\", learning_rate = 0.01 }
  [probe]
  every = 1
  forecast = 100

(`forecast`: will rounding part units that are alike, and when? Before training and every 100 steps.)

A network of at most 64 parameters is printed whole after each step, a larger one as a table.")]
pub struct RunArgs {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["preset", "resume"])]
    pub config: Option<PathBuf>,
    /// The run of a sweep's configuration with this number, counted from 0 as in the sweep's table and page
    #[arg(
        long,
        alias = "point",
        value_name = "N",
        requires = "config",
        allow_negative_numbers = true
    )]
    pub index: Option<usize>,
    /// Configuration that comes with the program
    #[arg(long, value_enum, conflicts_with = "resume")]
    pub preset: Option<Preset>,
    /// Backend to run on; by default wgpu, flex, ndarray, whichever is compiled in first
    #[arg(long, value_enum)]
    pub backend: Option<BackendName>,
    /// Keep configuration, readings, checkpoints and final parameters in this folder
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Print readings as JSON, one object a line
    #[arg(long, conflicts_with = "tui")]
    pub json: bool,
    /// Show loss, classes, spread and verdict in the terminal as the run goes on; `q` ends it as Ctrl-C does. Needs a
    /// terminal; NO_COLOR takes the colours away
    #[arg(long)]
    pub tui: bool,
    /// Write the readings into a new table (CSV). A resumed run writes all of its readings; a table that it has begun
    /// goes on
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Write loss, classes, spread and deviations for TensorBoard, into a new file in this folder. A resumed run adds
    /// another file
    #[arg(long, value_name = "DIR")]
    pub tensorboard: Option<PathBuf>,
    /// Train one unit for each class of units that the optimizer keeps alike, and lift the result to full size; refused
    /// where the full network would go another way. A resumed run goes on as it began
    #[arg(long, conflicts_with = "resume")]
    pub quotient: bool,
    /// Go on with the run in this folder, from its last checkpoint
    #[arg(long, value_name = "DIR")]
    pub resume: Option<PathBuf>,
}

/// Prints the initialiser of each parameter, and for each hidden layer how many different units it will have and whether
/// the configured optimizer keeps them alike. Nothing is trained.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit predict --preset notebook
  constinit predict --config my.toml --json

Rules in a configuration, the first that matches a parameter fills it:
  [[init]]
  path = \"linear*.bias\"
  init = { type = \"zeros\" }
  [[init]]
  path = \"linear1.weight\"
  init = { type = \"symmetrised\", outputs = 4, of = { type = \"kaiming\" } }")]
pub struct PredictArgs {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE", conflicts_with = "preset")]
    pub config: Option<PathBuf>,
    /// Configuration that comes with the program
    #[arg(long, value_enum)]
    pub preset: Option<Preset>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Checks what the theorem on constant initialisation says, in floats on every backend and in fractions that never round;
/// what it does not promise; every optimizer against the certificate; how differences between equal units grow; and
/// which widths each backend's kernels keep bitwise equal. Ends with exit code 1 if anything fails.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit verify
  constinit verify --cases 200 --seed 7
  constinit verify --heat-map floats.svg
  constinit verify --json | jq '.sections[].checks[] | select(.passed | not)'")]
pub struct VerifyArgs {
    /// Random cases a statement
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub cases: u32,
    /// What the cases are drawn by
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Draw which widths each backend keeps bitwise equal into a new file (SVG)
    #[arg(long, value_name = "FILE")]
    pub heat_map: Option<PathBuf>,
}

/// Reads safetensors files (single ones, and the shards of an index.json), PyTorch's .pt, .pth and .bin, Burn's burnpack and
/// .mpk records; of a folder all that are in it. For every floating parameter with two axes or more it says how many
/// different units there are along its output axis, joined with the bias, and how many compute nothing.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit inspect model.safetensors
  constinit inspect runs/ --only 'mlp|attn' --markdown
  constinit inspect model.pt --deny twins,zero,non-finite
  constinit inspect model.safetensors.index.json --shard 1/8 --json > part1.jsonl
  constinit inspect model.safetensors --axes axes.toml

Axes (names of spaces by axis, \"\" = fixed) add whole units: incoming and outgoing weights together.
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
    /// Axes of the parameters (TOML)
    #[arg(long, value_name = "FILE")]
    pub axes: Option<PathBuf>,
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

/// Which parameters are looked at, and what counts as alike in them.
#[derive(Args, Debug)]
pub struct ComparedArgs {
    /// Take entries for alike that differ by at most this much; without it, bits count
    #[arg(long, value_name = "E", allow_negative_numbers = true)]
    pub tolerance: Option<f64>,
    /// Only parameters whose name matches
    #[arg(long, value_name = "REGEX")]
    pub only: Option<String>,
    /// No parameters whose name matches
    #[arg(long, value_name = "REGEX")]
    pub skip: Option<String>,
}

/// What `inspect --shard` printed on all machines, made the one report of all files. Or the folder of a sweep that machines
/// shared, or the folders of several that each had a share: made one table.
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
    #[arg(long, value_name = "DIR", conflicts_with_all = ["deny", "json", "markdown"])]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub output: OutputArgs,
}

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

/// The format of a report, and the findings that fail it.
#[derive(Args, Debug)]
pub struct OutputArgs {
    /// End with exit code 1 where there are any
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FINDING")]
    pub deny: Vec<Deny>,
    /// Print one JSON object a checkpoint
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
/// and its sums compared with those of the original before it gets its name; nothing is overwritten.
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
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Writes a safetensors file in which the outgoing weights of equal units differ, by amounts that sum to zero: the
/// function is what it was, and training can separate the units. It is read back and its sums compared with those of the
/// original before it gets its name; nothing is overwritten.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit break model.safetensors --axes axes.toml --out broken.safetensors --scale 0.01 --seed 7

The axes are believed as those of `constinit collapse` are, see there.")]
pub struct BreakArgs {
    #[command(flatten)]
    pub files: RewriteArgs,
    /// The largest change of a weight
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    pub scale: f64,
    /// What the changes are drawn by
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
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

/// Makes one HTML page of a run's folder: every unit's trajectory, loss, spread, classes, the verdict in words, configuration.
/// The page is one file that asks for nothing else. Or writes the single figures, as SVG or PNG.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit report run1                                    the page run1/report.html
  constinit report run1 --format png                       all figures, in run1/figures/
  constinit report run1 --format svg --figure loss --out loss.svg

Nothing is overwritten without --force.")]
pub struct ReportArgs {
    /// The folder of a run or a sweep, as --out names it
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// What to write: a file, or a folder for all figures; by default in DIR, report.html or figures
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// As what
    #[arg(long, value_enum, default_value_t)]
    pub format: ReportFormat,
    /// One figure only; a wrong name lists them
    #[arg(long, value_name = "NAME")]
    pub figure: Option<String>,
    /// Overwrite what is there
    #[arg(long)]
    pub force: bool,
}

/// What `constinit report` writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// One page with everything
    #[default]
    Html,
    /// Figures as vectors
    Svg,
    /// Figures as pixels, two for each unit of length
    Png,
}

impl ReportFormat {
    /// How the names of its files end.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Svg => "svg",
            Self::Png => "png",
        }
    }
}

/// Configurations inside the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// The notebook's network, data and 50 steps
    #[default]
    Notebook,
}

impl Preset {
    /// The configuration file's text.
    pub fn text(self) -> &'static str {
        match self {
            Self::Notebook => include_str!("presets/notebook.toml"),
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Notebook => "notebook",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn old_names_are_read_and_not_shown() {
        let predict = |name| Cli::try_parse_from(["constinit", name, "--json"]).unwrap().command;
        for name in ["predict", "init"] {
            assert!(matches!(predict(name), Some(Command::Predict(args)) if args.json), "{name}");
        }
        for option in ["--index", "--point"] {
            let line = ["constinit", "run", "--config", "s.toml", option, "7"];
            let command = Cli::try_parse_from(line).unwrap().command;
            assert!(
                matches!(command, Some(Command::Run(args)) if args.index == Some(7)),
                "{option}"
            );
        }
        let mut cli = Cli::command();
        let help = cli.render_long_help().to_string();
        assert!(!help.lines().any(|line| line.trim_start().starts_with("init ")), "{help}");
        let run = cli.find_subcommand_mut("run").unwrap().render_long_help().to_string();
        assert!(run.contains("--index <N>") && !run.contains("--point"), "{run}");
    }
}
