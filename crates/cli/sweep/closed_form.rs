//! Training the quotient of a run in closed form, where the optimizer keeps its classes.

use super::after::{dead, escape, last_seen, seen, shifted};
use super::classes::{Classes, Parameters, counts};
use super::outcome::{Engine, LayerOutcome, Outcome, OutcomeEnd};
use crate::config::RunConfig;
use crate::data::Examples;
use crate::dynamics::Clipped;
use crate::failure::Failure;
use constinit::train::epoch_order;
use constinit_symmetry::dynamics::{Perceptron, Training};

/// Up to this many numbers a network is trained in closed form even where no two of its units are alike: a step takes
/// less than a backend needs to begin.
const SMALL: usize = 10_000;

/// A run that was tried in closed form.
pub enum Tried {
    Trained(Box<Outcome>),
    /// It has none, or a backend is better.
    NotHere(String),
    /// It was asked to end.
    Interrupted,
}

/// Trains, or says why the run is none for the closed form.
pub fn train(
    config: &RunConfig,
    examples: &Examples,
    interrupted: &dyn Fn() -> bool,
) -> Result<Tried, Failure> {
    let start = Parameters::at_start(config)?;
    let Some((classes, network, rule)) = prepare(config, &start)? else {
        let optimizer = config.training.optimizer.name();
        return Ok(Tried::NotHere(format!("{optimizer} has no closed form here")));
    };
    let parameters = [start.entries(), network.numbers().len()];
    if parameters[0] == parameters[1] && parameters[0] > SMALL {
        let reason = "no two units are alike, and a backend is faster";
        return Ok(Tried::NotHere(reason.to_owned()));
    }
    let twins = counts(&start.twins()?);
    drop(start);
    let activation = config.model.activation;
    let loss = config.training.loss;
    let mut training = Training::new(network, activation, loss, rule);
    let mut batches = Batches::new(config, examples);
    let mut losses = [None; 2];
    let mut steps = 0;
    let mut end = OutcomeEnd::Finished;
    while steps < config.training.steps {
        if steps.is_multiple_of(256) && interrupted() {
            return Ok(Tried::Interrupted);
        }
        let [inputs, targets] = batches.batch(steps);
        let value = training.step(inputs, targets).map_err(Failure::usage)?;
        losses[1] = Some(value);
        losses[0] = losses[0].or(losses[1]);
        // Where the backends' single precision ends, so does the run.
        if !(value as f32).is_finite() {
            end = OutcomeEnd::Diverged(format!("the loss of step {} is {value:e}", steps + 1));
            break;
        }
        steps += 1;
        if let Some(number) =
            training.network().numbers().iter().find(|x| !(**x as f32).is_finite())
        {
            end = OutcomeEnd::Diverged(format!(
                "after step {steps}, a parameter has the value {number:e}"
            ));
            break;
        }
    }
    let trained = training.network();
    let finished = end == OutcomeEnd::Finished;
    let seen = last_seen(config, examples, steps);
    let silent = if finished { Some(dead(trained, config, &seen[0])?) } else { None };
    let after = if finished { Some(classes.twins_after(trained)?) } else { None };
    let space = |number: usize| LayerOutcome {
        units: trained.class_sizes(number + 1).iter().sum(),
        classes: [Some(twins[number]), after.as_ref().map(|after| after[number])],
        dead: silent.as_ref().map(|silent| silent[number]),
    };
    Ok(Tried::Trained(Box::new(Outcome {
        engine: Some(Engine::Quotient),
        ended: end,
        steps: Some(steps),
        losses,
        first_break: None,
        parameters: Some(parameters),
        spaces: (0..twins.len()).map(space).collect(),
        escape: if finished { escape(trained, config, &seen) } else { None },
        seconds: 0.0,
    })))
}

type Prepared = (Classes, Perceptron<f64>, Clipped);

fn prepare(config: &RunConfig, start: &Parameters) -> Result<Option<Prepared>, Failure> {
    let classes = start.collapsed(&start.kept_classes(&config.training.optimizer)?)?;
    let network = classes.network.clone();
    let rule = Clipped::new(&config.training, &network);
    Ok(rule.map(|rule| (classes, network, rule)))
}

/// The batches that a run on a backend would see, in the same order.
struct Batches<'a> {
    config: &'a RunConfig,
    examples: &'a Examples,
    size: usize,
    /// The epoch and its order.
    order: Option<(usize, Vec<usize>)>,
    /// The last one, and the shift in it where it is the whole set.
    batch: [Vec<f64>; 2],
    whole: Option<f64>,
}

impl<'a> Batches<'a> {
    fn new(config: &'a RunConfig, examples: &'a Examples) -> Self {
        let rows = examples.inputs.rows;
        let size = config.data.batch_size.map_or(rows, |size| size.min(rows)).max(1);
        Self { config, examples, size, order: None, batch: Default::default(), whole: None }
    }

    fn batch(&mut self, step: usize) -> [&[f64]; 2] {
        let shift = self.config.data.shift_per_step * step as f64;
        let rows = self.examples.inputs.rows;
        if self.config.data.batch_size.is_none() {
            if self.whole != Some(shift) {
                self.batch = shifted(self.examples, shift);
                self.whole = Some(shift);
            }
        } else {
            let parts = rows.div_ceil(self.size);
            let (epoch, part) = (step / parts, step % parts);
            if let Some(seed) = self.config.data.shuffle_seed
                && self.order.as_ref().is_none_or(|(known, _)| *known != epoch)
            {
                self.order = Some((epoch, epoch_order(rows, seed, epoch)));
            }
            let order = self.order.as_ref().map(|(_, order)| order);
            let range = part * self.size..((part + 1) * self.size).min(rows);
            let matrices = [&self.examples.inputs, &self.examples.targets];
            for (batch, matrix) in self.batch.iter_mut().zip(matrices) {
                batch.clear();
                for place in range.clone() {
                    let row = order.map_or(place, |order| order[place]);
                    let values = &matrix.values[row * matrix.columns..][..matrix.columns];
                    batch.extend(values.iter().map(|value| seen(*value, shift)));
                }
            }
        }
        [&self.batch[0], &self.batch[1]]
    }
}
