//! Twins: units that can be swapped without changing any parameter.
//!
//! Units u and v of one space are twins where the swap of u and v leaves every parameter unchanged: for every
//! parameter P with one axis on the space and all other indices i,
//!
//! ```text
//! P[u, i] = P[v, i]
//! ```
//!
//! and where the space stands on several axes of P, the swap acts on all of them at once. Being twins is an
//! equivalence, the spaces do not influence each other, and the partition into twins is the coarsest one on which
//! every parameter is block-constant. Then every gradient is block-constant too, whatever the loss and the data, so
//! every optimizer that treats all entries alike keeps twins twins; see [`certificate`](crate::certificate).
//!
//! # References
//!
//! Lazy refinement by first differences is the radix-like string sorting of Bentley and Sedgewick, "Fast Algorithms
//! for Sorting and Searching Strings" (1997), without the sorting.

mod boxes;
mod exact;
mod factors;
mod gaps;
mod rows;
mod short;
mod slab;
mod swaps;

use crate::axes::{AxesSpec, Role};
use crate::classes::Classes;
use crate::element::Element;
use crate::equality_policy::{Comparison, EqualityPolicy, Normalization};
use crate::error::{SearchError, SymmetryError};
use crate::findings;
use crate::layout::{LogicalAxis, UnitLayout, logical_axes};
use crate::lumping::given_partitions;
use crate::parallel;
use crate::params::{ParamView, with_elements};
use crate::partition::Partition;
use crate::sameness::{SameBits, SameNormalized, SameValue, Sameness};
use crate::space::{ClassId, ParamId, SpaceId};
use crate::symmetry::{SpaceSymmetry, Symmetry, SymmetryKind};

