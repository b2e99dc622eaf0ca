//! What each operation does to the axes of its tensors.
//!
//! A rule restricts the permutations of its inputs to those with which the operation commutes, and says how the axes
//! of the output are permuted then. What has no rule fixes everything that it touches.

use super::factors::{Axis, Factors};
use burn::tensor::{Shape, Slice};
use burn_ir::{
    BaseOperationIr, BoolOperationIr, FloatOperationIr, IntOperationIr, ModuleOperationIr,
    NumericOperationIr, OperationIr, TensorId, TensorIr,
};
use constinit_symmetry::Role;
use std::collections::HashMap;

/// A tensor that is a parameter, perhaps with its axes in another order or with axes of size 1 between them.
#[derive(Clone, Debug)]
struct Origin {
    parameter: usize,
    /// For each axis the parameter's axis that it is.
    axes: Vec<Option<usize>>,
}

/// A parameter of the module.
#[derive(Clone, Debug)]
pub struct Parameter {
    pub shape: Vec<usize>,
    pub axes: Vec<Axis>,
    /// On which side of it each axis stands, where that was seen.
    pub roles: Vec<Option<Role>>,
    /// Whether each axis was ever seen as an output.
    pub produced: Vec<bool>,
    pub used: bool,
}

/// The axes of all tensors that were seen.
#[derive(Default)]
pub struct Tensors {
    pub factors: Factors,
    axes: HashMap<TensorId, Vec<Axis>>,
    origins: HashMap<TensorId, Origin>,
    pub parameters: Vec<Parameter>,
    /// Operations without a rule.
    pub without_rule: Vec<String>,
}

impl Tensors {
    /// Knows a parameter by the tensor that holds it; all its axes may be permuted so far.
    pub fn parameter(&mut self, id: TensorId, shape: &[usize]) -> usize {
        if let Some(Origin { parameter, .. }) = self.origins.get(&id) {
            return *parameter;
        }
        let axes: Vec<Axis> = shape.iter().map(|size| self.factors.axis(*size, false)).collect();
        let parameter = self.parameters.len();
        self.axes.insert(id, axes.clone());
        self.origins.insert(id, Origin { parameter, axes: (0..shape.len()).map(Some).collect() });
        let roles = vec![None; shape.len()];
        let produced = vec![false; shape.len()];
        let shape = shape.to_vec();
        self.parameters.push(Parameter { shape, axes, roles, produced, used: false });
        parameter
    }

    /// The axes of a tensor; those of one that came from nowhere (from numbers) are fixed.
    fn of(&mut self, tensor: &TensorIr) -> Vec<Axis> {
        if let Some(Origin { parameter, .. }) = self.origins.get(&tensor.id) {
            self.parameters[*parameter].used = true;
        }
        if let Some(axes) = self.axes.get(&tensor.id) {
            return axes.clone();
        }
        let axes = self.fresh(&tensor.shape, true);
        self.axes.insert(tensor.id, axes.clone());
        axes
    }

    fn fresh(&mut self, shape: &Shape, fixed: bool) -> Vec<Axis> {
        shape.iter().map(|size| self.factors.axis(*size, fixed)).collect()
    }

    fn set(&mut self, tensor: &TensorIr, axes: Vec<Axis>) {
        // How a parameter was made says nothing of its axes.
        if !self.origins.contains_key(&tensor.id) {
            self.axes.insert(tensor.id, axes);
        }
    }

    /// Fixes all axes of a tensor.
    pub fn fix(&mut self, tensor: &TensorIr) {
        self.of(tensor).iter().for_each(|axis| self.factors.fix(axis));
    }

    /// Notes on which sides of a parameter the axes of a tensor stand, where it is one.
    fn roles(&mut self, tensor: &TensorIr, roles: impl Fn(usize) -> Role) {
        let Some(Origin { parameter, axes }) = self.origins.get(&tensor.id) else { return };
        for (number, axis) in axes.iter().enumerate() {
            let Some(axis) = axis else { continue };
            let parameter = &mut self.parameters[*parameter];
            parameter.produced[*axis] |= roles(number) == Role::Output;
            let known = &mut parameter.roles[*axis];
            *known = Some(match known {
                Some(known) if *known != roles(number) => Role::Unknown,
                _ => roles(number),
            });
        }
    }

