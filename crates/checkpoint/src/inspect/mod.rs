//! Which units of a checkpoint are the same unit.

pub(crate) mod chain;
pub(crate) mod direction;
mod merge;
mod report;
mod runs;
pub(crate) mod spaces;
pub(crate) mod units;

use std::collections::HashSet;

use constinit_symmetry::{AxesFile, AxesSpec, Axis, Orientation, Policy};
use rayon::prelude::*;

use crate::checkpoint::{Checkpoint, Entries};
use crate::error::CheckpointError;
use crate::parameter::Parameter;
use direction::undecided;

pub use merge::{MergeError, merge};
pub use report::{AxesFrom, FileReport, ParameterReport, Part, SpaceReport, Totals};

/// Up to this size a checkpoint is read whole, and everything is counted.
const SMALL: u64 = 256 << 20;
/// Up to this size the spaces of a chain that was inferred are searched unasked.
const SMALL_CHAIN: u64 = 1 << 30;
/// What one worker reads at a time, about: what a core keeps at hand.
pub(crate) const PER_WORKER: usize = 1 << 20;

/// What is asked of a checkpoint.
#[derive(Clone, Copy)]
pub struct Questions<'q> {
    /// What counts as alike.
    pub policy: Policy,
    /// The axes of all or of some of its parameters.
    pub axes: Option<&'q AxesFile>,
    /// Which parameters are looked at, by path.
    pub wanted: &'q (dyn Fn(&str) -> bool + Sync),
    /// Which of its files are looked at, by number.
    pub files: &'q (dyn Fn(usize) -> bool + Sync),
    /// Count NaN and infinite entries whatever the size, which reads everything.
    pub non_finite: bool,
    /// Is told how many bytes are done.
    pub progress: &'q (dyn Fn(u64) + Sync),
}

impl Default for Questions<'_> {
    fn default() -> Self {
        Self {
            policy: Policy::bits(),
            axes: None,
            wanted: &|_| true,
            files: &|_| true,
            non_finite: false,
            progress: &|_| {},
        }
    }
}

/// The classes of the units of every floating parameter with at least two axes, each joined with its bias, and of
/// every space where the axes are known.
///
/// # Errors
///
/// Where the file cannot be read or was written to meanwhile, and where the axes do not fit.
///
/// # Complexity
///
/// Of a parameter without symmetry a few numbers of every unit are read, of units that are alike everything once.
/// Asking for a piece costs as much as reading 8 KiB, so that this pays for units with more numbers than that, and the
/// more the longer they are. Memory is a few MiB for each thread and about 100 bytes for each unit of the parameters that
/// are looked at side by side, whatever the size of the file. Checkpoints up to 256 MiB are read whole, to count entries
/// that are not finite; spaces need their parameters in memory.
pub fn inspect(
    checkpoint: &Checkpoint,
    questions: &Questions<'_>,
) -> Result<FileReport, CheckpointError> {
    let policy = &questions.policy;
    let wanted: Vec<&Parameter> = checkpoint
        .parameters()
        .iter()
        .filter(|p| (questions.wanted)(p.path()) && (questions.files)(p.source))
        .collect();
    let count = questions.non_finite || checkpoint.bytes() <= SMALL;
    let looked_at: Vec<Looked> = wanted
        .par_iter()
        .map(|parameter| {
            let looked = look(checkpoint, parameter, policy, count);
            (questions.progress)(parameter.bytes());
            looked
        })
        .collect::<Result<_, CheckpointError>>()?;

    let mut report = FileReport {
        schema: 1,
        file: checkpoint.path().display().to_string(),
        format: Some(checkpoint.format().to_string()),
        vectors: wanted.iter().filter(|p| p.shape().len() < 2).count(),
        non_finite: count.then(|| looked_at.iter().map(|l| l.own_non_finite).sum()),
        tolerance: policy.tolerance(),
        parameters: looked_at.into_iter().filter_map(|looked| looked.report).collect(),
        ..FileReport::default()
    };
    // What belongs to the checkpoint and to none of its files is said with the first one.
    let first = (questions.files)(0);
    if first {
        report.passed_over = checkpoint.passed_over().clone();
        report.notes = checkpoint.notes().to_vec();
    }
    match axes(checkpoint, questions)? {
        Axes::Known(spec, from) => {
            for row in &mut report.parameters {
                row.space = space_of(&spec, &row.path, row.axis);
            }
            if first {
                report.notes.extend(not_named(checkpoint, &spec, from));
                let spaces = wanted_spaces(&spec, questions.wanted);
                if !spaces.is_empty() {
                    let undecided = questions.axes.map(|axes| undecided(checkpoint, axes, &spec));
                    let undecided = undecided.unwrap_or_default();
                    report.notes.extend(undecided.first().map(|param| direction::ask(param)));
                    let policy = &questions.policy;
                    let mut all = spaces::spaces(checkpoint, &spec, policy, undecided.is_empty())?;
                    all.retain(|space| spaces.contains(space.name.as_str()));
                    report.spaces = Some(all);
                    report.axes = Some(from);
                }
            }
        }
        Axes::Large if first => report.notes.push(
            "a plain chain of linear layers; give its axes to have its spaces, which reads everything"
                .into(),
        ),
        Axes::Large | Axes::Unknown => {}
    }
    if !count {
        report.notes.push("non-finite entries were not counted: that reads everything".into());
    }
    checkpoint.check_unchanged()?;
    Ok(report)
}

