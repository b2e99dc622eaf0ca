//! From a quotient back to the full module.

use super::read::{HostModule, unshared};
use crate::Error;
use crate::params::HostParameter;
use crate::probe::{Flow, Observation, Probe};
use burn::module::AutodiffModule;
use burn::tensor::backend::AutodiffBackend;
use constinit_core::surgery::refused;
use constinit_symmetry::{OwnedParam, ParamView, Quotient};
use std::sync::{Arc, Mutex, PoisonError};

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
/// them. A clone of the optimizer has a lifting of its own.
#[derive(Clone, Debug)]
pub struct Lifting {
    ground: Arc<Ground>,
    /// What is left of the deviations, by number in visiting order.
    factors: Arc<Mutex<Vec<f64>>>,
}

/// What stays all along.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) quotient: Quotient,
    /// The number of each parameter in visiting order.
    pub(super) numbers: Vec<usize>,
}

impl Lifting {
    pub(super) fn new(ground: Arc<Ground>) -> Self {
        let factors = Arc::new(Mutex::new(vec![1.0; ground.numbers.len()]));
        Self { ground, factors }
    }

    /// The same with factors of its own, which begin as these.
    pub(super) fn apart(&self) -> Self {
        let factors = self.factors.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Self { ground: Arc::clone(&self.ground), factors: Arc::new(Mutex::new(factors)) }
    }

    /// What is left of the deviations, read off a module of parameters that began as 1.
    pub(super) fn set_factors(&self, left: &[HostParameter]) {
        let factors = left.iter().map(|left| left.data.iter::<f64>().next().unwrap_or(1.0));
        *self.factors.lock().unwrap_or_else(PoisonError::into_inner) = factors.collect();
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
        let Ground { quotient, numbers } = &*self.ground;
        let module = unshared::<B, M>(small);
        let spec = quotient.spec();
        let read = HostModule::read(&module, spec)?;
        let means = quotient.means_of(&read.views(spec)?)?;
        let means: Vec<ParamView<'_>> = means.iter().map(OwnedParam::view).collect();
        let factors = self.factors.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let params = || quotient.params().iter().zip(numbers);
        let lost = |(param, number): &(&constinit_symmetry::QuotientParam, &usize)| {
            param.has_deviations() && !factors[**number].is_finite()
        };
        if let Some((param, _)) = params().find(lost) {
            let reason =
                "what weight decay has left of the deviations from the block means is no number";
            return Err(refused(param.path(), reason.to_owned()));
        }
        let factor = |path: &str| {
            params().find(|(param, _)| param.path() == path).map_or(1.0, |(_, n)| factors[*n])
        };
        let lifted = quotient.lift_scaled(&means, factor)?;
        read.write(module, lifted)
    }

    /// The classes that are lifted, and the axes of the full module.
    pub fn quotient(&self) -> &Quotient {
        &self.ground.quotient
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
