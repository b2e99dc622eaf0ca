//! Which axes of a module's parameters share a space of units, found by running it once.
//!
//! ```text
//! x [7, 3] -- Linear [3, 5] -- relu -- Linear [5, 4] -- y [7, 4]
//!     3 is fixed, 4 is fixed, the two 5 are one axis: the space `layers.0` of 5 units
//! ```
//!
//! [`trace`] runs a model on [`Capture`], a backend that computes nothing and writes every
//! operation down. Then each operation says which axes are the same: a sum, member by member, of
//! two tensors unites their axes, a matrix product unites those it sums over, a reshape makes an
//! axis a product. What tells members of an axis apart *fixes* it: an input or an output of the
//! model, data that comes from neither parameters nor inputs, a slice, a sort, a maximum (whose
//! gradient goes to the first of equal members). What is not fixed is a space.
//!
//! Members of a space can be permuted, all its axes at once, and the model computes the same. The
//! answer may miss such a space, but has none that is not one: an operation without a rule fixes
//! all it touches, and [`Traced::without_rule`] lists it. Parameters that are not used are fixed,
//! too. A spec knows one space an axis: of two that an axis is a product of, such as heads and their
//! features, the inner one is fixed. Where a concatenation puts spaces side by side, those of one
//! size are taken for one, whose unit `u` is unit `u` of each, so that twins are twins in all of
//! them; those of other sizes are fixed.
//!
//! The answer is that of the one run: of the branches that the model took. Burn's dropout layers do
//! something only where gradients are computed: trace the model on `Autodiff<Capture>`, and
//! [`Traced::drawn`] names the spaces that they disturb. What is drawn while the model runs does not fix an axis, since the units are alike in
//! distribution; what is drawn before is a constant and does.
//!
//! Modules made of layers in a row have axes without a run, such as
//! [`ConstInit::axes`](crate::ConstInit::axes), and any spec can be written down with
//! [`AxesSpec::builder`] or read from a file with [`from_file`], which [`AxesFile`] writes, too.
//! [`same_structure`] compares two of them.
//!
//! # References
//!
//! Ainsworth, Hayase, Srinivasa, "Git Re-Basin: Merging Models modulo Permutation Symmetries",
//! 2022, where such specs are written by hand.

mod capture;
mod declared;
mod file;
mod graph;
mod rules;
mod spaces;
mod trace;
mod union;

use constinit_symmetry::{AxesSpec, TrainingFacts};
use std::fmt;

pub use capture::{Bridge, Capture, CaptureDevice, Channel, Client};
pub use constinit_symmetry::AxesFile;
pub use declared::same_structure;
pub use file::from_file;
pub use trace::{Recording, Trace, TracedKind, trace};

/// What a trace shows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traced {
    /// Which axes share a space, by the paths of [`parameter_paths`](crate::params::parameter_paths)
    /// and in the orientation in which Burn stores parameters.
    ///
    /// A space is called after the module of the first parameter that produces it.
    pub axes: AxesSpec,
    /// What the run drew at random.
    pub drawn: Drawn,
    /// Whether the model ran on `Autodiff<Capture>`, where its dropout does something and is seen.
    pub with_gradients: bool,
    /// Parameters between two spaces whose entries do something else than to multiply a unit for
    /// another: weights that are divided by their norm or taken the exponential of, or that are
    /// made of others. Twins are what they say; equitable and forward-lumpable classes rest on
    /// sums of entries and say nothing of a model that has such parameters.
    pub entrywise: Vec<String>,
    /// Spaces whose *number* of units enters what the model computes, so that their units cannot be
    /// [merged](crate::surgery).
    pub counted: Vec<Counted>,
    /// Operations that are not known here, each once.
    pub without_rule: Vec<WithoutRule>,
}

/// The spaces on whose units a model draws at random while it runs, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drawn {
    /// Whether a unit takes part, as dropout draws it.
    pub dropout: Vec<String>,
    /// Anything else.
    pub noise: Vec<String>,
}

impl Drawn {
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
pub struct Counted {
    /// The space, by name.
    pub space: String,
    /// What counts its units.
    pub by: Counting,
}

/// What makes the number of units count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Counting {
    /// A sum, a mean or a product of all of them without weights, as in norms and softmax.
    Reduction,
    /// A sum over products of units, as of queries and keys.
    Product,
    /// A convolution in groups.
    Groups,
    /// A reshape or a slice takes an axis apart at sizes that the code holds.
    Split,
    /// A tensor of a shape that the code holds meets them.
    Constant,
}

impl fmt::Display for Counting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reduction => "it sums or averages them, as norms and softmax do",
            Self::Product => "it sums products of them, as attention does",
            Self::Groups => "a convolution takes them in groups",
            Self::Split => "it takes an axis of them apart at a size of its own",
            Self::Constant => "it meets them with a tensor of a size of its own",
        })
    }
}

/// An operation without a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WithoutRule {
    /// Its name in Burn's intermediate representation.
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
