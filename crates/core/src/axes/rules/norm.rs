//! Softmax and norms as one operation: what they ask of axes is what their elementwise forms ask.
//!
//! None of them distinguishes members. Softmax and the norm of a layer count those of their axis.

use super::elementwise::{combine, produce};
use crate::axes::WidthCause;
use crate::axes::graph::Graph;
use crate::axes::operation::TensorRef;

/// Members by the exponentials of all members of one axis.
pub(super) fn softmax(graph: &mut Graph, x: &TensorRef, out: &TensorRef, axis: usize) {
    graph.unite_but(x, out, &[]);
    graph.count(x, axis, WidthCause::Reduction);
}

/// Members less their mean over the last axis and by their deviation, scaled and shifted along it.
pub(super) fn layer(graph: &mut Graph, x: &TensorRef, vectors: &[TensorRef], out: &TensorRef) {
    graph.unite_but(x, out, &[]);
    if let Some(last) = x.shape.len().checked_sub(1) {
        graph.count(x, last, WidthCause::Reduction);
    }
    combine(graph, &[std::slice::from_ref(out), vectors].concat(), out);
}

/// Each channel by itself, by its entries of the vectors.
pub(super) fn batch(graph: &mut Graph, x: &TensorRef, vectors: &[TensorRef], out: &TensorRef) {
    graph.unite_but(x, out, &[]);
    for vector in vectors {
        graph.unite((vector, 0), (out, 1));
    }
    if graph.is_computed(out) {
        produce(graph, vectors);
    }
}
