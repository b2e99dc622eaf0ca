//! Entry by entry, with broadcasting: axes of one size are one, an axis of size 1 asks for nothing.

use crate::axes::Counting;
use crate::axes::graph::Graph;
use crate::axes::union::Disturbance;
use burn::tensor::Distribution;
use burn_ir::{
    BaseOperationIr, BinaryOpIr, FloatOperationIr, IntOperationIr, NumericOperationIr, TensorIr,
};

/// One tensor; a parameter under a function of its entries keeps its axes.
pub(super) fn unary(graph: &mut Graph, input: &TensorIr, out: &TensorIr) {
    multiple(graph, input, out);
    graph.bend(out);
}

/// One tensor, times a number.
fn multiple(graph: &mut Graph, input: &TensorIr, out: &TensorIr) {
    graph.unite_but(input, out, &[]);
    graph.same_view(input, out);
}

/// Two tensors.
pub(super) fn binary(graph: &mut Graph, op: &BinaryOpIr) {
    together(graph, &[&op.lhs, &op.rhs], &op.out);
    graph.bend(&op.out);
}

/// A product or a quotient: a multiple of the first tensor.
fn multiply(graph: &mut Graph, op: &BinaryOpIr, divide: bool) {
    together(graph, &[&op.lhs, &op.rhs], &op.out);
    if divide && !graph.is_constant(&op.rhs) {
        graph.bend(&op.out);
    }
}

/// Any number of tensors.
fn together(graph: &mut Graph, inputs: &[&TensorIr], out: &TensorIr) {
    for input in inputs {
        graph.broadcast(input, out);
    }
    if inputs.iter().any(|input| graph.is_computed(input)) {
        // A bias or gain produces the units of what it is combined with.
        inputs.iter().for_each(|input| graph.all_output(input));
        for input in inputs.iter().filter(|input| graph.is_of_own_shape(input)).collect::<Vec<_>>()
        {
            graph.count_all(input, Counting::Constant);
        }
    } else if let [made] = inputs.iter().filter(|i| !graph.is_constant(i)).collect::<Vec<_>>()[..]
        && made.shape == out.shape
    {
        // A weight under a constant mask is a weight. Of two, no side can be told.
        graph.same_view(made, out);
    }
}

/// Burn's dropout layers draw for each entry whether it is kept.
fn disturbance(distribution: &Distribution) -> Disturbance {
    match distribution {
        Distribution::Bernoulli(_) => Disturbance::Dropout,
        _ => Disturbance::Noise,
    }
}

pub(super) fn base(graph: &mut Graph, operation: &BaseOperationIr) -> bool {
    use BaseOperationIr as Op;
    match operation {
        Op::Equal(op) => binary(graph, op),
        Op::EqualElem(op) => unary(graph, &op.lhs, &op.out),
        Op::Cast(op) => multiple(graph, &op.input, &op.out),
        Op::MaskWhere(op) => {
            together(graph, &[&op.tensor, &op.mask, &op.value], &op.out);
            graph.bend(&op.out);
        }
        Op::MaskFill(op) => {
            together(graph, &[&op.tensor, &op.mask], &op.out);
            graph.bend(&op.out);
        }
        // Every entry is the same; an empty tensor's entries are replaced before they count.
        Op::Ones(op) | Op::Zeros(op) | Op::Empty(op) => {
            graph.axes(&op.out);
        }
        _ => return false,
    }
    true
}

pub(super) fn numeric(graph: &mut Graph, operation: &NumericOperationIr) -> bool {
    use NumericOperationIr as Op;
    match operation {
        Op::Mul(op) => multiply(graph, op, false),
        Op::Div(op) => multiply(graph, op, true),
        Op::Add(op)
        | Op::Sub(op)
        | Op::Rem(op)
        | Op::Powi(op)
        | Op::Greater(op)
        | Op::GreaterEqual(op)
        | Op::Lower(op)
        | Op::LowerEqual(op) => binary(graph, op),
        Op::MulScalar(op) | Op::DivScalar(op) => multiple(graph, &op.lhs, &op.out),
        Op::AddScalar(op)
        | Op::SubScalar(op)
        | Op::RemScalar(op)
        | Op::PowiScalar(op)
        | Op::GreaterElem(op)
        | Op::GreaterEqualElem(op)
        | Op::LowerElem(op)
        | Op::LowerEqualElem(op) => unary(graph, &op.lhs, &op.out),
        Op::Abs(op) => unary(graph, &op.input, &op.out),
        Op::Clamp(op) => unary(graph, &op.tensor, &op.out),
        Op::Full(op) => {
            graph.axes(&op.out);
        }
        Op::IntRandom(op) => graph.drawn(&op.out, disturbance(&op.distribution)),
        _ => return false,
    }
    true
}

pub(super) fn float(graph: &mut Graph, operation: &FloatOperationIr) -> bool {
    use FloatOperationIr as Op;
    match operation {
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
        | Op::IsInf(op) => unary(graph, &op.input, &op.out),
        Op::PowfScalar(op) => unary(graph, &op.lhs, &op.out),
        Op::IntoInt(op) => unary(graph, &op.input, &op.out),
        Op::ArcTan2(op) | Op::Powf(op) => binary(graph, op),
        Op::Cross(op) => {
            graph.unite_but(&op.lhs, &op.out, &[op.dim]);
            graph.unite_but(&op.rhs, &op.out, &[op.dim]);
        }
        Op::Random(op) => graph.drawn(&op.out, disturbance(&op.distribution)),
        _ => return false,
    }
    true
}

pub(super) fn int(graph: &mut Graph, operation: &IntOperationIr) -> bool {
    use IntOperationIr as Op;
    match operation {
        Op::IntoFloat(op) => unary(graph, &op.input, &op.out),
        Op::BitwiseNot(op) => unary(graph, &op.input, &op.out),
        Op::BitwiseAnd(op)
        | Op::BitwiseOr(op)
        | Op::BitwiseXor(op)
        | Op::BitwiseLeftShift(op)
        | Op::BitwiseRightShift(op) => binary(graph, op),
        Op::BitwiseAndScalar(op)
        | Op::BitwiseOrScalar(op)
        | Op::BitwiseXorScalar(op)
        | Op::BitwiseLeftShiftScalar(op)
        | Op::BitwiseRightShiftScalar(op) => unary(graph, &op.lhs, &op.out),
        _ => return false,
    }
    true
}
