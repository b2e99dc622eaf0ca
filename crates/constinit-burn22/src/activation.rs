//! Componentwise functions on Burn's tensors.

use burn::tensor::{Tensor, activation};
use constinit_core::Activation;
use std::f64::consts::FRAC_1_SQRT_2;

/// A componentwise function on Burn's tensors, with PyTorch's constants and derivatives.
pub trait TensorActivation {
    /// Applies the function to every component.
    ///
    /// # Shapes
    ///
    /// - input and output: any, and equal
    fn forward<const D: usize>(self, input: Tensor<D>) -> Tensor<D>;
}

impl TensorActivation for Activation {
    fn forward<const D: usize>(self, input: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Relu => activation::relu(input),
            Self::Tanh => activation::tanh(input),
            // Burn's own sigmoid and silu round to single precision on the way, on every backend.
            Self::Sigmoid => sigmoid(input),
            // Burn's own gelu is exact, but its gradient is that of the tanh approximation.
            Self::Gelu => {
                let gate = input.clone().mul_scalar(FRAC_1_SQRT_2).erf().add_scalar(1.0);
                input.mul(gate).mul_scalar(0.5)
            }
            Self::Silu => input.clone().mul(sigmoid(input)),
            // Burn's own softplus overflows for large inputs; this form does not.
            Self::Softplus => activation::log_sigmoid(input.neg()).neg(),
            // Burn's own leaky_relu has slope 1 at 0, a value that constant initialisation often produces.
            Self::LeakyRelu => {
                let not_positive = input.clone().lower_equal_elem(0.0);
                input.clone().mask_where(not_positive, input.mul_scalar(0.01))
            }
            Self::Elu => {
                let not_positive = input.clone().lower_equal_elem(0.0);
                // If the input is positive, its exponential could overflow and is not used.
                let below = input.clone().clamp_max(0.0).exp().sub_scalar(1.0);
                input.mask_where(not_positive, below)
            }
            Self::Identity => input,
        }
    }
}

fn sigmoid<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    activation::log_sigmoid(input).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, TensorData};
    use constinit_symmetry::dynamics::ActivationFunction;

    const INPUTS: [f64; 7] = [-100.0, -3.0, -0.5, 0.0, 0.5, 3.0, 100.0];

    /// Values and derivatives are those of the closed form, which is tested against PyTorch.
    fn check(dtype: DType, tolerance: f64) {
        let device = Device::flex().autodiff();
        for function in Activation::ALL {
            // The error function has about as many digits as single precision on every backend.
            let tolerance =
                if function == Activation::Gelu { tolerance.max(1e-7) } else { tolerance };
            let data = TensorData::from(INPUTS).convert_dtype(dtype);
            let x = Tensor::<1>::from_data(data, (&device, dtype)).require_grad();
            let y = function.forward(x.clone());
            let found: Vec<f64> = y.to_data().iter().collect();
            let grads = y.sum().backward();
            let slope: Vec<f64> = x.grad(&grads).unwrap().into_data().iter().collect();
            for (i, input) in INPUTS.iter().enumerate() {
                let close = |a: f64, b: f64| (a - b).abs() <= tolerance * b.abs().max(1.0);
                let (value, expected) = (function.value(input), function.slope(input));
                assert!(close(found[i], value), "{function:?}({input}): {found:?}");
                assert!(close(slope[i], expected), "{function:?}'({input}): {slope:?}");
            }
        }
    }

    #[test]
    fn values_and_derivatives_are_those_of_the_closed_form() {
        check(DType::F64, 1e-14);
        check(DType::F32, 2e-6);
    }
}
