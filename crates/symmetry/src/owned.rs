//! Parameters that own their numbers: the results of functions that change parameters.

use half::{bf16, f16};

use crate::element::Element;
use crate::params::{Elements, ParamView, with_elements};
use crate::sum::{Range, Total};

/// The numbers of a parameter, in one of the four types that checkpoints use.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum OwnedElements {
    /// IEEE single precision.
    F32(Vec<f32>),
    /// IEEE double precision.
    F64(Vec<f64>),
    /// IEEE half precision.
    F16(Vec<f16>),
    /// bfloat16.
    Bf16(Vec<bf16>),
}

impl OwnedElements {
    /// The same numbers, borrowed.
    pub fn elements(&self) -> Elements<'_> {
        match self {
            Self::F32(numbers) => numbers.into(),
            Self::F64(numbers) => numbers.into(),
            Self::F16(numbers) => numbers.into(),
            Self::Bf16(numbers) => numbers.into(),
        }
    }
}

/// A parameter that owns its numbers: a path, a shape, and the entries row-major.
///
/// ```
/// use constinit_symmetry::{OwnedElements, OwnedParam, ParamView};
///
/// let view = ParamView::strided("w", &[3, 2], &[1, 3], &[1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0])?;
/// let owned = OwnedParam::from(&view);
/// assert_eq!(owned.elements(), &OwnedElements::F32(vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0]));
/// assert_eq!(owned.view().get(&[0, 1]), Some(4.0));
/// # Ok::<(), constinit_symmetry::SymmetryError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct OwnedParam {
    path: String,
    shape: Vec<usize>,
    elements: OwnedElements,
}

impl OwnedParam {
    /// `elements` must have as many entries as the shape.
    pub(crate) fn new(path: &str, shape: &[usize], elements: OwnedElements) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), elements.elements().len());
        Self { path: path.into(), shape: shape.into(), elements }
    }

    /// The parameter's name.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The size of every axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The entries, row-major.
    pub fn elements(&self) -> &OwnedElements {
        &self.elements
    }

    /// Returns the entries, row-major, without a copy.
    pub fn into_elements(self) -> OwnedElements {
        self.elements
    }

    /// A borrowed view of the parameter.
    pub fn view(&self) -> ParamView<'_> {
        ParamView::contiguous(&self.path, &self.shape, self.elements.elements())
    }
}

impl From<&ParamView<'_>> for OwnedParam {
    /// Copies the entries in row-major order, whatever the strides.
    fn from(view: &ParamView<'_>) -> Self {
        let elements = with_elements!(view.elements(), |data| Number::wrap(view.in_order(data)));
        Self::new(view.path(), view.shape(), elements)
    }
}

/// Evaluates an expression in which a name stands for the number type.
macro_rules! with_type {
    ($element_type:expr, |$float:ident| $body:expr) => {
        match $element_type {
            $crate::params::ElementType::F32 => {
                type $float = f32;
                $body
            }
            $crate::params::ElementType::F64 => {
                type $float = f64;
                $body
            }
            $crate::params::ElementType::F16 => {
                type $float = half::f16;
                $body
            }
            $crate::params::ElementType::Bf16 => {
                type $float = half::bf16;
                $body
            }
        }
    };
}
pub(crate) use with_type;

/// A type of stored numbers that a value can be rounded to.
pub(crate) trait Number: Element {
    /// The number of bits of a mantissa, including the leading one.
    const PRECISION: i32;
    /// The exponent of the smallest positive number, a power of two.
    const LOWEST: i32;

    /// The nearest number of this type, ties to even.
    fn rounded(value: f64) -> Self;

    /// The number of this type that is nearest to a sum, ties to even.
    fn nearest(total: &Total, range: Range) -> Self {
        Self::rounded(total.to_odd(range))
    }

    fn wrap(numbers: Vec<Self>) -> OwnedElements;

    /// The numbers, if they are of this type.
    fn of(elements: &mut OwnedElements) -> Option<&mut Vec<Self>>;
}

impl Number for f32 {
    const PRECISION: i32 = 24;
    const LOWEST: i32 = -149;

    fn rounded(value: f64) -> Self {
        value as f32
    }

