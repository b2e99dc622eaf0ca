//! Every unit of a hidden layer over steps, so that twins lie on one line and split where they split.
//!
//! Units that share their class at every state are one line. Units of one class of the start that part later are
//! several, with a broad band behind them for as long as they are one.

use super::units::SpaceState;
use super::{Parting, Run};
use crate::chart::{Chart, Line};
use crate::figure::{Figure, Stroke};
use crate::number::{count, counted, ranges};
use crate::palette::COLOURS;
use crate::scale::Scale;
use crate::thin::spaced;
use std::collections::HashMap;

/// Lines that one figure can have before nobody can read it.
const LINES: usize = 120;
/// States that are drawn; about as many as there are pixels.
const STATES: usize = 560;

/// Units that are one at every state.
struct Bundle {
    units: Vec<usize>,
    /// Their class at the first state.
    start: usize,
}

/// A figure for each hidden layer.
pub fn figures(run: &Run) -> Vec<Figure> {
    let Some(units) = &run.units else { return Vec::new() };
    let Some(first) = units.states.first() else { return Vec::new() };
    let names = first.spaces.iter().enumerate();
    names.map(|(number, space)| figure(run, number, &space.name, &units.value)).collect()
}

fn figure(run: &Run, number: usize, space: &str, value: &str) -> Figure {
    let states = run.units.as_ref().map(|units| units.of_space(space)).unwrap_or_default();
    let parting = run.parting(space);
    let kept =
        |step: usize| parting.as_ref().is_some_and(|p| p.step == step || p.since == Some(step));
    let keep: Vec<usize> = (0..states.len()).filter(|place| kept(states[*place].0)).collect();
    let drawn = spaced(states.len(), STATES, &keep);
    let all = bundles(&states);
    let pair = parting.as_ref().and_then(|parting| parting.told).map(|told| told.units);
    let shown = chosen(&all, pair.as_ref().map_or(&[], |pair| &pair[..]));
    let total = states.first().map_or(0, |(_, state)| state.classes.len());
    let mut notes = Vec::new();
    let readings = run.readings.readings.len();
    if drawn.len() < readings {
        notes.push(format!(
            "The units are drawn at {} of {} readings.",
            count(drawn.len()),
            count(readings)
        ));
    }
    if shown.len() < all.len() {
        let units: usize = shown.iter().map(|bundle| all[*bundle].units.len()).sum();
        let pair = if pair.is_some() { ", and with them the two that parted first" } else { "" };
        notes.push(format!(
            "{} of {} are drawn, chosen evenly by their numbers{pair}.",
            count(units),
            counted(total, "unit")
        ));
    }
    let steps: Vec<usize> = drawn.iter().map(|place| states[*place].0).collect();
    let at = |unit: usize| -> Vec<Option<f64>> {
        drawn.iter().map(|place| states[*place].1.value(unit)).collect()
    };
    let grouping = Grouping::of(&all);
    let few = shown.len() <= COLOURS;
    let mut lines: Vec<Line> = shown
        .iter()
        .map(|&bundle| {
            let Bundle { units, .. } = &all[bundle];
            let name = named(units);
            Line {
                group: grouping.groups[bundle],
                values: at(units[0]),
                width: match units.len() {
                    1 if few => 2.0,
                    1 => 1.0,
                    _ => 3.0,
                },
                label: few.then(|| short_label(units)),
                name,
                stroke: Stroke::Plain,
                points: Vec::new(),
            }
        })
        .collect();
    lines.extend(bands(&all, &shown, &grouping, &states, &drawn));
    let values = lines.iter().flat_map(|line| line.values.iter().flatten().copied());
    let scale = Scale::linear(values.collect::<Vec<_>>(), true);
    let mark = parting.map(|Parting { step, told, .. }| {
        let what = match told.map(|told| told.units) {
            Some([u, v]) => format!("units {u} and {v} part"),
            None => "first break".to_owned(),
        };
        (step, format!("{what}, step {}", count(step)))
    });
    Chart {
        name: format!("units-{}", file_name(space, number)),
        title: format!("{space}: the trajectory of every unit"),
        description: description(space, value, total, &all, mark.as_ref().map(|(step, _)| *step)),
        notes,
        quantity: value,
        scale,
        across: Scale::of_steps(run.last_step()),
        along: "step",
        steps,
        lines,
        groups: grouping.labels,
        mark,
    }
    .figure()
}

