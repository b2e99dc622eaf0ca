//! The changes by which a training breaks symmetry: dropout in its forward passes, and changes of parameters before
//! steps.
//!
//! They depend only on the configuration and on the number of the step, so a resumed run does the same as a run without
//! interruption.

use super::RunState;
use crate::breaks::{BreakConfig, dropout_from, dropout_shares, hidden_layer};
use crate::config::{RunConfig, clip};
use crate::failure::Failure;
use burn::module::Param;
use burn::optim::Optimizer;
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use constinit::ConstInit;
use constinit::init::{Init, ParameterAxes, RngKey};
use constinit::params::from_values;
use constinit::prelude::*;
use constinit::probe::{Probe, Schedule};
use constinit::surgery::{SymmetryKind, break_symmetry, symmetry_of};
use constinit::train::{Batch, Batches, SeededDropout, TrainConfig, Trained, train_with_changes};
use constinit_core::{hidden_name, linear_name};
use constinit_symmetry::SpaceSymmetry;

/// After which steps the network is read.
pub fn readings_schedule(config: &RunConfig) -> Schedule {
    Schedule::every(config.probe.every).or(Schedule::at(config.training.steps))
}

/// Trains as a configuration says, on these batches: with its loss, its limit on gradients, its dropout and its
/// changes. Calls `say` with a sentence about each change. The optimizer of a quotient limits gradients itself, because
/// the norm has to count all units that one unit stands for. Every command that trains on a backend calls this.
pub fn train_configured<B: AutodiffBackend, O: Optimizer<ConstInit<B>, B>>(
    config: &RunConfig,
    state: RunState<B, O>,
    source: &mut impl Batches<Batch = Batch<B>>,
    is_quotient: bool,
    probes: &mut [&mut dyn Probe<B, ConstInit<B>>],
    mut say: impl FnMut(String),
) -> Result<Trained<ConstInit<B>, O, f64>, Failure> {
    let (loss, dropout) = (config.training.loss, RunDropout::new(config)?);
    // Each batch carries the number of its step, from 1, which selects the masks of dropout.
    let mut data = |step: usize| (step + 1, source.batch(step));
    let changed = |step, model| {
        let (model, said) = change(config, step, model)?;
        said.into_iter().for_each(&mut say);
        Ok(model)
    };
    let loss = |model: &ConstInit<B>, (step, batch): (usize, Batch<B>)| {
        loss.forward(dropout.forward(model, batch.inputs, step), batch.targets)
    };
    let plan = TrainConfig {
        steps: config.training.steps,
        clip: clip(&config.training).filter(|_| !is_quotient),
        check_parameters: readings_schedule(config),
    };
    train_with_changes(state, &mut data, changed, loss, &plan, probes)
}

/// The dropout of a run.
struct RunDropout {
    /// One for each hidden layer; None for one that drops nothing.
    layers: Vec<Option<SeededDropout>>,
    /// The first step that drops units.
    from: usize,
}

impl RunDropout {
    fn new(config: &RunConfig) -> Result<Self, Failure> {
        let of_layer = |(layer, share): (usize, f64)| {
            let dropout = SeededDropout::new(share, config.training.seed, hidden_name(layer));
            (share > 0.0).then_some(dropout).transpose()
        };
        let layers = dropout_shares(config).into_iter().enumerate().map(of_layer);
        Ok(Self { layers: layers.collect::<Result<_, _>>()?, from: dropout_from(config) })
    }

    /// The outputs that a step trains on. Steps are counted from 1.
    fn forward<B: Backend>(
        &self,
        model: &ConstInit<B>,
        inputs: Tensor<B, 2>,
        step: usize,
    ) -> Tensor<B, 2> {
        model.forward_through(inputs, |layer, signal| {
            let dropout = self.layers.get(layer).and_then(Option::as_ref);
            let Some(dropout) = dropout.filter(|_| step >= self.from) else { return signal };
            let [examples, units] = signal.dims();
            let mask = dropout.mask(step, examples * units);
            let mask = from_values(mask, [examples, units], &signal.device());
            signal * mask
        })
    }
}

