//! Any optimizer, on a quotient.

use super::counts::Counts;
use super::lifting::Lifting;
use crate::params::read_parameters;
use crate::tensors::from_values;
use crate::train::{Clip, apply_counted};
use burn::module::{AutodiffModule, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::{GradientsParams, MultiGradientsParams, Optimizer};
use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;
use std::sync::Arc;

/// An optimizer that trains a quotient as the inner optimizer trains the full module.
///
/// The module runs with the collapsed weights W' = n_D w, and its gradients are n_C times those of one entry. In a
/// step, the inner optimizer gets the means w and the gradients g of single entries. So it computes, entry by entry,
/// what it would compute for every entry of the block:
///
/// ```text
/// g = (dL/dW') / n_C      w' = rule(W' / n_D, g)      W'' = n_D w'
/// ```
///
/// Units that are not twins have deviations, which weight decay changes. A linear rule changes a number that starts as
/// 1 and has a gradient of 0 by the same factor. So each parameter has one such number, and [`Lifting`] uses what is
/// left of it. In a step in which a parameter has no gradient, its number has none either, and the rule changes
/// neither.
///
/// This optimizer clips gradients ([`with_clip`](Self::with_clip)) by the norm of the full module's gradients. The
/// clipping of the loop and that of Burn's optimizers see the quotient, whose norm is another one: leave them off, and
/// use [`with_clip`](Self::with_clip) instead. Put a [`ProbedOptimizer`](crate::probe::ProbedOptimizer) around this
/// optimizer, not inside it.
///
/// A clone has a copy of the factors, so two clones can be trained separately. Take the [way back](Self::lifting) from
/// the optimizer that makes the steps. If a record is loaded into a clone, as Burn's `Learner` does to continue from a
/// checkpoint, an earlier way back no longer fits.
///
/// Should be created with [`QuotientModule::optimizer`](super::QuotientModule::optimizer).
#[derive(Debug)]
pub struct QuotientOptimizer<B: AutodiffBackend, M, O> {
    inner: O,
    counts: Arc<Counts<B>>,
    clip: Option<Clip>,
    /// What is left of deviations, as parameters of one entry; None if they do not change.
    left: Option<M>,
    lifting: Lifting,
}

impl<B: AutodiffBackend, M: Clone, O: Clone> Clone for QuotientOptimizer<B, M, O> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            counts: Arc::clone(&self.counts),
            clip: self.clip,
            left: self.left.clone(),
            lifting: self.lifting.apart(),
        }
    }
}

impl<B: AutodiffBackend, M: AutodiffModule<B>, O> QuotientOptimizer<B, M, O> {
    pub(super) fn new(inner: O, counts: Arc<Counts<B>>, left: Option<M>, lifting: Lifting) -> Self {
        Self { inner, counts, clip: None, left, lifting }
    }

    /// Limits the gradients of the full module before the inner optimizer sees them.
    #[must_use]
    pub fn with_clip(self, clip: Clip) -> Self {
        Self { clip: Some(clip), ..self }
    }

    /// The way back to the full module; a clone of it outlives the optimizer.
    pub fn lifting(&self) -> &Lifting {
        &self.lifting
    }

    fn step_with(&mut self, rate: f64, module: M, gradients: GradientsParams) -> M
    where
        O: Optimizer<M, B>,
    {
        let gradients = self.counts.entry_gradients(&module, gradients);
        let gradients = match self.clip {
            Some(clip) => apply_counted(clip, &module, gradients, Some(&*self.counts)),
            None => gradients,
        };
        let moved = self.left.is_some().then(|| have_gradients(&module, &gradients));
        let means = self.inner.step(rate, self.counts.to_means(module), gradients);
        if let Some((left, moved)) = self.left.take().zip(moved) {
            let still = no_gradients(&left, &moved);
            let left = self.inner.step(rate, left, still);
            self.lifting.set_factors(&read_parameters(&left));
            self.left = Some(left);
        }
        self.counts.to_collapsed(means)
    }
}

