//! Borrowed views of parameters: a path, a shape, strides and borrowed numbers.
//!
//! The entry at index (i₀, …, iₖ) of a view lies at Σ iₐ·strideₐ of its slice. A contiguous view is row-major: the
//! last axis has stride 1.

use half::{bf16, f16};

use crate::element::Element;
use crate::error::{ParameterError, SymmetryError};

/// The numbers of a parameter, borrowed, in one of the four types that checkpoints use.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Elements<'a> {
    /// IEEE single precision.
    F32(&'a [f32]),
    /// IEEE double precision.
    F64(&'a [f64]),
    /// IEEE half precision.
    F16(&'a [f16]),
    /// bfloat16.
    Bf16(&'a [bf16]),
}

/// The type of a parameter's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ElementType {
    /// IEEE single precision.
    F32,
    /// IEEE double precision.
    F64,
    /// IEEE half precision.
    F16,
    /// bfloat16.
    Bf16,
}

impl Elements<'_> {
    /// The type of the numbers.
    pub fn element_type(&self) -> ElementType {
        match self {
            Self::F32(_) => ElementType::F32,
            Self::F64(_) => ElementType::F64,
            Self::F16(_) => ElementType::F16,
            Self::Bf16(_) => ElementType::Bf16,
        }
    }

    /// The length of the slice.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(s) => s.len(),
            Self::F64(s) => s.len(),
            Self::F16(s) => s.len(),
            Self::Bf16(s) => s.len(),
        }
    }

    /// Whether the slice is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

macro_rules! from_slice {
    ($($float:ty => $variant:ident),*) => {$(
        impl<'a> From<&'a [$float]> for Elements<'a> {
            fn from(slice: &'a [$float]) -> Self {
                Self::$variant(slice)
            }
        }
        impl<'a> From<&'a Vec<$float>> for Elements<'a> {
            fn from(numbers: &'a Vec<$float>) -> Self {
                Self::$variant(numbers)
            }
        }
        impl<'a, const N: usize> From<&'a [$float; N]> for Elements<'a> {
            fn from(numbers: &'a [$float; N]) -> Self {
                Self::$variant(numbers)
            }
        }
    )*};
}

from_slice!(f32 => F32, f64 => F64, f16 => F16, bf16 => Bf16);

/// Evaluates an expression with the slice of numbers, whatever their type.
macro_rules! with_elements {
    ($elements:expr, |$data:ident| $body:expr) => {
        match $elements {
            $crate::params::Elements::F32($data) => $body,
            $crate::params::Elements::F64($data) => $body,
            $crate::params::Elements::F16($data) => $body,
            $crate::params::Elements::Bf16($data) => $body,
        }
    };
}

pub(crate) use with_elements;

/// One parameter of a network, borrowed.
///
/// ```
/// use constinit_symmetry::ParamView;
///
/// let numbers = [1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0];
/// let weight = ParamView::new("linear1.weight", &[2, 3], &numbers)?;
/// assert_eq!(weight.get(&[1, 0]), Some(4.0));
///
/// // The transpose of the same numbers, without a copy.
/// let turned = ParamView::strided("linear1.weight", &[3, 2], &[1, 3], &numbers)?;
/// assert_eq!(turned.get(&[0, 1]), Some(4.0));
/// # Ok::<(), constinit_symmetry::SymmetryError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ParamView<'a> {
    path: &'a str,
    shape: Vec<usize>,
    strides: Vec<usize>,
    elements: Elements<'a>,
}

impl<'a> ParamView<'a> {
    /// A contiguous, row-major view.
    ///
    /// # Errors
    ///
    /// [`ParameterError::ShapeOverflow`] if the number of entries does not fit a `usize`, and
    /// [`ParameterError::ViewLength`] if the slice does not have exactly the shape's number of entries.
    pub fn new(
        path: &'a str,
        shape: &[usize],
        elements: impl Into<Elements<'a>>,
    ) -> Result<Self, SymmetryError> {
        let elements = elements.into();
        let (strides, entries) = row_major(path, shape)?;
        if entries != elements.len() {
            return Err(ParameterError::ViewLength {
                parameter: path.into(),
                shape: shape.into(),
                expected: entries,
                found: elements.len(),
            }
            .into());
        }
        Ok(Self { path, shape: shape.into(), strides, elements })
    }

    /// A view with a stride, counted in elements, for every axis. Strides of 0 (a broadcast axis) are allowed.
    ///
    /// # Errors
    ///
    /// [`ParameterError::StrideCount`] if there is not one stride per axis, [`ParameterError::ShapeOverflow`] if the
    /// number of entries or an offset does not fit a `usize`, [`ParameterError::ViewOutOfBounds`] if the last entry
    /// lies past the end of the slice.
    pub fn strided(
        path: &'a str,
        shape: &[usize],
        strides: &[usize],
        elements: impl Into<Elements<'a>>,
    ) -> Result<Self, SymmetryError> {
        let elements = elements.into();
        let overflow = || {
            SymmetryError::Parameter(ParameterError::ShapeOverflow {
                parameter: path.into(),
                shape: shape.into(),
            })
        };
        if strides.len() != shape.len() {
            return Err(ParameterError::StrideCount {
                parameter: path.into(),
                shape: shape.into(),
                strides: strides.into(),
            }
            .into());
        }
        let (_, entries) = row_major(path, shape)?;
        if entries > 0 {
            let mut last = 0usize;
            for (&size, &stride) in shape.iter().zip(strides) {
                let reach = (size - 1).checked_mul(stride).ok_or_else(overflow)?;
                last = last.checked_add(reach).ok_or_else(overflow)?;
            }
            if last >= elements.len() {
                return Err(ParameterError::ViewOutOfBounds {
                    parameter: path.into(),
                    shape: shape.into(),
                    strides: strides.into(),
                    last,
                    found: elements.len(),
                }
                .into());
            }
        }
        Ok(Self { path, shape: shape.into(), strides: strides.into(), elements })
    }

