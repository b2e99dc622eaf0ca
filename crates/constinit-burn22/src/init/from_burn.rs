//! Burn's own initialisers as values of this crate.

use super::{BurnInitializer, Init};
use burn::module::Initializer;

/// One of Burn's initialisers, with the same values if they are not random, and the same distribution if they are.
///
/// ```
/// use burn::module::Initializer;
/// use constinit_burn22::init::{Init, ParameterAxes, RngKey, from_burn};
///
/// let ones = from_burn(&Initializer::Ones);
/// assert_eq!(ones.values(&[2], ParameterAxes::VECTOR, &RngKey::default())?, [1.0, 1.0]);
/// # Ok::<(), constinit_burn22::Error>(())
/// ```
pub fn from_burn(initializer: &Initializer) -> Init {
    let initializer = match *initializer {
        Initializer::Constant { value } => BurnInitializer::Constant { value },
        Initializer::Ones => BurnInitializer::Ones,
        Initializer::Zeros => BurnInitializer::Zeros,
        Initializer::Uniform { min, max } => BurnInitializer::Uniform { min, max },
        Initializer::Normal { mean, std } => BurnInitializer::Normal { mean, std },
        Initializer::KaimingUniform { gain, fan_out_only } => {
            BurnInitializer::KaimingUniform { gain, fan_out_only }
        }
        Initializer::KaimingNormal { gain, fan_out_only } => {
            BurnInitializer::KaimingNormal { gain, fan_out_only }
        }
        Initializer::XavierUniform { gain } => BurnInitializer::XavierUniform { gain },
        Initializer::XavierNormal { gain } => BurnInitializer::XavierNormal { gain },
        Initializer::Orthogonal { gain } => BurnInitializer::Orthogonal { gain },
    };
    Init::Burn { initializer }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This crate reads configurations that Burn wrote, and Burn reads those of this crate.
    #[test]
    fn both_are_written_alike() {
        for initializer in [
            Initializer::Zeros,
            Initializer::Constant { value: 0.5 },
            Initializer::Uniform { min: -1.0, max: 2.0 },
            Initializer::KaimingNormal { gain: 2.0, fan_out_only: true },
            Initializer::Orthogonal { gain: 1.0 },
        ] {
            let Init::Burn { initializer: own } = from_burn(&initializer) else { panic!() };
            let text = serde_json::to_string(&initializer).unwrap();
            assert_eq!(serde_json::to_string(&own).unwrap(), text);
            assert_eq!(serde_json::from_str::<BurnInitializer>(&text).unwrap(), own);
        }
    }
}