    /// Takes an operation into account.
    pub fn operation(&mut self, operation: &OperationIr) {
        use OperationIr as Op;
        let done = match operation {
            Op::BaseFloat(op) | Op::BaseInt(op) | Op::BaseBool(op) => self.base(op),
            Op::NumericFloat(_, op) | Op::NumericInt(_, op) => self.numeric(op),
            Op::Float(_, op) => self.float(op),
            Op::Int(op) => self.int(op),
            Op::Bool(op) => self.bool(op),
            Op::Module(op) => self.module(op),
            Op::Init(op) => {
                let axes = self.fresh(&op.out.shape, true);
                self.set(&op.out, axes);
                true
            }
            Op::Drop(_) => true,
            _ => false,
        };
        if !done {
            self.unknown(operation);
        }
    }

    fn unknown(&mut self, operation: &OperationIr) {
        for input in operation.inputs() {
            self.fix(input);
        }
        for output in operation.outputs() {
            let axes = self.fresh(&output.shape, true);
            self.set(output, axes);
        }
        let text = format!("{operation:?}");
        // `Module(Rfft(RfftOpIr {..` is known as `Rfft`.
        let name = text.split(|c: char| !c.is_alphanumeric()).find(|word| {
            !word.is_empty()
                && !["BaseFloat", "BaseInt", "BaseBool", "NumericFloat", "NumericInt"]
                    .contains(word)
                && !["Float", "Int", "Bool", "Module", "F32", "I32", "I64", "U32"].contains(word)
        });
        let name = name.unwrap_or("an operation").to_owned();
        if !self.without_rule.contains(&name) {
            self.without_rule.push(name);
        }
    }

    /// The output has the input's axes.
    fn same(&mut self, input: &TensorIr, out: &TensorIr) -> bool {
        let axes = self.of(input);
        self.set(out, axes);
        if let Some(origin) = self.origins.get(&input.id).cloned() {
            self.descend(out, origin);
        }
        true
    }

    /// The inputs are combined entry by entry; axes of size 1 go with any size.
    fn entrywise(&mut self, inputs: &[&TensorIr], out: &TensorIr) -> bool {
        let rank = out.shape.num_dims();
        if inputs.iter().any(|input| input.shape.num_dims() != rank) {
            return false;
        }
        let axes: Vec<Vec<Axis>> = inputs.iter().map(|input| self.of(input)).collect();
        let joined = (0..rank).map(|number| {
            let size = out.shape[number];
            let mut whole: Option<Axis> = None;
            for (input, axes) in inputs.iter().zip(&axes) {
                if input.shape[number] != size {
                    continue;
                }
                match &whole {
                    None => whole = Some(axes[number].clone()),
                    Some(first) => self.factors.unite(first, &axes[number]),
                }
            }
            whole.unwrap_or_default()
        });
        let joined = joined.collect();
        for input in inputs {
            // A gain or a bias. What a matrix is for shows when it is multiplied.
            let size = input.shape.num_elements();
            if input.shape.iter().any(|axis| *axis == size) {
                self.roles(input, |_| Role::Output);
            }
        }
        self.set(out, joined);
        true
    }

    /// One axis is reduced, by something that does not ask for the order of its members.
    fn reduced(&mut self, input: &TensorIr, axis: usize, out: &TensorIr) -> bool {
        let mut axes = self.of(input);
        let Some(reduced) = axes.get_mut(axis) else { return false };
        if out.shape[axis] != 1 {
            return false;
        }
        *reduced = Vec::new();
        self.set(out, axes);
        true
    }

    /// The order of the members of one axis counts.
    fn ordered(&mut self, input: &TensorIr, axis: usize, outs: &[&TensorIr]) -> bool {
        let mut axes = self.of(input);
        let Some(along) = axes.get(axis) else { return false };
        self.factors.fix(along);
        for out in outs {
            if out.shape[axis] != input.shape[axis] {
                axes[axis] = self.factors.axis(out.shape[axis], true);
            }
            self.set(out, axes.clone());
        }
        true
    }

