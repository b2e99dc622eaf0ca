//! Number types for training: floats, and fractions, which never round.

use std::fmt::Debug;
use std::ops::Neg;

use num_traits::{Float, NumAssignRef, NumRef};

/// A field with an order: `f32`, `f64`, fractions of big integers, ...
///
/// The same code trains floats and exact fractions, if it needs no other operations: affine layers, ReLU, squares,
/// gradient descent.
pub trait Scalar: Clone + PartialOrd + NumRef + NumAssignRef + Neg<Output = Self> + Debug {
    /// A count as a number.
    fn count(n: usize) -> Self {
        let bits = usize::BITS - n.leading_zeros();
        (0..bits).rev().fold(Self::zero(), |half, bit| {
            let twice = half.clone() + &half;
            if n >> bit & 1 == 1 { twice + Self::one() } else { twice }
        })
    }
}

impl<T: Clone + PartialOrd + NumRef + NumAssignRef + Neg<Output = Self> + Debug> Scalar for T {}

/// A float: a [`Scalar`] with exponentials, roots and the error function.
pub trait Real: Scalar + Float {
    /// `2/√π ∫₀ˣ exp(-t²) dt`.
    fn erf(self) -> Self;

    /// A constant, rounded to this type.
    fn constant(value: f64) -> Self;
}

impl Real for f32 {
    fn erf(self) -> Self {
        libm::erff(self)
    }

    fn constant(value: f64) -> Self {
        value as f32
    }
}

impl Real for f64 {
    fn erf(self) -> Self {
        libm::erf(self)
    }

    fn constant(value: f64) -> Self {
        value
    }
}

/// `Σ aᵢ bᵢ`, in eight partial sums, so that the processor adds floats in parallel.
///
/// The order of additions depends only on the length, so equal rows give bitwise equal products.
pub(crate) fn dot<S: Scalar>(a: &[S], b: &[S]) -> S {
    let (eights_a, rest_a) = a.as_chunks::<8>();
    let (eights_b, rest_b) = b.as_chunks::<8>();
    let products = |a: &[S], b: &[S]| {
        a.iter().zip(b).fold(S::zero(), |mut sum, (x, y)| {
            sum += x.clone() * y;
            sum
        })
    };
    let rest = products(rest_a, rest_b);
    if eights_a.is_empty() {
        return rest;
    }
    let mut lanes: [S; 8] = std::array::from_fn(|_| S::zero());
    for (x, y) in eights_a.iter().zip(eights_b) {
        for k in 0..8 {
            lanes[k] += x[k].clone() * &y[k];
        }
    }
    lanes.iter().fold(rest, |sum, lane| sum + lane)
}

/// `y += factor * x`.
pub(crate) fn add_scaled<S: Scalar>(y: &mut [S], factor: &S, x: &[S]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += factor.clone() * x;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_rational::BigRational;

    #[test]
    fn counts_are_exact() {
        for n in [0, 1, 2, 3, 10, 1023, 1 << 40, (1 << 53) - 1] {
            assert_eq!(f64::count(n), n as f64);
            assert_eq!(BigRational::count(n), BigRational::from_integer(n.into()));
        }
    }

    #[test]
    fn products_of_every_length() {
        for n in 0..40 {
            let a: Vec<i64> = (0..n).map(|k| 3 * k - 7).collect();
            let expected: i64 = a.iter().map(|x| x * (x + 1)).sum();
            let floats: Vec<f64> = a.iter().map(|&x| x as f64).collect();
            let others: Vec<f64> = a.iter().map(|&x| (x + 1) as f64).collect();
            assert_eq!(dot(&floats, &others), expected as f64);
        }
    }
}
