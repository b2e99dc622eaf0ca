//! Componentwise functions between layers, and what is known about each.
//!
//! ```
//! use constinit_symmetry::{Activation, Parity};
//!
//! assert_eq!(Activation::LeakyRelu.name(), "leaky-relu");
//! assert_eq!(Activation::Tanh.parity(), Parity::Odd);
//! assert!(Activation::Relu.is_positively_homogeneous());
//! ```

#![deny(clippy::wildcard_enum_match_arm)]

/// A function applied to every component, with PyTorch's constants.
///
/// Value, slope and curvature are those of [`ActivationFunction`](crate::dynamics::ActivationFunction). The feature
/// `serde` writes a function as its [`name`](Self::name), and also reads names with underscores.
///
/// ```
/// use constinit_symmetry::{Activation, dynamics::ActivationFunction};
///
/// assert_eq!(Activation::Silu.value(&0.0_f64), 0.0);
/// assert_eq!(Activation::Silu.slope(&0.0_f64), 0.5);
/// assert_eq!(Activation::Silu.curvature(&0.0_f64), 0.5);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Activation {
    /// `max(z, 0)`, with slope 0 at 0.
    #[default]
    Relu,
    /// `tanh(z)`.
    Tanh,
    /// `σ(z) = 1 / (1 + exp(-z))`.
    Sigmoid,
    /// `z Φ(z)` with the normal distribution function `Φ(z) = (1 + erf(z / √2)) / 2`, not the tanh approximation.
    Gelu,
    /// `z σ(z)`.
    Silu,
    /// `log(1 + exp(z))`.
    Softplus,
    /// `z` where positive, `0.01 z` elsewhere, with slope 0.01 at 0.
    #[cfg_attr(feature = "serde", serde(alias = "leaky_relu"))]
    LeakyRelu,
    /// `z` where positive, `exp(z) - 1` elsewhere (α = 1). At 0 the slope is 1, and the curvature is taken as 0 (its
    /// limit is 1 from the left and 0 from the right).
    Elu,
    /// `z`: a deep linear network.
    Identity,
}

/// How a function of `-z` follows from that of `z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Parity {
    /// `a(-z) = -a(z)`: a unit and its negative compute the same number up to the sign.
    Odd,
    /// `a(-z) = 1 - a(z)`: they compute the same number up to the sign and a constant, which the next bias absorbs.
    Complementary,
    /// Neither.
    None,
}