/// Units by their classes at all states, by their smallest unit.
fn bundles(states: &[(usize, &SpaceState)]) -> Vec<Bundle> {
    let Some((_, first)) = states.first() else { return Vec::new() };
    // Refined state by state: units stay together where they share their class.
    let mut of_unit: Vec<usize> = first.classes.clone();
    for (_, state) in states {
        let mut known: HashMap<(usize, usize), usize> = HashMap::new();
        for (bundle, class) in of_unit.iter_mut().zip(&state.classes) {
            let next = known.len();
            *bundle = *known.entry((*bundle, *class)).or_insert(next);
        }
    }
    let mut found: Vec<Bundle> = Vec::new();
    for (unit, bundle) in of_unit.iter().enumerate() {
        if *bundle == found.len() {
            found.push(Bundle { units: Vec::new(), start: first.classes[unit] });
        }
        found[*bundle].units.push(unit);
    }
    found
}

/// Which bundles to draw: all, or some at equal distances and those of the units that parted first.
fn chosen(bundles: &[Bundle], pair: &[usize]) -> Vec<usize> {
    let of_pair = |bundle: &Bundle| pair.iter().any(|unit| bundle.units.contains(unit));
    let keep: Vec<usize> = (0..bundles.len()).filter(|n| of_pair(&bundles[*n])).collect();
    spaced(bundles.len(), LINES, &keep)
}

/// Which bundles are shown and hidden together, and have one colour.
struct Grouping {
    /// For each bundle.
    groups: Vec<usize>,
    labels: Vec<String>,
}

impl Grouping {
    /// Each bundle by itself where they are few, by their classes at the start where those are, by their numbers
    /// otherwise.
    fn of(bundles: &[Bundle]) -> Self {
        let starts = bundles.iter().map(|bundle| bundle.start).max().map_or(0, |last| last + 1);
        let groups: Vec<usize> = if bundles.len() <= COLOURS {
            (0..bundles.len()).collect()
        } else if starts <= COLOURS {
            bundles.iter().map(|bundle| bundle.start).collect()
        } else {
            (0..bundles.len()).map(|number| number * COLOURS / bundles.len()).collect()
        };
        let label = |group: usize| {
            let of_group = bundles.iter().zip(&groups).filter(|(_, of)| **of == group);
            let mut units: Vec<usize> =
                of_group.flat_map(|(bundle, _)| bundle.units.clone()).collect();
            units.sort_unstable();
            named(&units)
        };
        let count = groups.iter().max().map_or(0, |last| last + 1);
        let labels = (0..count).map(label).collect();
        Self { groups, labels }
    }
}

/// For each class of the start that has split, a band for as long as it was one.
fn bands(
    all: &[Bundle],
    shown: &[usize],
    grouping: &Grouping,
    states: &[(usize, &SpaceState)],
    drawn: &[usize],
) -> Vec<Line> {
    let mut found = Vec::new();
    let mut done: Vec<usize> = Vec::new();
    for &bundle in shown {
        let start = all[bundle].start;
        if done.contains(&start) {
            continue;
        }
        done.push(start);
        let members: Vec<usize> =
            all.iter().filter(|b| b.start == start).map(|b| b.units[0]).collect();
        if members.len() < 2 {
            continue;
        }
        let together = |place: &&usize| {
            let classes = &states[**place].1.classes;
            members.iter().all(|unit| classes[*unit] == classes[members[0]])
        };
        let values = drawn.iter().take_while(together);
        let mut values: Vec<Option<f64>> =
            values.map(|place| states[*place].1.value(members[0])).collect();
        values.resize(drawn.len(), None);
        found.push(Line {
            group: grouping.groups[bundle],
            name: "several units, still one".to_owned(),
            values,
            width: 9.0,
            label: None,
            stroke: Stroke::Band,
            points: Vec::new(),
        });
    }
    found
}

