//! Sums and other functions of all members of an axis, and what walks along one.
//!
//! A sum does not distinguish members. A position, as of the largest member, does, and so does
//! whatever depends on an order. So does a maximum in training: of equal members, the first one
//! gets the gradient.

use crate::axes::WidthCause;
use crate::axes::graph::Graph;
use crate::axes::operation::{Operation, OperationKind as Kind, Reduction, TensorId, TensorRef};
use crate::axes::union::Cause;
use std::collections::{HashMap, HashSet};

/// All entries become one.
pub(super) fn whole(graph: &mut Graph, x: &TensorRef, out: &TensorRef, by: Reduction) {
    graph.count_all(x, WidthCause::Reduction);
    // Of one entry, or else it is not what this rule is for.
    graph.fix_all(out, Cause::Rule);
    if picks(by) || out.shape.iter().any(|&size| size != 1) {
        graph.fix_all(x, Cause::Rule);
    }
}

/// The members of one axis become one.
pub(super) fn along(
    graph: &mut Graph,
    x: &TensorRef,
    out: &TensorRef,
    by: Reduction,
    along: usize,
) {
    graph.count(x, along, WidthCause::Reduction);
    if out.shape.get(along) == Some(&1) {
        for axis in (0..x.shape.len()).filter(|axis| *axis != along) {
            graph.unite((x, axis), (out, axis));
        }
    } else {
        graph.unite_but(x, out, &[along]);
    }
    if picks(by) && !(by == Reduction::Max && graph.is_shift(out)) {
        graph.fix(x, along);
    }
}

/// Whether the gradient goes to one member alone.
fn picks(by: Reduction) -> bool {
    match by {
        Reduction::Sum | Reduction::Symmetric => false,
        Reduction::Max | Reduction::Pick => true,
    }
}

/// The maxima that a softmax subtracts before it takes exponentials: what it gives does not depend
/// on them, and Burn takes them without a gradient.
///
/// ```text
/// softmax      m = max x,  e = exp(x - m),  e / sum e
/// log softmax  m = max x,  d = x - m,       d - log sum exp d
/// quiet        m = max x,  e = exp(x - m),  e / (sum e + exp(-m))
/// ```
pub(in crate::axes) fn shifts(operations: &[Operation]) -> HashSet<TensorId> {
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
    let is_sum = |kind: &Kind| matches!(kind, Kind::Reduce { by: Reduction::Sum, .. });
    let summed = |tensor| readers(tensor).iter().any(|operation| is_sum(&operation.kind));
    let normalised = |shifted| {
        let exponentials: Vec<TensorId> = exponentials(shifted).collect();
        readers(shifted).iter().all(|operation| matches!(operation.kind, Kind::Exp | Kind::Sub))
            && !exponentials.is_empty()
            && exponentials.into_iter().all(summed)
    };
    let is_shift = |of: &TensorRef, maximum: &TensorRef| {
        let subtracted = |operation: &&Operation| {
            let Some(made) = result(operation) else { return false };
            match (&operation.kind, operation.inputs.as_slice()) {
                (Kind::Sub, [x, shift]) => {
                    x.id == of.id && shift.id == maximum.id && normalised(made)
                }
                // Its negation, whose exponential a quiet softmax adds to the sum.
                (kind, [_]) if *kind == Kind::Scale => {
                    exponentials(made).count() == readers(made).len()
                }
                (_, _) => false,
            }
        };
        readers(maximum.id).iter().all(subtracted)
    };
    let maxima = operations.iter().filter_map(|operation| {
        match (&operation.kind, operation.inputs.as_slice(), operation.outputs.as_slice()) {
            (Kind::Reduce { by: Reduction::Max, .. }, [x], [out]) => Some((x, out)),
            (_, _, _) => None,
        }
    });
    maxima.filter(|(x, out)| is_shift(x, out)).map(|(_, out)| out.id).collect()
}
