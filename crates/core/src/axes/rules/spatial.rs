//! Convolution, pooling and resampling: `[batch, channel, position..]`.
//!
//! Positions count; only channels can be units.

use crate::axes::Counting;
use crate::axes::graph::Graph;
use crate::axes::union::Part;
use burn_ir::{GridSample2dOpIr, ModuleOperationIr, TensorIr};
use constinit_symmetry::Role;

pub(super) fn module(graph: &mut Graph, operation: &ModuleOperationIr) -> bool {
    use ModuleOperationIr as Op;
    macro_rules! conv {
        ($op:expr, $transposed:expr) => {{
            let op = $op;
            let bias = op.bias.as_ref();
            let conv = Conv { x: &op.x, weight: &op.weight, bias, out: &op.out };
            conv.apply(graph, op.options.groups, $transposed);
        }};
    }
    match operation {
        Op::Conv1d(op) => conv!(op, false),
        Op::Conv2d(op) => conv!(op, false),
        Op::Conv3d(op) => conv!(op, false),
        Op::ConvTranspose1d(op) => conv!(op, true),
        Op::ConvTranspose2d(op) => conv!(op, true),
        Op::ConvTranspose3d(op) => conv!(op, true),
        Op::AvgPool1d(op) => positions(graph, &op.x, &op.out),
        Op::AvgPool2d(op) => positions(graph, &op.x, &op.out),
        Op::AdaptiveAvgPool1d(op) => positions(graph, &op.x, &op.out),
        Op::AdaptiveAvgPool2d(op) => positions(graph, &op.x, &op.out),
        Op::MaxPool1d(op) => positions(graph, &op.x, &op.out),
        Op::MaxPool2d(op) => positions(graph, &op.x, &op.out),
        Op::MaxPool1dWithIndices(op) => {
            positions(graph, &op.x, &op.out);
            positions(graph, &op.x, &op.out_indices);
        }
        Op::MaxPool2dWithIndices(op) => {
            positions(graph, &op.x, &op.out);
            positions(graph, &op.x, &op.out_indices);
        }
        Op::Interpolate(op) => positions(graph, &op.x, &op.out),
        _ => return false,
    }
    true
}

/// The weight of a convolution without groups: each entry multiplies one channel for another.
pub(super) fn weight(operation: &ModuleOperationIr) -> Option<&TensorIr> {
    use ModuleOperationIr as Op;
    let (weight, groups) = match operation {
        Op::Conv1d(op) => (&op.weight, op.options.groups),
        Op::Conv2d(op) => (&op.weight, op.options.groups),
        Op::Conv3d(op) => (&op.weight, op.options.groups),
        Op::ConvTranspose1d(op) => (&op.weight, op.options.groups),
        Op::ConvTranspose2d(op) => (&op.weight, op.options.groups),
        Op::ConvTranspose3d(op) => (&op.weight, op.options.groups),
        _ => return None,
    };
    (groups == 1).then_some(weight)
}

/// Each channel for itself.
fn positions(graph: &mut Graph, x: &TensorIr, out: &TensorIr) {
    let fixed: Vec<usize> = (2..x.shape.len().max(out.shape.len())).collect();
    graph.unite_but(x, out, &fixed);
}

pub(super) fn grid_sample(graph: &mut Graph, op: &GridSample2dOpIr) {
    positions(graph, &op.tensor, &op.out);
    graph.unite((&op.grid, 0), (&op.out, 0));
    (1..op.grid.shape.len()).for_each(|axis| graph.fix(&op.grid, axis));
}

struct Conv<'a> {
    x: &'a TensorIr,
    weight: &'a TensorIr,
    bias: Option<&'a TensorIr>,
    out: &'a TensorIr,
}

impl Conv<'_> {
    /// With `g` groups, the channels of the input are `g x a`, those of the result `g x b`, and the
    /// weight is `[g x b, a, kernel..]`, or `[g x a, b, kernel..]` where transposed.
    ///
    /// A depthwise convolution has `a = 1`, an ordinary one `g = 1`.
    fn apply(&self, graph: &mut Graph, groups: usize, transposed: bool) {
        let Self { x, weight, bias, out } = *self;
        graph.unite((x, 0), (out, 0));
        for tensor in [x, weight, out] {
            (2..tensor.shape.len()).for_each(|axis| graph.fix(tensor, axis));
        }
        // Axis 0 of the weight has all channels of one side; axis 1 has those of the other side
        // but for the groups, which are the same on both.
        let (whole, grouped) = if transposed { (x, out) } else { (out, x) };
        graph.unite((whole, 1), (weight, 0));
        let group: Vec<Part> =
            (groups != 1).then(|| graph.parts.free(groups)).into_iter().collect();
        let rest = weight.shape[0].checked_div(groups).unwrap_or(0);
        let rest = (rest != 1).then(|| graph.parts.free(rest));
        let sides = [
            (group.iter().copied().chain(rest).collect::<Vec<_>>(), graph.axis(weight, 0)),
            ([group, graph.axis(weight, 1)].concat(), graph.axis(grouped, 1)),
        ];
        for (product, channels) in sides {
            graph.parts.unite(&product, &channels);
        }
        if groups != 1 {
            graph.count(x, 1, Counting::Groups);
            graph.count(out, 1, Counting::Groups);
        } else if !graph.is_view(weight) {
            graph.count(x, 1, Counting::Product);
        }
        if let Some(bias) = bias {
            graph.unite((bias, 0), (out, 1));
            graph.all_output(bias);
        }
        let roles = [Role::Output, Role::Input];
        let [first, second] = if transposed { [roles[1], roles[0]] } else { roles };
        graph.role(weight, 0, first);
        graph.role(weight, 1, second);
    }
}
