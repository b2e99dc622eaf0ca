//! Will rounding separate twins? How fast a difference between them grows, and when it can be seen.
//!
//! Exact arithmetic never leaves a state in which two units are alike; rounding does, where the state is unstable. Let
//! the loss have curvature λ along an eigenvector of differences between the two units (its second derivative,
//! restricted to differences). While the difference x along it is small, a step of gradient descent with learning rate
//! η, momentum μ, dampening d and coupled decay w changes it linearly, with κ = λ + w:
//!
//! ```text
//! SGD         x' = (1 - η κ) x
//! heavy ball  v' = μ v + (1 - d) κ x      x' = x - η v'
//! Nesterov    v' = μ v + (1 - d) κ x      x' = x - η (κ x + μ v')
//! ```
//!
//! The *factor* a step is the spectral radius of this map of (x, v), the larger root in size of z² - T z + D with
//!
//! ```text
//! heavy ball  T = 1 + μ - η (1 - d) κ            D = μ
//! Nesterov    T = 1 + μ - η (1 + μ (1 - d)) κ    D = μ (1 - η κ)
//! ```
//!
//! and *rate* = ln(factor). A difference grows by e in 1 / rate steps, and from the size e₀ to e₁ in ln(e₁ / e₀) / rate:
//! e₀ is one rounding error where the units are bitwise alike, e₁ what counts as [`ESCAPED`].
//!
//! e₀ is the share of the difference that lies along the eigenvector, or one rounding error where that is more; other
//! shares grow slower, and are soon beside the point.
//!
//! A step that divides by the size of gradients (Adam and its kin) is not linear in x, and has no such rate:
//! [`Growth::NotLinear`].
//!
//! The rate is that of one state. [`Forecast::moving`] says whether the state moves so that the rate changes until the
//! escape; a number of steps is then not forecast.
//!
//! ```
//! use constinit_symmetry::forecast::{Descent, ESCAPED, Forecast};
//!
//! let sgd = Descent::sgd(0.1);
//! let forecast = Forecast::new(-0.25, &sgd.into())?.escaping(2f64.powi(-52), ESCAPED);
//! assert_eq!(forecast.factor(), Some(1.025)); // 1 + 0.1 * 0.25
//! assert_eq!(
//!     forecast.to_string(),
//!     "unstable, e-fold every 40.5 steps, about 1274 steps to escape"
//! );
//!
//! // With a momentum of 0.9 the factor is 9/8: nearly five times as fast.
//! let forecast = Forecast::new(-0.25, &sgd.with_momentum(0.9).into())?;
//! assert_eq!(forecast.to_string(), "unstable, e-fold every 8.5 steps");
//! # Ok::<(), constinit_symmetry::SymmetryError>(())
//! ```
//!
//! # References
//!
//! Polyak, "Some methods of speeding up the convergence of iteration methods", 1964. Sutskever, Martens, Dahl, Hinton,
//! "On the importance of initialization and momentum in deep learning", 2013, for the Nesterov form used here, which is
//! PyTorch's and Burn's.

#![deny(clippy::wildcard_enum_match_arm)]

mod descent;
mod motion;
mod words;

use crate::certificate::Optimizer;
use crate::error::{ForecastError, SymmetryError};
use descent::finite;

pub use descent::Descent;
pub use motion::{Course, Motion, SETTLED, sharpest};

/// The size, relative to that of the unit, from which a difference between twins counts as an escape: 1 %.
///
/// It is above any rounding, and small enough for the linear growth to hold up to there.
pub const ESCAPED: f64 = 1e-2;

/// What a training step does with the gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Update {
    /// It is linear in gradient and parameters.
    Linear(Descent),
    /// It is not [linear](Optimizer::is_linear): it divides by the size of gradients, say.
    Adaptive(Optimizer),
}

