//! The figures of a comparison: each start has the same colour in all of them.

use super::{ComparedStarts, Start};
use crate::chart::{Chart, Line, from_to};
use crate::figure::{Figure, Size, Stroke};
use crate::number::{count, counted, short};
use crate::run::trajectories::{Colours, Trajectories, file_name};
use crate::run::{BASE, SpaceState};
use crate::scale::Scale;
use crate::ticks::cut;
use constinit_records::UNIT_VALUE;
use std::collections::BTreeSet;

/// The colours of starts. The first one is the colour of text.
const OF_STARTS: [usize; 6] = [6, 1, 0, 2, 3, 4];
/// The largest number of runs of a start that are drawn.
const RUNS: usize = 16;
/// Losses above this multiple of the losses of finished runs are outside of the figure.
const FAR: f64 = 2.0;

/// Steps and the loss that each computed.
type Losses = [(usize, Option<f64>)];

/// The colour of a start.
pub fn colour(start: usize) -> usize {
    OF_STARTS[start % OF_STARTS.len()]
}

pub fn figures(comparison: &ComparedStarts, size: Size) -> Vec<Figure> {
    let mut found: Vec<Figure> = loss(comparison, size).into_iter().collect();
    for (number, start) in comparison.starts.iter().enumerate() {
        found.extend(units(comparison, number, start, size));
    }
    found
}

/// The losses of all starts; None if no run has any.
fn loss(comparison: &ComparedStarts, size: Size) -> Option<Figure> {
    let starts = comparison.starts.iter().enumerate();
    let runs: Vec<(usize, usize, &Losses)> = starts
        .flat_map(|(number, start)| {
            let runs = start.runs.iter().take(RUNS).enumerate();
            runs.map(move |(place, run)| (number, place, run.losses.as_slice()))
        })
        .collect();
    let steps: BTreeSet<usize> =
        runs.iter().flat_map(|(_, _, losses)| losses.iter().map(|(step, _)| *step)).collect();
    let steps: Vec<usize> = steps.into_iter().collect();
    if steps.is_empty() {
        return None;
    }
    let baseline = comparison.baseline();
    let most = highest(comparison, baseline);
    let mut notes = Vec::new();
    let mut told = Vec::new();
    let mut lines = Vec::new();
    let mut shown: Vec<f64> = baseline.into_iter().collect();
    for (number, place, losses) in runs {
        let start = &comparison.starts[number];
        let name = &start.planned.start;
        let seeds = start.runs.len();
        if place == 0 {
            let values: Vec<Option<f64>> = losses.iter().map(|(_, loss)| *loss).collect();
            let of = if seeds > 1 {
                format!(" ({}, of the first)", counted(seeds, "run"))
            } else {
                String::new()
            };
            told.push(format!("{name}: {}{of}", from_to(&values)));
        }
        let above = losses.iter().find(|(_, loss)| loss.is_none_or(|loss| loss > most));
        if let Some((step, _)) = above.filter(|_| place == 0) {
            notes.push(format!("{name} leaves the figure at step {}.", count(*step)));
        }
        let inside = |value: &Option<f64>| value.filter(|value| *value <= most);
        let values = at_steps(&steps, losses).iter().map(inside).collect::<Vec<_>>();
        shown.extend(values.iter().flatten());
        let label = (place == 0).then(|| cut(name, 16));
        let name = match seeds {
            0 | 1 => name.clone(),
            _ => format!("{name}, seed {}", start.runs[place].seed),
        };
        let width = if place == 0 { 2.0 } else { 0.8 };
        lines.push(Line { label, name, ..line(number, colour(number), width, values) });
    }
    for start in comparison.starts.iter().filter(|start| start.runs.len() > RUNS) {
        let all = counted(start.runs.len(), "run");
        notes.push(format!("{}: {RUNS} of {all} are drawn.", start.planned.start));
    }
    let mut groups: Vec<String> =
        comparison.starts.iter().map(|start| start.planned.start.clone()).collect();
    if let Some(baseline) = baseline {
        told.push(format!("the best constant answer: {}", short(baseline)));
        let values = vec![Some(baseline); steps.len()];
        let (name, stroke) = ("baseline".to_owned(), Stroke::Dashed);
        let label = Some(name.clone());
        lines.push(Line { label, name, stroke, ..line(groups.len(), BASE, 1.2, values) });
        groups.push("baseline".to_owned());
    }
    Some(
        Chart {
            name: "loss".to_owned(),
            title: "Loss from each start".to_owned(),
            description: format!("The loss over steps. {}.", told.join("; ")),
            notes,
            size,
            quantity: "loss that the step computed",
            scale: Scale::fitting(shown),
            across: Scale::of_steps(steps[steps.len() - 1]),
            along: "step",
            steps,
            lines,
            groups,
            mark: None,
        }
        .figure(),
    )
}