    /// A row-major view of a shape that is known to have these entries.
    pub(crate) fn contiguous(path: &'a str, shape: &[usize], elements: Elements<'a>) -> Self {
        Self { path, shape: shape.into(), strides: strides(shape), elements }
    }

    /// The offset of an entry in the slice, from its row-major number.
    pub(crate) fn offset(&self, entry: usize) -> usize {
        let mut rest = entry;
        let dims = self.shape.iter().zip(&self.strides).rev();
        dims.fold(0, |offset, (len, stride)| {
            let index = rest % len;
            rest /= len;
            offset + index * stride
        })
    }

    /// The parameter's name.
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// The size of every axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The stride of every axis, in elements.
    pub fn strides(&self) -> &[usize] {
        &self.strides
    }

    /// The numbers.
    pub fn elements(&self) -> Elements<'a> {
        self.elements
    }

    /// Path and shape, as [`AxesSpecBuilder::build`](crate::AxesSpecBuilder::build) takes them.
    pub fn signature(&self) -> (&str, &[usize]) {
        (self.path, &self.shape)
    }

    /// The number of entries.
    pub fn entries(&self) -> usize {
        self.shape.iter().product()
    }

    /// All values, row-major.
    pub fn to_f64(&self) -> Vec<f64> {
        with_elements!(self.elements, |data| {
            self.in_order(data).into_iter().map(Element::value).collect()
        })
    }

    /// The numbers of `data` at the places of the view, row-major.
    pub(crate) fn in_order<T: Copy>(&self, data: &[T]) -> Vec<T> {
        if self.strides == strides(&self.shape) {
            return data[..self.entries()].to_vec();
        }
        (0..self.entries()).map(|entry| data[self.offset(entry)]).collect()
    }

    /// The value at an index, or `None` outside of the shape.
    pub fn get(&self, index: &[usize]) -> Option<f64> {
        if index.len() != self.shape.len() || index.iter().zip(&self.shape).any(|(i, n)| i >= n) {
            return None;
        }
        let offset = index.iter().zip(&self.strides).map(|(i, s)| i * s).sum::<usize>();
        Some(match self.elements {
            Elements::F32(s) => s[offset].into(),
            Elements::F64(s) => s[offset],
            Elements::F16(s) => s[offset].into(),
            Elements::Bf16(s) => s[offset].into(),
        })
    }
}

/// Row-major strides and the number of entries.
fn row_major(path: &str, shape: &[usize]) -> Result<(Vec<usize>, usize), SymmetryError> {
    fits(path, shape)?;
    Ok((strides(shape), shape.iter().product()))
}

/// Checks that the number of entries fits a `usize`, even if sizes of 0 count as 1. Then the strides fit, too.
pub(crate) fn fits(path: &str, shape: &[usize]) -> Result<(), SymmetryError> {
    shape
        .iter()
        .try_fold(1usize, |entries, &size| entries.checked_mul(size.max(1)))
        .filter(|&entries| entries <= isize::MAX as usize)
        .map(|_| ())
        .ok_or_else(|| {
            SymmetryError::Parameter(ParameterError::ShapeOverflow {
                parameter: path.into(),
                shape: shape.into(),
            })
        })
}

/// Row-major strides of a shape whose entries can be counted.
pub(crate) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis].max(1);
    }
    strides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        let numbers = [0.0_f32; 6];
        assert!(ParamView::new("w", &[2, 3], &numbers).is_ok());
        assert!(ParamView::new("w", &[], &numbers[..1]).is_ok());
        assert!(ParamView::new("w", &[0, 3], &numbers[..0]).is_ok());
        let length = ParamView::new("w", &[2, 2], &numbers).unwrap_err();
        assert_eq!(
            length.to_string(),
            "parameter `w`: shape [2, 2] has 4 entries, but 6 were given"
        );
        assert!(matches!(
            ParamView::new("w", &[usize::MAX, 2], &numbers),
            Err(SymmetryError::Parameter(ParameterError::ShapeOverflow { .. }))
        ));
        assert!(matches!(
            ParamView::new("w", &[0, usize::MAX, usize::MAX], &numbers[..0]),
            Err(SymmetryError::Parameter(ParameterError::ShapeOverflow { .. }))
        ));
    }

    #[test]
    fn strides_that_do_not_fit_are_refused() {
        let numbers = [0.0_f64; 6];
        assert!(ParamView::strided("w", &[3, 2], &[1, 3], &numbers).is_ok());
        assert!(ParamView::strided("w", &[100, 2], &[0, 5], &numbers).is_ok());
        assert!(ParamView::strided("w", &[0, 2], &[9, 9], &numbers).is_ok());
        let past = ParamView::strided("w", &[3, 2], &[2, 2], &numbers).unwrap_err();
        assert!(matches!(
            past,
            SymmetryError::Parameter(ParameterError::ViewOutOfBounds { last: 6, found: 6, .. })
        ));
        assert!(matches!(
            ParamView::strided("w", &[3, 2], &[usize::MAX, 1], &numbers),
            Err(SymmetryError::Parameter(ParameterError::ShapeOverflow { .. }))
        ));
        assert!(matches!(
            ParamView::strided("w", &[3, 2], &[1], &numbers),
            Err(SymmetryError::Parameter(ParameterError::StrideCount { .. }))
        ));
    }
}