impl Update {
    /// The same with another learning rate.
    #[must_use]
    pub fn with_learning_rate(self, learning_rate: f64) -> Self {
        match self {
            Self::Linear(descent) => Self::Linear(Descent { learning_rate, ..descent }),
            Self::Adaptive(optimizer) => Self::Adaptive(optimizer),
        }
    }
}

impl From<Descent> for Update {
    fn from(descent: Descent) -> Self {
        Self::Linear(descent)
    }
}

/// What becomes of a small difference between twins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Growth {
    /// It grows.
    Unstable,
    /// It shrinks.
    Stable,
    /// Neither, within the error of the curvature.
    Neutral,
    /// The optimizer's step is not linear in the difference: there is no rate. Dividing by the size of gradients, it
    /// amplifies rounding near stationary points, and may separate units that gradient descent would keep together.
    NotLinear,
}

/// What will become of a difference between twins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    update: Update,
    curvature: f64,
    error: f64,
    /// What the difference has to grow by: ln(reached / start).
    folds: Option<f64>,
    motion: Option<Motion>,
}

impl Forecast {
    /// The forecast for a difference along an eigenvector of this curvature.
    ///
    /// # Errors
    ///
    /// [`ForecastError`] where the curvature or a setting of the update is not finite, or a learning rate
    /// or a momentum is negative.
    pub fn new(curvature: f64, update: &Update) -> Result<Self, SymmetryError> {
        finite("curvature", curvature)?;
        if let Update::Linear(descent) = update {
            descent.check()?;
        }
        Ok(Self { update: *update, curvature, error: 0.0, folds: None, motion: None })
    }

    /// With a bound on the error of the curvature. A difference whose growth depends on that error is
    /// [neutral](Growth::Neutral), and does not escape.
    ///
    /// # Errors
    ///
    /// [`ForecastError`] where the bound is negative, infinite or NaN.
    pub fn within(mut self, error: f64) -> Result<Self, SymmetryError> {
        if !(error.is_finite() && error >= 0.0) {
            let reason = "must be a finite number, 0 or more";
            return Err(ForecastError { name: "error", value: error, reason }.into());
        }
        self.error = error;
        Ok(self)
    }

    /// With the steps that an unstable difference of size `start` needs to grow to `reached`
    /// ([`steps_to_escape`]). Both in one unit, say relative to the size of the unit's parameters. Any
    /// [`Motion`] is forgotten: it is that of another way.
    #[must_use]
    pub fn escaping(self, start: f64, reached: f64) -> Self {
        // Steps at the rate 1 are the folds.
        Self { folds: steps_to_escape(start, reached, 1.0), motion: None, ..self }
    }

    /// How far the state goes until the forecast has come true, as a multiple of the force on it: the steps until the
    /// escape, or those of an e-fold where there is none, times [`Descent::reach`]. `None` where nothing is forecast.
    ///
    /// ```
    /// use constinit_symmetry::forecast::{Descent, ESCAPED, Forecast};
    ///
    /// let forecast = Forecast::new(-0.25, &Descent::sgd(0.1).into())?;
    /// let e_fold = forecast.ahead().unwrap();
    /// assert!((e_fold - 0.1 / 1.025_f64.ln()).abs() < 1e-12);
    /// let escape = forecast.escaping(ESCAPED / 100.0, ESCAPED).ahead().unwrap();
    /// assert!((escape / e_fold - 100_f64.ln()).abs() < 1e-12);
    /// # Ok::<(), constinit_symmetry::SymmetryError>(())
    /// ```
    pub fn ahead(&self) -> Option<f64> {
        let Update::Linear(descent) = &self.update else { return None };
        let e_fold = self.e_fold_steps()?;
        let folds = self.folds.filter(|_| self.growth() == Growth::Unstable).unwrap_or(1.0);
        Some(e_fold * folds * descent.reach()).filter(|ahead| ahead.is_finite() && *ahead >= 0.0)
    }

