//! What is known about the tensors of a trace, collected operation by operation.

use super::WidthCause;
use super::operation::{Draws, Operation, TensorId, TensorRef};
use super::union::{Cause, Part, Parts};
use constinit_symmetry::Role;
use std::collections::{HashMap, HashSet};

/// On which side of a parameter an axis was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Nowhere,
    On(Role),
    OnBoth,
}

impl Seen {
    fn add(&mut self, role: Role) {
        *self = match *self {
            Self::Nowhere => Self::On(role),
            Self::On(seen) if seen == role => *self,
            _ => Self::OnBoth,
        };
    }
}

/// A tensor that holds the entries of a parameter: for each axis of the tensor, the axis of the parameter.
#[derive(Clone, Debug)]
struct View {
    parameter: TensorId,
    axes: Vec<Option<usize>>,
    /// Whether its entries are a function of the parameter's entries other than a multiple. Sums of the one then say
    /// nothing about sums of the other.
    bent: bool,
}

/// A float parameter of the traced module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracedParameter {
    /// Its path.
    pub path: String,
    /// A number that tied parameters share.
    pub tie: u64,
    /// The tensor that holds it.
    pub tensor: TensorRef,
}

/// Which axes range over the same members, and which tensors are parameters.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) parts: Parts,
    /// The part of each axis; None for an axis with one member.
    tensors: HashMap<TensorId, Vec<Option<Part>>>,
    views: HashMap<TensorId, View>,
    roles: HashMap<TensorId, Vec<Seen>>,
    /// Tensors that depend on a parameter.
    made: HashSet<TensorId>,
    /// Tensors that depend on an input of the model.
    computed: HashSet<TensorId>,
    /// Whether the model has begun to use its inputs.
    running: bool,
    /// Maxima on whose value no result depends.
    shifts: HashSet<TensorId>,
    /// Tensors that depend on numbers that are drawn while the model runs.
    sampled: HashSet<TensorId>,
    /// Parts whose number of members affects what the model computes, and why.
    pub(super) counted: Vec<(Part, WidthCause)>,
}

impl Graph {
    /// A graph without tensors. `shifts` are the maxima on whose value no result depends.
    pub(super) fn new(shifts: HashSet<TensorId>) -> Self {
        Self { shifts, ..Self::default() }
    }

    /// Whether the tensor is a maximum on whose value no result depends.
    pub(super) fn is_shift(&self, tensor: &TensorRef) -> bool {
        self.shifts.contains(&tensor.id)
    }

    /// Makes a tensor a parameter: its entries are free, not the result of an operation.
    pub(super) fn parameter(&mut self, tensor: &TensorRef) {
        self.axes(tensor);
        let rank = tensor.shape.len();
        self.roles.entry(tensor.id).or_insert_with(|| vec![Seen::Nowhere; rank]);
        let axes = (0..rank).map(Some).collect();
        self.views.insert(tensor.id, View { parameter: tensor.id, axes, bent: false });
        self.made.insert(tensor.id);
    }

    /// Makes a tensor an input of the model.
    pub(super) fn input(&mut self, tensor: &TensorRef) {
        self.computed.insert(tensor.id);
    }

    /// Records which tensors depend on a parameter, on drawn numbers, or on an input.
    pub(super) fn follow(&mut self, operation: &Operation) {
        if operation.inputs.iter().any(|tensor| self.made.contains(&tensor.id)) {
            self.made.extend(operation.outputs.iter().map(|tensor| tensor.id));
        }
        if operation.inputs.iter().any(|tensor| self.sampled.contains(&tensor.id)) {
            self.sampled.extend(operation.outputs.iter().map(|tensor| tensor.id));
        }
        if operation.inputs.iter().any(|tensor| self.computed.contains(&tensor.id)) {
            self.running = true;
            self.computed.extend(operation.outputs.iter().map(|tensor| tensor.id));
        }
    }

    /// Whether the tensor depends on an input of the model.
    pub(super) fn is_computed(&self, tensor: &TensorRef) -> bool {
        self.computed.contains(&tensor.id)
    }

    /// Records that a number is drawn for each entry. While the model runs, every run draws new numbers. While the
    /// model is being made, the numbers are a constant of the model.
    pub(super) fn drawn(&mut self, tensor: &TensorRef, draws: Draws) {
        if !self.running {
            return self.fix_all(tensor, Cause::Rule);
        }
        self.sampled.insert(tensor.id);
        for part in self.long_axes(tensor) {
            self.parts.disturb(part, draws);
        }
    }

    /// Records that the number of members of an axis affects what the model computes.
    pub(super) fn count(&mut self, tensor: &TensorRef, axis: usize, counting: WidthCause) {
        let parts = self.axis(tensor, axis);
        self.counted.extend(parts.into_iter().map(|part| (part, counting)));
    }