/// The network that a step trains, and a sentence for each change of it. Steps are counted from 1.
fn change<B: Backend>(
    config: &RunConfig,
    step: usize,
    mut model: ConstInit<B>,
) -> Result<(ConstInit<B>, Vec<String>), Failure> {
    let mut said = Vec::new();
    for (number, planned) in config.breaks.iter().enumerate() {
        let layer = hidden_layer(config, planned.space());
        let Some(layer) = layer.filter(|_| planned.step() == step) else { continue };
        let seed = planned.seed(config.training.seed);
        let (changed, what) = match planned {
            BreakConfig::Noise { std, units, .. } => {
                (noise(model, layer, *std, units.as_deref(), (seed, step))?, "noise".to_owned())
            }
            BreakConfig::ZeroSum { scale, .. } => zero_sum(model, layer, *scale, (seed, step))?,
        };
        model = changed;
        said.push(format!("step {step}, [[break]] number {}: {what}", number + 1));
    }
    Ok((model, said))
}

/// Adds normally distributed numbers to the incoming weights and biases of the named units of a hidden layer, or of all
/// its units if none are named.
fn noise<B: Backend>(
    mut model: ConstInit<B>,
    layer: usize,
    std: f64,
    units: Option<&[usize]>,
    (seed, step): (u64, usize),
) -> Result<ConstInit<B>, Failure> {
    let values = |name: &str, shape: &[usize], outputs: usize| {
        let key = RngKey::new(seed, linear_name(layer, name)).at_step(step);
        let drawn = Init::normal(0.0, std).values(shape, ParameterAxes::UNKNOWN, &key)?;
        let is_changed =
            |entry: usize| units.is_none_or(|units| units.contains(&(entry % outputs)));
        // Adding -0.0 leaves every number as it is, even zeros of either sign.
        let kept = |(entry, value)| if is_changed(entry) { value } else { -0.0 };
        Ok::<Vec<f64>, Failure>(drawn.into_iter().enumerate().map(kept).collect())
    };
    let linear = &mut model.layers[layer];
    let shape @ [_, outputs] = linear.weight.dims();
    linear.weight = plus(&linear.weight, values("weight", &shape, outputs)?, shape);
    if let Some(bias) = &linear.bias {
        linear.bias = Some(plus(bias, values("bias", &[outputs], outputs)?, [outputs]));
    }
    Ok(model)
}

/// A parameter with these numbers added to its entries.
fn plus<B: Backend, const D: usize>(
    param: &Param<Tensor<B, D>>,
    values: Vec<f64>,
    shape: [usize; D],
) -> Param<Tensor<B, D>> {
    param.clone().map(|value| {
        let needed = value.is_require_grad();
        let added = from_values(values, shape, &value.device());
        (value + added).detach().set_require_grad(needed)
    })
}

/// Changes the outgoing weights of a hidden layer by amounts that sum to zero over units that compute the same.
fn zero_sum<B: Backend>(
    mut model: ConstInit<B>,
    layer: usize,
    scale: f64,
    (seed, step): (u64, usize),
) -> Result<(ConstInit<B>, String), Failure> {
    let spec = model.axes()?;
    let classes = symmetry_of(&model, &spec, SymmetryKind::ForwardLumpable)?;
    let name = hidden_name(layer);
    let seed = RngKey::new(seed, name.as_str()).at_step(step).derived_seed();
    let broken = break_symmetry(model.clone(), &spec, &classes, scale, seed)?;
    // Only the parameter that reads this layer changes; the others stay as they are.
    model.layers[layer + 1].weight = broken.module.layers[layer + 1].weight.clone();
    let space = classes.space(&name);
    let of_several = |space: &SpaceSymmetry| space.partition().sizes().filter(|n| *n > 1).count();
    let several = space.map_or(0, of_several);
    let left = broken.inseparable.iter().filter(|class| class.space == name);
    let left: Vec<String> = left.map(|class| format!("; {class}")).collect();
    let said = match several {
        0 => {
            format!("no two units of {name} compute the same number, so there is nothing to change")
        }
        several => {
            let s = if several == 1 { "class" } else { "classes" };
            let separated = several - left.len();
            format!(
                "the outgoing weights of {separated} of {several} {s} of {name} differ from now on, by changes of at \
                 most {scale}{}",
                left.concat()
            )
        }
    };
    Ok((model, said))
}
