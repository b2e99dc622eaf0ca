//! Breaking a symmetry without changing the function: outgoing weights of a class change by amounts that sum to zero.
//!
//! The units of a forward-lumpable class have one activation a. A unit that reads the class D sums
//!
//! ```text
//! Σ_{j in D} W[i][j] a = a Σ_{j in D} W[i][j]
//! ```
//!
//! so a change of the `W[i][j]` that keeps this sum changes no activation. But the slope that unit j gets back,
//! `Σ_i W[i][j] δ[i]`, now differs from unit to unit, and so do the gradients of the incoming weights: training
//! separates the units. (Noise on *incoming* weights, the usual advice, changes the function.)

mod scale;

use crate::axes::{AxesSpec, Role};
use crate::blocks::Blocks;
use crate::draw::Draw;
use crate::error::{SurgeryError, SymmetryError};
use crate::owned::{Number, OwnedElements, OwnedParam};
use crate::parallel;
use crate::params::{ParamView, strides};
use crate::partition::Partition;
use crate::space::{ClassId, UnitIndex};
use crate::symmetry::Symmetry;
use crate::text::number;
use crate::twins::twins;

pub use scale::BreakScale;

/// A network with the same function whose units differ.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokenSymmetry {
    params: Vec<OwnedParam>,
    separated: usize,
    largest_change: f64,
    inseparable: Vec<Inseparable>,
}

/// A class of several units that were not all separated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inseparable {
    /// The name of the space.
    pub space: String,
    /// The class.
    pub class: ClassId,
    /// Its units.
    pub units: Vec<UnitIndex>,
    /// Why they were not separated.
    pub reason: Obstacle,
}

/// Why a change of outgoing weights could not separate the units of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Obstacle {
    /// No parameter reads the space, so it has no outgoing weights: it is the last layer.
    Unread,
    /// No parameter produces the space: its units are inputs. Two inputs with equal outgoing weights may still be
    /// different inputs, so a change of these weights would change the function.
    Unproduced,
    /// The space is on an axis of unknown role, so outgoing weights cannot be distinguished from others.
    UnknownRole,
    /// The weights cannot represent enough different changes: the scale is 0 or close to the distance of neighbouring
    /// numbers, the weights are not finite, or the parameters that read the space have no entries.
    NoRoom,
}

impl std::fmt::Display for Obstacle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unread => "no parameter reads the space",
            Self::Unproduced => {
                "no parameter produces the space, so its units are inputs, and inputs differ"
            }
            Self::UnknownRole => "the space is on an axis of unknown role",
            Self::NoRoom => {
                "the weights that read the space cannot represent changes of this scale"
            }
        })
    }
}

