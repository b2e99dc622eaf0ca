//! The place of a number along an axis, and the numbers beside an axis.
//!
//! ```text
//! linear       place(v) = (v - low) / (high - low)
//! logarithmic  place(v) = (log v - log low) / (log high - log low)
//! ```
//!
//! A logarithmic scale that has to show 0 reserves a strip for it below its lowest number: 0 is not a small number, it
//! means "bitwise equal".

use crate::number::{grouped, power_of_ten};
use serde::Serialize;

/// The share of an axis that 0 has on a logarithmic scale.
const ZERO_STRIP: f64 = 0.12;
/// From this ratio on, positive numbers are drawn on a logarithmic scale.
const LOGARITHMIC_FROM: f64 = 50.0;

/// An axis.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Scale {
    /// Equal differences are equal lengths.
    Linear {
        /// The number at the beginning.
        low: f64,
        /// The number at the end, larger.
        high: f64,
    },
    /// Equal ratios are equal lengths.
    Log {
        /// The number at the beginning, or above the strip for 0; positive.
        low: f64,
        /// The number at the end, larger.
        high: f64,
        /// Whether there is a strip for 0.
        zero: bool,
    },
}

/// A number beside an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// From 0 at the beginning to 1 at the end.
    pub place: f64,
    /// The number as text.
    pub label: String,
}

impl Scale {
    /// A linear scale around finite numbers, with a margin if `margin` is set; 0 to 1 if there are none.
    pub fn linear(values: impl IntoIterator<Item = f64>, margin: bool) -> Self {
        let Some((mut low, mut high)) = range(values) else {
            return Self::Linear { low: 0.0, high: 1.0 };
        };
        // Halves, so that the difference of two huge numbers stays finite.
        let share = (high / 2.0 - low / 2.0) * if margin { 0.12 } else { 0.0 };
        (low, high) = ((low - share).max(-f64::MAX), (high + share).min(f64::MAX));
        // Numbers that are equal up to rounding are drawn as a line in the middle.
        let size = low.abs().max(high.abs());
        if high - low <= 1e-9 * size || high == low {
            let around = if size == 0.0 { 1.0 } else { size / 2.0 };
            (low, high) = ((low - around).max(-f64::MAX), (high + around).min(f64::MAX));
        }
        Self::Linear { low, high }
    }

    /// A logarithmic scale over whole powers of ten around the positive numbers; numbers that are 0 get the strip.
    pub fn log(values: impl IntoIterator<Item = f64> + Clone) -> Self {
        let zero = values.clone().into_iter().any(|value| value == 0.0);
        let positive = values.into_iter().filter(|value| *value > 0.0);
        let (low, high) = range(positive).unwrap_or((1.0, 10.0));
        let below = low.log10().floor().max(-307.0);
        let above = high.log10().ceil().max(below + 1.0);
        // The largest number is not a power of ten.
        let high = if above > 308.0 { f64::MAX } else { 10f64.powf(above) };
        Self::Log { low: 10f64.powf(below), high, zero }
    }

    /// A linear scale that contains 0, so a difference looks as large as it is relative to the numbers. It has a margin
    /// on each side with numbers.
    ///
    /// ```text
    /// 1.0986, 1.0987   from 0 to 1.16: a level line
    /// ```
    pub fn from_zero(values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = range(values).unwrap_or((0.0, 1.0));
        let (low, high) = (low.min(0.0), high.max(0.0));
        let half = high / 2.0 - low / 2.0;
        if half < f64::MIN_POSITIVE {
            return Self::Linear { low: 0.0, high: 1.0 };
        }
        let beyond = |end: f64, by: f64| if end == 0.0 { end } else { end + by };
        Self::Linear {
            low: beyond(low, -0.12 * half).max(-f64::MAX),
            high: beyond(high, 0.12 * half).min(f64::MAX),
        }
    }

    /// A logarithmic scale if the numbers are positive and of very different size, otherwise a linear one that contains
    /// 0.
    pub fn fitting(values: impl IntoIterator<Item = f64> + Clone) -> Self {
        match range(values.clone()) {
            Some((low, high)) if low > 0.0 && high / low >= LOGARITHMIC_FROM => Self::log(values),
            _ => Self::from_zero(values),
        }
    }