    /// New numbers, alike in all places or not.
    fn created(&mut self, out: &TensorIr, alike: bool) -> bool {
        let axes = self.fresh(&out.shape, !alike);
        self.set(out, axes);
        true
    }

    fn base(&mut self, op: &BaseOperationIr) -> bool {
        use BaseOperationIr as Op;
        match op {
            Op::Reshape(op) => self.reshape(&op.input, &op.out),
            Op::SwapDims(op) => {
                let mut order: Vec<usize> = (0..op.input.shape.num_dims()).collect();
                order.swap(op.dim1, op.dim2);
                self.permute(&op.input, &order, &op.out)
            }
            Op::Permute(op) => self.permute(&op.input, &op.axes, &op.out),
            Op::Flip(op) => {
                let axes = self.of(&op.input);
                op.axes.iter().for_each(|axis| self.factors.fix(&axes[*axis]));
                self.same(&op.input, &op.out)
            }
            Op::Expand(op) => self.expand(&op.input, &op.out),
            Op::Slice(op) => self.slice(&op.tensor, &op.ranges, &op.out),
            Op::SliceAssign(op) => {
                let (axes, value) = (self.of(&op.tensor), self.of(&op.value));
                for number in 0..axes.len() {
                    if op.value.shape[number] == op.tensor.shape[number] {
                        self.factors.unite(&axes[number], &value[number]);
                    } else {
                        self.factors.fix(&axes[number]);
                        self.factors.fix(&value[number]);
                    }
                }
                self.same(&op.tensor, &op.out)
            }
            Op::Select(op) => {
                let (mut axes, indices) = (self.of(&op.tensor), self.of(&op.indices));
                self.factors.fix(&axes[op.dim]);
                self.roles(&op.tensor, |_| Role::Output);
                axes[op.dim] = indices.into_iter().flatten().collect();
                self.set(&op.out, axes);
                true
            }
            Op::Gather(op) => {
                let (axes, indices) = (self.of(&op.tensor), self.of(&op.indices));
                for number in 0..axes.len() {
                    if number != op.dim && op.tensor.shape[number] == op.indices.shape[number] {
                        self.factors.unite(&axes[number], &indices[number]);
                    } else {
                        self.factors.fix(&axes[number]);
                        if number != op.dim {
                            self.factors.fix(&indices[number]);
                        }
                    }
                }
                self.set(&op.out, indices);
                true
            }
            Op::MaskWhere(op) => self.entrywise(&[&op.tensor, &op.mask, &op.value], &op.out),
            Op::MaskFill(op) => self.entrywise(&[&op.tensor, &op.mask], &op.out),
            Op::Equal(op) => self.entrywise(&[&op.lhs, &op.rhs], &op.out),
            Op::EqualElem(op) => self.same(&op.lhs, &op.out),
            Op::RepeatDim(op) => {
                let mut axes = self.of(&op.tensor);
                let mut repeated = self.factors.axis(op.times, false);
                repeated.append(&mut axes[op.dim]);
                axes[op.dim] = repeated;
                self.set(&op.out, axes);
                true
            }
            Op::Cat(op) => self.cat(&op.tensors.iter().collect::<Vec<_>>(), op.dim, &op.out),
            Op::Cast(op) => self.same(&op.input, &op.out),
            Op::Empty(op) | Op::Ones(op) | Op::Zeros(op) => self.created(&op.out, true),
            _ => false,
        }
    }

