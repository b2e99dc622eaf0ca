//! Decodes entries of other types into numbers of the four types that are read as stored.
//!
//! Different entries of a type become different numbers, except NaNs, which are equal to nothing:
//!
//! ```text
//! F8, F6, F4          ±2^(e - bias) (1 + m / 2^bits)      exponent bits 0: ±2^(1 - bias) m / 2^bits
//! integers, BOOL      the integer; 64 bits as the lower and the upper half
//! QI8, QU8, QI32      scale * (q - zero point)
//! ```

use std::ops::Range;
use std::sync::Arc;

use crate::dtype::DType;
use crate::values::ParameterValues;

/// The value of a quantised integer q: `scale * (q - zero_point)`, with the scale and the zero point of its channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Affine {
    /// Scales, as bits, and zero points.
    channels: Arc<[(u64, i64)]>,
    /// The number of entries in one step along the axis of the channels.
    run: usize,
}

impl Affine {
    /// Takes the scale and the zero point of every channel; a channel has `run` entries in a row. `None` if a scale is
    /// not a positive normal number, because different integers could then have the same value, if a zero point needs
    /// more than 32 bits, and if there is no channel or no entry in one.
    pub fn new(channels: impl IntoIterator<Item = (f64, i64)>, run: usize) -> Option<Self> {
        let channel = |(scale, zero_point): (f64, i64)| {
            let fits = scale.is_normal() && scale > 0.0 && i32::try_from(zero_point).is_ok();
            fits.then_some((scale.to_bits(), zero_point))
        };
        let channels: Option<Arc<[_]>> = channels.into_iter().map(channel).collect();
        channels.filter(|all| !all.is_empty() && run > 0).map(|channels| Self { channels, run })
    }

    /// Whether all entries have one scale.
    pub fn is_of_tensor(&self) -> bool {
        self.channels.len() == 1
    }

    fn value(&self, entry: usize, integer: i64) -> f64 {
        let (scale, zero_point) = self.channels[entry / self.run % self.channels.len()];
        f64::from_bits(scale) * (integer - zero_point) as f64
    }
}

/// A type, and the scales of its integers if it is quantised.
#[derive(Clone, Copy)]
pub(crate) struct Code<'a> {
    pub dtype: DType,
    pub affine: Option<&'a Affine>,
}

/// Decodes entries into a range of `numbers`, from entry `first` of the parameter on, which begins at bit `bit` of
/// `raw`. If the range begins in the middle of an entry that is read as two numbers, `skip` numbers of that entry are
/// left out.
pub(crate) fn decode(
    code: Code<'_>,
    (raw, bit): (&[u8], usize),
    [first, skip]: [usize; 2],
    numbers: &mut ParameterValues,
    range: Range<usize>,
) {
    let (width, parts) = (code.dtype.bits(), code.dtype.parts());
    let number = |place: usize| {
        let place = place + skip;
        let bits = bits_at(raw, bit + place / parts * width, width);
        entry(code, first + place / parts, bits)[place % parts]
    };
    match numbers {
        ParameterValues::F32(data) => {
            let places = data[range].iter_mut().enumerate();
            // Types that are read as F32 have at most 24 bits, so this is exact.
            places.for_each(|(place, x)| *x = number(place) as f32);
        }
        ParameterValues::F64(data) => {
            let places = data[range].iter_mut().enumerate();
            places.for_each(|(place, x)| *x = number(place));
        }
        // Only types that are stored as these are read as these, and they are not decoded.
        ParameterValues::F16(_) | ParameterValues::Bf16(_) => {}
    }
}

/// `width` bits from bit `bit` on, with the lowest bit of every byte first.
fn bits_at(raw: &[u8], bit: usize, width: usize) -> u64 {
    let (first, end) = (bit / 8, (bit + width).div_ceil(8));
    // The most common case.
    if width == 8 && bit.is_multiple_of(8) {
        return raw[first].into();
    }
    let bytes = raw[first..end].iter().rev();
    let all = bytes.fold(0_u128, |all, &byte| all << 8 | u128::from(byte));
    let mask = if width >= 64 { u64::MAX } else { (1 << width) - 1 };
    (all >> (bit % 8)) as u64 & mask
}