    /// The place of a number: 0 at the beginning, 1 at the end. None if the scale has no place for it.
    pub fn place(&self, value: f64) -> Option<f64> {
        match *self {
            _ if !value.is_finite() => None,
            // Halves, as above.
            Self::Linear { low, high } => {
                Some((value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0))
            }
            Self::Log { zero, .. } if value == 0.0 => zero.then_some(0.0),
            Self::Log { .. } if value < 0.0 => None,
            Self::Log { low, high, zero } => {
                let strip = if zero { ZERO_STRIP } else { 0.0 };
                let share = (value.log10() - low.log10()) / (high.log10() - low.log10());
                Some(strip + (1.0 - strip) * share.max(0.0))
            }
        }
    }

    /// Whether a number lies between the ends.
    pub fn holds(&self, value: f64) -> bool {
        match *self {
            Self::Linear { low, high } => (low..=high).contains(&value),
            Self::Log { low, high, zero } => {
                (low..=high).contains(&value) || (zero && value == 0.0)
            }
        }
    }

    /// The numbers to write: about `wanted` of them, or fewer if more would not help.
    pub fn ticks(&self, wanted: usize) -> Vec<Tick> {
        match *self {
            Self::Linear { low, high } => self.linear_ticks(low, high, wanted.max(2), 0.0),
            Self::Log { low, high, zero } => {
                let zero = zero.then(|| Tick { place: 0.0, label: "0".to_owned() });
                let (first, last) =
                    (low.log10().round() as i32, (high.log10() + 1e-9).floor() as i32);
                let every = ((last - first) as usize).div_ceil(wanted.max(2)).max(1);
                let powers = (first..=last).step_by(every);
                let tick = |power: i32| {
                    Some(Tick { place: self.place(10f64.powi(power))?, label: power_of_ten(power) })
                };
                zero.into_iter().chain(powers.filter_map(tick)).collect()
            }
        }
    }

    /// The scale of an axis of steps, which begins at 0.
    pub fn of_steps(last: usize) -> Self {
        Self::Linear { low: 0.0, high: last.max(1) as f64 }
    }

    /// The number at the end.
    pub fn end(&self) -> f64 {
        match *self {
            Self::Linear { high, .. } | Self::Log { high, .. } => high,
        }
    }

    /// As [`Scale::ticks`], with whole numbers only, for counts.
    pub fn whole_ticks(&self, wanted: usize) -> Vec<Tick> {
        match *self {
            Self::Linear { low, high } => self.linear_ticks(low, high, wanted.max(2), 1.0),
            Self::Log { .. } => self.ticks(wanted),
        }
    }

    /// Ticks at least `least` apart.
    fn linear_ticks(&self, low: f64, high: f64, wanted: usize, least: f64) -> Vec<Tick> {
        let rough = ((high / 2.0 - low / 2.0) / wanted as f64 * 2.0).max(least);
        let power = rough.log10().floor();
        let unit = 10f64.powf(power);
        // Up to a third more ticks than wanted is better than half as many.
        let rough = rough * 0.75;
        let step = [1.0, 2.0, 5.0, 10.0].map(|n| n * unit).into_iter().find(|step| *step >= rough);
        let Some(step) = step.filter(|step| step.is_finite() && *step > 0.0) else {
            return Vec::new();
        };
        let first = (low / step - 1e-9).ceil();
        let count = ((high / step + 1e-9).floor() - first).clamp(0.0, 4.0 * wanted as f64) as usize;
        let size = low.abs().max(high.abs());
        let decimals = -step.log10().floor();
        let text = |value: f64| {
            if size < 1e6 && decimals <= 6.0 {
                grouped(value, decimals.max(0.0) as usize)
            } else {
                let digits = (size.log10().floor() + decimals).clamp(0.0, 15.0) as usize;
                format!("{value:.digits$e}")
            }
        };
        (0..=count)
            .filter_map(|number| {
                // Not `first * step + number * step`, which is not a round number after some steps.
                let value = (first + number as f64) * step;
                let value = if value == 0.0 { 0.0 } else { value };
                Some(Tick { place: self.place(value)?, label: text(value) })
            })
            .collect()
    }
}

