//! `constinit inspect`, `diff` and `merge` without their commands: which files are read, what is inspected, and how it
//! is printed.

pub mod axes;
pub mod changes;
pub mod deny;
pub mod files;
pub mod finding;
pub mod github;
pub mod markdown;
pub mod output;
pub mod reduced;
pub mod reshaped;
pub mod sarif;
pub mod summary;
pub mod table;
pub mod text;

use crate::activations::KnownActivations;
use crate::args::{ComparedArgs, Deny, InspectArgs};
use crate::failure::Failure;
use crate::shard::Shard;
use axes::AxesArg;
use constinit_checkpoint::{
    FileInspection, INSPECTION_SCHEMA, InspectOptions, JobPart, does_file, inspect,
};
use constinit_symmetry::EqualityPolicy;
use indicatif::{ProgressBar, ProgressStyle};
use regex::Regex;

/// Inspects all checkpoints that the arguments name. Calls `each` with one report per checkpoint, as soon as it is
/// made. A checkpoint that cannot be read has a report, too. Returns how many could not be read.
///
/// # Errors
///
/// If an argument is wrong, or `each` fails.
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
    let found = files::all(&args.files)?;
    if args.write_axes.is_some() && found.len() != 1 {
        return Err(Failure::usage(format!(
            "--write-axes writes the axes of one checkpoint; these are {}",
            found.len()
        )));
    }
    let sizes: Vec<u64> = found.iter().map(files::Given::bytes).collect();
    let bar = progress(sizes.iter().sum());
    let counts: Vec<usize> = found.iter().map(|given| given.files().len().max(1)).collect();
    let all_files = counts.iter().sum();
    let checkpoints = found.len();
    let paths = found.iter().map(|given| given.path.display().to_string());
    let job = job(args, &axes, &paths.zip(sizes).collect::<Vec<_>>());
    let mut first = 0;
    for (number, (given, count)) in found.into_iter().zip(counts).enumerate() {
        let file = given.path.display().to_string();
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
        bar.set_message(format!("{} of {checkpoints}  {}", number + 1, text::plain(&file)));
        let activations = KnownActivations::new(&args.activation, &given.path)?;
        // Counting the needed units reads all numbers as doubles.
        let counts_needed = !args.activation.is_empty() || given.bytes() <= LARGEST_UNASKED;
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
        let report = match given.open() {
            Ok(checkpoint) => {
                if let Some(out) = &args.write_axes {
                    axes::write(out, &checkpoint, &axes)?;
                }
                inspect(&checkpoint, &options).map_err(|error| error.to_string())
            }
            Err(problem) => Err(problem),
        };
        let mut report = report.unwrap_or_else(|error| {
            failed += 1;
            FileInspection {
                schema: INSPECTION_SCHEMA,
                file,
                error: Some(error),
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

/// A note if `--activation` names a space that the checkpoint does not have.
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

/// A checksum of the options and of the checkpoints. It must be the same on all machines of a job.
fn job(args: &InspectArgs, axes: &AxesArg, checkpoints: &[(String, u64)]) -> u32 {
    let ComparedArgs { tolerance, only, skip, optimizer_state } = &args.compared;
    let named = args.axes.as_ref().filter(|_| axes.file().is_none());
    let asked = (tolerance, only, skip, optimizer_state, counts_non_finite(args));
    let asked = (asked, axes.file(), named, &args.activation);
    crc32fast::hash(json(&(asked, checkpoints)).as_bytes())
}

/// When two entries count as equal.
///
/// # Errors
///
/// If the tolerance is invalid.
pub fn policy(args: &ComparedArgs) -> Result<EqualityPolicy, Failure> {
    match args.tolerance {
        Some(tolerance) => EqualityPolicy::within(tolerance)
            .map_err(|error| Failure::usage(format!("--tolerance: {error}"))),
        None => Ok(EqualityPolicy::bits()),
    }
}

/// The size in bytes up to which needed units are counted without `--activation`, if the activation is known.
const LARGEST_UNASKED: u64 = 1 << 30;

/// Which parameters are inspected.
pub struct Wanted {
    only: Option<Regex>,
    skip: Option<Regex>,
}

impl Wanted {
    /// # Errors
    ///
    /// If a regular expression is invalid.
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

    /// The options as the user gave them; None if there are none.
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

/// A report as one line of JSON.
pub fn json(report: &impl serde::Serialize) -> String {
    // Numbers, texts and lists always have a JSON form.
    format!("{}\n", serde_json::to_string(report).unwrap_or_default())
}

/// A progress bar on a terminal, and nothing elsewhere.
pub fn progress(bytes: u64) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    let style = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes}  {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
