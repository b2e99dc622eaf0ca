//! Sums and other functions of all members of an axis, and what walks along one.
//!
//! A sum does not tell members apart. A position, as of the largest member, does, and so does
//! whatever depends on an order. So does a maximum in training: of equal members, the first one
//! gets the gradient.

use crate::axes::Counting;
use crate::axes::graph::Graph;
use crate::axes::union::Cause;
use burn_ir::{
    FloatOperationIr, NumericOperationIr, OperationIr, ReduceDimOpIr, ReduceOpIr, TensorId,
};
use std::collections::{HashMap, HashSet};

pub(super) fn numeric(graph: &mut Graph, operation: &NumericOperationIr) -> bool {
    use NumericOperationIr as Op;
    match operation {
        Op::Mean(op) | Op::Sum(op) | Op::Prod(op) => whole(graph, op),
        Op::Max(op) | Op::Min(op) | Op::MaxAbs(op) => {
            whole(graph, op);
            graph.fix_all(&op.input, Cause::Rule);
        }
        Op::MeanDim(op) | Op::SumDim(op) | Op::ProdDim(op) => along(graph, op),
        Op::MaxDim(op) if graph.is_shift(&op.out) => along(graph, op),
        Op::MaxDim(op) | Op::MinDim(op) | Op::MaxAbsDim(op) => {
            along(graph, op);
            graph.fix(&op.input, op.axis);
        }
        Op::ArgMax(op) | Op::ArgMin(op) | Op::ArgTopK(op) | Op::TopK(op) => {
            graph.unite_but(&op.input, &op.out, &[op.axis]);
        }
        Op::MaxDimWithIndices(op) | Op::MinDimWithIndices(op) => {
            graph.unite_but(&op.tensor, &op.out, &[op.dim]);
            graph.unite_but(&op.tensor, &op.out_indices, &[op.dim]);
        }
        Op::CumSum(op) | Op::CumProd(op) | Op::CumMin(op) | Op::CumMax(op) => {
            graph.unite_but(&op.input, &op.out, &[op.axis]);
        }
        _ => return false,
    }
    true
}

/// All entries become one.
fn whole(graph: &mut Graph, op: &ReduceOpIr) {
    graph.count_all(&op.input, Counting::Reduction);
    // Of one entry, or else it is not what this rule is for.
    graph.fix_all(&op.out, Cause::Rule);
    if op.out.shape.iter().any(|&size| size != 1) {
        graph.fix_all(&op.input, Cause::Rule);
    }
}

/// The members of one axis become one.
fn along(graph: &mut Graph, op: &ReduceDimOpIr) {
    graph.count(&op.input, op.axis, Counting::Reduction);
    if op.out.shape.get(op.axis) != Some(&1) {
        graph.unite_but(&op.input, &op.out, &[op.axis]);
        return;
    }
    for axis in (0..op.input.shape.len()).filter(|axis| *axis != op.axis) {
        graph.unite((&op.input, axis), (&op.out, axis));
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
pub(in crate::axes) fn shifts(operations: &[OperationIr]) -> HashSet<TensorId> {
    let mut readers: HashMap<TensorId, Vec<&OperationIr>> = HashMap::new();
    for operation in operations {
        for tensor in operation.inputs() {
            readers.entry(tensor.id).or_default().push(operation);
        }
    }
    let readers = |tensor| readers.get(&tensor).map_or(&[][..], Vec::as_slice);
    let exponentials = |tensor| {
        readers(tensor).iter().filter_map(|operation| match operation {
            OperationIr::Float(_, FloatOperationIr::Exp(op)) => Some(op.out.id),
            _ => None,
        })
    };
    let summed = |tensor| {
        let sums = |operation: &&OperationIr| {
            matches!(
                operation,
                OperationIr::NumericFloat(_, NumericOperationIr::SumDim(op)) if op.input.id == tensor
            )
        };
        readers(tensor).iter().any(sums)
    };
    let normalised = |shifted| {
        let exponentials: Vec<TensorId> = exponentials(shifted).collect();
        let taken = |operation: &&OperationIr| {
            matches!(
                operation,
                OperationIr::Float(_, FloatOperationIr::Exp(_))
                    | OperationIr::NumericFloat(_, NumericOperationIr::Sub(_))
            )
        };
        readers(shifted).iter().all(taken)
            && !exponentials.is_empty()
            && exponentials.into_iter().all(summed)
    };
    let is_shift = |op: &ReduceDimOpIr| {
        let subtracted = |operation: &&OperationIr| match operation {
            OperationIr::NumericFloat(_, NumericOperationIr::Sub(sub)) => {
                sub.lhs.id == op.input.id && sub.rhs.id == op.out.id && normalised(sub.out.id)
            }
            OperationIr::NumericFloat(_, NumericOperationIr::MulScalar(negated)) => {
                exponentials(negated.out.id).count() == readers(negated.out.id).len()
            }
            _ => false,
        };
        readers(op.out.id).iter().all(subtracted)
    };
    let maxima = operations.iter().filter_map(|operation| match operation {
        OperationIr::NumericFloat(_, NumericOperationIr::MaxDim(op)) => Some(op),
        _ => None,
    });
    maxima.filter(|op| is_shift(op)).map(|op| op.out.id).collect()
}
