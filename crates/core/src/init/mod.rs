//! Initialisers: the entries of parameters before training.
//!
//! Each is a small value that fills a parameter of any rank, given which axis is the input axis and which is the output
//! axis. Initialisers can be serialised (serde), scaled, added and made symmetric. An [`InitPlan`] chooses one for each
//! parameter of a module by its path, and predicts which units will be equal.
//!
//! ```
//! use constinit_core::init::{RngKey, Init, ParameterAxes};
//!
//! // The first weight of the text on constant initialisation: 1 + j for input j, Burn's [in, out].
//! let ramp = Init::InputRamp { start: 1.0, step: 1.0 };
//! let values = ramp.values(&[3, 2], ParameterAxes::LINEAR_WEIGHT, &RngKey::default())?;
//! assert_eq!(values, [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
//!
//! // 6 units in 2 classes, with different weights between the classes.
//! let classes = Init::normal(0.0, 1.0).symmetrised(2);
//! let drawn = classes.values(&[1, 6], ParameterAxes::LINEAR_WEIGHT, &RngKey::new(7, "weight"))?;
//! assert!(drawn[0] == drawn[2] && drawn[3] == drawn[5] && drawn[2] != drawn[3]);
//! # Ok::<(), constinit_core::Error>(())
//! ```
//!
//! Random numbers depend on a seed and a path ([`RngKey`]): they are the same on every backend, in any order.

mod along;
mod axes;
mod block_average;
mod burn;
mod checked;
mod circulant;
mod compose;
mod families;
mod file;
mod fill;
mod form;
mod function;
mod hadamard;
mod identity;
mod layout;
mod orthogonal;
mod plan;
mod random;
mod rng_key;
mod scale;
mod sinusoidal;
mod sparse;

pub use axes::ParameterAxes;
pub use burn::BurnInitializer;
pub use checked::Reason;
pub use fill::SpreadEntries;
pub use function::{Function, Place};
pub use plan::{
    FilledParameter, InitPlan, InitReport, InitRow, InitRule, PlannedParameter, PredictedSpace,
    Prediction, Unmatched,
};
pub use rng_key::RngKey;
pub(crate) use rng_key::STRETCH;
pub use scale::{Distribution, Fan, Nonlinearity};

use serde::{Deserialize, Serialize};

