//! Sums and other functions of all members of an axis, and operations that go along an axis in order.
//!
//! A sum does not distinguish members. A position, such as that of the largest member, distinguishes them, and so does
//! everything that depends on an order. A maximum also distinguishes them in training: of equal members, the first one
//! gets the gradient.

use crate::axes::WidthCause;
use crate::axes::graph::Graph;
use crate::axes::operation::{
    AxisReduction, Operation, OperationKind as Kind, TensorId, TensorRef,
};
use crate::axes::union::Cause;
use std::collections::{HashMap, HashSet};

/// Reduces all entries to one.
pub(super) fn whole(graph: &mut Graph, x: &TensorRef, out: &TensorRef, by: AxisReduction) {
    graph.count_all(x, WidthCause::Reduction);
    // A result with one entry has no axis to fix. Any other result does not fit this rule.
    graph.fix_all(out, Cause::Rule);
    if picks(by) || out.shape.iter().any(|&size| size != 1) {
        graph.fix_all(x, Cause::Rule);
    }
}

/// Reduces the members of some axes to one each.
pub(super) fn along(
    graph: &mut Graph,
    x: &TensorRef,
    out: &TensorRef,
    by: AxisReduction,
    along: &[usize],
) {
    let keeps = |axis: &usize| out.shape.get(*axis) != Some(&1);
    for axis in 0..x.shape.len().max(out.shape.len()) {
        if !along.contains(&axis) {
            graph.unite((x, axis), (out, axis));
        } else if keeps(&axis) {
            graph.fix(x, axis);
            graph.fix(out, axis);
        }
    }
    for &axis in along {
        graph.count(x, axis, WidthCause::Reduction);
        if picks(by) && !(by == AxisReduction::Max && graph.is_shift(out)) {
            graph.fix(x, axis);
        }
    }
}

/// The largest member and its place. If no result depends on the maximum, none depends on its place.
pub(super) fn largest(graph: &mut Graph, x: &TensorRef, outs: [&TensorRef; 2], axis: usize) {
    let [out, places] = outs;
    along(graph, x, out, AxisReduction::Max, &[axis]);
    if !graph.is_shift(out) {
        graph.unite_but(x, places, &[axis]);
    }
}

/// Whether the gradient goes to one member only.
fn picks(by: AxisReduction) -> bool {
    match by {
        AxisReduction::Sum | AxisReduction::Symmetric => false,
        AxisReduction::Max | AxisReduction::Pick => true,
    }
}

/// The maxima that a softmax subtracts before it takes exponentials. The result of the softmax does not depend on them,
/// and Burn computes them without a gradient.
///
/// ```text
/// softmax      m = max x,  e = exp(x - m),  e / sum e
/// log softmax  m = max x,  d = x - m,       d - log sum exp d
/// quiet        m = max x,  e = exp(x - m),  e / (sum e + exp(-m))
/// ```
///
/// A number may replace a maximum that is not finite before the subtraction. If an operation returns a maximum with its
/// place, nothing may depend on the place either: `results` are the results of the model that its caller uses.
pub(in crate::axes) fn shifts(
    operations: &[Operation],
    results: &[TensorRef],
) -> HashSet<TensorId> {
    let mut readers: HashMap<TensorId, Vec<&Operation>> = HashMap::new();
    for operation in operations {
        for tensor in &operation.inputs {
            readers.entry(tensor.id).or_default().push(operation);
        }
    }
    let readers = |tensor| readers.get(&tensor).map_or(&[][..], Vec::as_slice);
    let result = |operation: &Operation| operation.outputs.first().map(|tensor| tensor.id);
    let exponentials = |tensor| {
        let exponential = |operation: &&&Operation| operation.kind == Kind::Exp;
        readers(tensor).iter().filter(exponential).filter_map(|operation| result(operation))
    };
    let is_sum = |kind: &Kind| matches!(kind, Kind::Reduce { by: AxisReduction::Sum, .. });
    let summed = |tensor| readers(tensor).iter().any(|operation| is_sum(&operation.kind));
    let normalised = |shifted| {
        let exponentials: Vec<TensorId> = exponentials(shifted).collect();
        readers(shifted).iter().all(|operation| matches!(operation.kind, Kind::Exp | Kind::Sub))
            && !exponentials.is_empty()
            && exponentials.into_iter().all(summed)
    };
    let is_shift = |of: &TensorRef, maximum: TensorId| {
        let subtracted = |operation: &&Operation| {
            let Some(made) = result(operation) else { return false };
            match (&operation.kind, operation.inputs.as_slice()) {
                (Kind::Sub, [x, shift]) => x.id == of.id && shift.id == maximum && normalised(made),
                // Its negation, whose exponential a quiet softmax adds to the sum.
                (kind, [_]) if *kind == Kind::Scale => {
                    exponentials(made).count() == readers(made).len()
                }
                (_, _) => false,
            }
        };
        readers(maximum).iter().all(subtracted)
    };
    // What replaces the maximum, if the mask that decides it is a function of the maximum and nothing else reads the
    // mask.
    let replaced = |maximum: TensorId| {
        let [of, by] = *readers(maximum) else { return None };
        let mask = (of.kind == Kind::Map).then(|| result(of))??;
        let ids: Vec<TensorId> = by.inputs.iter().map(|tensor| tensor.id).collect();
        let masked = by.kind == Kind::Combine && ids == [maximum, mask];
        (masked && readers(mask).len() == 1).then(|| result(by))?
    };
    let maxima = operations.iter().filter_map(|operation| {
        match (&operation.kind, operation.inputs.as_slice(), operation.outputs.as_slice()) {
            (Kind::Reduce { by: AxisReduction::Max, .. }, [x], [out]) => Some((x, out)),
            (Kind::MaxWithPlaces { .. }, [x], [out, places]) => {
                let read = !readers(places.id).is_empty() || results.contains(places);
                (!read).then_some((x, out))
            }
            (_, _, _) => None,
        }
    });
    let is_shift = |(x, out): &(&TensorRef, &TensorRef)| {
        is_shift(x, out.id) || replaced(out.id).is_some_and(|shift| is_shift(x, shift))
    };
    maxima.filter(is_shift).map(|(_, out)| out.id).collect()
}
