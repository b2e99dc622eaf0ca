//! Whether known twins are still twins: one pass over the entries, in portions of any size.
//!
//! Let r(u) be the smallest unit of the class of u. The known classes are the twin classes if two conditions hold.
//! First, every entry equals that of the smallest units, bit for bit, and is not NaN:
//!
//! ```text
//! W[i][j] = W[r(i)][r(j)]
//! ```
//!
//! Second, no two units of a space are twins in the *condensed* parameters W[r][r'], which have one unit per class. The
//! first condition makes the units of a class twins. Then units of two classes are twins exactly if their smallest
//! units are, and these are twins exactly if they are twins in the condensed parameters. The check does not support a
//! space on two axes of one parameter: its twins may have other entries on the diagonal.

use super::classes_of;
use crate::axes::{AxesSpec, SpecParam};
use crate::equality_policy::EqualityPolicy;
use crate::error::{ParameterError, SymmetryError};
use crate::findings::{self, Findings};
use crate::layout::{Arranged, LogicalAxis, axes_with_strides};
use crate::owned::{Number, OwnedElements, OwnedParam};
use crate::params::{ParamView, strides, with_elements};
use crate::partition::Partition;
use crate::space::{ParamId, SpaceId};
use crate::symmetry::{Symmetry, SymmetryKind};
use std::borrow::Cow;

/// The condensed parameters must have at most one entry for this number of entries. With more, a check would take about
/// as long as a new search.
const SHARE: usize = 4;

/// Checks whether known twins are still twins in other numbers of the same parameters.
///
/// # Complexity
///
/// A check reads every entry once. It stores only the condensed parameters, one entry for each block of classes, so the
/// caller can pass the parameters in small portions.
///
/// # Examples
///
/// ```
/// use constinit_symmetry::{AxesSpec, ParamView, TwinsCheck, layers, twins};
///
/// // Two inputs and eight equal hidden units.
/// let weight = |x: f32| [x, 2.0].repeat(8);
/// let before = [weight(1.0), vec![0.5; 8]];
/// let views = [
///     ParamView::new("l1.weight", &[8, 2], &before[0])?,
///     ParamView::new("l1.bias", &[8], &before[1])?,
/// ];
/// let spec = AxesSpec::builder()
///     .space("hidden", 8)
///     .layer(layers::dense("l1", "", "hidden"))
///     .build(views.iter().map(ParamView::signature))?;
/// let known = TwinsCheck::new(&twins(&spec, &views)?).unwrap();
///
/// // After a step, in two portions.
/// let [w, b] = ["l1.weight", "l1.bias"].map(|path| spec.param_id(path).unwrap());
/// let after = weight(0.75);
/// let mut pass = known.pass();
/// assert!(pass.rows(w, &ParamView::new("l1.weight", &[5, 2], &after[..10])?)?);
/// assert!(pass.rows(w, &ParamView::new("l1.weight", &[3, 2], &after[10..])?)?);
/// assert!(pass.rows(b, &views[1])?);
/// assert!(pass.end()?.is_some());
///
/// // One unit has changed alone.
/// let mut moved = after;
/// moved[6] = 0.5;
/// assert!(!known.pass().rows(w, &ParamView::new("l1.weight", &[8, 2], &moved)?)?);
/// # Ok::<(), constinit_symmetry::SymmetryError>(())
/// ```
#[derive(Clone, Debug)]
pub struct TwinsCheck {
    spec: AxesSpec,
    condensed: AxesSpec,
    partitions: Vec<Partition>,
    /// The classes of each space; None if every unit is alone.
    classes: Vec<Option<Classes>>,
    /// The plan for each parameter.
    plans: Vec<Plan>,
}

/// The classes of a space.
#[derive(Clone, Debug)]
struct Classes {
    /// The smallest unit of every class.
    firsts: Vec<u32>,
    /// For every unit its class, and (`first_of`) the smallest unit of this class.
    class_of: Vec<u32>,
    first_of: Vec<u32>,
}

/// How the rows of a parameter are condensed.
#[derive(Clone, Debug)]
struct Plan {
    /// The sizes of all axes but the first, and the number of rows along the first axis.
    row: Vec<usize>,
    rows: usize,
    /// The steps that condense a row, in order, and the number of entries that they leave.
    within: Vec<Condensing>,
    left: usize,
    /// How whole rows are condensed.
    along: Along,
    /// Whether a class has several units.
    condenses: bool,
}

/// A step that replaces equal runs of entries by one: for each class of a space, it keeps the run of the smallest unit.
#[derive(Clone, Debug)]
struct Condensing {
    space: usize,
    units: usize,
    run: usize,
}