/// The highest loss that is drawn, with room for the losses of finished runs and for the baseline.
fn highest(comparison: &ComparedStarts, baseline: Option<f64>) -> f64 {
    let finished = comparison.starts.iter().flat_map(|start| &start.runs);
    let finished = finished.filter(|run| run.outcome.is_some());
    let losses = finished.flat_map(|run| run.losses.iter().filter_map(|(_, loss)| *loss));
    let most = losses.chain(baseline).reduce(f64::max);
    most.map_or(f64::INFINITY, |most| if most > 0.0 { FAR * most } else { f64::INFINITY })
}

/// The losses of a run at the steps of all runs. Between two steps that the run recorded, the loss is interpolated
/// linearly.
fn at_steps(steps: &[usize], losses: &Losses) -> Vec<Option<f64>> {
    let at = |step: &usize| {
        let after = losses.partition_point(|(own, _)| own < step);
        let (right, above) = losses.get(after)?;
        if right == step {
            return *above;
        }
        let (left, below) = losses.get(after.checked_sub(1)?)?;
        let (below, above) = ((*below)?, (*above)?);
        Some(below + (above - below) * (step - left) as f64 / (right - left) as f64)
    };
    steps.iter().map(at).collect()
}

fn line(group: usize, colour: usize, width: f64, values: Vec<Option<f64>>) -> Line {
    Line {
        group,
        colour,
        name: String::new(),
        values,
        width,
        span: None,
        label: None,
        stroke: Stroke::Plain,
        points: Vec::new(),
    }
}

/// The units of the first run of a start, one figure per layer. All starts share the scale of a layer.
fn units(comparison: &ComparedStarts, number: usize, start: &Start, size: Size) -> Vec<Figure> {
    let Some((_, first)) = start.states.first() else { return Vec::new() };
    let last_step = comparison.starts.iter().map(Start::last_step).max().unwrap_or(0);
    let of_layer = |(layer, space): (usize, &SpaceState)| {
        let everywhere = comparison.starts.iter().flat_map(|start| {
            let spaces = start.states.iter().flat_map(|(_, spaces)| spaces);
            spaces.filter(move |found| found.name == space.name)
        });
        let states =
            start.states.iter().map(|(step, spaces)| (*step, &spaces[layer])).collect::<Vec<_>>();
        Trajectories {
            name: format!("units-{}-{}", number + 1, file_name(&space.name, layer)),
            title: format!("{}: {}", start.planned.start, space.name),
            space: &space.name,
            value: UNIT_VALUE,
            readings: states.len(),
            states,
            last_step,
            parting: None,
            colours: Colours::All(colour(number)),
            scale: Some(Trajectories::scale(everywhere)),
            size,
        }
        .figure()
    };
    first.iter().enumerate().map(of_layer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_between_two_steps_lie_on_their_line() {
        let losses = [(1, Some(4.0)), (5, Some(2.0)), (6, None), (8, Some(1.0))];
        let found = at_steps(&[0, 1, 3, 5, 6, 7, 8, 9], &losses);
        assert_eq!(found, [None, Some(4.0), Some(3.0), Some(2.0), None, None, Some(1.0), None]);
    }
}
