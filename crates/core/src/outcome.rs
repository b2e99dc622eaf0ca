//! The outcome of a training: its loss, compared with the loss of the best constant answer.
//!
//! A constant answer has the same outputs for every example. A network in which all units are dead gives no other. With
//! targets t of N examples and K outputs, the smallest loss of a constant answer is
//!
//! ```text
//! mse             1/(N K) Σ_k Σ_n (t_nk - m_k)²                m_k the mean of column k: the variance of the targets
//! cross-entropy   -Σ_k T_k log(T_k / Σ_j T_j)                  T_k = 1/N Σ_n t_nk: the entropy of the class frequencies
//! huber           1/(N K) Σ_k min over c of Σ_n h(t_nk - c)    h(r) = r²/2 for |r| <= 1, |r| - 1/2 elsewhere
//! ```
//!
//! and `explained = 1 - loss / baseline`.
//!
//! ```
//! use constinit_core::{Loss, TrainingOutcome};
//!
//! let targets = [0.0, 0.0, 1.0, 1.0];
//! let found = TrainingOutcome::of(Loss::Mse, &[0.0, 0.0, 1.0, 0.5], &targets, 1)?;
//! assert_eq!((found.loss, found.baseline, found.explained), (0.0625, Some(0.25), Some(0.75)));
//! # Ok::<(), constinit_core::Error>(())
//! ```
#![deny(clippy::wildcard_enum_match_arm)]

use crate::Error;
use constinit_records::OutcomeRecord;
use constinit_symmetry::Loss;
use constinit_symmetry::dynamics::LossFunction;

/// How far the sum of probabilities may be from 1.
const PROBABILITIES: f64 = 1e-3;

/// The loss of a network on all examples, compared with answers that need no network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainingOutcome {
    /// The loss.
    pub loss: f64,
    /// The smallest loss of one answer to all examples; see [`baseline`].
    pub baseline: Option<f64>,
    /// `1 - loss / baseline`; None if the baseline is not a positive number.
    pub explained: Option<f64>,
    /// The share of the examples whose largest output is at the largest target; None if targets are not classes.
    pub accuracy: Option<f64>,
    /// The share of the examples of the largest class; None if targets are not classes.
    pub majority: Option<f64>,
}

impl TrainingOutcome {
    /// The outcome of these outputs.
    ///
    /// Targets are classes if there are at least two columns and the entries of each row are probabilities: any with
    /// the cross entropy, a single 1 with other losses. Of equal largest entries of a row, the first counts.
    ///
    /// # Shapes
    ///
    /// - outputs and targets: `[examples, columns]`, row-major
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if there is no example, or if outputs and targets differ in shape.
    ///
    /// # Complexity
    ///
    /// One pass over outputs and targets; for the Huber loss, each column is sorted.
    pub fn of(loss: Loss, outputs: &[f64], targets: &[f64], columns: usize) -> Result<Self, Error> {
        let examples = targets.len().checked_div(columns).unwrap_or(0);
        if examples == 0 || examples * columns != targets.len() || outputs.len() != targets.len() {
            let (outputs, targets) = (outputs.len(), targets.len());
            let reason = format!("{outputs} outputs and {targets} targets in rows of {columns}");
            return Err(Error::Data { reason });
        }
        let (mut slopes, sizes) = (vec![0.0; columns], vec![1.0; columns]);
        let rows = || outputs.chunks(columns).zip(targets.chunks(columns));
        let sum: f64 = rows().map(|(y, t)| loss.example(y, t, &sizes, &mut slopes)).sum();
        let value = sum / LossFunction::<f64>::terms(&loss, examples, columns) as f64;
        let baseline = baseline(loss, targets, columns);
        let share = |count: usize| count as f64 / examples as f64;
        let (mut accuracy, mut majority) = (None, None);
        if are_classes(loss, targets, columns) {
            let mut sizes = vec![0_usize; columns];
            targets.chunks(columns).for_each(|row| sizes[largest(row)] += 1);
            majority = sizes.into_iter().max().map(share);
            // If an output is not finite, no output counts as the largest.
            let finite = outputs.iter().all(|output| output.is_finite());
            let right = || rows().filter(|(y, t)| largest(y) == largest(t)).count();
            accuracy = finite.then(|| share(right()));
        }
        let explained = baseline.filter(|baseline| *baseline > 0.0);
        let explained = explained.map(|baseline| 1.0 - value / baseline);
        let explained = explained.filter(|explained| explained.is_finite());
        Ok(Self { loss: value, baseline, explained, accuracy, majority })
    }

