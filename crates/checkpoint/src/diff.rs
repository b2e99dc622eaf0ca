//! What happened to the units between two checkpoints of one run.

mod became;

use constinit_records::inspection::{
    CheckpointDiff, DIFF_SCHEMA, DriftedClass, MergedClass, ParameterDiff, SplitClass,
};
use constinit_symmetry::{EqualityPolicy, Partition};

use crate::checkpoint::Checkpoint;
use crate::dtype::DType;
use crate::error::CheckpointError;
use crate::inspect::PER_WORKER;
use crate::inspect::units::unit_classes;
use crate::orientation::Orientations;
use crate::parameter::Parameter;
use crate::values::ParameterValues;

/// Compares the tensors that two checkpoints have under the same name and with the same shape, if `wanted` selects
/// them.
///
/// Units are compared by bits, whatever the type; if the policy has a tolerance, floats are compared by value. A unit
/// with a NaN is equal to none. Tensors that cannot be inspected in one of the two are listed as unread.
///
/// # Errors
///
/// If a file cannot be read, or if the two have no parameter in common.
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
    let has = |these: &Checkpoint, path: &str| {
        these.tensor(path).is_some() || these.skipped().any(|[skipped, ..]| skipped == path)
    };
    let only = |these: &Checkpoint, others: &Checkpoint| -> Vec<String> {
        let read = these.tensors().iter().map(Parameter::path);
        let all = read.chain(these.skipped().map(|[path, ..]| path));
        let lacking = all.filter(|path| wanted(path) && !has(others, path));
        lacking.map(str::to_owned).collect()
    };
    let (only_before, only_after) = (only(before, after), only(after, before));
    let unread = unread(before, after).filter(|(path, _)| wanted(path)).map(|(_, said)| said);
    let mut report = CheckpointDiff {
        schema: DIFF_SCHEMA,
        before: before.path().display().to_string(),
        after: after.path().display().to_string(),
        only_before,
        only_after,
        unread: unread.collect(),
        ..CheckpointDiff::default()
    };
    let orientations = before.orientations();
    let mut identical = true;
    for old in before.tensors().iter().filter(|p| wanted(p.path())) {
        let Some(new) = after.tensor(old.path()) else { continue };
        if old.shape() == new.shape() {
            let Compared { found, unread, is_same } =
                compare([before, after], &orientations, [old, new], policy)?;
            report.parameters.push(found);
            report.unread.extend(unread);
            identical &= is_same;
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
    let skipped = |of: &Checkpoint| of.skipped().any(|[path, ..]| wanted(path));
    report.identical = identical
        && uncompared.iter().all(|paths| paths.is_empty())
        && ![before, after].into_iter().any(skipped);
    Ok(report)
}

/// The tensors of both checkpoints that at least one of them skips, with both types and the reason.
fn unread<'c>(
    before: &'c Checkpoint,
    after: &'c Checkpoint,
) -> impl Iterator<Item = (&'c str, String)> {
    let dtype = |of: &'c Checkpoint, path: &str| {
        let skipped = of.skipped().find(|[skipped, ..]| *skipped == path);
        skipped.map(|[_, dtype, _]| dtype).or_else(|| of.tensor(path).map(|p| p.dtype().name()))
    };
    let of_before = before.skipped();
    // A tensor that both skip is listed once.
    let twice = |path: &str| before.skipped().any(|[skipped, ..]| skipped == path);
    let of_after = after.skipped().filter(move |[path, ..]| !twice(path));
    of_before.chain(of_after).filter_map(move |[path, _, why]| {
        let types = dtype(before, path).zip(dtype(after, path))?;
        Some((path, format!("{path} ({} and {}; {why})", types.0, types.1)))
    })
}

/// What happened to one parameter.
struct Compared {
    found: ParameterDiff,
    /// Its name and the reason, if its units were not compared.
    unread: Option<String>,
    /// Whether it has the same type and the same entries, bit for bit.
    is_same: bool,
}

