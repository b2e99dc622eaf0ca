//! What a diagram shows in colours, and which number has which.

use super::Sweep;
use super::column::Column;
use crate::scale::Scale;
use constinit_records::SweepColumn;

/// From this ratio on the colours are those of the middle four fifths of numbers, and half as far beyond: losses of runs
/// that are on their way to infinity would leave one colour to all others.
const CLIPPED_FROM: f64 = 1e8;

/// Something that is drawn over the keys.
pub struct Quantity {
    pub name: &'static str,
    pub title: &'static str,
    /// Beside its colours.
    pub label: &'static str,
    pub column: fn(&Sweep) -> Option<Column>,
    pub range: Range,
}

/// Which numbers the ends of the colours are.
#[derive(Clone, Copy, PartialEq)]
pub enum Range {
    /// The smallest and the largest one.
    All,
    /// 0 and 1.
    Share,
    /// As far below 1 as above it: of nine tenths of the numbers.
    AroundOne,
}

pub const QUANTITIES: [Quantity; 4] = [
    Quantity {
        name: "phase-final-loss",
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

/// The scale of colours of ascending numbers, and whether some lie beyond its ends.
pub fn colours(numbers: &[f64], range: Range) -> (Scale, bool) {
    if range == Range::Share {
        return (Scale::Linear { low: 0.0, high: 1.0 }, false);
    }
    if range == Range::AroundOne {
        let mut away: Vec<f64> = numbers.iter().map(|number| (number - 1.0).abs()).collect();
        away.sort_by(f64::total_cmp);
        // Of numbers that are all 1 up to rounding no difference is to be seen.
        let far = Some(away[(away.len() - 1) * 9 / 10]).filter(|far| *far > 1e-6).unwrap_or(0.1);
        let scale = Scale::Linear { low: 1.0 - far, high: 1.0 + far };
        return (scale, away[away.len() - 1] > far);
    }
    let positive = &numbers[numbers.partition_point(|number| *number <= 0.0)..];
    let far = |some: &[f64], ratio: f64| {
        some.first().zip(some.last()).is_some_and(|(low, high)| high / low >= ratio)
    };
    if numbers[0] < 0.0 || !far(positive, 50.0) {
        return (Scale::linear(numbers.iter().copied(), false), false);
    }
    let (mut low, mut high) = (positive[0], positive[positive.len() - 1]);
    let clipped = far(positive, CLIPPED_FROM);
    if clipped {
        let tenth = positive.len() / 10;
        let [from, to] = [positive[tenth], positive[positive.len() - 1 - tenth]];
        let beyond = (to / from).sqrt().max(1.5);
        low = low.max(from / beyond);
        high = high.min(to * beyond);
    }
    let zero = numbers.iter().copied().filter(|number| *number == 0.0);
    (Scale::log([low, high].into_iter().chain(zero)), clipped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_those_of_most_numbers() {
        assert_eq!(
            colours(&[0.5, 2.0], Range::Share),
            (Scale::Linear { low: 0.0, high: 1.0 }, false)
        );
        assert_eq!(colours(&[1.0, 3.0], Range::All).0, Scale::Linear { low: 1.0, high: 3.0 });
        let (scale, clipped) = colours(&[0.0, 0.02, 3.0], Range::All);
        assert_eq!((scale, clipped), (Scale::Log { low: 0.01, high: 10.0, zero: true }, false));
        let mut huge: Vec<f64> = (1..1000).map(f64::from).collect();
        huge.push(1e200);
        assert_eq!(
            colours(&huge, Range::All),
            (Scale::Log { low: 10.0, high: 10_000.0, zero: false }, true)
        );
        let around: Vec<f64> = (0..10).map(|n| 1.0 + f64::from(n) / 8.0).collect();
        let expected = (Scale::Linear { low: 0.0, high: 2.0 }, true);
        assert_eq!(colours(&around, Range::AroundOne), expected);
        assert!(matches!(colours(&[-1.0, 1e9], Range::All).0, Scale::Linear { .. }));
    }
}
