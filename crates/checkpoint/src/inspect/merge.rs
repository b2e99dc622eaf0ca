//! Merges the reports of several machines.

use std::collections::BTreeMap;

use constinit_records::inspection::{FileInspection, INSPECTION_SCHEMA, JobPart, OptimizerState};

use super::report::does_file;
use crate::natural::natural;

/// More files than this are not one job.
const MOST_FILES: usize = 1 << 24;

/// Why reports do not form one whole job.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// A report that was not made with `--shard`.
    #[error("the report of {file} is not part of a job: it was made without --shard")]
    NoPart {
        /// The checkpoint.
        file: String,
    },
    /// A report whose part is impossible in any job.
    #[error(
        "the report of {file}: shard {} of {}, checkpoint {} of {} and files {} to {} of {} (at most {}) are not part \
         of any job", part.shard, part.of, part.checkpoint[0], part.checkpoint[1], part.files[0], part.files[1],
        part.all_files, MOST_FILES
    )]
    Impossible {
        /// The checkpoint.
        file: String,
        /// What it says.
        part: JobPart,
    },
    /// A report of a schema that this crate does not know.
    #[error("the report of {file} has the schema {schema}; this program reads {INSPECTION_SCHEMA}")]
    Schema {
        /// The checkpoint.
        file: String,
        /// What it says.
        schema: u32,
    },
    /// Reports of jobs with other numbers of machines, of other checkpoints, or with other options.
    #[error(
        "the reports of {first} and {second} are of two different jobs: of different checkpoints, made with different \
         options, or shared among different numbers of machines"
    )]
    TwoJobs {
        /// The checkpoint of one.
        first: String,
        /// The checkpoint of the other.
        second: String,
    },
    /// Two reports of the same part.
    #[error("shard {shard} of {of} is reported twice: two reports of {file}")]
    Twice {
        /// The checkpoint.
        file: String,
        /// The machine.
        shard: usize,
        /// How many machines.
        of: usize,
    },
    /// A part without a report.
    #[error("the report of shard {shard} of {of} is missing")]
    Missing {
        /// The machine.
        shard: usize,
        /// How many machines.
        of: usize,
    },
    /// Nothing to merge.
    #[error("there is no report to merge")]
    Nothing,
}

/// Joins the reports of all machines that did parts of one job. The result is the report of a single machine, in the
/// same order.
///
/// ```
/// use constinit_checkpoint::{FileInspection, INSPECTION_SCHEMA, JobPart, merge};
///
/// let part = |shard, order| FileInspection {
///     schema: INSPECTION_SCHEMA,
///     file: format!("model{order}.safetensors"),
///     part: Some(JobPart {
///         shard,
///         of: 2,
///         checkpoint: [order, 2],
///         files: [order, order + 1],
///         all_files: 2,
///         job: 7,
///     }),
///     ..FileInspection::default()
/// };
/// let merged = merge(vec![part(2, 1), part(1, 0)])?;
/// assert_eq!(merged.iter().map(|report| &report.file[..]).collect::<Vec<_>>(), [
///     "model0.safetensors",
///     "model1.safetensors",
/// ]);
/// assert_eq!(merge(vec![part(1, 0)]).unwrap_err().to_string(), "the report of shard 2 of 2 is missing");
/// # Ok::<(), constinit_checkpoint::MergeError>(())
/// ```
///
/// # Errors
///
/// If a part is missing, is reported twice, or belongs to another job.
pub fn merge(reports: Vec<FileInspection>) -> Result<Vec<FileInspection>, MergeError> {
    let mut parts = Vec::with_capacity(reports.len());
    for mut report in reports {
        if report.schema != INSPECTION_SCHEMA {
            return Err(MergeError::Schema { file: report.file, schema: report.schema });
        }
        match report.part.take() {
            Some(part) if is_possible(&part) => parts.push((part, report)),
            Some(part) => return Err(MergeError::Impossible { file: report.file, part }),
            None => return Err(MergeError::NoPart { file: report.file }),
        }
    }
    let Some((job, first)) = parts.first() else { return Err(MergeError::Nothing) };
    let job = *job;
    let same = |part: &JobPart| {
        let whole = |part: &JobPart| (part.of, part.all_files, part.checkpoint[1], part.job);
        whole(part) == whole(&job)
    };
    if let Some((_, other)) = parts.iter().find(|(part, _)| !same(part)) {
        return Err(MergeError::TwoJobs { first: first.file.clone(), second: other.file.clone() });
    }
    // The report of a file that could not be read does not have the requested tolerance.
    let mut asked = parts.iter().filter(|(_, report)| report.error.is_none());
    if let Some((_, first)) = asked.next()
        && let Some((_, other)) = asked.find(|(_, r)| r.tolerance != first.tolerance)
    {
        return Err(MergeError::TwoJobs { first: first.file.clone(), second: other.file.clone() });
    }
    let mut by_place: BTreeMap<(usize, usize), (JobPart, FileInspection)> = BTreeMap::new();
    let mut done = vec![false; job.all_files];
    for (part, report) in parts {
        for file in
            (part.files[0]..part.files[1].min(job.all_files)).filter(|&file| does_file(&part, file))
        {
            done[file] = true;
        }
        let (shard, of, file) = (part.shard, part.of, report.file.clone());
        if by_place.insert((part.checkpoint[0], part.shard), (part, report)).is_some() {
            return Err(MergeError::Twice { file, shard, of });
        }
    }
    if let Some(file) = done.iter().position(|done| !done) {
        return Err(MergeError::Missing { shard: file % job.of + 1, of: job.of });
    }
    let mut merged: Vec<(JobPart, FileInspection)> = Vec::new();
    for (part, report) in by_place.into_values() {
        match merged.last_mut().filter(|(last, _)| last.checkpoint[0] == part.checkpoint[0]) {
            Some((last, whole)) if last.files != part.files || !may_be_joined(whole, &report) => {
                let (first, second) = (whole.file.clone(), report.file);
                return Err(MergeError::TwoJobs { first, second });
            }
            Some((_, whole)) => join(whole, report),
            None => merged.push((part, report)),
        }
    }
    Ok(merged.into_iter().map(|(_, report)| report).collect())
}

