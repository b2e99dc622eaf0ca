//! The same entries in another arrangement.

use crate::axes::WidthCause;
use crate::axes::graph::Graph;
use crate::axes::operation::TensorRef;
use crate::axes::union::Part;

/// Both shapes number the same entries, so the products of their axes are equal.
pub(super) fn reshape(graph: &mut Graph, x: &TensorRef, out: &TensorRef) {
    let [from, to] = [x, out].map(|tensor| graph.long_axes(tensor));
    graph.parts.unite(&from, &to);
    count_split(graph, &from, &to);
    // The result is a view if the shapes differ only in axes of one member.
    let long = |shape: &[usize]| -> Vec<usize> {
        (0..shape.len()).filter(|&axis| shape[axis] != 1).collect()
    };
    let [from, to] = [long(&x.shape), long(&out.shape)];
    let same = |(&i, &j): (&usize, &usize)| x.shape[i] == out.shape[j];
    if from.len() == to.len() && from.iter().zip(&to).all(same) {
        let mut axes = vec![None; out.shape.len()];
        from.into_iter().zip(to).for_each(|(i, j)| axes[j] = Some(i));
        graph.view(x, out, &axes);
    }
}

/// Counts the factors of an axis that the reshape separates: the model's code has their sizes.
fn count_split(graph: &mut Graph, from: &[Part], to: &[Part]) {
    let mut factors = |parts: &[Part]| -> Vec<Vec<Part>> {
        parts.iter().map(|part| graph.parts.factors(*part)).collect()
    };
    let [from, to] = [factors(from), factors(to)];
    let stays = |product: &Vec<Part>| {
        to.iter().any(|whole| whole.windows(product.len()).any(|within| within == product))
    };
    let split = from.into_iter().filter(|product| !stays(product)).flatten();
    graph.counted.extend(split.map(|part| (part, WidthCause::Split)));
}

/// The same axes in another order.
pub(super) fn permute(graph: &mut Graph, input: &TensorRef, out: &TensorRef, axes: &[usize]) {
    for (to, &from) in axes.iter().enumerate() {
        graph.unite((input, from), (out, to));
    }
    let axes: Vec<_> = axes.iter().copied().map(Some).collect();
    graph.view(input, out, &axes);
}

/// Tensors of equal size are blocks, whose places are united. With other sizes, positions matter.
pub(super) fn concatenate(graph: &mut Graph, parts: &[TensorRef], out: &TensorRef, dim: usize) {
    if let [part] = parts {
        return graph.unite_but(part, out, &[]);
    }
    let even = parts.iter().all(|part| part.shape[dim] == parts[0].shape[dim]);
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

/// Copies along a new axis are equal, so the new axis is free.
pub(super) fn expand(graph: &mut Graph, x: &TensorRef, out: &TensorRef) {
    graph.broadcast(x, out);
    let [few, many] = [x.shape.len(), out.shape.len()];
    for axis in 0..many {
        let from = (axis + few).checked_sub(many);
        if from.is_none_or(|from| x.shape[from] == 1) {
            graph.count(out, axis, WidthCause::Constant);
        }
    }
    let axes: Vec<_> = (0..many).map(|axis| (axis + few).checked_sub(many)).collect();
    graph.view(x, out, &axes);
}

/// Entry `i` of copy `c` is at `c * size + i`, and the copies are equal.
pub(super) fn repeat(
    graph: &mut Graph,
    x: &TensorRef,
    out: &TensorRef,
    repeated: usize,
    times: usize,
) {
    for axis in 0..x.shape.len() {
        let copied = axis == repeated && times != 1;
        let mut from = graph.axis(x, axis);
        if copied {
            from.insert(0, graph.parts.free(times));
        }
        let to = graph.axis(out, axis);
        graph.parts.unite(&from, &to);
        if copied {
            graph.count(out, axis, WidthCause::Constant);
        }
    }
}

/// Windows along an axis: positions on it matter.
pub(super) fn unfold(graph: &mut Graph, x: &TensorRef, out: &TensorRef, windowed: usize) {
    for axis in 0..out.shape.len() {
        if axis == windowed || axis >= x.shape.len() {
            graph.fix(out, axis);
        } else {
            graph.unite((x, axis), (out, axis));
        }
    }
    graph.fix(x, windowed);
}