/// The smallest and the largest finite number.
fn range(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().filter(|value| value.is_finite()).fold(None, |found, value| match found {
        None => Some((value, value)),
        Some((low, high)) => Some((low.min(value), high.max(value))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(scale: Scale, wanted: usize) -> Vec<String> {
        scale.ticks(wanted).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn round_numbers_stand_beside_an_axis() {
        assert_eq!(
            labels(Scale::linear([0.0, 50.0], false), 5),
            ["0", "10", "20", "30", "40", "50"]
        );
        assert_eq!(
            labels(Scale::linear([-0.3, 0.2], false), 5),
            ["−0.3", "−0.2", "−0.1", "0.0", "0.1", "0.2"]
        );
        assert_eq!(
            labels(Scale::linear([0.0, 12_000.0], false), 3),
            ["0", "5000", "10\u{202f}000"]
        );
        let steps = Scale::of_steps(2).whole_ticks(6);
        assert_eq!(
            steps.iter().map(|tick| tick.label.as_str()).collect::<Vec<_>>(),
            ["0", "1", "2"]
        );
        assert_eq!(labels(Scale::log([3e-8, 0.2]), 4), ["10⁻⁸", "10⁻⁶", "10⁻⁴", "10⁻²", "1"]);
        assert_eq!(labels(Scale::log([0.0, 3e-8, 2e-7]), 4), ["0", "10⁻⁸", "10⁻⁷", "10⁻⁶"]);
    }

    #[test]
    fn zero_has_a_strip_and_nan_no_place() {
        let scale = Scale::log([0.0, 1e-8, 1e-2]);
        assert_eq!((scale.place(0.0), scale.place(1e-2)), (Some(0.0), Some(1.0)));
        assert!((scale.place(1e-8).unwrap() - ZERO_STRIP).abs() < 1e-12);
        assert_eq!((scale.place(f64::NAN), scale.place(-1.0)), (None, None));
        assert_eq!(Scale::log([1.0, 5.0]).place(0.0), None);
        assert_eq!(Scale::log([1e-300, f64::MAX]).place(f64::MAX), Some(1.0));
        assert_eq!(
            Scale::linear([f64::NAN, f64::INFINITY], true),
            Scale::Linear { low: 0.0, high: 1.0 }
        );
    }

    #[test]
    fn a_level_line_is_level() {
        let place = |scale: Scale, value| scale.place(value).unwrap();
        let flat = Scale::from_zero([1.0986, 1.0987]);
        assert!(place(flat, 1.0987) - place(flat, 1.0986) < 1e-4, "{flat:?}");
        assert_eq!(place(flat, 0.0), 0.0);
        let Scale::Linear { low, high } = Scale::from_zero([-1.0, 3.0]) else { unreachable!() };
        assert!((low + 1.24).abs() < 1e-12 && (high - 3.24).abs() < 1e-12, "{low} {high}");
        let below = Scale::from_zero([-2.0, -1.0]);
        assert_eq!(place(below, 0.0), 1.0);
        for none in [vec![], vec![0.0], vec![f64::NAN]] {
            assert!(
                matches!(Scale::from_zero(none), Scale::Linear { low: 0.0, high } if high >= 1.0)
            );
        }
    }

    #[test]
    fn ratios_choose_the_scale() {
        assert!(matches!(Scale::fitting([1.0, 49.0]), Scale::Linear { .. }));
        assert!(matches!(Scale::fitting([1.0, 51.0]), Scale::Log { zero: false, .. }));
        assert!(matches!(Scale::fitting([-1.0, 51.0]), Scale::Linear { .. }));
        assert_eq!(Scale::linear([2.0, 2.0], true).place(2.0), Some(0.5));
        assert_eq!(Scale::linear([0.0], true).place(0.0), Some(0.5));
    }

    proptest! {
        #[test]
        fn every_number_lies_on_its_axis(values in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::ZERO, 1..20)) {
            let all = || values.iter().copied();
            for scale in [Scale::linear(all(), true), Scale::from_zero(all()), Scale::fitting(all())] {
                let mut placed: Vec<(f64, f64)> = Vec::new();
                for value in &values {
                    let place = scale.place(*value).unwrap();
                    prop_assert!((-1e-9..=1.0 + 1e-9).contains(&place), "{value} at {place} of {scale:?}");
                    placed.push((*value, place));
                }
                placed.sort_by(|a, b| a.0.total_cmp(&b.0));
                prop_assert!(placed.windows(2).all(|two| two[0].1 <= two[1].1), "{scale:?} {placed:?}");
            }
        }

        #[test]
        fn ticks_are_few_and_ascend(low in -1e300..1e300_f64, size in -300..300_i32, wanted in 2..9_usize) {
            let scale = Scale::linear([low, low + 10f64.powi(size)], false);
            let ticks = scale.ticks(wanted);
            prop_assert!(ticks.len() <= wanted * 4 / 3 + 2, "{ticks:?}");
            prop_assert!(ticks.windows(2).all(|two| two[0].place < two[1].place), "{ticks:?}");
            prop_assert!(ticks.iter().all(|tick| (-1e-6..=1.000_001).contains(&tick.place)), "{ticks:?}");
        }
    }
}
