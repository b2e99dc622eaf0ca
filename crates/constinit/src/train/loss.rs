//! Losses of a batch of outputs.

use burn::nn::loss::{HuberLossConfig, MseLoss, Reduction};
use burn::tensor::{Tensor, backend::Backend, loss::cross_entropy_with_logits};
use serde::{Deserialize, Serialize};

/// A loss, as PyTorch's class of that name computes it by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// The mean of `(y - t)^2` over batch and outputs.
    #[default]
    Mse,
    /// The mean over the batch of `-sum_k t_k log softmax(y)_k`; targets are probabilities.
    CrossEntropy,
    /// The mean over batch and outputs of `r^2 / 2` where `r = |y - t|` is at most 1, and of
    /// `r - 1/2` elsewhere.
    Huber,
}

impl Loss {
    /// The loss of a batch.
    ///
    /// # Shapes
    ///
    /// - outputs and targets: `[batch, outputs]`
    /// - loss: `[1]`
    pub fn forward<B: Backend>(self, outputs: Tensor<B, 2>, targets: Tensor<B, 2>) -> Tensor<B, 1> {
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

    type B = Autodiff<NdArray<f64>>;

    /// From PyTorch 2.15 in float64:
    ///
    /// ```python
    /// y = torch.tensor([[0.5, -2.0, 3.0], [1.0, 1.0, 1.0]], dtype=torch.float64, requires_grad=True)
    /// t = torch.tensor([[0.0, 0.25, 0.75], [1.0, 0.0, 0.0]], dtype=torch.float64)
    /// for f in (nn.MSELoss(), nn.CrossEntropyLoss(), nn.HuberLoss()):
    ///     y.grad = None; l = f(y, t); l.backward(); print(l.item(), y.grad.flatten().tolist())
    /// ```
    #[test]
    fn values_and_gradients_are_pytorch_s() {
        let golden: [(Loss, f64, [f64; 6]); 3] = [
            (
                Loss::Mse,
                2.0625,
                [0.16666666666666666, -0.75, 0.75, 0.0, 0.3333333333333333, 0.3333333333333333],
            ),
            (
                Loss::CrossEntropy,
                1.21685476751621,
                [
                    0.03769437398149834,
                    -0.12190585736359999,
                    0.0842114833821016,
                    -0.33333333333333337,
                    0.16666666666666666,
                    0.16666666666666666,
                ],
            ),
            (
                Loss::Huber,
                0.7708333333333334,
                [
                    0.08333333333333333,
                    -0.16666666666666666,
                    0.16666666666666666,
                    0.0,
                    0.16666666666666666,
                    0.16666666666666666,
                ],
            ),
        ];
        for (loss, value, slopes) in golden {
            let device = Default::default();
            let y = Tensor::<B, 2>::from_data([[0.5, -2.0, 3.0], [1.0, 1.0, 1.0]], &device);
            let y = y.require_grad();
            let t = Tensor::from_data([[0.0, 0.25, 0.75], [1.0, 0.0, 0.0]], &device);
            let found = loss.forward(y.clone(), t);
            let grads = found.backward();
            assert!((found.into_scalar() - value).abs() < 1e-12, "{loss:?}");
            let found = y.grad(&grads).unwrap().into_data().into_vec::<f64>().unwrap();
            for (found, slope) in found.iter().zip(slopes) {
                assert!((found - slope).abs() < 1e-12, "{loss:?}: {found} {slope}");
            }
        }
    }
}
