//! Convolution, pooling and resampling: `[batch, channel, position..]`.
//!
//! Positions matter; only channels can be units.

use crate::axes::WidthCause;
use crate::axes::graph::Graph;
use crate::axes::operation::TensorRef;
use crate::axes::union::{Cause, Part};
use constinit_symmetry::Role;

/// Each channel separately.
pub(super) fn positions(graph: &mut Graph, x: &TensorRef, out: &TensorRef) {
    let fixed: Vec<usize> = (2..x.shape.len().max(out.shape.len())).collect();
    graph.unite_but(x, out, &fixed);
}

/// Each channel separately, with a member for each place in the kernel: `[batch, channel x place, patch]`.
pub(super) fn patches(graph: &mut Graph, x: &TensorRef, out: &TensorRef) {
    graph.unite((x, 0), (out, 0));
    (2..x.shape.len()).for_each(|axis| graph.fix(x, axis));
    (2..out.shape.len()).for_each(|axis| graph.fix(out, axis));
    let [channels, members] = [x, out].map(|tensor| tensor.shape.get(1).copied().unwrap_or(1));
    let mut product = graph.axis(x, 1);
    match members.checked_div(channels).unwrap_or(0) {
        1 => {}
        places => {
            let places = graph.parts.free(places);
            graph.parts.fix(places, Cause::Rule);
            product.push(places);
        }
    }
    let members = graph.axis(out, 1);
    graph.parts.unite(&product, &members);
}

/// Each channel separately, at positions that the grid gives.
pub(super) fn grid_sample(graph: &mut Graph, x: &TensorRef, grid: &TensorRef, out: &TensorRef) {
    positions(graph, x, out);
    graph.unite((grid, 0), (out, 0));
    (1..grid.shape.len()).for_each(|axis| graph.fix(grid, axis));
}

/// The tensors of a convolution.
pub(super) struct Convolution<'a> {
    pub x: &'a TensorRef,
    pub weight: &'a TensorRef,
    pub bias: Option<&'a TensorRef>,
    pub out: &'a TensorRef,
}

impl Convolution<'_> {
    /// With `g` groups, the input has `g x a` channels, the result `g x b`, and the weight is `[g x b, a, kernel..]`,
    /// or `[g x a, b, kernel..]` if transposed.
    ///
    /// A depthwise convolution has `a = 1`, an ordinary one `g = 1`.
    pub(super) fn apply(&self, graph: &mut Graph, groups: usize, transposed: bool) {
        let Self { x, weight, bias, out } = *self;
        graph.unite((x, 0), (out, 0));
        for tensor in [x, weight, out] {
            (2..tensor.shape.len()).for_each(|axis| graph.fix(tensor, axis));
        }
        // Axis 0 of the weight has all channels of one side. Axis 1 has the channels of the other side within one
        // group. Both sides have the same groups.
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
            graph.count(x, 1, WidthCause::Groups);
            graph.count(out, 1, WidthCause::Groups);
        } else if !graph.is_view(weight) {
            graph.count(x, 1, WidthCause::Product);
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