    fn numeric(&mut self, op: &NumericOperationIr) -> bool {
        use NumericOperationIr as Op;
        match op {
            Op::Add(op)
            | Op::Sub(op)
            | Op::Div(op)
            | Op::Rem(op)
            | Op::Mul(op)
            | Op::Powi(op)
            | Op::Greater(op)
            | Op::GreaterEqual(op)
            | Op::Lower(op)
            | Op::LowerEqual(op) => self.entrywise(&[&op.lhs, &op.rhs], &op.out),
            Op::AddScalar(op)
            | Op::SubScalar(op)
            | Op::DivScalar(op)
            | Op::RemScalar(op)
            | Op::MulScalar(op)
            | Op::PowiScalar(op)
            | Op::GreaterElem(op)
            | Op::GreaterEqualElem(op)
            | Op::LowerElem(op)
            | Op::LowerEqualElem(op) => self.same(&op.lhs, &op.out),
            Op::Abs(op) => self.same(&op.input, &op.out),
            Op::Clamp(op) => self.same(&op.tensor, &op.out),
            Op::Full(op) => self.created(&op.out, true),
            Op::IntRandom(op) => self.created(&op.out, false),
            Op::MeanDim(op)
            | Op::SumDim(op)
            | Op::ProdDim(op)
            | Op::MaxDim(op)
            | Op::MinDim(op)
            | Op::MaxAbsDim(op) => self.reduced(&op.input, op.axis, &op.out),
            Op::Mean(op)
            | Op::Sum(op)
            | Op::Prod(op)
            | Op::Max(op)
            | Op::Min(op)
            | Op::MaxAbs(op) => {
                self.of(&op.input);
                self.created(&op.out, true)
            }
            Op::ArgMax(op) | Op::ArgMin(op) | Op::ArgTopK(op) | Op::TopK(op) => {
                self.ordered(&op.input, op.axis, &[&op.out])
            }
            Op::MaxDimWithIndices(op) | Op::MinDimWithIndices(op) => {
                self.ordered(&op.tensor, op.dim, &[&op.out, &op.out_indices])
            }
            Op::CumSum(op) | Op::CumProd(op) | Op::CumMin(op) | Op::CumMax(op) => {
                self.ordered(&op.input, op.axis, &[&op.out])
            }
        }
    }

    fn float(&mut self, op: &FloatOperationIr) -> bool {
        use FloatOperationIr as Op;
        match op {
            Op::Exp(op)
            | Op::Log(op)
            | Op::Log1p(op)
            | Op::Erf(op)
            | Op::Sqrt(op)
            | Op::Cos(op)
            | Op::Cosh(op)
            | Op::Sin(op)
            | Op::Sinh(op)
            | Op::Tan(op)
            | Op::Tanh(op)
            | Op::ArcCos(op)
            | Op::ArcCosh(op)
            | Op::ArcSin(op)
            | Op::ArcSinh(op)
            | Op::ArcTan(op)
            | Op::ArcTanh(op)
            | Op::Round(op)
            | Op::Floor(op)
            | Op::Ceil(op)
            | Op::Trunc(op)
            | Op::Recip(op)
            | Op::IsNan(op)
            | Op::IsInf(op) => self.same(&op.input, &op.out),
            Op::PowfScalar(op) => self.same(&op.lhs, &op.out),
            Op::ArcTan2(op) | Op::Powf(op) => self.entrywise(&[&op.lhs, &op.rhs], &op.out),
            Op::IntoInt(op) => self.same(&op.input, &op.out),
            Op::Matmul(op) => self.matmul(&op.lhs, &op.rhs, &op.out),
            Op::Random(op) => self.created(&op.out, false),
            _ => false,
        }
    }

    fn int(&mut self, op: &IntOperationIr) -> bool {
        use IntOperationIr as Op;
        match op {
            Op::IntoFloat(op) => self.same(&op.input, &op.out),
            Op::BitwiseAnd(op)
            | Op::BitwiseOr(op)
            | Op::BitwiseXor(op)
            | Op::BitwiseLeftShift(op)
            | Op::BitwiseRightShift(op) => self.entrywise(&[&op.lhs, &op.rhs], &op.out),
            Op::BitwiseAndScalar(op)
            | Op::BitwiseOrScalar(op)
            | Op::BitwiseXorScalar(op)
            | Op::BitwiseLeftShiftScalar(op)
            | Op::BitwiseRightShiftScalar(op) => self.same(&op.lhs, &op.out),
            Op::BitwiseNot(op) => self.same(&op.input, &op.out),
            Op::Matmul(op) => self.matmul(&op.lhs, &op.rhs, &op.out),
        }
    }

    fn bool(&mut self, op: &BoolOperationIr) -> bool {
        use BoolOperationIr as Op;
        match op {
            Op::IntoFloat(op) | Op::IntoInt(op) => self.same(&op.input, &op.out),
            Op::Not(op) => self.same(&op.input, &op.out),
            Op::And(op) | Op::Or(op) => self.entrywise(&[&op.lhs, &op.rhs], &op.out),
        }
    }

