//! Whether a state changes so little that a forecast holds until its end.
//!
//! A forecast uses the current curvature between two twins. While the twins are equal, training moves the state of the
//! network, and the curvature changes. The force on the state is f = gradient + w parameters, with the coupled decay w.
//! In the long run, a step under a constant force moves the state by η (1 - d) / (1 - μ) f. The *way* is the straight
//! line on which the state would move until the end of the forecast if this force stayed constant. [`Motion`] has the
//! curvature at a tenth of the way, at half of it and at its end.
//!
//! The forecast holds under three conditions. First, the rate changes by at most [`SETTLED`] on the way, also if it
//! continued to change as on the first tenth. Second, the state does move along the way: the force changes by at most
//! 0.3 e-folds until the end, or the way is shorter than 2 % of the unit's size. Third, no other movement of the state,
//! however small now, grows on the way by more than e³. Then the forecast uses the mean rate on the way (Simpson's
//! rule). Otherwise it gives no number of steps, since a number would be a guess.

use super::Descent;

/// The largest change of the rate, relative to the current rate, with which a forecast holds: 10 %.
pub const SETTLED: f64 = 0.1;

/// The largest change of the force until the end, in e-folds, with which the state counts as moving straight.
const STRAIGHT: f64 = 0.3;
/// The length of a way, relative to the size of the unit, up to which its direction does not matter.
const SHORT: f64 = 0.02;
/// The number of e-folds on the way above which a movement counts that is too small to see now.
const GROWN: f64 = 3.0;
/// The number of products that [`sharpest`] computes.
const PRODUCTS: usize = 8;

/// How a state moves while its twins are equal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Motion {
    /// Steps done in this state.
    pub step: usize,
    /// The length of the force, over all trained parameters.
    pub force: f64,
    /// The curvature of the loss, without decay, along the force.
    pub along: f64,
    /// The curvature of the loss, without decay, with the largest absolute value among directions that keep the twins
    /// equal: [`sharpest`].
    pub sharpest: f64,
    /// The length of the way, as a multiple of the force: [`Forecast::ahead`](super::Forecast::ahead).
    pub ahead: f64,
    /// The root of the sum of squares of the parameters of one of the twins.
    pub size: f64,
    /// The curvature between the twins after a tenth of the way.
    pub tenth: f64,
    /// The same after half of the way.
    pub half: f64,
    /// The same at the end of the way.
    pub whole: f64,
}

/// How the force on a state develops.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Course {
    /// It shrinks by a factor of e in this number of steps.
    Settles {
        /// The number of steps.
        e_fold_steps: f64,
    },
    /// It grows: the state speeds up.
    Speeds,
    /// The step is too long for the curvature along the force, so the loss oscillates.
    Oscillates,
}

impl Motion {
    /// How the force develops under gradient descent: by the curvature along it, or by the [sharpest](Self::sharpest)
    /// curvature if a movement along that one is unstable.
    ///
    /// ```
    /// use constinit_symmetry::forecast::{Course, Descent, Motion};
    ///
    /// let still = Motion {
    ///     step: 0, force: 1.0, along: 1.0, sharpest: 0.0, ahead: 0.1, size: 1.0, tenth: -1.0, half: -1.0, whole: -1.0,
    /// };
    /// let along = |along| Motion { along, ..still };
    /// let sgd = Descent::sgd(0.5);
    /// assert_eq!(along(1.0).course(&sgd), Course::Settles { e_fold_steps: 1.0 / 2_f64.ln() });
    /// assert_eq!(along(-1.0).course(&sgd), Course::Speeds);
    /// assert_eq!(along(5.0).course(&sgd), Course::Oscillates); // 0.5 * 5 is above 2
    /// ```
    pub fn course(&self, descent: &Descent) -> Course {
        let worst = if self.is_unstable(descent) { self.sharpest } else { self.along };
        let rate = descent.rate(worst);
        if rate < 0.0 {
            return Course::Settles { e_fold_steps: -rate.recip() };
        }
        if worst + descent.weight_decay > 0.0 { Course::Oscillates } else { Course::Speeds }
    }

    /// Whether a movement of the state along the sharpest curvature grows so much that it counts.
    fn is_unstable(&self, descent: &Descent) -> bool {
        self.folds(descent, self.sharpest) > GROWN
    }

