//! `constinit inspect`, `diff` and `merge`, apart from their commands: which files, what of them, and how it is said.

pub mod axes;
pub mod deny;
pub mod markdown;
pub mod reduced;
pub mod table;
pub mod text;

use crate::activations::KnownActivations;
use crate::args::{ComparedArgs, Deny, InspectArgs, OutputFormat};
use crate::failure::Failure;
use crate::shard::Shard;
use axes::AxesArg;
use constinit_checkpoint::{
    Checkpoint, CheckpointError, FileInspection, INSPECTION_SCHEMA, InspectOptions, JobPart,
    discover, does_file, inspect,
};
use constinit_symmetry::EqualityPolicy;
use indicatif::{ProgressBar, ProgressStyle};
use regex::Regex;
use std::path::{Path, PathBuf};

/// Inspects everything that was asked for and hands on one report a checkpoint, as they are made. A checkpoint that
/// cannot be read has a report, too; how many there were comes back.
///
/// # Errors
///
/// Where an argument is wrong, or `each` fails.
pub fn inspect_all(
    args: &InspectArgs,
    mut each: impl FnMut(FileInspection) -> Result<(), Failure>,
) -> Result<usize, Failure> {
    let policy = policy(&args.compared)?;
    let wanted = Wanted::new(&args.compared)?;
    let axes = AxesArg::read(args.axes.as_deref())?;
    let shard =
        args.shard.as_deref().map(|text| Shard::parse(text, |name| std::env::var(name).ok()));
    let shard = shard.transpose()?;

    let mut failed = 0;
    let found: Vec<(PathBuf, Option<CheckpointError>)> = args
        .files
        .iter()
        .flat_map(|path| match discover(path) {
            Ok(found) => found.into_iter().map(|path| (path, None)).collect(),
            Err(error) => vec![(path.clone(), Some(error))],
        })
        .collect();
    if args.write_axes.is_some() && found.len() != 1 {
        return Err(Failure::usage(format!(
            "--write-axes writes the axes of one checkpoint; these are {}",
            found.len()
        )));
    }
    let files: Vec<Vec<PathBuf>> =
        found.iter().map(|(path, _)| Checkpoint::files_at(path)).collect();
    let sizes: Vec<u64> = files.iter().map(|files| bytes_of_files(files)).collect();
    let bar = progress(sizes.iter().sum());
    let counts: Vec<usize> = files.iter().map(|files| files.len().max(1)).collect();
    let all_files = counts.iter().sum();
    let checkpoints = found.len();
    let paths = found.iter().map(|(path, _)| path.display().to_string());
    let job = job(args, &axes, &paths.zip(sizes).collect::<Vec<_>>());
    let mut first = 0;
    for (number, ((path, error), count)) in found.into_iter().zip(counts).enumerate() {
        let files = [first, first + count];
        first += count;
        let part = shard.map(|Shard { number: shard, of }| JobPart {
            shard,
            of,
            checkpoint: [number, checkpoints],
            files,
            all_files,
            job,
        });
        let mine = |file: usize| part.is_none_or(|part| does_file(&part, files[0] + file));
        if !(0..count).any(mine) {
            continue;
        }
        bar.set_message(format!(
            "{} of {checkpoints}  {}",
            number + 1,
            text::plain(&path.display().to_string())
        ));
        let activations = KnownActivations::new(&args.activation, &path)?;
        // To count the units that are needed takes all numbers as doubles.
        let counts_needed = !args.activation.is_empty() || bytes_of(&path) <= LARGEST_UNASKED;
        let options = InspectOptions {
            policy,
            axes: axes.choice(),
            activation: &|space| activations.of(space).filter(|_| counts_needed),
            wanted: &|path| wanted.is(path),
            files: &mine,
            non_finite: counts_non_finite(args),
            optimizer_state: args.compared.optimizer_state,
            progress: &|bytes| bar.inc(bytes),
        };
        let report = match error {
            Some(error) => Err(error),
            None => match Checkpoint::open(&path) {
                Ok(checkpoint) => {
                    if let Some(out) = &args.write_axes {
                        axes::write(out, &checkpoint, &axes)?;
                    }
                    inspect(&checkpoint, &options)
                }
                Err(error) => Err(error),
            },
        };
        let mut report = report.unwrap_or_else(|error| {
            failed += 1;
            FileInspection {
                schema: INSPECTION_SCHEMA,
                file: path.display().to_string(),
                error: Some(error.to_string()),
                ..FileInspection::default()
            }
        });
        report.part = part;
        report.notes.extend(unknown_spaces(&report, &activations));
        bar.suspend(|| each(report))?;
    }
    bar.finish_and_clear();
    Ok(failed)
}