    fn module(&mut self, op: &ModuleOperationIr) -> bool {
        use ModuleOperationIr as Op;
        match op {
            Op::Linear(op) => {
                self.affine(&op.x, &op.weight, &op.out)
                    && op.bias.as_ref().is_none_or(|bias| self.bias(bias, &op.out, None))
            }
            Op::Embedding(op) => {
                let (weights, mut axes) = (self.of(&op.weights), self.of(&op.indices));
                self.factors.fix(&weights[0]);
                self.roles(&op.weights, |_| Role::Output);
                axes.push(weights[1].clone());
                self.set(&op.out, axes);
                true
            }
            Op::Conv1d(op) => {
                self.conv(&op.x, &op.weight, op.bias.as_ref(), op.options.groups, &op.out)
            }
            Op::Conv2d(op) => {
                self.conv(&op.x, &op.weight, op.bias.as_ref(), op.options.groups, &op.out)
            }
            Op::Conv3d(op) => {
                self.conv(&op.x, &op.weight, op.bias.as_ref(), op.options.groups, &op.out)
            }
            Op::ConvTranspose1d(op) => {
                self.conv_transpose(&op.x, &op.weight, op.bias.as_ref(), op.options.groups, &op.out)
            }
            Op::ConvTranspose2d(op) => {
                self.conv_transpose(&op.x, &op.weight, op.bias.as_ref(), op.options.groups, &op.out)
            }
            Op::ConvTranspose3d(op) => {
                self.conv_transpose(&op.x, &op.weight, op.bias.as_ref(), op.options.groups, &op.out)
            }
            Op::AvgPool1d(op) => self.spatial(&op.x, &[&op.out]),
            Op::AvgPool2d(op) => self.spatial(&op.x, &[&op.out]),
            Op::AdaptiveAvgPool1d(op) => self.spatial(&op.x, &[&op.out]),
            Op::AdaptiveAvgPool2d(op) => self.spatial(&op.x, &[&op.out]),
            Op::MaxPool1d(op) => self.spatial(&op.x, &[&op.out]),
            Op::MaxPool2d(op) => self.spatial(&op.x, &[&op.out]),
            Op::MaxPool1dWithIndices(op) => self.spatial(&op.x, &[&op.out, &op.out_indices]),
            Op::MaxPool2dWithIndices(op) => self.spatial(&op.x, &[&op.out, &op.out_indices]),
            Op::Interpolate(op) => self.spatial(&op.x, &[&op.out]),
            Op::Attention(op) if op.mask.is_none() && op.attn_bias.is_none() => {
                self.attention(&op.query, &op.key, &op.value, &op.out)
            }
            _ => false,
        }
    }

    fn reshape(&mut self, input: &TensorIr, out: &TensorIr) -> bool {
        let axes = self.of(input);
        let mut rest: Axis = axes.iter().flatten().copied().collect();
        let mut found = Vec::new();
        for size in out.shape.iter() {
            let Some((axis, left)) = self.factors.cut(&rest, *size) else { return false };
            found.push(axis);
            rest = left;
        }
        // An axis that came through whole is still the parameter's axis.
        if let Some(Origin { parameter, axes: from }) = self.origins.get(&input.id).cloned() {
            let leaves = |axis: &Axis| self.factors.leaves(axis);
            let of = |axis: &Axis| {
                let same = |known: &Axis| !axis.is_empty() && leaves(known) == leaves(axis);
                axes.iter().position(same).and_then(|position| from[position])
            };
            let origin = Origin { parameter, axes: found.iter().map(of).collect() };
            self.set(out, found);
            self.descend(out, origin);
        } else {
            self.set(out, found);
        }
        true
    }

    /// A tensor that is a parameter in another form.
    fn descend(&mut self, out: &TensorIr, origin: Origin) {
        self.origins.entry(out.id).or_insert(origin);
    }

