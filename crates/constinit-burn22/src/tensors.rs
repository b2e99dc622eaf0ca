//! Float types and data of Burn's tensors.

use burn::tensor::{DType, Device, TensorData};
use constinit_core::{Entries, FloatType};

/// The float type that a device gives to tensors for which none is stated.
pub fn float_type(device: &Device) -> DType {
    device.settings().float_dtype.into()
}

/// A float type of Burn in the form of the core.
pub trait FloatKind {
    /// The core's name; single precision for a type that parameters cannot have.
    fn float(self) -> FloatType;
}

impl FloatKind for DType {
    fn float(self) -> FloatType {
        match self {
            Self::F64 => FloatType::F64,
            Self::F16 => FloatType::F16,
            Self::BF16 => FloatType::Bf16,
            _ => FloatType::F32,
        }
    }
}

/// Entries as they are made: in double or single precision.
pub fn to_data(entries: Entries, shape: &[usize]) -> TensorData {
    match entries {
        Entries::F64(entries) => TensorData::new(entries, shape),
        Entries::F32(entries) => TensorData::new(entries, shape),
    }
}
