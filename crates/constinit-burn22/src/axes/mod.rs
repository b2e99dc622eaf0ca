//! Which axes of a module's parameters share a space of units, found by running it once.
//!
//! ```text
//! x [7, 3] -- Linear [3, 5] -- relu -- Linear [5, 4] -- y [7, 4]
//!     3 is fixed, 4 is fixed, the two 5 are one axis: the space `layers.0` of 5 units
//! ```
//!
//! [`trace`] runs a copy of a module on Burn's capture device, which computes nothing and records every operation. Each
//! operation then says which axes are the same: an elementwise sum of two tensors unites their axes, a matrix product
//! unites the axes that it sums over, a reshape makes an axis a product. What distinguishes members of an axis *fixes*
//! it: an input or an output of the model, data that comes from neither parameters nor inputs, a slice, a sort, a
//! maximum (whose gradient goes to the first of equal members). What is not fixed is a space.
//!
//! Permuting the members of a space, along all its axes at once, does not change what the model computes. The answer
//! may miss such a space, but every space in it is one: an operation without a rule fixes all axes that it touches, and
//! [`Traced::without_rule`] lists it. Parameters that are not used are fixed, too. A spec has one space per axis: if an
//! axis is a product of two spaces, such as heads and their features, the inner one is fixed. If a concatenation puts
//! spaces of equal size side by side, they count as one space: its unit `u` is unit `u` of each, so its twins are twins
//! in all of them. Spaces of other sizes are fixed.
//!
//! The answer holds for this run: for the branches that the model took. Burn's dropout layers do something only if
//! gradients are computed: trace a module in training mode, and [`Traced::stochastic`] names the spaces that they
//! disturb; [`Module::valid`](burn::module::Module::valid) is traced as inference. Numbers that are drawn while the
//! model runs do not fix an axis, since the units are equal in distribution.
//!
//! Chains of layers have axes without a run, such as [`ConstInit::axes`](crate::ConstInit::axes), and any spec can be
//! built with [`AxesSpec::builder`](constinit_symmetry::AxesSpec::builder) or read from a file with [`from_file`],
//! which [`AxesFile`] also writes. [`same_structure`] compares two of them.
//!
//! # References
//!
//! Ainsworth, Hayase, Srinivasa, "Git Re-Basin: Merging Models modulo Permutation Symmetries", 2022, where such specs are
//! written by hand.

mod copy;
mod file;
mod session;
mod trace;
mod translate;

pub use constinit_core::axes::{
    ParameterAxis, StochasticSpaces, Traced, WidthCause, WidthDependence, WithoutRule,
    same_structure,
};
pub use constinit_symmetry::AxesFile;
pub use file::from_file;
pub use trace::{Trace, trace};