impl Activation {
    /// All activations.
    pub const ALL: [Self; 9] = [
        Self::Relu,
        Self::Tanh,
        Self::Sigmoid,
        Self::Gelu,
        Self::Silu,
        Self::Softplus,
        Self::LeakyRelu,
        Self::Elu,
        Self::Identity,
    ];

    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::Tanh => "tanh",
            Self::Sigmoid => "sigmoid",
            Self::Gelu => "gelu",
            Self::Silu => "silu",
            Self::Softplus => "softplus",
            Self::LeakyRelu => "leaky-relu",
            Self::Elu => "elu",
            Self::Identity => "identity",
        }
    }

    /// How `a(-z)` follows from `a(z)`.
    pub fn parity(self) -> Parity {
        match self {
            Self::Tanh | Self::Identity => Parity::Odd,
            Self::Sigmoid => Parity::Complementary,
            Self::Relu | Self::Gelu | Self::Silu | Self::Softplus | Self::LeakyRelu | Self::Elu => {
                Parity::None
            }
        }
    }

    /// Whether `a(cz) = c a(z)` for every `c > 0`.
    pub fn is_positively_homogeneous(self) -> bool {
        match self {
            Self::Relu | Self::LeakyRelu | Self::Identity => true,
            Self::Tanh | Self::Sigmoid | Self::Gelu | Self::Silu | Self::Softplus | Self::Elu => {
                false
            }
        }
    }

    /// Whether a network with one hidden layer of such units is minimal as soon as no unit is constant, unread, or
    /// equal to another up to its [parity](Self::parity): no network of this form with fewer units computes the same
    /// function.
    ///
    /// True for tanh (Sussmann, "Uniqueness of the weights for minimal feedforward nets with a given input-output map",
    /// Neural Networks 5, 1992), and for the sigmoid, which is (1 + tanh(z/2)) / 2. False for all others: ReLU, leaky
    /// ReLU, ELU and the identity have further reductions (units that add up to a linear one), and for GELU, SiLU and
    /// softplus nothing is claimed.
    pub fn reductions_are_complete(self) -> bool {
        match self {
            Self::Tanh | Self::Sigmoid => true,
            Self::Relu
            | Self::Gelu
            | Self::Silu
            | Self::Softplus
            | Self::LeakyRelu
            | Self::Elu
            | Self::Identity => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::ActivationFunction;
    use proptest::prelude::*;

    /// Inputs, values and derivatives from PyTorch 2.15 in float64:
    ///
    /// ```python
    /// x = torch.tensor([-100., -3., -0.5, 0., 0.5, 3., 100.], dtype=torch.float64, requires_grad=True)
    /// y = f(x); y.sum().backward(); print(y.tolist(), x.grad.tolist())
    /// ```
    const INPUTS: [f64; 7] = [-100.0, -3.0, -0.5, 0.0, 0.5, 3.0, 100.0];

    const GOLDEN: [(Activation, [f64; 7], [f64; 7]); 9] = [
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
        // From Python's math.expm1(z) and math.exp(z).
        (
            Activation::Elu,
            [-1.0, -0.950212931632136, -0.3934693402873666, 0.0, 0.5, 3.0, 100.0],
            [3.720075976020836e-44, 0.049787068367863944, 0.6065306597126334, 1.0, 1.0, 1.0, 1.0],
        ),
        (
            Activation::Identity,
            [-100.0, -3.0, -0.5, 0.0, 0.5, 3.0, 100.0],
            [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
        ),
    ];

    #[test]
    fn values_and_slopes_are_pytorch_s() {
        assert_eq!(GOLDEN.map(|(function, ..)| function), Activation::ALL);
        for (function, values, slopes) in GOLDEN {
            for ((z, value), slope) in INPUTS.into_iter().zip(values).zip(slopes) {
                let close =
                    |a: f64, b: f64, digits: f64| (a - b).abs() <= digits * b.abs().max(1.0);
                assert!(close(function.value(&z), value, 1e-14), "{function:?}({z})");
                assert!(close(function.slope(&z), slope, 1e-14), "{function:?}'({z})");
                let z = z as f32;
                let [single, steep] = [function.value(&z), function.slope(&z)].map(f64::from);
                assert!(close(single, value, 1e-6), "{function:?}({z}) in f32");
                assert!(close(steep, slope, 1e-6), "{function:?}'({z}) in f32");
            }
        }
    }

    /// Slopes against finite differences of values, and curvatures against those of slopes.
    #[test]
    fn slopes_and_curvatures_are_derivatives() {
        const STEP: f64 = 1e-5;
        for f in Activation::ALL {
            for z in [-7.0, -2.5, -1.0, -0.3, 0.2, 0.9, 2.0, 6.5_f64] {
                let central = |g: &dyn Fn(f64) -> f64| (g(z + STEP) - g(z - STEP)) / (2.0 * STEP);
                let slope = central(&|z| f.value(&z));
                let curvature = central(&|z| f.slope(&z));
                assert!((f.slope(&z) - slope).abs() < 1e-8, "{f:?}'({z})");
                assert!((f.curvature(&z) - curvature).abs() < 1e-8, "{f:?}''({z})");
            }
        }
    }

    #[test]
    fn far_ends_are_finite() {
        for f in Activation::ALL {
            for z in [-1000.0_f64, 1000.0] {
                for number in [f.value(&z), f.slope(&z), f.curvature(&z)] {
                    assert!(number.is_finite(), "{f:?}({z})");
                }
            }
        }
        assert_eq!(Activation::Softplus.value(&1000.0_f64), 1000.0);
        assert_eq!(Activation::Elu.value(&-1e-20_f64), -1e-20);
    }

    proptest! {
        #[test]
        fn what_is_said_of_signs_and_factors_holds(z in -20.0..20.0_f64, c in 0.01..100.0_f64) {
            for f in Activation::ALL {
                let [at, opposite] = [f.value(&z), f.value(&-z)];
                match f.parity() {
                    Parity::Odd => prop_assert_eq!(opposite, -at),
                    Parity::Complementary => prop_assert!((opposite - (1.0 - at)).abs() < 1e-15),
                    Parity::None => {}
                }
                if f.is_positively_homogeneous() {
                    let (scaled, factor) = (f.value(&(c * z)), c * at);
                    prop_assert!((scaled - factor).abs() <= 1e-14 * factor.abs(), "{f:?}");
                }
            }
        }
    }

    /// If an activation claims no parity or homogeneity, one of two points shows that it has none.
    #[test]
    fn what_is_not_said_does_not_hold() {
        for f in Activation::ALL {
            let [at, opposite] = [0.5, -0.5].map(|z: f64| f.value(&z));
            assert_eq!(f.parity() == Parity::Odd, (at + opposite).abs() < 1e-3, "{f:?}");
            let complementary = (at + opposite - 1.0).abs() < 1e-3;
            assert_eq!(f.parity() == Parity::Complementary, complementary, "{f:?}");
            let [twice, below] = [1.0, -1.0].map(|z: f64| f.value(&z));
            let off = (twice - 2.0 * at).abs().max((below - 2.0 * opposite).abs());
            let homogeneous = off < 1e-3;
            assert_eq!(f.is_positively_homogeneous(), homogeneous, "{f:?}");
        }
    }

    #[cfg(feature = "serde")]
    #[test]
    fn names_are_the_written_form_and_underscores_are_read() {
        use std::collections::BTreeMap;
        for f in Activation::ALL {
            let file = BTreeMap::from([("a".to_owned(), f)]);
            let written = toml::to_string(&file).unwrap();
            assert_eq!(written, format!("a = \"{}\"\n", f.name()));
            for text in [written.clone(), written.replace('-', "_")] {
                assert_eq!(toml::from_str::<BTreeMap<String, Activation>>(&text).unwrap(), file);
            }
        }
    }
}
