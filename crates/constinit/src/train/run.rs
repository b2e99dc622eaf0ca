//! The loop.

use super::{Batches, ClipGradients};
use crate::gradients::share_gradients;
use crate::params::{HostParameter, first_non_finite, parameter_paths};
use crate::probe::{Flow, Observation, Probe};
use burn::lr_scheduler::LrScheduler;
use burn::module::AutodiffModule;
use burn::optim::{GradientsParams, Optimizer};
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{ElementConversion, Tensor};
use constinit_core::train::{Divergence, NonFinite, StopReason, TrainConfig};
use std::convert::Infallible;

/// All that a run needs to continue.
#[derive(Clone, Debug)]
pub struct TrainState<M, O, S> {
    /// The module.
    pub model: M,
    /// The optimizer with its state.
    pub optimizer: O,
    /// The learning-rate schedule; a number is a constant one.
    pub schedule: S,
    /// Optimizer steps done.
    pub step: usize,
}

impl<M, O, S> TrainState<M, O, S> {
    /// The state before training.
    pub fn new(model: M, optimizer: O, schedule: S) -> Self {
        Self { model, optimizer, schedule, step: 0 }
    }
}

/// A run that has ended.
#[derive(Clone, Debug)]
pub struct Trained<M, O, S> {
    /// The state after the last step.
    pub state: TrainState<M, O, S>,
    /// The last loss that was computed; None if there was no step.
    pub loss: Option<f64>,
    /// Why the run ended.
    pub ended: StopReason,
}

/// Trains until the plan's steps are done, a probe asks to stop, or a number is not finite.
///
/// The probes see a run before its first step (a state with `step` 0) and after each step for
/// which they are due. A state that has steps done continues from there and is not shown again.
///
/// # Complexity
///
/// Besides the step itself: one read-back of the loss per step, and one of all parameters in the
/// steps in which a probe or [`TrainConfig::check_parameters`] asks for it.
pub fn train<B, M, O, S, D>(
    state: TrainState<M, O, S>,
    data: &mut D,
    loss: impl FnMut(&M, D::Batch) -> Tensor<B, 1>,
    plan: &TrainConfig,
    probes: &mut [&mut dyn Probe<B, M>],
) -> Trained<M, O, S>
where
    B: AutodiffBackend,
    M: AutodiffModule<B>,
    O: Optimizer<M, B>,
    S: LrScheduler,
    D: Batches,
{
    let unchanged = |_: usize, model: M| Ok::<_, Infallible>(model);
    let Ok(trained) = train_with_changes(state, data, unchanged, loss, plan, probes);
    trained
}

