//! The form of each initialiser for one parameter, with everything checked.

use super::Reason;
use super::form::Form;
use super::layout::Layout;
use super::{Fan, Init, RngKey};
use super::{
    along, block_average, burn, circulant, compose, file, hadamard, identity, orthogonal, random,
    scale, sinusoidal, sparse,
};

impl Init {
    /// The form for a parameter, or the reason why there is none. Does not make the entries.
    pub(super) fn form(&self, layout: &Layout, key: &RngKey) -> Result<Form<'_>, Reason> {
        if layout.entries() == 0 {
            return Ok(Form::Everywhere(0.0));
        }
        match self {
            Self::Constant { value } => along::constant(*value),
            Self::Zeros => along::constant(0.0),
            Self::Ones => along::constant(1.0),
            Self::InputRamp { start, step } => {
                along::ramp(layout, layout.input_axis()?, *start, *step)
            }
            Self::OutputRamp { start, step } => {
                along::ramp(layout, layout.output_axis()?, *start, *step)
            }
            Self::PerInput { values } => {
                along::given(layout, layout.input_axis()?, "inputs", values)
            }
            Self::PerOutput { values } => {
                along::given(layout, layout.output_axis()?, "outputs", values)
            }
            Self::BlockAverage { blocks, gain } => block_average::form(layout, *blocks, *gain),
            Self::Circulant { values } => circulant::form(layout, values),
            Self::Identity { gain } => identity::whole(layout, *gain),
            Self::PartialIdentity { gain } => identity::partial(layout, *gain),
            Self::Dirac { groups } => identity::dirac(layout, *groups),
            Self::DeltaOrthogonal { gain } => orthogonal::delta(layout, key, *gain),
            Self::Orthogonal { gain } => orthogonal::in_blocks(layout, key, [1, 1], *gain),
            Self::BlockOrthogonal { output_blocks, input_blocks, gain } => {
                orthogonal::in_blocks(layout, key, [*output_blocks, *input_blocks], *gain)
            }
            Self::Sparse { sparsity, std } => sparse::form(layout, *sparsity, *std),
            Self::Uniform { low, high } => random::uniform_form(*low, *high),
            Self::Normal { mean, std } => random::normal_form(*mean, *std),
            Self::TruncatedNormal { mean, std, low, high } => {
                random::truncated_form(*mean, *std, *low, *high)
            }
            Self::VarianceScaling { scale, fan, distribution } => {
                scale::form(layout, *scale, *fan, *distribution)
            }
            Self::Lecun { distribution } => scale::form(layout, 1.0, Fan::FanIn, *distribution),
            Self::Xavier { gain, distribution } => {
                scale::form(layout, gain * gain, Fan::FanAvg, *distribution)
            }
            Self::Kaiming { nonlinearity, fan, distribution } => {
                scale::form(layout, nonlinearity.gain().powi(2), *fan, *distribution)
            }
            Self::Hadamard { gain } => hadamard::form(layout, *gain),
            Self::ZeroOne => hadamard::zero_one(layout),
            Self::Sinusoidal => sinusoidal::form(layout),
            Self::File { path, tensor, output_first } => {
                file::form(path, tensor, *output_first, layout)
            }
            Self::Burn { initializer } => burn::form(initializer, layout, key),
            Self::Function(function) => Ok(Form::Pointwise(Box::new(|place| function.at(place)))),
            Self::Scaled { gain, of } => compose::scaled(of, *gain, layout, key),
            Self::Sum { of } => compose::sum(of, layout, key),
            Self::Symmetrised { outputs, inputs, of } => {
                compose::symmetrised(of, *outputs, *inputs, layout, key)
            }
        }
    }
}