#[derive(Clone, Debug)]
enum Along {
    /// All rows are kept.
    Kept,
    /// Each row belongs to a unit of the space. It is compared immediately with the row of the smallest unit of its
    /// class.
    Units(usize),
    /// The first axis is flattened: these steps run when all rows are there.
    Flattened(Vec<Condensing>),
}

impl TwinsCheck {
    /// None if a check would not be cheaper than a new search, if a space is on two axes of one parameter, or if the
    /// classes are not twins bit for bit.
    pub fn new(twins: &Symmetry) -> Option<Self> {
        if twins.kind() != SymmetryKind::Twins || *twins.policy() != EqualityPolicy::bits() {
            return None;
        }
        let spec = twins.spec().clone();
        let condensed = twins.spec_of_classes().ok()?;
        let entries = |spec: &AxesSpec| -> usize {
            spec.params().iter().map(|param| param.shape().iter().product::<usize>()).sum()
        };
        if entries(&condensed) > entries(&spec) / SHARE {
            return None;
        }
        let partitions: Vec<Partition> =
            twins.spaces().iter().map(|space| space.partition().clone()).collect();
        let classes: Vec<_> = partitions.iter().map(Classes::of).collect();
        let plans = spec.params().iter().map(|param| Plan::new(&spec, param, &classes));
        let plans = plans.collect::<Option<Vec<_>>>()?;
        Some(Self { spec, condensed, partitions, classes, plans })
    }

    /// For every axis of a parameter's shape and every index, the index of the smallest unit of the class, whose
    /// entries it must repeat. None for an axis on which every unit is alone.
    ///
    /// The entries W have the known classes exactly if replacing all indices in this way, along all axes, does not
    /// change W. If a device makes this comparison, pass the condensed entries to [`TwinsPass::condensed`].
    pub fn repeated(&self, parameter: ParamId) -> Vec<Option<Vec<usize>>> {
        let param = self.spec.param(parameter);
        let mut along: Vec<Option<Vec<usize>>> = vec![None; param.shape().len()];
        let axes = axes_with_strides(&self.spec, param, &strides(param.shape()));
        for (number, repeated) in along.iter_mut().enumerate() {
            let parts: Vec<_> = axes.iter().filter(|axis| axis.number == number).collect();
            let first_of = |axis: &LogicalAxis| {
                axis.space.and_then(|space| self.classes[space.get()].as_ref())
            };
            if parts.iter().any(|axis| first_of(axis).is_some()) {
                let mut all = vec![0];
                for axis in parts {
                    let index = |unit: usize| {
                        first_of(axis).map_or(unit, |classes| classes.first_of[unit] as usize)
                    };
                    let len = axis.dim.len;
                    let next = all.iter().flat_map(|outer| (0..len).map(move |u| (outer, u)));
                    all = next.map(|(outer, unit)| outer * len + index(unit)).collect();
                }
                *repeated = Some(all);
            }
        }
        along
    }

    /// Begins a check.
    pub fn pass(&self) -> TwinsPass<'_> {
        TwinsPass { check: self, read: vec![Read::default(); self.plans.len()] }
    }
}

impl Classes {
    fn of(partition: &Partition) -> Option<Self> {
        if partition.is_discrete() {
            return None;
        }
        let firsts: Vec<u32> = partition.representatives().map(|unit| unit.0).collect();
        let class_of: Vec<u32> = partition.labels().iter().map(|class| class.0).collect();
        let first_of = class_of.iter().map(|class| firsts[*class as usize]).collect();
        Some(Self { firsts, class_of, first_of })
    }
}

impl Plan {
    /// None if a space is on two axes of the parameter.
    fn new(spec: &AxesSpec, param: &SpecParam, classes: &[Option<Classes>]) -> Option<Self> {
        let axes = axes_with_strides(spec, param, &strides(param.shape()));
        let spaces: Vec<SpaceId> = axes.iter().filter_map(|axis| axis.space).collect();
        if (1..spaces.len()).any(|place| spaces[..place].contains(&spaces[place])) {
            return None;
        }
        let (first, within): (Vec<_>, Vec<_>) = axes.iter().partition(|axis| axis.number == 0);
        let mut left = 1;
        let within = condensing(&within, classes, &mut left);
        let mut all = left;
        let flattened = condensing(&first, classes, &mut all);
        let condenses = !within.is_empty() || !flattened.is_empty();
        let along = match (&first[..], &flattened[..]) {
            (_, []) => Along::Kept,
            ([_], [units]) => Along::Units(units.space),
            _ => Along::Flattened(flattened),
        };
        let (rows, row) = match param.shape() {
            [rows, row @ ..] => (*rows, row.to_vec()),
            [] => (1, Vec::new()),
        };
        Some(Self { row, rows, within, left, along, condenses })
    }
}