    /// [`Graph::count`] for all axes.
    pub(super) fn count_all(&mut self, tensor: &TensorRef, counting: WidthCause) {
        (0..tensor.shape.len()).for_each(|axis| self.count(tensor, axis, counting));
    }

    /// Whether the tensor is a parameter.
    pub(super) fn is_parameter(&self, tensor: &TensorRef) -> bool {
        self.roles.contains_key(&tensor.id)
    }

    /// The parts of a tensor's axes. The axes of a tensor that is new here are free.
    pub(super) fn axes(&mut self, tensor: &TensorRef) -> Vec<Option<Part>> {
        if let Some(axes) = self.tensors.get(&tensor.id) {
            return axes.clone();
        }
        let axes: Vec<Option<Part>> = tensor
            .shape
            .iter()
            .map(|&size| if size == 1 { None } else { Some(self.parts.free(size)) })
            .collect();
        // An axis without members has no units.
        for part in axes.iter().flatten() {
            if self.parts.size(*part) == 0 {
                self.parts.fix(*part, Cause::Rule);
            }
        }
        self.tensors.insert(tensor.id, axes.clone());
        axes
    }

    /// The parts of all axes of more than one member.
    pub(super) fn long_axes(&mut self, tensor: &TensorRef) -> Vec<Part> {
        self.axes(tensor).into_iter().flatten().collect()
    }

    /// The part of an axis as a product; empty if it has one member or does not exist.
    pub(super) fn axis(&mut self, tensor: &TensorRef, axis: usize) -> Vec<Part> {
        self.axes(tensor).get(axis).copied().flatten().into_iter().collect()
    }

    /// Unites two axes, member by member. Fixes both if their sizes differ.
    pub(super) fn unite(&mut self, (a, i): (&TensorRef, usize), (b, j): (&TensorRef, usize)) {
        let [a, b] = [self.axis(a, i), self.axis(b, j)];
        self.parts.unite(&a, &b);
    }

    /// Unites two axes unless one of them is broadcast.
    pub(super) fn unite_broadcast(
        &mut self,
        (a, i): (&TensorRef, usize),
        (b, j): (&TensorRef, usize),
    ) {
        if a.shape[i] != 1 && b.shape[j] != 1 {
            self.unite((a, i), (b, j));
        }
    }

    /// Unites the axes of two tensors of equal rank, except the axes `fixed`, which it fixes.
    pub(super) fn unite_but(&mut self, a: &TensorRef, b: &TensorRef, fixed: &[usize]) {
        for axis in 0..a.shape.len().max(b.shape.len()) {
            if fixed.contains(&axis) {
                self.fix(a, axis);
                self.fix(b, axis);
            } else {
                self.unite((a, axis), (b, axis));
            }
        }
    }

    /// Unites the axes of two tensors, counted from the last, except broadcast axes.
    pub(super) fn broadcast(&mut self, from: &TensorRef, to: &TensorRef) {
        let (few, many) = (from.shape.len(), to.shape.len());
        for back in 1..=few.min(many) {
            self.unite_broadcast((from, few - back), (to, many - back));
        }
        // Not a broadcast: `from` has more axes than the result.
        (0..few.saturating_sub(many)).for_each(|axis| self.fix(from, axis));
    }

    /// Divides an axis into blocks of the size of another axis. The number of a block is fixed; the places in all
    /// blocks are united. Fixes both axes if the size is not a multiple.
    pub(super) fn blocks(
        &mut self,
        (whole, i): (&TensorRef, usize),
        (block, j): (&TensorRef, usize),
    ) {
        let [size, part] = [whole.shape[i], block.shape[j]];
        if part == 0 || !size.is_multiple_of(part) {
            self.fix(whole, i);
            self.fix(block, j);
            return;
        }
        let mut product = Vec::new();
        if size != part {
            let number = self.parts.free(size / part);
            self.parts.fix(number, Cause::Rule);
            product.push(number);
        }
        product.extend(self.axis(block, j));
        let whole = self.axis(whole, i);
        self.parts.unite(&whole, &product);
    }

    /// Distinguishes the members of an axis.
    pub(super) fn fix(&mut self, tensor: &TensorRef, axis: usize) {
        for part in self.axis(tensor, axis) {
            self.parts.fix(part, Cause::Rule);
        }
    }

    /// Distinguishes the members of all axes.
    pub(super) fn fix_all(&mut self, tensor: &TensorRef, cause: Cause) {
        for part in self.long_axes(tensor) {
            self.parts.fix(part, cause);
        }
    }

