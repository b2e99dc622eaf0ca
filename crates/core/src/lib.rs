//! What `constinit` knows about networks without knowing a framework.

pub mod axes;
pub mod files;
pub mod init;
pub mod module;
pub mod optimizer;
pub mod probe;
pub mod surgery;
pub mod text;
pub mod train;
pub mod transverse;

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
