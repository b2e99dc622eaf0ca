//! Burn's recorded operations as those of the core. The match names every operation, so it does not compile until it
//! has a case for each one that a later release adds.
#![deny(clippy::wildcard_enum_match_arm)]

use burn::tensor::{Distribution, Slice};
use burn_ir::{
    BaseOperationIr, BoolOperationIr, FloatOperationIr, IntOperationIr, ModuleOperationIr,
    NumericOperationIr, OperationIr,
};
use constinit_core::axes::{AxisReduction, Draws, OperationKind as Kind, SliceRange};

/// What an operation does to axes. An unknown operation fixes all axes that it touches.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "a variant that exists only under a feature of burn-ir cannot be named"
)]
pub(super) fn kind(operation: &OperationIr) -> Kind {
    let known = match operation {
        OperationIr::Init(_) => Some(Kind::Source),
        OperationIr::BaseFloat(op) | OperationIr::BaseInt(op) | OperationIr::BaseBool(op) => {
            base(op)
        }
        OperationIr::NumericFloat(_, op) | OperationIr::NumericInt(_, op) => Some(numeric(op)),
        OperationIr::Float(_, op) => float(op),
        OperationIr::Int(op) => Some(int(op)),
        OperationIr::Bool(op) => Some(bool(op)),
        OperationIr::Module(op) => module(op),
        // `Custom`, `Drop`, and `Distributed` if another crate has turned on that feature of burn-ir.
        _ => None,
    };
    known.unwrap_or_else(|| Kind::Unknown { name: name(operation) })
}

fn base(operation: &BaseOperationIr) -> Option<Kind> {
    use BaseOperationIr as Op;
    Some(match operation {
        Op::Reshape(_) => Kind::Reshape,
        Op::SwapDims(op) => {
            let mut axes: Vec<usize> = (0..op.input.shape.len()).collect();
            axes.swap(op.dim1, op.dim2);
            Kind::Permute { axes }
        }
        Op::Permute(op) => Kind::Permute { axes: op.axes.clone() },
        Op::Flip(op) => Kind::Flip { axes: op.axes.clone() },
        Op::Expand(_) => Kind::Expand,
        Op::RepeatDim(op) => Kind::Repeat { axis: op.dim, times: op.times },
        Op::Unfold(op) => Kind::Unfold { axis: op.dim },
        Op::Cat(op) => Kind::Concatenate { axis: op.dim },
        Op::Slice(op) => Kind::Slice { ranges: ranges(&op.ranges) },
        Op::SliceAssign(op) => Kind::SliceAssign { ranges: ranges(&op.ranges) },
        Op::Select(op) => Kind::Select { axis: op.dim },
        Op::SelectAssign(op) => Kind::SelectAssign { axis: op.dim },
        Op::Gather(op) => Kind::Gather { axis: op.dim },
        Op::Scatter(op) => Kind::Scatter { axis: op.dim },
        Op::Equal(_) | Op::MaskWhere(_) | Op::MaskFill(_) => Kind::Combine,
        Op::EqualElem(_) => Kind::Map,
        Op::Cast(_) => Kind::Convert,
        // Every entry is the same; an empty tensor's entries are replaced before they count.
        Op::Ones(_) | Op::Zeros(_) | Op::Empty(_) => Kind::Fill,
        Op::ScatterNd(_) | Op::GatherNd(_) => return None,
    })
}

fn ranges(ranges: &[Slice]) -> Vec<SliceRange> {
    ranges.iter().map(|slice| SliceRange { start: slice.start, step: slice.step }).collect()
}

