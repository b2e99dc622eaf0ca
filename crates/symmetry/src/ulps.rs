//! Distance between floating-point numbers, counted in representable numbers (ULPs).
//!
//! The bits of an IEEE 754 number, read as a sign and a magnitude, order the numbers as their values do.
//! [`Ulps::ordinal`] turns them into an integer that grows by one from each number to the next, so the distance of two
//! numbers is the difference of their integers:
//!
//! ```
//! use constinit_symmetry::ulps;
//!
//! assert_eq!(ulps(1.0_f32, 1.0), 0);
//! assert_eq!(ulps(1.0_f32, 1.000_000_1), 1);
//! assert_eq!(ulps(-0.0_f32, 0.0), 1); // equal in value, not in bits
//! assert_eq!(ulps(1.0_f64, 1.0 + f64::EPSILON), 1);
//! ```

/// A floating-point number whose neighbours can be counted.
pub trait Ulps: Copy {
    /// An integer as wide as the number.
    type Ordinal: Copy + Ord + Into<i64>;

    /// The position of this number among all numbers of its type; -0.0 is -1 and 0.0 is 0.
    ///
    /// NaNs lie beyond the infinities.
    fn ordinal(self) -> Self::Ordinal;

    /// The number at a position.
    fn from_ordinal(ordinal: Self::Ordinal) -> Self;

    /// The same value as a double; exact for every type that implements this trait.
    fn to_f64(self) -> f64;

    /// Whether this is not a number.
    fn is_nan(self) -> bool {
        self.to_f64().is_nan()
    }
}

macro_rules! implement {
    ($float:ty, $signed:ty, $bits:expr) => {
        impl Ulps for $float {
            type Ordinal = $signed;

            fn ordinal(self) -> $signed {
                let bits = self.to_bits().cast_signed();
                // The magnitude of a negative number grows away from zero: flip all its bits but the sign.
                bits ^ (((bits >> ($bits - 1)).cast_unsigned()) >> 1).cast_signed()
            }

            fn from_ordinal(ordinal: $signed) -> Self {
                let turned = (((ordinal >> ($bits - 1)).cast_unsigned()) >> 1).cast_signed();
                Self::from_bits((ordinal ^ turned).cast_unsigned())
            }

            fn to_f64(self) -> f64 {
                f64::from(self)
            }
        }
    };
}

implement!(half::f16, i16, 16);
implement!(half::bf16, i16, 16);
implement!(f32, i32, 32);
implement!(f64, i64, 64);

/// The number of steps from one representable number to the next that lie between `a` and `b`.
///
/// 0 exactly if the bits are equal.
pub fn ulps<T: Ulps>(a: T, b: T) -> u64 {
    let (a, b): (i64, i64) = (a.ordinal().into(), b.ordinal().into());
    a.abs_diff(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_whole_line_fits() {
        assert_eq!(ulps(f64::NEG_INFINITY, f64::INFINITY), 2 * f64::INFINITY.to_bits() + 1);
        assert_eq!(ulps(f32::MIN, f32::MAX), 2 * u64::from(f32::MAX.to_bits()) + 1);
        assert_eq!(ulps(f32::from_bits(1), 0.0), 1);
    }

    proptest! {
        #[test]
        fn ordinals_lead_back(bits in any::<u32>(), wide in any::<u64>()) {
            let (x, y) = (f32::from_bits(bits), f64::from_bits(wide));
            prop_assert_eq!(f32::from_ordinal(x.ordinal()).to_bits(), bits);
            prop_assert_eq!(f64::from_ordinal(y.ordinal()).to_bits(), wide);
        }

        #[test]
        fn neighbours_are_one_apart(x in any::<f32>(), y in any::<f64>()) {
            prop_assume!(x.is_finite() && y.is_finite() && x != 0.0 && y != 0.0);
            prop_assert_eq!(ulps(x, x.next_up()), 1);
            prop_assert_eq!(ulps(y.next_down(), y), 1);
        }

        #[test]
        fn ordinals_order_as_values_do(x in any::<f32>(), y in any::<f32>()) {
            prop_assume!(!x.is_nan() && !y.is_nan());
            prop_assert_eq!(x.total_cmp(&y), x.ordinal().cmp(&y.ordinal()));
        }

        #[test]
        fn zero_exactly_for_equal_bits(x in any::<f64>(), y in any::<f64>()) {
            prop_assert_eq!(ulps(x, y) == 0, x.to_bits() == y.to_bits());
        }
    }
}