/// Like [`train`], with a function that may change the module at the beginning of a step.
///
/// `change` gets the number of the step, from 1, and the module. It must be a function of these two, since a run that
/// continues from a state calls it only for later steps. It must not change shapes, since the optimizer keeps its
/// state. The gradients of a step are those of the changed module; a probe sees a change together with the step that
/// follows it.
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_autodiff::Autodiff;
/// use burn_ndarray::NdArray;
/// use constinit::prelude::*;
/// use constinit::probe::SymmetryProbe;
/// use constinit::surgery::{SymmetryKind, break_symmetry, symmetry_of};
/// use constinit::train::{
///     Batch, FullBatch, Loss, OptimizerConfig, TrainConfig, TrainState, train_with_changes,
/// };
/// use constinit::{ConstInit, ConstInitConfig, Error};
///
/// type B = Autodiff<NdArray>;
/// let device = Default::default();
/// let net = ConstInitConfig::new(vec![3, 2, 4]).with_init_w(0.1).init::<B>(&device);
/// let mut probe = SymmetryProbe::new(net.axes()?);
/// let sgd = OptimizerConfig::sgd(0.1);
/// let state = TrainState::new(net, sgd.init()?, sgd.learning_rate());
/// let x = Tensor::<B, 2>::from_data([[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]], &device);
/// let mut data = FullBatch::new(Batch { inputs: x, targets: Tensor::ones([2, 4], &device) })?;
/// let loss = |net: &ConstInit<B>, batch: Batch<B>| {
///     Loss::Mse.forward(net.forward(batch.inputs), batch.targets)
/// };
///
/// let change = |step: usize, net: ConstInit<B>| {
///     if step != 5 {
///         return Ok(net);
///     }
///     let spec = net.axes()?;
///     let classes = symmetry_of(&net, &spec, SymmetryKind::Twins)?;
///     Ok::<_, Error>(break_symmetry(net, &spec, &classes, 0.01, 7)?.module)
/// };
/// train_with_changes(state, &mut data, change, loss, &TrainConfig::steps(10), &mut [&mut probe])?;
/// let found = probe.first_break().unwrap();
/// assert_eq!((found.step, found.since), (5, Some(4)));
/// # Ok::<(), constinit::Error>(())
/// ```
///
/// # Errors
///
/// The error of `change`; the state of the training is lost with it.
pub fn train_with_changes<B, M, O, S, D, E>(
    state: TrainState<M, O, S>,
    data: &mut D,
    mut change: impl FnMut(usize, M) -> Result<M, E>,
    mut loss: impl FnMut(&M, D::Batch) -> Tensor<B, 1>,
    plan: &TrainConfig,
    probes: &mut [&mut dyn Probe<B, M>],
) -> Result<Trained<M, O, S>, E>
where
    B: AutodiffBackend,
    M: AutodiffModule<B>,
    O: Optimizer<M, B>,
    S: LrScheduler,
    D: Batches,
{
    let TrainState { mut model, mut optimizer, mut schedule, mut step } = state;
    let mut last_loss = None;
    let mut ended = None;

    if step == 0 {
        ended = show(probes, &Observation::before_training(&model));
    }
    while ended.is_none() && step < plan.steps {
        model = change(step + 1, model)?;
        let value = loss(&model, data.batch(step));
        let gradients = GradientsParams::from_grads(value.backward(), &model);
        let value: f64 = value.into_scalar().elem();
        last_loss = Some(value);
        if !value.is_finite() {
            ended = Some(StopReason::Diverged(diverged_loss(&model, step + 1, value)));
            break;
        }
        let gradients = match plan.clip {
            Some(clip) => clip.apply(&model, gradients),
            None => gradients,
        };
        let rate = schedule.step();
        let wanted = probes.iter().any(|p| p.reads_gradients() && p.due(step + 1));
        let kept = wanted.then(|| share_gradients(&model, &gradients));
        model = optimizer.step(rate, model, gradients);
        step += 1;

        let seen = Observation::of(step, &model, kept.as_ref(), Some(value), Some(rate));
        ended = show(probes, &seen);
        if plan.check_parameters.due(step)
            && let Some(divergence) = diverged_parameter(&model, seen.parameters(), step)
        {
            ended = Some(StopReason::Diverged(divergence));
        }
    }
    let state = TrainState { model, optimizer, schedule, step };
    Ok(Trained { state, loss: last_loss, ended: ended.unwrap_or(StopReason::Finished) })
}

/// Shows a state to every probe that is due; the first reason to stop is the one that counts.
fn show<B: AutodiffBackend, M: AutodiffModule<B>>(
    probes: &mut [&mut dyn Probe<B, M>],
    seen: &Observation<'_, B, M>,
) -> Option<StopReason> {
    let mut ended = None;
    for probe in probes.iter_mut().filter(|probe| probe.due(seen.step)) {
        if let Flow::Stop { reason } = probe.observe(seen) {
            ended.get_or_insert(StopReason::Stopped { reason });
        }
    }
    ended
}

fn diverged_parameter<B: AutodiffBackend, M: AutodiffModule<B>>(
    model: &M,
    parameters: &[HostParameter],
    step: usize,
) -> Option<Divergence> {
    parameters.iter().enumerate().find_map(|(number, parameter)| {
        let (entry, value) = first_non_finite(&parameter.data)?;
        let path = parameter_paths(model).swap_remove(number);
        Some(Divergence { step, what: NonFinite::Parameter { path, entry }, value })
    })
}

fn diverged_loss<B: AutodiffBackend, M: AutodiffModule<B>>(
    model: &M,
    step: usize,
    value: f64,
) -> Divergence {
    let parameters = crate::params::read_parameters(model);
    // A parameter that is not finite comes from the step before, and is the cause.
    if let Some(cause) = diverged_parameter(model, &parameters, step.saturating_sub(1)) {
        return cause;
    }
    let size = |p: &HostParameter| p.data.iter::<f64>().fold(0.0_f64, |m, v| m.max(v.abs()));
    let largest = (0..parameters.len())
        .max_by(|a, b| size(&parameters[*a]).total_cmp(&size(&parameters[*b])));
    let mut paths = parameter_paths(model);
    let largest_parameter = largest.map(|number| paths.swap_remove(number)).unwrap_or_default();
    Divergence { step, what: NonFinite::Loss { largest_parameter }, value }
}
