//! The values of a parameter: one vector of one of the four types.

use constinit_symmetry::Elements;
use half::{bf16, f16};

use crate::dtype::DType;

#[cfg(target_endian = "big")]
compile_error!("checkpoints are little-endian, so this crate needs a little-endian machine");

/// The entries of a parameter, or some of them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ParameterValues {
    /// IEEE single precision.
    F32(Vec<f32>),
    /// IEEE double precision.
    F64(Vec<f64>),
    /// IEEE half precision.
    F16(Vec<f16>),
    /// bfloat16.
    Bf16(Vec<bf16>),
}

/// Evaluates an expression with the vector, whatever its type.
macro_rules! with_values {
    ($numbers:expr, |$data:ident| $body:expr) => {
        match $numbers {
            $crate::values::ParameterValues::F32($data) => $body,
            $crate::values::ParameterValues::F64($data) => $body,
            $crate::values::ParameterValues::F16($data) => $body,
            $crate::values::ParameterValues::Bf16($data) => $body,
        }
    };
}

pub(crate) use with_values;

macro_rules! from_vec {
    ($($float:ty => $variant:ident),*) => {$(
        impl From<Vec<$float>> for ParameterValues {
            fn from(numbers: Vec<$float>) -> Self {
                Self::$variant(numbers)
            }
        }
    )*};
}

from_vec!(f32 => F32, f64 => F64, f16 => F16, bf16 => Bf16);

impl ParameterValues {
    /// Zeros of the type that entries of `dtype` are read as; `None` if there is no memory for them.
    pub(crate) fn zeros(dtype: DType, len: usize) -> Option<Self> {
        fn zeros<T: Clone + Default>(len: usize) -> Option<Vec<T>> {
            let mut numbers = Vec::new();
            numbers.try_reserve_exact(len).ok()?;
            numbers.resize(len, T::default());
            Some(numbers)
        }
        Some(match dtype.read_as() {
            DType::F64 => Self::F64(zeros(len)?),
            DType::F16 => Self::F16(zeros(len)?),
            DType::Bf16 => Self::Bf16(zeros(len)?),
            _ => Self::F32(zeros(len)?),
        })
    }

    /// Their type.
    pub fn dtype(&self) -> DType {
        match self {
            Self::F32(_) => DType::F32,
            Self::F64(_) => DType::F64,
            Self::F16(_) => DType::F16,
            Self::Bf16(_) => DType::Bf16,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        with_values!(self, |data| data.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values in the form that the engine takes.
    pub fn elements(&self) -> Elements<'_> {
        with_values!(self, |data| data.into())
    }

    /// Their bytes, as checkpoints store them.
    pub fn bytes(&self) -> &[u8] {
        with_values!(self, |data| bytemuck::cast_slice(data))
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        with_values!(self, |data| bytemuck::cast_slice_mut(data))
    }

    /// The value of this index; `None` past the last.
    pub fn get(&self, at: usize) -> Option<f64> {
        match self {
            Self::F32(data) => data.get(at).map(|&x| x.into()),
            Self::F64(data) => data.get(at).copied(),
            Self::F16(data) => data.get(at).map(|&x| x.into()),
            Self::Bf16(data) => data.get(at).map(|&x| x.into()),
        }
    }

    /// Keeps the first `len` values, or adds zeros.
    pub(crate) fn resize(&mut self, len: usize) {
        with_values!(self, |data| data.resize(len, Default::default()));
    }

    pub(crate) fn capacity(&self) -> usize {
        with_values!(self, |data| data.capacity())
    }

    /// How many are NaN or infinite.
    pub fn non_finite(&self) -> u64 {
        fn count(wrong: impl Iterator<Item = bool>) -> u64 {
            wrong.map(u64::from).sum()
        }
        match self {
            Self::F32(data) => count(data.iter().map(|x| !x.is_finite())),
            Self::F64(data) => count(data.iter().map(|x| !x.is_finite())),
            // All bits of the exponent are 1. The conversion to f32 would give the same result.
            Self::F16(data) => count(data.iter().map(|x| x.to_bits() & 0x7c00 == 0x7c00)),
            Self::Bf16(data) => count(data.iter().map(|x| x.to_bits() & 0x7f80 == 0x7f80)),
        }
    }
}