    /// The number of e-folds by which a movement of the state along this curvature grows on the way.
    fn folds(&self, descent: &Descent, curvature: f64) -> f64 {
        descent.rate(curvature) * self.ahead / descent.reach()
    }

    /// The largest change of the rate on the way, or ten times that on its first tenth, relative to the current rate.
    /// Infinite if it is unknown.
    pub(super) fn change(&self, descent: &Descent, curvature: f64) -> f64 {
        let [tenth, half, whole] = self.changes(descent, curvature);
        // A NaN curvature means that numbers of the state overflowed.
        let worse = |a: f64, b: f64| if b.is_nan() { f64::INFINITY } else { a.max(b) };
        [10.0 * tenth, half, whole].into_iter().fold(0.0, worse)
    }

    /// The changes of the rate on the way, relative to the current rate.
    fn changes(&self, descent: &Descent, curvature: f64) -> [f64; 3] {
        let now = descent.rate(curvature);
        [self.tenth, self.half, self.whole].map(|then| (descent.rate(then) / now - 1.0).abs())
    }

    /// Whether the state moves along the way, or the way is so short that its direction does not matter.
    pub(super) fn is_straight(&self, descent: &Descent) -> bool {
        let folds = self.folds(descent, self.along);
        let oscillates = self.course(descent) == Course::Oscillates;
        // A growing force makes a short way longer.
        let length = self.length() * folds.max(0.0).exp();
        !self.is_unstable(descent) && (length <= SHORT || (folds.abs() <= STRAIGHT && !oscillates))
    }

    /// The length of the way, relative to the size of the unit.
    fn length(&self) -> f64 {
        self.force * self.ahead / if self.size > 0.0 { self.size } else { 1.0 }
    }

    /// Whether a forecast holds.
    pub(super) fn is_stationary(&self, descent: &Descent, curvature: f64) -> bool {
        self.change(descent, curvature) <= SETTLED && self.is_straight(descent)
    }

    /// The mean rate on the way.
    pub(super) fn mean_rate(&self, descent: &Descent, curvature: f64) -> f64 {
        let [now, half, whole] = [curvature, self.half, self.whole].map(|then| descent.rate(then));
        (now + 4.0 * half + whole) / 6.0
    }

    /// The number of steps after which a forecast may hold, if the force shrinks as it does now.
    ///
    /// This is a lower bound: a force with components in many directions shrinks more and more slowly, since its fast
    /// components vanish first.
    pub(super) fn settles_in(&self, descent: &Descent, curvature: f64) -> Option<f64> {
        if self.is_stationary(descent, curvature) {
            return Some(0.0);
        }
        let Course::Settles { e_fold_steps } = self.course(descent) else { return None };
        let turns = match self.is_straight(descent) {
            true => 0.0,
            // The direction of the way changes while the force shrinks, until the way is short.
            false => (self.length() / SHORT).ln().min(1.0),
        };
        let [_, half, whole] = self.changes(descent, curvature);
        // The change is about proportional to a power of the length of the way, the first or a higher one.
        let power = (whole / half).log2();
        let power = if power.is_finite() { power.max(1.0) } else { 1.0 };
        let change = self.change(descent, curvature).min(1e300);
        let shrinks = ((change / SETTLED).ln() / power).max(turns);
        Some(shrinks * e_fold_steps)
    }
}

