//! Gradient descent with momentum, as a linear map of a small difference and its velocity.

use crate::error::{ForecastError, SymmetryError};

/// How one step of gradient descent uses the gradient.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Descent {
    /// Step size η.
    pub learning_rate: f64,
    /// Share μ of the velocity that is kept; 0 is plain gradient descent, without dampening and Nesterov's form.
    pub momentum: f64,
    /// The share d of the gradient that is not added to the velocity.
    pub dampening: f64,
    /// Coupled decay w: this times the parameter is added to the gradient.
    pub weight_decay: f64,
    /// Nesterov's momentum.
    pub nesterov: bool,
}

impl Descent {
    /// Plain gradient descent.
    pub fn sgd(learning_rate: f64) -> Self {
        Self { learning_rate, ..Self::default() }
    }

    /// With momentum.
    #[must_use]
    pub fn with_momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// With Nesterov's momentum.
    #[must_use]
    pub fn with_nesterov(self, momentum: f64) -> Self {
        Self { momentum, nesterov: true, ..self }
    }

    /// With dampening.
    #[must_use]
    pub fn with_dampening(self, dampening: f64) -> Self {
        Self { dampening, ..self }
    }

    /// With coupled decay.
    #[must_use]
    pub fn with_weight_decay(self, weight_decay: f64) -> Self {
        Self { weight_decay, ..self }
    }

    /// The factor by which a step multiplies a difference along an eigenvector of this curvature, in the long run.
    ///
    /// ```
    /// use constinit_symmetry::forecast::Descent;
    ///
    /// let sgd = Descent::sgd(0.5);
    /// assert_eq!(sgd.factor(-0.5), 1.25);
    /// assert_eq!(sgd.factor(1.0), 0.5);
    /// assert_eq!(sgd.factor(6.0), 2.0); // too large a step: the sign changes each time
    /// // z^2 - (1 + 0.5 + 0.5) z + 0.5 has the roots 1 + sqrt(1/2) and 1 - sqrt(1/2).
    /// let ball = sgd.with_momentum(0.5).factor(-1.0);
    /// assert!((ball - (1.0 + 0.5_f64.sqrt())).abs() < 1e-15);
    /// // z^2 - (1 + 0.5 + 0.75) z + 0.75 has the roots 9/8 + sqrt(33)/8 and 9/8 - sqrt(33)/8.
    /// let nesterov = sgd.with_nesterov(0.5).factor(-1.0);
    /// assert!((nesterov - (9.0 + 33_f64.sqrt()) / 8.0).abs() < 1e-15);
    /// ```
    pub fn factor(&self, curvature: f64) -> f64 {
        match self.roots(curvature) {
            // The roots themselves are 1 + these.
            Roots::Real(roots) => {
                roots.into_iter().fold(0.0, |widest, r| (1.0 + r).abs().max(widest))
            }
            Roots::Complex { squared_size } => squared_size.sqrt(),
        }
    }

    /// The logarithm of [`factor`](Self::factor), also precise if the factor is nearly 1. A difference grows by e^(rate
    /// n) in n steps.
    ///
    /// ```
    /// use constinit_symmetry::forecast::Descent;
    ///
    /// assert_eq!(Descent::sgd(1e-9).rate(-1e-9), 1e-18);
    /// ```
    pub fn rate(&self, curvature: f64) -> f64 {
        let log = |root: f64| if root > -1.0 { root.ln_1p() } else { (-1.0 - root).ln() };
        match self.roots(curvature) {
            Roots::Real(roots) => roots.into_iter().map(log).fold(f64::NEG_INFINITY, f64::max),
            Roots::Complex { squared_size } => 0.5 * squared_size.ln(),
        }
    }

    /// The length of a step under a constant force in the long run, as a multiple of that force: η (1 - d) / (1 - μ),
    /// and η without momentum.
    ///
    /// ```
    /// use constinit_symmetry::forecast::Descent;
    ///
    /// assert_eq!(Descent::sgd(0.5).reach(), 0.5);
    /// assert_eq!(Descent::sgd(0.5).with_momentum(0.75).with_dampening(0.5).reach(), 1.0);
    /// // Nesterov's form adds the force itself to the velocity that it keeps: 0.5 (1 + 0.75 · 0.5 / 0.25).
    /// assert_eq!(Descent::sgd(0.5).with_nesterov(0.75).with_dampening(0.5).reach(), 1.25);
    /// ```
    pub fn reach(&self) -> f64 {
        let Self { learning_rate: rate, momentum: m, dampening: d, nesterov, .. } = *self;
        if m == 0.0 {
            return rate;
        }
        let velocity = (1.0 - d) / (1.0 - m);
        rate * if nesterov { 1.0 + m * velocity } else { velocity }
    }

    fn roots(&self, curvature: f64) -> Roots {
        let Self { learning_rate: rate, momentum: m, dampening: d, weight_decay, nesterov } = *self;
        let pull = rate * (curvature + weight_decay);
        if m == 0.0 {
            return Roots::Real([-pull, -1.0]);
        }
        // With z = 1 + r the characteristic polynomial is r^2 + b r + c.
        let (b, c, squared_size) = if nesterov {
            (1.0 - m + pull * (1.0 + m * (1.0 - d)), pull * (1.0 - m * d), m * (1.0 - pull))
        } else {
            (1.0 - m + pull * (1.0 - d), pull * (1.0 - d), m)
        };
        let discriminant = b * b - 4.0 * c;
        if discriminant < 0.0 {
            return Roots::Complex { squared_size };
        }
        // First the root with the larger absolute value, then the other without cancellation.
        let larger = -0.5 * (b + discriminant.sqrt().copysign(b));
        Roots::Real([larger, if larger == 0.0 { 0.0 } else { c / larger }])
    }