    /// With what is known of how the state moves on the way that [`ahead`](Self::ahead) says.
    ///
    /// ```
    /// use constinit_symmetry::forecast::{Descent, ESCAPED, Forecast, Motion};
    ///
    /// let forecast = Forecast::new(-0.25, &Descent::sgd(0.1).into())?.escaping(2f64.powi(-52), ESCAPED);
    /// // The curvature goes to -0.26 on the way: fewer steps, by the mean of the rates.
    /// let ahead = forecast.ahead().unwrap();
    /// let still = Motion {
    ///     step: 40, force: 1e-4, along: 0.5, sharpest: 0.5, ahead, size: 1.0, tenth: -0.251, half: -0.255, whole: -0.26,
    /// };
    /// let forecast = forecast.moving(still);
    /// assert_eq!((forecast.is_stationary(), forecast.valid_from()), (Some(true), Some(40)));
    /// assert_eq!(
    ///     forecast.to_string(),
    ///     "unstable, e-fold every 40.5 steps, about 1249 steps to escape"
    /// );
    /// // It goes to -0.75: no number of steps. The force shrinks by e in 19.5 steps, and has to shrink to a 20th.
    /// let forecast = forecast.moving(Motion { tenth: -0.3, half: -0.5, whole: -0.75, ..still });
    /// assert_eq!((forecast.is_stationary(), forecast.escape_in()), (Some(false), None));
    /// assert_eq!(
    ///     forecast.to_string(),
    ///     "unstable, e-fold every 40.5 steps, not stationary: valid from step 99 at the earliest"
    /// );
    /// # Ok::<(), constinit_symmetry::SymmetryError>(())
    /// ```
    #[must_use]
    pub fn moving(self, motion: Motion) -> Self {
        Self { motion: Some(motion), ..self }
    }

    /// How the state moves, where that is known.
    pub fn motion(&self) -> Option<&Motion> {
        self.motion.as_ref()
    }

    /// Whether the rate stays what it is until the forecast has come true, but for [`SETTLED`], and the state goes the
    /// way on which that was asked; `None` where it is not known how the state moves, or where nothing is forecast.
    pub fn is_stationary(&self) -> Option<bool> {
        let (motion, Update::Linear(descent)) = (self.motion.as_ref()?, &self.update) else {
            return None;
        };
        self.e_fold_steps().map(|_| motion.is_stationary(descent, self.curvature))
    }

    /// The largest change of the rate until the forecast has come true, relative to the rate of now, if the state goes
    /// on as it goes now; `None` as for [`is_stationary`](Self::is_stationary), infinite where the way leads beyond all
    /// numbers.
    pub fn change(&self) -> Option<f64> {
        let (motion, Update::Linear(descent)) = (self.motion.as_ref()?, &self.update) else {
            return None;
        };
        self.e_fold_steps().map(|_| motion.change(descent, self.curvature))
    }

    /// The first step at which a forecast can hold: that of the state where it is stationary, and a later one where
    /// the state settles. `None` where it does not, or where it is not known.
    pub fn valid_from(&self) -> Option<usize> {
        let (motion, Update::Linear(descent)) = (self.motion.as_ref()?, &self.update) else {
            return None;
        };
        let steps = motion.settles_in(descent, self.curvature)?;
        self.e_fold_steps().map(|_| motion.step.saturating_add(steps.ceil() as usize))
    }

    /// What a training step does with the gradient.
    pub fn update(&self) -> &Update {
        &self.update
    }

    /// The curvature λ.
    pub fn curvature(&self) -> f64 {
        self.curvature
    }

    /// The bound on the error of the curvature.
    pub fn curvature_error(&self) -> f64 {
        self.error
    }

    /// Whether the state is certainly a strict saddle: a direction of negative curvature leads out of it.
    pub fn is_strict_saddle(&self) -> bool {
        self.curvature + self.error < 0.0
    }

