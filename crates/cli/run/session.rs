//! A run on a backend: the network, or the quotient that is trained in its place, and the probes that follow it.

use super::{Forecasts, ValidatedRun, set, units_schedule};
use crate::backend_name::BackendName;
use crate::breaks;
use crate::config::{RunConfig, clip};
use crate::failure::Failure;
use burn::tensor::backend::AutodiffBackend;
use constinit::ConstInit;
use constinit::prelude::*;
use constinit::probe::{Observation, Probe, SymmetryProbe};
use constinit::surgery::{Lifting, QuotientModule, QuotientOptimizer, quotient, symmetry_of};
use constinit::train::{ConfiguredOptimizer, TrainState};
use constinit_symmetry::SymmetryKind;

/// The state of the training of a run.
pub type RunState<B, O> = TrainState<ConstInit<B>, O, f64>;

/// A run on a backend.
pub struct RunSession<'a, B: AutodiffBackend> {
    pub run: &'a ValidatedRun,
    pub backend: BackendName,
    pub device: &'a B::Device,
    /// The quotient that is trained in place of the network.
    pub small: Option<SmallNetwork<B>>,
}

/// A quotient of the network, and how to lift it to the network.
pub struct SmallNetwork<B: AutodiffBackend> {
    pub quotient: QuotientModule<B, ConstInit<B>>,
    pub lifting: Lifting,
}

/// The probes that follow a run from its start.
pub struct RunProbes<B: AutodiffBackend> {
    pub symmetry: SymmetryProbe,
    pub forecasts: Option<Forecasts<B>>,
}

impl<B: AutodiffBackend> RunSession<'_, B> {
    /// The network that a trained module stands for.
    pub fn full(&self, trained: &ConstInit<B>) -> Result<ConstInit<B>, Failure> {
        match &self.small {
            Some(small) => Ok(small.lifting.lift::<B, _>(trained)?),
            None => Ok(trained.clone()),
        }
    }
}

impl<B: AutodiffBackend> RunProbes<B> {
    /// The probes of a run whose network starts as `model`.
    pub fn new(
        run: &ValidatedRun,
        model: &ConstInit<B>,
        device: &B::Device,
    ) -> Result<Self, Failure> {
        let RunConfig { training, data, probe, .. } = &run.config;
        let facts = breaks::facts(&run.config)?;
        let start = Observation::before_training(model);
        let symmetry = SymmetryProbe::new(model.axes()?).with_facts(facts);
        let symmetry = symmetry.gradients_on(units_schedule(&run.config));
        // As often as units are written: the wider the network, the less often.
        let symmetry =
            symmetry.with_activations(run.config.model.activation, units_schedule(&run.config));
        let mut symmetry = symmetry.without_history().reporting(|_| {});
        Probe::<B, ConstInit<B>>::observe(&mut symmetry, &start);
        let forecasts = match probe.forecast {
            Some(every) => {
                let examples = set::<B>(&run.examples, device);
                let (optimizer, loss) = (&training.optimizer, training.loss);
                let shift = data.shift_per_step;
                Some(Forecasts::new(every, &start, optimizer, loss, examples, shift)?)
            }
            None => None,
        };
        Ok(Self { symmetry, forecasts })
    }
}

/// The optimizer of a network of this program, on its quotient.
type ConfiguredQuotientOptimizer<B> =
    QuotientOptimizer<B, ConstInit<B>, ConfiguredOptimizer<B, ConstInit<B>>>;

/// The first state of a quotient's training, and how to lift it to the network. The optimizer limits gradients as the
/// configuration says.
pub fn quotient_state<B: AutodiffBackend>(
    config: &RunConfig,
    quotient: &QuotientModule<B, ConstInit<B>>,
) -> Result<(RunState<B, ConfiguredQuotientOptimizer<B>>, Lifting), Failure> {
    let training = &config.training;
    let optimizer = quotient.optimizer(training.optimizer.init::<B, ConstInit<B>>()?);
    let optimizer = match clip(training) {
        Some(clip) => optimizer.with_clip(clip),
        None => optimizer,
    };
    let lifting = optimizer.lifting().clone();
    let rate = training.optimizer.learning_rate();
    Ok((TrainState::new(quotient.module.clone(), optimizer, rate), lifting))
}

/// The quotient of a network that gives the same numbers and has fewer units.
pub fn quotient_of<B: AutodiffBackend>(
    config: &RunConfig,
    model: &ConstInit<B>,
) -> Result<QuotientModule<B, ConstInit<B>>, Failure> {
    allowed_quotient(config, model)?.map_err(|reason| {
        let reason = reason.trim_end_matches('.');
        Failure::usage(format!("--quotient: {reason}; run without --quotient to train in full"))
    })
}

/// The same, or the reason why there is none.
pub fn allowed_quotient<B: AutodiffBackend>(
    config: &RunConfig,
    model: &ConstInit<B>,
) -> Result<Result<QuotientModule<B, ConstInit<B>>, String>, Failure> {
    let spec = model.axes()?;
    if spec.spaces().is_empty() {
        return Ok(Err("the network has no hidden layer, so a quotient saves nothing".to_owned()));
    }
    let classes = symmetry_of(model, &spec, SymmetryKind::Equitable)?;
    let facts = breaks::facts(config)?;
    let small = match quotient(model, &spec, &classes, &facts) {
        Ok(small) => small,
        Err(error) => return Ok(Err(error.to_string())),
    };
    if let Some(planned) = facts.planned().first() {
        return Ok(Err(format!("a quotient cannot make this change: {planned}")));
    }
    if small.is_identity() {
        let reason = "all hidden units are distinct at the start, so a quotient saves nothing";
        return Ok(Err(reason.to_owned()));
    }
    Ok(Ok(small))
}
