//! Which axes of a model's parameters share a space of units, from a recording of the model's operations.
//!
//! ```text
//! x [7, 3] -- Linear [3, 5] -- relu -- Linear [5, 4] -- y [7, 4]
//!     3 is fixed, 4 is fixed, the two 5 are one axis: the space `layers.0` of 5 units
//! ```
//!
//! A framework crate records a run as a [`Recording`] of [`Operation`]s; [`solve`] finds the spaces. Each operation says
//! which axes are the same: a sum, member by member, of two tensors unites their axes, a matrix product unites those it
//! sums over, a reshape makes an axis a product. What distinguishes members of an axis *fixes* it: an input or an output
//! of the model, data that comes from neither parameters nor inputs, a slice, a sort, a maximum (whose gradient goes to
//! the first of equal members). What is not fixed is a space.
//!
//! Members of a space can be permuted, all its axes at once, and the model computes the same. The answer may miss such a
//! space, but has none that is not one: an operation without a rule fixes all it touches, and [`Traced::without_rule`]
//! lists it.
//!
//! # References
//!
//! Ainsworth, Hayase, Srinivasa, "Git Re-Basin: Merging Models modulo Permutation Symmetries", 2022, where such specs are
//! written by hand.

mod file;
mod graph;
mod operation;
mod rules;
mod solve;
mod spaces;
mod structure;
mod union;

use constinit_symmetry::{AxesSpec, TrainingFacts};
use std::fmt;

pub use file::from_file;
pub use graph::TracedParameter;
pub use operation::{
    AxisReduction, Draws, Operation, OperationKind, SliceRange, TensorId, TensorRef,
};
pub use solve::{Recording, solve};
pub use structure::same_structure;

/// What a trace shows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traced {
    /// Which axes share a space, by the paths of the module's parameters and in the orientation in which the framework
    /// stores them.
    ///
    /// A space is called after the module of the first parameter that produces it.
    pub axes: AxesSpec,
    /// What the run drew at random.
    pub stochastic: StochasticSpaces,
    /// Whether the model ran with gradients, where its dropout does something and is seen.
    pub with_gradients: bool,
    /// Parameters between two spaces whose entries do something else than to multiply a unit for
    /// another: weights that are divided by their norm or taken the exponential of, or that are
    /// made of others. Twins are what they say; equitable and forward-lumpable classes rest on
    /// sums of entries and say nothing of a model that has such parameters.
    pub entrywise: Vec<String>,
    /// Spaces whose *number* of units enters what the model computes, so their units cannot be merged.
    pub width_dependent: Vec<WidthDependence>,
    /// Operations that are not known here, each once.
    pub without_rule: Vec<WithoutRule>,
}

/// The spaces on whose units a model draws at random while it runs, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StochasticSpaces {
    /// Whether a unit takes part, as dropout draws it.
    pub dropout: Vec<String>,
    /// Anything else.
    pub noise: Vec<String>,
}

impl StochasticSpaces {
    /// Adds what is drawn to the facts of a training.
    pub fn added_to(&self, facts: TrainingFacts) -> TrainingFacts {
        let facts = self.dropout.iter().fold(facts, TrainingFacts::with_dropout);
        self.noise.iter().fold(facts, TrainingFacts::with_noise)
    }
}

/// A space whose number of units enters what the model computes: with two equal units merged into
/// one it would compute something else.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WidthDependence {
    /// The space, by name.
    pub space: String,
    /// What counts its units.
    pub cause: WidthCause,
}

/// What makes the number of units count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WidthCause {
    /// A sum, a mean or a product of all of them without weights, as in norms and softmax.
    Reduction,
    /// A sum over products of units, as of queries and keys.
    Product,
    /// A convolution in groups.
    Groups,
    /// A reshape or a slice divides an axis at sizes that are written in the code.
    Split,
    /// The model combines them with a tensor whose shape is written in the code.
    Constant,
}

impl fmt::Display for WidthCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reduction => "it sums or averages them, as norms and softmax do",
            Self::Product => "it sums products of them, as attention does",
            Self::Groups => "a convolution takes them in groups",
            Self::Split => "it divides an axis of them at a fixed size",
            Self::Constant => "it combines them with a tensor of a fixed size",
        })
    }
}

/// An operation without a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WithoutRule {
    /// The framework's name for it.
    pub operation: String,
    /// The axes that are fixed for its sake alone.
    pub fixed: Vec<ParameterAxis>,
}

/// An axis of a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ParameterAxis {
    /// The parameter's path.
    pub path: String,
    /// Which of its axes, from 0.
    pub axis: usize,
}
