//! Sums without rounding. A sum depends neither on the order of its terms nor on their grouping.
//!
//! A finite float is an integer times a power of two, so a sum of floats is a (long) integer times a power of two. The
//! integer is stored as digits of 32 bits in 64-bit words. A term changes a few neighbouring digits, and carries are
//! propagated at the end.
//!
//! What "equal sums" means in this crate: **equal as real numbers**. Infinite terms are counted separately: two sums
//! are equal if their finite parts are equal as real numbers and each infinity occurs equally often. A sum with a NaN
//! equals no sum. This distinguishes more sums than rounding to the nearest float does. Unlike with rounded sums, the
//! sum over one part of a class follows from those over the class and the other part, which refinement needs.
//!
//! # References
//!
//! Neal, "Fast Exact Summation Using Small and Large Superaccumulators", 2015; Kulisch's long accumulator.

/// The place of the lowest digit of a sum and the number of digits: enough for any sum of one element type whose
/// weights add up to less than 2⁶⁴.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    /// The power of two of the lowest bit.
    low: i32,
    pub digits: usize,
}

impl Range {
    /// For f16, bf16 and f32.
    pub const SINGLE: Self = Self { low: -149, digits: 12 };
    /// For f64.
    pub const DOUBLE: Self = Self { low: -1074, digits: 69 };
}

/// The largest number of calls of [`add`] between two calls of [`settle`].
pub(crate) const SETTLE_EVERY: usize = 1 << 29;

/// Adds `weight` times a finite number.
#[inline]
pub(crate) fn add(digits: &mut [i64], range: Range, number: f64, weight: u64) {
    const MANTISSA: u64 = (1 << 52) - 1;
    debug_assert!(number.is_finite());
    let bits = number.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i32;
    let mantissa = bits & MANTISSA | u64::from(exponent != 0) << 52;
    if mantissa == 0 {
        return;
    }
    let place = exponent.max(1) - 1075 - range.low;
    // For a shorter element type, the bits below its lowest one are zero.
    let (mantissa, place) =
        if place < 0 { (mantissa >> -place, 0) } else { (mantissa, place as usize) };
    let mut digit = place / 32;
    let mut weight = weight;
    while weight != 0 {
        // 53 bits of mantissa, 32 of weight and up to 31 of shift fit into 128.
        let mut rest = (u128::from(mantissa) * u128::from(weight & 0xffff_ffff)) << (place % 32);
        let mut at = digit;
        while rest != 0 {
            let low = (rest & 0xffff_ffff) as i64;
            digits[at] += if number < 0.0 { -low } else { low };
            rest >>= 32;
            at += 1;
        }
        weight >>= 32;
        digit += 1;
    }
}

/// Propagates carries until every digit but the last is in 0..2³². Then equal sums have equal digits.
pub(crate) fn settle(digits: &mut [i64]) {
    for place in 1..digits.len() {
        let carry = digits[place - 1] >> 32;
        digits[place - 1] &= 0xffff_ffff;
        digits[place] += carry;
    }
}

/// A settled sum. Compare it only if it has no NaN.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Total {
    /// The digits, without trailing zeros.
    digits: Box<[i64]>,
    infinities: [u64; 2],
    pub nan: bool,
}

impl Total {
    /// The total of digits that are not settled yet, with the numbers of positive and negative infinities.
    pub fn new(digits: &mut [i64], infinities: [u64; 2], nan: bool) -> Self {
        settle(digits);
        let len = digits.iter().rposition(|&digit| digit != 0).map_or(0, |last| last + 1);
        Self { digits: digits[..len].into(), infinities, nan }
    }

    /// The sum rounded to the nearest f64, ties to even.
    pub fn rounded(&self, range: Range) -> f64 {
        self.scaled(range, |leading| leading as f64)
    }

