//! What the parameters between two spaces are used for.
//!
//! Equitable and forward-lumpable classes rest on sums of entries. They are valid if each entry only multiplies one
//! unit for another,
//!
//! ```text
//! out[u] = sum_v x[v] W[v, u]
//! ```
//!
//! and say nothing about `exp(W)`, about a weight that is divided by its norm, or about distances to rows.

use crate::axes::graph::Graph;
use crate::axes::operation::{Operation, OperationKind as Kind, TensorId, TensorRef};
use std::collections::HashSet;

/// The parameters that have units on two or more axes and whose entries do something else.
pub(in crate::axes) fn entrywise<'a>(
    graph: &mut Graph,
    parameters: impl Iterator<Item = &'a TensorRef>,
    operations: &[Operation],
) -> HashSet<TensorId> {
    // All tensors that hold the entries of such a parameter.
    let mut weights: HashSet<TensorId> =
        parameters.filter(|tensor| graph.open_axes(tensor).len() > 1).map(|p| p.id).collect();
    let mut entrywise = HashSet::new();
    for operation in operations {
        if fills(graph, operation) {
            continue;
        }
        let used: Vec<&TensorRef> =
            operation.inputs.iter().filter(|tensor| weights.contains(&tensor.id)).collect();
        match used[..] {
            [] => {}
            [one] if operation.outputs.iter().all(|result| graph.is_same_view(one, result)) => {
                weights.extend(operation.outputs.iter().map(|result| result.id));
            }
            [one] if multiplies(graph, operation, one) => {}
            _ => entrywise.extend(used.into_iter().filter_map(|tensor| graph.parameter_of(tensor))),
        }
    }
    entrywise
}

/// Whether the operation wrote the first entries of a parameter.
fn fills(graph: &Graph, operation: &Operation) -> bool {
    operation.outputs.iter().any(|tensor| graph.is_parameter(tensor) && !graph.is_computed(tensor))
}

/// Whether each entry of the tensor multiplies a member of one axis for a member of another.
fn multiplies(graph: &mut Graph, operation: &Operation, tensor: &TensorRef) -> bool {
    let weight = match (&operation.kind, operation.inputs.as_slice()) {
        (Kind::Linear | Kind::Convolution { groups: 1, .. }, [_, weight, ..]) => {
            Some((weight, [0, 1]))
        }
        (Kind::Matmul, _) => {
            tensor.shape.len().checked_sub(2).map(|axis| (tensor, [axis, axis + 1]))
        }
        (_, _) => None,
    };
    // With units on further axes, as in a weight for each head, sums over all axes would say too little.
    weight.is_some_and(|(weight, axes)| {
        let within = graph.open_axes(tensor).iter().all(|axis| axes.contains(axis));
        weight.id == tensor.id && within && !graph.is_bent(tensor)
    })
}