fn numeric(operation: &NumericOperationIr) -> Kind {
    use NumericOperationIr as Op;
    let reduce = |by, axis| Kind::Reduce { by, axis };
    match operation {
        Op::Mul(_) => Kind::Mul,
        Op::Div(_) => Kind::Div,
        Op::Sub(_) => Kind::Sub,
        Op::Add(_)
        | Op::Rem(_)
        | Op::Powi(_)
        | Op::Greater(_)
        | Op::GreaterEqual(_)
        | Op::Lower(_)
        | Op::LowerEqual(_) => Kind::Combine,
        Op::MulScalar(_) => Kind::Scale,
        Op::DivScalar(_) => Kind::Convert,
        Op::AddScalar(_)
        | Op::SubScalar(_)
        | Op::RemScalar(_)
        | Op::PowiScalar(_)
        | Op::GreaterElem(_)
        | Op::GreaterEqualElem(_)
        | Op::LowerElem(_)
        | Op::LowerEqualElem(_)
        | Op::Abs(_)
        | Op::Clamp(_) => Kind::Map,
        Op::Full(_) => Kind::Fill,
        Op::IntRandom(op) => Kind::Random(draws(&op.distribution)),
        Op::Sum(_) => Kind::ReduceAll(AxisReduction::Sum),
        Op::Mean(_) | Op::Prod(_) => Kind::ReduceAll(AxisReduction::Symmetric),
        Op::Max(_) => Kind::ReduceAll(AxisReduction::Max),
        Op::Min(_) | Op::MaxAbs(_) => Kind::ReduceAll(AxisReduction::Pick),
        Op::SumDim(op) => reduce(AxisReduction::Sum, op.axis),
        Op::MeanDim(op) | Op::ProdDim(op) => reduce(AxisReduction::Symmetric, op.axis),
        Op::MaxDim(op) => reduce(AxisReduction::Max, op.axis),
        Op::MinDim(op) | Op::MaxAbsDim(op) => reduce(AxisReduction::Pick, op.axis),
        Op::ArgMax(op) | Op::ArgMin(op) | Op::ArgTopK(op) | Op::TopK(op) => {
            Kind::AlongOrder { axis: op.axis }
        }
        Op::MaxDimWithIndices(op) | Op::MinDimWithIndices(op) => Kind::AlongOrder { axis: op.dim },
        Op::CumSum(op) | Op::CumProd(op) | Op::CumMin(op) | Op::CumMax(op) => {
            Kind::AlongOrder { axis: op.axis }
        }
    }
}

/// Burn's dropout layers draw for each entry whether it is kept.
fn draws(distribution: &Distribution) -> Draws {
    match distribution {
        Distribution::Bernoulli(_) => Draws::Dropout,
        Distribution::Default | Distribution::Uniform(..) | Distribution::Normal(..) => {
            Draws::Noise
        }
    }
}

fn float(operation: &FloatOperationIr) -> Option<Kind> {
    use FloatOperationIr as Op;
    Some(match operation {
        Op::Matmul(_) => Kind::Matmul,
        Op::GridSample2d(_) => Kind::GridSample,
        Op::Exp(_) => Kind::Exp,
        Op::Log(_)
        | Op::Log1p(_)
        | Op::Erf(_)
        | Op::Sqrt(_)
        | Op::Cos(_)
        | Op::Cosh(_)
        | Op::Sin(_)
        | Op::Sinh(_)
        | Op::Tan(_)
        | Op::Tanh(_)
        | Op::ArcCos(_)
        | Op::ArcCosh(_)
        | Op::ArcSin(_)
        | Op::ArcSinh(_)
        | Op::ArcTan(_)
        | Op::ArcTanh(_)
        | Op::Round(_)
        | Op::Floor(_)
        | Op::Ceil(_)
        | Op::Trunc(_)
        | Op::Recip(_)
        | Op::IsNan(_)
        | Op::IsInf(_)
        | Op::PowfScalar(_)
        | Op::IntoInt(_) => Kind::Map,
        Op::ArcTan2(_) | Op::Powf(_) => Kind::Combine,
        Op::Cross(op) => Kind::Cross { axis: op.dim },
        Op::Random(op) => Kind::Random(draws(&op.distribution)),
        Op::Quantize(_) | Op::Dequantize(_) => return None,
    })
}

