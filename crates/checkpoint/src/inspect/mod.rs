//! Which units of a checkpoint are the same unit.

mod axes;
pub(crate) mod direction;
mod merge;
mod non_finite;
mod report;
mod runs;
mod skipped;
pub(crate) mod spaces;
pub(crate) mod units;

use std::collections::HashSet;

use constinit_records::inspection::{
    AxesSource, FileInspection, INSPECTION_SCHEMA, ParameterInspection, SkippedTensor,
};
use constinit_symmetry::{Activation, AxesSpec, Axis, EqualityPolicy};
use rayon::prelude::*;

use crate::checkpoint::Checkpoint;
use crate::error::CheckpointError;
use crate::natural::natural;
use crate::orientation::Orientations;
use crate::parameter::Parameter;
use direction::undecided;
use non_finite::NonFinite;

pub use axes::{AxesChoice, FoundAxes, infer_axes};
pub use merge::{MergeError, merge};
pub use report::{UnitTotals, does_file, totals, twin_places};

/// Up to this size in bytes a checkpoint is read whole, and all its entries that are not finite are counted.
const SMALL: u64 = 256 << 20;
/// Up to this size in bytes inferred spaces are searched without a request.
const SMALL_SPACES: u64 = 1 << 30;
/// About how many bytes one worker reads at a time: as many as fit into the cache of a core.
pub(crate) const PER_WORKER: usize = 1 << 20;

/// What is inspected of a checkpoint, and how.
#[derive(Clone, Copy)]
pub struct InspectOptions<'o> {
    /// What counts as equal.
    pub policy: EqualityPolicy,
    /// Where to take the axes of its parameters from.
    pub axes: AxesChoice<'o>,
    /// The activation of a space, by the name of the space; `None` if unknown.
    pub activation: &'o (dyn Fn(&str) -> Option<Activation> + Sync),
    /// Which parameters are inspected, by path.
    pub wanted: &'o (dyn Fn(&str) -> bool + Sync),
    /// Which of its files are inspected, by number.
    pub files: &'o (dyn Fn(usize) -> bool + Sync),
    /// Count NaN and infinite entries whatever the size of the checkpoint. This reads every number.
    pub non_finite: bool,
    /// Inspect the state of optimizers, too; otherwise it is only counted.
    pub optimizer_state: bool,
    /// Called after each tensor with the number of its bytes.
    pub progress: &'o (dyn Fn(u64) + Sync),
}

impl Default for InspectOptions<'_> {
    fn default() -> Self {
        Self {
            policy: EqualityPolicy::bits(),
            axes: AxesChoice::Inferred,
            activation: &|_| None,
            wanted: &|_| true,
            files: &|_| true,
            non_finite: false,
            optimizer_state: false,
            progress: &|_| {},
        }
    }
}

/// Finds the classes of the units of every tensor with at least two axes, each joined with its bias, and of every space
/// if the axes are known.
///
/// Tensors of any type are compared by bits; if the policy has a tolerance, floats are compared by value. A unit with a
/// NaN is equal to none. A tensor that cannot be inspected is listed with the findings that it cannot be inspected for.
/// The state of an optimizer is counted, and inspected only on request.
///
/// # Errors
///
/// If the file cannot be read or was written to meanwhile, or if the axes do not fit.
///
/// # Complexity
///
/// For a parameter without equal units, a few numbers of every unit are read; equal units are read whole, once. A read
/// request costs as much as reading 8 KiB, so this pays for units that are longer than that, and pays more the longer
/// they are. Memory is a few MiB for each thread and about 100 bytes for each unit of the parameters that are inspected
/// in parallel, whatever the size of the file. Checkpoints up to 256 MiB are read whole, to count entries that are not
/// finite; spaces need their parameters in memory.
pub fn inspect(
    checkpoint: &Checkpoint,
    options: &InspectOptions<'_>,
) -> Result<FileInspection, CheckpointError> {
    let policy = &options.policy;
    let wanted: Vec<&Parameter> = checkpoint
        .tensors()
        .iter()
        .filter(|p| skipped::is_asked_for(checkpoint, options, p.path(), p.source))
        .collect();
    let count = options.non_finite || checkpoint.bytes() <= SMALL;
    let orientations = checkpoint.orientations();
    let inspected: Vec<Inspected> = wanted
        .par_iter()
        .map(|parameter| {
            let found = inspect_parameter(checkpoint, &orientations, parameter, policy, count);
            (options.progress)(parameter.bytes());
            found
        })
        .collect::<Result<_, CheckpointError>>()?;

    let (mut rows, mut unread, mut own_non_finite) = (Vec::new(), Vec::new(), 0_u64);
    for found in inspected {
        own_non_finite = own_non_finite.saturating_add(found.own_non_finite);
        rows.extend(found.report);
        unread.extend(found.skipped);
    }
    let unread = skipped::all(checkpoint, options, unread);
    // A count of 0 among the tensors that were read is not a count of 0 among all.
    let is_known = own_non_finite > 0 || !unread.iter().any(skipped::may_hide_non_finite);
    let mut report = FileInspection {
        schema: INSPECTION_SCHEMA,
        file: checkpoint.path().display().to_string(),
        format: Some(checkpoint.format().to_string()),
        vectors: wanted.iter().filter(|p| p.shape().len() < 2).count(),
        non_finite: (count && is_known).then_some(own_non_finite),
        tolerance: policy.tolerance(),
        parameters: rows,
        skipped: unread,
        optimizer: skipped::optimizer(checkpoint, options),
        ..FileInspection::default()
    };
    // What belongs to the checkpoint as a whole is reported with its first file.
    let first = (options.files)(0);
    if first {
        report.notes = checkpoint.notes().to_vec();
    }
    if let Some(found) = infer_axes(checkpoint, options.axes)? {
        add_spaces(&mut report, checkpoint, options, &found)?;
    }
    if !count {
        report.notes.push("non-finite entries were not counted: counting reads all numbers".into());
    }
    checkpoint.check_unchanged()?;
    Ok(report)
}

