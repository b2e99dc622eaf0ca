//! Every unit of a hidden layer over steps. Twins lie on one line, which splits where they diverge.
//!
//! Units that share their class at every state are one line. Units of one class of the start that diverge later are one
//! line while they are equal, and several lines from then on. A colour says what a line is: each class of several units
//! of the start has one colour, and all units that are alone share one.
//!
//! ```text
//!                 ______ unit 0   alone
//! units 0–2 =====<====== units 1, 2
//! ```

use super::units::SpaceState;
use super::{Parting, Run};
use crate::chart::{Chart, Line};
use crate::figure::{Figure, Size, Stroke};
use crate::number::{count, counted, ranges};
use crate::scale::Scale;
use crate::thin::spaced;
use std::collections::HashMap;

/// The largest number of lines of a figure that people can still read.
const LINES: usize = 120;
/// The largest number of lines with a name at their end.
const NAMED: usize = 8;
/// The largest number of states that are drawn: about as many as there are pixels.
const STATES: usize = 560;
/// The colours of classes of several units, and the colour of units that are alone.
const CLASSES: [usize; 4] = [0, 2, 3, 4];
const ALONE: usize = 1;

/// Units that are equal at every state.
struct Bundle {
    units: Vec<usize>,
    /// Their class at the first state.
    start: usize,
}

/// A figure for each hidden layer.
pub fn figures(run: &Run, size: Size) -> Vec<Figure> {
    let Some(units) = &run.units else { return Vec::new() };
    let Some(first) = units.states.first() else { return Vec::new() };
    let names = first.spaces.iter().enumerate();
    names.map(|(number, space)| figure(run, size, number, &space.name, &units.value)).collect()
}

fn figure(run: &Run, size: Size, number: usize, space: &str, value: &str) -> Figure {
    let states = run.units.as_ref().map(|units| units.of_space(space)).unwrap_or_default();
    Trajectories {
        name: format!("units-{}", file_name(space, number)),
        title: format!("{space}: the trajectory of every unit"),
        space,
        value,
        states,
        readings: run.readings.readings.len(),
        last_step: run.last_step(),
        parting: run.parting(space),
        colours: Colours::OfClasses,
        scale: None,
        size,
    }
    .figure()
}

/// The units of a layer over steps, to be drawn.
pub(crate) struct Trajectories<'a> {
    pub name: String,
    pub title: String,
    pub space: &'a str,
    /// What the numbers are, in words.
    pub value: &'a str,
    pub states: Vec<(usize, &'a SpaceState)>,
    /// The number of states that were read, including those that were not saved.
    pub readings: usize,
    pub last_step: usize,
    pub parting: Option<Parting<'a>>,
    pub colours: Colours,
    /// The scale of figures beside it, if there are any.
    pub scale: Option<Scale>,
    pub size: Size,
}

/// The meaning of colours. The width of a line says whether a unit is alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colours {
    /// The class of the start that a unit belongs to, or that the unit is alone.
    OfClasses,
    /// Something else: all lines have this colour.
    All(usize),
}

impl Trajectories<'_> {
    /// The scale that all of these numbers lie on.
    pub fn scale<'a>(states: impl IntoIterator<Item = &'a SpaceState>) -> Scale {
        let values = states.into_iter().flat_map(|state| state.values.iter().flatten().copied());
        Scale::from_zero(values)
    }

    pub fn figure(self) -> Figure {
        let Self { space, value, states, readings, parting, .. } = self;
        let kept =
            |step: usize| parting.as_ref().is_some_and(|p| p.step == step || p.since == Some(step));
        let keep: Vec<usize> = (0..states.len()).filter(|place| kept(states[*place].0)).collect();
        let drawn = spaced(states.len(), STATES, &keep);
        let all = bundles(&states);
        let pair = parting.as_ref().and_then(|parting| parting.told).map(|told| told.units);
        let shown = chosen(&all, pair.as_ref().map_or(&[], |pair| &pair[..]));
        let total = states.first().map_or(0, |(_, state)| state.classes.len());
        let mut notes = Vec::new();
        if drawn.len() < readings {
            notes.push(format!(
                "The figure shows {} of {} readings.",
                count(drawn.len()),
                count(readings)
            ));
        }
        if shown.len() < all.len() {
            let units: usize = shown.iter().map(|bundle| all[*bundle].units.len()).sum();
            let pair = if pair.is_some() { ", and the two that diverged first" } else { "" };
            notes.push(format!(
                "{} of {} are drawn, chosen evenly by their numbers{pair}.",
                count(units),
                counted(total, "unit")
            ));
        }
        let steps: Vec<usize> = drawn.iter().map(|place| states[*place].0).collect();
        let (mut lines, groups) = Tree { all: &all, states: &states, drawn: &drawn }.lines(&shown);
        if let Colours::All(colour) = self.colours {
            lines.iter_mut().for_each(|line| line.colour = colour);
        }
        // If no line has a name at its end and all are of one kind, only a note can name them.
        if let ([only], true) = (&groups[..], lines.iter().all(|line| line.label.is_none())) {
            notes.push(format!("Drawn: {only}."));
        }
        let at = drawn.iter().map(|place| states[*place].1);
        let scale = self.scale.unwrap_or_else(|| Trajectories::scale(at));
        let mark = parting.map(|Parting { step, told, .. }| {
            let what = match told.map(|told| told.units) {
                Some([u, v]) => format!("units {u} and {v} diverge"),
                None => "first break".to_owned(),
            };
            (step, format!("{what}, step {}", count(step)))
        });
        let broken = mark.as_ref().map(|(step, _)| *step);
        let figure = Chart {
            description: description(space, value, total, &all, broken),
            name: self.name,
            title: self.title,
            notes,
            size: self.size,
            quantity: value,
            scale,
            across: Scale::of_steps(self.last_step),
            along: "step",
            steps,
            lines,
            groups,
            mark,
        }
        .figure();
        // The page states the quantity once for all of them.
        Figure { quantity: None, ..figure }
    }
}