/// Changes outgoing weights within classes by amounts up to `scale` that sum to zero. The function stays the same, and
/// the gradients of the units differ. The scale is one number, or a share of the norm of each class ([`BreakScale`]).
///
/// In every parameter (f32, f64, f16 or bf16), the sum over every class is, as a real number, exactly what it was
/// before. The changes depend only on the seed, the path of the parameter and its numbers.
///
/// **How much.** Units are paired at random, independently for each place that reads them. One unit of a pair gains
/// what the other loses. If the number of units is odd, one unit keeps its weight. The amounts differ: the amount of
/// pair `k` of `n`, counted from 1, is drawn uniformly from
///
/// ```text
/// (k - 1/2) scale / n <= amount < k scale / n
/// ```
///
/// so the largest amount is at least `(1 - 1/2n) scale`. In floats the sum is kept *exactly*: an amount is rounded to
/// one for which both new weights are numbers of the parameter's type. If no amount of this size is possible, it is
/// halved until one is. (A change that is large compared with two equal weights loses bits of their sum, unless the
/// weights have few bits.)
///
/// **What cannot be separated** is reported ([`Inseparable`]): units that no parameter reads (outputs) or produces
/// (inputs), units of a space with an axis of unknown role, and units whose weights cannot represent a change of this
/// scale. Units whose outgoing weights are all *zero* can be separated: before, their incoming weights get no gradient;
/// afterwards, with outgoing weights that sum to zero, they get one. The function does not see what the axes do not
/// show: units that are dead for another reason (a ReLU that is never positive) get different weights, but their
/// gradients stay zero.
///
/// # Errors
///
/// - [`SurgeryError::BadScale`] for a scale that is negative or not finite;
/// - as [`spreads`](crate::spreads), where `params` are not the parameters of the spec of `classes`;
/// - [`SurgeryError::SumsDiffer`] if the classes are not forward-lumpable in these parameters: the function would
///   change. Inputs, and units of spaces with an axis of unknown role, count as different here.
///
/// # Complexity
///
/// That of [`collapse`](crate::collapse()), and a search for twins in the new parameters.
///
/// # Examples
///
/// ```
/// use constinit_symmetry::{AxesSpec, ParamView, break_symmetry, layers, twins};
///
/// let params = [
///     ParamView::new("l1.weight", &[2, 1], &[1.0_f32, 1.0])?,
///     ParamView::new("l2.weight", &[1, 2], &[0.5_f32, 0.5])?,
/// ];
/// let spec = AxesSpec::builder()
///     .space("hidden", 2)
///     .layer(layers::dense("l1", "", "hidden").without_bias())
///     .layer(layers::dense("l2", "hidden", "").without_bias())
///     .build(params.iter().map(ParamView::signature))?;
///
/// let broken = break_symmetry(&twins(&spec, &params)?, &params, 0.25, 7)?;
/// let outgoing = broken.params()[1].view().to_f64();
/// assert!(outgoing[0] != outgoing[1] && (outgoing[0] - 0.5).abs() <= 0.25);
/// assert_eq!(outgoing[0] + outgoing[1], 1.0);
/// assert!(broken.inseparable().is_empty());
/// # Ok::<(), constinit_symmetry::SymmetryError>(())
/// ```
pub fn break_symmetry(
    classes: &Symmetry,
    params: &[ParamView<'_>],
    scale: impl Into<BreakScale>,
    seed: u64,
) -> Result<BrokenSymmetry, SymmetryError> {
    let scale = scale.into();
    let (BreakScale::Largest(size) | BreakScale::OfNorm(size)) = scale;
    if !(size.is_finite() && size >= 0.0) {
        return Err(SurgeryError::BadScale { scale: size }.into());
    }
    let spec = classes.spec();
    let views = spec.arrange(params)?;
    let stands = Stands::of(spec);
    let alone: Vec<Partition> =
        spec.spaces().iter().map(|space| Partition::all_alone(space.units())).collect();
    let mut known = classes.partitions();
    for ((partition, alone), stands) in known.iter_mut().zip(&alone).zip(&stands) {
        if stands.may_differ() {
            *partition = alone;
        }
    }
    let scales = scale::scales(spec, params, &known, scale)?;
    let changed = parallel::map(0..spec.params().len(), 1, |number| {
        let (param, view) = (&spec.params()[number], views[number]);
        let (path, shape) = (param.path(), param.shape());
        let blocks = Blocks::new(spec, param, &strides(shape), &known);
        let mut elements = OwnedParam::from(view).into_elements();
        let mut draw = Draw::new(seed, path);
        let largest = match &mut elements {
            OwnedElements::F32(data) => change(data, &blocks, &scales, &mut draw),
            OwnedElements::F64(data) => change(data, &blocks, &scales, &mut draw),
            OwnedElements::F16(data) => change(data, &blocks, &scales, &mut draw),
            OwnedElements::Bf16(data) => change(data, &blocks, &scales, &mut draw),
        }?;
        Ok((OwnedParam::new(path, shape, elements), largest))
    });
    let changed: Vec<(OwnedParam, f64)> =
        changed.into_iter().collect::<Result<_, SymmetryError>>()?;
    let largest_change = changed.iter().map(|(_, change)| *change).fold(0.0, f64::max);
    let params: Vec<OwnedParam> = changed.into_iter().map(|(param, _)| param).collect();
    let (separated, inseparable) = judge(classes, &params, &stands)?;
    Ok(BrokenSymmetry { params, separated, largest_change, inseparable })
}

/// Which roles the axes over a space have.
#[derive(Clone, Copy, Default)]
struct Stands {
    read: bool,
    produced: bool,
    unknown: bool,
}

impl Stands {
    fn of(spec: &AxesSpec) -> Vec<Self> {
        let mut stands = vec![Self::default(); spec.spaces().len()];
        for axis in spec.params().iter().flat_map(|param| param.axes()) {
            if let Some(id) = axis.axis.space() {
                stands[id.get()].read |= axis.role == Role::Input;
                stands[id.get()].produced |= axis.role == Role::Output;
                stands[id.get()].unknown |= axis.role == Role::Unknown;
            }
        }
        stands
    }

    /// Whether the units of a class may have different activations, as far as the axes show.
    fn may_differ(self) -> bool {
        self.unknown || !self.produced
    }
}

/// The number of classes of several units that are fully separated, and the others with the reason.
fn judge(
    classes: &Symmetry,
    params: &[OwnedParam],
    stands: &[Stands],
) -> Result<(usize, Vec<Inseparable>), SymmetryError> {
    let views: Vec<ParamView<'_>> = params.iter().map(OwnedParam::view).collect();
    let now = twins(classes.spec(), &views)?;
    let (mut separated, mut inseparable) = (0, Vec::new());
    for (space, now) in classes.spaces().iter().zip(now.spaces()) {
        let stands = stands[space.id().get()];
        let reason = match stands {
            Stands { unknown: true, .. } => Some(Obstacle::UnknownRole),
            Stands { read: false, .. } => Some(Obstacle::Unread),
            Stands { produced: false, .. } => Some(Obstacle::Unproduced),
            _ => None,
        };
        let several = space.partition().classes().enumerate().filter(|(_, units)| units.len() > 1);
        for (class, units) in several {
            let alone = |unit: &UnitIndex| {
                now.partition()
                    .class_of(*unit)
                    .is_some_and(|c| now.partition().members(c).len() == 1)
            };
            match reason {
                None if units.iter().all(alone) => separated += 1,
                _ => inseparable.push(Inseparable {
                    space: space.name().into(),
                    class: ClassId::at(class),
                    units: units.into(),
                    reason: reason.unwrap_or(Obstacle::NoRoom),
                }),
            }
        }
    }
    Ok((separated, inseparable))
}

/// Changes the entries along every input axis of a parameter. Returns the largest change.
fn change<T: Number>(
    data: &mut [T],
    blocks: &Blocks<'_>,
    scales: &[Vec<f64>],
    draw: &mut Draw,
) -> Result<f64, SymmetryError> {
    blocks.check_outputs(data)?;
    let mut summed = Vec::new();
    blocks.each_block(|block| summed.extend((block.summed > 0).then_some(block)));
    let mut largest = 0.0_f64;
    for block in summed {
        let (classes, first) = (blocks.classes(block.number), block.first);
        for axis in blocks.merging_as(Role::Input, &classes) {
            let Some(space) = blocks.space(axis) else { continue };
            let scale = scales[space.get()][classes[axis]];
            let mut members = blocks.offsets(&classes, &[axis]);
            for at in blocks.offsets(&classes, &blocks.others(&[axis])) {
                draw.shuffle(&mut members);
                let pairs = members.len() / 2;
                for (number, pair) in members.as_chunks::<2>().0.iter().enumerate() {
                    // In the upper half of its interval, so that no amount is close to 0.
                    let stretch = number as f64 + 0.5 + draw.uniform() / 2.0;
                    let amount = scale * stretch / pairs as f64;
                    let [a, b] = pair.map(|by| first + at + by);
                    let before = data[a].value();
                    [data[a], data[b]] = exchange([data[a], data[b]], amount, scale);
                    largest = largest.max((data[a].value() - before).abs());
                }
            }
        }
    }
    Ok(largest)
}

/// Moves one of two numbers away from 0 by the amount, or by half of it, or a quarter, ..., and changes the other so
/// that the sum stays exactly the same. Returns the numbers unchanged if no such amount exists. Neither changes by more
/// than `most`, rounding included.
fn exchange<T: Number>([a, b]: [T; 2], amount: f64, most: f64) -> [T; 2] {
    let before = two_sum(a.value(), b.value());
    // The number that grows has the coarser last place: round it first, and let the other take the rest.
    let grow = |grows: T, follows: T, amount: f64| {
        let (x, y) = (grows.value(), follows.value());
        let grown = T::rounded(x + amount.copysign(x));
        (grown, T::rounded(y - (grown.value() - x)))
    };
    let fits = |old: T, grown: T| {
        let (change, rest) = two_sum(grown.value(), -old.value());
        let size = change.abs();
        change != 0.0 && (size < most || (size == most && rest * change.signum() <= 0.0))
    };
    let mut amount = amount;
    loop {
        let (a_grown, b_follows) = grow(a, b, amount);
        if two_sum(a_grown.value(), b_follows.value()) == before && fits(a, a_grown) {
            return [a_grown, b_follows];
        }
        let (b_grown, a_follows) = grow(b, a, amount);
        if two_sum(a_follows.value(), b_grown.value()) == before && fits(b, b_grown) {
            return [a_follows, b_grown];
        }
        // An amount below the last places of both numbers changes nothing, and a NaN never changes.
        let moves = a_grown.value() != a.value() || b_grown.value() != b.value();
        if !(moves && amount > 0.0 && before.0.is_finite()) {
            return [a, b];
        }
        amount /= 2.0;
    }
}

/// The rounded sum of two numbers and its rounding error. Two pairs have equal results exactly if their sums are equal.
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    (sum, (a - (sum - of_b)) + (b - of_b))
}

/// `1 class separated by changes of at most 0.25`, then each class that was not separated, with the reason.
impl std::fmt::Display for BrokenSymmetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (count, change) = (self.separated, self.largest_change);
        let classes = if count == 1 { "class" } else { "classes" };
        write!(f, "{count} {classes} separated by changes of at most {}", number(change, 4))?;
        self.inseparable.iter().try_for_each(|class| write!(f, "; {class}"))
    }
}

/// `4 units of hidden1: no parameter reads the space`
impl std::fmt::Display for Inseparable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} units of {}: {}", self.units.len(), self.space, self.reason)
    }
}

impl BrokenSymmetry {
    /// The new parameters, in the order of the spec and in their own types.
    pub fn params(&self) -> &[OwnedParam] {
        &self.params
    }

    /// The new parameters.
    pub fn into_params(self) -> Vec<OwnedParam> {
        self.params
    }

    /// The number of classes of several units in which no unit has a twin any more.
    pub fn separated(&self) -> usize {
        self.separated
    }

    /// The largest change of an entry.
    pub fn largest_change(&self) -> f64 {
        self.largest_change
    }

    /// The classes of several units in which some units were not separated, and why.
    pub fn inseparable(&self) -> &[Inseparable] {
        &self.inseparable
    }
}