/// The steps that leave one entry of each block of classes of these axes, beginning with the last axis. `run` is
/// multiplied by the number of entries that they leave.
fn condensing(
    axes: &[&LogicalAxis],
    classes: &[Option<Classes>],
    run: &mut usize,
) -> Vec<Condensing> {
    let mut steps = Vec::new();
    for axis in axes.iter().rev() {
        let space = axis.space.map(|id| id.get());
        match space.and_then(|space| Some((space, classes[space].as_ref()?))) {
            None => *run *= axis.dim.len,
            Some((space, classes)) => {
                steps.push(Condensing { space, units: axis.dim.len, run: *run });
                *run *= classes.firsts.len();
            }
        }
    }
    steps
}

/// A check in progress.
#[derive(Clone, Debug)]
pub struct TwinsPass<'k> {
    check: &'k TwinsCheck,
    read: Vec<Read>,
}

/// What the check has read of a parameter.
#[derive(Clone, Debug, Default)]
struct Read {
    rows: usize,
    condensed: Option<OwnedElements>,
    /// Whether the caller passed it condensed along all axes.
    wholly: bool,
}

impl TwinsPass<'_> {
    /// Passes the next rows of a parameter: the next indices along its first axis, with all indices of the other axes.
    /// Returns whether the units of each class are still equal. If not, the check is over.
    ///
    /// # Errors
    ///
    /// [`ParameterError::ShapeMismatch`] for rows of another shape, and for more rows than the parameter has.
    pub fn rows(
        &mut self,
        parameter: ParamId,
        rows: &ParamView<'_>,
    ) -> Result<bool, SymmetryError> {
        let (plan, read) = (&self.check.plans[parameter.get()], &mut self.read[parameter.get()]);
        let (count, row) = match rows.shape() {
            [count, row @ ..] => (*count, row),
            [] => (1, &[][..]),
        };
        if row != plan.row || count > plan.rows - read.rows {
            let param = self.check.spec.param(parameter);
            return Err(ParameterError::ShapeMismatch {
                parameter: param.path().into(),
                spec: param.shape().into(),
                found: rows.shape().into(),
            }
            .into());
        }
        Ok(with_elements!(rows.elements(), |data| {
            if rows.strides() == strides(rows.shape()) {
                read.take(count, &data[..rows.entries()], plan, &self.check.classes)
            } else {
                read.take(count, &rows.in_order(data), plan, &self.check.classes)
            }
        }))
    }

    /// Passes the entries of the smallest units along all axes, instead of the rows of a parameter. The caller must
    /// have checked that all other entries repeat these bit for bit, as [`TwinsCheck::repeated`] says.
    ///
    /// # Errors
    ///
    /// [`ParameterError::ShapeMismatch`] if the shape is not that of the condensed parameter, or if rows of the
    /// parameter were passed before.
    pub fn condensed(
        &mut self,
        parameter: ParamId,
        condensed: &ParamView<'_>,
    ) -> Result<(), SymmetryError> {
        let param = self.check.condensed.param(parameter);
        let read = &mut self.read[parameter.get()];
        if condensed.shape() != param.shape() || read.rows > 0 || read.wholly {
            return Err(ParameterError::ShapeMismatch {
                parameter: param.path().into(),
                spec: param.shape().into(),
                found: condensed.shape().into(),
            }
            .into());
        }
        read.rows = self.check.plans[parameter.get()].rows;
        read.condensed = Some(OwnedParam::from(condensed).into_elements());
        read.wholly = true;
        Ok(())
    }

    /// Ends a check that has read all rows. If the twin classes are still the known ones, returns the findings for
    /// every space, as [`SpaceSymmetry::findings`](crate::SpaceSymmetry::findings) does. None if the twin classes may
    /// have changed.
    ///
    /// # Errors
    ///
    /// [`ParameterError::MissingParameter`] if rows of a parameter are missing.
    pub fn end(mut self) -> Result<Option<Vec<Option<Findings>>>, SymmetryError> {
        let TwinsCheck { condensed: spec, partitions, classes, plans, .. } = self.check;
        for ((read, plan), param) in self.read.iter_mut().zip(plans).zip(spec.params()) {
            if read.rows < plan.rows {
                let parameter = param.path().into();
                return Err(ParameterError::MissingParameter { parameter }.into());
            }
            if !read.complete(plan, classes) {
                return Ok(None);
            }
        }
        let none = OwnedElements::F32(Vec::new());
        let views = self.read.iter().zip(spec.params()).map(|(read, param)| {
            let elements = read.condensed.as_ref().unwrap_or(&none).elements();
            ParamView::contiguous(param.path(), param.shape(), elements)
        });
        let views: Vec<ParamView<'_>> = views.collect();
        let (network, policy) = (Arranged::new(spec, &views)?, EqualityPolicy::bits());
        let Arranged { views, axes } = &network;
        let mut all = Vec::with_capacity(partitions.len());
        for (number, known) in partitions.iter().enumerate() {
            let id = SpaceId::at(number);
            let (found, _) = classes_of(spec, &network, id, &policy, None);
            let partition = found.partition();
            if !partition.is_discrete() {
                return Ok(None);
            }
            let findings = findings::find(views, axes, id, &partition, &found.splits, &policy);
            all.push(findings.map(|findings| findings.of_classes(known)));
        }
        Ok(Some(all))
    }
}

