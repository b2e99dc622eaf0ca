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
//! model, data that comes from neither parameters nor inputs, a slice, a sort. What is not fixed is
//! a space.
//!
//! Members of a space can be permuted, all its axes at once, and the model computes the same. The
//! answer may miss such a space, but has none that is not one: an operation without a rule fixes
//! all it touches, and [`Traced::without_rule`] lists it. So do parameters that are not used, and
//! units that vary faster than a fixed index along an axis.
//!
//! The answer is that of the one run: of the branches that the model took, and of evaluation, not
//! of training. All branches of a model that decides by configuration alone are those of its runs.
//!
//! # References
//!
//! Ainsworth, Hayase, Srinivasa, "Git Re-Basin: Merging Models modulo Permutation Symmetries",
//! 2022, where such specs are written by hand.

mod capture;
mod declared;
mod graph;
mod rules;
mod spaces;
mod trace;
mod union;

use constinit_symmetry::AxesSpec;

pub use capture::{Bridge, Capture, CaptureDevice, Channel, Client};
pub use declared::same_structure;
pub use trace::{Trace, TracedKind, trace};

/// What a trace shows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traced {
    /// Which axes share a space, by the paths of [`parameter_paths`](crate::params::parameter_paths)
    /// and in the orientation in which Burn stores parameters.
    ///
    /// A space is called after the module of the first parameter that produces it.
    pub axes: AxesSpec,
    /// Operations that are not known here, each once.
    pub without_rule: Vec<WithoutRule>,
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