    pub(super) fn check(&self) -> Result<(), SymmetryError> {
        let not_negative = "must be a finite number, 0 or more";
        for (name, value) in [("learning_rate", self.learning_rate), ("momentum", self.momentum)] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(ForecastError { name, value, reason: not_negative }.into());
            }
        }
        finite("dampening", self.dampening)?;
        finite("weight_decay", self.weight_decay)
    }
}

/// Roots of a characteristic polynomial.
enum Roots {
    /// Two real roots, each minus 1.
    Real([f64; 2]),
    /// A conjugate pair, by the square of its absolute value.
    Complex { squared_size: f64 },
}

pub(super) fn finite(name: &'static str, value: f64) -> Result<(), SymmetryError> {
    if value.is_finite() {
        return Ok(());
    }
    Err(ForecastError { name, value, reason: "must be a finite number" }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Makes steps of PyTorch's SGD on the loss λ x² / 2. Returns the mean growth of (x, v) over the second half of
    /// them.
    fn iterated(descent: &Descent, curvature: f64, steps: usize) -> f64 {
        let Descent { learning_rate, momentum, dampening, weight_decay, nesterov } = *descent;
        let (mut x, mut v, mut log) = (0.6_f64, 0.8_f64, 0.0);
        for step in 0..2 * steps {
            let gradient = curvature * x + weight_decay * x;
            if momentum == 0.0 {
                x -= learning_rate * gradient;
                v = 0.0;
            } else {
                v = momentum * v + (1.0 - dampening) * gradient;
                x -= learning_rate * if nesterov { gradient + momentum * v } else { v };
            }
            let size = x.hypot(v);
            if step >= steps {
                log += size.ln();
            }
            (x, v) = (x / size, v / size);
        }
        log / steps as f64
    }

    proptest! {
        #[test]
        fn the_rate_is_that_of_the_iterated_recurrence(
            learning_rate in 0.01..1.0_f64,
            momentum in prop_oneof![Just(0.0), 0.01..0.99_f64],
            dampening in prop_oneof![Just(0.0), 0.0..0.9_f64],
            weight_decay in prop_oneof![Just(0.0), 0.0..0.5_f64],
            curvature in -3.0..3.0_f64,
            nesterov: bool,
        ) {
            let descent = Descent { learning_rate, momentum, dampening, weight_decay, nesterov };
            let steps = 20_000;
            let measured = iterated(&descent, curvature, steps);
            // The mean of a rotation's logarithm converges as 1 / steps.
            let bound = 20.0 / steps as f64;
            prop_assert!(
                (descent.rate(curvature) - measured).abs() < bound,
                "{} {measured}", descent.rate(curvature)
            );
            prop_assert!((descent.factor(curvature).ln() - descent.rate(curvature)).abs() < 1e-9);
        }

        #[test]
        fn the_factor_is_a_root_of_the_polynomial(
            learning_rate in 0.01..1.0_f64,
            momentum in 0.01..0.99_f64,
            dampening in 0.0..0.9_f64,
            curvature in -3.0..3.0_f64,
            nesterov: bool,
        ) {
            let descent =
                Descent { learning_rate, momentum, dampening, weight_decay: 0.0, nesterov };
            // The matrix of the map of (x, v), from its images of the unit vectors.
            let step = |x: f64, v: f64| {
                let velocity = momentum * v + (1.0 - dampening) * curvature * x;
                let by = if nesterov { curvature * x + momentum * velocity } else { velocity };
                [x - learning_rate * by, velocity]
            };
            let ([a, c], [b, d]) = (step(1.0, 0.0), step(0.0, 1.0));
            let (trace, determinant) = (a + d, a * d - b * c);
            let z = descent.factor(curvature);
            let value = |z: f64| z * z - trace * z + determinant;
            let complex = trace * trace < 4.0 * determinant;
            let wrong = if complex {
                (z * z - determinant).abs()
            } else {
                value(z).abs().min(value(-z).abs())
            };
            prop_assert!(wrong < 1e-12, "{wrong}");
        }
    }

    #[test]
    fn without_momentum_neither_dampening_nor_nesterov_counts() {
        let plain = Descent::sgd(0.1);
        let other = Descent { dampening: 0.5, nesterov: true, ..plain };
        for curvature in [-2.0, 0.0, 3.0, 25.0] {
            assert_eq!(plain.rate(curvature), other.rate(curvature));
        }
    }

    #[test]
    fn small_rates_keep_their_digits() {
        for ball in [Descent::sgd(1e-3).with_momentum(0.9), Descent::sgd(1e-3).with_nesterov(0.9)] {
            // To first order the pull is divided by 1 - momentum.
            let rate = ball.rate(-1e-12);
            assert!((rate / 1e-14 - 1.0).abs() < 1e-12, "{rate:e}");
        }
        assert_eq!(Descent::sgd(0.1).with_momentum(0.9).rate(0.0), 0.0);
        assert_eq!(Descent::sgd(1.0).rate(1.0), f64::NEG_INFINITY);
    }
}
