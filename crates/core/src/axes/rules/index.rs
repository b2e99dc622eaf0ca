//! What picks or replaces members by position.

use crate::axes::Counting;
use crate::axes::graph::Graph;
use burn::tensor::Slice;
use burn_ir::{
    BaseOperationIr, GatherOpIr, ScatterOpIr, SelectAssignOpIr, SelectOpIr, SliceOpIr, TensorIr,
};
use constinit_symmetry::Role;

pub(super) fn base(graph: &mut Graph, operation: &BaseOperationIr) -> bool {
    use BaseOperationIr as Op;
    match operation {
        Op::Slice(op) => {
            for axis in 0..op.tensor.shape.len() {
                slice(graph, op, axis);
            }
        }
        Op::SliceAssign(op) => {
            for axis in 0..op.tensor.shape.len() {
                let whole = is_whole(&op.ranges, axis, &op.tensor, &op.value);
                together(graph, &[&op.tensor, &op.out], axis, true);
                together(graph, &[&op.tensor, &op.value], axis, whole);
            }
        }
        Op::Select(op) => select(graph, op),
        Op::SelectAssign(op) => select_assign(graph, op),
        Op::Gather(op) => gather(graph, op),
        Op::Scatter(op) => scatter(graph, op),
        _ => return false,
    }
    true
}

/// A block of an axis: the places of all blocks go together. Other parts are taken by position.
fn slice(graph: &mut Graph, op: &SliceOpIr, axis: usize) {
    let [size, part] = [op.tensor.shape[axis], op.out.shape[axis]];
    if size != part {
        graph.count(&op.tensor, axis, Counting::Split);
        graph.count(&op.out, axis, Counting::Split);
    }
    let block = match op.ranges.get(axis) {
        None => true,
        Some(slice) if slice.step != 1 || part == 0 => false,
        Some(slice) => {
            let start = if slice.start < 0 { slice.start + size as isize } else { slice.start };
            usize::try_from(start).is_ok_and(|start| start.is_multiple_of(part))
        }
    };
    if block {
        graph.blocks((&op.tensor, axis), (&op.out, axis));
    } else {
        together(graph, &[&op.tensor, &op.out], axis, false);
    }
}

/// Whether a slice takes all members of an axis, in order.
fn is_whole(ranges: &[Slice], axis: usize, whole: &TensorIr, part: &TensorIr) -> bool {
    let forwards = ranges.get(axis).is_none_or(|slice| slice.step == 1);
    forwards && whole.shape[axis] == part.shape[axis]
}

/// Unites an axis of some tensors, or else fixes it.
fn together(graph: &mut Graph, tensors: &[&TensorIr], axis: usize, unite: bool) {
    for tensor in tensors {
        if unite {
            graph.unite((tensors[0], axis), (tensor, axis));
        } else {
            graph.fix(tensor, axis);
        }
    }
}

/// `out[.., i, ..] = tensor[.., indices[i], ..]`. This is an embedding, too.
fn select(graph: &mut Graph, op: &SelectOpIr) {
    for axis in 0..op.tensor.shape.len() {
        if axis == op.dim {
            graph.fix(&op.tensor, axis);
            graph.unite((&op.indices, 0), (&op.out, axis));
            graph.role(&op.tensor, axis, Role::Input);
        } else {
            graph.unite((&op.tensor, axis), (&op.out, axis));
            graph.role(&op.tensor, axis, Role::Output);
        }
    }
}

/// `tensor[.., indices[i], ..] += value[.., i, ..]`; other updates depend on the order.
fn select_assign(graph: &mut Graph, op: &SelectAssignOpIr) {
    graph.fix(&op.indices, 0);
    graph.unite_but(&op.tensor, &op.out, &[op.dim]);
    graph.unite_but(&op.tensor, &op.value, &[op.dim]);
}

/// `out[i, j] = tensor[indices[i, j], j]` for axis 0.
fn gather(graph: &mut Graph, op: &GatherOpIr) {
    for axis in 0..op.tensor.shape.len() {
        graph.unite((&op.indices, axis), (&op.out, axis));
        let sizes = [&op.tensor, &op.indices].map(|tensor| tensor.shape[axis]);
        if axis == op.dim {
            graph.fix(&op.tensor, axis);
        } else {
            together(graph, &[&op.tensor, &op.indices], axis, sizes[0] == sizes[1]);
        }
    }
}

/// `out = tensor; out[indices[i, j], j] += value[i, j]` for axis 0.
fn scatter(graph: &mut Graph, op: &ScatterOpIr) {
    for axis in 0..op.tensor.shape.len() {
        let all = [&op.tensor, &op.out, &op.indices, &op.value];
        let alike = all.iter().all(|tensor| tensor.shape[axis] == op.tensor.shape[axis]);
        together(graph, &all, axis, alike && axis != op.dim);
    }
}
