//! Products that sum over an axis: linear layers, matrix products, attention.

use crate::axes::WidthCause;
use crate::axes::graph::Graph;
use crate::axes::operation::TensorRef;
use crate::axes::union::Cause;
use constinit_symmetry::Role;

/// A product with a weight, plus a bias.
pub(super) fn linear(
    graph: &mut Graph,
    [x, weight, out]: [&TensorRef; 3],
    bias: Option<&TensorRef>,
) {
    product(graph, x, weight, out);
    if let Some(bias) = bias {
        graph.broadcast(bias, out);
        graph.all_output(bias);
    }
}

/// A matrix product, with batches.
pub(super) fn product(graph: &mut Graph, lhs: &TensorRef, rhs: &TensorRef, out: &TensorRef) {
    let ranks = [lhs, rhs, out].map(|tensor| tensor.shape.len());
    let [rows, columns, both] = ranks;
    if rows == 0 || columns < 2 || both < rows {
        let fixed = [lhs, rhs, out];
        fixed.into_iter().for_each(|tensor| graph.fix_all(tensor, Cause::Rule));
        return;
    }
    graph.unite((lhs, rows - 1), (rhs, columns - 2));
    graph.unite((rhs, columns - 1), (out, both - 1));
    // Of the left factor, all axes but the summed one; of the right factor, its batch axes.
    for back in 2..=rows {
        graph.unite_broadcast((lhs, rows - back), (out, both - back));
    }
    for back in 3..=columns.min(both) {
        graph.unite_broadcast((rhs, columns - back), (out, both - back));
    }
    match [graph.is_view(lhs), graph.is_view(rhs)] {
        [false, true] => {
            graph.role(rhs, columns - 2, Role::Input);
            graph.role(rhs, columns - 1, Role::Output);
        }
        [true, false] if rows > 1 => {
            graph.role(lhs, rows - 1, Role::Input);
            graph.role(lhs, rows - 2, Role::Output);
        }
        // Units times units: there are no weights to merge.
        _ => {
            graph.count(lhs, rows - 1, WidthCause::Product);
            graph.count(rhs, columns - 2, WidthCause::Product);
        }
    }
}

/// Softmax of products of queries and keys, times values.
pub(super) fn attention(
    graph: &mut Graph,
    [query, key, value, out]: [&TensorRef; 4],
    scores: &[TensorRef],
    causal: bool,
) {
    for axis in 0..2 {
        for tensor in [query, key, value] {
            graph.unite_broadcast((tensor, axis), (out, axis));
        }
    }
    graph.unite((query, 2), (out, 2));
    graph.unite((key, 2), (value, 2));
    graph.unite((query, 3), (key, 3));
    graph.unite((value, 3), (out, 3));
    graph.count(key, 2, WidthCause::Reduction);
    for (tensor, axis) in [(query, 3), (key, 3), (key, 2), (value, 2)] {
        graph.count(tensor, axis, WidthCause::Product);
    }
    if causal {
        graph.fix(query, 2);
        graph.fix(key, 2);
    }
    for scores in scores {
        for (axis, like) in [(0, (out, 0)), (1, (out, 1)), (2, (query, 2)), (3, (key, 2))] {
            graph.unite_broadcast((scores, axis), like);
        }
    }
}
