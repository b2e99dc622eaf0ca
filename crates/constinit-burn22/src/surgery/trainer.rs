//! Steps of any optimizer, on a quotient.

use super::clip::clipped;
use super::counts::Counts;
use super::lifting::Lifting;
use super::read::onto;
use crate::Error;
use burn::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::{GradAdaptor, GradientsParams, ModuleOptimizer, OptimizerRecord};
use burn::store::{ModuleRecord, RecordError};
use burn::tensor::{DType, Device, Tensor};
use constinit_core::Clip;
use constinit_core::surgery::refused;
use std::fmt;
use std::sync::Arc;

/// Makes the steps of a quotient, with the optimizer that would train the full module.
///
/// The module runs with the collapsed weights W' = n_D w, and its gradients are n_C times those of one entry. In a
/// step, the optimizer gets the means w and the gradients g of single entries. So it computes, entry by entry, what it
/// would compute for every entry of the block:
///
/// ```text
/// g = (dL/dW') / n_C      w' = rule(W' / n_D, g)      W'' = n_D w'
/// ```
///
/// Units that are not twins have deviations, which weight decay changes. A linear rule changes a number that starts as
/// 1 and has a gradient of 0 by the same factor. So each parameter has one such number, which a second optimizer with
/// the same settings updates, and [`Lifting`] uses what is left of it. In a step in which a parameter has no gradient,
/// its number has none either, and the rule changes neither.
///
/// The trainer clips gradients ([`with_clip`](Self::with_clip)) by the norm of the full module's gradients. The
/// clipping of Burn's optimizers sees the quotient, whose norm is another one: an optimizer that clips is refused.
///
/// A clone has a copy of the factors, so two clones can be trained separately.
///
/// Should be created with [`QuotientModule::trainer`](super::QuotientModule::trainer).
pub struct QuotientTrainer<M> {
    counts: Arc<Counts>,
    clip: Option<Clip>,
    /// None if no unit has deviations.
    left: Option<Left<M>>,
    lifting: Lifting,
}

/// What is left of deviations.
#[derive(Clone)]
struct Left<M> {
    /// As parameters of one entry, with the ids of the module's parameters, so that they have the same groups and
    /// rates.
    factors: M,
    /// An optimizer with the state of these only; None before the first step.
    optimizer: Option<ModuleOptimizer>,
}

impl<M: Clone> Clone for QuotientTrainer<M> {
    fn clone(&self) -> Self {
        Self {
            counts: Arc::clone(&self.counts),
            clip: self.clip,
            left: self.left.clone(),
            lifting: self.lifting.apart(),
        }
    }
}

/// Burn's optimizers do not have `Debug`.
impl<M> fmt::Debug for QuotientTrainer<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut trainer = f.debug_struct("QuotientTrainer");
        trainer.field("clip", &self.clip).field("lifting", &self.lifting).finish_non_exhaustive()
    }
}

impl<M: Module> QuotientTrainer<M> {
    pub(super) fn new(counts: Arc<Counts>, factors: Option<M>, lifting: Lifting) -> Self {
        let left = factors.map(|factors| Left { factors, optimizer: None });
        Self { counts, clip: None, left, lifting }
    }

    /// Limits the gradients of the full module before the optimizer sees them.
    #[must_use]
    pub fn with_clip(self, clip: Clip) -> Self {
        Self { clip: Some(clip), ..self }
    }

    /// The way back to the full module; a clone of it outlives the trainer.
    pub fn lifting(&self) -> &Lifting {
        &self.lifting
    }

    /// The quotient's module after a step, as [`ModuleOptimizer::step`] and `step_multi`; `gradients` are those of the
    /// quotient's module, of one device or of several.
    ///
    /// Use the same optimizer for all steps; it starts without state. [Groups](burn::module::ParamGroup) of parameters,
    /// of the optimizer or of `rate`, use the paths and ids in the quotient's module, which are those of the full one.
    ///
    /// # Errors
    ///
    /// [`Error::Surgery`] for an optimizer that clips gradients. Nothing is changed then.
    pub fn step(
        &mut self,
        optimizer: &mut ModuleOptimizer,
        rate: impl Into<ModuleLearningRate>,
        module: M,
        gradients: impl Into<GradAdaptor>,
    ) -> Result<M, Error> {
        if optimizer.has_gradient_clipping() {
            let reason = "it clips the gradients of the quotient, whose norms differ from those of the full module; \
                          give the limit to QuotientTrainer::with_clip instead";
            return Err(refused("the optimizer", reason.to_owned()));
        }
        let rate = rate.into();
        let gradients = self.counts.entry_gradients(&module, gradients.into());
        let gradients = match self.clip {
            Some(clip) => clipped(clip, &module, gradients, &self.counts),
            None => gradients,
        };
        if let Some(left) = self.left.take() {
            let left = left.step(optimizer, rate.clone(), &module, &gradients);
            self.lifting.set_factors(&left.factors);
            self.left = Some(left);
        }
        let means = optimizer.step(rate, self.counts.to_means(module), gradients);
        Ok(self.counts.to_collapsed(means))
    }

