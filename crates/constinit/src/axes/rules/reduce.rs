//! Sums and other functions of all members of an axis, and what walks along one.
//!
//! A sum does not tell members apart. A position, as of the largest member, does, and so does
//! whatever depends on an order.

use crate::axes::graph::Graph;
use crate::axes::union::Cause;
use burn_ir::{NumericOperationIr, ReduceDimOpIr, ReduceOpIr};

pub(super) fn numeric(graph: &mut Graph, operation: &NumericOperationIr) -> bool {
    use NumericOperationIr as Op;
    match operation {
        Op::Mean(op) | Op::Sum(op) | Op::Prod(op) | Op::Max(op) | Op::Min(op) | Op::MaxAbs(op) => {
            whole(graph, op);
        }
        Op::MeanDim(op)
        | Op::SumDim(op)
        | Op::ProdDim(op)
        | Op::MaxDim(op)
        | Op::MinDim(op)
        | Op::MaxAbsDim(op) => along(graph, op),
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
    graph.axes(&op.input);
    // Of one entry, or else it is not what this rule is for.
    graph.fix_all(&op.out, Cause::Rule);
    if op.out.shape.iter().any(|&size| size != 1) {
        graph.fix_all(&op.input, Cause::Rule);
    }
}

/// The members of one axis become one.
fn along(graph: &mut Graph, op: &ReduceDimOpIr) {
    if op.out.shape.get(op.axis) != Some(&1) {
        graph.unite_but(&op.input, &op.out, &[op.axis]);
        return;
    }
    for axis in (0..op.input.shape.len()).filter(|axis| *axis != op.axis) {
        graph.unite((&op.input, axis), (&op.out, axis));
    }
}