    /// Records that the result has the entries of `from`, with axis `axes[i]` of `from` as axis `i`. The roles of a
    /// parameter's axes depend on this.
    pub(super) fn view(&mut self, from: &TensorRef, to: &TensorRef, axes: &[Option<usize>]) {
        if let Some(view) = self.views.get(&from.id) {
            let axes = axes.iter().map(|axis| *view.axes.get((*axis)?)?).collect();
            let view = View { parameter: view.parameter, axes, bent: view.bent };
            self.views.insert(to.id, view);
        }
    }

    /// Records that the entries of a view are a function of the parameter's entries other than a multiple.
    pub(super) fn bend(&mut self, tensor: &TensorRef) {
        if let Some(view) = self.views.get_mut(&tensor.id) {
            view.bent = true;
        }
    }

    /// Whether the tensor depends on no parameter and no input.
    pub(super) fn is_constant(&self, tensor: &TensorRef) -> bool {
        !self.made.contains(&tensor.id) && !self.computed.contains(&tensor.id)
    }

    /// Whether the model's code gives the tensor its shape: it depends on no parameter, no input and no drawn number.
    pub(super) fn is_of_own_shape(&self, tensor: &TensorRef) -> bool {
        self.is_constant(tensor) && !self.sampled.contains(&tensor.id)
    }

    /// [`Graph::view`] with every axis in its place.
    pub(super) fn same_view(&mut self, from: &TensorRef, to: &TensorRef) {
        let axes: Vec<_> = (0..to.shape.len()).map(Some).collect();
        self.view(from, to, &axes);
    }

    /// Whether the tensor has the entries of a parameter.
    pub(super) fn is_view(&self, tensor: &TensorRef) -> bool {
        self.views.contains_key(&tensor.id)
    }

    /// Records on which side of its parameter an axis of a view is. An input axis that is read through a bent view
    /// cannot be merged by adding entries, so it counts as neither side.
    pub(super) fn role(&mut self, tensor: &TensorRef, axis: usize, role: Role) {
        let Some(view) = self.views.get(&tensor.id) else { return };
        let Some(Some(axis)) = view.axes.get(axis) else { return };
        if let Some(seen) = self.roles.get_mut(&view.parameter) {
            if view.bent && role == Role::Input {
                seen[*axis] = Seen::OnBoth;
            }
            seen[*axis].add(role);
        }
    }

    /// Whether two tensors are views of one parameter.
    pub(super) fn is_same_view(&self, a: &TensorRef, b: &TensorRef) -> bool {
        let [a, b] = [a, b].map(|tensor| self.views.get(&tensor.id).map(|view| view.parameter));
        a.is_some() && a == b
    }

    /// The parameter that a tensor has the entries of.
    pub(super) fn parameter_of(&self, tensor: &TensorRef) -> Option<TensorId> {
        self.views.get(&tensor.id).map(|view| view.parameter)
    }

    /// Whether the entries of a view are a function of the parameter's entries other than a multiple.
    pub(super) fn is_bent(&self, tensor: &TensorRef) -> bool {
        self.views.get(&tensor.id).is_some_and(|view| view.bent)
    }

    /// The axes with members that are not distinguished.
    pub(super) fn open_axes(&mut self, tensor: &TensorRef) -> Vec<usize> {
        let axes = self.axes(tensor).into_iter().enumerate();
        let axes: Vec<(usize, Part)> =
            axes.filter_map(|(axis, part)| Some((axis, part?))).collect();
        let open = |(axis, part): (usize, Part)| {
            let mut factors = self.parts.factors(part).into_iter();
            factors.any(|factor| !self.parts.is_fixed(factor)).then_some(axis)
        };
        axes.into_iter().filter_map(open).collect()
    }

    /// Records that the parameter of this view is added to the units along its axis, or scales them. Does nothing for a
    /// parameter with several axes of more than one member: a later operation may use it as a weight.
    pub(super) fn all_output(&mut self, tensor: &TensorRef) {
        if tensor.shape.iter().filter(|&&size| size != 1).count() <= 1 {
            (0..tensor.shape.len()).for_each(|axis| self.role(tensor, axis, Role::Output));
        }
    }

    /// Whether the parameter produces the units along an axis, whatever else it does.
    pub(super) fn produces(&self, parameter: &TensorRef, axis: usize) -> bool {
        let seen = self.roles.get(&parameter.id).and_then(|seen| seen.get(axis));
        matches!(seen, Some(Seen::On(Role::Output) | Seen::OnBoth))
    }

    /// On which side of its parameter an axis is.
    pub(super) fn role_of(&self, parameter: &TensorRef, axis: usize) -> Role {
        match self.roles.get(&parameter.id).and_then(|seen| seen.get(axis)) {
            Some(Seen::On(role)) => *role,
            _ => Role::Unknown,
        }
    }
}
