//! A probe in a field of a module.

use super::SymmetryProbe;
use burn::module::Module;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer, MultiGradientsParams};
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A shared probe, or the place for one: a skipped field of a model that Burn's Learner trains.
///
/// All clones share the probe. A handle without a probe does the optimizer's step and nothing else, so a model can
/// be made before its axes are known.
#[derive(Clone, Default)]
pub struct ProbeHandle(Arc<Mutex<Option<SymmetryProbe>>>);

/// The probe of a [`ProbeHandle`], while nothing else uses it.
pub struct ProbeGuard<'a>(MutexGuard<'a, Option<SymmetryProbe>>);

impl Deref for ProbeGuard<'_> {
    type Target = Option<SymmetryProbe>;

    fn deref(&self) -> &Option<SymmetryProbe> {
        &self.0
    }
}

impl From<SymmetryProbe> for ProbeHandle {
    fn from(probe: SymmetryProbe) -> Self {
        Self(Arc::new(Mutex::new(Some(probe))))
    }
}

impl fmt::Debug for ProbeHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attached = if self.lock().is_some() { "with a probe" } else { "without a probe" };
        write!(f, "ProbeHandle {attached}")
    }
}

impl ProbeHandle {
    /// Gives all clones of the handle this probe, in place of one that they had.
    pub fn attach(&self, probe: SymmetryProbe) {
        *self.lock() = Some(probe);
    }

    /// The probe, if one was attached. Drop the guard before the next step.
    pub fn probe(&self) -> ProbeGuard<'_> {
        ProbeGuard(self.lock())
    }

    /// Same as [`SymmetryProbe::step`].
    pub fn step<M: Module>(
        &self,
        optimizer: &mut ModuleOptimizer,
        rate: impl Into<ModuleLearningRate>,
        module: M,
        gradients: GradientsParams,
    ) -> M {
        match &mut *self.lock() {
            Some(probe) => probe.step(optimizer, rate, module, gradients),
            None => optimizer.step(rate, module, gradients),
        }
    }

    /// Same as [`SymmetryProbe::step_multi`].
    pub fn step_multi<M: Module>(
        &self,
        optimizer: &mut ModuleOptimizer,
        rate: impl Into<ModuleLearningRate>,
        module: M,
        gradients: MultiGradientsParams,
    ) -> M {
        match &mut *self.lock() {
            Some(probe) => probe.step_multi(optimizer, rate, module, gradients),
            None => optimizer.step_multi(rate, module, gradients),
        }
    }

    /// A probe that panicked can still be used: it holds measurements only.
    fn lock(&self) -> MutexGuard<'_, Option<SymmetryProbe>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
