//! The equality policy in the form that refinement uses: a comparison of stored numbers, and a key that is equal for
//! equal numbers.

use crate::element::Element;

/// Compares entries of two units at the same position. An equivalence relation on numbers that are not NaN.
pub(crate) trait Sameness<E: Element>: Copy + Send + Sync {
    fn same(&self, u: u32, a: E, v: u32, b: E) -> bool;
    /// A key that is equal for equal entries.
    fn key(&self, u: u32, a: E) -> u64;

    /// Whether units u and v agree on two slices of one length. A NaN may or may not agree with a NaN of the same bits.
    #[inline(always)]
    fn all_same(&self, u: u32, a: &[E], v: u32, b: &[E]) -> bool {
        a.iter().zip(b).fold(true, |all, (&x, &y)| all & self.same(u, x, v, y))
    }

    /// Whether each of the units v, v + 1, ... with the entries `b` agrees with unit `from[k]` of a row. A NaN may or
    /// may not agree with a NaN of the same bits.
    #[inline(always)]
    fn all_same_gathered(&self, row: &[E], from: &[u32], v: u32, b: &[E]) -> bool {
        let pairs = from.iter().zip(b).zip(v..);
        pairs.fold(true, |all, ((&u, &y), v)| all & self.same(u, row[u as usize], v, y))
    }
}

/// Equal bits.
#[derive(Clone, Copy)]
pub(crate) struct SameBits;

impl<E: Element> Sameness<E> for SameBits {
    #[inline(always)]
    fn same(&self, _: u32, a: E, _: u32, b: E) -> bool {
        a.same_bits(b)
    }
    #[inline(always)]
    fn key(&self, _: u32, a: E) -> u64 {
        a.bits()
    }
    #[inline(always)]
    fn all_same(&self, _: u32, a: &[E], _: u32, b: &[E]) -> bool {
        E::equal_bits(a, b)
    }
    #[inline(always)]
    fn all_same_gathered(&self, row: &[E], from: &[u32], _: u32, b: &[E]) -> bool {
        E::equal_bits_gathered(row, from, b)
    }
}

/// Equal values.
#[derive(Clone, Copy)]
pub(crate) struct SameValue;

impl<E: Element> Sameness<E> for SameValue {
    #[inline(always)]
    fn same(&self, _: u32, a: E, _: u32, b: E) -> bool {
        a.same_value(b)
    }
    #[inline(always)]
    fn key(&self, _: u32, a: E) -> u64 {
        positive_zero(a.value()).to_bits()
    }
}

/// Equal values after the entries of every unit are multiplied or divided by its factor.
#[derive(Clone, Copy)]
pub(crate) struct SameNormalized<'f> {
    pub factors: &'f [f64],
    pub divide: bool,
    pub by_value: bool,
}

impl SameNormalized<'_> {
    #[inline(always)]
    fn normalized<E: Element>(&self, u: u32, a: E) -> f64 {
        normalize(a.value(), self.factors[u as usize], self.divide)
    }
}

impl<E: Element> Sameness<E> for SameNormalized<'_> {
    #[inline(always)]
    fn same(&self, u: u32, a: E, v: u32, b: E) -> bool {
        let (a, b) = (self.normalized(u, a), self.normalized(v, b));
        if self.by_value { a == b } else { a.same_bits(b) }
    }
    #[inline(always)]
    fn key(&self, u: u32, a: E) -> u64 {
        let a = self.normalized(u, a);
        if self.by_value { positive_zero(a).to_bits() } else { a.to_bits() }
    }
}

/// A number multiplied or divided by the factor of its unit.
#[inline(always)]
pub(crate) fn normalize(number: f64, factor: f64, divide: bool) -> f64 {
    if divide { number / factor } else { number * factor }
}

/// -0.0 becomes 0.0; everything else stays.
#[inline(always)]
fn positive_zero(number: f64) -> f64 {
    number + 0.0
}
