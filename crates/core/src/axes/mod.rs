//! Which axes of a model's parameters share a space of units, from a recording of the model's operations.
//!
//! ```text
//! x [7, 3] -- Linear [3, 5] -- relu -- Linear [5, 4] -- y [7, 4]
//!     3 is fixed, 4 is fixed, the two 5 are one axis: the space `layers.0` of 5 units
//! ```
//!
//! A framework crate records a run as a [`Recording`] of [`Operation`]s; [`solve`] finds the spaces. Each operation
//! says which axes are the same: an elementwise sum of two tensors unites their axes, a matrix product unites the axes
//! that it sums over, a reshape makes an axis a product. What distinguishes members of an axis *fixes* it: an input or
//! an output of the model, data that comes from neither parameters nor inputs, a slice, a sort, a maximum (whose
//! gradient goes to the first of equal members). What is not fixed is a space.
//!
//! Permuting the members of a space, along all its axes at once, does not change what the model computes. The answer
//! may miss such a space, but every space in it is one: an operation without a rule fixes all axes that it touches, and
//! [`Traced::without_rule`] lists it.
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
    /// A space is named after the module of the first parameter that produces it.
    pub axes: AxesSpec,
    /// For which units the run drew random numbers.
    pub stochastic: StochasticSpaces,
    /// Whether the model ran with gradients. Dropout does something, and is recorded, only with gradients.
    pub with_gradients: bool,
    /// Parameters between two spaces whose entries do anything other than multiply one unit for another: weights that
    /// the model divides by their norm, takes the exponential of, or computes from other parameters. Twins stay valid
    /// with such parameters. Equitable and forward-lumpable classes rest on sums of entries, so they say nothing about
    /// a model that has such parameters.
    pub entrywise: Vec<String>,
    /// Spaces whose *number* of units affects what the model computes, so their units cannot be merged.
    pub width_dependent: Vec<WidthDependence>,
    /// Operations without a rule, each once.
    pub without_rule: Vec<WithoutRule>,
}

/// The spaces for whose units a model draws random numbers while it runs, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StochasticSpaces {
    /// Spaces with dropout: the model draws whether each unit takes part.
    pub dropout: Vec<String>,
    /// Spaces with any other random numbers.
    pub noise: Vec<String>,
}

impl StochasticSpaces {
    /// Adds these spaces to the facts of a training.
    pub fn added_to(&self, facts: TrainingFacts) -> TrainingFacts {
        let facts = self.dropout.iter().fold(facts, TrainingFacts::with_dropout);
        self.noise.iter().fold(facts, TrainingFacts::with_noise)
    }
}

/// A space whose number of units affects what the model computes: merging two equal units into one would change it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WidthDependence {
    /// The space, by name.
    pub space: String,
    /// Why their number matters.
    pub cause: WidthCause,
}

/// Why the number of units of a space matters.
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
    /// The model combines the units with a tensor whose shape is written in the code.
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
    /// The axes that are fixed only because of this operation.
    pub fixed: Vec<ParameterAxis>,
}

/// An axis of a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ParameterAxis {
    /// The parameter's path.
    pub path: String,
    /// The number of the axis, from 0.
    pub axis: usize,
}
