//! What a model does to tensors, as far as the axes of its parameters depend on it.
//!
//! A framework crate records a run and translates each of its operations into an [`Operation`]. Operations that do the
//! same to axes are one kind: `sin` and `sqrt` are both [`OperationKind::Map`]. What has no kind is
//! [`OperationKind::Unknown`], which fixes every axis that it touches, so the answer stays sound.

/// The number of a tensor in a recording. No other tensor has the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorId(pub u64);

/// A tensor of a recording: its number and its shape, no data.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TensorRef {
    /// Its number.
    pub id: TensorId,
    /// Its shape.
    pub shape: Vec<usize>,
}

/// One recorded operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// What it does.
    pub kind: OperationKind,
    /// What it reads, in the order that its kind names.
    pub inputs: Vec<TensorRef>,
    /// What it makes.
    pub outputs: Vec<TensorRef>,
}

/// What an operation does to axes. Inputs and outputs are named in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OperationKind {
    /// `() -> out`: entries from outside.
    Source,
    /// `() -> out`: the same number in each entry, or none yet.
    Fill,
    /// `() -> out`: a number drawn for each entry.
    Random(Draws),
    /// `x -> out`: a function of each entry.
    Map,
    /// `x -> out`: the exponential of each entry.
    Exp,
    /// `x -> out`: each entry times a number that is written in the code.
    Scale,
    /// `x -> out`: each entry in another type, or divided by a number that is written in the code.
    Convert,
    /// `x.. -> out`: a function of the entries at one place, with broadcasting.
    Combine,
    /// `x, y -> out`: `x - y` with broadcasting.
    Sub,
    /// `x, y -> out`: `x y`, entry by entry, with broadcasting.
    Mul,
    /// `x, y -> out`: `x / y`, entry by entry, with broadcasting.
    Div,
    /// `x, y -> out`: the cross product along an axis.
    Cross {
        /// The axis.
        axis: usize,
    },
    /// `x -> out`: all entries become one.
    ReduceAll(AxisReduction),
    /// `x -> out`: the members of an axis become one.
    Reduce {
        /// How they become one.
        by: AxisReduction,
        /// The axis.
        axis: usize,
    },
    /// `x -> out, places`: the largest member of an axis, and its place.
    MaxWithPlaces {
        /// The axis.
        axis: usize,
    },
    /// `x -> out`: the sum over several axes, each of which becomes one member.
    SumAxes {
        /// The axes.
        axes: Vec<usize>,
    },
    /// `x -> out`: `exp(x) / sum exp(x)` along an axis, the same of `-x`, or its logarithm.
    Softmax {
        /// The axis.
        axis: usize,
    },
    /// `x, gain, bias? -> out`: `(x - mean) / deviation * gain + bias`, with mean and deviation over the last axis.
    LayerNorm,
    /// `x, gain, bias, mean, variance -> out`: `(x - mean) / sqrt(variance) * gain + bias` for `x` of
    /// `[batch, channel, position..]`, each channel with its entry of each vector.
    BatchNorm,
    /// `x -> out..`: a result that depends on the order or the position of members along an axis.
    AlongOrder {
        /// The axis.
        axis: usize,
    },
    /// `x -> out`: the same entries in row-major order in another shape.
    Reshape,
    /// `x -> out`: axis `i` of the result is axis `axes[i]`.
    Permute {
        /// One axis of `x` for each of `out`.
        axes: Vec<usize>,
    },
    /// `x -> out`: members in reverse order.
    Flip {
        /// Along these axes.
        axes: Vec<usize>,
    },
    /// `x -> out`: broadcast to a larger shape.
    Expand,
    /// `x -> out`: adds members before and after those of some axes; the added members may be copies of others.
    Pad {
        /// The axes that get longer.
        axes: Vec<usize>,
    },
    /// `x -> out`: copies one after the other along an axis.
    Repeat {
        /// The axis.
        axis: usize,
        /// How many copies.
        times: usize,
    },
    /// `x -> out`: windows along an axis.
    Unfold {
        /// The axis.
        axis: usize,
    },
    /// `x.. -> out`: the inputs, one after the other along an axis.
    Concatenate {
        /// The axis.
        axis: usize,
    },
    /// `x -> out`: some members of each axis.
    Slice {
        /// The members that are taken, for the first axes; all members of further axes.
        ranges: Vec<SliceRange>,
    },
    /// `x, value -> out`: `x` with some members replaced.
    SliceAssign {
        /// The members that are replaced, for the first axes; all members of further axes.
        ranges: Vec<SliceRange>,
    },
    /// `x, indices -> out`: `out[.., i, ..] = x[.., indices[i], ..]`.
    Select {
        /// The axis that is indexed.
        axis: usize,
    },
    /// `weight, indices -> out`: `out[.., j] = weight[indices[..], j]`.
    Embedding,
    /// `x, indices, value -> out`: `out = x; out[.., indices[i], ..] += value[.., i, ..]`.
    SelectAssign {
        /// The axis that is indexed.
        axis: usize,
    },
    /// `x, indices -> out`: `out[i, j] = x[indices[i, j], j]` for axis 0.
    Gather {
        /// The axis that is indexed.
        axis: usize,
    },
    /// `x, indices, value -> out`: `out = x; out[indices[i, j], j] += value[i, j]` for axis 0.
    Scatter {
        /// The axis that is indexed.
        axis: usize,
    },
    /// `x, weight, bias? -> out`: `out[.., j] = sum_i x[.., i] weight[i, j] + bias[j]`.
    Linear,
    /// `x, y -> out`: `out[.., i, k] = sum_j x[.., i, j] y[.., j, k]`.
    Matmul,
    /// `query, key, value, scores.. -> out`: `softmax(query key^T + scores) value` for tensors
    /// `[batch, head, position, feature]`.
    Attention {
        /// Whether a position sees only itself and the positions before it.
        causal: bool,
    },
    /// `x, weight, bias? -> out` for `x` of `[batch, channel, position..]`.
    Convolution {
        /// Groups of channels.
        groups: usize,
        /// Whether axis 0 of the weight has the channels of `x`.
        transposed: bool,
    },
    /// `x -> out..`: each channel of `[batch, channel, position..]` separately.
    Pool,
    /// `x -> out`: the patches that a kernel covers, `[batch, channel, height, width]` to
    /// `[batch, channel x place in the kernel, patch]`.
    Patches,
    /// `x, grid -> out`: entries of `x` at the positions of a grid.
    GridSample,
    /// Unknown. The name is the framework's.
    Unknown {
        /// The operation's name.
        name: String,
    },
}

/// What is drawn for each entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Draws {
    /// Whether the entry takes part: dropout.
    Dropout,
    /// Anything else.
    Noise,
}

/// How several members become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AxisReduction {
    /// Their sum.
    Sum,
    /// Their mean or product. Like a sum, it treats all members equally.
    Symmetric,
    /// The largest one.
    Max,
    /// Another member: the smallest, or the one with the largest absolute value.
    Pick,
}

/// Some members of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SliceRange {
    /// The first one; counted from the end if negative.
    pub start: isize,
    /// The distance from one to the next.
    pub step: isize,
}