    /// The record that files store; None if the loss is not finite.
    pub fn record(&self) -> Option<OutcomeRecord> {
        let Self { loss, baseline, explained, accuracy, majority } = *self;
        loss.is_finite().then_some(OutcomeRecord { loss, baseline, explained, accuracy, majority })
    }
}

/// The smallest loss of one answer to all examples; None if there is none: without examples, if targets are not finite,
/// and for the cross entropy if a column has a negative sum, since the loss then has no lower bound.
///
/// # Shapes
///
/// - targets: `[examples, columns]`, row-major
///
/// # Examples
///
/// ```
/// use constinit_core::{Loss, baseline};
///
/// // Three classes of equal size: the entropy is log 3.
/// let classes = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
/// assert!((baseline(Loss::CrossEntropy, &classes, 3).unwrap() - 3.0_f64.ln()).abs() < 1e-15);
/// // 0 for all examples but the last: an error of 10 costs 9.5 instead of 100.
/// let outlier = [0.0, 0.0, 0.0, 10.0];
/// assert_eq!(baseline(Loss::Mse, &outlier, 1), Some(18.75));
/// assert!((baseline(Loss::Huber, &outlier, 1).unwrap() - 2.333_333_333_333_333_5).abs() < 1e-15);
/// ```
pub fn baseline(loss: Loss, targets: &[f64], columns: usize) -> Option<f64> {
    let examples = targets.len().checked_div(columns).unwrap_or(0);
    if examples == 0 || targets.iter().any(|target| !target.is_finite()) {
        return None;
    }
    let terms = LossFunction::<f64>::terms(&loss, examples, columns) as f64;
    let column = |number: usize| targets.iter().copied().skip(number).step_by(columns);
    let least = match loss {
        Loss::Mse => (0..columns).map(|number| squares(column(number), examples)).sum::<f64>(),
        Loss::Huber => (0..columns).map(|number| huber(column(number).collect())).sum(),
        Loss::CrossEntropy => {
            let sums: Vec<f64> = (0..columns).map(|number| column(number).sum()).collect();
            if sums.iter().any(|sum| *sum < 0.0) {
                return None;
            }
            let all: f64 = sums.iter().sum();
            let surprise = |sum: &f64| if *sum > 0.0 { sum * (all / sum).ln() } else { 0.0 };
            sums.iter().map(surprise).sum()
        }
    };
    Some(least / terms).filter(|least| least.is_finite())
}

/// `Σ (t - mean)²`. Equal numbers have exactly 0.
fn squares(column: impl Iterator<Item = f64> + Clone, examples: usize) -> f64 {
    // Relative to the first number, so that the mean of equal numbers is not rounded.
    let first = column.clone().next().unwrap_or(0.0);
    let away = column.map(|target| target - first);
    let mean = away.clone().sum::<f64>() / examples as f64;
    away.map(|target| (target - mean).powi(2)).sum()
}

/// The smallest `Σ h(t - c)` over all c. Equal numbers have exactly 0.
fn huber(mut column: Vec<f64>) -> f64 {
    column.sort_by(f64::total_cmp);
    let middle = column[column.len() / 2];
    column.iter_mut().for_each(|target| *target -= middle);
    let best = huber_answer(&column);
    let term = |target: &f64| {
        let rest = (target - best).abs();
        if rest <= 1.0 { rest * rest / 2.0 } else { rest - 0.5 }
    };
    column.iter().map(term).sum()
}

