//! Operations that pick or replace members by position.

use crate::axes::WidthCause;
use crate::axes::graph::Graph;
use crate::axes::operation::{SliceRange, TensorRef};
use constinit_symmetry::Role;

/// Takes some members of each axis.
pub(super) fn slice(graph: &mut Graph, x: &TensorRef, out: &TensorRef, ranges: &[SliceRange]) {
    for axis in 0..x.shape.len() {
        slice_axis(graph, x, out, ranges.get(axis), axis);
    }
}

/// Replaces some members of each axis.
pub(super) fn slice_assign(
    graph: &mut Graph,
    [x, value, out]: [&TensorRef; 3],
    ranges: &[SliceRange],
) {
    for axis in 0..x.shape.len() {
        let whole = is_whole(ranges.get(axis), axis, x, value);
        together(graph, &[x, out], axis, true);
        together(graph, &[x, value], axis, whole);
    }
}

/// Takes a range of an axis. A block unites the places of all blocks. Any other range depends on positions, so it fixes
/// the axis.
fn slice_axis(
    graph: &mut Graph,
    x: &TensorRef,
    out: &TensorRef,
    range: Option<&SliceRange>,
    axis: usize,
) {
    let [size, part] = [x.shape[axis], out.shape[axis]];
    if size != part {
        graph.count(x, axis, WidthCause::Split);
        graph.count(out, axis, WidthCause::Split);
    }
    let block = match range {
        None => true,
        Some(slice) if slice.step != 1 || part == 0 => false,
        Some(slice) => {
            let start = if slice.start < 0 { slice.start + size as isize } else { slice.start };
            usize::try_from(start).is_ok_and(|start| start.is_multiple_of(part))
        }
    };
    if block {
        graph.blocks((x, axis), (out, axis));
    } else {
        together(graph, &[x, out], axis, false);
    }
}

/// Whether a slice takes all members of an axis, in order.
fn is_whole(range: Option<&SliceRange>, axis: usize, whole: &TensorRef, part: &TensorRef) -> bool {
    let forwards = range.is_none_or(|slice| slice.step == 1);
    forwards && whole.shape[axis] == part.shape[axis]
}

/// Unites an axis of some tensors, or fixes it.
fn together(graph: &mut Graph, tensors: &[&TensorRef], axis: usize, unite: bool) {
    for tensor in tensors {
        if unite {
            graph.unite((tensors[0], axis), (tensor, axis));
        } else {
            graph.fix(tensor, axis);
        }
    }
}

/// Rows by their numbers; the tensor of numbers may have any rank.
pub(super) fn embedding(graph: &mut Graph, [weight, indices, out]: [&TensorRef; 3]) {
    graph.fix(weight, 0);
    graph.role(weight, 0, Role::Input);
    for axis in 0..indices.shape.len() {
        graph.unite((indices, axis), (out, axis));
    }
    graph.unite((weight, 1), (out, indices.shape.len()));
    graph.role(weight, 1, Role::Output);
}

/// Members by their numbers; for rows, this is an embedding.
pub(super) fn select(graph: &mut Graph, [x, indices, out]: [&TensorRef; 3], indexed: usize) {
    for axis in 0..x.shape.len() {
        if axis == indexed {
            graph.fix(x, axis);
            graph.unite((indices, 0), (out, axis));
            graph.role(x, axis, Role::Input);
        } else {
            graph.unite((x, axis), (out, axis));
            graph.role(x, axis, Role::Output);
        }
    }
}

/// Updates members by their numbers. Updates other than sums depend on the order.
pub(super) fn select_assign(
    graph: &mut Graph,
    [x, indices, value, out]: [&TensorRef; 4],
    indexed: usize,
) {
    graph.fix(indices, 0);
    graph.unite_but(x, out, &[indexed]);
    graph.unite_but(x, value, &[indexed]);
}

/// Entries by their numbers along one axis.
pub(super) fn gather(graph: &mut Graph, [x, indices, out]: [&TensorRef; 3], indexed: usize) {
    for axis in 0..x.shape.len() {
        graph.unite((indices, axis), (out, axis));
        let sizes = [x, indices].map(|tensor| tensor.shape[axis]);
        if axis == indexed {
            graph.fix(x, axis);
        } else {
            together(graph, &[x, indices], axis, sizes[0] == sizes[1]);
        }
    }
}

/// Entries added by their numbers along one axis.
pub(super) fn scatter(
    graph: &mut Graph,
    [x, indices, value, out]: [&TensorRef; 4],
    indexed: usize,
) {
    for axis in 0..x.shape.len() {
        let all = [x, out, indices, value];
        let alike = all.iter().all(|tensor| tensor.shape[axis] == x.shape[axis]);
        together(graph, &all, axis, alike && axis != indexed);
    }
}
