//! Errors in the shapes of a dense network.

/// Layers, class sizes, examples or units that do not fit a dense network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// A weight without `inputs * outputs` entries.
    #[error("a weight from {inputs} inputs to {outputs} outputs has {entries} entries")]
    Weight {
        /// Inputs of the layer.
        inputs: usize,
        /// Outputs of the layer.
        outputs: usize,
        /// Entries of the slice.
        entries: usize,
    },
    /// A bias without one entry per output.
    #[error("a bias of {outputs} outputs has {entries} entries")]
    Bias {
        /// Outputs of the layer.
        outputs: usize,
        /// Entries of the slice.
        entries: usize,
    },
    /// A layer whose number of inputs is not the number of outputs of the layer before it.
    #[error("layer {layer} reads {inputs} inputs, but the layer before it has {outputs} outputs")]
    Chain {
        /// Number of the layer, from 1.
        layer: usize,
        /// Inputs of that layer.
        inputs: usize,
        /// Outputs of the layer before it.
        outputs: usize,
    },
    /// No layers at all.
    #[error("no layers of weights were given; at least 1 is needed")]
    NoLayers,
    /// A number of widths that is not one more than the number of layers.
    #[error("{layers} layers need {} widths, but {widths} were given", layers + 1)]
    LayerCount {
        /// Widths given.
        widths: usize,
        /// Layers given.
        layers: usize,
    },
    /// A space without units.
    #[error("widths are {widths:?}: width number {position} is 0 (inputs are number 0)")]
    NoUnits {
        /// Widths given.
        widths: Vec<usize>,
        /// The position of the width that is 0.
        position: usize,
    },
    /// Class sizes that are not one per unit, each at least 1.
    #[error(
        "spaces of {widths:?} units need a class size of at least 1 for each; {found:?} sizes were given"
    )]
    ClassSizes {
        /// Units of each space after the inputs.
        widths: Vec<usize>,
        /// Sizes given for each.
        found: Vec<usize>,
    },
    /// Entries that are not rows of examples, or inputs and targets with different numbers of rows.
    #[error(
        "{what}: {entries} entries cannot be {examples} examples of {width}; give at least one example, with {width} \
         entries each"
    )]
    Examples {
        /// Inputs or targets.
        what: &'static str,
        /// Entries given.
        entries: usize,
        /// Entries of one example.
        width: usize,
        /// Examples of the batch.
        examples: usize,
    },
    /// A unit that the network does not have.
    #[error("hidden layer {layer} has no unit {unit}")]
    Unit {
        /// The hidden layer, from 1.
        layer: usize,
        /// The unit, from 0.
        unit: usize,
    },
}