    fn permute(&mut self, input: &TensorIr, order: &[usize], out: &TensorIr) -> bool {
        let axes = self.of(input);
        self.set(out, order.iter().map(|axis| axes[*axis].clone()).collect());
        if let Some(Origin { parameter, axes }) = self.origins.get(&input.id).cloned() {
            let axes = order.iter().map(|axis| axes[*axis]).collect();
            self.descend(out, Origin { parameter, axes });
        }
        true
    }

    fn expand(&mut self, input: &TensorIr, out: &TensorIr) -> bool {
        let axes = self.of(input);
        let (rank, new) = (out.shape.num_dims(), out.shape.num_dims() - axes.len());
        let expanded: Vec<Axis> = (0..rank)
            .map(|number| {
                let size = out.shape[number];
                match number.checked_sub(new) {
                    Some(old) if input.shape[old] == size => axes[old].clone(),
                    // The same numbers all along it.
                    _ => self.factors.axis(size, false),
                }
            })
            .collect();
        self.set(out, expanded);
        if let Some(Origin { parameter, axes: from }) = self.origins.get(&input.id).cloned() {
            let of = |number: usize| {
                let old = number.checked_sub(new)?;
                from[old].filter(|_| input.shape[old] == out.shape[number])
            };
            let axes = (0..rank).map(of).collect();
            self.descend(out, Origin { parameter, axes });
        }
        true
    }

    fn slice(&mut self, input: &TensorIr, ranges: &[Slice], out: &TensorIr) -> bool {
        let mut axes = self.of(input);
        for (number, axis) in axes.iter_mut().enumerate() {
            let (size, taken) = (input.shape[number], out.shape[number]);
            let range = ranges.get(number);
            let forwards = range.is_none_or(|range| range.step == 1);
            if taken == size && forwards {
                continue;
            }
            let start = range.map_or(0, |range| range.start);
            let start = if start < 0 { start + size as isize } else { start } as usize;
            let block =
                forwards && taken > 1 && size.is_multiple_of(taken) && start.is_multiple_of(taken);
            let cut = if block { self.factors.cut(axis, size / taken) } else { None };
            *axis = match cut {
                // One block of several: blocks keep their places, places within blocks are permuted together.
                Some((blocks, places)) => {
                    self.factors.fix(&blocks);
                    places
                }
                None => {
                    self.factors.fix(axis);
                    self.factors.axis(taken, true)
                }
            };
        }
        self.set(out, axes);
        true
    }

    fn cat(&mut self, tensors: &[&TensorIr], along: usize, out: &TensorIr) -> bool {
        let all: Vec<Vec<Axis>> = tensors.iter().map(|tensor| self.of(tensor)).collect();
        let Some(first) = all.first() else { return false };
        let mut joined = first.clone();
        for axes in &all[1..] {
            for number in (0..joined.len()).filter(|number| *number != along) {
                self.factors.unite(&joined[number], &axes[number]);
            }
        }
        all.iter().for_each(|axes| self.factors.fix(&axes[along]));
        joined[along] = self.factors.axis(out.shape[along], true);
        self.set(out, joined);
        true
    }

    fn matmul(&mut self, lhs: &TensorIr, rhs: &TensorIr, out: &TensorIr) -> bool {
        let rank = out.shape.num_dims();
        if lhs.shape.num_dims() != rank || rhs.shape.num_dims() != rank || rank < 2 {
            return false;
        }
        let (left, right) = (self.of(lhs), self.of(rhs));
        self.factors.unite(&left[rank - 1], &right[rank - 2]);
        let mut axes: Vec<Axis> = (0..rank - 2)
            .map(|number| {
                match (lhs.shape[number], rhs.shape[number]) {
                    (l, r) if l == r => self.factors.unite(&left[number], &right[number]),
                    (1, _) => return right[number].clone(),
                    _ => {}
                }
                left[number].clone()
            })
            .collect();
        axes.push(left[rank - 2].clone());
        axes.push(right[rank - 1].clone());
        self.set(out, axes);
        let side = |is_output: bool| if is_output { Role::Output } else { Role::Input };
        self.roles(rhs, |number| side(number == rank - 1));
        self.roles(lhs, |number| side(number != rank - 1));
        true
    }

