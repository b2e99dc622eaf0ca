//! Losses of a batch of Burn's tensors.

use burn::nn::loss::{HuberLossConfig, MseLoss, Reduction};
use burn::tensor::{Tensor, backend::Backend, loss::cross_entropy_with_logits};
use constinit_core::Loss;

/// A loss on Burn's tensors.
pub trait TensorLoss {
    /// The loss of a batch.
    ///
    /// # Shapes
    ///
    /// - outputs and targets: `[batch, outputs]`
    /// - loss: `[1]`
    fn forward<B: Backend>(self, outputs: Tensor<B, 2>, targets: Tensor<B, 2>) -> Tensor<B, 1>;
}

impl TensorLoss for Loss {
    fn forward<B: Backend>(self, outputs: Tensor<B, 2>, targets: Tensor<B, 2>) -> Tensor<B, 1> {
        match self {
            Self::Mse => MseLoss::new().forward(outputs, targets, Reduction::Mean),
            Self::CrossEntropy => cross_entropy_with_logits(outputs, targets),
            Self::Huber => {
                HuberLossConfig::new(1.0).init().forward(outputs, targets, Reduction::Mean)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn_autodiff::Autodiff;
    use burn_ndarray::NdArray;
    use constinit_symmetry::dynamics::LossFunction;

    type B = Autodiff<NdArray<f64>>;

    /// Values and gradients are those of the closed form, which is tested against PyTorch.
    #[test]
    fn values_and_gradients_are_those_of_the_closed_form() {
        let outputs = [[0.5, -2.0, 3.0], [1.0, 1.0, 1.0]];
        let targets = [[0.0, 0.25, 0.75], [1.0, 0.0, 0.0]];
        for loss in Loss::ALL {
            let mut slopes = [[0.0; 3]; 2];
            let terms = LossFunction::<f64>::terms(&loss, 2, 3) as f64;
            let sum: f64 = (0..2)
                .map(|n| loss.example(&outputs[n], &targets[n], &[1.0; 3], &mut slopes[n]))
                .sum();

            let device = Default::default();
            let y = Tensor::<B, 2>::from_data(outputs, &device).require_grad();
            let found = loss.forward(y.clone(), Tensor::from_data(targets, &device));
            let grads = found.backward();
            assert!((found.into_scalar() - sum / terms).abs() < 1e-12, "{loss:?}");
            let found = y.grad(&grads).unwrap().into_data().into_vec::<f64>().unwrap();
            for (found, slope) in found.iter().zip(slopes.as_flattened()) {
                assert!((found - slope / terms).abs() < 1e-12, "{loss:?}: {found} {slope}");
            }
        }
    }
}
