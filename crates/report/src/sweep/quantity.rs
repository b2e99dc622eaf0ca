//! The quantities that a diagram shows in colours, and the colour of each number.

use super::Sweep;
use super::column::Column;
use crate::number::{counted, short};
use crate::scale::Scale;
use constinit_records::SweepColumn;

/// The range of the middle four fifths of the numbers is extended by half on each side. Numbers that are this many
/// times below or above it are outside of the scale, and have the colour of its end. They are losses of runs that go to
/// 0 or to infinity.
const FAR: [f64; 2] = [1e4, 10.0];
/// The loss at the end of the colours, in baselines. All larger losses have the same colour.
const WORST: f64 = 2.0;

/// A quantity that is drawn over the keys.
pub struct Quantity {
    pub name: &'static str,
    pub title: &'static str,
    /// The label beside its colours.
    pub label: &'static str,
    pub column: fn(&Sweep) -> Option<Column>,
    pub range: Range,
}

/// The numbers at the ends of the colours.
#[derive(Clone, Copy, PartialEq)]
pub enum Range {
    /// The smallest and the largest number.
    All,
    /// 0 and 1.
    Share,
    /// The same distance below 1 and above it, for nine tenths of the numbers.
    AroundOne,
}

/// The name of the quantity with a baseline.
pub const LOSS: &str = "phase-final-loss";

pub const QUANTITIES: [Quantity; 4] = [
    Quantity {
        name: LOSS,
        title: "Final loss",
        label: "loss",
        column: |sweep| sweep.outcome(SweepColumn::FinalLoss).cloned(),
        range: Range::All,
    },
    Quantity {
        name: "phase-width",
        title: "Effective width",
        label: "of units",
        column: |sweep| sweep.share(SweepColumn::ClassesEnd, SweepColumn::Units),
        range: Range::Share,
    },
    Quantity {
        name: "phase-dead",
        title: "Dead units",
        label: "of units",
        column: |sweep| sweep.share(SweepColumn::Dead, SweepColumn::Units),
        range: Range::Share,
    },
    Quantity {
        name: "phase-escape",
        title: "Escape factor",
        label: "factor",
        column: |sweep| sweep.outcome(SweepColumn::EscapeFactor).cloned(),
        range: Range::AroundOne,
    },
];

/// The scale of colours for ascending numbers, for losses with this baseline if there is one. Some numbers may lie
/// beyond its ends.
///
/// ```text
/// losses       0.2 ... 1.1 ... 15, 1e30, baseline 1.1     0 to 2.2: the baseline in the middle
/// without one  0.2 ... 1.1 ... 15, 1e30                   0.1 to 100, logarithmic
/// ```
pub fn colours(numbers: &[f64], range: Range, baseline: Option<f64>) -> Scale {
    if range == Range::Share {
        return Scale::Linear { low: 0.0, high: 1.0 };
    }
    if range == Range::AroundOne {
        let mut away: Vec<f64> = numbers.iter().map(|number| (number - 1.0).abs()).collect();
        away.sort_by(f64::total_cmp);
        // If all numbers are 1 up to rounding, their differences are not shown.
        let far = Some(away[(away.len() - 1) * 9 / 10]).filter(|far| *far > 1e-6).unwrap_or(0.1);
        return Scale::Linear { low: 1.0 - far, high: 1.0 + far };
    }
    let positive = &numbers[numbers.partition_point(|number| *number <= 0.0)..];
    let far = |some: &[f64], ratio: f64| {
        some.first().zip(some.last()).is_some_and(|(low, high)| high / low >= ratio)
    };
    let zero = || numbers.iter().copied().filter(|number| *number == 0.0);
    if let Some(baseline) = baseline.filter(|baseline| *baseline > 0.0 && numbers[0] >= 0.0) {
        let worst = numbers[numbers.len() - 1].clamp(baseline, WORST * baseline);
        return match positive.first().filter(|best| worst / **best >= 50.0) {
            Some(best) => Scale::log([*best, worst].into_iter().chain(zero())),
            None => Scale::Linear { low: 0.0, high: worst },
        };
    }
    if numbers[0] < 0.0 || !far(positive, 50.0) {
        return Scale::linear(numbers.iter().copied(), false);
    }
    let tenth = positive.len() / 10;
    let [from, to] = [positive[tenth], positive[positive.len() - 1 - tenth]];
    let beyond = (to / from).sqrt().max(1.5);
    let (mut low, mut high) = (positive[0], positive[positive.len() - 1]);
    if from / beyond / low >= FAR[0] {
        low = from / beyond;
    }
    if high / (to * beyond) >= FAR[1] {
        high = to * beyond;
    }
    Scale::log([low, high].into_iter().chain(zero()))
}

