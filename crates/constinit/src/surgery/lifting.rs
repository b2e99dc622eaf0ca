//! From a quotient back to the full module.

use super::read::{host, read, unshared, write};
use crate::Error;
use crate::params::HostParameter;
use crate::probe::{Flow, Observation, Probe};
use burn::module::AutodiffModule;
use burn::tensor::backend::AutodiffBackend;
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
/// Belongs to one [optimizer](super::QuotientOptimizer), from which the factors come. Cheap to clone; all clones share
/// the factors. A clone of the optimizer has another lifting.
#[derive(Clone, Debug)]
pub struct Lifting(pub(super) HostLifting);

impl Lifting {
    /// A lifting with a copy of the factors.
    pub(super) fn apart(&self) -> Self {
        Self(self.0.apart())
    }

    /// Sets what is left of the deviations, from a module of parameters that started as 1.
    pub(super) fn set_factors(&self, left: &[HostParameter]) {
        let factors = left.iter().map(|left| left.data.iter::<f64>().next().unwrap_or(1.0));
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
    pub fn lift<B: AutodiffBackend, M: AutodiffModule<B>>(&self, small: &M) -> Result<M, Error> {
        let module = unshared::<B, M>(small);
        let parameters = read(&module);
        let lifted = self.0.lift(&host(&module, self.quotient().spec().into(), &parameters)?)?;
        Ok(write(module, lifted))
    }

    /// The classes that are lifted, and the axes of the full module.
    pub fn quotient(&self) -> &Quotient {
        self.0.quotient()
    }
}

/// Shows a probe the full module while its quotient is trained.
///
/// The probe sees everything but gradients: [`reads_gradients`](Probe::reads_gradients) is not passed on, since the
/// gradients of the loop are those of the quotient, with other shapes than the full module's parameters. Each reading
/// costs one [lifting](Lifting::lift): choose how often the probe is due accordingly.
pub struct LiftedProbe<'a, P: ?Sized> {
    probe: &'a mut P,
    lifting: Lifting,
}

impl<'a, P: ?Sized> LiftedProbe<'a, P> {
    /// Shows `probe` the full module that `lifting` returns.
    pub fn new(probe: &'a mut P, lifting: Lifting) -> Self {
        Self { probe, lifting }
    }
}

impl<B, M, P> Probe<B, M> for LiftedProbe<'_, P>
where
    B: AutodiffBackend,
    M: AutodiffModule<B>,
    P: Probe<B, M> + ?Sized,
{
    fn due(&self, step: usize) -> bool {
        self.probe.due(step)
    }

    fn observe(&mut self, seen: &Observation<'_, B, M>) -> Flow {
        match self.lifting.lift::<B, M>(seen.model) {
            Ok(full) => {
                let Observation { step, loss, learning_rate, .. } = *seen;
                self.probe.observe(&Observation::of(step, &full, None, loss, learning_rate))
            }
            Err(error) => Flow::Stop { reason: error.to_string() },
        }
    }
}
