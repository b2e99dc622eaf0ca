//! Componentwise functions between layers.
//!
//! All of them act on each component alone, which is all that the theorem on constant
//! initialisation asks of them. Constants are PyTorch's.

use burn::tensor::{Tensor, activation, backend::Backend};
use serde::{Deserialize, Serialize};
use std::f64::consts::FRAC_1_SQRT_2;

/// A function applied to every component.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `max(x, 0)`, with derivative 0 at 0.
    #[default]
    Relu,
    /// `tanh(x)`.
    Tanh,
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// `x * (1 + erf(x / sqrt(2))) / 2`, not the tanh approximation.
    Gelu,
    /// `x / (1 + exp(-x))`.
    Silu,
    /// `log(1 + exp(x))`.
    Softplus,
    /// `x` where positive, `0.01 x` elsewhere, with derivative 0.01 at 0.
    LeakyRelu,
    /// `x`: a deep linear network.
    Identity,
}

impl Activation {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Relu,
        Self::Tanh,
        Self::Sigmoid,
        Self::Gelu,
        Self::Silu,
        Self::Softplus,
        Self::LeakyRelu,
        Self::Identity,
    ];

    /// Applies the function to every component.
    ///
    /// # Shapes
    ///
    /// - input and output: any, and equal
    pub fn forward<B: Backend, const D: usize>(self, input: Tensor<B, D>) -> Tensor<B, D> {
        match self {
            Self::Relu => activation::relu(input),
            Self::Tanh => activation::tanh(input),
            // Burn's own sigmoid and silu round to single precision on the way, on every backend.
            Self::Sigmoid => sigmoid(input),
            // Burn's own gelu is exact forwards, but goes back through the tanh approximation.
            Self::Gelu => {
                let gate = input.clone().mul_scalar(FRAC_1_SQRT_2).erf().add_scalar(1.0);
                input.mul(gate).mul_scalar(0.5)
            }
            Self::Silu => input.clone().mul(sigmoid(input)),
            // Burn's own softplus overflows for large inputs; this form does not.
            Self::Softplus => activation::log_sigmoid(input.neg()).neg(),
            // Burn's own leaky_relu has slope 1 at 0, where constant initialisation likes to be.
            Self::LeakyRelu => {
                let not_positive = input.clone().lower_equal_elem(0.0);
                input.clone().mask_where(not_positive, input.mul_scalar(0.01))
            }
            Self::Identity => input,
        }
    }
}

fn sigmoid<B: Backend, const D: usize>(input: Tensor<B, D>) -> Tensor<B, D> {
    activation::log_sigmoid(input).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensors::from_values;
    use burn_autodiff::Autodiff;
    use burn_flex::Flex;
    use burn_ndarray::NdArray;

    /// Inputs, values and derivatives from PyTorch 2.15 in float64:
    ///
    /// ```python
    /// x = torch.tensor([-100., -3., -0.5, 0., 0.5, 3., 100.], dtype=torch.float64, requires_grad=True)
    /// y = f(x); y.sum().backward(); print(y.tolist(), x.grad.tolist())
    /// ```
    const INPUTS: [f64; 7] = [-100.0, -3.0, -0.5, 0.0, 0.5, 3.0, 100.0];

    const GOLDEN: [(Activation, [f64; 7], [f64; 7]); 8] = [
        (
            Activation::Relu,
            [0.0, 0.0, 0.0, 0.0, 0.5, 3.0, 100.0],
            [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0],
        ),
        (
            Activation::Tanh,
            [
                -1.0,
                -0.9950547536867305,
                -0.46211715726000974,
                0.0,
                0.46211715726000974,
                0.9950547536867305,
                1.0,
            ],
            [
                0.0,
                0.009866037165440166,
                0.7864477329659274,
                1.0,
                0.7864477329659274,
                0.009866037165440166,
                0.0,
            ],
        ),
        (
            Activation::Sigmoid,
            [
                3.7200759760208356e-44,
                0.04742587317756678,
                0.3775406687981454,
                0.5,
                0.6224593312018546,
                0.9525741268224334,
                1.0,
            ],
            [
                3.7200759760208356e-44,
                0.04517665973091214,
                0.2350037122015945,
                0.25,
                0.2350037122015945,
                0.045176659730912,
                0.0,
            ],
        ),
        (
            Activation::Gelu,
            [
                -0.0,
                -0.00404969409489031,
                -0.15426876936299344,
                0.0,
                0.34573123063700656,
                2.99595030590511,
                100.0,
            ],
            [
                0.0,
                -0.01194564720418392,
                0.13250487534383712,
                0.5,
                0.8674951246561629,
                1.011945647204184,
                1.0,
            ],
        ),
        (
            Activation::Silu,
            [
                -3.720075976020836e-42,
                -0.14227761953270035,
                -0.1887703343990727,
                0.0,
                0.3112296656009273,
                2.8577223804672998,
                100.0,
            ],
            [
                -3.682875216260627e-42,
                -0.08810410601516962,
                0.2600388126973482,
                0.5,
                0.7399611873026519,
                1.0881041060151693,
                1.0,
            ],
        ),
        (
            Activation::Softplus,
            [
                3.720075976020836e-44,
                0.04858735157374206,
                0.4740769841801067,
                std::f64::consts::LN_2,
                0.9740769841801067,
                3.048587351573742,
                100.0,
            ],
            [
                3.720075976020836e-44,
                0.04742587317756679,
                0.37754066879814546,
                0.5,
                0.6224593312018546,
                0.9525741268224333,
                1.0,
            ],
        ),
        (
            Activation::LeakyRelu,
            [-1.0, -0.03, -0.005, 0.0, 0.5, 3.0, 100.0],
            [0.01, 0.01, 0.01, 0.01, 1.0, 1.0, 1.0],
        ),
        (
            Activation::Identity,
            [-100.0, -3.0, -0.5, 0.0, 0.5, 3.0, 100.0],
            [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
        ),
    ];

    fn check<B: Backend>(tolerance: f64) {
        let device = Default::default();
        for (function, values, slopes) in GOLDEN {
            // The error function has about as many digits as single precision on every backend.
            let tolerance =
                if function == Activation::Gelu { tolerance.max(1e-7) } else { tolerance };
            let x = from_values::<Autodiff<B>, 1>(INPUTS.to_vec(), [7], &device).require_grad();
            let y = function.forward(x.clone());
            let found: Vec<f64> = y.to_data().convert::<f64>().into_vec().unwrap();
            let grads = y.sum().backward();
            let slope: Vec<f64> =
                x.grad(&grads).unwrap().into_data().convert::<f64>().into_vec().unwrap();
            for i in 0..INPUTS.len() {
                let close = |a: f64, b: f64| (a - b).abs() <= tolerance * b.abs().max(1.0);
                assert!(close(found[i], values[i]), "{function:?}({}): {found:?}", INPUTS[i]);
                assert!(close(slope[i], slopes[i]), "{function:?}'({}): {slope:?}", INPUTS[i]);
            }
        }
    }

    #[test]
    fn values_and_derivatives_are_pytorch_s() {
        check::<NdArray<f64>>(1e-14);
        check::<NdArray<f32>>(2e-6);
        check::<Flex>(2e-6);
    }
}
