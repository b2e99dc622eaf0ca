//! Which units of a neural network are the same unit? Exact answers from plain slices, about as fast as reading them.
//!
//! Give the parameters of a network as borrowed slices, and state which axis of which parameter ranges over which space of
//! units. The functions return, for every space, the classes of equal units, why the others differ, and whether training
//! can ever make the units of a class differ. No framework, no files, no copies of the parameters.
//!
//! # Words
//!
//! | word | meaning |
//! |---|---|
//! | unit | a hidden neuron, a channel or an attention head: what an index along an axis counts |
//! | space | the units that some axes of parameters range over: the output axis of one weight and the input axis of the next |
//! | twins | units that can be swapped without changing any parameter |
//! | equitable | classes whose weights have equal sums over classes, along inputs and along outputs |
//! | forward-lumpable | classes whose weights have equal sums along inputs: their units compute the same number |
//! | quotient | the network with one unit for each class |
//! | escape | twins diverge because rounding differences between them grow |
//!
//! # Three kinds of equality
//!
//! | function | units of a class | consequence |
//! |---|---|---|
//! | [`twins`] | can be swapped without changing a parameter | stay equal under every usual optimizer |
//! | [`equitable`] | have equal sums over classes, along inputs and outputs | get equal gradients, although their weights differ |
//! | [`forward_lumpable`] | have equal sums along inputs | compute the same number, so they can be merged |
//!
//! Each kind is coarser than the one above it. [`Symmetry::kind`] says which one a result is, and [`certificate`] draws
//! different conclusions from each.
//!
//! # A worked example
//!
//! A perceptron with 3 inputs, 2 hidden units and 4 outputs, initialised with constants: every hidden unit starts with
//! the weights 1, 2, 3. It has 2 hidden units, 1 distinct, and no amount of training changes that.
//!
//! ```
//! use constinit_symmetry::{
//!     AxesSpec, Optimizer, ParamView, TrainingFacts, certificate, layers, twins,
//! };
//!
//! let params = [
//!     ParamView::new("linear1.weight", &[2, 3], &[1.0_f32, 2.0, 3.0, 1.0, 2.0, 3.0])?,
//!     ParamView::new("linear1.bias", &[2], &[0.5_f32; 2])?,
//!     ParamView::new("linear2.weight", &[4, 2], &[1.0_f32; 8])?,
//!     ParamView::new("linear2.bias", &[4], &[0.5_f32; 4])?,
//! ];
//!
//! // "" is a fixed axis: input features and outputs have a meaning outside the network.
//! let spec = AxesSpec::builder()
//!     .space("hidden1", 2)
//!     .layer(layers::dense("linear1", "", "hidden1"))
//!     .layer(layers::dense("linear2", "hidden1", ""))
//!     .build(params.iter().map(ParamView::signature))?;
//!
//! let found = twins(&spec, &params)?;
//! assert_eq!(found.effective_width("hidden1"), Some(1));
//!
//! let promise = certificate(&found, &TrainingFacts::new(Optimizer::Adam));
//! assert_eq!(
//!     promise.claims()[0].sentence(),
//!     "The 2 units of class 0 of hidden1 are twins, and Adam with no decay never separates them \
//!      in exact arithmetic."
//! );
//!
//! // One outgoing weight changed: two classes, and the reason why.
//! let mut weight = [1.0_f32; 8];
//! weight[5] = 1.5;
//! let changed = [
//!     params[0].clone(),
//!     params[1].clone(),
//!     ParamView::new("linear2.weight", &[4, 2], &weight)?,
//!     params[3].clone(),
//! ];
//! let found = twins(&spec, &changed)?;
//! let hidden = found.space("hidden1").unwrap();
//! assert_eq!(hidden.effective_width(), 2);
//! let witness = hidden.witnesses().next().unwrap();
//! assert_eq!((witness.parameter(), witness.values()), ("linear2.weight", [1.0, 1.5]));
//! # Ok::<(), constinit_symmetry::SymmetryError>(())
//! ```
//!
//! # What to do with the classes
//!
//! | function | makes | keeps |
//! |---|---|---|
//! | [`quotient()`] | one number for each block of classes; the cost of training depends on the number of classes | the full network's path; [`Quotient::lift`] returns the full parameters |
//! | [`collapse()`] | one unit of each class | the function, exactly but for one rounding of each sum |
//! | [`reduce()`] | as few units as the activation allows | the function, exactly but for one rounding of each sum |
//! | [`widen()`] | copies of units | the function; [`collapse()`] returns the parameters, bit for bit |
//! | [`break_symmetry`] | different units, which training separates | the function: all sums over classes, exactly |
//!
//! Each checks that the given parameters have the classes that it needs. If not, the error names the parameter, the two
//! units and the block that disagree.
//!
//! # Where to look next
//!
//! - [`AxesSpec`] and [`layers`]: dense, convolution (with groups), normalisation, embedding, attention heads, residual
//!   streams, recurrences. With the feature `serde`, `AxesFile` reads the same from a TOML table.
//! - [`EqualityPolicy`]: what counts as equal: bits by default, or values, values within a tolerance, and either of
//!   these up to a sign or a positive factor.
//! - [`SpaceSymmetry`]: classes, witnesses, spreads, NaN, constant units and units without incoming or outgoing
//!   weights.
//! - [`spreads`]: how far the units of a class have diverged since; [`imbalances`]: how far their sums have.
//! - [`Activation`], [`Loss`]: the functions of a network by name, and what is known about each.
//! - [`dynamics`]: training of dense networks, or of their quotients, in closed form: in floats, or in fractions.
//!   [`Quotient::perceptron`] converts to it, [`Quotient::means_of_perceptron`] back.
//! - [`transverse()`]: the curvature of the loss between twins, which decides whether they diverge.
//! - [`AxesSpec::swapped_entries`]: the entries that a swap of two units exchanges.
//! - [`forecast`]: whether rounding will separate the units of a class, and after how many steps.
//! - [`theorem`]: the four properties of a constant-initialised perceptron, measured.
//! - [`certificate`]: what keeps a class and what breaks it, with a sentence for users.
//!
//! # Floating point
//!
//! Answers never round. Entries are compared as stored, and sums over classes are compared as real numbers (a long
//! accumulator, not a rounded sum), so answers depend neither on the order of units nor on the number of threads.
//! Functions that make new parameters round each sum once. Rounding may still separate, during training, units that
//! exact arithmetic keeps equal. [`forecast`] computes how fast, given the curvature of the loss along a difference.
//!
//! # Features
//!
//! `rayon` (default): refine spaces and members in parallel, with the same results. `serde`: the file form of a spec.