    /// The sum truncated to an f64, with the last bit set if anything was cut off (round to odd). Rounding this to a
    /// type at least two bits shorter rounds the sum correctly; rounding the nearest f64 would not.
    pub fn to_odd(&self, range: Range) -> f64 {
        self.scaled(range, |leading| {
            let cut = (128 - leading.leading_zeros()).saturating_sub(f64::MANTISSA_DIGITS);
            let kept = leading >> cut;
            let odd = u128::from(kept << cut != leading);
            (kept | odd) as f64 * 2f64.powi(cut as i32)
        })
    }

    fn scaled(&self, range: Range, round: impl Fn(u128) -> f64) -> f64 {
        match (self.nan, self.infinities) {
            (true, _) => return f64::NAN,
            (_, [0, 0]) => {}
            (_, [_, 0]) => return f64::INFINITY,
            (_, [0, _]) => return f64::NEG_INFINITY,
            _ => return f64::NAN,
        }
        let negative = self.digits.last().is_some_and(|&top| top < 0);
        let mut digits: Vec<i64> =
            self.digits.iter().map(|&d| if negative { -d } else { d }).collect();
        // The last digit can have more than 32 bits, and so can its negation.
        digits.extend([0; 2]);
        settle(&mut digits);
        let Some(top) = digits.iter().rposition(|&digit| digit != 0) else {
            return 0.0;
        };
        let lowest = top.saturating_sub(3);
        let leading = digits[lowest..=top].iter().rev().fold(0u128, |n, &d| n << 32 | d as u128);
        // Of the lower bits, it only matters whether any is set.
        let sticky = u128::from(digits[..lowest].iter().any(|&d| d != 0));
        let power = range.low + 32 * lowest as i32;
        // Multiply in two steps, so that no power of two overflows or underflows.
        let rounded = round(leading | sticky) * 2f64.powi(power / 2) * 2f64.powi(power - power / 2);
        if negative { -rounded } else { rounded }
    }
}

