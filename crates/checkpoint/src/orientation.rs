//! Which axis of a weight is its output, inferred from the format, from biases and from the shapes of other weights.
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
    /// Whether matrices are `weight[input][output]`; `None` if the file as a whole does not decide.
    inputs_first: Option<bool>,
}

impl<'c> Orientations<'c> {
    /// The orientations of `tensors`. `parameters` are those of them that can form a chain.
    pub(crate) fn new(
        tensors: &'c ParameterSet,
        parameters: &ParameterSet,
        format: Format,
    ) -> Self {
        let inputs_first = inputs_first(tensors, parameters, format);
        Self { parameters: tensors, format, inputs_first }
    }

    /// Whether a weight is stored as `weight[output][input]` or as `weight[input][output]`.
    ///
    /// By default, a file of Burn has linear layers as `weight[input][output]`, any other file as
    /// `weight[output][input]`, as in PyTorch. A bias that fits only one of the two axes overrides this for its own
    /// weight. If all such biases agree, they override it for the matrices that no bias decides, too. Without any such
    /// bias, the only order in which the matrices form a chain decides.
    pub fn of(&self, weight: &Parameter) -> Orientation {
        let inputs_first = self.inputs_first.unwrap_or(self.format.inputs_first());
        let usual = if inputs_first && weight.shape().len() == 2 { 1 } else { 0 };
        let axis = match self.parameters.bias_of(weight).map(|bias| bias.shape()[0]) {
            Some(units) if weight.shape().get(usual) != Some(&units) => 1 - usual,
            _ => usual,
        };
        if axis == 0 { Orientation::OutputFirst } else { Orientation::InputFirst }
    }

    /// The axis of a weight's units, and the bias that has one entry per unit.
    pub fn output_axis(&self, weight: &Parameter) -> (usize, Option<&'c Parameter>) {
        let axis = usize::from(self.of(weight) == Orientation::InputFirst);
        let bias = self.parameters.bias_of(weight);
        (axis, bias.filter(|bias| weight.shape().get(axis) == Some(&bias.shape()[0])))
    }

    /// Whether [`Orientations::of`] only guesses: matrices of this format are stored in both orders, and nothing in
    /// this file decides which axis of this matrix is the output.
    pub(crate) fn is_guessed(&self, weight: &Parameter) -> bool {
        let &[a, b] = weight.shape() else { return false };
        self.format.orientations().len() > 1
            && self.inputs_first.is_none()
            && (a == b || self.parameters.bias_of(weight).is_none())
    }
}

/// The orientation on which all biases agree that fit only one axis of their matrix; without such a bias, that of the
/// only order in which the matrices form a chain. `None` if neither decides.
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