fn named(units: &[usize]) -> String {
    match units {
        [one] => format!("unit {one}"),
        _ => format!("units {}", ranges(units)),
    }
}

/// What fits beside a figure.
fn short_label(units: &[usize]) -> String {
    let text = named(units);
    if text.chars().count() <= 15 { text } else { counted(units.len(), "unit") }
}

fn description(
    space: &str,
    value: &str,
    units: usize,
    all: &[Bundle],
    broken: Option<usize>,
) -> String {
    let starts = all.iter().map(|bundle| bundle.start).max().map_or(0, |last| last + 1);
    let splits = match (broken, all.len() == starts) {
        (Some(step), _) => format!("The first that part do so at step {}.", count(step)),
        (None, true) if starts < units => "They never part.".to_owned(),
        _ => String::new(),
    };
    let text = format!(
        "Over steps, for each of the {} of {space}, {value}. Units that are one lie on one line: {} at the start, {} at \
         the end. {splits}",
        counted(units, "unit"),
        counted(starts, "line"),
        counted(all.len(), "line"),
    );
    text.trim_end().to_owned()
}

/// A layer's name in a file's name.
fn file_name(space: &str, number: usize) -> String {
    let plain = !space.is_empty() && space.chars().all(|c| c.is_ascii_alphanumeric());
    if plain { space.to_lowercase() } else { format!("layer-{}", number + 1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn states(classes: &[&[usize]]) -> Vec<SpaceState> {
        let state = |classes: &&[usize]| SpaceState {
            name: "hidden1".into(),
            classes: classes.to_vec(),
            values: vec![Some(0.0); classes.iter().max().unwrap() + 1],
        };
        classes.iter().map(state).collect()
    }

    fn bundled(classes: &[&[usize]]) -> Vec<Vec<usize>> {
        let states = states(classes);
        let states: Vec<(usize, &SpaceState)> = states.iter().enumerate().collect();
        bundles(&states).into_iter().map(|bundle| bundle.units).collect()
    }

    #[test]
    fn units_that_are_always_one_are_one_line() {
        assert_eq!(bundled(&[&[0, 0, 0], &[0, 0, 0]]), [vec![0, 1, 2]]);
        assert_eq!(bundled(&[&[0, 0, 0], &[0, 1, 0]]), [vec![0, 2], vec![1]]);
        // Apart for a while only: still two lines.
        assert_eq!(bundled(&[&[0, 0, 0], &[0, 1, 0], &[0, 0, 0]]), [vec![0, 2], vec![1]]);
        assert_eq!(bundled(&[&[0, 1, 1], &[0, 0, 1]]), [[0], [1], [2]]);
    }

    #[test]
    fn colours_follow_lines_or_classes_of_the_start_or_numbers() {
        let alone = |start: &dyn Fn(usize) -> usize, count: usize| -> Vec<Bundle> {
            (0..count).map(|unit| Bundle { units: vec![unit], start: start(unit) }).collect()
        };
        assert_eq!(Grouping::of(&alone(&|_| 0, 3)).groups, [0, 1, 2]);
        let of_starts = Grouping::of(&alone(&|unit| unit / 10, 20));
        assert_eq!((of_starts.labels.len(), &*of_starts.labels[1]), (2, "units 10–19"));
        let of_numbers = Grouping::of(&alone(&|unit| unit, 20));
        assert_eq!((of_numbers.labels.len(), &*of_numbers.labels[0]), (COLOURS, "units 0–2"));
    }

    proptest! {
        #[test]
        fn the_pair_that_parts_is_always_drawn(units in 2..1000_usize, u in 0..1000_usize, v in 0..1000_usize) {
            let all: Vec<Bundle> = (0..units).map(|unit| Bundle { units: vec![unit], start: 0 }).collect();
            let pair = [u % units, v % units];
            let shown = chosen(&all, &pair);
            prop_assert!(shown.len() <= LINES + 2);
            prop_assert!(pair.iter().all(|unit| shown.contains(unit)));
        }
    }
}
