//! What each operation requires of the axes it touches: one module for each family of operations.
//!
//! A rule must ensure one thing: permuting the members of the classes on the inputs permutes those of the result, and
//! changes nothing else. An operation without a rule fixes all of its axes.
#![deny(clippy::wildcard_enum_match_arm)]

mod elementwise;
mod index;
mod linear;
mod norm;
mod reduce;
mod shape;
mod spatial;
mod uses;

pub(super) use reduce::shifts;
pub(super) use uses::entrywise;

use super::graph::Graph;
use super::operation::{AxisReduction, Operation, OperationKind as Kind};
use super::union::Cause;

/// Applies the rule of an operation. Returns whether there is one. An operation with fewer tensors than its kind
/// requires counts as unknown.
pub(super) fn apply(graph: &mut Graph, operation: &Operation) -> bool {
    let (inputs, outputs) = (operation.inputs.as_slice(), operation.outputs.as_slice());
    match (&operation.kind, inputs, outputs) {
        // The entries come from outside.
        (Kind::Source, _, [out]) => graph.fix_all(out, Cause::Rule),
        (Kind::Fill, _, [out]) => {
            graph.axes(out);
        }
        (Kind::Random(draws), _, [out]) => graph.drawn(out, *draws),
        (Kind::Map | Kind::Exp, [x], [out]) => elementwise::map(graph, x, out),
        (Kind::Scale | Kind::Convert, [x], [out]) => elementwise::multiple(graph, x, out),
        (Kind::Combine, all, [out]) => elementwise::combine(graph, all, out),
        (Kind::Sub, [_, _], [out]) => elementwise::combine(graph, inputs, out),
        (Kind::Mul, [_, _], [out]) => elementwise::multiply(graph, inputs, out),
        (Kind::Div, [_, by], [out]) => elementwise::divide(graph, inputs, by, out),
        (Kind::Cross { axis }, [x, y], [out]) => {
            graph.unite_but(x, out, &[*axis]);
            graph.unite_but(y, out, &[*axis]);
        }
        (Kind::ReduceAll(by), [x], [out]) => reduce::whole(graph, x, out, *by),
        (Kind::Reduce { by, axis }, [x], [out]) => reduce::along(graph, x, out, *by, &[*axis]),
        (Kind::MaxWithPlaces { axis }, [x], [out, places]) => {
            reduce::largest(graph, x, [out, places], *axis);
        }
        (Kind::SumAxes { axes }, [x], [out]) => {
            reduce::along(graph, x, out, AxisReduction::Sum, axes);
        }
        (Kind::Softmax { axis }, [x], [out]) => norm::softmax(graph, x, out, *axis),
        (Kind::LayerNorm, [x, vectors @ ..], [out]) if (1..=2).contains(&vectors.len()) => {
            norm::layer(graph, x, vectors, out);
        }
        (Kind::BatchNorm, [x, vectors @ ..], [out]) if vectors.len() == 4 => {
            norm::batch(graph, x, vectors, out);
        }
        (Kind::AlongOrder { axis }, [x], outs) => {
            outs.iter().for_each(|out| graph.unite_but(x, out, &[*axis]));
        }
        (Kind::Reshape, [x], [out]) => shape::reshape(graph, x, out),
        (Kind::Permute { axes }, [x], [out]) => shape::permute(graph, x, out, axes),
        (Kind::Flip { axes } | Kind::Pad { axes }, [x], [out]) => graph.unite_but(x, out, axes),
        (Kind::Expand, [x], [out]) => shape::expand(graph, x, out),
        (Kind::Repeat { axis, times }, [x], [out]) => shape::repeat(graph, x, out, *axis, *times),
        (Kind::Unfold { axis }, [x], [out]) => shape::unfold(graph, x, out, *axis),
        (Kind::Concatenate { axis }, parts, [out]) => shape::concatenate(graph, parts, out, *axis),
        (Kind::Slice { ranges }, [x], [out]) => index::slice(graph, x, out, ranges),
        (Kind::SliceAssign { ranges }, [x, value], [out]) => {
            index::slice_assign(graph, [x, value, out], ranges);
        }
        (Kind::Select { axis }, [x, indices], [out]) => {
            index::select(graph, [x, indices, out], *axis);
        }
        (Kind::Embedding, [weight, indices], [out]) => {
            index::embedding(graph, [weight, indices, out]);
        }
        (Kind::SelectAssign { axis }, [x, indices, value], [out]) => {
            index::select_assign(graph, [x, indices, value, out], *axis);
        }
        (Kind::Gather { axis }, [x, indices], [out]) => {
            index::gather(graph, [x, indices, out], *axis);
        }
        (Kind::Scatter { axis }, [x, indices, value], [out]) => {
            index::scatter(graph, [x, indices, value, out], *axis);
        }
        (Kind::Linear, [x, weight, bias @ ..], [out]) => {
            linear::linear(graph, [x, weight, out], bias.first());
        }
        (Kind::Matmul, [x, y], [out]) => linear::product(graph, x, y, out),
        (Kind::Attention { causal }, [query, key, value, scores @ ..], [out]) => {
            linear::attention(graph, [query, key, value, out], scores, *causal);
        }
        (Kind::Convolution { groups, transposed }, [x, weight, bias @ ..], [out]) => {
            let conv = spatial::Convolution { x, weight, bias: bias.first(), out };
            conv.apply(graph, *groups, *transposed);
        }
        (Kind::Pool, [x], outs) => outs.iter().for_each(|out| spatial::positions(graph, x, out)),
        (Kind::Patches, [x], [out]) => spatial::patches(graph, x, out),
        (Kind::GridSample, [x, grid], [out]) => spatial::grid_sample(graph, x, grid, out),
        (
            Kind::Unknown { .. }
            | Kind::Source
            | Kind::Fill
            | Kind::Random(_)
            | Kind::Map
            | Kind::Exp
            | Kind::Scale
            | Kind::Convert
            | Kind::Combine
            | Kind::Sub
            | Kind::Mul
            | Kind::Div
            | Kind::Cross { .. }
            | Kind::ReduceAll(_)
            | Kind::Reduce { .. }
            | Kind::MaxWithPlaces { .. }
            | Kind::SumAxes { .. }
            | Kind::Softmax { .. }
            | Kind::LayerNorm
            | Kind::BatchNorm
            | Kind::AlongOrder { .. }
            | Kind::Reshape
            | Kind::Permute { .. }
            | Kind::Flip { .. }
            | Kind::Expand
            | Kind::Pad { .. }
            | Kind::Repeat { .. }
            | Kind::Unfold { .. }
            | Kind::Concatenate { .. }
            | Kind::Slice { .. }
            | Kind::SliceAssign { .. }
            | Kind::Select { .. }
            | Kind::Embedding
            | Kind::SelectAssign { .. }
            | Kind::Gather { .. }
            | Kind::Scatter { .. }
            | Kind::Linear
            | Kind::Matmul
            | Kind::Attention { .. }
            | Kind::Convolution { .. }
            | Kind::Pool
            | Kind::Patches
            | Kind::GridSample,
            _,
            _,
        ) => {
            for tensor in inputs.iter().chain(outputs) {
                graph.fix_all(tensor, Cause::Unknown);
            }
            return false;
        }
    }
    true
}
