//! The parts of `constinit` that need no framework: how parameters start, which units that makes equal, what training
//! does to equal units, and the text that reports it. The crates for Burn add tensors; other crates have files and the
//! command line.
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
//! | quotient | the network with one unit for each class; training it gives the numbers of the full network |
//! | escape | twins diverge because rounding differences between them grow |
//!
//! # Modules
//!
//! | module | content |
//! |---|---|
//! | [`init`] | 31 initialisers, rules by path, and which units they leave equal |
//! | [`module`] | the parameters of a framework's module, by path |
//! | [`axes`] | spaces of units, from recorded operations or a file |
//! | [`optimizer`] | settings of optimizers, and what each does to equal units |
//! | [`train`] | batches, dropout masks, how a training ends |
//! | [`probe`] | readings of a training, the first break and its cause |
//! | [`surgery`] | modules of other sizes with the same outputs |
//! | [`transverse`] | the curvature of the loss between two equal units |
//! | [`outcome`](crate::TrainingOutcome) | the loss compared with the loss of the best constant answer; [`dead_units`] |
//! | [`files`], [`text`] | files that are written whole or not at all; numbers as text |

pub mod axes;
#[cfg(feature = "config")]
pub mod config;
pub mod files;
pub mod init;
pub mod module;
pub mod optimizer;
pub mod probe;
pub mod surgery;
pub mod text;
pub mod train;
pub mod transverse;
pub mod verdict;

mod clip;
mod dead_units;
mod entries;
mod error;
mod float_type;
mod layer;
mod linear_algebra;
mod outcome;
mod perceptron;
mod perceptron_start;

pub use clip::Clip;
pub use constinit_symmetry::{Activation, Activations, AxesSpec, Loss, TrainingFacts};
pub use dead_units::{DeadUnits, dead_units};
pub use entries::Entries;
pub use error::Error;
pub use float_type::FloatType;
pub use layer::orientation_of_layer;
pub use optimizer::*;
pub use outcome::{TrainingOutcome, baseline};
pub use perceptron::{
    LayerInit, check_layer_dims, hidden_name, linear_name, parameters_text, perceptron_axes,
    without_hidden_layer,
};
pub use perceptron_start::PerceptronStart;
