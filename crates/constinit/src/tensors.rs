//! Tensors in the backend's own float type.
//!
//! Burn keeps one default float type per device, and the first backend that uses the device sets it: after
//! `NdArray<f64>`, a tensor that `NdArray<f32>` makes from data in the same process holds doubles, and vice versa. So
//! this crate states the type of every tensor that it makes.

use burn::tensor::{DType, Element, Tensor, TensorData, backend::Backend};
use constinit_core::{Entries, FloatType};

/// The float type of a backend.
pub fn float_type<B: Backend>() -> DType {
    B::FloatElem::dtype()
}

/// Whether a backend computes in the host's memory, so that reading or passing a few more entries needs no request to a
/// device. The name of the backend decides; false for unknown names.
pub(crate) fn in_host_memory<B: Backend>(device: &B::Device) -> bool {
    let name = B::name(device);
    let inner = name.strip_prefix("autodiff<").and_then(|name| name.strip_suffix('>'));
    matches!(inner.unwrap_or(&name), "ndarray" | "flex")
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

/// A tensor of this shape from values in storage order, rounded to the backend's float type.
///
/// # Panics
///
/// If the number of values is not the product of the shape.
pub fn from_values<B: Backend, const D: usize>(
    values: Vec<f64>,
    shape: [usize; D],
    device: &B::Device,
) -> Tensor<B, D> {
    let data = TensorData::new(values, shape).convert_dtype(float_type::<B>());
    Tensor::from_data(data, (device, float_type::<B>()))
}

/// Entries as they are made: in double or single precision.
pub fn to_data(entries: Entries, shape: &[usize]) -> TensorData {
    match entries {
        Entries::F64(entries) => TensorData::new(entries, shape),
        Entries::F32(entries) => TensorData::new(entries, shape),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn_ndarray::NdArray;

    #[test]
    fn cpu_backends_compute_in_the_host_s_memory() {
        use burn_autodiff::Autodiff;
        use burn_flex::Flex;
        let device = Default::default();
        assert!(in_host_memory::<NdArray>(&device) && in_host_memory::<Autodiff<NdArray>>(&device));
        let device = Default::default();
        assert!(in_host_memory::<Flex>(&device) && in_host_memory::<Autodiff<Flex>>(&device));
    }

    #[test]
    fn two_float_types_on_one_device() {
        let device = Default::default();
        let wide = from_values::<NdArray<f64>, 1>(vec![0.1], [1], &device);
        let narrow = from_values::<NdArray<f32>, 1>(vec![0.1], [1], &device);
        assert_eq!(wide.into_data().as_slice::<f64>().unwrap(), [0.1]);
        assert_eq!(narrow.into_data().as_slice::<f32>().unwrap(), [0.1]);
    }
}
