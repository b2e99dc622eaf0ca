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
/// with the deviation d of each entry from its block's mean at the start, 0 for twins, and what weight decay has left of
/// it.
///
/// Belongs to one [optimizer](super::QuotientOptimizer), which the factors come from. Cheap to clone; all clones share
/// them. A clone of the optimizer has another lifting.
#[derive(Clone, Debug)]
pub struct Lifting(pub(super) HostLifting);

impl Lifting {
    /// The same with a copy of the factors.
    pub(super) fn apart(&self) -> Self {
        Self(self.0.apart())
    }

    /// What is left of the deviations, read off a module of parameters that began as 1.
    pub(super) fn set_factors(&self, left: &[HostParameter]) {
        let factors = left.iter().map(|left| left.data.iter::<f64>().next().unwrap_or(1.0));
        self.0.set_factors(factors.collect());
    }

    /// The full module that a quotient stands for. The quotient is not touched.
    ///
    /// Entries come back to rounding: the division of W' by a class size that is no power of two may move the last bit.
    /// Equal entries of a block without deviations stay equal, bit for bit.
    ///
    /// # Errors
    ///
    /// [`Error::Axes`] where this is not the quotient's module, and [`Error::Surgery`] where what weight decay leaves of
    /// deviations is no number, as after an Adam step with an epsilon of 0.
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
/// The probe sees everything but gradients: [`reads_gradients`](Probe::reads_gradients) is not passed on, since those of
/// the loop are the quotient's, of other shapes than the full module's parameters. Each look costs one
/// [lifting](Lifting::lift): choose how often the probe is due accordingly.
pub struct LiftedProbe<'a, P: ?Sized> {
    probe: &'a mut P,
    lifting: Lifting,
}

impl<'a, P: ?Sized> LiftedProbe<'a, P> {
    /// Shows `probe` what `lifting` gives.
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