/// Units in bundles, by their classes at all states. Bundles are ordered by their smallest unit.
fn bundles(states: &[(usize, &SpaceState)]) -> Vec<Bundle> {
    let Some((_, first)) = states.first() else { return Vec::new() };
    // Refined state by state: units stay in one bundle while they share their class.
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

/// The bundles to draw: all, or some at equal distances and those of the units that diverged first.
fn chosen(bundles: &[Bundle], pair: &[usize]) -> Vec<usize> {
    let of_pair = |bundle: &Bundle| pair.iter().any(|unit| bundle.units.contains(unit));
    let keep: Vec<usize> = (0..bundles.len()).filter(|n| of_pair(&bundles[*n])).collect();
    spaced(bundles.len(), LINES, &keep)
}

/// Bundles as lines that begin together and split.
struct Tree<'a> {
    all: &'a [Bundle],
    states: &'a [(usize, &'a SpaceState)],
    /// The positions of states that are drawn.
    drawn: &'a [usize],
}

impl Tree<'_> {
    /// The lines of the shown bundles, and the name of each group of lines.
    fn lines(&self, shown: &[usize]) -> (Vec<Line>, Vec<String>) {
        let mut starts: Vec<usize> = shown.iter().map(|bundle| self.all[*bundle].start).collect();
        starts.sort_unstable();
        starts.dedup();
        let of = |start: usize| self.all.iter().filter(move |bundle| bundle.start == start);
        let units = |start: usize| -> Vec<usize> {
            let mut units: Vec<usize> = of(start).flat_map(|b| b.units.clone()).collect();
            units.sort_unstable();
            units
        };
        let several: Vec<usize> =
            starts.iter().copied().filter(|start| units(*start).len() > 1).collect();
        // If there are more classes than colours, all classes share one colour.
        let own = several.len() <= CLASSES.len();
        let group = |start: usize| match several.iter().position(|found| *found == start) {
            Some(number) if own => number,
            _ => 0,
        };
        let mut groups: Vec<String> = match own {
            true => several.iter().map(|start| named(&units(*start))).collect(),
            false => vec![format!("{} of several units", counted(several.len(), "class"))],
        };
        let mut lines = Vec::new();
        let mut alone = 0;
        let is_named = shown.len() <= NAMED;
        for start in starts {
            let (group, members) = (group(start), units(start));
            let together = self.together(&members);
            let colour = CLASSES[group];
            if let Some(last) = together {
                let name = format!("{}, one unit", named(&members));
                let span = Some([0, last]);
                lines.push(self.line(members[0], span, Line { group, colour, ..line(name, 3.0) }));
            }
            let span = together.map(|last| [last + 1, self.drawn.len() - 1]);
            for bundle in shown.iter().filter(|bundle| self.all[**bundle].start == start) {
                let units = &self.all[*bundle].units;
                let label = is_named.then(|| short_label(units));
                let drawn = if let [_] = units[..] {
                    alone += 1;
                    let width = if is_named { 2.0 } else { 1.0 };
                    // The group of units that are alone comes last.
                    Line { group: groups.len(), colour: ALONE, label, ..line(named(units), width) }
                } else {
                    Line { group, colour, label, ..line(named(units), 3.0) }
                };
                lines.push(self.line(units[0], span, drawn));
            }
        }
        if alone > 0 {
            groups.push(match alone {
                1 => "a unit that is alone".to_owned(),
                _ => format!("{} that are alone", counted(alone, "unit")),
            });
        }
        (lines, groups)
    }

    /// The position, among the drawn states, of the last one up to which units are equal; None if they are equal at all
    /// of them.
    fn together(&self, units: &[usize]) -> Option<usize> {
        let apart = self.drawn.iter().position(|place| {
            let classes = &self.states[*place].1.classes;
            units.iter().any(|unit| classes[*unit] != classes[units[0]])
        })?;
        apart.checked_sub(1)
    }

    /// A line with the numbers of a unit between two states. It begins where the line that it splits from ends.
    fn line(&self, unit: usize, span: Option<[usize; 2]>, line: Line) -> Line {
        let [from, to] = span.unwrap_or([0, self.drawn.len().saturating_sub(1)]);
        let from = from.saturating_sub(1);
        let value = |(position, place): (usize, &usize)| {
            let there = (from..=to).contains(&position);
            there.then(|| self.states[*place].1.value(unit)).flatten()
        };
        Line { values: self.drawn.iter().enumerate().map(value).collect(), span, ..line }
    }
}