/// The numbers of entry `number`; if it is only one, the second is 0.
#[deny(clippy::wildcard_enum_match_arm)]
fn entry(Code { dtype, affine }: Code<'_>, number: usize, bits: u64) -> [f64; 2] {
    let of = |small: Small| f64::from(small.value(bits as u32));
    let quantised =
        |integer: i64| affine.map_or(integer as f64, |affine| affine.value(number, integer));
    let one = match dtype {
        DType::F8E4M3 => of(Small { exponent: 4, mantissa: 3, bias: 7, special: Special::AllOnes }),
        DType::F8E5M2 => of(Small { exponent: 5, mantissa: 2, bias: 15, special: Special::Ieee }),
        DType::F8E4M3Fnuz => {
            of(Small { exponent: 4, mantissa: 3, bias: 8, special: Special::NegativeZero })
        }
        DType::F8E5M2Fnuz => {
            of(Small { exponent: 5, mantissa: 2, bias: 16, special: Special::NegativeZero })
        }
        DType::F8E8M0 => f64::from(match bits as u32 {
            0xff => f32::NAN,
            // 2^-127 is subnormal in single precision.
            0 => f32::from_bits(0x0040_0000),
            exponent => f32::from_bits(exponent << 23),
        }),
        DType::F6E2M3 => of(Small { exponent: 2, mantissa: 3, bias: 1, special: Special::None }),
        DType::F6E3M2 => of(Small { exponent: 3, mantissa: 2, bias: 3, special: Special::None }),
        DType::F4 => of(F4),
        DType::F4x2 => {
            return [bits as u32 & 0xf, bits as u32 >> 4].map(|half| f64::from(F4.value(half)));
        }
        DType::I4 => ((bits as i64) << 60 >> 60) as f64,
        DType::I8 => f64::from(bits as i8),
        DType::I16 => f64::from(bits as i16),
        DType::I32 => f64::from(bits as i32),
        DType::U4 | DType::Bool | DType::U8 | DType::U16 | DType::U32 => bits as f64,
        DType::U64 => return [f64::from(bits as u32), f64::from((bits >> 32) as u32)],
        DType::I64 => return [f64::from(bits as u32), f64::from((bits >> 32) as i32)],
        DType::QI8 => quantised((bits as i8).into()),
        DType::QU8 => quantised((bits as u8).into()),
        DType::QI32 => quantised((bits as i32).into()),
        DType::F16 => f64::from(half::f16::from_bits(bits as u16)),
        DType::Bf16 => f64::from(half::bf16::from_bits(bits as u16)),
        DType::F32 => f64::from(f32::from_bits(bits as u32)),
        DType::F64 => f64::from_bits(bits),
        // Read as they are stored.
        DType::C32 | DType::C64 | DType::C128 => f64::NAN,
    };
    [one, 0.0]
}

const F4: Small = Small { exponent: 2, mantissa: 1, bias: 1, special: Special::None };

/// A float of at most 8 bits.
struct Small {
    exponent: u32,
    mantissa: u32,
    bias: u32,
    special: Special,
}

/// Which bits are not a finite number.
enum Special {
    None,
    /// The highest exponent: infinite if the mantissa is 0, otherwise NaN.
    Ieee,
    /// Everything but the sign is 1: NaN.
    AllOnes,
    /// The bits of a negative zero: NaN.
    NegativeZero,
}