/// An initialiser. `W[o][i]` below is the entry of output unit `o` and input `i`, in any order of the axes.
///
/// For kernels, a statement about `W[o][i]` holds at every kernel position, unless it names the centre.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Init {
    /// One number everywhere. All output units are equal, and all inputs.
    Constant {
        /// The number.
        value: f64,
    },
    /// 0 everywhere.
    Zeros,
    /// 1 everywhere.
    Ones,
    /// `start + step * i` for input `i`: equal for every output unit.
    #[serde(alias = "input_ramp")]
    InputRamp {
        /// The value at input 0.
        start: f64,
        /// What each further input adds.
        step: f64,
    },
    /// `start + step * o` for output unit `o`.
    #[serde(alias = "output_ramp")]
    OutputRamp {
        /// The value at output unit 0.
        start: f64,
        /// What each further output unit adds.
        step: f64,
    },
    /// `values[i]` for input `i`: equal for every output unit.
    #[serde(alias = "per_input")]
    PerInput {
        /// One number per input.
        values: Vec<f64>,
    },
    /// `values[o]` for output unit `o`: units with the same value are equal.
    #[serde(alias = "per_output")]
    PerOutput {
        /// One number per output unit.
        values: Vec<f64>,
    },
    /// Every output unit averages one block of the inputs. With `b` blocks, `W[o][i] = gain / n` if `o` and `i` are in
    /// blocks with the same number, and 0 otherwise; the block of `i` has `n` inputs (times kernel positions). Output
    /// units of a block are equal, so there are `b` classes. One block is the averaging layer of ConstNet (Blumenfeld,
    /// Gilboa, Soudry, "Beyond signal propagation: is feature diversity necessary in deep neural network
    /// initialization?", 2020).
    #[serde(alias = "block_average")]
    BlockAverage {
        /// Into how many blocks outputs and inputs are divided.
        blocks: usize,
        /// The factor.
        #[serde(default = "one")]
        gain: f64,
    },
    /// `values[(i - o) mod n]` for `n` outputs and `n` inputs: every output unit has the weights of the previous one,
    /// shifted by one input. Sums over all inputs and sums over all outputs are equal. So the units of a square layer
    /// between two such layers are equitable, although no two are twins unless the values repeat: they get equal
    /// gradients, and their differences do not change (the statement on equitable partitions in docs/theory.md).
    Circulant {
        /// The weights of output unit 0, one for each input.
        values: Vec<f64>,
    },
    /// `gain` where `o = i`, 0 elsewhere; square only, at the centre of a kernel. No two units are equal.
    Identity {
        /// The diagonal.
        #[serde(default = "one")]
        gain: f64,
    },
    /// Like [`Init::Identity`], but also rectangular (`torch.nn.init.eye_`). Output units beyond the number of inputs
    /// are zero, and so equal.
    #[serde(alias = "partial_identity")]
    PartialIdentity {
        /// The diagonal.
        #[serde(default = "one")]
        gain: f64,
    },
    /// Each group of output channels passes the input channels on: 1 at the centre if the number within the group is
    /// `i`, 0 elsewhere (`torch.nn.init.dirac_`).
    Dirac {
        /// Groups of output channels.
        #[serde(default = "one_group")]
        groups: usize,
    },
    /// An orthogonal matrix at the centre of a kernel, 0 elsewhere, for at least as many outputs as inputs (Xiao and
    /// others, "Dynamical isometry and a mean field theory of CNNs", 2018). The matrix is random.
    #[serde(alias = "delta_orthogonal")]
    DeltaOrthogonal {
        /// The factor.
        #[serde(default = "one")]
        gain: f64,
    },
    /// A random matrix with orthonormal rows or columns, whichever are fewer, for `W` as outputs times everything else
    /// (Saxe, McClelland, Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks",
    /// 2013; `torch.nn.init.orthogonal_`).
    Orthogonal {
        /// The factor.
        #[serde(default = "one")]
        gain: f64,
    },
    /// Like [`Init::Orthogonal`] in each of several blocks, such as the stacked gates of a recurrent weight.
    #[serde(alias = "block_orthogonal")]
    BlockOrthogonal {
        /// Into how many blocks the outputs are divided.
        output_blocks: usize,
        /// Into how many blocks the inputs are divided.
        #[serde(default = "one_group")]
        input_blocks: usize,
        /// The factor.
        #[serde(default = "one")]
        gain: f64,
    },
    /// Normal with mean 0. For each input, `ceil(sparsity * outputs)` output units, drawn at random, have 0 instead
    /// (Martens, "Deep learning via Hessian-free optimization", 2010; `torch.nn.init.sparse_`).
    Sparse {
        /// The share of zeros, from 0 to 1.
        sparsity: f64,
        /// The standard deviation of the other entries.
        std: f64,
    },
    /// Uniform from `low` to `high`.
    Uniform {
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
    /// Normal.
    Normal {
        /// The mean.
        #[serde(default)]
        mean: f64,
        /// The standard deviation.
        std: f64,
    },
    /// Normal, cut off below `low` and above `high`.
    #[serde(alias = "truncated_normal")]
    TruncatedNormal {
        /// The mean before the cut.
        #[serde(default)]
        mean: f64,
        /// The standard deviation before the cut.
        std: f64,
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
    /// Mean 0 and variance `scale / fan`, as in Keras and JAX.
    #[serde(alias = "variance_scaling")]
    VarianceScaling {
        /// The variance times the fan.
        scale: f64,
        /// Which fan.
        #[serde(default)]
        fan: Fan,
        /// The shape of the distribution.
        #[serde(default)]
        distribution: Distribution,
    },
    /// Variance `1 / fan_in` (LeCun and others, "Efficient backprop", 1998).
    Lecun {
        /// The shape of the distribution.
        #[serde(default)]
        distribution: Distribution,
    },
    /// Variance `gain^2 * 2 / (fan_in + fan_out)` (Glorot, Bengio, "Understanding the difficulty of training deep
    /// feedforward neural networks", 2010; `torch.nn.init.xavier_normal_`, `xavier_uniform_`).
    Xavier {
        /// The factor.
        #[serde(default = "one")]
        gain: f64,
        /// The shape of the distribution.
        #[serde(default)]
        distribution: Distribution,
    },
    /// Variance `gain^2 / fan` with the gain of the nonlinearity that follows (He and others, "Delving deep into
    /// rectifiers", 2015; `torch.nn.init.kaiming_normal_`, `kaiming_uniform_`).
    Kaiming {
        /// What follows the layer.
        #[serde(default)]
        nonlinearity: Nonlinearity,
        /// Which fan.
        #[serde(default)]
        fan: Fan,
        /// The shape of the distribution.
        #[serde(default)]
        distribution: Distribution,
    },
    /// `gain * H[o][i] / sqrt(2^m)` for Sylvester's Hadamard matrix `H` of size `2^m`, the smallest that is large
    /// enough: `H[o][i]` is 1 if `o` and `i` have an even number of binary ones in common, and -1 otherwise. At the
    /// centre of a kernel.
    Hadamard {
        /// The factor.
        #[serde(default = "one")]
        gain: f64,
    },
    /// ZerO: a partial identity if there are no more outputs than inputs; otherwise the Hadamard matrix with the factor
    /// `2^(-(m - 1) / 2)`. At the centre of a kernel. Deterministic, and yet without twins where layers widen (Zhao,
    /// Schaefer, Anandkumar, "ZerO initialization: initializing neural networks with only zeros and ones", 2021,
    /// algorithms 1 and 2). The authors' published code has the factor of [`Init::Hadamard`], `2^(-m / 2)`, instead.
    #[serde(alias = "zero_one")]
    ZeroOne,
    /// A wave for each output unit: `a sin((o + 1) (2 pi j / n + 2 pi / m))` for place `j` of `n` inputs times kernel
    /// positions and `m` outputs, with `a` such that the variance is `2 / (n + m)` (Fernández-Hernández and others,
    /// "Sinusoidal initialization, time for a new start", 2025). Deterministic. Units `o` and `o + n` differ only in
    /// their phase.
    Sinusoidal,
    /// The values of a tensor in a safetensors file.
    File {
        /// The file.
        path: std::path::PathBuf,
        /// The name of the tensor.
        tensor: String,
        /// Whether its first axis is the output axis, as in PyTorch; otherwise the axes are ordered as in Burn.
        #[serde(default = "yes")]
        output_first: bool,
    },
    /// An initialiser of Burn. It gives the same values as Burn if they are not random, and the same distribution if
    /// they are. Random numbers depend on the seed and the path; they are not those that Burn would draw on a device.
    Burn {
        /// Burn's initialiser.
        initializer: BurnInitializer,
    },
    /// A function of the place. It cannot be serialised.
    #[serde(skip)]
    Function(Function),
    /// Another initialiser times a number.
    Scaled {
        /// The number.
        gain: f64,
        /// The other initialiser.
        of: Box<Init>,
    },
    /// The sum of other initialisers, such as a constant plus noise. Each draws different numbers.
    Sum {
        /// The others.
        of: Vec<Init>,
    },
    /// Another initialiser, with units made equal: of `n` units in `c` classes, unit `u` is in class `floor(u c / n)`
    /// and has the entries of the first unit of its class. Twins need both sides: the outputs of the weights and biases
    /// that make the units, and the inputs of those that read them.
    Symmetrised {
        /// Classes of output units; absent if these are not made equal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outputs: Option<usize>,
        /// Classes of inputs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        inputs: Option<usize>,
        /// The other initialiser.
        of: Box<Init>,
    },
}

fn one() -> f64 {
    1.0
}

fn one_group() -> usize {
    1
}

fn yes() -> bool {
    true
}

impl Init {
    /// The name that configurations use.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Constant { .. } => "constant",
            Self::Zeros => "zeros",
            Self::Ones => "ones",
            Self::InputRamp { .. } => "input-ramp",
            Self::OutputRamp { .. } => "output-ramp",
            Self::PerInput { .. } => "per-input",
            Self::PerOutput { .. } => "per-output",
            Self::BlockAverage { .. } => "block-average",
            Self::Circulant { .. } => "circulant",
            Self::Identity { .. } => "identity",
            Self::PartialIdentity { .. } => "partial-identity",
            Self::Dirac { .. } => "dirac",
            Self::DeltaOrthogonal { .. } => "delta-orthogonal",
            Self::Orthogonal { .. } => "orthogonal",
            Self::BlockOrthogonal { .. } => "block-orthogonal",
            Self::Sparse { .. } => "sparse",
            Self::Uniform { .. } => "uniform",
            Self::Normal { .. } => "normal",
            Self::TruncatedNormal { .. } => "truncated-normal",
            Self::VarianceScaling { .. } => "variance-scaling",
            Self::Lecun { .. } => "lecun",
            Self::Xavier { .. } => "xavier",
            Self::Kaiming { .. } => "kaiming",
            Self::Hadamard { .. } => "hadamard",
            Self::ZeroOne => "zero-one",
            Self::Sinusoidal => "sinusoidal",
            Self::File { .. } => "file",
            Self::Burn { .. } => "burn",
            Self::Function(_) => "function",
            Self::Scaled { .. } => "scaled",
            Self::Sum { .. } => "sum",
            Self::Symmetrised { .. } => "symmetrised",
        }
    }

    /// Whether a seed decides the numbers. Another seed gives other numbers, unless a spread is 0.
    ///
    /// ```
    /// use constinit_core::init::Init;
    ///
    /// assert!(!Init::constant(0.5).is_random());
    /// assert!(Init::constant(0.5).plus(Init::normal(0.0, 0.01)).is_random());
    /// ```
    pub fn is_random(&self) -> bool {
        match self {
            Self::Constant { .. }
            | Self::Zeros
            | Self::Ones
            | Self::InputRamp { .. }
            | Self::OutputRamp { .. }
            | Self::PerInput { .. }
            | Self::PerOutput { .. }
            | Self::BlockAverage { .. }
            | Self::Circulant { .. }
            | Self::Identity { .. }
            | Self::PartialIdentity { .. }
            | Self::Dirac { .. }
            | Self::Hadamard { .. }
            | Self::ZeroOne
            | Self::Sinusoidal
            | Self::File { .. }
            | Self::Function(_) => false,
            Self::DeltaOrthogonal { .. }
            | Self::Orthogonal { .. }
            | Self::BlockOrthogonal { .. }
            | Self::Sparse { .. }
            | Self::Uniform { .. }
            | Self::Normal { .. }
            | Self::TruncatedNormal { .. }
            | Self::VarianceScaling { .. }
            | Self::Lecun { .. }
            | Self::Xavier { .. }
            | Self::Kaiming { .. } => true,
            Self::Burn { initializer } => initializer.is_random(),
            Self::Scaled { of, .. } | Self::Symmetrised { of, .. } => of.is_random(),
            Self::Sum { of } => of.iter().any(Self::is_random),
        }
    }
}

impl From<BurnInitializer> for Init {
    fn from(initializer: BurnInitializer) -> Self {
        Self::Burn { initializer }
    }
}
