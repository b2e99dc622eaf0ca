//! Losses of the lifted outputs, with their slopes.

use super::{Real, Scalar};

/// A loss of one example, summed over the outputs of the full network: class `k` of the outputs has `sizes[k]` of them,
/// with one output and one target.
pub trait LossFunction<S> {
    /// The example's loss, before it is divided by [`terms`](Self::terms); writes `dloss/dy` of *one* output of each
    /// class.
    fn example(&self, outputs: &[S], targets: &[S], sizes: &[S], slopes: &mut [S]) -> S;

    /// What the sum over a batch is divided by.
    fn terms(&self, examples: usize, outputs: usize) -> usize;
}

/// The mean of `(y - t)²` over batch and outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mse;

impl<S: Scalar> LossFunction<S> for Mse {
    fn example(&self, outputs: &[S], targets: &[S], sizes: &[S], slopes: &mut [S]) -> S {
        sum_over(outputs, targets, sizes, slopes, |rest| (rest.clone() * rest, rest.clone() + rest))
    }

    fn terms(&self, examples: usize, outputs: usize) -> usize {
        examples * outputs
    }
}

/// The mean over batch and outputs of `r²/2` where `r = |y - t|` is at most 1, and of `r - 1/2` elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Huber;

impl<S: Scalar> LossFunction<S> for Huber {
    fn example(&self, outputs: &[S], targets: &[S], sizes: &[S], slopes: &mut [S]) -> S {
        let half = S::one() / S::count(2);
        sum_over(outputs, targets, sizes, slopes, |rest| {
            let (r, sign) = if *rest < S::zero() {
                (-rest.clone(), -S::one())
            } else {
                (rest.clone(), S::one())
            };
            if r <= S::one() { (r.clone() * &r * &half, rest.clone()) } else { (r - &half, sign) }
        })
    }

    fn terms(&self, examples: usize, outputs: usize) -> usize {
        examples * outputs
    }
}

/// The mean over the batch of `-Σ t log softmax(y)`; targets are probabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CrossEntropy;

impl<S: Real> LossFunction<S> for CrossEntropy {
    fn example(&self, outputs: &[S], targets: &[S], sizes: &[S], slopes: &mut [S]) -> S {
        let largest = outputs.iter().copied().fold(S::neg_infinity(), S::max);
        let mut sum = S::zero();
        let mut mass = S::zero();
        for (k, slope) in slopes.iter_mut().enumerate() {
            *slope = (outputs[k] - largest).exp();
            sum += sizes[k] * *slope;
            mass += sizes[k] * targets[k];
        }
        let log = sum.ln();
        let mut loss = S::zero();
        for (k, slope) in slopes.iter_mut().enumerate() {
            loss += sizes[k] * targets[k] * (log - (outputs[k] - largest));
            *slope = *slope / sum * mass - targets[k];
        }
        loss
    }

    fn terms(&self, examples: usize, _: usize) -> usize {
        examples
    }
}

/// Sums a function of `y - t`, which gives value and slope.
fn sum_over<S: Scalar>(
    outputs: &[S],
    targets: &[S],
    sizes: &[S],
    slopes: &mut [S],
    term: impl Fn(&S) -> (S, S),
) -> S {
    let mut sum = S::zero();
    for (k, slope) in slopes.iter_mut().enumerate() {
        let (value, at) = term(&(outputs[k].clone() - &targets[k]));
        sum += value * &sizes[k];
        *slope = at;
    }
    sum
}

/// A loss chosen when the program runs; for floats only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Loss {
    /// [`Mse`].
    Mse,
    /// [`Huber`].
    Huber,
    /// [`CrossEntropy`].
    CrossEntropy,
}

impl Loss {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Mse, Self::Huber, Self::CrossEntropy];
}

impl<S: Real> LossFunction<S> for Loss {
    fn example(&self, outputs: &[S], targets: &[S], sizes: &[S], slopes: &mut [S]) -> S {
        match self {
            Self::Mse => Mse.example(outputs, targets, sizes, slopes),
            Self::Huber => Huber.example(outputs, targets, sizes, slopes),
            Self::CrossEntropy => CrossEntropy.example(outputs, targets, sizes, slopes),
        }
    }

    fn terms(&self, examples: usize, outputs: usize) -> usize {
        match self {
            Self::Mse | Self::Huber => examples * outputs,
            Self::CrossEntropy => examples,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From PyTorch 2.15 in float64:
    ///
    /// ```python
    /// y = torch.tensor([[0.5, -2.0, 3.0], [1.0, 1.0, 1.0]], dtype=torch.float64, requires_grad=True)
    /// t = torch.tensor([[0.0, 0.25, 0.75], [1.0, 0.0, 0.0]], dtype=torch.float64)
    /// for f in (nn.MSELoss(), nn.CrossEntropyLoss(), nn.HuberLoss()):
    ///     y.grad = None; l = f(y, t); l.backward(); print(l.item(), y.grad.flatten().tolist())
    /// ```
    #[test]
    fn values_and_slopes_are_pytorch_s() {
        let y = [[0.5, -2.0, 3.0], [1.0, 1.0, 1.0]];
        let t = [[0.0, 0.25, 0.75], [1.0, 0.0, 0.0]];
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
            let terms = LossFunction::<f64>::terms(&loss, 2, 3) as f64;
            let mut found = [0.0; 6];
            let sum: f64 = (0..2)
                .map(|n| loss.example(&y[n], &t[n], &[1.0; 3], &mut found[3 * n..3 * n + 3]))
                .sum();
            assert!((sum / terms - value).abs() < 1e-14, "{loss:?}");
            for (found, slope) in found.iter().zip(slopes) {
                assert!((found / terms - slope).abs() < 1e-15, "{loss:?}: {found} {slope}");
            }
        }
    }

    /// A class of outputs counts as often as it has members.
    #[test]
    fn sizes_are_repetitions() {
        for loss in Loss::ALL {
            let (mut one, mut all) = ([0.0_f64; 2], [0.0; 5]);
            let merged: f64 = loss.example(&[0.3, -1.7], &[0.1, 0.2], &[2.0, 3.0], &mut one);
            let (y, t) = ([0.3, 0.3, -1.7, -1.7, -1.7], [0.1, 0.1, 0.2, 0.2, 0.2]);
            let lifted = loss.example(&y, &t, &[1.0; 5], &mut all);
            assert!((merged - lifted).abs() < 1e-15);
            for (found, expected) in all.iter().zip([one[0], one[0], one[1], one[1], one[1]]) {
                assert!((found - expected).abs() < 1e-15, "{loss:?}");
            }
        }
    }
}
