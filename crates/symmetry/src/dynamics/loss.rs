//! Losses of the full network's outputs, with their slopes.

#![deny(clippy::wildcard_enum_match_arm)]

use super::{Real, Scalar};
use crate::loss::Loss;

/// A loss of one example, summed over the outputs of the full network. Class `k` of the outputs has `sizes[k]` members,
/// which share one value and one target.
pub trait LossFunction<S> {
    /// The example's loss, before it is divided by [`terms`](Self::terms); writes `dloss/dy` of *one* output of each
    /// class.
    fn example(&self, outputs: &[S], targets: &[S], sizes: &[S], slopes: &mut [S]) -> S;

    /// The number that the sum over a batch is divided by.
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

/// Sums a function of `y - t` that returns value and slope.
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

/// All losses, for floats.
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
