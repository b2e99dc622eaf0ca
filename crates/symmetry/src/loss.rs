//! Losses of a batch of outputs.
#![deny(clippy::wildcard_enum_match_arm)]

/// A loss, as PyTorch's class of that name computes it by default.
///
/// Values and slopes are those of [`LossFunction`](crate::dynamics::LossFunction). The feature `serde` writes a loss as
/// its [`name`](Self::name), and also reads names with underscores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Loss {
    /// The mean of `(y - t)²` over batch and outputs.
    #[default]
    Mse,
    /// The mean over the batch of `-Σ t log softmax(y)`; targets are probabilities.
    #[cfg_attr(feature = "serde", serde(alias = "cross_entropy"))]
    CrossEntropy,
    /// The mean over batch and outputs of `r²/2` where `r = |y - t|` is at most 1, and of `r - 1/2` elsewhere.
    Huber,
}

impl Loss {
    /// All losses.
    pub const ALL: [Self; 3] = [Self::Mse, Self::CrossEntropy, Self::Huber];

    /// The name in files.
    ///
    /// ```
    /// assert_eq!(constinit_symmetry::Loss::CrossEntropy.name(), "cross-entropy");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::Mse => "mse",
            Self::CrossEntropy => "cross-entropy",
            Self::Huber => "huber",
        }
    }

    /// Whether it is convex in the outputs. Then it is also convex in the weights of a network without a hidden layer,
    /// whose outputs are linear in them: every stationary point is a minimum, wherever training starts.
    ///
    /// ```text
    /// L(λ y + (1 - λ) z) ≤ λ L(y) + (1 - λ) L(z)     for 0 ≤ λ ≤ 1
    /// ```
    pub fn is_convex(self) -> bool {
        match self {
            // In this order: a square; (Σ t) log Σ exp(y) minus a linear function, where the sum of the targets is not
            // negative; a function with a rising slope.
            Self::Mse | Self::CrossEntropy | Self::Huber => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::LossFunction;
    use proptest::prelude::*;

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

    proptest! {
        /// On a segment between two outputs, no loss is above its chord.
        #[test]
        fn convex_losses_lie_below_their_chords(
            ends in [[-4.0..4.0_f64, -4.0..4.0, -4.0..4.0], [-4.0..4.0, -4.0..4.0, -4.0..4.0]],
            targets in [0.0..1.0_f64, 0.0..1.0, 0.0..1.0],
            share in 0.0..1.0_f64,
        ) {
            for loss in Loss::ALL {
                let at = |y: [f64; 3]| loss.example(&y, &targets, &[1.0; 3], &mut [0.0; 3]);
                let between = [0, 1, 2].map(|i| share * ends[0][i] + (1.0 - share) * ends[1][i]);
                let chord = share * at(ends[0]) + (1.0 - share) * at(ends[1]);
                prop_assert_eq!(loss.is_convex(), true);
                prop_assert!(at(between) <= chord + 1e-12, "{:?}", loss);
            }
        }
    }

    /// A class of outputs counts once for each of its members.
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

    #[cfg(feature = "serde")]
    #[test]
    fn names_are_the_written_form_and_underscores_are_read() {
        use std::collections::BTreeMap;
        for loss in Loss::ALL {
            let file = BTreeMap::from([("a".to_owned(), loss)]);
            let written = toml::to_string(&file).unwrap();
            assert_eq!(written, format!("a = \"{}\"\n", loss.name()));
            for text in [written.clone(), written.replace('-', "_")] {
                assert_eq!(toml::from_str::<BTreeMap<String, Loss>>(&text).unwrap(), file);
            }
        }
    }
}