impl Small {
    fn value(&self, bits: u32) -> f32 {
        let Self { exponent, mantissa, bias, .. } = *self;
        let all_ones = (1 << (exponent + mantissa)) - 1;
        let (sign, rest) = (bits >> (exponent + mantissa) & 1, bits & all_ones);
        let (e, m) = (rest >> mantissa, rest & ((1 << mantissa) - 1));
        let no_number = match self.special {
            Special::None => false,
            Special::Ieee => e == (1 << exponent) - 1,
            Special::AllOnes => rest == all_ones,
            Special::NegativeZero => sign == 1 && rest == 0,
        };
        let magnitude = match (no_number, e) {
            (true, _) if matches!(self.special, Special::Ieee) && m == 0 => f32::INFINITY,
            (true, _) => return f32::NAN,
            (_, 0) => m as f32 * f32::from_bits((128 - bias - mantissa) << 23),
            _ => f32::from_bits((e + 127 - bias) << 23 | m << (23 - mantissa)),
        };
        if sign == 1 { -magnitude } else { magnitude }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(dtype: DType) -> Vec<f32> {
        let code = Code { dtype, affine: None };
        (0..1_u64 << dtype.bits()).map(|bits| entry(code, 0, bits)[0] as f32).collect()
    }

    /// Numbers of ml_dtypes 0.6.0:
    ///
    /// ```python
    /// import ml_dtypes as m, numpy as np
    /// for t in (m.float8_e4m3fn, m.float8_e5m2, m.float8_e4m3fnuz, m.float8_e5m2fnuz, m.float8_e8m0fnu,
    ///           m.float6_e2m3fn, m.float6_e3m2fn, m.float4_e2m1fn):
    ///     x = np.arange(2 ** m.finfo(t).bits, dtype='u1').view(t).astype('f4')
    ///     ok = x[np.isfinite(x)].astype('f8')
    ///     print(t.__name__, ok.max(), np.abs(ok[ok != 0]).min(), np.isnan(x).sum(), np.isinf(x).sum(), (x == 0).sum(),
    ///           np.abs(ok).sum())
    /// ```
    #[test]
    fn small_floats_are_those_of_their_definitions() {
        for (dtype, largest, smallest, nan, infinite, zero, sum) in ML_DTYPES {
            let numbers = all(dtype);
            let finite = || numbers.iter().copied().filter(|x| x.is_finite()).map(f64::from);
            let count = |is: fn(&f32) -> bool| numbers.iter().filter(|x| is(x)).count();
            assert_eq!(finite().fold(0.0, f64::max), largest, "{dtype}");
            let nonzero = finite().map(f64::abs).filter(|x| *x > 0.0);
            assert_eq!(nonzero.fold(f64::INFINITY, f64::min), smallest, "{dtype}");
            assert_eq!(count(|x| x.is_nan()), nan, "{dtype}");
            assert_eq!(count(|x| x.is_infinite()), infinite, "{dtype}");
            assert_eq!(count(|x| *x == 0.0), zero, "{dtype}");
            assert_eq!(finite().map(f64::abs).sum::<f64>(), sum, "{dtype}");
        }
    }

    type Facts = (DType, f64, f64, usize, usize, usize, f64);
    const ML_DTYPES: [Facts; 8] = [
        (DType::F8E4M3, 448.0, 0.001953125, 2, 0, 2, 10815.75),
        (DType::F8E5M2, 57344.0, 1.52587890625e-05, 6, 2, 2, 720895.9995117188),
        (DType::F8E4M3Fnuz, 240.0, 0.0009765625, 1, 0, 1, 5887.875),
        (DType::F8E5M2Fnuz, 57344.0, 7.62939453125e-06, 1, 0, 1, 720895.9997558594),
        (
            DType::F8E8M0,
            1.7014118346046923e38,
            5.877471754111438e-39,
            1,
            0,
            0,
            3.402823669209385e38,
        ),
        (DType::F6E2M3, 7.5, 0.125, 0, 0, 2, 168.0),
        (DType::F6E3M2, 28.0, 0.0625, 0, 0, 2, 350.0),
        (DType::F4, 6.0, 0.5, 0, 0, 2, 36.0),
    ];

    #[test]
    fn different_entries_are_different_numbers() {
        let affine = Affine::new([(0.1, 3)], 1).unwrap();
        for &dtype in DType::ALL.iter().filter(|dtype| dtype.bits() <= 16) {
            let entries = 0..1_u64 << dtype.bits();
            let numbers: Vec<[f64; 2]> = entries
                .map(|bits| entry(Code { dtype, affine: Some(&affine) }, 0, bits))
                .filter(|[x, _]| !x.is_nan())
                .collect();
            let distinct: std::collections::HashSet<[u64; 2]> =
                numbers.iter().map(|pair| pair.map(f64::to_bits)).collect();
            assert_eq!(distinct.len(), numbers.len(), "{dtype}");
        }
        let wide = |dtype, bits| entry(Code { dtype, affine: None }, 0, bits);
        assert_eq!(wide(DType::I64, u64::MAX), [f64::from(u32::MAX), -1.0]);
        assert_eq!(wide(DType::U64, 1 << 63 | 1), [1.0, f64::from(1_u32 << 31)]);
        assert_eq!(wide(DType::I32, 0xffff_ffff), [-1.0, 0.0]);
        assert_eq!(wide(DType::U32, 0xffff_ffff), [f64::from(u32::MAX), 0.0]);
        // Two channels, each with two entries in a row.
        let affine = Affine::new([(0.5, -3), (2.0, 1)], 2).unwrap();
        let code = |dtype| Code { dtype, affine: Some(&affine) };
        let channels: Vec<f64> =
            (0..6).map(|number| entry(code(DType::QI8), number, 0xfd)[0]).collect();
        assert_eq!(channels, [0.0, 0.0, -8.0, -8.0, 0.0, 0.0]);
        assert_eq!(entry(code(DType::QI32), 0, 1), [2.0, 0.0]);
        assert!(!affine.is_of_tensor());
        for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Affine::new([(scale, 0)], 1), None, "{scale}");
        }
    }

    #[test]
    fn any_stretch_of_packed_entries() {
        // 0, 1, 2, .. of six bits, the lowest bits first.
        let raw: Vec<u8> = (0..4_u32)
            .flat_map(|k| {
                let four = (0..4).fold(0, |all, j| all | (4 * k + j) << (6 * j));
                four.to_le_bytes()[..3].to_vec()
            })
            .collect();
        let dtype = DType::F6E2M3;
        let whole: Vec<f32> = all(dtype)[..16].to_vec();
        for first in 0..16 {
            for end in first..16 {
                let mut numbers = ParameterValues::F32(vec![9.0; end - first + 1]);
                let from = first * 6 / 8;
                let raw = &raw[from..(end * 6).div_ceil(8).max(from)];
                let bit = first * 6 - from * 8;
                let code = Code { dtype, affine: None };
                decode(code, (raw, bit), [first, 0], &mut numbers, 1..end - first + 1);
                let expected = [&[9.0], &whole[first..end]].concat();
                assert_eq!(numbers, ParameterValues::F32(expected), "{first}..{end}");
            }
        }
        // The upper half of an integer alone.
        let mut half = ParameterValues::F64(vec![0.0; 2]);
        let raw = [7_u64 << 32 | 5, 9].map(u64::to_le_bytes).concat();
        decode(Code { dtype: DType::I64, affine: None }, (&raw, 0), [0, 1], &mut half, 0..2);
        assert_eq!(half, ParameterValues::F64(vec![7.0, 9.0]));
    }
}
