//! The same entries in another arrangement.

use crate::axes::Counting;
use crate::axes::graph::Graph;
use crate::axes::union::Part;
use burn_ir::{BaseOperationIr, RepeatDimOpIr, ShapeOpIr, TensorIr};

pub(super) fn base(graph: &mut Graph, operation: &BaseOperationIr) -> bool {
    use BaseOperationIr as Op;
    match operation {
        Op::Reshape(op) => reshape(graph, op),
        Op::SwapDims(op) => {
            let mut axes: Vec<usize> = (0..op.input.shape.len()).collect();
            axes.swap(op.dim1, op.dim2);
            permute(graph, &op.input, &op.out, &axes);
        }
        Op::Permute(op) => permute(graph, &op.input, &op.out, &op.axes),
        Op::Flip(op) => graph.unite_but(&op.input, &op.out, &op.axes),
        Op::Expand(op) => expand(graph, op),
        Op::RepeatDim(op) => repeat(graph, op),
        Op::Unfold(op) => {
            for axis in 0..op.out.shape.len() {
                if axis == op.dim || axis >= op.input.shape.len() {
                    graph.fix(&op.out, axis);
                } else {
                    graph.unite((&op.input, axis), (&op.out, axis));
                }
            }
            graph.fix(&op.input, op.dim);
        }
        Op::Cat(op) if op.tensors.len() > 1 => concatenate(graph, &op.tensors, &op.out, op.dim),
        Op::Cat(op) => {
            for tensor in &op.tensors {
                graph.unite_but(tensor, &op.out, &[]);
            }
        }
        _ => return false,
    }
    true
}

/// Both shapes number the same entries: the products of their axes agree.
fn reshape(graph: &mut Graph, op: &ShapeOpIr) {
    let [from, to] = [&op.input, &op.out].map(|tensor| graph.long_axes(tensor));
    graph.parts.unite(&from, &to);
    count_split(graph, &from, &to);
    // A view where only axes of one member come or go.
    let long = |shape: &[usize]| -> Vec<usize> {
        (0..shape.len()).filter(|&axis| shape[axis] != 1).collect()
    };
    let [from, to] = [long(&op.input.shape), long(&op.out.shape)];
    let same = |(&i, &j): (&usize, &usize)| op.input.shape[i] == op.out.shape[j];
    if from.len() == to.len() && from.iter().zip(&to).all(same) {
        let mut axes = vec![None; op.out.shape.len()];
        from.into_iter().zip(to).for_each(|(i, j)| axes[j] = Some(i));
        graph.view(&op.input, &op.out, &axes);
    }
}

/// A model that takes the factors of an axis apart knows their sizes.
fn count_split(graph: &mut Graph, from: &[Part], to: &[Part]) {
    let mut factors = |parts: &[Part]| -> Vec<Vec<Part>> {
        parts.iter().map(|part| graph.parts.factors(*part)).collect()
    };
    let [from, to] = [factors(from), factors(to)];
    let stays = |product: &Vec<Part>| {
        to.iter().any(|whole| whole.windows(product.len()).any(|within| within == product))
    };
    let split = from.into_iter().filter(|product| !stays(product)).flatten();
    graph.counted.extend(split.map(|part| (part, Counting::Split)));
}

fn permute(graph: &mut Graph, input: &TensorIr, out: &TensorIr, axes: &[usize]) {
    for (to, &from) in axes.iter().enumerate() {
        graph.unite((input, from), (out, to));
    }
    let axes: Vec<_> = axes.iter().copied().map(Some).collect();
    graph.view(input, out, &axes);
}

/// Parts of one size are blocks, whose places go together. Of others, positions count.
fn concatenate(graph: &mut Graph, parts: &[TensorIr], out: &TensorIr, dim: usize) {
    let size = parts[0].shape[dim];
    let even = parts.iter().all(|part| part.shape[dim] == size);
    for part in parts {
        if even {
            for axis in (0..out.shape.len()).filter(|axis| *axis != dim) {
                graph.unite((part, axis), (out, axis));
            }
            graph.blocks((out, dim), (part, dim));
        } else {
            graph.unite_but(part, out, &[dim]);
        }
    }
}

/// Copies along a new axis are alike: it is free.
fn expand(graph: &mut Graph, op: &ShapeOpIr) {
    graph.broadcast(&op.input, &op.out);
    let [few, many] = [op.input.shape.len(), op.out.shape.len()];
    for axis in 0..many {
        let from = (axis + few).checked_sub(many);
        if from.is_none_or(|from| op.input.shape[from] == 1) {
            graph.count(&op.out, axis, Counting::Constant);
        }
    }
    let axes: Vec<_> = (0..many).map(|axis| (axis + few).checked_sub(many)).collect();
    graph.view(&op.input, &op.out, &axes);
}

/// Entry `i` of copy `c` is at `c * size + i`, and the copies are alike.
fn repeat(graph: &mut Graph, op: &RepeatDimOpIr) {
    for axis in 0..op.tensor.shape.len() {
        let mut from = graph.axis(&op.tensor, axis);
        if axis == op.dim && op.times != 1 {
            from.insert(0, graph.parts.free(op.times));
        }
        let to = graph.axis(&op.out, axis);
        graph.parts.unite(&from, &to);
        if axis == op.dim && op.times != 1 {
            graph.count(&op.out, axis, Counting::Constant);
        }
    }
}