    /// What becomes of a small difference.
    pub fn growth(&self) -> Growth {
        let Update::Linear(descent) = &self.update else { return Growth::NotLinear };
        let rates = [-self.error, 0.0, self.error].map(|by| descent.rate(self.curvature + by));
        match rates {
            _ if rates.iter().all(|rate| *rate > 0.0) => Growth::Unstable,
            _ if rates.iter().all(|rate| *rate < 0.0) => Growth::Stable,
            _ => Growth::Neutral,
        }
    }

    /// The factor a step; `None` for an update that is not linear.
    pub fn factor(&self) -> Option<f64> {
        match &self.update {
            Update::Linear(descent) => Some(descent.factor(self.curvature)),
            Update::Adaptive(_) => None,
        }
    }

    /// The logarithm of the factor; `None` for an update that is not linear.
    pub fn rate(&self) -> Option<f64> {
        match &self.update {
            Update::Linear(descent) => Some(descent.rate(self.curvature)),
            Update::Adaptive(_) => None,
        }
    }

    /// In how many steps the difference grows (or, where it is stable, shrinks) by e; `None` where it does neither.
    pub fn e_fold_steps(&self) -> Option<f64> {
        match self.growth() {
            Growth::Unstable | Growth::Stable => self.rate().map(|rate| rate.abs().recip()),
            Growth::Neutral | Growth::NotLinear => None,
        }
    }

    /// After how many steps the difference will have grown to the size that was asked about; `None` where it will not,
    /// where it was not asked, and where the state is known to move too much for a number.
    pub fn escape_in(&self) -> Option<f64> {
        let (Growth::Unstable, Update::Linear(descent)) = (self.growth(), &self.update) else {
            return None;
        };
        let folds = self.folds?;
        match &self.motion {
            None => Some(folds / descent.rate(self.curvature)),
            Some(motion) if self.is_stationary() == Some(true) => {
                Some(folds / motion.mean_rate(descent, self.curvature))
            }
            Some(_) => None,
        }
    }
}

