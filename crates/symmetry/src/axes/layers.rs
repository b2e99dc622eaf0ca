//! Specs of common layers, to be composed with [`AxesSpecBuilder::layer`](crate::AxesSpecBuilder::layer).
//!
//! Every function takes the path of the layer and the names of its spaces ("" = fixed) and returns the layer's
//! parameters with axes and roles, in PyTorch's orientation: `weight[output][input]`. Layers that share a space share
//! its name. A residual stream is one name, used by all layers that read from it and write to it.
//!
//! ```
//! use constinit_symmetry::{AxesSpec, NamedAxis, layers};
//!
//! // A convolution, flattened at 4 x 4 pixels into a linear layer.
//! let spec = AxesSpec::builder()
//!     .space("channels", 8)
//!     .layer(layers::conv("conv1", "", "channels", 2))
//!     .layer(layers::norm("norm1", "channels"))
//!     .layer(layers::dense("head", NamedAxis::flattened("channels", 16), "").without_bias())
//!     .build([
//!         ("conv1.weight", &[8, 3, 3, 3][..]),
//!         ("conv1.bias", &[8]),
//!         ("norm1.weight", &[8]),
//!         ("norm1.bias", &[8]),
//!         ("head.weight", &[10, 128]),
//!     ])?;
//! assert_eq!(spec.params().len(), 5);
//! # Ok::<(), constinit_symmetry::SymmetryError>(())
//! ```

use super::{NamedAxis, RoleAxis, input, output};

/// The parameters of a layer, or of several, with their axes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    params: Vec<(String, Vec<RoleAxis<String>>)>,
}

impl Layer {
    fn new(params: impl IntoIterator<Item = (String, Vec<RoleAxis<String>>)>) -> Self {
        Self { params: params.into_iter().collect() }
    }

    /// The layer without the parameters whose path ends in `bias`.
    pub fn without_bias(mut self) -> Self {
        self.params.retain(|(path, _)| path != "bias" && !path.ends_with(".bias"));
        self
    }

    /// The layer with every matrix stored as `weight[input][output]`, as Burn's `Linear` has it. Parameters of other
    /// ranks stay as they are.
    pub fn input_first(mut self) -> Self {
        for (_, axes) in self.params.iter_mut().filter(|(_, axes)| axes.len() == 2) {
            axes.reverse();
        }
        self
    }

    /// The layer with another last part of its paths: each that equals `from` becomes `to` (for example `weight`
    /// becomes `gamma`).
    pub fn renamed(mut self, from: &str, to: &str) -> Self {
        for (path, _) in &mut self.params {
            if let Some(stem) = path.strip_suffix(from).filter(|s| s.is_empty() || s.ends_with('.'))
            {
                *path = format!("{stem}{to}");
            }
        }
        self
    }

    /// The parameters of this layer, followed by those of another.
    pub fn and(mut self, other: Layer) -> Self {
        self.params.extend(other.params);
        self
    }

    /// The paths and axes.
    pub fn params(&self) -> impl ExactSizeIterator<Item = (&str, &[RoleAxis<String>])> {
        self.params.iter().map(|(path, axes)| (path.as_str(), axes.as_slice()))
    }

