//! Which axis of a weight is its output, inferred from the format, from biases and from the shapes of the others.
//!
//! ```text
//! fc1.weight [3, 2]  fc1.bias [3]     weight[output][input]: the bias fits the first axis alone
//! ```

use constinit_symmetry::Orientation;

use crate::chain;
use crate::format::Format;
use crate::parameter::Parameter;
use crate::parameter_set::ParameterSet;

/// The orientation of every weight of a checkpoint: [`Checkpoint::orientations`](crate::Checkpoint::orientations).
#[derive(Clone, Copy, Debug)]
pub struct Orientations<'c> {
    parameters: &'c ParameterSet,
    format: Format,
    /// Whether matrices are `weight[input][output]`, where the whole file tells.
    inputs_first: Option<bool>,
}

impl<'c> Orientations<'c> {
    /// Of `tensors`, among which `parameters` are those that can be a chain.
    pub(crate) fn new(
        tensors: &'c ParameterSet,
        parameters: &ParameterSet,
        format: Format,
    ) -> Self {
        let inputs_first = inputs_first(tensors, parameters, format);
        Self { parameters: tensors, format, inputs_first }
    }

    /// Whether a weight is stored as `weight[output][input]` or the other way round.
    ///
    /// Files of Burn have linear layers the other way round, all others as PyTorch has them. Biases that fit only one of
    /// the two axes decide otherwise: each for its own weight and, where all agree, for the matrices that no bias decides.
    /// Without any such bias, the only order in which matrices make a chain does.
    pub fn of(&self, weight: &Parameter) -> Orientation {
        let inputs_first = self.inputs_first.unwrap_or(self.format.inputs_first());
        let usual = if inputs_first && weight.shape().len() == 2 { 1 } else { 0 };
        let axis = match self.parameters.bias_of(weight).map(|bias| bias.shape()[0]) {
            Some(units) if weight.shape().get(usual) != Some(&units) => 1 - usual,
            _ => usual,
        };
        if axis == 0 { Orientation::OutputFirst } else { Orientation::InputFirst }
    }

    /// The axis that a weight's units are distinguished along, and the bias that has one entry for each of them.
    pub fn output_axis(&self, weight: &Parameter) -> (usize, Option<&'c Parameter>) {
        let axis = usize::from(self.of(weight) == Orientation::InputFirst);
        let bias = self.parameters.bias_of(weight);
        (axis, bias.filter(|bias| weight.shape().get(axis) == Some(&bias.shape()[0])))
    }

    /// Whether [`Orientations::of`] only guesses: matrices of this format are stored in both ways, and nothing in this
    /// file tells which axis of this one is the output.
    pub(crate) fn is_guessed(&self, weight: &Parameter) -> bool {
        let &[a, b] = weight.shape() else { return false };
        self.format.orientations().len() > 1
            && self.inputs_first.is_none()
            && (a == b || self.parameters.bias_of(weight).is_none())
    }
}

/// What biases that fit only one axis of their matrix say where they agree; without any, the only order in which the
/// matrices follow each other.
fn inputs_first(tensors: &ParameterSet, parameters: &ParameterSet, format: Format) -> Option<bool> {
    let mut fits = [false; 2];
    for weight in tensors.all() {
        if let (&[a, b], Some(bias)) = (weight.shape(), tensors.bias_of(weight))
            && a != b
        {
            fits[usize::from(bias.shape()[0] != a)] = true;
        }
    }
    match fits {
        [false, false] => chain::linear_chain(parameters, format).map(|chain| chain.inputs_first),
        [true, true] => None,
        [_, second] => Some(second),
    }
}
