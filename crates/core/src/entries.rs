//! The entries of a parameter on the host.

use crate::FloatType;

/// Entries in storage order. For half precision they are [`Entries::F32`], which the framework rounds.
#[derive(Clone, Debug, PartialEq)]
pub enum Entries {
    /// Double precision.
    F64(Vec<f64>),
    /// Single precision; narrower types are rounded from it.
    F32(Vec<f32>),
}

impl Entries {
    /// The number of entries.
    pub fn len(&self) -> usize {
        match self {
            Self::F64(entries) => entries.len(),
            Self::F32(entries) => entries.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entries as doubles.
    pub fn doubles(&self) -> Vec<f64> {
        match self {
            Self::F64(entries) => entries.clone(),
            Self::F32(entries) => entries.iter().map(|entry| f64::from(*entry)).collect(),
        }
    }

    /// The position and the value of the first entry that is not finite in a float type.
    ///
    /// ```
    /// use constinit_core::{Entries, FloatType};
    ///
    /// let entries = Entries::F32(vec![1.0, 7e4]);
    /// assert_eq!(entries.first_non_finite(FloatType::F32), None);
    /// assert_eq!(entries.first_non_finite(FloatType::F16), Some((1, f64::INFINITY)));
    /// ```
    pub fn first_non_finite(&self, float: FloatType) -> Option<(usize, f64)> {
        fn first<T: Copy + Into<f64>>(entries: &[T], float: FloatType) -> Option<(usize, f64)> {
            let rounded = entries.iter().map(|entry| float.rounded((*entry).into()));
            rounded.enumerate().find(|(_, value)| !value.is_finite())
        }
        match self {
            Self::F64(entries) => first(entries, float),
            Self::F32(entries) => first(entries, float),
        }
    }
}
