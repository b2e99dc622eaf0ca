//! Componentwise functions with their first two derivatives. Floats support all of them; fractions support those that
//! need only the operations of an ordered field.

#![deny(clippy::wildcard_enum_match_arm)]

use super::{Real, Scalar};
use crate::activation::Activation;

/// A function applied to every component, with its slope `a'(z)` and its curvature `a''(z)`.
pub trait ActivationFunction<S> {
    /// `a(z)`.
    fn value(&self, z: &S) -> S;

    /// `a'(z)`; at a kink, the value that PyTorch uses.
    fn slope(&self, z: &S) -> S;

    /// `a''(z)`; 0 if `a'` has a kink or a jump.
    fn curvature(&self, z: &S) -> S;
}

/// `max(z, 0)`, with slope 0 at 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relu;

impl<S: Scalar> ActivationFunction<S> for Relu {
    fn value(&self, z: &S) -> S {
        if *z > S::zero() { z.clone() } else { S::zero() }
    }

    fn slope(&self, z: &S) -> S {
        if *z > S::zero() { S::one() } else { S::zero() }
    }

    fn curvature(&self, _: &S) -> S {
        S::zero()
    }
}

/// `z` where positive, `z / 100` elsewhere, with slope 1/100 at 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeakyRelu;

impl<S: Scalar> ActivationFunction<S> for LeakyRelu {
    fn value(&self, z: &S) -> S {
        self.slope(z) * z
    }

    fn slope(&self, z: &S) -> S {
        if *z > S::zero() { S::one() } else { S::one() / S::count(100) }
    }

    fn curvature(&self, _: &S) -> S {
        S::zero()
    }
}

/// `z`: a deep linear network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity;

impl<S: Scalar> ActivationFunction<S> for Identity {
    fn value(&self, z: &S) -> S {
        z.clone()
    }

    fn slope(&self, _: &S) -> S {
        S::one()
    }

    fn curvature(&self, _: &S) -> S {
        S::zero()
    }
}

/// All activations, for floats.
impl<S: Real> ActivationFunction<S> for Activation {
    fn value(&self, z: &S) -> S {
        let x = *z;
        match self {
            Self::Relu => Relu.value(z),
            Self::LeakyRelu => LeakyRelu.value(z),
            Self::Elu => {
                if x > S::zero() {
                    x
                } else {
                    x.exp_m1()
                }
            }
            Self::Identity => x,
            Self::Tanh => x.tanh(),
            Self::Sigmoid => sigmoid(x),
            Self::Gelu => x * distribution(x),
            Self::Silu => x * sigmoid(x),
            // The exponential of a negative number cannot overflow.
            Self::Softplus => Relu.value(z) + (-x.abs()).exp().ln_1p(),
        }
    }

    fn slope(&self, z: &S) -> S {
        let x = *z;
        let one = S::one();
        match self {
            Self::Relu => Relu.slope(z),
            Self::LeakyRelu => LeakyRelu.slope(z),
            Self::Elu => {
                if x > S::zero() {
                    one
                } else {
                    x.exp()
                }
            }
            Self::Identity => one,
            Self::Tanh => {
                let t = x.tanh();
                (one - t) * (one + t)
            }
            Self::Sigmoid => sigmoid(x) * sigmoid(-x),
            Self::Gelu => distribution(x) + x * density(x),
            Self::Silu => sigmoid(x) * (one + x * sigmoid(-x)),
            Self::Softplus => sigmoid(x),
        }
    }

    fn curvature(&self, z: &S) -> S {
        let x = *z;
        let (one, two) = (S::one(), S::constant(2.0));
        match self {
            Self::Relu | Self::LeakyRelu | Self::Identity => S::zero(),
            Self::Elu => {
                if x < S::zero() {
                    x.exp()
                } else {
                    S::zero()
                }
            }
            Self::Tanh => {
                let t = x.tanh();
                -two * t * (one - t) * (one + t)
            }
            Self::Sigmoid => sigmoid(x) * sigmoid(-x) * (one - two * sigmoid(x)),
            Self::Gelu => density(x) * (two - x * x),
            Self::Silu => sigmoid(x) * sigmoid(-x) * (two + x * (one - two * sigmoid(x))),
            Self::Softplus => sigmoid(x) * sigmoid(-x),
        }
    }
}

/// `1 / (1 + exp(-x))`, without overflow on either side.
fn sigmoid<S: Real>(x: S) -> S {
    let e = (-x.abs()).exp();
    let small = e / (S::one() + e);
    if x < S::zero() { small } else { S::one() / (S::one() + e) }
}

/// The normal distribution function.
fn distribution<S: Real>(x: S) -> S {
    let half = S::constant(0.5);
    half * (S::one() + (x * S::constant(std::f64::consts::FRAC_1_SQRT_2)).erf())
}

/// The normal density.
fn density<S: Real>(x: S) -> S {
    let scale =
        S::constant(0.5 * std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2);
    scale * (-x * x * S::constant(0.5)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_at_kinks() {
        assert_eq!((Relu.slope(&0.0), LeakyRelu.slope(&0.0)), (0.0, 0.01));
        let elu = Activation::Elu;
        assert_eq!((elu.slope(&0.0), elu.curvature(&0.0)), (1.0, 0.0));
    }
}