/// Where `Σ h(t - c)` is smallest, for sorted t. Its derivative `Σ clamp(c - t, -1, 1)` is piecewise linear and rises.
/// It bends where c is `t - 1` or `t + 1` for some t, and is followed from bend to bend until it is 0.
fn huber_answer(sorted: &[f64]) -> f64 {
    let examples = sorted.len();
    // Between two bends, `above` targets are below `c - 1` and `within` targets are below `c + 1`; `sum` is the sum of
    // the targets between the two.
    let (mut above, mut within, mut sum) = (0, 0, 0.0);
    let mut from = sorted[0] - 1.0;
    while above < examples {
        let leaves = sorted[above] + 1.0;
        let enters = sorted.get(within).map_or(f64::INFINITY, |target| target - 1.0);
        let to = leaves.min(enters);
        let (steep, rest) = (within - above, above as f64 - (examples - within) as f64);
        if steep > 0 {
            let zero = (sum - rest) / steep as f64;
            if zero <= to {
                return zero.max(from);
            }
        } else if rest >= 0.0 {
            return from;
        }
        from = to;
        if enters <= leaves {
            sum += sorted[within];
            within += 1;
        } else {
            sum -= sorted[above];
            above += 1;
        }
    }
    from
}

/// Whether targets give the class of each example.
fn are_classes(loss: Loss, targets: &[f64], columns: usize) -> bool {
    let probabilities = |row: &[f64]| {
        row.iter().all(|p| *p >= 0.0) && (row.iter().sum::<f64>() - 1.0).abs() <= PROBABILITIES
    };
    let one_hot = |row: &[f64]| {
        row.iter().all(|p| *p == 0.0 || *p == 1.0) && row.iter().filter(|p| **p == 1.0).count() == 1
    };
    columns >= 2
        && match loss {
            Loss::CrossEntropy => targets.chunks(columns).all(probabilities),
            Loss::Mse | Loss::Huber => targets.chunks(columns).all(one_hot),
        }
}