impl<B, M, O> Optimizer<M, B> for QuotientOptimizer<B, M, O>
where
    B: AutodiffBackend,
    M: AutodiffModule<B>,
    O: Optimizer<M, B>,
{
    type Record = (O::Record, Option<M::Record>);

    fn step(&mut self, lr: f64, module: M, grads: GradientsParams) -> M {
        self.step_with(lr, module, grads)
    }

    fn step_multi(&mut self, lr: f64, module: M, grads: MultiGradientsParams) -> M {
        let gradients = summed(&module, grads);
        self.step_with(lr, module, gradients)
    }

    fn to_record(&self) -> Self::Record {
        (self.inner.to_record(), self.left.clone().map(M::into_record))
    }

    fn load_record(self, (inner, left): Self::Record) -> Self {
        let left = match (self.left, left) {
            (Some(module), Some(record)) => Some(module.load_record(record)),
            (module, _) => module,
        };
        if let Some(left) = &left {
            self.lifting.set_factors(&read_parameters(left));
        }
        Self { inner: self.inner.load_record(inner), left, ..self }
    }
}

/// The gradients of several devices, on the device where each was summed.
fn summed<B: AutodiffBackend, M: AutodiffModule<B>>(
    module: &M,
    gradients: MultiGradientsParams,
) -> GradientsParams {
    struct Sum {
        from: MultiGradientsParams,
        to: GradientsParams,
    }
    impl<B: AutodiffBackend> ModuleVisitor<B> for Sum {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            if let Some((gradient, _)) = self.from.remove::<B::InnerBackend, D>(param.id) {
                self.to.register::<B::InnerBackend, D>(param.id, gradient);
            }
        }
    }
    let mut sum = Sum { from: gradients, to: GradientsParams::new() };
    module.visit(&mut sum);
    sum.to
}

/// A module of the same parameters with one entry each, a 1, for what is left of deviations. Consumes the module, which
/// must share nothing.
pub(super) fn ones<B: AutodiffBackend, M: AutodiffModule<B>>(module: M) -> M {
    struct Ones;
    impl<B: AutodiffBackend> ModuleMapper<B> for Ones {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
            let old = param.val();
            let one = from_values::<B, D>(vec![1.0], [1; D], &old.device());
            // The optimizer keeps its state by id, so these parameters have new ids.
            Param::initialized(ParamId::new(), one.set_require_grad(old.is_require_grad()))
        }
    }
    module.map(&mut Ones)
}

/// Which parameters have a gradient, in visiting order: Burn's optimizers leave the others as they are.
fn have_gradients<B: AutodiffBackend, M: AutodiffModule<B>>(
    module: &M,
    gradients: &GradientsParams,
) -> Vec<bool> {
    struct Present<'a> {
        gradients: &'a GradientsParams,
        found: Vec<bool>,
    }
    impl<B: AutodiffBackend> ModuleVisitor<B> for Present<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            self.found.push(self.gradients.get::<B::InnerBackend, D>(param.id).is_some());
        }
    }
    let mut present = Present { gradients, found: Vec::new() };
    module.visit(&mut present);
    present.found
}

/// Gradients of 0 for the parameters that are updated.
fn no_gradients<B: AutodiffBackend, M: AutodiffModule<B>>(
    module: &M,
    moved: &[bool],
) -> GradientsParams {
    struct Zeros<'a> {
        moved: std::slice::Iter<'a, bool>,
        to: GradientsParams,
    }
    impl<B: AutodiffBackend> ModuleVisitor<B> for Zeros<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            if self.moved.next() == Some(&true) {
                let device = param.val().device();
                let zero = from_values::<B::InnerBackend, D>(vec![0.0], [1; D], &device);
                self.to.register::<B::InnerBackend, D>(param.id, zero);
            }
        }
    }
    let mut zeros = Zeros { moved: moved.iter(), to: GradientsParams::new() };
    module.visit(&mut zeros);
    zeros.to
}
