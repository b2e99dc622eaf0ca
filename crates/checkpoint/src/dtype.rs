//! The types of entries, and how each is read.
//!
//! Four types are read as stored. An entry of any other type is read as one or two numbers of these four types.
//! Different entries become different numbers, zero becomes zero and NaN becomes NaN, so equality, zeros and non-finite
//! entries need no further code.
//!
//! | type | zero | not finite |
//! |---|---|---|
//! | F32, F64, F16, BF16 | both signs | IEEE |
//! | F8_E4M3 | both signs | NaN 0x7F and 0xFF; no infinity |
//! | F8_E5M2 | both signs | as IEEE: exponent 31 |
//! | F8_E4M3FNUZ, F8_E5M2FNUZ | 0x00 | NaN 0x80; no infinity |
//! | F8_E8M0 | none: powers of two | NaN 0xFF |
//! | F6_E2M3, F6_E3M2, F4 | both signs | none |
//! | integers, BOOL | 0 | none |
//! | C32, C64, C128 | both parts | either part |
//! | QI8, QU8, QI32 | the zero point | none |

use std::fmt;

/// Declares [`DType`] with the names of its values and the list of them.
macro_rules! dtypes {
    ($($(#[$doc:meta])* $dtype:ident = $name:literal,)*) => {
        /// A type of entries as checkpoints store them, little-endian.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum DType {
            $($(#[$doc])* $dtype,)*
        }

        impl DType {
            /// All types.
            pub const ALL: &'static [Self] = &[$(Self::$dtype),*];

            /// The type of this name in safetensors files; `None` for an unknown name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$dtype),)*
                    _ => None,
                }
            }

            /// The name in safetensors files; for types that this format lacks, a name in the same style.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$dtype => $name,)*
                }
            }
        }
    };
}

dtypes! {
    /// IEEE single precision.
    F32 = "F32",
    /// IEEE double precision.
    F64 = "F64",
    /// IEEE half precision.
    F16 = "F16",
    /// bfloat16.
    Bf16 = "BF16",
    /// 4 exponent bits, 3 of the mantissa, no infinity: `float8_e4m3fn`.
    F8E4M3 = "F8_E4M3",
    /// 5 exponent bits, 2 of the mantissa, as IEEE: `float8_e5m2`.
    F8E5M2 = "F8_E5M2",
    /// A power of two: `float8_e8m0fnu`.
    F8E8M0 = "F8_E8M0",
    /// As `F8_E4M3` with another bias, no negative zero and one NaN.
    F8E4M3Fnuz = "F8_E4M3FNUZ",
    /// As `F8_E5M2` with another bias, no negative zero, no infinity and one NaN.
    F8E5M2Fnuz = "F8_E5M2FNUZ",
    /// 2 exponent bits, 3 of the mantissa; four entries in three bytes.
    F6E2M3 = "F6_E2M3",
    /// 3 exponent bits, 2 of the mantissa; four entries in three bytes.
    F6E3M2 = "F6_E3M2",
    /// 2 exponent bits, 1 of the mantissa; two entries per byte.
    F4 = "F4",
    /// Two of `F4` in a byte that counts as one entry: PyTorch's `float4_e2m1fn_x2`.
    F4x2 = "F4x2",
    /// 4 bits with a sign; two entries per byte.
    I4 = "I4",
    /// 4 bits; two entries per byte.
    U4 = "U4",
    /// A byte, 0 or 1.
    Bool = "BOOL",
    /// 8 bits.
    U8 = "U8",
    /// 8 bits with a sign.
    I8 = "I8",
    /// 16 bits.
    U16 = "U16",
    /// 16 bits with a sign.
    I16 = "I16",
    /// 32 bits.
    U32 = "U32",
    /// 32 bits with a sign.
    I32 = "I32",
    /// 64 bits.
    U64 = "U64",
    /// 64 bits with a sign.
    I64 = "I64",
    /// Complex, of half precision.
    C32 = "C32",
    /// Complex, of single precision.
    C64 = "C64",
    /// Complex, of double precision.
    C128 = "C128",
    /// 8 bits with a sign, a scale and a zero point: PyTorch's `qint8`.
    QI8 = "QI8",
    /// 8 bits, a scale and a zero point: PyTorch's `quint8`.
    QU8 = "QU8",
    /// 32 bits with a sign, a scale and a zero point: PyTorch's `qint32`.
    QI32 = "QI32",
}

// Every table has an entry for every type.
#[deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]
impl DType {
    /// Bits of an entry in the file.
    pub fn bits(self) -> usize {
        match self {
            Self::F4 | Self::I4 | Self::U4 => 4,
            Self::F6E2M3 | Self::F6E3M2 => 6,
            Self::F8E4M3 | Self::F8E5M2 | Self::F8E8M0 | Self::F8E4M3Fnuz | Self::F8E5M2Fnuz => 8,
            Self::F4x2 | Self::Bool | Self::U8 | Self::I8 | Self::QI8 | Self::QU8 => 8,
            Self::F16 | Self::Bf16 | Self::U16 | Self::I16 => 16,
            Self::F32 | Self::U32 | Self::I32 | Self::C32 | Self::QI32 => 32,
            Self::F64 | Self::U64 | Self::I64 | Self::C64 => 64,
            Self::C128 => 128,
        }
    }

