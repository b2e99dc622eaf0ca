//! Tensors in the backend's own float type.
//!
//! Burn keeps one default float type a device, and the first backend that uses the device sets
//! it: after `NdArray<f64>`, a tensor that `NdArray<f32>` makes from data in the same process
//! holds doubles, and the other way round. What this crate makes names its type.

use burn::tensor::{DType, Element, Tensor, TensorData, backend::Backend};

/// The float type of a backend.
pub fn float_type<B: Backend>() -> DType {
    B::FloatElem::dtype()
}

/// A tensor of this shape from values in storage order, rounded to the backend's float type.
///
/// # Panics
///
/// Where the number of values is not the product of the shape.
pub fn from_values<B: Backend, const D: usize>(
    values: Vec<f64>,
    shape: [usize; D],
    device: &B::Device,
) -> Tensor<B, D> {
    let data = TensorData::new(values, shape).convert_dtype(float_type::<B>());
    Tensor::from_data(data, (device, float_type::<B>()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn_ndarray::NdArray;

    #[test]
    fn two_float_types_on_one_device() {
        let device = Default::default();
        let wide = from_values::<NdArray<f64>, 1>(vec![0.1], [1], &device);
        let narrow = from_values::<NdArray<f32>, 1>(vec![0.1], [1], &device);
        assert_eq!(wide.into_data().as_slice::<f64>().unwrap(), [0.1]);
        assert_eq!(narrow.into_data().as_slice::<f32>().unwrap(), [0.1]);
    }
}
