//! What is known of the tensors of a trace while its operations are gone through.

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

/// A tensor with the entries of a parameter, and on which axis of it each of the parameter's is.
#[derive(Clone, Debug)]
struct View {
    parameter: TensorId,
    axes: Vec<Option<usize>>,
    /// Whether its entries are another function of the parameter's than a multiple: sums of the
    /// ones say nothing of sums of the others.
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

/// Which axes go together, and what is a parameter.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) parts: Parts,
    /// The part of each axis; none where the axis has one member.
    tensors: HashMap<TensorId, Vec<Option<Part>>>,
    views: HashMap<TensorId, View>,
    roles: HashMap<TensorId, Vec<Seen>>,
    /// What depends on a parameter.
    made: HashSet<TensorId>,
    /// What depends on an input of the model.
    computed: HashSet<TensorId>,
    /// Whether the model has begun to use its inputs.
    running: bool,
    /// Maxima on which nothing depends.
    shifts: HashSet<TensorId>,
    /// What depends on numbers that are drawn while the model runs.
    sampled: HashSet<TensorId>,
    /// Where the number of members enters.
    pub(super) counted: Vec<(Part, WidthCause)>,
}

impl Graph {
    /// A graph without tensors, of a program with these maxima on which nothing depends.
    pub(super) fn new(shifts: HashSet<TensorId>) -> Self {
        Self { shifts, ..Self::default() }
    }

    /// Whether the tensor is a maximum on which nothing depends.
    pub(super) fn is_shift(&self, tensor: &TensorRef) -> bool {
        self.shifts.contains(&tensor.id)
    }

    /// Makes a tensor a parameter: its entries are whatever they are, not what some operation gave.
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

    /// Remembers which tensors depend on a parameter, and which on an input.
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

    /// Something drawn for each entry: in every run anew where the model is running, and a constant
    /// of the model where it is being made.
    pub(super) fn drawn(&mut self, tensor: &TensorRef, draws: Draws) {
        if !self.running {
            return self.fix_all(tensor, Cause::Rule);
        }
        self.sampled.insert(tensor.id);
        for part in self.long_axes(tensor) {
            self.parts.disturb(part, draws);
        }
    }

    /// Says that the number of members of an axis enters what the model computes.
    pub(super) fn count(&mut self, tensor: &TensorRef, axis: usize, counting: WidthCause) {
        let parts = self.axis(tensor, axis);
        self.counted.extend(parts.into_iter().map(|part| (part, counting)));
    }

    /// The same of all axes.
    pub(super) fn count_all(&mut self, tensor: &TensorRef, counting: WidthCause) {
        (0..tensor.shape.len()).for_each(|axis| self.count(tensor, axis, counting));
    }

    /// Whether the tensor is a parameter.
    pub(super) fn is_parameter(&self, tensor: &TensorRef) -> bool {
        self.roles.contains_key(&tensor.id)
    }

    /// The parts of a tensor's axes. A tensor that is new here has free ones.
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

    /// The part of an axis as a product; empty where it has one member or does not exist.
    pub(super) fn axis(&mut self, tensor: &TensorRef, axis: usize) -> Vec<Part> {
        self.axes(tensor).get(axis).copied().flatten().into_iter().collect()
    }

    /// Makes two axes one, member by member. Axes of other sizes are fixed.
    pub(super) fn unite(&mut self, (a, i): (&TensorRef, usize), (b, j): (&TensorRef, usize)) {
        let [a, b] = [self.axis(a, i), self.axis(b, j)];
        self.parts.unite(&a, &b);
    }

    /// Makes two axes one where neither is broadcast.
    pub(super) fn unite_broadcast(
        &mut self,
        (a, i): (&TensorRef, usize),
        (b, j): (&TensorRef, usize),
    ) {
        if a.shape[i] != 1 && b.shape[j] != 1 {
            self.unite((a, i), (b, j));
        }
    }

    /// Makes the axes of two tensors of one rank one, but for some, which are fixed.
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

    /// Makes the axes of two tensors one, the last with the last, but for broadcast axes.
    pub(super) fn broadcast(&mut self, from: &TensorRef, to: &TensorRef) {
        let (few, many) = (from.shape.len(), to.shape.len());
        for back in 1..=few.min(many) {
            self.unite_broadcast((from, few - back), (to, many - back));
        }
        // More axes than the result has: not a broadcast.
        (0..few.saturating_sub(many)).for_each(|axis| self.fix(from, axis));
    }

    /// Makes an axis blocks of another: which block counts, and the places of all blocks are one. The axis is fixed
    /// where its size is not a multiple.
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

    /// Tells the members of an axis apart.
    pub(super) fn fix(&mut self, tensor: &TensorRef, axis: usize) {
        for part in self.axis(tensor, axis) {
            self.parts.fix(part, Cause::Rule);
        }
    }

    /// Tells the members of all axes apart.
    pub(super) fn fix_all(&mut self, tensor: &TensorRef, cause: Cause) {
        for part in self.long_axes(tensor) {
            self.parts.fix(part, cause);
        }
    }

    /// The result has the entries of `from`, axis `axes[i]` on axis `i`, for the roles of a
    /// parameter's axes.
    pub(super) fn view(&mut self, from: &TensorRef, to: &TensorRef, axes: &[Option<usize>]) {
        if let Some(view) = self.views.get(&from.id) {
            let axes = axes.iter().map(|axis| *view.axes.get((*axis)?)?).collect();
            let view = View { parameter: view.parameter, axes, bent: view.bent };
            self.views.insert(to.id, view);
        }
    }

    /// Says that the entries of a view are another function of the parameter's than a multiple.
    pub(super) fn bend(&mut self, tensor: &TensorRef) {
        if let Some(view) = self.views.get_mut(&tensor.id) {
            view.bent = true;
        }
    }

    /// Whether the tensor depends on no parameter and no input.
    pub(super) fn is_constant(&self, tensor: &TensorRef) -> bool {
        !self.made.contains(&tensor.id) && !self.computed.contains(&tensor.id)
    }

    /// Whether the tensor has a shape that the model's code gives it, and no numbers from elsewhere.
    pub(super) fn is_of_own_shape(&self, tensor: &TensorRef) -> bool {
        self.is_constant(tensor) && !self.sampled.contains(&tensor.id)
    }

    /// As [`Graph::view`], with every axis in its place.
    pub(super) fn same_view(&mut self, from: &TensorRef, to: &TensorRef) {
        let axes: Vec<_> = (0..to.shape.len()).map(Some).collect();
        self.view(from, to, &axes);
    }

    /// Whether the tensor has the entries of a parameter.
    pub(super) fn is_view(&self, tensor: &TensorRef) -> bool {
        self.views.contains_key(&tensor.id)
    }

    /// Says on which side of its parameter an axis of a view stands. What is read through a bent
    /// view cannot be merged by adding entries, and so counts as neither side.
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

    /// Whether the entries of a view are another function of the parameter's than a multiple.
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

    /// Says that the parameter of this view is added to the units along its axis, or scales them.
    /// Of a parameter of more axes that cannot be said: it may be a weight that is still to come.
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

    /// On which side of its parameter an axis stands.
    pub(super) fn role_of(&self, parameter: &TensorRef, axis: usize) -> Role {
        match self.roles.get(&parameter.id).and_then(|seen| seen.get(axis)) {
            Some(Seen::On(role)) => *role,
            _ => Role::Unknown,
        }
    }
}
