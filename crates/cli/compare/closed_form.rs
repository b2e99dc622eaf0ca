//! Runs of a comparison in closed form, which need no backend and keep neither losses nor states.

use super::request::ValidatedComparison;
use super::summary::summary;
use crate::config::{RunConfig, SeenBatches};
use crate::data::Examples;
use crate::failure::Failure;
use crate::sweep::{LayerOutcome, OutcomeEnd, Tried, train_in_closed_form};
use constinit_core::hidden_name;
use constinit_records::{ComparedRecord, ComparedRunRecord, ComparedRunSpace};
use std::sync::Arc;

/// The results of all starts of a comparison; None if one of them has no closed form.
pub fn in_closed_form(
    comparison: &ValidatedComparison,
) -> Result<Option<Vec<ComparedRecord>>, Failure> {
    let examples = Arc::new(comparison.examples.clone());
    let of_start = |of: &super::StartRuns| {
        let runs = (0..of.seeds).map(|run| one(&of.start.name, &of.config_of(run), &examples));
        let runs = runs.collect::<Result<Option<Vec<_>>, Failure>>()?;
        Ok(runs.map(|runs| summary(&runs, None)))
    };
    comparison.starts.iter().map(of_start).collect()
}

fn one(
    start: &str,
    config: &RunConfig,
    examples: &Arc<Examples>,
) -> Result<Option<ComparedRunRecord>, Failure> {
    let mut batches = SeenBatches::new(config, examples);
    let Tried::Trained(found) = train_in_closed_form(config, examples, &mut batches, &|| false)?
    else {
        return Ok(None);
    };
    let space = |(number, space): (usize, &LayerOutcome)| ComparedRunSpace {
        name: hidden_name(number),
        units: space.units,
        twins_start: space.classes[0].unwrap_or(space.units),
        twins_end: space.classes[1],
        dead: space.dead,
    };
    Ok(Some(ComparedRunRecord {
        start: start.to_owned(),
        seed: config.training.seed,
        step: found.steps.unwrap_or(0),
        ended: found.ended.word(),
        reason: match &found.ended {
            OutcomeEnd::Finished => None,
            OutcomeEnd::Diverged(reason) | OutcomeEnd::Failed(reason) => Some(reason.clone()),
        },
        quotient: None,
        losses: Vec::new(),
        states: Vec::new(),
        spaces: found.spaces.iter().enumerate().map(space).collect(),
        outcome: found.outcome,
    }))
}