/// A note where `--activation` names a space that the checkpoint does not have.
fn unknown_spaces(report: &FileInspection, activations: &KnownActivations) -> Option<String> {
    let spaces = report.spaces.iter().flatten().map(|space| space.name.as_str()).collect();
    let missing = activations.not_there(&spaces);
    let missing: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
    let missing = missing.join(", ");
    (!missing.is_empty() && report.error.is_none())
        .then(|| format!("--activation: there is no space {missing}"))
}

/// Whether entries that are not finite are counted whatever the size of a checkpoint.
fn counts_non_finite(args: &InspectArgs) -> bool {
    args.non_finite || args.output.deny.contains(&Deny::NonFinite)
}

/// A checksum of what is asked, and of what: the machines of a job have to agree in it.
fn job(args: &InspectArgs, axes: &AxesArg, checkpoints: &[(String, u64)]) -> u32 {
    let ComparedArgs { tolerance, only, skip, optimizer_state } = &args.compared;
    let named = args.axes.as_ref().filter(|_| axes.file().is_none());
    let asked = (tolerance, only, skip, optimizer_state, counts_non_finite(args));
    let asked = (asked, axes.file(), named, &args.activation);
    crc32fast::hash(json(&(asked, checkpoints)).as_bytes())
}

/// What counts as alike.
///
/// # Errors
///
/// For a tolerance that is none.
pub fn policy(args: &ComparedArgs) -> Result<EqualityPolicy, Failure> {
    match args.tolerance {
        Some(tolerance) => EqualityPolicy::within(tolerance)
            .map_err(|error| Failure::usage(format!("--tolerance: {error}"))),
        None => Ok(EqualityPolicy::bits()),
    }
}

/// Up to this size the units that are needed are counted unasked, where the activation is known.
const LARGEST_UNASKED: u64 = 1 << 30;

/// Which parameters are inspected.
pub struct Wanted {
    only: Option<Regex>,
    skip: Option<Regex>,
}

impl Wanted {
    /// # Errors
    ///
    /// For an expression that is none.
    pub fn new(args: &ComparedArgs) -> Result<Self, Failure> {
        let regex = |option: &str, text: Option<&String>| {
            let regex = text.map(|text| Regex::new(text)).transpose();
            regex.map_err(|error| Failure::usage(format!("--{option}: {error}")))
        };
        Ok(Self {
            only: regex("only", args.only.as_ref())?,
            skip: regex("skip", args.skip.as_ref())?,
        })
    }

    /// The options as they were given, if they were.
    pub fn said(args: &ComparedArgs) -> Option<String> {
        let options = [("only", &args.only), ("skip", &args.skip)];
        let given = options.iter().filter_map(|(name, text)| Some((name, text.as_ref()?)));
        let given: Vec<String> = given.map(|(name, text)| format!("--{name} {text}")).collect();
        (!given.is_empty()).then(|| given.join(" "))
    }

    pub fn is(&self, path: &str) -> bool {
        self.only.as_ref().is_none_or(|regex| regex.is_match(path))
            && !self.skip.as_ref().is_some_and(|regex| regex.is_match(path))
    }
}

/// One report as it is printed.
pub fn formatted(report: &FileInspection, format: OutputFormat) -> String {
    match format {
        OutputFormat::Json => json(report),
        OutputFormat::Markdown => markdown::report(report),
        OutputFormat::Table => table::report(report),
    }
}

/// One line.
pub fn json(report: &impl serde::Serialize) -> String {
    // Numbers, texts and lists always have a JSON form.
    format!("{}\n", serde_json::to_string(report).unwrap_or_default())
}

/// A bar on a terminal, and nothing elsewhere.
pub fn progress(bytes: u64) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    let style = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes}  {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// The size of a checkpoint's files, as far as it is known beforehand.
pub fn bytes_of(path: &Path) -> u64 {
    bytes_of_files(&Checkpoint::files_at(path))
}

fn bytes_of_files(files: &[PathBuf]) -> u64 {
    files.iter().filter_map(|path| path.metadata().ok()).map(|facts| facts.len()).sum()
}
