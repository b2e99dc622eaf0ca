//! The factors that a policy divides out of every unit before the comparison.

use crate::axes::Role;
use crate::element::Element;
use crate::equality_policy::{Comparison, EqualityPolicy, Normalization};
use crate::params::with_elements;
use crate::twins::seen::Seen;

/// One factor per unit: ±1 for a sign, a positive number for a scale. `None` if the policy divides nothing out.
pub(super) fn factors(
    seen: &[Seen<'_, '_>],
    units: usize,
    policy: &EqualityPolicy,
) -> Option<Vec<f64>> {
    let scale = match policy.normalization() {
        Normalization::None => return None,
        Normalization::Sign => false,
        Normalization::PositiveScale => true,
    };
    let threshold = policy.tolerance().unwrap_or(0.0);
    let decides = |x: f64| match policy.comparison() {
        Comparison::Bits if !scale => true,
        _ => x.abs() > threshold && !(scale && x.is_infinite()),
    };
    let mut factors = vec![1.0; units];
    let mut open: Vec<u32> = (0..units as u32).collect();
    for one in seen.iter().filter(|one| !scale || one.role == Role::Output) {
        with_elements!(one.view.elements(), |data| decide(one, data, &mut open, |unit, x| {
            let decided = decides(x);
            if decided {
                factors[unit as usize] = if scale { x.abs() } else { 1f64.copysign(x) };
            }
            decided
        }));
    }
    Some(factors)
}

/// Passes the entries of every open unit to `decides`, in order, until one decides.
fn decide<E: Element>(
    one: &Seen<'_, '_>,
    data: &[E],
    open: &mut Vec<u32>,
    mut decides: impl FnMut(u32, f64) -> bool,
) {
    let layout = &one.layout;
    for slab in 0..layout.slab_count {
        if open.is_empty() {
            return;
        }
        let (offset, _) = layout.slab(slab);
        open.retain(|&unit| {
            let start = offset + unit as usize * layout.units.stride;
            !(0..layout.run.len).any(|k| decides(unit, data[start + k * layout.run.stride].value()))
        });
    }
}