    /// What a checkpoint must store in addition to the quotient's module and the optimizer: what is left of deviations,
    /// and the optimizer's state for it. None if no unit has deviations.
    pub fn to_record(&self) -> Option<(ModuleRecord, OptimizerRecord)> {
        let left = self.left.as_ref()?;
        let kept = left.optimizer.as_ref().map(ModuleOptimizer::to_record).unwrap_or_default();
        Some((left.factors.clone().into_record(), kept))
    }

    /// Continues from a record of a trainer of the same quotient, with an optimizer of the same settings.
    ///
    /// # Errors
    ///
    /// Burn's error for a record that does not fit the quotient's module. [`RecordError::Validation`] if Burn would not
    /// restore an optimizer's state as it was: `ModuleOptimizer::load_record` makes it on [`Device::default`], in the
    /// default float type of this device, so the state of parameters of another type is lost. Nothing is changed then.
    pub fn load_record(
        &mut self,
        optimizer: &ModuleOptimizer,
        (factors, kept): (ModuleRecord, OptimizerRecord),
    ) -> Result<(), RecordError> {
        if let Some(left) = self.left.take() {
            if let Some(reason) = (!kept.is_empty()).then(|| state_is_lost(&left.factors)).flatten()
            {
                self.left = Some(left);
                return Err(RecordError::Validation(reason));
            }
            let factors = left.factors.clone().try_load_record(factors);
            // If the record does not fit, the present factors stay.
            let factors = factors.inspect_err(|_| self.left = Some(left))?;
            self.lifting.set_factors(&factors);
            let optimizer = Some(optimizer.clone().load_record(kept));
            self.left = Some(Left { factors, optimizer });
        }
        Ok(())
    }
}

impl<M: Module> Left<M> {
    /// A step with gradients of 0 for the parameters that have one.
    fn step(
        self,
        optimizer: &ModuleOptimizer,
        rate: ModuleLearningRate,
        module: &M,
        gradients: &GradientsParams,
    ) -> Self {
        let fresh = || optimizer.clone().load_record(OptimizerRecord::default());
        let mut optimizer = self.optimizer.unwrap_or_else(fresh);
        let still = no_gradients(module, gradients);
        let factors = optimizer.step(rate, self.factors, still);
        Self { factors, optimizer: Some(optimizer) }
    }
}

/// Why the loaded state of an optimizer for a module would differ from its record, if it would: Burn makes the state in
/// the default float type of the default device.
fn state_is_lost<M: Module>(module: &M) -> Option<String> {
    struct FloatTypes(Vec<DType>);
    impl ModuleVisitor for FloatTypes {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.push(param.val().dtype());
        }
    }
    let mut types = FloatTypes(Vec::new());
    module.visit(&mut types);
    let device = Device::default();
    let made = DType::from(device.settings().float_dtype);
    let lost = types.0.into_iter().find(|dtype| *dtype != made)?;
    Some(format!(
        "the optimizer's state is {lost:?}, and Burn would load it as {made:?}, the float type of the default device \
         {device:?}; make the module's device the default one (the environment variable BURN_DEVICE), or configure the \
         default device for {lost:?}"
    ))
}

/// A module of the same parameters with one entry each, a 1, for what is left of deviations. Consumes the module, which
/// must share nothing.
pub(super) fn ones<M: Module>(module: M) -> M {
    struct Ones;
    impl ModuleMapper for Ones {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|old| {
                let (device, dtype) = (old.device(), old.dtype());
                let one = Tensor::ones([1; D], (&device.clone().without_autodiff(), dtype));
                onto(one, &device, old.is_require_grad())
            })
        }
    }
    module.map(&mut Ones)
}

/// Gradients of 0 for the parameters that have one: Burn's optimizers leave the others as they are.
fn no_gradients<M: Module>(module: &M, gradients: &GradientsParams) -> GradientsParams {
    struct Zeros<'a> {
        from: &'a GradientsParams,
        to: GradientsParams,
    }
    impl ModuleVisitor for Zeros<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = self.from.get::<D>(param.id) {
                let zero = Tensor::zeros([1; D], (&gradient.device(), gradient.dtype()));
                self.to.register::<D>(param.id, zero);
            }
        }
    }
    let mut zeros = Zeros { from: gradients, to: GradientsParams::new() };
    module.visit(&mut zeros);
    zeros.to
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::LinearConfig;
    use burn::tensor::FloatDType;

    #[test]
    fn state_is_kept_in_the_float_type_of_the_default_device_alone() {
        let module = |dtype: FloatDType| {
            let device = Device::flex();
            let linear = LinearConfig::new(2, 2).with_bias(false).init(&device);
            let weight = linear.weight.map(|weight| weight.cast(dtype));
            burn::nn::Linear { weight, bias: None }
        };
        let default = Device::default().settings().float_dtype;
        assert_eq!(state_is_lost(&module(default)), None);
        let reason = state_is_lost(&module(FloatDType::F16)).unwrap();
        assert!(reason.contains("is F16, and Burn would load it as"), "{reason}");
        assert!(reason.contains("BURN_DEVICE"), "{reason}");
    }
}