/// What is known of the axes of a checkpoint.
enum Axes {
    Known(AxesSpec, AxesFrom),
    /// A chain that is too large to be read unasked.
    Large,
    Unknown,
}

fn axes(checkpoint: &Checkpoint, questions: &Questions<'_>) -> Result<Axes, CheckpointError> {
    if let Some(axes) = questions.axes {
        return Ok(Axes::Known(spaces::given(checkpoint, axes)?, AxesFrom::Given));
    }
    Ok(match chain::chain(checkpoint) {
        Some(spec) if checkpoint.bytes() <= SMALL_CHAIN => {
            let spec = spec.map_err(CheckpointError::symmetry(checkpoint.path()))?;
            Axes::Known(spec, AxesFrom::Inferred)
        }
        Some(_) => Axes::Large,
        None => Axes::Unknown,
    })
}

/// The name of the space whose units lie along an axis of a parameter, one behind the other. The members of a fixed space
/// are never looked at.
fn space_of(spec: &AxesSpec, path: &str, axis: usize) -> Option<String> {
    let param = &spec.params()[spec.param_id(path)?.get()];
    match param.axes().get(axis)?.axis {
        Axis::Space(id) => Some(&spec.spaces()[id.get()])
            .filter(|space| !space.is_fixed())
            .map(|s| s.name().into()),
        _ => None,
    }
}

/// The names of the spaces that parameters stand on that are looked at.
fn wanted_spaces<'s>(spec: &'s AxesSpec, wanted: &dyn Fn(&str) -> bool) -> HashSet<&'s str> {
    let params = spec.params().iter().filter(|param| wanted(param.path()));
    let spaces = params.flat_map(|param| param.axes().iter().filter_map(|axis| axis.axis.space()));
    spaces.map(|space| spec.spaces()[space.get()].name()).collect()
}

/// A note where an axes file says nothing of parameters.
fn not_named(checkpoint: &Checkpoint, spec: &AxesSpec, from: AxesFrom) -> Option<String> {
    if from == AxesFrom::Inferred {
        return None;
    }
    let mut others = spaces::not_named(checkpoint, spec);
    let first = others.next()?;
    Some(format!("not in the axes file: {first}{}", and_more(others.count())))
}

/// What follows the first of several that are not all named.
pub(crate) fn and_more(others: usize) -> String {
    if others > 0 { format!(" and {others} more") } else { String::new() }
}

/// What was seen of one parameter.
struct Looked {
    report: Option<ParameterReport>,
    /// Without those of its bias, which are counted with the bias.
    own_non_finite: u64,
}

fn look(
    checkpoint: &Checkpoint,
    parameter: &Parameter,
    policy: &Policy,
    count: bool,
) -> Result<Looked, CheckpointError> {
    let own = if count { non_finite(checkpoint, parameter)? } else { 0 };
    if parameter.shape().len() < 2 {
        return Ok(Looked { report: None, own_non_finite: own });
    }
    let (axis, bias) = output_axis(checkpoint, parameter);
    let units = parameter.shape()[axis];
    let mut report = ParameterReport {
        path: parameter.path().into(),
        shape: parameter.shape().into(),
        dtype: parameter.dtype().name().into(),
        axis,
        units,
        // What has no entries is alike.
        classes: units.min(1),
        largest_class: units,
        non_finite: count.then_some(own),
        spread: policy.tolerance().map(|_| 0.0),
        ..ParameterReport::default()
    };
    if parameter.entries() == 0 {
        return Ok(Looked { report: Some(report), own_non_finite: own });
    }
    let found = units::unit_classes(checkpoint, parameter, axis, bias, policy, PER_WORKER)?;
    if let (Some(bias), true) = (bias, count) {
        report.non_finite = Some(own + non_finite(checkpoint, bias)?);
    }
    report.classes = found.partition.len();
    if !found.partition.is_discrete() {
        let several = found.partition.classes().filter(|class| class.len() > 1);
        report.alike = several.map(|class| class.iter().map(|u| u.get()).collect()).collect();
    }
    report.largest_class = report.alike.iter().map(Vec::len).max().unwrap_or(1);
    report.zero_units = found.zero.len();
    report.constant_units = found.constant.len();
    report.bias = bias.map(|bias| bias.path().into());
    report.spread = policy.tolerance().map(|_| found.spread);
    Ok(Looked { report: Some(report), own_non_finite: own })
}

/// The axis that a parameter's units are told along, and the bias that has one entry for each of them.
pub(crate) fn output_axis<'c>(
    checkpoint: &'c Checkpoint,
    parameter: &Parameter,
) -> (usize, Option<&'c Parameter>) {
    let axis = usize::from(checkpoint.orientation(parameter) == Orientation::InputFirst);
    let bias = checkpoint.bias_of(parameter);
    (axis, bias.filter(|bias| bias.shape()[0] == parameter.shape()[axis]))
}

fn non_finite(checkpoint: &Checkpoint, parameter: &Parameter) -> Result<u64, CheckpointError> {
    let entries = Entries::new(checkpoint, parameter)?;
    let most = (PER_WORKER / parameter.dtype().size()).min(parameter.entries().max(1));
    let mut block = checkpoint.buffer(parameter, most)?;
    let mut count = 0;
    for first in (0..parameter.entries()).step_by(most) {
        let len = most.min(parameter.entries() - first);
        block.resize(len);
        entries.read(first, &mut block, 0..len)?;
        count += block.non_finite();
    }
    Ok(count)
}
