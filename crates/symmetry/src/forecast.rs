//! Will rounding separate twins? How fast a difference between them grows, and when it becomes visible.
//!
//! In exact arithmetic, two equal units stay equal. Rounding separates them if the state is unstable. Let λ be the
//! curvature of the loss along an eigenvector of its second derivative, restricted to differences between the two
//! units. While the difference x along this eigenvector is small, a step of gradient descent with learning rate η,
//! momentum μ, dampening d and coupled decay w changes it linearly, with κ = λ + w:
//!
//! ```text
//! SGD         x' = (1 - η κ) x
//! heavy ball  v' = μ v + (1 - d) κ x      x' = x - η v'
//! Nesterov    v' = μ v + (1 - d) κ x      x' = x - η (κ x + μ v')
//! ```
//!
//! The *factor* per step is the spectral radius of this map of (x, v): the absolute value of the larger root of z² - T
//! z + D with
//!
//! ```text
//! heavy ball  T = 1 + μ - η (1 - d) κ            D = μ
//! Nesterov    T = 1 + μ - η (1 + μ (1 - d)) κ    D = μ (1 - η κ)
//! ```
//!
//! The *rate* is ln(factor). A difference grows by a factor of e in 1 / rate steps, and from the size e₀ to the size e₁
//! in ln(e₁ / e₀) / rate steps. For an escape, e₁ is [`ESCAPED`].
//!
//! e₀ is the component of the difference along the eigenvector, or one rounding error if that is larger (as for bitwise
//! equal units). Other components grow more slowly and soon do not matter.
//!
//! A step that divides by the size of gradients (Adam and similar optimizers) is not linear in x and has no such rate:
//! [`Growth::NotLinear`].
//!
//! The rate belongs to one state. [`Forecast::moving`] adds how the state moves. If the rate changes too much until the
//! escape, the forecast gives no number of steps.
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
/// It is far above rounding errors, and small enough that growth is linear up to it.
pub const ESCAPED: f64 = 1e-2;

/// What a training step does with the gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Update {
    /// The step is linear in the gradient and the parameters.
    Linear(Descent),
    /// The step is not [linear](Optimizer::is_linear); for example, it divides by the size of gradients.
    Adaptive(Optimizer),
}

impl Update {
    /// The same update with another learning rate.
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

/// Whether a small difference between twins grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Growth {
    /// It grows.
    Unstable,
    /// It shrinks.
    Stable,
    /// Neither, within the error of the curvature.
    Neutral,
    /// The optimizer's step is not linear in the difference, so there is no rate. An optimizer that divides by the size
    /// of gradients amplifies rounding near stationary points, and may separate units that gradient descent would keep
    /// equal.
    NotLinear,
}

/// The forecast of a difference between twins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    update: Update,
    curvature: f64,
    error: f64,
    /// The number of e-folds until the escape: ln(reached / start).
    folds: Option<f64>,
    motion: Option<Motion>,
}

impl Forecast {
    /// The forecast for a difference along an eigenvector of this curvature.
    ///
    /// # Errors
    ///
    /// [`ForecastError`] if the curvature or a setting of the update is not finite, or if a learning rate or a momentum
    /// is negative.
    pub fn new(curvature: f64, update: &Update) -> Result<Self, SymmetryError> {
        finite("curvature", curvature)?;
        if let Update::Linear(descent) = update {
            descent.check()?;
        }
        Ok(Self { update: *update, curvature, error: 0.0, folds: None, motion: None })
    }

    /// With a bound on the error of the curvature. If the error decides whether a difference grows, the difference is
    /// [neutral](Growth::Neutral) and does not escape.
    ///
    /// # Errors
    ///
    /// [`ForecastError`] if the bound is negative, infinite or NaN.
    pub fn within(mut self, error: f64) -> Result<Self, SymmetryError> {
        if !(error.is_finite() && error >= 0.0) {
            let reason = "must be a finite number, 0 or more";
            return Err(ForecastError { name: "error", value: error, reason }.into());
        }
        self.error = error;
        Ok(self)
    }

