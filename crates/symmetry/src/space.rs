//! Unit spaces: the index sets that axes of parameters range over.
//!
//! The hidden units of a layer are one space; so are the channels of a convolution, and the heads of an attention
//! block. This crate always speaks of *units of a space*, never of rows of a matrix: a unit's row in one parameter, its
//! column in the next and its bias entry are three views of the same unit.

use std::fmt;

macro_rules! index_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(crate) u32);

        impl $name {
            /// The index with this number, or `None` if it does not fit (the limit is 2³² - 1).
            pub fn new(index: usize) -> Option<Self> {
                u32::try_from(index).ok().map(Self)
            }

            /// The index as a `usize`.
            pub fn get(self) -> usize {
                self.0 as usize
            }

            pub(crate) fn at(index: usize) -> Self {
                debug_assert!(u32::try_from(index).is_ok());
                Self(index as u32)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

index_newtype! {
    /// The number of a space within its [`AxesSpec`](crate::AxesSpec), in the order of declaration.
    SpaceId
}

index_newtype! {
    /// The number of a parameter within its [`AxesSpec`](crate::AxesSpec).
    ParamId
}

index_newtype! {
    /// The number of a unit within its space.
    UnitIndex
}

index_newtype! {
    /// The number of a class within its [`Partition`](crate::Partition): classes are ordered by their smallest unit.
    ClassId
}

/// An index set that axes of parameters range over.
///
/// A *fixed* space is one whose members have a meaning outside the network (input features, named targets). Its members
/// are never merged, in any kind of result.
///
/// ```
/// use constinit_symmetry::UnitSpace;
///
/// let hidden = UnitSpace::new("hidden1", 512);
/// assert_eq!((hidden.name(), hidden.units(), hidden.is_fixed()), ("hidden1", 512, false));
/// assert!(UnitSpace::fixed("pixels", 784).is_fixed());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitSpace {
    name: String,
    units: usize,
    fixed: bool,
}

impl UnitSpace {
    /// A space whose units may be equal.
    pub fn new(name: impl Into<String>, units: usize) -> Self {
        Self { name: name.into(), units, fixed: false }
    }

    /// A space whose members have a meaning outside the network, so they are never merged.
    pub fn fixed(name: impl Into<String>, units: usize) -> Self {
        Self { name: name.into(), units, fixed: true }
    }

    /// The name that axes refer to.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of units of the space.
    pub fn units(&self) -> usize {
        self.units
    }

    /// Whether the space is fixed.
    pub fn is_fixed(&self) -> bool {
        self.fixed
    }
}