/// The note about numbers beyond the ends of the scale; None if there are none.
pub fn beyond(numbers: &[f64], scale: &Scale) -> Option<String> {
    let outside: Vec<f64> =
        numbers.iter().copied().filter(|number| !scale.holds(*number)).collect();
    let farthest = [outside.first()?, outside.last()?].map(|number| short(*number));
    let (runs, have) = match outside.len() {
        1 => (counted(1, "run"), "has"),
        some => (counted(some, "run"), "have"),
    };
    let which = match farthest {
        [low, high] if low == high => format!("at {low}"),
        [low, high] => format!("from {low} to {high}"),
    };
    Some(format!("{runs} beyond the ends of the scale, {which}, {have} the colour of its end."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_those_of_most_numbers() {
        let of = |numbers: &[f64]| colours(numbers, Range::All, None);
        let share = colours(&[0.5, 2.0], Range::Share, None);
        assert_eq!(share, Scale::Linear { low: 0.0, high: 1.0 });
        assert_eq!(of(&[1.0, 3.0]), Scale::Linear { low: 1.0, high: 3.0 });
        assert_eq!(of(&[0.0, 0.02, 3.0]), Scale::Log { low: 0.01, high: 10.0, zero: true });
        let mut huge: Vec<f64> = (1..1000).map(f64::from).collect();
        huge.push(1e200);
        let clipped = Scale::Log { low: 1.0, high: 10_000.0, zero: false };
        assert_eq!(of(&huge), clipped);
        assert_eq!(
            beyond(&huge, &clipped).unwrap(),
            "1 run beyond the ends of the scale, at 1e200, has the colour of its end."
        );
        // Numbers of all sizes are drawn.
        let wide: Vec<f64> = (-20..=0).map(|power| 10f64.powi(power)).collect();
        assert_eq!(beyond(&wide, &of(&wide)), None);
        let around: Vec<f64> = (0..10).map(|n| 1.0 + f64::from(n) / 8.0).collect();
        let scale = colours(&around, Range::AroundOne, None);
        assert_eq!(scale, Scale::Linear { low: 0.0, high: 2.0 });
        assert!(beyond(&around, &scale).unwrap().contains("at 2.125, has"));
        assert!(matches!(of(&[-1.0, 1e9]), Scale::Linear { .. }));
    }

    #[test]
    fn losses_are_seen_beside_their_baseline() {
        let of = |numbers: &[f64]| colours(numbers, Range::All, Some(1.1));
        let numbers = [0.2, 1.1, 15.0, 1e30];
        assert_eq!(of(&numbers), Scale::Linear { low: 0.0, high: 2.2 });
        let note = beyond(&numbers, &of(&numbers)).unwrap();
        assert_eq!(
            note,
            "2 runs beyond the ends of the scale, from 15 to 1e30, have the colour of its end."
        );
        // The scale contains the baseline, also if all losses are better, and if some are much better.
        assert_eq!(of(&[0.2, 0.3]), Scale::Linear { low: 0.0, high: 1.1 });
        assert_eq!(of(&[1e-4, 9.0]), Scale::Log { low: 1e-4, high: 10.0, zero: false });
        assert!(matches!(of(&[-1.0, 1.0]), Scale::Linear { low, .. } if low == -1.0));
    }
}