fn compare(
    checkpoints: [&Checkpoint; 2],
    orientations: &Orientations<'_>,
    parameters: [&Parameter; 2],
    policy: &EqualityPolicy,
) -> Result<Compared, CheckpointError> {
    let [before, after] = checkpoints;
    let [old, new] = parameters;
    let [then, now] = [Values::read(before, old)?, Values::read(after, new)?];
    let is_same = old.dtype() == new.dtype() && then.numbers.bytes() == now.numbers.bytes();
    let (at, largest_change) = largest_change(&then, &now, old.entries());
    let non_finite = || became::non_finite(&then, &now, old.entries());
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
        return Ok(Compared { found, unread: None, is_same });
    }
    // The output axis of the first checkpoint holds for the second, too, even if a bias was added or removed.
    let (axis, bias) = orientations.output_axis(old);
    let new_bias = bias.and_then(|bias| after.tensor(bias.path()));
    let new_bias = new_bias.filter(|new| Some(new.shape()) == bias.map(Parameter::shape));
    let unread = [old, new].into_iter().find_map(|p| p.unread_units(axis)).or_else(|| {
        let packed = [bias, new_bias].into_iter().flatten().find(|b| b.unread_units(0).is_some());
        let packed = packed.map(Parameter::path);
        let skipped = packed.or(before.skipped_bias(old)).or(after.skipped_bias(new))?;
        Some(format!("its bias `{skipped}` was not read"))
    });
    if let Some(why) = unread {
        let unread = format!("{} ({} and {}; {why})", old.path(), old.dtype(), new.dtype());
        return Ok(Compared { found, unread: Some(unread), is_same });
    }
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
    let bias_now = new_bias.map(|bias| Values::read(after, bias)).transpose()?;
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
    Ok(Compared { found, unread: None, is_same })
}

/// The number of distinct items.
fn count<T: Ord>(items: impl Iterator<Item = T>) -> usize {
    items.collect::<std::collections::BTreeSet<_>>().len()
}

/// The values of a tensor of any type.
struct Values {
    numbers: ParameterValues,
    dtype: DType,
}

impl Values {
    fn read(checkpoint: &Checkpoint, parameter: &Parameter) -> Result<Self, CheckpointError> {
        Ok(Self { numbers: checkpoint.read(parameter)?, dtype: parameter.dtype() })
    }

    /// How many values an entry has: two for a complex number (real and imaginary part) and for a pair.
    fn parts(&self) -> usize {
        match self.dtype {
            // The two numbers are halves of one integer.
            DType::I64 | DType::U64 => 1,
            dtype => dtype.parts(),
        }
    }

    /// One of the values of an entry; 0 for a part that its type does not have, such as the imaginary part of a real
    /// number.
    fn get(&self, entry: usize, part: usize) -> Option<f64> {
        match self.dtype {
            _ if part >= self.parts() => Some(0.0),
            DType::I64 | DType::U64 => {
                // The lower half and the upper one.
                let [low, high] = [2 * entry, 2 * entry + 1].map(|at| self.numbers.get(at));
                Some(high? * 2.0_f64.powi(32) + low?)
            }
            _ => self.numbers.get(entry * self.parts() + part),
        }
    }
}

/// The entry that changed most, and by how much. A change between a number and NaN is infinite.
fn largest_change(before: &Values, after: &Values, entries: usize) -> (Option<usize>, f64) {
    let mut largest = (None, 0.0);
    let mut take = |at: usize, a: f64, b: f64| {
        let change = match (a - b).abs() {
            _ if a == b || (a.is_nan() && b.is_nan()) => 0.0,
            change if change.is_nan() => f64::INFINITY,
            change => change,
        };
        if change > largest.1 {
            largest = (Some(at), change);
        }
    };
    if before.dtype.parts() == 1 && after.dtype.parts() == 1 {
        for at in 0..entries {
            let (Some(a), Some(b)) = (before.numbers.get(at), after.numbers.get(at)) else { break };
            take(at, a, b);
        }
        return largest;
    }
    let parts = before.parts().max(after.parts());
    for number in 0..entries * parts {
        let (at, part) = (number / parts, number % parts);
        let (Some(a), Some(b)) = (before.get(at, part), after.get(at, part)) else { break };
        take(at, a, b);
    }
    largest
}

/// Where the entries of a unit are.
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

    /// The largest difference between two of the units, at any entry and in either part of it.
    fn spread(&self, weight: &Values, bias: Option<&Values>, units: &[usize]) -> f64 {
        let gap_of = |numbers: &Values, at: &dyn Fn(usize) -> usize, part: usize| {
            let values = units.iter().filter_map(|&unit| numbers.get(at(unit), part));
            let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
                if x.is_nan() {
                    (f64::NEG_INFINITY, f64::INFINITY)
                } else {
                    (low.min(x), high.max(x))
                }
            });
            // Two infinities of the same sign are equal.
            if low == high { 0.0 } else { high - low }
        };
        let gap = |numbers: &Values, at: &dyn Fn(usize) -> usize| {
            (0..numbers.parts()).map(|part| gap_of(numbers, at, part)).fold(0.0, f64::max)
        };
        let places = (0..self.outer).flat_map(|o| (0..self.inner).map(move |i| (o, i)));
        let in_weight = places
            .map(|(o, i)| gap(weight, &|unit| (o * self.units + unit) * self.inner + i))
            .fold(0.0, f64::max);
        bias.map_or(in_weight, |bias| in_weight.max(gap(bias, &|unit| unit)))
    }
}