/// The place of the first of the largest entries.
fn largest(row: &[f64]) -> usize {
    (1..row.len()).fold(0, |best, place| if row[place] > row[best] { place } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The loss of one answer to all examples.
    fn of_constant(loss: Loss, answer: &[f64], targets: &[f64]) -> f64 {
        let outputs = answer.repeat(targets.len() / answer.len());
        TrainingOutcome::of(loss, &outputs, targets, answer.len()).unwrap().loss
    }

    /// The smallest value of a convex function on an interval, by ternary search.
    fn least(from: f64, to: f64, value: impl Fn(f64) -> f64) -> f64 {
        let (mut from, mut to) = (from, to);
        for _ in 0..200 {
            let third = (to - from) / 3.0;
            if value(from + third) < value(to - third) { to -= third } else { from += third }
        }
        value((from + to) / 2.0)
    }

    /// From NumPy 2.4.6, which prints 4.423611111111111, 1.3333333333333333 and 1.0486537893593546:
    ///
    /// ```python
    /// t = np.array([[0.5, -2.0], [3.0, 0.25], [-1.0, 4.0]])
    /// print(t.var(axis=0).mean())
    /// h = lambda r: np.where(abs(r) <= 1, r * r / 2, abs(r) - 0.5)
    /// c = np.linspace(-3, 5, 8_000_001)
    /// print(sum(min(sum(h(x - c) for x in col)) for col in t.T) / 6)
    /// p = np.array([[0.7, 0.2, 0.1], [0.0, 0.5, 0.5], [1.0, 0.0, 0.0], [0.1, 0.1, 0.8]]).mean(axis=0)
    /// print(-(p * np.log(p)).sum())
    /// ```
    #[test]
    fn baselines_are_numpy_s() {
        let targets = [0.5, -2.0, 3.0, 0.25, -1.0, 4.0];
        let golden = [(Loss::Mse, 4.423611111111111), (Loss::Huber, 4.0 / 3.0)];
        for (loss, expected) in golden {
            let found = baseline(loss, &targets, 2).unwrap();
            assert!((found - expected).abs() < 1e-12, "{loss:?}: {found}");
        }
        let soft = [0.7, 0.2, 0.1, 0.0, 0.5, 0.5, 1.0, 0.0, 0.0, 0.1, 0.1, 0.8];
        let found = baseline(Loss::CrossEntropy, &soft, 3).unwrap();
        assert!((found - 1.0486537893593546).abs() < 1e-14, "{found}");
    }

    proptest! {
        #[test]
        fn no_answer_is_better_and_one_is_as_good(
            targets in prop::collection::vec(
                prop_oneof![-4.0..4.0_f64, (-3..4_i32).prop_map(f64::from)], 1..12,
            ),
        ) {
            for loss in [Loss::Mse, Loss::Huber] {
                let found = baseline(loss, &targets, 1).unwrap();
                let expected = least(-5.0, 5.0, |c| of_constant(loss, &[c], &targets));
                prop_assert!((found - expected).abs() < 1e-12, "{loss:?}: {found} {expected}");
            }
        }

        #[test]
        fn columns_are_answered_each_for_itself(
            rows in prop::collection::vec([-4.0..4.0_f64, -1.0..1.0_f64], 1..8),
        ) {
            for loss in [Loss::Mse, Loss::Huber] {
                let both = baseline(loss, rows.as_flattened(), 2).unwrap();
                let single = |column: usize| {
                    let column: Vec<f64> = rows.iter().map(|row| row[column]).collect();
                    baseline(loss, &column, 1).unwrap()
                };
                prop_assert!((both - (single(0) + single(1)) / 2.0).abs() < 1e-12);
            }
        }

        #[test]
        fn no_logits_are_better_than_those_of_the_frequencies(
            rows in prop::collection::vec([0.0..2.0_f64, 0.0..2.0_f64], 1..8),
        ) {
            let targets = rows.as_flattened();
            let found = baseline(Loss::CrossEntropy, targets, 2).unwrap();
            let of = |logit: f64| of_constant(Loss::CrossEntropy, &[logit, 0.0], targets);
            let expected = least(-40.0, 40.0, of);
            prop_assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
    }

    #[test]
    fn equal_targets_leave_nothing_to_explain() {
        for loss in [Loss::Mse, Loss::Huber] {
            let targets = [0.1; 9];
            assert_eq!(baseline(loss, &targets, 1), Some(0.0), "{loss:?}");
            let found = TrainingOutcome::of(loss, &[0.2; 9], &targets, 1).unwrap();
            assert_eq!((found.explained, found.accuracy), (None, None));
        }
        let one_class = [0.0, 1.0, 0.0, 1.0];
        assert_eq!(baseline(Loss::CrossEntropy, &one_class, 2), Some(0.0));
    }

    #[test]
    fn accuracy_is_that_of_the_first_largest_output() {
        let targets = [1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0];
        let outputs = [0.5, 0.5, 0.1, 0.2, -1.0, 3.0, 2.0, 1.0];
        for loss in Loss::ALL {
            let found = TrainingOutcome::of(loss, &outputs, &targets, 2).unwrap();
            assert_eq!((found.accuracy, found.majority), (Some(0.75), Some(0.75)), "{loss:?}");
        }
        let soft = [0.6, 0.4, 0.3, 0.7];
        let accuracy = |loss| TrainingOutcome::of(loss, &soft, &soft, 2).unwrap().accuracy;
        assert_eq!(
            [Loss::CrossEntropy, Loss::Mse, Loss::Huber].map(accuracy),
            [Some(1.0), None, None]
        );
        let odd = TrainingOutcome::of(Loss::CrossEntropy, &outputs, &[0.5; 8], 2).unwrap();
        assert_eq!((odd.accuracy, odd.majority), (Some(0.5), Some(1.0)));
        let no_classes = TrainingOutcome::of(Loss::CrossEntropy, &outputs, &[0.4; 8], 2).unwrap();
        assert_eq!(no_classes.accuracy, None);
    }

    #[test]
    fn what_has_no_meaning_is_none() {
        assert_eq!(baseline(Loss::CrossEntropy, &[-1.0, 2.0], 2), None);
        assert_eq!(baseline(Loss::Mse, &[f64::INFINITY], 1), None);
        assert_eq!(baseline(Loss::Mse, &[], 1), None);
        let found = TrainingOutcome::of(Loss::Mse, &[f64::NAN], &[1.0], 1).unwrap();
        assert_eq!(found.record(), None);
        let error = TrainingOutcome::of(Loss::Mse, &[1.0], &[1.0, 2.0], 2).unwrap_err();
        assert_eq!(error.to_string(), "data: 1 outputs and 2 targets in rows of 2");
        assert!(TrainingOutcome::of(Loss::Mse, &[], &[], 0).is_err());
    }
}
