//! The units of each start over the steps of its first run, on one scale for each layer, so that they can be compared.

use super::Comparison;
use crate::chart::{Chart, Line};
use crate::figure::{Figure, Stroke};
use crate::number::{count, counted, ranges};
use crate::scale::Scale;
use crate::thin::spaced;
use constinit_records::{ComparedRunRecord, UnitsSpace};
use std::collections::BTreeMap;

/// Lines that one figure can have before nobody can read it.
const LINES: usize = 64;

/// What the numbers are.
const VALUE: &str = "the mean of its incoming weights, its bias and its outgoing weights";

/// A figure for each layer of each start.
pub fn figures(comparison: &Comparison) -> Vec<Figure> {
    let starts = comparison.start.starts.iter().enumerate();
    let first = starts.filter_map(|(number, _)| {
        Some((number, comparison.runs_of(number).find(|run| !run.states.is_empty())?))
    });
    let first: Vec<(usize, &ComparedRunRecord)> = first.collect();
    let layers = first.iter().map(|(_, run)| run.spaces.len()).max().unwrap_or(0);
    let of_layer = |layer: usize| {
        let all = first.iter().flat_map(|(_, run)| &run.states);
        let all = all.filter_map(|state| state.spaces.get(layer));
        let values: Vec<f64> =
            all.flat_map(|space| space.values.iter().flatten().copied()).collect();
        let scale = Scale::linear(values, true);
        let last = comparison.last_step();
        let figures: Vec<Figure> =
            first.iter().map(|(number, run)| figure(*number, run, layer, scale, last)).collect();
        figures
    };
    (0..layers).flat_map(of_layer).collect()
}

fn figure(
    number: usize,
    run: &ComparedRunRecord,
    layer: usize,
    scale: Scale,
    last_step: usize,
) -> Figure {
    let states: Vec<(usize, &UnitsSpace)> = run
        .states
        .iter()
        .filter_map(|state| Some((state.step, state.spaces.get(layer)?)))
        .collect();
    let units = states.first().map_or(0, |(_, space)| units_of(space));
    // Units that are one at every state are one line.
    let mut bundles: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
    for unit in 0..units {
        let classes = states.iter().map(|(_, space)| class_of(space, unit)).collect();
        bundles.entry(classes).or_default().push(unit);
    }
    let bundles: Vec<Vec<usize>> = bundles.into_values().collect();
    let shown = spaced(bundles.len(), LINES, &[]);
    let line = |place: &usize| {
        let of = &bundles[*place];
        Line {
            group: number,
            name: match of.as_slice() {
                [one] => format!("unit {one}"),
                several => format!("units {}", ranges(several)),
            },
            values: states.iter().map(|(_, space)| value_of(space, of[0])).collect(),
            width: if of.len() > 1 { 3.0 } else { 1.2 },
            label: None,
            stroke: Stroke::Plain,
            points: Vec::new(),
        }
    };
    let name = run.spaces.get(layer).map_or("", |space| space.name.as_str());
    let notes = match shown.len() < bundles.len() {
        true => {
            vec![format!("{} of {} lines are drawn.", count(shown.len()), count(bundles.len()))]
        }
        false => Vec::new(),
    };
    Chart {
        name: format!("units-{}-layer-{}", number + 1, layer + 1),
        title: format!("{}: {name}, {} in {}", run.start, counted(units, "unit"), counted(bundles.len(), "line")),
        description: format!(
            "From the start {}, over steps, for each of the {} of {name}, {VALUE}. Units that are one lie on one line: \
             there are {}.",
            run.start,
            counted(units, "unit"),
            counted(bundles.len(), "line"),
        ),
        notes,
        quantity: VALUE,
        scale,
        across: Scale::of_steps(last_step),
        along: "step",
        steps: states.iter().map(|(step, _)| *step).collect(),
        lines: shown.iter().map(line).collect(),
        groups: vec![String::new(); number + 1],
        mark: None,
    }
    .figure()
    .without_legend()
}

fn units_of(space: &UnitsSpace) -> usize {
    space.classes.as_ref().map_or(space.values.len(), Vec::len)
}

fn class_of(space: &UnitsSpace, unit: usize) -> usize {
    match &space.classes {
        Some(classes) => classes.get(unit).copied().unwrap_or(unit),
        None => unit,
    }
}

fn value_of(space: &UnitsSpace, unit: usize) -> Option<f64> {
    space.values.get(class_of(space, unit)).copied().flatten()
}