/// After how many steps a difference of size `start` that grows by e^rate a step has the size `reached`:
/// ln(reached / start) / rate, and 0 where it has it already.
///
/// `None` where it never will: the rate is not above 0, `start` is 0, or a number is NaN.
///
/// ```
/// use constinit_symmetry::forecast::steps_to_escape;
///
/// let rate = 1.0 / 41.0;
/// assert_eq!(steps_to_escape(2e-10, 1e-2, rate).map(f64::ceil), Some(727.0));
/// assert_eq!(steps_to_escape(0.5, 1e-2, rate), Some(0.0));
/// assert_eq!(steps_to_escape(2e-10, 1e-2, -rate), None);
/// ```
pub fn steps_to_escape(start: f64, reached: f64, rate: f64) -> Option<f64> {
    if !(rate > 0.0 && start > 0.0) || reached.is_nan() {
        return None;
    }
    Some(((reached.ln() - start.ln()) / rate).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_escape_step_is_where_the_size_is_reached(
            curvature in -2.0..-0.01_f64,
            momentum in prop_oneof![Just(0.0), 0.1..0.95_f64],
            exponent in 3.0..15.0_f64,
        ) {
            let descent = Descent::sgd(0.05).with_momentum(momentum);
            let start = 10_f64.powf(-exponent);
            let forecast = Forecast::new(curvature, &descent.into()).unwrap().escaping(start, ESCAPED);
            let (mut x, mut v, mut steps) = (start, 0.0, 0);
            while x < ESCAPED {
                v = momentum * v + curvature * x;
                x -= 0.05 * v;
                steps += 1;
            }
            // The velocity has to build up first.
            let warm_up = 2.0 / (1.0 - momentum);
            let predicted = forecast.escape_in().unwrap();
            prop_assert!((predicted - f64::from(steps)).abs() <= 1.0 + warm_up, "{predicted} {steps}");
        }
    }

    #[test]
    fn decay_adds_to_the_curvature() {
        let ball = Descent::sgd(0.1).with_momentum(0.9);
        let decayed = ball.with_weight_decay(0.25);
        assert_eq!(decayed.factor(-0.5), ball.factor(-0.25));
        assert_eq!(Forecast::new(-0.25, &decayed.into()).unwrap().growth(), Growth::Neutral);
        assert_eq!(Forecast::new(-0.2, &decayed.into()).unwrap().growth(), Growth::Stable);
    }

    #[test]
    fn an_uncertain_sign_is_neutral() {
        let forecast =
            Forecast::new(-1e-9, &Descent::sgd(0.1).into()).unwrap().escaping(1e-16, 1e-2);
        assert_eq!(forecast.growth(), Growth::Unstable);
        assert!(forecast.escape_in().is_some());
        let unsure = forecast.within(2e-9).unwrap();
        assert_eq!((unsure.growth(), unsure.escape_in()), (Growth::Neutral, None));
        assert!(forecast.is_strict_saddle() && !unsure.is_strict_saddle());
        assert_eq!(unsure.to_string(), "neutral, a difference neither grows nor shrinks by e");
        assert_eq!((unsure.e_fold_steps(), unsure.curvature_error()), (None, 2e-9));
    }

    #[test]
    fn sentences() {
        let sentence = |curvature, update| {
            Forecast::new(curvature, &update).unwrap().escaping(1e-16, ESCAPED).to_string()
        };
        let sgd = Descent::sgd(0.1).into();
        assert_eq!(
            sentence(-0.24, sgd),
            "unstable, e-fold every 42.2 steps, about 1360 steps to escape"
        );
        assert_eq!(
            sentence(-1e-7, sgd),
            "unstable, e-fold every 1e8 steps, about 3.2e9 steps to escape"
        );
        assert_eq!(sentence(0.01, sgd), "stable, a difference shrinks by e every 999 steps");
        // A step that is too long.
        assert!(sentence(25.0, sgd).starts_with("unstable, e-fold every 2.5 steps"));
        assert_eq!(
            sentence(-0.012, Update::Adaptive(Optimizer::Adam)),
            "no rate, since Adam divides by the size of gradients and so amplifies rounding near stationary points; \
             the lowest curvature is -0.012, a strict saddle"
        );
        let none = Forecast::new(0.5, &Update::Adaptive(Optimizer::Muon)).unwrap();
        assert_eq!((none.growth(), none.rate(), none.factor()), (Growth::NotLinear, None, None));
        assert!(none.to_string().ends_with("the lowest curvature is 0.5, no strict saddle"));
        assert!(
            sentence(0.5, Update::Adaptive(Optimizer::Lion))
                .starts_with("no rate, since Lion takes the signs of gradients and so amplifies")
        );
        assert!(
            sentence(0.5, Update::Adaptive(Optimizer::Sgd))
                .starts_with("no rate, since the settings of SGD are not known; the lowest")
        );
    }

    #[test]
    fn numbers_that_no_training_has_are_refused() {
        let message = |curvature, descent: Descent| {
            Forecast::new(curvature, &descent.into()).unwrap_err().to_string()
        };
        assert_eq!(
            message(f64::NAN, Descent::sgd(0.1)),
            "curvature = NaN: must be a finite number"
        );
        assert_eq!(
            message(1.0, Descent::sgd(-0.1)),
            "learning_rate = -0.1: must be a finite number, 0 or more"
        );
        assert!(
            message(1.0, Descent::sgd(0.1).with_momentum(f64::INFINITY)).starts_with("momentum")
        );
        assert!(message(1.0, Descent::sgd(0.1).with_dampening(f64::NAN)).starts_with("dampening"));
        let forecast = Forecast::new(1.0, &Descent::sgd(0.1).into()).unwrap();
        assert!(forecast.within(-1.0).is_err() && forecast.within(f64::NAN).is_err());
        for (start, reached, rate) in [(0.0, 1.0, 1.0), (f64::NAN, 1.0, 1.0), (1.0, f64::NAN, 1.0)]
        {
            assert_eq!(steps_to_escape(start, reached, rate), None);
        }
    }
}
