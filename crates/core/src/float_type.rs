//! The float types in which parameters are stored.

use half::{bf16, f16};
use std::fmt;

/// The type of a parameter's entries.
///
/// ```
/// use constinit_core::FloatType;
///
/// assert_eq!(FloatType::F16.rounded(1e5), f64::INFINITY); // the largest f16 is 65504
/// assert_eq!(FloatType::F64.rounded(0.1), 0.1);
/// assert_eq!(FloatType::F16.to_string(), "F16");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FloatType {
    /// IEEE double precision.
    F64,
    /// IEEE single precision.
    #[default]
    F32,
    /// IEEE half precision.
    F16,
    /// The upper half of a single-precision number.
    Bf16,
}

impl FloatType {
    /// The nearest number of this type, ties to even; infinite if the value is beyond the largest.
    pub fn rounded(self, value: f64) -> f64 {
        match self {
            Self::F64 => value,
            Self::F32 => f64::from(value as f32),
            // Through single precision, since entries are made in it.
            Self::F16 => f16::from_f32(value as f32).into(),
            Self::Bf16 => bf16::from_f32(value as f32).into(),
        }
    }
}

impl fmt::Display for FloatType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F64 => "F64",
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
        })
    }
}
