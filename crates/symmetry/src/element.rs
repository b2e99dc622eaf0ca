//! The number types that a parameter may hold, and the operations that refinement needs.

use half::{bf16, f16};
use std::ops::{BitOr, BitXor};

use crate::sum::Range;

/// One stored number.
pub(crate) trait Element: bytemuck::NoUninit + Send + Sync {
    /// An integer of the same width as the number. Comparing widened bits would halve the count of numbers in a
    /// register.
    type Bits: Copy + Default + PartialEq + BitOr<Output = Self::Bits> + BitXor<Output = Self::Bits>;
    /// The range of exact sums of such numbers.
    const RANGE: Range;

    /// The bits.
    fn raw(self) -> Self::Bits;
    /// The bits, widened to 64.
    fn bits(self) -> u64;
    /// The exact value.
    fn value(self) -> f64;
    fn is_nan(self) -> bool;
    /// Whether the bits are equal and not NaN. Branch-free, so the compiler vectorises loops over it.
    fn same_bits(self, other: Self) -> bool;
    /// Whether both have the same value: 0.0 equals -0.0, and NaN does not even equal itself.
    fn same_value(self, other: Self) -> bool;
    /// Whether two slices have equal bits, NaN or not. Uses `memcmp`, so only memory limits its speed.
    fn equal_bits(a: &[Self], b: &[Self]) -> bool {
        bytemuck::cast_slice::<Self, u8>(a) == bytemuck::cast_slice::<Self, u8>(b)
    }
    /// Whether `row[from[k]]` and `b[k]` have equal bits, NaN or not, for all k.
    #[inline(always)]
    fn equal_bits_gathered(row: &[Self], from: &[u32], b: &[Self]) -> bool {
        let differ = |at: u32, y: Self| row[at as usize].raw() ^ y.raw();
        // In chunks of eight, since the compiler does not unroll a loop that may panic.
        let (eights, rest) = from.as_chunks::<8>();
        let (eights_b, rest_b) = b.as_chunks::<8>();
        let none = Self::Bits::default();
        let any = eights
            .iter()
            .zip(eights_b)
            .fold(none, |any, (at, y)| (0..8).fold(any, |any, k| any | differ(at[k], y[k])));
        rest.iter().zip(rest_b).fold(any, |any, (&at, &y)| any | differ(at, y)) == none
    }
}

macro_rules! native {
    ($float:ty, $bits:ty, $range:expr) => {
        impl Element for $float {
            type Bits = $bits;
            const RANGE: Range = $range;

            #[inline(always)]
            fn raw(self) -> $bits {
                self.to_bits()
            }
            #[inline(always)]
            fn bits(self) -> u64 {
                self.to_bits().into()
            }
            #[inline(always)]
            fn value(self) -> f64 {
                self.into()
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                self != self
            }
            #[inline(always)]
            fn same_bits(self, other: Self) -> bool {
                (self.to_bits() == other.to_bits()) & (self == self)
            }
            #[inline(always)]
            fn same_value(self, other: Self) -> bool {
                self == other
            }
        }
    };
}

macro_rules! half_width {
    ($float:ty, $infinity:expr) => {
        impl Element for $float {
            type Bits = u16;
            const RANGE: Range = Range::SINGLE;

            #[inline(always)]
            fn raw(self) -> u16 {
                self.to_bits()
            }
            #[inline(always)]
            fn bits(self) -> u64 {
                self.to_bits().into()
            }
            #[inline(always)]
            fn value(self) -> f64 {
                self.to_f64()
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                self.to_bits() & 0x7fff > $infinity
            }
            #[inline(always)]
            fn same_bits(self, other: Self) -> bool {
                (self.to_bits() == other.to_bits()) & !Element::is_nan(self)
            }
            #[inline(always)]
            fn same_value(self, other: Self) -> bool {
                let (a, b) = (self.to_bits(), other.to_bits());
                ((a == b) & !Element::is_nan(self)) | ((a | b) & 0x7fff == 0)
            }
        }
    };
}

native!(f32, u32, Range::SINGLE);
native!(f64, u64, Range::DOUBLE);
half_width!(f16, 0x7c00);
half_width!(bf16, 0x7f80);

#[cfg(test)]
mod tests {
    use super::*;

    fn check<E: Element>(numbers: &[E], zero: E, minus_zero: E, nan: E) {
        for (i, &a) in numbers.iter().enumerate() {
            for (j, &b) in numbers.iter().enumerate() {
                assert_eq!(a.same_bits(b), i == j);
                assert_eq!(a.same_value(b), i == j);
            }
            assert!(!a.is_nan() && !a.same_bits(nan) && !nan.same_value(a));
        }
        assert!(nan.is_nan() && !nan.same_bits(nan) && !nan.same_value(nan));
        assert!(!zero.same_bits(minus_zero) && zero.same_value(minus_zero));
    }

    #[test]
    fn sameness_of_every_type() {
        let tiny = f32::from_bits(1);
        check(&[0.0, 1.0, -1.0, tiny, f32::INFINITY, f32::NEG_INFINITY], 0.0, -0.0, f32::NAN);
        let tiny = f64::from_bits(1);
        check(&[0.0, 1.0, -1.0, tiny, f64::INFINITY, f64::NEG_INFINITY], 0.0, -0.0, f64::NAN);
        let h = f16::from_bits;
        check(&[h(0), h(1), h(0x3c00), h(0x7c00), h(0xfc00)], h(0), h(0x8000), h(0x7c01));
        let b = bf16::from_bits;
        check(&[b(0), b(1), b(0x3f80), b(0x7f80), b(0xff80)], b(0), b(0x8000), b(0xff81));
    }
}