/// Whether the numbers of a part are possible in a job.
fn is_possible(part: &JobPart) -> bool {
    (1..=part.of).contains(&part.shard)
        && part.checkpoint[0] < part.checkpoint[1]
        && part.files[0] < part.files[1]
        && part.files[1] <= part.all_files
        && part.all_files <= MOST_FILES
}

/// Whether two reports can belong to the same checkpoint. The report of one that could not be read has no format.
fn may_be_joined(a: &FileInspection, b: &FileInspection) -> bool {
    a.file == b.file && (a.error.is_some() || b.error.is_some() || a.format == b.format)
}

/// Adds the report of another machine on the same checkpoint.
fn join(whole: &mut FileInspection, part: FileInspection) {
    let FileInspection {
        parameters,
        spaces,
        axes,
        vectors,
        passed_over,
        skipped,
        optimizer,
        non_finite,
        notes,
        error,
        ..
    } = part;
    whole.parameters.extend(parameters);
    whole.parameters.sort_by(|a, b| natural(&a.path, &b.path));
    whole.spaces = whole.spaces.take().or(spaces);
    whole.axes = whole.axes.or(axes);
    // Somebody may have changed a report by hand, so the sum may overflow.
    whole.vectors = whole.vectors.saturating_add(vectors);
    if whole.passed_over.is_empty() {
        whole.passed_over = passed_over;
    }
    whole.skipped.extend(skipped);
    whole.skipped.sort_by(|a, b| natural(&a.path, &b.path));
    whole.optimizer = match (whole.optimizer.take(), optimizer) {
        (Some(a), Some(b)) => Some(added(a, b)),
        (a, b) => a.or(b),
    };
    whole.non_finite = match (whole.non_finite, non_finite) {
        (Some(a), Some(b)) => Some(a.saturating_add(b)),
        // Entries that were found count even if not everything was read; a count of 0 does not.
        (a, b) => a.or(b).filter(|count| *count > 0),
    };
    // Only the machine with the first file has the notes on the checkpoint; all machines have those on how it was read.
    let (mut more, mut fewer) = (notes, std::mem::take(&mut whole.notes));
    if fewer.len() > more.len() {
        std::mem::swap(&mut more, &mut fewer);
    }
    fewer.retain(|note| !more.contains(note));
    fewer.extend(more);
    whole.notes = fewer;
    whole.error = whole.error.take().or(error);
}

/// The state of optimizers in two files.
fn added(a: OptimizerState, b: OptimizerState) -> OptimizerState {
    let mut at: Vec<String> = a.at.into_iter().chain(b.at).collect();
    at.sort_unstable();
    at.dedup();
    OptimizerState {
        tensors: a.tensors.saturating_add(b.tensors),
        bytes: a.bytes.saturating_add(b.bytes),
        at,
    }
}
