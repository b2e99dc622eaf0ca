//! The twin classes of one space: all parameters cut them, one after another.

use super::seen::{Seen, SeenTwice};
use super::{exact, factors, gaps};
use crate::axes::{AxesSpec, Role};
use crate::classes::Classes;
use crate::element::Element;
use crate::equality_policy::{Comparison, EqualityPolicy, Normalization};
use crate::layout::{Arranged, UnitLayout};
use crate::params::with_elements;
use crate::partition::Partition;
use crate::sameness::{SameBits, SameNormalized, SameValue, Sameness};
use crate::space::{ParamId, SpaceId};

/// The twin classes of one space that refine `start`. Under a tolerance also the spread of each class, at its smallest
/// unit.
pub(crate) fn classes_of(
    spec: &AxesSpec,
    network: &Arranged<'_, '_>,
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
    for (number, (view, axes)) in network.views.iter().zip(&network.axes).enumerate() {
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
    // Short parameters first: they are cheap to read and often distinguish all units. Among parameters of equal length,
    // first those in which the entries of neighbouring units are close together.
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

/// How much of a parameter is read. A few entries of each parameter distinguish the units of a network without
/// symmetry, before any parameter is read in full.
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

/// Whether entries are divided by the factor of their unit: incoming entries are divided by a scale, outgoing ones
/// multiplied. For a sign both are the same.
fn divides(policy: &EqualityPolicy, role: Role) -> bool {
    policy.normalization() == Normalization::PositiveScale && role == Role::Output
}

/// Makes passes over all parameters until one cuts nothing. Returns a spread for every class, at its smallest unit.
fn refine_within(
    classes: &mut Classes,
    seen: &[Seen<'_, '_>],
    twice: &[SeenTwice<'_, '_>],
    factors: Option<&[f64]>,
    tolerance: f64,
    policy: &EqualityPolicy,
) -> Vec<f64> {
    let units = classes.units();
    // Indexed by unit, since classes are identified by their smallest unit.
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
        // A class that passed a whole pass without a cut needs no second pass.
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