    /// The type of the numbers that an entry is read as: F32, F64, F16 or BF16.
    pub fn read_as(self) -> Self {
        match self {
            Self::F16 | Self::C32 => Self::F16,
            Self::Bf16 => Self::Bf16,
            Self::F32 | Self::C64 => Self::F32,
            Self::F64 | Self::C128 => Self::F64,
            // Single precision represents every entry of at most 16 bits exactly.
            Self::F8E4M3 | Self::F8E5M2 | Self::F8E8M0 | Self::F8E4M3Fnuz | Self::F8E5M2Fnuz => {
                Self::F32
            }
            Self::F6E2M3 | Self::F6E3M2 | Self::F4 | Self::F4x2 => Self::F32,
            Self::I4 | Self::U4 | Self::Bool | Self::U8 | Self::I8 | Self::U16 | Self::I16 => {
                Self::F32
            }
            Self::U32 | Self::I32 | Self::U64 | Self::I64 => Self::F64,
            Self::QI8 | Self::QU8 | Self::QI32 => Self::F64,
        }
    }

    /// How many numbers an entry is read as: two for complex ones (real and imaginary part), for integers of 64 bits
    /// (the lower and the upper half) and for pairs.
    pub fn parts(self) -> usize {
        match self {
            Self::C32 | Self::C64 | Self::C128 | Self::U64 | Self::I64 | Self::F4x2 => 2,
            Self::F32 | Self::F64 | Self::F16 | Self::Bf16 => 1,
            Self::F8E4M3 | Self::F8E5M2 | Self::F8E8M0 | Self::F8E4M3Fnuz | Self::F8E5M2Fnuz => 1,
            Self::F6E2M3 | Self::F6E3M2 | Self::F4 | Self::I4 | Self::U4 => 1,
            Self::Bool | Self::U8 | Self::I8 | Self::U16 | Self::I16 | Self::U32 | Self::I32 => 1,
            Self::QI8 | Self::QU8 | Self::QI32 => 1,
        }
    }

    /// Whether entries are real numbers with a fraction. A tolerance applies only to these; all others are compared by
    /// bits.
    pub fn is_float(self) -> bool {
        match self {
            Self::F32 | Self::F64 | Self::F16 | Self::Bf16 => true,
            Self::F8E4M3 | Self::F8E5M2 | Self::F8E8M0 | Self::F8E4M3Fnuz | Self::F8E5M2Fnuz => {
                true
            }
            Self::F6E2M3 | Self::F6E3M2 | Self::F4 | Self::F4x2 => true,
            Self::I4 | Self::U4 | Self::Bool | Self::U8 | Self::I8 | Self::U16 | Self::I16 => false,
            Self::U32 | Self::I32 | Self::U64 | Self::I64 => false,
            Self::C32 | Self::C64 | Self::C128 | Self::QI8 | Self::QU8 | Self::QI32 => false,
        }
    }

    /// Whether an entry can be NaN or infinite.
    pub fn may_be_non_finite(self) -> bool {
        match self {
            Self::F32 | Self::F64 | Self::F16 | Self::Bf16 => true,
            Self::F8E4M3 | Self::F8E5M2 | Self::F8E8M0 | Self::F8E4M3Fnuz | Self::F8E5M2Fnuz => {
                true
            }
            Self::C32 | Self::C64 | Self::C128 => true,
            Self::F6E2M3 | Self::F6E3M2 | Self::F4 | Self::F4x2 => false,
            Self::I4 | Self::U4 | Self::Bool | Self::U8 | Self::I8 | Self::U16 | Self::I16 => false,
            Self::U32 | Self::I32 | Self::U64 | Self::I64 => false,
            Self::QI8 | Self::QU8 | Self::QI32 => false,
        }
    }

    /// Whether the file stores its numbers as they are read: the four types, and complex numbers of them.
    pub(crate) fn is_stored_as_read(self) -> bool {
        self.bits() == self.parts() * self.read_as().bits()
    }

    /// Whether it is one of the four types whose numbers are added, merged and written.
    pub(crate) fn is_own(self) -> bool {
        self.read_as() == self
    }

    /// The size in bytes of one of the numbers that entries are read as.
    pub(crate) fn number_size(self) -> usize {
        self.read_as().bits() / 8
    }

    /// The bytes that entries take in the file; `None` if they end within a byte or cannot be counted.
    pub(crate) fn file_bytes(self, entries: usize) -> Option<u64> {
        let bits = (entries as u64).checked_mul(self.bits() as u64)?;
        bits.is_multiple_of(8).then_some(bits / 8)
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_agree() {
        for &dtype in DType::ALL {
            assert_eq!(DType::from_name(dtype.name()), Some(dtype));
            assert!(dtype.read_as().is_own() && dtype.read_as().parts() == 1, "{dtype}");
            // Room for every entry: a number of single precision holds 24 bits, of double precision 53.
            let room = dtype.parts() * if dtype.read_as() == DType::F64 { 53 } else { 24 };
            assert!(dtype.is_stored_as_read() || dtype.bits() <= room, "{dtype}");
        }
        let own: Vec<&str> =
            DType::ALL.iter().filter(|d| d.is_own()).map(|dtype| dtype.name()).collect();
        assert_eq!(own, ["F32", "F64", "F16", "BF16"]);
        let as_read = DType::ALL.iter().filter(|d| d.is_stored_as_read()).count();
        assert_eq!(as_read, 7);
    }

    /// The list of the format's own library, which has no other types.
    #[test]
    fn all_types_of_safetensors_are_known() {
        use safetensors::Dtype::*;
        for dtype in [
            BOOL,
            F4,
            F6_E2M3,
            F6_E3M2,
            U8,
            I8,
            F8_E5M2,
            F8_E4M3,
            F8_E8M0,
            F8_E4M3FNUZ,
            F8_E5M2FNUZ,
            I16,
            U16,
            F16,
            BF16,
            I32,
            U32,
            F32,
            C64,
            F64,
            I64,
            U64,
        ] {
            let known = DType::from_name(&dtype.to_string());
            assert_eq!(known.map(DType::bits), Some(dtype.bitsize()), "{dtype}");
        }
    }
}