    /// `x W`, with W of `[input, output]`.
    fn affine(&mut self, x: &TensorIr, weight: &TensorIr, out: &TensorIr) -> bool {
        let (mut axes, weights) = (self.of(x), self.of(weight));
        let (Some(last), [ins, outs]) = (axes.pop(), weights.as_slice()) else { return false };
        self.factors.unite(&last, ins);
        axes.push(outs.clone());
        self.set(out, axes);
        self.roles(weight, |number| if number == 0 { Role::Input } else { Role::Output });
        true
    }

    /// A bias on one axis of the output, the last one if it is not said.
    fn bias(&mut self, bias: &TensorIr, out: &TensorIr, along: Option<usize>) -> bool {
        let (axes, biases) = (self.of(out), self.of(bias));
        let Some(along) = axes.get(along.unwrap_or(axes.len().saturating_sub(1))) else {
            return false;
        };
        biases.iter().for_each(|axis| self.factors.unite(along, axis));
        self.roles(bias, |_| Role::Output);
        true
    }

    /// Positions in space are where they are.
    fn spatial(&mut self, x: &TensorIr, outs: &[&TensorIr]) -> bool {
        let axes = self.of(x);
        axes[2..].iter().for_each(|axis| self.factors.fix(axis));
        for out in outs {
            let mut found = axes[..2].to_vec();
            found.extend(out.shape.iter().skip(2).map(|size| self.factors.axis(*size, true)));
            self.set(out, found);
        }
        true
    }

    /// Weight `[outputs, inputs / groups, ...]`; channels are groups times channels in a group.
    fn conv(
        &mut self,
        x: &TensorIr,
        weight: &TensorIr,
        bias: Option<&TensorIr>,
        groups: usize,
        out: &TensorIr,
    ) -> bool {
        let (axes, weights) = (self.of(x), self.of(weight));
        weights[2..].iter().for_each(|axis| self.factors.fix(axis));
        let Some((x_groups, x_inner)) = self.factors.cut(&axes[1], groups) else { return false };
        let Some((w_groups, _)) = self.factors.cut(&weights[0], groups) else { return false };
        self.factors.unite(&x_groups, &w_groups);
        self.factors.unite(&x_inner, &weights[1]);
        self.roles(weight, |number| if number == 0 { Role::Output } else { Role::Input });
        self.spatial(x, &[out]);
        let mut found = self.of(out);
        found[1] = weights[0].clone();
        self.set(out, found);
        bias.is_none_or(|bias| self.bias(bias, out, Some(1)))
    }

    /// Weight `[inputs, outputs / groups, ...]`.
    fn conv_transpose(
        &mut self,
        x: &TensorIr,
        weight: &TensorIr,
        bias: Option<&TensorIr>,
        groups: usize,
        out: &TensorIr,
    ) -> bool {
        let (axes, weights) = (self.of(x), self.of(weight));
        weights[2..].iter().for_each(|axis| self.factors.fix(axis));
        self.factors.unite(&axes[1], &weights[0]);
        let Some((w_groups, _)) = self.factors.cut(&weights[0], groups) else { return false };
        self.roles(weight, |number| if number == 1 { Role::Output } else { Role::Input });
        self.spatial(x, &[out]);
        let mut found = self.of(out);
        found[1] = w_groups.into_iter().chain(weights[1].iter().copied()).collect();
        self.set(out, found);
        bias.is_none_or(|bias| self.bias(bias, out, Some(1)))
    }

    /// Softmax of `query keyᵀ`, times `value`; each `[batch, heads, positions, features]`.
    fn attention(
        &mut self,
        query: &TensorIr,
        key: &TensorIr,
        value: &TensorIr,
        out: &TensorIr,
    ) -> bool {
        let [q, k, v] = [query, key, value].map(|tensor| self.of(tensor));
        for number in 0..2 {
            self.factors.unite(&q[number], &k[number]);
            self.factors.unite(&q[number], &v[number]);
        }
        // Attention may be causal, so that positions count.
        [&q[2], &k[2], &v[2]].into_iter().for_each(|axis| self.factors.fix(axis));
        self.factors.unite(&q[3], &k[3]);
        self.set(out, vec![q[0].clone(), q[1].clone(), q[2].clone(), v[3].clone()]);
        true
    }
}