mod activation;
mod axes;
mod blocks;
mod breaking;
mod certificate;
mod chain;
mod classes;
mod collapse;
mod draw;
pub mod dynamics;
mod element;
mod equality_policy;
mod equitable;
mod error;
mod findings;
pub mod forecast;
mod imbalance;
mod layout;
mod loss;
mod lumping;
mod owned;
mod parallel;
mod params;
mod partition;

mod quotient;
mod reduce;
mod sameness;
mod shape_error;
mod space;
mod splits;
mod spread;
mod stable;
mod sum;
mod swap;
mod symmetry;
pub mod text;
pub mod theorem;
mod transverse;
mod twins;
mod ulps;
mod widen;

pub use activation::{Activation, Parity};
#[cfg(feature = "serde")]
pub use axes::AxesFile;
pub use axes::{
    AxesSpec, AxesSpecBuilder, Axis, NamedAxis, Orientation, Role, RoleAxis, SpecParam, input,
    layers, output, unknown_role,
};
pub use breaking::{BreakScale, BrokenSymmetry, Inseparable, Obstacle, break_symmetry};
pub use certificate::{
    Certificate, Claim, Decay, Invariant, Optimizer, PlannedBreak, PlannedChange, Preservation,
    SymmetryBreaker, TrainingFacts, Verdict, certificate, keeps,
};
pub use chain::ChainLayer;
pub use collapse::{Collapsed, collapse};
pub use equality_policy::{Comparison, EqualityPolicy, Normalization};
pub use equitable::equitable;
pub use error::{
    ForecastError, ParameterError, SearchError, SpecError, SurgeryError, SymmetryError,
};
pub use findings::Findings;
pub use imbalance::imbalances;
pub use loss::Loss;
pub use lumping::forward_lumpable;
pub use owned::{OwnedElements, OwnedParam};
pub use params::{ElementType, Elements, ParamView};
pub use partition::Partition;
pub use quotient::{Quotient, QuotientAxis, QuotientParam, quotient};
pub use reduce::{
    Activations, Minimality, ReduceOptions, Reduction, SpaceReduction, UnitFate, Unreduced,
    UnreducedReason, Untried, reduce, reduce_with,
};
pub use space::{ClassId, ParamId, SpaceId, UnitIndex, UnitSpace};
pub use spread::{Spread, spreads};
pub use swap::SwappedEntries;
pub use symmetry::{Difference, NanEntry, SpaceSymmetry, Symmetry, SymmetryKind, Witness};
pub use transverse::{Transverse, Way, transverse};
pub use twins::{TwinsCheck, TwinsPass, twins, twins_refining, twins_with};
pub use ulps::{Ulps, ulps};
pub use widen::{Shares, Widened, widen};

/// The README's example, kept compiling.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
