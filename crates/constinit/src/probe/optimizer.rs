//! A probe around any optimizer, for loops that are not this crate's: Burn's Learner, or the user's loop.

use super::{Flow, Observation, Probe};
use crate::gradients::share_gradients;
use burn::module::AutodiffModule;
use burn::optim::{GradientsParams, MultiGradientsParams, Optimizer};
use burn::tensor::backend::AutodiffBackend;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An optimizer whose steps a probe sees: the module before the first one and after each, the gradients and the
/// learning rate.
///
/// Its record is that of the inner optimizer, so checkpoints can be read with and without a probe. Clones share the
/// probe.
///
/// ```
/// use burn::optim::{GradientsParams, Optimizer};
/// use burn::tensor::Tensor;
/// use burn_autodiff::Autodiff;
/// use burn_ndarray::NdArray;
/// use constinit::prelude::*;
/// use constinit::ConstInitConfig;
/// use constinit::probe::{ProbedOptimizer, SymmetryProbe};
/// use constinit::train::OptimizerConfig;
///
/// type B = Autodiff<NdArray>;
/// let device = Default::default();
/// let mut net = ConstInitConfig::new(vec![3, 5, 4]).init::<B>(&device);
/// let probe = SymmetryProbe::new(net.axes()?).reporting(|finding| println!("{finding}"));
/// let mut optimizer = ProbedOptimizer::new(OptimizerConfig::sgd(0.1).init()?, probe);
/// for _ in 0..3 {
///     let loss = net.forward(Tensor::ones([2, 3], &device)).powi_scalar(2).mean();
///     let gradients = GradientsParams::from_grads(loss.backward(), &net);
///     net = optimizer.step(0.1, net, gradients);
/// }
/// assert_eq!(optimizer.probe().readings().len(), 4); // before the first step and after each
/// # Ok::<(), constinit::Error>(())
/// ```
pub struct ProbedOptimizer<O, P> {
    inner: O,
    shared: Arc<Mutex<Shared<P>>>,
}

struct Shared<P> {
    probe: P,
    /// Steps done.
    step: usize,
    started: bool,
    stop: Option<String>,
}

/// The probe of a [`ProbedOptimizer`], while nothing else uses it.
pub struct ProbeGuard<'a, P>(MutexGuard<'a, Shared<P>>);

impl<P> std::ops::Deref for ProbeGuard<'_, P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.0.probe
    }
}

/// A handle on the probe of a [`ProbedOptimizer`] that outlives the optimizer, which Burn's Learner takes away.
pub struct ProbeHandle<P>(Arc<Mutex<Shared<P>>>);

impl<P> ProbeHandle<P> {
    /// The probe. Drop the guard before the next step.
    pub fn probe(&self) -> ProbeGuard<'_, P> {
        ProbeGuard(lock(&self.0))
    }

    /// The reason for which the probe first asked to stop, if it did.
    pub fn stop_reason(&self) -> Option<String> {
        lock(&self.0).stop.clone()
    }
}

impl<P> Clone for ProbeHandle<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<O, P> ProbedOptimizer<O, P> {
    /// A probe around an optimizer that has done no step.
    pub fn new(optimizer: O, probe: P) -> Self {
        let shared = Shared { probe, step: 0, started: false, stop: None };
        Self { inner: optimizer, shared: Arc::new(Mutex::new(shared)) }
    }

    /// Counts steps from `step`, for a run that is resumed: the optimizer cannot know how many steps were done, since
    /// its record is that of the inner optimizer. Otherwise the first step is step 1 again.
    ///
    /// The probe treats the module at that time as the start. It does not know earlier breaks unless
    /// [`SymmetryProbe::resume`](super::SymmetryProbe::resume) names them.
    #[must_use]
    pub fn starting_at(self, step: usize) -> Self {
        lock(&self.shared).step = step;
        self
    }

    /// The probe. Drop the guard before the next step.
    pub fn probe(&self) -> ProbeGuard<'_, P> {
        ProbeGuard(lock(&self.shared))
    }

    /// A handle on the probe that outlives the optimizer.
    pub fn handle(&self) -> ProbeHandle<P> {
        ProbeHandle(Arc::clone(&self.shared))
    }

    /// The reason for which the probe first asked to stop, if it did. An optimizer cannot stop a loop, but the loop can
    /// check this.
    pub fn stop_reason(&self) -> Option<String> {
        lock(&self.shared).stop.clone()
    }
}

/// A probe that panicked can still be used: it holds measurements only.
fn lock<P>(shared: &Mutex<Shared<P>>) -> MutexGuard<'_, Shared<P>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<O: Clone, P> Clone for ProbedOptimizer<O, P> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), shared: Arc::clone(&self.shared) }
    }
}

impl<P> Shared<P> {
    fn show<B: AutodiffBackend, M: AutodiffModule<B>>(&mut self, seen: &Observation<'_, B, M>)
    where
        P: Probe<B, M>,
    {
        if self.probe.due(seen.step)
            && let Flow::Stop { reason } = self.probe.observe(seen)
        {
            self.stop.get_or_insert(reason);
        }
    }

    /// Does a step. Shows the module before the first step, and after each step.
    fn step<B: AutodiffBackend, M: AutodiffModule<B>, G>(
        &mut self,
        rate: f64,
        module: M,
        gradients: G,
        share: impl FnOnce(&M, &G) -> Option<GradientsParams>,
        step: impl FnOnce(M, G) -> M,
    ) -> M
    where
        P: Probe<B, M>,
    {
        if !std::mem::replace(&mut self.started, true) {
            let start = self.step;
            self.show(&Observation::of(start, &module, None, None, None));
        }
        self.step += 1;
        let wanted = self.probe.due(self.step) && self.probe.reads_gradients();
        // Shared before the optimizer empties the container.
        let kept = if wanted { share(&module, &gradients) } else { None };
        // Between two steps the loop owns the module and may write to it.
        let before = wanted.then(|| module.clone());
        let module = step(module, gradients);
        let mut seen = Observation::of(self.step, &module, kept.as_ref(), None, Some(rate));
        seen.before = before.as_ref();
        self.show(&seen);
        module
    }
}

impl<B, M, O, P> Optimizer<M, B> for ProbedOptimizer<O, P>
where
    B: AutodiffBackend,
    M: AutodiffModule<B>,
    O: Optimizer<M, B>,
    P: Probe<B, M> + Send,
{
    type Record = O::Record;

    fn step(&mut self, lr: f64, module: M, grads: GradientsParams) -> M {
        let inner = &mut self.inner;
        let share = |module: &M, grads: &GradientsParams| Some(share_gradients(module, grads));
        let step = |module, grads| inner.step(lr, module, grads);
        lock(&self.shared).step(lr, module, grads, share, step)
    }

    /// Gradients of several devices are not shown: the optimizer sums them.
    fn step_multi(&mut self, lr: f64, module: M, grads: MultiGradientsParams) -> M {
        let inner = &mut self.inner;
        let step = |module, grads| inner.step_multi(lr, module, grads);
        lock(&self.shared).step(lr, module, grads, |_, _| None, step)
    }

    fn to_record(&self) -> Self::Record {
        self.inner.to_record()
    }

    fn load_record(self, record: Self::Record) -> Self {
        Self { inner: self.inner.load_record(record), shared: self.shared }
    }
}
