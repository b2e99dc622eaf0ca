//! Training the quotient of a run in closed form, if the optimizer keeps its classes.

use super::after::{dead, escape, outcome};
use super::classes::Start;
use super::outcome::{Engine, LayerOutcome, Outcome, OutcomeEnd};
use crate::breaks;
use crate::config::{Clipped, RunConfig, SeenBatches};
use crate::data::Examples;
use crate::failure::Failure;
use crate::seen::last_seen;
use constinit_core::text::number;
use constinit_symmetry::dynamics::Training;

/// Up to this many numbers, a network is trained in closed form even if no two of its units are equal: a step takes
/// less time than a backend needs to start one.
const SMALL: usize = 10_000;

/// The result of trying a run in closed form.
pub enum Tried {
    Trained(Box<Outcome>),
    /// The run has no closed form, or a backend is faster; with the reason.
    NotHere(String),
    /// The run was asked to end.
    Interrupted,
}

/// Trains, or says why the run has no closed form here.
pub fn train(
    config: &RunConfig,
    examples: &Examples,
    batches: &mut SeenBatches,
    interrupted: &dyn Fn() -> bool,
) -> Result<Tried, Failure> {
    if let Some(planned) = breaks::facts(config)?.planned().first() {
        return Ok(Tried::NotHere(format!("no closed form: {planned}")));
    }
    let start = Start::new(config)?;
    let Some(rule) = Clipped::new(&config.training, &start.network) else {
        let optimizer = config.training.optimizer.name();
        return Ok(Tried::NotHere(format!("no closed form for {optimizer} here")));
    };
    let parameters = [start.entries, start.network.numbers().len()];
    if parameters[0] == parameters[1] && parameters[0] > SMALL {
        let reason = "no two units are equal, so a backend is faster";
        return Ok(Tried::NotHere(reason.to_owned()));
    }
    let (activation, loss) = (config.model.activation, config.training.loss);
    let mut training = Training::new(start.network.clone(), activation, loss, rule);
    let mut losses = [None; 2];
    let mut steps = 0;
    let mut end = OutcomeEnd::Finished;
    while steps < config.training.steps {
        if steps.is_multiple_of(256) && interrupted() {
            return Ok(Tried::Interrupted);
        }
        let [inputs, targets] = batches.of_step(steps);
        let value = training.step(inputs, targets).map_err(Failure::usage)?;
        losses[1] = Some(value);
        losses[0] = losses[0].or(losses[1]);
        // The run ends when the loss exceeds the backends' single precision.
        if !(value as f32).is_finite() {
            end = OutcomeEnd::Diverged(format!(
                "the loss of step {} is {}",
                steps + 1,
                number(value, 6)
            ));
            break;
        }
        steps += 1;
        if let Some(entry) = not_single(training.network().numbers()) {
            let entry = number(entry, 6);
            let why = format!("after step {steps}, a parameter has the value {entry}");
            end = OutcomeEnd::Diverged(why);
            break;
        }
    }
    let trained = training.network();
    let finished = end == OutcomeEnd::Finished;
    let seen = last_seen(config, examples, steps);
    let silent = if finished { Some(dead(trained, config, &seen[0])?) } else { None };
    let after = if finished { Some(start.twins_after(trained)?) } else { None };
    let space = |number: usize| LayerOutcome {
        units: trained.class_sizes(number + 1).iter().sum(),
        classes: [Some(start.twins[number]), after.as_ref().map(|after| after[number])],
        dead: silent.as_ref().map(|silent| silent[number]),
    };
    Ok(Tried::Trained(Box::new(Outcome {
        engine: Some(Engine::Quotient),
        ended: end,
        steps: Some(steps),
        losses,
        outcome: if finished { outcome(trained, config, &seen)? } else { None },
        first_break: None,
        parameters: Some(parameters),
        spaces: (0..start.twins.len()).map(space).collect(),
        escape: if finished { escape(trained, config, &seen) } else { None },
        seconds: 0.0,
    })))
}

/// The first number that is not finite in the backends' single precision.
fn not_single(numbers: &[f64]) -> Option<f64> {
    let finite = |number: &f64| (*number as f32).is_finite();
    // Without an early exit, so that the processor checks several numbers at once.
    if numbers.iter().fold(true, |all, number| all & finite(number)) {
        return None;
    }
    numbers.iter().copied().find(|number| !finite(number))
}
