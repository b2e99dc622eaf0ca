//! Operations entry by entry, with broadcasting: they unite axes of equal size and require nothing of an axis of size
//! 1.

use crate::axes::WidthCause;
use crate::axes::graph::Graph;
use crate::axes::operation::TensorRef;

/// A function of one tensor. A function of a parameter's entries keeps the axes of the parameter.
pub(super) fn map(graph: &mut Graph, x: &TensorRef, out: &TensorRef) {
    multiple(graph, x, out);
    graph.bend(out);
}

/// One tensor times a number.
pub(super) fn multiple(graph: &mut Graph, x: &TensorRef, out: &TensorRef) {
    graph.unite_but(x, out, &[]);
    graph.same_view(x, out);
}

/// A function of several tensors.
pub(super) fn combine(graph: &mut Graph, inputs: &[TensorRef], out: &TensorRef) {
    multiply(graph, inputs, out);
    graph.bend(out);
}

/// A quotient: a multiple of the first tensor if the second is a constant.
pub(super) fn divide(graph: &mut Graph, inputs: &[TensorRef], by: &TensorRef, out: &TensorRef) {
    multiply(graph, inputs, out);
    if !graph.is_constant(by) {
        graph.bend(out);
    }
}

/// A product: a multiple of each tensor.
pub(super) fn multiply(graph: &mut Graph, inputs: &[TensorRef], out: &TensorRef) {
    for input in inputs {
        graph.broadcast(input, out);
    }
    if inputs.iter().any(|input| graph.is_computed(input)) {
        produce(graph, inputs);
    } else if let [made] = inputs.iter().filter(|i| !graph.is_constant(i)).collect::<Vec<_>>()[..]
        && made.shape == out.shape
    {
        // A weight times a constant mask is a weight. With two tensors that are not constant, neither side is known.
        graph.same_view(made, out);
    }
}

/// Tensors that are combined with a computed one: a bias or gain produces the units along its axis.
pub(super) fn produce(graph: &mut Graph, inputs: &[TensorRef]) {
    for input in inputs {
        graph.all_output(input);
        if graph.is_of_own_shape(input) {
            graph.count_all(input, WidthCause::Constant);
        }
    }
}