/// The partition of every space into twins, bit for bit.
///
/// 0.0 and -0.0 differ, and a unit that holds a NaN is alone and [reported](SpaceSymmetry::nans); for other
/// meanings of "equal" see [`twins_with`].
///
/// # Errors
///
/// Where the parameters are not those that the spec was built for: one is missing, given twice, unknown or of
/// another shape.
///
/// # Complexity
///
/// Every entry is read at most once for each axis with a space, and no entry of a unit after the unit is alone: a
/// network without symmetry costs a few cache lines a unit. A parameter on which a space stands twice costs O(n)
/// for each pair of a unit and a class that the other parameters do not tell apart, mostly less.
///
/// # Examples
///
/// ```
/// use constinit_symmetry::{AxesSpec, ParamView, layers, twins};
///
/// // Two units with one weight row, one bias, and equal outgoing weights; a third with another bias.
/// let params = [
///     ParamView::new("linear1.weight", &[3, 2], &[1.0_f32, 2.0, 1.0, 2.0, 1.0, 2.0])?,
///     ParamView::new("linear1.bias", &[3], &[0.5_f32, 0.5, 0.25])?,
///     ParamView::new("linear2.weight", &[1, 3], &[1.0_f32, 1.0, 1.0])?,
/// ];
/// let spec = AxesSpec::builder()
///     .space("hidden1", 3)
///     .layer(layers::dense("linear1", "", "hidden1"))
///     .layer(layers::dense("linear2", "hidden1", "").without_bias())
///     .build(params.iter().map(ParamView::signature))?;
///
/// let hidden = twins(&spec, &params)?.space("hidden1").unwrap().clone();
/// assert_eq!(hidden.effective_width(), 2);
/// let witness = hidden.witnesses().next().unwrap();
/// assert_eq!(witness.parameter(), "linear1.bias");
/// assert_eq!(witness.values(), [0.5, 0.25]);
/// # Ok::<(), constinit_symmetry::SymmetryError>(())
/// ```
pub fn twins(spec: &AxesSpec, params: &[ParamView<'_>]) -> Result<Symmetry, SymmetryError> {
    twins_with(spec, params, &EqualityPolicy::bits())
}

/// The partition of every space into twins under a policy.
///
/// # Errors
///
/// As [`twins`]; [`SymmetryError::UnknownRole`] where [`EqualityPolicy::up_to_positive_scale`] meets an axis of unknown
/// role, and [`SearchError::ScaleOnTwoAxes`](crate::SearchError::ScaleOnTwoAxes) where it meets a space that stands twice on one parameter.
///
/// # Complexity
///
/// As [`twins`] for the exact comparisons. With a tolerance all entries of live units are read in every pass, O(m) a
/// pass and O(m log n) where there is something to cut; passes are repeated until one cuts nothing.
pub fn twins_with(
    spec: &AxesSpec,
    params: &[ParamView<'_>],
    policy: &EqualityPolicy,
) -> Result<Symmetry, SymmetryError> {
    twins_refining(spec, params, policy, &[])
}

/// The partition of every space into twins among the units of given classes.
///
/// `start` names spaces and cuts each of them beforehand: only units of one class of it are compared, and the result
/// refines it. A space that is not named starts as one class. So a large parameter can be handed over in pieces, one
/// after the other, each starting from the classes that the pieces before it left.
///
/// # Errors
///
/// As [`twins_with`]; [`SearchError::UnknownInputSpace`](crate::SearchError::UnknownInputSpace) and [`SearchError::InputPartitionSize`](crate::SearchError::InputPartitionSize) for a start that
/// does not fit the spec.
///
/// # Complexity
///
/// As [`twins_with`], but that no entry of a unit that starts alone is read.
///
/// # Examples
///
/// ```
/// use constinit_symmetry::{AxesSpec, ParamView, Partition, EqualityPolicy, output, input, twins_refining};
///
/// let spec = AxesSpec::builder()
///     .space("hidden", 4)
///     .param("w", [output("hidden"), input("")])
///     .build([("w", &[4, 1][..])])?;
/// let w = [ParamView::new("w", &[4, 1], &[1.0_f32, 1.0, 1.0, 2.0])?];
/// // Unit 0 was told apart before.
/// let start = [("hidden", Partition::from_labels(&['a', 'b', 'b', 'b'])?)];
/// let found = twins_refining(&spec, &w, &EqualityPolicy::bits(), &start)?;
/// let classes = Partition::from_labels(&['a', 'b', 'b', 'c'])?;
/// assert_eq!(found.spaces()[0].partition(), &classes);
/// # Ok::<(), constinit_symmetry::SymmetryError>(())
/// ```
pub fn twins_refining(
    spec: &AxesSpec,
    params: &[ParamView<'_>],
    policy: &EqualityPolicy,
    start: &[(&str, Partition)],
) -> Result<Symmetry, SymmetryError> {
    let views = spec.arrange(params)?;
    let start = given_partitions(spec, start)?;
    let axes: Vec<Vec<LogicalAxis>> = spec
        .params()
        .iter()
        .zip(&views)
        .map(|(param, view)| logical_axes(spec, param, view))
        .collect();
    if policy.normalization() == Normalization::PositiveScale {
        check_scalable(spec, &axes)?;
    }
    let spaces = parallel::map(0..spec.spaces().len(), 1, |number| {
        one_space(spec, &views, &axes, SpaceId::at(number), policy, start[number])
    });
    Ok(Symmetry::new(SymmetryKind::Twins, *policy, spec.clone(), spaces))
}

fn check_scalable(spec: &AxesSpec, axes: &[Vec<LogicalAxis>]) -> Result<(), SymmetryError> {
    for (param, axes) in spec.params().iter().zip(axes) {
        for (number, axis) in axes.iter().enumerate() {
            let Some(id) = axis.space else { continue };
            let space = spec.space(id).name();
            if axes[..number].iter().any(|other| other.space == Some(id)) {
                return Err(SearchError::ScaleOnTwoAxes {
                    space: space.into(),
                    parameter: param.path().into(),
                }
                .into());
            }
            if axis.role == Role::Unknown {
                return Err(SymmetryError::UnknownRole {
                    space: space.into(),
                    place: format!("axis {} of `{}`", axis.number, param.path()),
                    needed_by: "a comparison up to positive scale",
                });
            }
        }
    }
    Ok(())
}

/// A parameter as seen from its one axis with the space.
pub(crate) struct Seen<'p, 'a> {
    pub param: u32,
    pub view: &'p ParamView<'a>,
    pub role: Role,
    pub layout: UnitLayout,
}

/// A parameter on which the space stands several times.
struct SeenTwice<'p, 'a> {
    param: u32,
    view: &'p ParamView<'a>,
    axes: &'p [LogicalAxis],
    along: Vec<usize>,
}

impl<'d> SeenTwice<'_, 'd> {
    fn swaps<'f, E: Element>(
        &self,
        data: &'f [E],
        signs: Option<&'f [f64]>,
        policy: &EqualityPolicy,
    ) -> swaps::Swaps<'f, E>
    where
        'd: 'f,
    {
        swaps::Swaps::new(self.param, data, self.axes, &self.along, signs, policy.comparison())
    }
}

fn one_space(
    spec: &AxesSpec,
    views: &[&ParamView<'_>],
    axes: &[Vec<LogicalAxis>],
    id: SpaceId,
    policy: &EqualityPolicy,
    start: Option<&Partition>,
) -> SpaceSymmetry {
    let (classes, spreads) = classes_of(spec, views, axes, id, policy, start);
    let partition = classes.partition();
    let spreads = partition
        .representatives()
        .zip(partition.sizes())
        .enumerate()
        .filter_map(|(class, (first, size))| {
            let spread = *spreads.get(first.get())?;
            (size > 1 && spread > 0.0).then_some((ClassId::at(class), spread))
        })
        .collect();
    let findings = findings::find(views, axes, id, &partition, &classes.splits, policy);
    SpaceSymmetry::new(spec, id, partition, classes, spreads, findings)
}

/// The twin classes of one space among the units of the classes of `start`, and under a tolerance a spread for each at
/// its smallest unit.
pub(crate) fn classes_of(
    spec: &AxesSpec,
    views: &[&ParamView<'_>],
    axes: &[Vec<LogicalAxis>],
    id: SpaceId,
    policy: &EqualityPolicy,
    start: Option<&Partition>,
) -> (Classes, Vec<f64>) {
    let space = spec.space(id);
    if space.is_fixed() {
        return (Classes::discrete(space.units()), Vec::new());
    }
    let mut seen = Vec::new();
    let mut twice = Vec::new();
    for (number, (view, axes)) in views.iter().zip(axes).enumerate() {
        let along: Vec<usize> = (0..axes.len()).filter(|&n| axes[n].space == Some(id)).collect();
        let (param, view) = (ParamId::at(number).0, *view);
        match along[..] {
            [] => {}
            [along] => seen.push(Seen {
                param,
                view,
                role: axes[along].role,
                layout: UnitLayout::new(axes, along),
            }),
            _ => twice.push(SeenTwice { param, view, axes, along }),
        }
    }
    let factors = factors::factors(&seen, space.units(), policy);
    // Short parameters first: they are cheap to read and often tell all units apart. Among equals, those whose first
    // entries are neighbours.
    seen.sort_by_key(|one| (one.layout.entries_per_unit(), one.layout.units.stride, one.param));

    let mut classes = match start {
        Some(start) => Classes::within(start),
        None => Classes::one(space.units()),
    };
    let spreads = match policy.tolerance() {
        None => {
            refine_exactly(&mut classes, &seen, &twice, factors.as_deref(), policy);
            Vec::new()
        }
        Some(tolerance) => {
            refine_within(&mut classes, &seen, &twice, factors.as_deref(), tolerance, policy)
        }
    };
    (classes, spreads)
}

/// Refines by the values of one parameter along one of its axes, whatever the other axes range over.
pub(crate) fn refine_by_entries(
    classes: &mut Classes,
    param: ParamId,
    view: &ParamView<'_>,
    layout: &UnitLayout,
) {
    with_elements!(view.elements(), |data| exact::refine(
        classes, param.0, data, layout, SameValue
    ));
}

fn refine_exactly(
    classes: &mut Classes,
    seen: &[Seen<'_, '_>],
    twice: &[SeenTwice<'_, '_>],
    factors: Option<&[f64]>,
    policy: &EqualityPolicy,
) {
    for depth in [Depth::Glimpse, Depth::Whole] {
        for one in seen {
            with_elements!(one.view.elements(), |data| {
                refine_one(classes, one, depth, data, factors, policy);
            });
        }
    }
    for one in twice {
        with_elements!(one.view.elements(), |data| one
            .swaps(data, factors, policy)
            .refine(classes));
    }
}

/// How much of a parameter is read. A glimpse of every one tells the units of a network without symmetry apart
/// before any is read at length.
#[derive(Clone, Copy)]
enum Depth {
    Glimpse,
    Whole,
}

fn refine_one<E: Element>(
    classes: &mut Classes,
    one: &Seen<'_, '_>,
    depth: Depth,
    data: &[E],
    factors: Option<&[f64]>,
    policy: &EqualityPolicy,
) {
    let by_value = policy.comparison() != Comparison::Bits;
    match factors {
        Some(factors) => {
            let divide = divides(policy, one.role);
            refine_as(classes, one, depth, data, SameNormalized { factors, divide, by_value });
        }
        None if by_value => refine_as(classes, one, depth, data, SameValue),
        None => refine_as(classes, one, depth, data, SameBits),
    }
}

fn refine_as<E: Element, S: Sameness<E>>(
    classes: &mut Classes,
    one: &Seen<'_, '_>,
    depth: Depth,
    data: &[E],
    sameness: S,
) {
    match depth {
        Depth::Glimpse => exact::glimpse(classes, one.param, data, &one.layout, sameness),
        Depth::Whole => exact::refine(classes, one.param, data, &one.layout, sameness),
    }
}

/// Incoming entries are divided by a unit's scale, outgoing ones multiplied; a sign is its own inverse.
fn divides(policy: &EqualityPolicy, role: Role) -> bool {
    policy.normalization() == Normalization::PositiveScale && role == Role::Output
}

/// Passes over all parameters until one cuts nothing; returns a spread for every class, at its smallest unit.
fn refine_within(
    classes: &mut Classes,
    seen: &[Seen<'_, '_>],
    twice: &[SeenTwice<'_, '_>],
    factors: Option<&[f64]>,
    tolerance: f64,
    policy: &EqualityPolicy,
) -> Vec<f64> {
    let units = classes.units();
    // By the number of the unit, as are classes: a start may have left some units alone.
    let mut settled = vec![false; units];
    let mut spreads = vec![0.0; units];
    loop {
        let mut before: Vec<(u32, usize)> =
            classes.iter().map(|class| (class[0], class.len())).collect();
        before.sort_unstable();
        for &(first, _) in before.iter().filter(|(first, _)| !settled[*first as usize]) {
            spreads[first as usize] = 0.0;
        }
        let splits = classes.splits.len();
        for one in seen {
            let divide = divides(policy, one.role);
            with_elements!(one.view.elements(), |data| {
                let values =
                    gaps::Values { param: one.param, data, layout: &one.layout, factors, divide };
                gaps::refine(classes, &settled, &mut spreads, &values, tolerance);
            });
        }
        for one in twice {
            with_elements!(one.view.elements(), |data| {
                one.swaps(data, factors, policy).refine(classes);
            });
        }
        if classes.splits.len() == splits {
            break;
        }
        // A class that went through a whole pass without a cut needs no second one.
        for class in classes.iter() {
            if before.binary_search(&(class[0], class.len())).is_ok() {
                settled[class[0] as usize] = true;
            }
        }
    }
    for one in twice {
        with_elements!(one.view.elements(), |data| {
            let swaps = one.swaps(data, factors, policy);
            for class in classes.iter() {
                let spread = &mut spreads[class[0] as usize];
                *spread = spread.max(swaps.spread(class));
            }
        });
    }
    spreads
}
