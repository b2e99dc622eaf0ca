//! From a quotient back to the full module.

use super::read::{host, read, write};
use crate::Error;
use crate::params::read_parameters;
use burn::module::Module;
use constinit_core::surgery::HostLifting;
use constinit_symmetry::Quotient;

/// The way from a quotient back to the full module:
///
/// ```text
/// W[j][i] = w[D][C] + factor d[j][i],     w = W' / n_D,  j in D, i in C
/// ```
///
/// with the deviation d of each entry from its block's mean at the start, which is 0 for twins. The factor is what
/// weight decay has left of the deviation.
///
/// Belongs to one [trainer](super::QuotientTrainer), from which the factors come. Cheap to clone; all clones share the
/// factors. A clone of the trainer has another lifting.
#[derive(Clone, Debug)]
pub struct Lifting(pub(super) HostLifting);

impl Lifting {
    /// A lifting with a copy of the factors.
    pub(super) fn apart(&self) -> Self {
        Self(self.0.apart())
    }

    /// Sets what is left of the deviations, from a module of parameters that started as 1.
    pub(super) fn set_factors<M: Module>(&self, left: &M) {
        let left = read_parameters(left);
        let factors = left.iter().map(|left| left.iter::<f64>().next().unwrap_or(1.0));
        self.0.set_factors(factors.collect());
    }

    /// The full module of a quotient. The quotient is not changed.
    ///
    /// Entries are exact up to rounding: the division of W' by a class size that is not a power of two may move the
    /// last bit. Equal entries of a block without deviations stay equal, bit for bit.
    ///
    /// # Errors
    ///
    /// [`Error::Axes`] if this is not the quotient's module, and [`Error::Surgery`] if what weight decay leaves of
    /// deviations is not a number, as after an Adam step with an epsilon of 0.
    ///
    /// # Complexity
    ///
    /// One pass over the entries of the full module, on the host.
    pub fn lift<M: Module>(&self, small: &M) -> Result<M, Error> {
        let parameters = read(small);
        let lifted = self.0.lift(&host(small, self.quotient().spec().into(), &parameters)?)?;
        Ok(write(small, lifted))
    }

    /// The classes that are lifted, and the axes of the full module.
    pub fn quotient(&self) -> &Quotient {
        self.0.quotient()
    }
}