    pub(super) fn into_params(self) -> Vec<(String, Vec<RoleAxis<String>>)> {
        self.params
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// A linear layer: `weight[output][input]`, `bias[output]`.
pub fn dense(path: &str, inputs: impl Into<NamedAxis>, outputs: impl Into<NamedAxis>) -> Layer {
    let outputs = outputs.into();
    Layer::new([
        (join(path, "weight"), vec![output(outputs.clone()), input(inputs)]),
        (join(path, "bias"), vec![output(outputs)]),
    ])
}

/// A convolution with `kernel_rank` kernel axes: `weight[output][input][k]...`, `bias[output]`.
pub fn conv(
    path: &str,
    inputs: impl Into<NamedAxis>,
    outputs: impl Into<NamedAxis>,
    kernel_rank: usize,
) -> Layer {
    let outputs = outputs.into();
    let mut weight = vec![output(outputs.clone()), input(inputs)];
    weight.extend((0..kernel_rank).map(|_| input("")));
    Layer::new([(join(path, "weight"), weight), (join(path, "bias"), vec![output(outputs)])])
}

/// A convolution in groups: `weight[groups * outputs_per_group][inputs_per_group][k]...`.
///
/// A single channel never equals a channel of another group, but whole *groups* may be equal. So the units of the space
/// are the groups: the layer before ends in [`NamedAxis::flattened`]`(groups, inputs_per_group)`, and the layer after
/// starts from `flattened(groups, outputs_per_group)`. A depthwise convolution has one input and one output per group,
/// so its groups are its channels.
pub fn grouped_conv(
    path: &str,
    groups: &str,
    outputs_per_group: usize,
    kernel_rank: usize,
) -> Layer {
    let channels = NamedAxis::flattened(groups, outputs_per_group);
    let mut weight = vec![output(channels.clone())];
    weight.extend((0..=kernel_rank).map(|_| input("")));
    Layer::new([(join(path, "weight"), weight), (join(path, "bias"), vec![output(channels)])])
}

/// A normalisation: `weight[space]` and `bias[space]`.
pub fn norm(path: &str, space: impl Into<NamedAxis>) -> Layer {
    vectors(path, &["weight", "bias"], space)
}

/// Any set of vectors with one entry per unit: running statistics, learned scales.
pub fn vectors(path: &str, names: &[&str], space: impl Into<NamedAxis>) -> Layer {
    let space = space.into();
    Layer::new(names.iter().map(|name| (join(path, name), vec![output(space.clone())])))
}

/// An embedding table: `weight[token][feature]`, tokens fixed.
pub fn embedding(path: &str, features: impl Into<NamedAxis>) -> Layer {
    Layer::new([(join(path, "weight"), vec![input(""), output(features)])])
}

/// Multi-head attention on a stream: `q_proj`, `k_proj`, `v_proj` from the stream into the heads and `out_proj` back.
///
/// Units are heads; each has `head_dim` entries along the projections. This layer does not describe grouped queries
/// (fewer key heads than query heads); write those with [`dense`] and two spaces.
pub fn attention(path: &str, stream: &str, heads: &str, head_dim: usize) -> Layer {
    let heads = NamedAxis::flattened(heads, head_dim);
    ["q_proj", "k_proj", "v_proj"]
        .into_iter()
        .map(|name| dense(&join(path, name), stream, heads.clone()))
        .chain([dense(&join(path, "out_proj"), heads.clone(), stream)])
        .reduce(Layer::and)
        .unwrap_or(Layer { params: Vec::new() })
}

/// A residual block on a stream: `up` from the stream into a hidden space, `down` back into the same stream.
pub fn residual(path: &str, stream: &str, hidden: &str) -> Layer {
    dense(&join(path, "up"), stream, hidden).and(dense(&join(path, "down"), hidden, stream))
}

/// An Elman recurrence: `weight_ih[hidden][input]`, `weight_hh[hidden][hidden]` and both biases.
///
/// The hidden space is on both axes of `weight_hh`, so a swap of two units acts on both at once.
pub fn recurrent(path: &str, inputs: impl Into<NamedAxis>, hidden: &str) -> Layer {
    Layer::new([
        (join(path, "weight_ih"), vec![output(hidden), input(inputs)]),
        (join(path, "weight_hh"), vec![output(hidden), input(hidden)]),
    ])
    .and(vectors(path, &["bias_ih", "bias_hh"], hidden))
}

/// A recurrence with stacked gates: `weight_ih[gates * hidden][input]`, `weight_hh[gates * hidden][hidden]` and both
/// biases, as in PyTorch. An LSTM has 4 gates, a GRU has 3. Each gate is one block of all units.
pub fn gated(path: &str, inputs: impl Into<NamedAxis>, hidden: &str, gates: usize) -> Layer {
    let stacked = NamedAxis::blocks(gates, hidden);
    Layer::new([
        (join(path, "weight_ih"), vec![output(stacked.clone()), input(inputs)]),
        (join(path, "weight_hh"), vec![output(stacked.clone()), input(hidden)]),
    ])
    .and(vectors(path, &["bias_ih", "bias_hh"], stacked))
}