impl Read {
    /// Reads rows. Returns false if units of a class differ in them.
    fn take<E: Number>(
        &mut self,
        count: usize,
        rows: &[E],
        plan: &Plan,
        classes: &[Option<Classes>],
    ) -> bool {
        let condensed = self.condensed.get_or_insert_with(|| E::wrap(Vec::new()));
        // Numbers of another type than before cannot belong to the same parameter.
        let Some(condensed) = E::of(condensed) else { return false };
        let first = self.rows;
        self.rows += count;
        let Some(rows) = condense(rows, &plan.within, classes) else { return false };
        match &plan.along {
            Along::Units(space) if plan.left > 0 => {
                let Some(Classes { class_of, first_of, .. }) = &classes[*space] else {
                    return false;
                };
                rows.chunks_exact(plan.left).zip(first..).all(|(row, unit)| {
                    if first_of[unit] as usize == unit {
                        condensed.extend_from_slice(row);
                        return true;
                    }
                    let start = class_of[unit] as usize * plan.left;
                    E::equal_bits(row, &condensed[start..][..plan.left])
                })
            }
            Along::Kept | Along::Units(_) | Along::Flattened(_) => {
                condensed.extend_from_slice(&rows);
                true
            }
        }
    }

    /// Completes the steps that need all rows. Returns false if units of a class differ, or if a NaN makes them
    /// unequal.
    fn complete(&mut self, plan: &Plan, classes: &[Option<Classes>]) -> bool {
        let Some(elements) = &mut self.condensed else { return true };
        if let Along::Flattened(steps) = &plan.along
            && !self.wholly
        {
            let condensed = with_elements!(elements.elements(), |data| {
                condense(data, steps, classes).map(|condensed| Number::wrap(condensed.into_owned()))
            });
            match condensed {
                Some(condensed) => *elements = condensed,
                None => return false,
            }
        }
        // Units with equal bits are not twins if these are NaN.
        let any_nan = with_elements!(elements.elements(), |data| {
            data.iter().fold(false, |any, entry| any | entry.is_nan())
        });
        !(plan.condenses && any_nan)
    }
}

/// Applies the steps in order. None if units of a class differ.
fn condense<'d, E: Number>(
    data: &'d [E],
    steps: &[Condensing],
    classes: &[Option<Classes>],
) -> Option<Cow<'d, [E]>> {
    let mut condensed = Cow::Borrowed(data);
    for Condensing { space, units, run } in steps {
        let Classes { firsts, first_of, .. } = classes[*space].as_ref()?;
        let mut left = Vec::with_capacity(condensed.len() / units * firsts.len());
        for block in condensed.chunks_exact((units * run).max(1)) {
            if *run == 1 {
                let alike = match firsts[..] {
                    [_] => E::equal_bits(&block[1..], &block[..units - 1]),
                    _ => E::equal_bits_gathered(block, first_of, block),
                };
                if !alike {
                    return None;
                }
                left.extend(firsts.iter().map(|first| block[*first as usize]));
                continue;
            }
            for (unit, entries) in block.chunks_exact((*run).max(1)).enumerate() {
                let first = first_of[unit] as usize;
                if first == unit {
                    left.extend_from_slice(entries);
                } else if !E::equal_bits(entries, &block[first * run..][..*run]) {
                    return None;
                }
            }
        }
        condensed = Cow::Owned(left);
    }
    Some(condensed)
}
