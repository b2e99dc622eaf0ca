//! The layers of the theorem, borrowed.

use crate::shape_error::ShapeError;

/// How the entries of a weight lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// `[inputs, outputs]`: all output units of input 0, then those of input 1 (Burn).
    InputMajor,
    /// `[outputs, inputs]`: all inputs of output unit 0, then those of unit 1 (PyTorch).
    OutputMajor,
}

/// The parameters of one linear layer, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Dense<'a, T> {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) weight: &'a [T],
    pub(super) bias: Option<&'a [T]>,
    pub(super) order: Order,
}

impl<'a, T> Dense<'a, T> {
    /// A layer of `inputs * outputs` weights and, if it has a bias, `outputs` bias entries.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] if a slice is longer or shorter than that.
    pub fn new(
        inputs: usize,
        outputs: usize,
        weight: &'a [T],
        bias: Option<&'a [T]>,
        order: Order,
    ) -> Result<Self, ShapeError> {
        if inputs.checked_mul(outputs) != Some(weight.len()) {
            return Err(ShapeError::Weight { inputs, outputs, entries: weight.len() });
        }
        match bias {
            Some(bias) if bias.len() != outputs => {
                Err(ShapeError::Bias { outputs, entries: bias.len() })
            }
            _ => Ok(Self { inputs, outputs, weight, bias, order }),
        }
    }
}

/// Returns an error if there are no layers or if they are not a chain.
pub(super) fn check_chain<T>(layers: &[Dense<'_, T>]) -> Result<(), ShapeError> {
    if layers.is_empty() {
        return Err(ShapeError::NoLayers);
    }
    for (number, pair) in layers.windows(2).enumerate() {
        if pair[1].inputs != pair[0].outputs {
            return Err(ShapeError::Chain {
                layer: number + 2,
                inputs: pair[1].inputs,
                outputs: pair[0].outputs,
            });
        }
    }
    Ok(())
}