    fn wrap(numbers: Vec<Self>) -> OwnedElements {
        OwnedElements::F32(numbers)
    }

    fn of(elements: &mut OwnedElements) -> Option<&mut Vec<Self>> {
        if let OwnedElements::F32(numbers) = elements { Some(numbers) } else { None }
    }
}

impl Number for f64 {
    const PRECISION: i32 = 53;
    const LOWEST: i32 = -1074;

    fn rounded(value: f64) -> Self {
        value
    }

    fn nearest(total: &Total, range: Range) -> Self {
        total.rounded(range)
    }

    fn wrap(numbers: Vec<Self>) -> OwnedElements {
        OwnedElements::F64(numbers)
    }

    fn of(elements: &mut OwnedElements) -> Option<&mut Vec<Self>> {
        if let OwnedElements::F64(numbers) = elements { Some(numbers) } else { None }
    }
}

impl Number for f16 {
    const PRECISION: i32 = 11;
    const LOWEST: i32 = -24;

    fn rounded(value: f64) -> Self {
        Self::from_f64(odd_in_upper_half(value))
    }

    fn wrap(numbers: Vec<Self>) -> OwnedElements {
        OwnedElements::F16(numbers)
    }

    fn of(elements: &mut OwnedElements) -> Option<&mut Vec<Self>> {
        if let OwnedElements::F16(numbers) = elements { Some(numbers) } else { None }
    }
}

impl Number for bf16 {
    const PRECISION: i32 = 8;
    const LOWEST: i32 = -133;

    fn rounded(value: f64) -> Self {
        Self::from_f64(odd_in_upper_half(value))
    }

    fn wrap(numbers: Vec<Self>) -> OwnedElements {
        OwnedElements::Bf16(numbers)
    }

    fn of(elements: &mut OwnedElements) -> Option<&mut Vec<Self>> {
        if let OwnedElements::Bf16(numbers) = elements { Some(numbers) } else { None }
    }
}

/// Replaces the lower half of the bits by one bit that says whether any of them was set. `half` inspects only the upper
/// half, and would round a number just above the middle of two as if it were the middle.
fn odd_in_upper_half(value: f64) -> f64 {
    let bits = value.to_bits();
    let lower = bits & 0xffff_ffff;
    if lower == 0 { value } else { f64::from_bits((bits ^ lower) | 1 << 32) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Whether no neighbouring number is nearer.
    fn is_nearest<T: Number>(value: f64, found: T, from_bits: impl Fn(u16) -> T) -> bool {
        let bits = found.bits() as u16;
        let neighbours = (bits.saturating_sub(2)..=bits.saturating_add(2)).map(from_bits);
        let off = |x: T| (x.value() - value).abs();
        neighbours.filter(|x| x.value().is_finite()).all(|x| off(found) <= off(x))
    }

    proptest! {
        #[test]
        fn halves_are_the_nearest(bits in any::<u32>(), low in any::<u32>()) {
            let value = f64::from(f32::from_bits(bits & 0xbfff_ffff));
            let value = f64::from_bits(value.to_bits() | u64::from(low));
            prop_assume!(value.abs() < 60_000.0);
            prop_assert!(is_nearest(value, f16::rounded(value), f16::from_bits));
            prop_assert!(is_nearest(value, bf16::rounded(value), bf16::from_bits));
        }
    }

    #[test]
    fn just_above_the_middle_is_rounded_up() {
        // 1 + 2^-11 lies between 1 and the next half-precision number.
        let middle = 1.0 + 2f64.powi(-11);
        assert_eq!(f16::rounded(middle).to_f64(), 1.0);
        assert_eq!(f16::rounded(middle + 2f64.powi(-50)).to_f64(), 1.0 + 2f64.powi(-10));
        assert_eq!(bf16::rounded(1.0 + 2f64.powi(-8)).to_f64(), 1.0);
        assert_eq!(
            bf16::rounded(1.0 + 2f64.powi(-8) + 2f64.powi(-50)).to_f64(),
            1.0 + 2f64.powi(-7)
        );
        assert!(f16::rounded(f64::NAN).is_nan() && f16::rounded(1e9).is_infinite());
    }
}