/// An estimate of the curvature with the largest absolute value: the power method with eight products with the second
/// derivative, starting from `vector`. 0 if the vector is 0.
///
/// ```
/// use constinit_symmetry::forecast::sharpest;
///
/// let diagonal = |v: &[f64]| Ok::<_, ()>(vec![3.0 * v[0], -5.0 * v[1], v[2]]);
/// let found = sharpest(vec![1.0, 1.0, 1.0], diagonal).unwrap();
/// assert!((found + 5.0).abs() < 0.01);
/// ```
///
/// # Errors
///
/// The errors of `product`.
pub fn sharpest<E>(
    mut vector: Vec<f64>,
    mut product: impl FnMut(&[f64]) -> Result<Vec<f64>, E>,
) -> Result<f64, E> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut found = 0.0;
    for _ in 0..PRODUCTS {
        let length = dot(&vector, &vector).sqrt();
        if length == 0.0 || !length.is_finite() {
            break;
        }
        vector.iter_mut().for_each(|entry| *entry /= length);
        let image = product(&vector)?;
        found = dot(&vector, &image);
        vector = image;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A curvature of -1 between the twins that does not change, on a way whose length is the unit's size times
    /// `force`.
    fn still(force: f64, along: f64) -> Motion {
        let (tenth, half, whole) = (-1.0, -1.0, -1.0);
        let (step, sharpest, ahead, size) = (0, 0.0, 1.0, 1.0);
        Motion { step, force, along, sharpest, ahead, size, tenth, half, whole }
    }

    #[test]
    fn a_way_is_straight_while_its_force_stays_and_of_no_account_while_it_is_short() {
        // Ten steps for a way of 1.
        let sgd = Descent::sgd(0.1);
        for (force, along, straight) in [
            (1.0, 0.2, true),
            // Ten steps of 4 % are more than 0.3 e-folds.
            (1.0, 0.4, false),
            (0.01, 0.4, true),
            // In ten steps, a curvature of -0.2 makes the force grow by 0.2 e-folds, and 23 (an oscillation) by 2.6.
            (1.0, -0.2, true),
            (1.0, -0.4, false),
            (0.01, -0.4, true),
            (0.01, 23.0, false),
            (1e-4, 23.0, true),
        ] {
            assert_eq!(still(force, along).is_straight(&sgd), straight, "{force} {along}");
            assert_eq!(still(force, along).is_stationary(&sgd, -1.0), straight);
        }
    }

    #[test]
    fn what_cannot_be_seen_yet_counts_where_it_grows() {
        let sgd = Descent::sgd(0.1);
        let sharp = |sharpest: f64| Motion { sharpest, ..still(1e-9, 0.1) };
        // Ten steps with a factor of 1.3 are 2.6 e-folds, with a factor of 1.5 they are four.
        assert!(sharp(23.0).is_stationary(&sgd, -1.0) && sharp(-3.0).is_stationary(&sgd, -1.0));
        for (sharpest, course) in [(25.0, Course::Oscillates), (-5.0, Course::Speeds)] {
            assert!(!sharp(sharpest).is_stationary(&sgd, -1.0));
            assert_eq!(sharp(sharpest).course(&sgd), course);
            assert_eq!(sharp(sharpest).settles_in(&sgd, -1.0), None);
        }
    }

    #[test]
    fn a_rate_that_changes_anywhere_on_the_way_is_none_that_lasts() {
        let sgd = Descent::sgd(0.1);
        let still = still(0.01, 0.0);
        let change = |motion: Motion| motion.change(&sgd, -1.0);
        assert_eq!((change(still), still.settles_in(&sgd, -1.0)), (0.0, Some(0.0)));
        assert!(change(Motion { tenth: -1.02, ..still }) > 0.15);
        assert!(change(Motion { half: -1.2, ..still }) > SETTLED);
        assert!(change(Motion { whole: -0.8, ..still }) > SETTLED);
        assert!(change(Motion { half: -1.05, whole: -1.05, ..still }) < SETTLED);
        for lost in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let lost = Motion { whole: lost, ..still };
            assert_eq!(change(lost), f64::INFINITY);
            assert!(!lost.is_stationary(&sgd, -1.0));
        }
    }

    #[test]
    fn a_change_that_grows_with_the_square_of_the_way_settles_twice_as_fast() {
        let sgd = Descent::sgd(0.1);
        // 40 % at the end must become 10 %: a quarter of the way if the change is linear, half of it if it is
        // quadratic.
        let rate = |change: f64| (-(sgd.rate(-1.0) * (1.0 + change)).exp_m1()) / 0.1;
        let changing = |tenth: f64, half: f64, whole: f64| {
            let [tenth, half, whole] = [tenth, half, whole].map(rate);
            Motion { tenth, half, whole, ..still(0.01, 1.0) }
        };
        let steps = |motion: Motion| motion.settles_in(&sgd, -1.0).unwrap() * -sgd.rate(1.0);
        assert!((steps(changing(0.04, 0.2, 0.4)) - 4_f64.ln()).abs() < 1e-9);
        assert!((steps(changing(0.004, 0.1, 0.4)) - 2_f64.ln()).abs() < 1e-9);
        assert_eq!(Motion { along: -1.0, ..changing(0.04, 0.2, 0.4) }.settles_in(&sgd, -1.0), None);
    }
}
