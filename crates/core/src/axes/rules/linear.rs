//! Products that sum over an axis: linear layers, matrix products, attention.

use crate::axes::Counting;
use crate::axes::graph::Graph;
use burn_ir::{AttentionOpIr, LinearOpIr, MatmulOpIr, ModuleOperationIr, TensorIr};
use constinit_symmetry::Role;

pub(super) fn module(graph: &mut Graph, operation: &ModuleOperationIr) -> bool {
    match operation {
        ModuleOperationIr::Linear(op) => linear(graph, op),
        ModuleOperationIr::Attention(op) => attention(graph, op),
        _ => return false,
    }
    true
}

/// `out[.., j] = sum_i x[.., i] weight[i, j] + bias[j]`.
fn linear(graph: &mut Graph, op: &LinearOpIr) {
    product(graph, &op.x, &op.weight, &op.out);
    if let Some(bias) = &op.bias {
        graph.broadcast(bias, &op.out);
        graph.all_output(bias);
    }
}

/// `out[.., i, k] = sum_j lhs[.., i, j] rhs[.., j, k]`.
pub(super) fn matmul(graph: &mut Graph, op: &MatmulOpIr) {
    product(graph, &op.lhs, &op.rhs, &op.out);
}

fn product(graph: &mut Graph, lhs: &TensorIr, rhs: &TensorIr, out: &TensorIr) {
    let ranks = [lhs, rhs, out].map(|tensor| tensor.shape.len());
    let [rows, columns, both] = ranks;
    if rows == 0 || columns < 2 || both < rows {
        let fixed = [lhs, rhs, out];
        fixed.into_iter().for_each(|tensor| graph.fix_all(tensor, crate::axes::union::Cause::Rule));
        return;
    }
    graph.unite((lhs, rows - 1), (rhs, columns - 2));
    graph.unite((rhs, columns - 1), (out, both - 1));
    // Of the left factor, all but the summed axis; of the right one, its batch.
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
        // Units times units: nothing is there to be merged.
        _ => {
            graph.count(lhs, rows - 1, Counting::Product);
            graph.count(rhs, columns - 2, Counting::Product);
        }
    }
}

/// `out = softmax(query key^T + bias) value`, for tensors `[batch, head, position, feature]`.
fn attention(graph: &mut Graph, op: &AttentionOpIr) {
    let (query, key, value, out) = (&op.query, &op.key, &op.value, &op.out);
    for axis in 0..2 {
        for tensor in [query, key, value] {
            graph.unite_broadcast((tensor, axis), (out, axis));
        }
    }
    graph.unite((query, 2), (out, 2));
    graph.unite((key, 2), (value, 2));
    graph.unite((query, 3), (key, 3));
    graph.unite((value, 3), (out, 3));
    for (tensor, axis) in [(query, 3), (key, 3), (key, 2), (value, 2)] {
        graph.count(tensor, axis, Counting::Product);
    }
    if op.options.is_causal {
        graph.fix(query, 2);
        graph.fix(key, 2);
    }
    for scores in [&op.mask, &op.attn_bias].into_iter().flatten() {
        for (axis, like) in [(0, (out, 0)), (1, (out, 1)), (2, (query, 2)), (3, (key, 2))] {
            graph.unite_broadcast((scores, axis), like);
        }
    }
}
