//! A whole run, from a configuration to JSON.

use crate::engine::Engine;
use crate::network::parameters_json;
use crate::request;
use constinit_core::Error;
use constinit_core::probe::Schedule;
use serde_json::{Value, json};

/// The most numbers of parameters in all readings together.
const NUMBERS: usize = 20_000_000;

/// Runs a configuration in closed form and in double precision; returns JSON.
///
/// ```text
/// {"config": ..., "losses": [...], "readings": [...], "forecasts": [...], "ended": "finished", "reason": null,
///  "verdict": "held", "outcome": ..., "first_break": ..., "sentences": [...], "remarks": [...]}
/// ```
///
/// `losses` has the loss of every step, before its update: that of step i + 1 is at i. A reading is a line of the
/// program's `readings.jsonl` and the parameters by name, with weights as `[output][input]`: before training and then
/// after every `probe.every` steps and the last one. `config` is the whole configuration, with every default.
///
/// The program's backends round examples and starts to single precision; this engine does not. So its numbers agree
/// with those of the program to single precision, and with the same computation in NumPy's `float64` to rounding.
///
/// A configuration that cannot be run gives `{"error": ...}`: one that is not valid, needs files, or has an optimizer
/// without a closed form.
///
/// # Examples
///
/// ```
/// let answer = constinit_playground::run("[model]\nlayer_dims = [1, 2, 1]\n[data]\ninputs = \"x.csv\"\ntargets = [[1]]\n");
/// assert_eq!(answer, r#"{"error":"data.inputs = \"x.csv\": a page reads no files; give the rows, [[...], ...]"}"#);
/// ```
pub fn run(toml: &str) -> String {
    let answer = match whole(toml) {
        Ok(answer) => answer,
        Err(error) => json!({"error": error.to_string()}),
    };
    answer.to_string()
}

fn whole(toml: &str) -> Result<Value, Error> {
    let mut engine = request::open(toml, false)?;
    let config = engine.config().clone();
    let steps = config.training.steps;
    check_size(&engine, steps / config.probe.every)?;
    let schedule = Schedule::every(config.probe.every).or(Schedule::at(steps));
    let forecast_due = |step: usize| config.probe.forecast.is_some_and(|n| step.is_multiple_of(n));
    let (mut losses, mut readings, mut forecasts) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        let step = engine.step();
        if forecast_due(step) && engine.ended().is_none() {
            forecasts.push(json!({"step": step, "spaces": engine.outlook(None)?}));
        }
        if schedule.due(step) && engine.ended().is_none() {
            let reading = engine.read()?;
            let mut line = serde_json::to_value(&reading.record).unwrap_or_default();
            line["parameters"] = parameters_json(&reading.network);
            readings.push(line);
        }
        if step == steps || engine.ended().is_some() {
            break;
        }
        engine.advance()?;
        losses.push(engine.loss().filter(|loss| loss.is_finite()));
    }
    let end = engine.end()?;
    let ended = if engine.ended().is_some() { "diverged" } else { "finished" };
    let mut remarks = engine.examples().doubts(&config);
    if config.expected.is_some() {
        remarks.push("[expected] was not compared: `constinit run` compares it".to_owned());
    }
    Ok(json!({
        "config": config,
        "losses": losses,
        "readings": readings,
        "forecasts": forecasts,
        "ended": ended,
        "reason": engine.ended(),
        "verdict": end.verdict,
        "outcome": end.outcome,
        "first_break": engine.tally().first_break(),
        "sentences": end.sentences,
        "remarks": remarks,
    }))
}

fn check_size(engine: &Engine, readings: usize) -> Result<(), Error> {
    let numbers = engine.trained().saturating_mul(readings.saturating_add(2));
    if numbers > NUMBERS {
        return Err(crate::engine::refused(format!(
            "probe.every: {readings} readings of {} parameters are more than the answer can hold; read less often",
            engine.trained()
        )));
    }
    Ok(())
}