fn int(operation: &IntOperationIr) -> Kind {
    use IntOperationIr as Op;
    match operation {
        Op::Matmul(_) => Kind::Matmul,
        Op::BitwiseAnd(_)
        | Op::BitwiseOr(_)
        | Op::BitwiseXor(_)
        | Op::BitwiseLeftShift(_)
        | Op::BitwiseRightShift(_) => Kind::Combine,
        Op::IntoFloat(_)
        | Op::BitwiseNot(_)
        | Op::BitwiseAndScalar(_)
        | Op::BitwiseOrScalar(_)
        | Op::BitwiseXorScalar(_)
        | Op::BitwiseLeftShiftScalar(_)
        | Op::BitwiseRightShiftScalar(_) => Kind::Map,
    }
}

fn bool(operation: &BoolOperationIr) -> Kind {
    use BoolOperationIr as Op;
    match operation {
        Op::IntoFloat(_) | Op::IntoInt(_) | Op::Not(_) => Kind::Map,
        Op::And(_) | Op::Or(_) => Kind::Combine,
    }
}

fn module(operation: &ModuleOperationIr) -> Option<Kind> {
    use ModuleOperationIr as Op;
    let convolution = |groups, transposed| Kind::Convolution { groups, transposed };
    Some(match operation {
        Op::Linear(_) => Kind::Linear,
        Op::Attention(op) => Kind::Attention { causal: op.options.is_causal },
        Op::Conv1d(op) => convolution(op.options.groups, false),
        Op::Conv2d(op) => convolution(op.options.groups, false),
        Op::Conv3d(op) => convolution(op.options.groups, false),
        Op::ConvTranspose1d(op) => convolution(op.options.groups, true),
        Op::ConvTranspose2d(op) => convolution(op.options.groups, true),
        Op::ConvTranspose3d(op) => convolution(op.options.groups, true),
        Op::AvgPool1d(_)
        | Op::AvgPool2d(_)
        | Op::AdaptiveAvgPool1d(_)
        | Op::AdaptiveAvgPool2d(_)
        | Op::MaxPool1d(_)
        | Op::MaxPool2d(_)
        | Op::MaxPool1dWithIndices(_)
        | Op::MaxPool2dWithIndices(_)
        | Op::Interpolate(_) => Kind::Pool,
        // Their axes are fixed, since their effect on members is not known.
        Op::Embedding(_)
        | Op::DeformableConv2d(_)
        | Op::Rfft(_)
        | Op::IRfft(_)
        | Op::CtcLoss(_)
        | Op::EmbeddingBackward(_)
        | Op::LinearXBackward(_)
        | Op::LinearWeightBackward(_)
        | Op::LinearBiasBackward(_)
        | Op::Conv1dXBackward(_)
        | Op::Conv1dWeightBackward(_)
        | Op::Conv1dBiasBackward(_)
        | Op::Conv2dXBackward(_)
        | Op::Conv2dWeightBackward(_)
        | Op::Conv2dBiasBackward(_)
        | Op::Conv3dXBackward(_)
        | Op::Conv3dWeightBackward(_)
        | Op::Conv3dBiasBackward(_)
        | Op::DeformableConv2dBackward(_)
        | Op::AvgPool1dBackward(_)
        | Op::AvgPool2dBackward(_)
        | Op::AdaptiveAvgPool1dBackward(_)
        | Op::AdaptiveAvgPool2dBackward(_)
        | Op::MaxPool1dWithIndicesBackward(_)
        | Op::MaxPool2dWithIndicesBackward(_)
        | Op::InterpolateBackward(_)
        | Op::CtcLossBackward(_) => return None,
    })
}

/// The name of an operation, as Burn's intermediate representation has it.
fn name(operation: &OperationIr) -> String {
    if let OperationIr::Custom(custom) = operation {
        return custom.id.clone();
    }
    // `Module(Rfft(RfftOpIr { .. }))`, `NumericFloat(F32, Add(BinaryOpIr { .. }))`
    let text = format!("{operation:?}");
    let head = text.split(" {").next().unwrap_or_default();
    let names: Vec<&str> = head.split('(').collect();
    let name = names.len().checked_sub(2).map_or(head, |place| names[place]);
    name.rsplit(", ").next().unwrap_or(name).to_owned()
}
