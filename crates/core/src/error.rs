//! Errors, which name the parameter, the setting or the file.

use crate::init::Reason;
use std::path::PathBuf;

/// Errors of this crate and of the framework crates on it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A perceptron without inputs or outputs.
    #[error(
        "layer_dims {layer_dims:?} has fewer than 2 numbers; give the sizes of inputs and outputs, with those of \
         hidden layers between them"
    )]
    TooFewLayers {
        /// The sizes given.
        layer_dims: Vec<usize>,
    },
    /// A layer of no units.
    #[error("layer_dims {layer_dims:?}: size number {position}, counted from 0, is 0")]
    EmptyLayer {
        /// The sizes given.
        layer_dims: Vec<usize>,
        /// Which one is 0, from 0.
        position: usize,
    },
    /// Sizes whose parameters do not fit into memory.
    #[error(
        "layer_dims {layer_dims:?}: the parameters do not fit into memory; the largest weight is \
         that of layer {layer}"
    )]
    TooLarge {
        /// The sizes given.
        layer_dims: Vec<usize>,
        /// The layer with the largest weight, from 1.
        layer: usize,
    },
    /// One initialiser per layer is needed.
    #[error("{layers} layers, but initialisers for {initialisers}")]
    LayerCount {
        /// Layers of the network.
        layers: usize,
        /// Initialisers given.
        initialisers: usize,
    },
    /// An initialiser that cannot fill a shape.
    #[error("initialiser {initialiser} cannot fill a parameter of shape {shape:?}: {reason}")]
    Init {
        /// Name of the initialiser.
        initialiser: &'static str,
        /// Shape of the parameter.
        shape: Vec<usize>,
        /// Why.
        reason: Reason,
    },
    /// Rules that do not fit the parameters, or an initialiser that cannot fill a parameter.
    #[error("{reason}")]
    Plan {
        /// The rule, the parameter and what does not fit.
        reason: String,
    },
    /// Inputs and targets that do not fit each other or the settings.
    #[error("data: {reason}")]
    Data {
        /// What does not fit.
        reason: String,
    },
    /// A run configuration that cannot be read, or that makes no sense.
    #[error("{reason}")]
    Config {
        /// The file, the key and what is wrong.
        reason: String,
    },
    /// A number in the settings that no training can use.
    #[error("{setting} = {value}: {reason}")]
    Setting {
        /// Name of the setting.
        setting: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        reason: &'static str,
    },
    /// A checkpoint that cannot be written.
    #[error("{}: cannot write the checkpoint: {source}", path.display())]
    CheckpointWrite {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A checkpoint that cannot be used.
    #[error("{}: {reason}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// For a checkpoint of another run: the first line of its fingerprint that differs, and this run's line.
        fingerprints: Option<[String; 2]>,
    },
    /// Axes that do not fit the module.
    #[error("axes: {reason}")]
    Axes {
        /// What does not fit.
        reason: String,
    },
    /// A recorded model that reads data.
    #[error(
        "trace: the model reads the data of a tensor of shape {shape:?}, but a recording has no data; a decision that \
         depends on a value reads data, and sorting may read it"
    )]
    TraceRead {
        /// Shape of the tensor that was read.
        shape: Vec<usize>,
    },
    /// A recorded model with a tensor from elsewhere.
    #[error(
        "trace: a tensor{} is not from this trace; run the model that the closure receives, and make all tensors on \
         the device that it receives",
        shape.as_ref().map(|shape| format!(" of shape {shape:?}")).unwrap_or_default()
    )]
    TraceForeign {
        /// Shape of the tensor, if it is known.
        shape: Option<Vec<usize>>,
    },
    /// A model that the framework does not record.
    #[error("trace: the framework cannot record this model: {reason}")]
    TraceRefused {
        /// What the framework says.
        reason: String,
    },
    /// A recording without inputs or without outputs.
    #[error("trace: {missing} is missing")]
    TraceIncomplete {
        /// What is missing.
        missing: &'static str,
    },
    /// A linear layer that stores its weight as `[output, input]`, with which the framework cannot train.
    #[error("{path}: the weight is stored transposed{reason}")]
    ColumnLayout {
        /// The parameter's path.
        path: String,
        /// The framework's name for this layout, what goes wrong, and what to do.
        reason: &'static str,
    },
    /// Values that do not fit a module's parameters.
    #[error("{path}: {reason}")]
    Parameter {
        /// The parameter's path.
        path: String,
        /// What does not fit.
        reason: String,
    },
    /// Two units whose difference cannot be forecast.
    #[error("{space}, units {} and {}: {reason}", .units[0], .units[1])]
    Twins {
        /// Their space.
        space: String,
        /// The two units.
        units: [usize; 2],
        /// Why.
        reason: String,
    },
    /// An operator whose lowest eigenvalue cannot be found.
    #[error("spectrum: {reason}")]
    Spectrum {
        /// Why.
        reason: String,
    },
    /// A module that surgery cannot change.
    #[error("{subject}: {reason}")]
    Surgery {
        /// The space, the parameter or the optimizer that prevents it.
        subject: String,
        /// Why.
        reason: String,
    },
    /// An error of `constinit-symmetry` about axes and parameters.
    #[error("axes: {0}")]
    Symmetry(#[from] constinit_symmetry::SymmetryError),
}
