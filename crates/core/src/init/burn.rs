//! Burn's own initialisers, with the numbers of this crate: Burn draws from a generator of the device, which no two
//! backends share.

use super::form::{Form, Reason};
use super::layout::Layout;
use super::{Distribution, Draw, Fan, along, orthogonal, random, scale};
use burn::module::Initializer;

/// The same values, or the same distribution.
pub(super) fn form<'a>(
    initializer: &Initializer,
    layout: &Layout,
    draw: &Draw,
) -> Result<Form<'a>, Reason> {
    let by_fan = |gain: f64, fan, distribution| scale::form(layout, gain * gain, fan, distribution);
    let one_fan = |out: bool| if out { Fan::FanOut } else { Fan::FanIn };
    match *initializer {
        Initializer::Constant { value } => along::constant(value),
        Initializer::Ones => along::constant(1.0),
        Initializer::Zeros => along::constant(0.0),
        Initializer::Uniform { min, max } => random::uniform_form(min, max),
        Initializer::Normal { mean, std } => random::normal_form(mean, std),
        Initializer::KaimingUniform { gain, fan_out_only } => {
            by_fan(gain, one_fan(fan_out_only), Distribution::Uniform)
        }
        Initializer::KaimingNormal { gain, fan_out_only } => {
            by_fan(gain, one_fan(fan_out_only), Distribution::Normal)
        }
        Initializer::XavierUniform { gain } => by_fan(gain, Fan::FanAvg, Distribution::Uniform),
        Initializer::XavierNormal { gain } => by_fan(gain, Fan::FanAvg, Distribution::Normal),
        Initializer::Orthogonal { gain } => orthogonal::in_blocks(layout, draw, [1, 1], gain),
    }
}
