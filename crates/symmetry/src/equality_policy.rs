//! When two entries count as equal.
//!
//! A policy has two independent parts: how two numbers are compared ([`Comparison`]), and what is divided out of a unit
//! before comparing ([`Normalization`]). The refinement is the same for every policy; only the key of an entry differs.
//!
//! | comparison | 0.0 and -0.0 | NaN | two numbers are equal if |
//! |---|---|---|---|
//! | [`Comparison::Bits`] (default) | differ | never equal | their bits are equal |
//! | [`Comparison::Value`] | equal | never equal | `a == b` |
//! | [`Comparison::Within`]`(t)` | equal | never equal | sorted values link them by gaps of at most t |
//!
//! A NaN does not even equal itself, whatever its payload: a unit that holds one is alone, and the result names it.

use crate::error::{SearchError, SymmetryError};

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Comparison {
    /// Bit for bit: 0.0 and -0.0 differ.
    #[default]
    Bits,
    /// By value: 0.0 and -0.0 are equal. Infinities of one sign are equal.
    Value,
    /// Gap-linked: at every entry, neighbours among the sorted values of a class differ by at most this much.
    ///
    /// Unlike "within t of the first unit", this does not depend on the order of the units: the result is the unique
    /// coarsest partition whose classes have no gap above t at any entry. A class can be wider than t; its
    /// [spread](crate::SpaceSymmetry::spread) is its width.
    Within(f64),
}

/// What is divided out of a unit before its entries are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Normalization {
    /// Nothing.
    #[default]
    None,
    /// A sign: u and -u are equal, all entries (incoming, own and outgoing) negated together.
    ///
    /// With an odd activation, a(-z) = -a(z), such units compute the same number up to the sign.
    Sign,
    /// A positive factor c: incoming and own entries times c, outgoing entries divided by c.
    ///
    /// With a positively homogeneous activation such as ReLU, a(cz) = c a(z), such units compute the same number up to
    /// that factor. Needs the [role](crate::Role) of every axis of the space.
    PositiveScale,
}

/// When two units count as equal: a comparison after a normalisation.
///
/// ```
/// use constinit_symmetry::{Comparison, Normalization, EqualityPolicy};
///
/// assert_eq!(EqualityPolicy::default(), EqualityPolicy::bits());
/// let p = EqualityPolicy::within(1e-6)?.up_to_sign();
/// assert_eq!(p.comparison(), Comparison::Within(1e-6));
/// assert_eq!(p.normalization(), Normalization::Sign);
/// assert!(EqualityPolicy::within(-1.0).is_err());
/// # Ok::<(), constinit_symmetry::SymmetryError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EqualityPolicy {
    comparison: Comparison,
    normalization: Normalization,
}

impl EqualityPolicy {
    /// Equal bits; the default.
    pub fn bits() -> Self {
        Self::default()
    }

    /// Equal values: 0.0 and -0.0 are equal.
    pub fn value() -> Self {
        Self { comparison: Comparison::Value, ..Self::default() }
    }

    /// Gap-linked with the given tolerance.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadTolerance`] if the tolerance is negative, infinite or NaN.
    pub fn within(tolerance: f64) -> Result<Self, SymmetryError> {
        if tolerance.is_finite() && tolerance >= 0.0 {
            Ok(Self { comparison: Comparison::Within(tolerance), ..Self::default() })
        } else {
            Err(SearchError::BadTolerance { tolerance }.into())
        }
    }

    /// The same comparison, after dividing out a sign.
    ///
    /// The sign of a unit is that of its first nonzero entry, in the order of the parameters in the spec. Under
    /// [`Comparison::Bits`] it is that of its very first entry, and under [`Comparison::Within`]`(t)` that of the first
    /// entry above t in magnitude. Parameters with the space on two axes do not count.
    pub fn up_to_sign(self) -> Self {
        Self { normalization: Normalization::Sign, ..self }
    }

    /// The same comparison, after dividing out a positive factor.
    ///
    /// The factor of a unit is the magnitude of its first incoming or own entry, in the order of the parameters in the
    /// spec, that is finite and not zero (above t in magnitude under [`Comparison::Within`]`(t)`). It is 1 if there is
    /// no such entry. Quotients are computed in f64. For f32 and shorter entries, two quotients are equal exactly if
    /// the ratios are. For f64 entries, ratios closer than one rounding of the division count as equal.
    pub fn up_to_positive_scale(self) -> Self {
        Self { normalization: Normalization::PositiveScale, ..self }
    }

    /// How numbers are compared.
    pub fn comparison(&self) -> Comparison {
        self.comparison
    }

    /// What is divided out first.
    pub fn normalization(&self) -> Normalization {
        self.normalization
    }

    /// The tolerance, if the policy has one.
    pub fn tolerance(&self) -> Option<f64> {
        match self.comparison {
            Comparison::Within(tolerance) => Some(tolerance),
            _ => None,
        }
    }
}
