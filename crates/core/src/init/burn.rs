//! Burn's initialisers, with random numbers from this crate. Burn takes its random numbers from a generator of the
//! device, and no two backends have the same generator.

use super::form::Form;
use super::layout::Layout;
use super::{Distribution, Fan, Reason, RngKey, along, orthogonal, random, scale};
use serde::{Deserialize, Serialize};

/// Burn's `Initializer` as a value that does not need Burn, in the form that Burn serialises.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum BurnInitializer {
    /// One number everywhere.
    Constant {
        /// The number.
        value: f64,
    },
    /// 1 everywhere.
    Ones,
    /// 0 everywhere.
    Zeros,
    /// Uniform from `min` to `max`.
    Uniform {
        /// The lower bound.
        min: f64,
        /// The upper bound.
        max: f64,
    },
    /// Normal.
    Normal {
        /// The mean.
        mean: f64,
        /// The standard deviation.
        std: f64,
    },
    /// Uniform with variance `gain^2 / fan`.
    KaimingUniform {
        /// The factor.
        gain: f64,
        /// Whether the fan is the fan-out.
        fan_out_only: bool,
    },
    /// Normal with variance `gain^2 / fan`.
    KaimingNormal {
        /// The factor.
        gain: f64,
        /// Whether the fan is the fan-out.
        fan_out_only: bool,
    },
    /// Uniform with variance `gain^2 * 2 / (fan_in + fan_out)`.
    XavierUniform {
        /// The factor.
        gain: f64,
    },
    /// Normal with variance `gain^2 * 2 / (fan_in + fan_out)`.
    XavierNormal {
        /// The factor.
        gain: f64,
    },
    /// Orthonormal rows or columns.
    Orthogonal {
        /// The factor.
        gain: f64,
    },
}

impl BurnInitializer {
    /// Whether a seed decides the numbers.
    pub fn is_random(&self) -> bool {
        match self {
            Self::Constant { .. } | Self::Ones | Self::Zeros => false,
            Self::Uniform { .. }
            | Self::Normal { .. }
            | Self::KaimingUniform { .. }
            | Self::KaimingNormal { .. }
            | Self::XavierUniform { .. }
            | Self::XavierNormal { .. }
            | Self::Orthogonal { .. } => true,
        }
    }
}

/// A form with the same values as Burn's, or with the same distribution.
pub(super) fn form<'a>(
    initializer: &BurnInitializer,
    layout: &Layout,
    key: &RngKey,
) -> Result<Form<'a>, Reason> {
    let by_fan = |gain: f64, fan, distribution| scale::form(layout, gain * gain, fan, distribution);
    let one_fan = |out: bool| if out { Fan::FanOut } else { Fan::FanIn };
    match *initializer {
        BurnInitializer::Constant { value } => along::constant(value),
        BurnInitializer::Ones => along::constant(1.0),
        BurnInitializer::Zeros => along::constant(0.0),
        BurnInitializer::Uniform { min, max } => random::uniform_form(min, max),
        BurnInitializer::Normal { mean, std } => random::normal_form(mean, std),
        BurnInitializer::KaimingUniform { gain, fan_out_only } => {
            by_fan(gain, one_fan(fan_out_only), Distribution::Uniform)
        }
        BurnInitializer::KaimingNormal { gain, fan_out_only } => {
            by_fan(gain, one_fan(fan_out_only), Distribution::Normal)
        }
        BurnInitializer::XavierUniform { gain } => by_fan(gain, Fan::FanAvg, Distribution::Uniform),
        BurnInitializer::XavierNormal { gain } => by_fan(gain, Fan::FanAvg, Distribution::Normal),
        BurnInitializer::Orthogonal { gain } => orthogonal::in_blocks(layout, key, [1, 1], gain),
    }
}