    /// With the number of steps that an unstable difference needs to grow from the size `start` to `reached`
    /// ([`steps_to_escape`]). Both sizes have the same scale, for example relative to the size of the unit's
    /// parameters. This removes any [`Motion`], which belongs to a forecast of another length.
    #[must_use]
    pub fn escaping(self, start: f64, reached: f64) -> Self {
        // At the rate 1, the number of steps is the number of e-folds.
        Self { folds: steps_to_escape(start, reached, 1.0), motion: None, ..self }
    }

    /// The distance that the state moves until the end of the forecast, as a multiple of the force on it: the number of
    /// steps until the escape, or for one e-fold if there is no escape, times [`Descent::reach`]. `None` if there is no
    /// forecast.
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

    /// With a description of how the state moves over the distance [`ahead`](Self::ahead).
    ///
    /// ```
    /// use constinit_symmetry::forecast::{Descent, ESCAPED, Forecast, Motion};
    ///
    /// let forecast = Forecast::new(-0.25, &Descent::sgd(0.1).into())?.escaping(2f64.powi(-52), ESCAPED);
    /// // The curvature changes to -0.26 on the way: fewer steps, by the mean of the rates.
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
    /// // It changes to -0.75: no number of steps. The force shrinks by e in 19.5 steps, and must shrink to a 20th.
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

    /// How the state moves, if known.
    pub fn motion(&self) -> Option<&Motion> {
        self.motion.as_ref()
    }

    /// Whether the rate changes by at most [`SETTLED`] until the end of the forecast, and the state moves along the way
    /// that [`Motion`] describes. `None` if the motion of the state is unknown, or if there is no forecast.
    pub fn is_stationary(&self) -> Option<bool> {
        let (motion, Update::Linear(descent)) = (self.motion.as_ref()?, &self.update) else {
            return None;
        };
        self.e_fold_steps().map(|_| motion.is_stationary(descent, self.curvature))
    }

    /// The largest change of the rate until the end of the forecast, relative to the current rate, if the state
    /// continues to move as it does now. `None` as for [`is_stationary`](Self::is_stationary); infinite if the
    /// curvature on the way is not a finite number.
    pub fn change(&self) -> Option<f64> {
        let (motion, Update::Linear(descent)) = (self.motion.as_ref()?, &self.update) else {
            return None;
        };
        self.e_fold_steps().map(|_| motion.change(descent, self.curvature))
    }

    /// The first step at which a forecast can hold: the step of this state if it is stationary, or a later step if the
    /// state settles. `None` if it does not settle, or if that is unknown.
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

    /// Whether the state is certainly a strict saddle: it has a direction of negative curvature.
    pub fn is_strict_saddle(&self) -> bool {
        self.curvature + self.error < 0.0
    }

    /// Whether a small difference grows.
    pub fn growth(&self) -> Growth {
        let Update::Linear(descent) = &self.update else { return Growth::NotLinear };
        let rates = [-self.error, 0.0, self.error].map(|by| descent.rate(self.curvature + by));
        match rates {
            _ if rates.iter().all(|rate| *rate > 0.0) => Growth::Unstable,
            _ if rates.iter().all(|rate| *rate < 0.0) => Growth::Stable,
            _ => Growth::Neutral,
        }
    }

    /// The factor per step; `None` for an update that is not linear.
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

    /// The number of steps in which the difference grows (or, if it is stable, shrinks) by a factor of e. `None` if it
    /// does neither.
    pub fn e_fold_steps(&self) -> Option<f64> {
        match self.growth() {
            Growth::Unstable | Growth::Stable => self.rate().map(|rate| rate.abs().recip()),
            Growth::Neutral | Growth::NotLinear => None,
        }
    }

    /// The number of steps until the difference reaches the size given to [`escaping`](Self::escaping). `None` if it
    /// never will, if no size was given, or if the state moves too much for a number.
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

/// The number of steps until a difference of size `start` that grows by e^rate per step has the size `reached`:
/// ln(reached / start) / rate, and 0 if it is that large already.
///
/// `None` if it never will: the rate is not above 0, `start` is 0, or a number is NaN.
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
        assert!(none.to_string().ends_with("the lowest curvature is 0.5, not a strict saddle"));
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