/// A line without numbers.
fn line(name: String, width: f64) -> Line {
    Line {
        group: 0,
        colour: 0,
        name,
        values: Vec::new(),
        width,
        span: None,
        label: None,
        stroke: Stroke::Plain,
        points: Vec::new(),
    }
}

fn named(units: &[usize]) -> String {
    match units {
        [one] => format!("unit {one}"),
        _ => format!("units {}", ranges(units)),
    }
}

/// A label that fits beside a figure.
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
        (Some(step), _) => format!("The first units diverge at step {}.", count(step)),
        (None, true) if starts < units => "They never diverge.".to_owned(),
        _ => String::new(),
    };
    let text = format!(
        "Over steps, for each of the {} of {space}, {value}. Equal units lie on one line: {} at the start, {} at the \
         end. {splits}",
        counted(units, "unit"),
        counted(starts, "line"),
        counted(all.len(), "line"),
    );
    text.trim_end().to_owned()
}

/// The name of a layer as a part of a file's name.
pub(crate) fn file_name(space: &str, number: usize) -> String {
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
        // Units that differ only for a while are still two lines.
        assert_eq!(bundled(&[&[0, 0, 0], &[0, 1, 0], &[0, 0, 0]]), [vec![0, 2], vec![1]]);
        assert_eq!(bundled(&[&[0, 1, 1], &[0, 0, 1]]), [[0], [1], [2]]);
    }

    /// Group, colour, name and span of the lines of these states, and the names of groups.
    type Told = (usize, usize, String, Option<[usize; 2]>);

    fn told(classes: &[&[usize]]) -> (Vec<Told>, Vec<String>) {
        let states = states(classes);
        let states: Vec<(usize, &SpaceState)> = states.iter().enumerate().collect();
        let (all, drawn) = (bundles(&states), (0..states.len()).collect::<Vec<_>>());
        let shown: Vec<usize> = (0..all.len()).collect();
        let (lines, groups) = Tree { all: &all, states: &states, drawn: &drawn }.lines(&shown);
        let of = |line: Line| (line.group, line.colour, line.name, line.span);
        (lines.into_iter().map(of).collect(), groups)
    }

    #[test]
    fn a_class_has_a_colour_and_units_that_are_alone_another() {
        // Two classes that stay equal, and a unit that is alone from the start.
        let (lines, groups) = told(&[&[0, 0, 1, 1, 2], &[0, 0, 1, 1, 2]]);
        let line = |group, colour, name: &str| (group, colour, name.to_owned(), None);
        let expected =
            [line(0, 0, "units 0, 1"), line(1, 2, "units 2, 3"), line(2, ALONE, "unit 4")];
        assert_eq!(lines, expected);
        assert_eq!(groups, ["units 0, 1", "units 2, 3", "a unit that is alone"]);
        // Units that differ never have the name or the colour of a class.
        let (lines, groups) = told(&[&[0, 1, 2]]);
        assert!(lines.iter().all(|line| (line.0, line.1) == (0, ALONE)), "{lines:?}");
        assert_eq!(groups, ["3 units that are alone"]);
    }

    #[test]
    fn a_class_that_splits_is_one_line_until_then() {
        let (lines, groups) = told(&[&[0, 0, 0], &[0, 0, 0], &[0, 1, 1], &[0, 1, 1]]);
        let line = |group, colour, name: &str, span| (group, colour, name.to_owned(), Some(span));
        let expected = [
            line(0, 0, "units 0–2, one unit", [0, 1]),
            line(1, ALONE, "unit 0", [2, 3]),
            line(0, 0, "units 1, 2", [2, 3]),
        ];
        assert_eq!(lines, expected);
        assert_eq!(groups, ["units 0–2", "a unit that is alone"]);
    }

    #[test]
    fn many_classes_share_a_colour_and_are_counted() {
        let classes: Vec<usize> = (0..20).map(|unit| unit / 2).collect();
        let (lines, groups) = told(&[&classes]);
        assert!(lines.iter().all(|line| (line.0, line.1) == (0, 0)), "{lines:?}");
        assert_eq!(groups, ["10 classes of several units"]);
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