/// Adds the spaces, and to each parameter the space that its units belong to.
fn add_spaces(
    report: &mut FileInspection,
    checkpoint: &Checkpoint,
    options: &InspectOptions<'_>,
    found: &FoundAxes,
) -> Result<(), CheckpointError> {
    let first = (options.files)(0);
    let unasked = matches!(options.axes, AxesChoice::Inferred);
    if unasked && checkpoint.bytes() > SMALL_SPACES {
        if first {
            report.notes.push(match &found.architecture {
                None => "a plain chain of linear layers; give its axes to compare its spaces, which reads all numbers"
                    .into(),
                Some(name) => {
                    let one = name.split(", ").next().unwrap_or(name);
                    format!("the names are those of {name}: --axes {one} compares whole units and reads all numbers")
                }
            });
        }
        return Ok(());
    }
    // Tensors whose axes are all fixed have no units, and need not be read.
    let mut file = found.file.clone();
    // But a bias after a space may take the constants of units that are not needed.
    let names = || file.axes.values().flatten().flat_map(|name| name.split('*'));
    let asks_for_needed = names().any(|space| (options.activation)(space).is_some());
    if found.source != AxesSource::Given && !asks_for_needed {
        file.axes.retain(|_, names| names.iter().any(|name| !name.is_empty()));
    }
    let spec = spaces::given(checkpoint, &file)?;
    for row in &mut report.parameters {
        row.space = space_of(&spec, &row.path, row.axis);
    }
    if !first {
        return Ok(());
    }
    report.notes.extend(not_named(checkpoint, &spec, found.source));
    report.notes.extend(found.notes.iter().cloned());
    report.architecture.clone_from(&found.architecture);
    let spaces = wanted_spaces(&spec, options.wanted);
    if spaces.is_empty() {
        return Ok(());
    }
    let undecided = undecided(checkpoint, &file, &spec);
    report.notes.extend(undecided.first().map(|param| direction::ask(param)));
    let unmerged = &found.file.kept;
    let directed = undecided.is_empty();
    let (mut all, note) = spaces::spaces(
        checkpoint,
        &spec,
        &options.policy,
        (directed, unmerged),
        options.activation,
    )?;
    report.notes.extend(note);
    all.retain(|space| spaces.contains(space.name.as_str()));
    for (name, why) in skipped::uncompared(checkpoint, &spec) {
        all.retain(|space| space.name != name);
        let rows = report.parameters.iter_mut();
        rows.filter(|row| row.space.as_ref() == Some(&name)).for_each(|row| row.space = None);
        report.notes.push(why);
    }
    if found.source != AxesSource::Given {
        all.sort_by(|a, b| natural(&a.name, &b.name));
    }
    report.spaces = Some(all);
    report.axes = Some(found.source);
    Ok(())
}

/// The name of the space that an axis of a parameter ranges over with one index per unit. A fixed space is left out:
/// its members are never compared.
fn space_of(spec: &AxesSpec, path: &str, axis: usize) -> Option<String> {
    let param = &spec.params()[spec.param_id(path)?.get()];
    match param.axes().get(axis)?.axis {
        Axis::Space(id) => Some(&spec.spaces()[id.get()])
            .filter(|space| !space.is_fixed())
            .map(|s| s.name().into()),
        _ => None,
    }
}

