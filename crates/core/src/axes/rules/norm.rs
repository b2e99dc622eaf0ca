//! Softmax and norms as one operation. They require of axes what their elementwise forms require.
//!
//! None of them distinguishes members. Softmax and layer norm depend on the number of members of their axis.

use super::elementwise::{combine, produce};
use crate::axes::WidthCause;
use crate::axes::graph::Graph;
use crate::axes::operation::TensorRef;

/// Softmax along one axis: each exponential divided by the sum of all.
pub(super) fn softmax(graph: &mut Graph, x: &TensorRef, out: &TensorRef, axis: usize) {
    graph.unite_but(x, out, &[]);
    graph.count(x, axis, WidthCause::Reduction);
}

/// Layer norm: members minus their mean over the last axis, divided by their deviation, then scaled and shifted along
/// it.
pub(super) fn layer(graph: &mut Graph, x: &TensorRef, vectors: &[TensorRef], out: &TensorRef) {
    graph.unite_but(x, out, &[]);
    if let Some(last) = x.shape.len().checked_sub(1) {
        graph.count(x, last, WidthCause::Reduction);
    }
    combine(graph, &[std::slice::from_ref(out), vectors].concat(), out);
}

/// Batch norm: each channel separately, with its entry of each vector.
pub(super) fn batch(graph: &mut Graph, x: &TensorRef, vectors: &[TensorRef], out: &TensorRef) {
    graph.unite_but(x, out, &[]);
    for vector in vectors {
        graph.unite((vector, 0), (out, 1));
    }
    if graph.is_computed(out) {
        produce(graph, vectors);
    }
}