/// The exact sum of numbers of an element type with this range.
pub(crate) fn exact(range: Range, numbers: impl Iterator<Item = f64>) -> Total {
    let mut digits = vec![0; range.digits];
    let (mut infinities, mut nan) = ([0; 2], false);
    for (count, x) in numbers.enumerate() {
        if count % SETTLE_EVERY == SETTLE_EVERY - 1 {
            settle(&mut digits);
        }
        if x.is_finite() {
            add(&mut digits, range, x, 1);
        } else if x.is_nan() {
            nan = true;
        } else {
            infinities[usize::from(x < 0.0)] += 1;
        }
    }
    Total::new(&mut digits, infinities, nan)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn total(terms: &[(f64, u64)], range: Range) -> Total {
        let mut digits = vec![0; range.digits];
        for &(x, weight) in terms {
            add(&mut digits, range, x, weight);
        }
        Total::new(&mut digits, [0, 0], false)
    }

    fn once(terms: &[f64]) -> Vec<(f64, u64)> {
        terms.iter().map(|&x| (x, 1)).collect()
    }

    #[test]
    fn cancellation_loses_nothing() {
        let terms = once(&[1e308, 1.0, 1e308, 5e-324, -1e308, -1e308]);
        assert_eq!(total(&terms, Range::DOUBLE), total(&once(&[5e-324, 1.0]), Range::DOUBLE));
        assert_ne!(total(&terms, Range::DOUBLE), total(&once(&[1.0]), Range::DOUBLE));
        assert_eq!(total(&terms, Range::DOUBLE).rounded(Range::DOUBLE), 1.0);
        assert_eq!(total(&once(&[1.0, -1.0]), Range::SINGLE), total(&[], Range::SINGLE));
        assert_eq!(
            total(&once(&[f64::MAX, f64::MAX]), Range::DOUBLE).rounded(Range::DOUBLE),
            f64::INFINITY
        );
    }

    /// 1 + 2⁻²⁴ is the middle of two single-precision numbers. The added term moves the sum past the middle, and
    /// rounding to the nearest f64 moves it back.
    #[test]
    fn rounding_to_odd_is_rounding_once() {
        let terms = once(&[1.0, 2f64.powi(-24), 2f64.powi(-80)]);
        let sum = total(&terms, Range::SINGLE);
        assert_eq!(sum.rounded(Range::SINGLE) as f32, 1.0);
        assert_eq!(sum.to_odd(Range::SINGLE) as f32, 1.0 + f32::EPSILON);
        let sum = total(&once(&[-1.0, -(2f64.powi(-24)), -(2f64.powi(-80))]), Range::DOUBLE);
        assert_eq!(sum.to_odd(Range::DOUBLE) as f32, -1.0 - f32::EPSILON);
        for exact in [0.0, -3.0, 1e-310, 5e-324, f64::MAX] {
            assert_eq!(total(&once(&[exact]), Range::DOUBLE).to_odd(Range::DOUBLE), exact);
        }
    }

    #[test]
    fn weights_are_repetitions() {
        for (x, range) in [(0.1, Range::DOUBLE), (f64::from(-0.1_f32), Range::SINGLE)] {
            assert_eq!(total(&[(x, 1000)], range), total(&vec![(x, 1); 1000], range));
        }
        let largest = total(&[(f64::from(f32::MAX), u64::from(u32::MAX))], Range::SINGLE);
        assert_eq!(largest.rounded(Range::SINGLE), f64::from(f32::MAX) * f64::from(u32::MAX));
        for x in [f64::MAX, -5e-324, 1.5] {
            let twice = total(&[(x, 1 << 40), (x, 1 << 40)], Range::DOUBLE);
            assert_eq!(total(&[(x, 1 << 41)], Range::DOUBLE), twice);
            assert_eq!(
                total(&[(x, 1 << 41), (-x, (1 << 41) - 1)], Range::DOUBLE),
                total(&[(x, 1)], Range::DOUBLE)
            );
        }
    }

    proptest! {
        /// Hardware rounds a single addition correctly.
        #[test]
        fn two_terms_round_as_hardware_does(a: u64, b: u64) {
            let (a, b) = (f64::from_bits(a), f64::from_bits(b));
            prop_assume!(a.is_finite() && b.is_finite());
            let sum = total(&once(&[a, b]), Range::DOUBLE).rounded(Range::DOUBLE);
            prop_assert_eq!(sum, a + b);
        }

        #[test]
        fn near_terms_round_as_hardware_does(a: u64, exponent in -60i32..60, b: u64) {
            let a = f64::from_bits(a);
            prop_assume!(a.is_normal());
            let b = f64::from_bits(a.to_bits() & !((1 << 52) - 1) | b & ((1 << 52) - 1)) * 2f64.powi(exponent);
            prop_assume!(b.is_finite());
            for b in [b, -b] {
                let sum = total(&once(&[a, b]), Range::DOUBLE).rounded(Range::DOUBLE);
                prop_assert_eq!(sum, a + b);
            }
        }

        #[test]
        fn order_and_grouping_do_not_matter(bits in prop::collection::vec(any::<u32>(), 0..40), cut: usize) {
            let mut terms: Vec<f64> =
                bits.iter().map(|&b| f64::from(f32::from_bits(b))).filter(|x| x.is_finite()).collect();
            let forward = total(&once(&terms), Range::SINGLE);
            prop_assert_eq!(
                forward.rounded(Range::SINGLE),
                total(&once(&terms), Range::DOUBLE).rounded(Range::DOUBLE)
            );
            terms.reverse();
            let shift = cut % terms.len().max(1);
            terms.rotate_left(shift);
            prop_assert_eq!(forward, total(&once(&terms), Range::SINGLE));
        }

        #[test]
        fn sums_of_integers(terms in prop::collection::vec((-1_000_000i64..1_000_000, 0u64..1000), 0..40)) {
            let exact: i64 = terms.iter().map(|&(x, w)| x * w as i64).sum();
            let floats: Vec<(f64, u64)> = terms.iter().map(|&(x, w)| (x as f64, w)).collect();
            prop_assert_eq!(total(&floats, Range::SINGLE).rounded(Range::SINGLE), exact as f64);
        }
    }
}