/// The names of the spaces that axes of inspected parameters range over.
fn wanted_spaces<'s>(spec: &'s AxesSpec, wanted: &dyn Fn(&str) -> bool) -> HashSet<&'s str> {
    let params = spec.params().iter().filter(|param| wanted(param.path()));
    let spaces = params.flat_map(|param| param.axes().iter().filter_map(|axis| axis.axis.space()));
    spaces.map(|space| spec.spaces()[space.get()].name()).collect()
}

/// A note if an axes file does not name tensors whose axes could range over units.
fn not_named(checkpoint: &Checkpoint, spec: &AxesSpec, from: AxesSource) -> Option<String> {
    if from != AxesSource::Given {
        return None;
    }
    let others = checkpoint.others().iter().filter(|other| other.has_units);
    let others = others.map(|other| other.path.as_str());
    let mut others = spaces::not_named(checkpoint, spec).chain(others);
    let first = others.next()?;
    Some(format!("not in the axes file: {first}{}", and_more(others.count())))
}

/// The words after the first of several names, of which the others are only counted.
pub(crate) fn and_more(others: usize) -> String {
    if others > 0 { format!(" and {others} more") } else { String::new() }
}

/// The findings of one parameter.
#[derive(Default)]
struct Inspected {
    report: Option<ParameterInspection>,
    /// The entries of the parameter that are not finite. Those of its bias are counted with the bias.
    own_non_finite: u64,
    /// The findings that it could not be inspected for.
    skipped: Option<SkippedTensor>,
}

fn inspect_parameter(
    checkpoint: &Checkpoint,
    orientations: &Orientations<'_>,
    parameter: &Parameter,
    policy: &EqualityPolicy,
    count: bool,
) -> Result<Inspected, CheckpointError> {
    if parameter.shape().len() < 2 {
        let own = if count { NonFinite::of(checkpoint, parameter, None)?.count } else { 0 };
        return Ok(Inspected { own_non_finite: own, ..Inspected::default() });
    }
    let (axis, bias) = orientations.output_axis(parameter);
    let mut non_finite = NonFinite::default();
    if count {
        non_finite = NonFinite::of(checkpoint, parameter, Some(axis))?;
    }
    let own = non_finite.count;
    let unread = parameter
        .unread_units(axis)
        .or_else(|| {
            let bias = bias.filter(|bias| bias.unread_units(0).is_some())?.path();
            Some(format!("its bias `{bias}` has entries of less than a byte"))
        })
        .or_else(|| {
            let bias = checkpoint.skipped_bias(parameter)?;
            Some(format!("its bias `{bias}` was not read"))
        });
    if let Some(why) = unread {
        let skipped = Some(skipped::units(parameter, why));
        return Ok(Inspected { report: None, own_non_finite: own, skipped });
    }
    let mut report = ParameterInspection {
        path: parameter.path().into(),
        shape: parameter.shape().into(),
        dtype: parameter.dtype().name().into(),
        axis,
        role: checkpoint.role(parameter.path()),
        non_finite: count.then_some(own),
        spread: policy.tolerance().map(|_| 0.0),
        ..ParameterInspection::default()
    };
    // A tensor without entries has no units, whatever its sizes claim.
    if parameter.entries() == 0 {
        return Ok(Inspected { report: Some(report), ..Inspected::default() });
    }
    let found = units::unit_classes(checkpoint, parameter, axis, bias, policy, PER_WORKER)?;
    report.non_finite_entry = non_finite.first;
    if let (Some(bias), true) = (bias, count) {
        non_finite.add(NonFinite::of(checkpoint, bias, Some(0))?);
        report.non_finite = Some(non_finite.count);
    }
    report.non_finite_units = non_finite.units.into_iter().collect();
    report.units = parameter.shape()[axis];
    report.classes = found.partition.len();
    if !found.partition.is_discrete() {
        let several = found.partition.classes().filter(|class| class.len() > 1);
        report.alike = several.map(|class| class.iter().map(|u| u.get()).collect()).collect();
    }
    report.largest_class = report.alike.iter().map(Vec::len).max().unwrap_or(1);
    report.zero_units = found.zero.len();
    report.constant_units = found.constant.len();
    report.zero = found.zero;
    report.constant = found.constant;
    report.bias = bias.map(|bias| bias.path().into());
    report.spread = policy.tolerance().map(|_| found.spread);
    Ok(Inspected { report: Some(report), own_non_finite: own, skipped: None })
}
