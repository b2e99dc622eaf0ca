//! What happened to the units between two checkpoints of one run.

mod became;

use constinit_records::inspection::{
    CheckpointDiff, DIFF_SCHEMA, DriftedClass, MergedClass, ParameterDiff, SplitClass,
};
use constinit_symmetry::{EqualityPolicy, Partition};

use crate::checkpoint::Checkpoint;
use crate::error::CheckpointError;
use crate::inspect::PER_WORKER;
use crate::inspect::units::unit_classes;
use crate::orientation::Orientations;
use crate::parameter::Parameter;
use crate::values::ParameterValues;

/// Compares the parameters of two checkpoints that both have under one name and shape, where `wanted`.
///
/// # Errors
///
/// Where a file cannot be read, and where the two have no parameter in common.
///
/// # Complexity
///
/// Reads both checkpoints once or twice, one parameter after the other; two parameters are in memory at a time.
pub fn diff(
    before: &Checkpoint,
    after: &Checkpoint,
    policy: &EqualityPolicy,
    wanted: &(dyn Fn(&str) -> bool + Sync),
    progress: &(dyn Fn(u64) + Sync),
) -> Result<CheckpointDiff, CheckpointError> {
    let only = |these: &Checkpoint, others: &Checkpoint| -> (Vec<String>, Vec<String>) {
        let mut found = (Vec::new(), Vec::new());
        let lacking = |p: &&Parameter| wanted(p.path()) && others.parameter(p.path()).is_none();
        for parameter in these.parameters().iter().filter(lacking) {
            let path = parameter.path();
            match others.others().iter().find(|other| other.path == path) {
                Some(other) => {
                    found.1.push(format!("{path} ({} and {})", parameter.dtype(), other.dtype));
                }
                None => found.0.push(path.to_owned()),
            }
        }
        found
    };
    let (only_before, mut unread) = only(before, after);
    let (only_after, more) = only(after, before);
    unread.extend(more);
    let mut report = CheckpointDiff {
        schema: DIFF_SCHEMA,
        before: before.path().display().to_string(),
        after: after.path().display().to_string(),
        only_before,
        only_after,
        unread,
        ..CheckpointDiff::default()
    };
    let orientations = before.orientations();
    let mut identical = true;
    for old in before.parameters().iter().filter(|p| wanted(p.path())) {
        let Some(new) = after.parameter(old.path()) else { continue };
        if old.shape() == new.shape() {
            let (found, same) = compare([before, after], &orientations, [old, new], policy)?;
            report.parameters.push(found);
            identical &= same;
        } else {
            report.reshaped.push(old.path().into());
            report.shapes.push([old, new].map(|parameter| parameter.shape().into()));
        }
        progress(old.bytes() + new.bytes());
    }
    if report.parameters.is_empty() && report.reshaped.is_empty() && report.unread.is_empty() {
        let problem = format!("no parameter in common with {}", after.path().display());
        return Err(CheckpointError::unsupported(before.path(), problem));
    }
    let uncompared = [&report.only_before, &report.only_after, &report.reshaped, &report.unread];
    report.identical = identical
        && uncompared.iter().all(|paths| paths.is_empty())
        && became::others_are_equal([before, after], wanted)?;
    Ok(report)
}

/// What happened to a parameter, and whether it has the same type and the same bytes.
fn compare(
    checkpoints: [&Checkpoint; 2],
    orientations: &Orientations<'_>,
    parameters: [&Parameter; 2],
    policy: &EqualityPolicy,
) -> Result<(ParameterDiff, bool), CheckpointError> {
    let [before, after] = checkpoints;
    let [old, new] = parameters;
    let [then, now] = [before.read(old)?, after.read(new)?];
    let identical = old.dtype() == new.dtype() && then.bytes() == now.bytes();
    let (at, largest_change) = largest_change(&then, &now);
    let non_finite = || became::non_finite(&then, &now);
    let mut found = ParameterDiff {
        path: old.path().into(),
        largest_change: largest_change.is_finite().then_some(largest_change),
        at,
        became_non_finite: non_finite().count() as u64,
        became_non_finite_entry: non_finite().next(),
        types: (old.dtype() != new.dtype()).then(|| parameters.map(|p| p.dtype().name().into())),
        ..ParameterDiff::default()
    };
    if old.shape().len() < 2 || old.entries() == 0 {
        return Ok((found, identical));
    }
    // The second checkpoint is read as the first is, even where a bias came or went.
    let (axis, bias) = orientations.output_axis(old);
    let new_bias = bias.and_then(|bias| after.parameter(bias.path()));
    let new_bias = new_bias.filter(|new| Some(new.shape()) == bias.map(Parameter::shape));
    let was = unit_classes(before, old, axis, bias, policy, PER_WORKER)?;
    let is = unit_classes(after, new, axis, new_bias, policy, PER_WORKER)?;
    found.became_zero = became::new_ones(&was.zero, &is.zero);
    let (was, is) = (was.partition, is.partition);
    let bits = match policy.tolerance() {
        Some(_) => Some(
            unit_classes(after, new, axis, new_bias, &EqualityPolicy::bits(), PER_WORKER)?
                .partition,
        ),
        None => None,
    };
    let units_of = Layout::new(new.shape(), axis);
    found.became_non_finite_units = became::units_of(&units_of, non_finite());
    let bias_now = new_bias.map(|bias| after.read(bias)).transpose()?;
    let spread = |units: &[usize]| {
        let spread = units_of.spread(&now, bias_now.as_ref(), units);
        spread.is_finite().then_some(spread)
    };
    for class in was.classes().filter(|class| class.len() > 1) {
        let units: Vec<usize> = class.iter().map(|unit| unit.get()).collect();
        let into = count(class.iter().map(|&unit| is.class_of(unit)));
        if into > 1 {
            found.split.push(SplitClass { into, spread: spread(&units), units });
            continue;
        }
        found.kept += 1;
        let apart = |bits: &Partition| class.iter().any(|&unit| !bits.alike(unit, class[0]));
        if bits.as_ref().is_some_and(apart) {
            found.drifted.push(DriftedClass { spread: spread(&units), units });
        }
    }
    for class in is.classes().filter(|class| class.len() > 1) {
        let from = count(class.iter().map(|&unit| was.class_of(unit)));
        if from > 1 {
            let units = class.iter().map(|unit| unit.get()).collect();
            found.merged.push(MergedClass { units, from });
        }
    }
    found.units = Some(was.units());
    found.classes_before = Some(was.len());
    found.classes_after = Some(is.len());
    Ok((found, identical))
}

/// How many different ones there are.
fn count<T: Ord>(items: impl Iterator<Item = T>) -> usize {
    items.collect::<std::collections::BTreeSet<_>>().len()
}

/// Where two sequences differ most, and by how much: infinitely where one of two numbers is NaN.
fn largest_change(before: &ParameterValues, after: &ParameterValues) -> (Option<usize>, f64) {
    let mut largest = (None, 0.0);
    for at in 0..before.len().min(after.len()) {
        let (Some(a), Some(b)) = (before.get(at), after.get(at)) else { break };
        let change = match (a - b).abs() {
            _ if a == b || (a.is_nan() && b.is_nan()) => 0.0,
            change if change.is_nan() => f64::INFINITY,
            change => change,
        };
        if change > largest.1 {
            largest = (Some(at), change);
        }
    }
    largest
}

/// Where the entries of a unit lie.
struct Layout {
    outer: usize,
    units: usize,
    inner: usize,
}

impl Layout {
    fn new(shape: &[usize], axis: usize) -> Self {
        Self {
            outer: shape[..axis].iter().product(),
            units: shape[axis],
            inner: shape[axis + 1..].iter().product(),
        }
    }

    /// The unit of an entry by its row-major number.
    fn unit_of(&self, entry: usize) -> usize {
        entry / self.inner % self.units
    }

    /// The largest difference between two of the units, at any entry.
    fn spread(
        &self,
        weight: &ParameterValues,
        bias: Option<&ParameterValues>,
        units: &[usize],
    ) -> f64 {
        let gap = |numbers: &ParameterValues, at: &dyn Fn(usize) -> usize| {
            let values = units.iter().filter_map(|&unit| numbers.get(at(unit)));
            let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
                if x.is_nan() {
                    (f64::NEG_INFINITY, f64::INFINITY)
                } else {
                    (low.min(x), high.max(x))
                }
            });
            // Two infinities of one sign are alike.
            if low == high { 0.0 } else { high - low }
        };
        let places = (0..self.outer).flat_map(|o| (0..self.inner).map(move |i| (o, i)));
        let in_weight = places
            .map(|(o, i)| gap(weight, &|unit| (o * self.units + unit) * self.inner + i))
            .fold(0.0, f64::max);
        bias.map_or(in_weight, |bias| in_weight.max(gap(bias, &|unit| unit)))
    }
}
