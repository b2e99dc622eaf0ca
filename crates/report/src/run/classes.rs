//! How many distinct units each layer has over steps, as filled strips, one below the other.
//!
//! The height of a strip stands for all units of its layer, the filled part for the distinct ones. The strip of a layer
//! with 1 distinct unit is nearly empty; if all units are distinct, it is full. A layer with units that are dead at
//! some reading has a second strip for these.

use super::Run;
use crate::chart::{Area, BELOW};
use crate::figure::{Figure, Size};
use crate::markup::escaped;
use crate::number::{self, count};
use crate::scale::Scale;
use constinit_records::{ReadingRecord, SpaceRecord};
use serde_json::json;
use std::fmt::Write;

const STRIP: f64 = 30.0;
/// The height of the thin strip for gradients, below.
const GRADIENTS: f64 = 5.0;
const GAP: f64 = 12.0;
/// The least height of a filled part, so that it is visible.
const LEAST: f64 = 1.5;
/// The largest number of stretches of equal numbers that can still be distinguished.
const STRETCHES: usize = 320;

/// A count of a layer's units that has a strip.
#[derive(Clone, Copy, PartialEq)]
enum Counted {
    Distinct,
    Dead,
}

impl Counted {
    const ALL: [Self; 2] = [Self::Distinct, Self::Dead];

    fn of(self, space: &SpaceRecord) -> Option<usize> {
        match self {
            Self::Distinct => Some(space.twins),
            Self::Dead => space.dead,
        }
    }

    /// The word below the layer's name.
    fn word(self) -> &'static str {
        match self {
            Self::Distinct => "distinct",
            Self::Dead => "dead",
        }
    }
}

/// The steps, from the first to before the second, at which a layer has one number.
struct Stretch {
    from: usize,
    to: usize,
    /// The number; None if it was not measured.
    number: Option<usize>,
}

/// The strips; None if there is no reading.
pub fn figure(run: &Run, size: Size) -> Option<Figure> {
    let readings = &run.readings.readings;
    let first = readings.first()?;
    let across = Scale::of_steps(run.last_step());
    // If no two units were equal at the start, no gradients can differ.
    let compared = |place: usize| {
        let started = &first.spaces[place];
        started.twins < started.units
            && readings.iter().any(|reading| reading.spaces[place].gradients_agree.is_some())
    };
    let is_dead =
        |place: usize| readings.iter().any(|reading| reading.spaces[place].dead > Some(0));
    let top = if size == Size::Wide { 24.0 } else { 6.0 };
    let mut area = Area { top, ..Area::of(size, top, 10) };
    let (mut notes, mut marks, mut rows, mut told) =
        (Vec::new(), String::new(), Vec::new(), Vec::new());
    let mut y = top;
    for (place, space) in first.spaces.iter().enumerate() {
        for counted in Counted::ALL {
            if counted == Counted::Dead && !is_dead(place) {
                continue;
            }
            let (stretches, thinned) = stretches(run, |reading| counted.of(&reading.spaces[place]));
            if thinned {
                notes.push(format!(
                    "{}: the number changes so often that the strip has {STRETCHES} stretches, and each shows the \
                     largest number in it.",
                    space.name,
                ));
            }
            strip(&mut marks, &area, &across, y, (space, counted), &stretches);
            told.push(in_words(space, counted, &stretches));
            let values: Vec<Option<usize>> = stretches.iter().map(|s| s.number).collect();
            let steps: Vec<usize> = stretches.iter().map(|s| s.from).collect();
            rows.push(json!({
                "name": space.name, "units": space.units, "word": counted.word(), "steps": steps, "values": values,
            }));
            y += STRIP;
            if counted == Counted::Distinct && compared(place) {
                agreement(&mut marks, &area, &across, run, place, y + 2.0);
                y += GRADIENTS + 2.0;
            }
            y += GAP;
        }
    }
    area.bottom = y - GAP + 4.0;
    area.axis(&mut marks, &across, "step");
    if (0..first.spaces.len()).any(compared) {
        let what = "The thin line below a strip is grey where the gradients of units that were equal at the start \
                    agree, and red where they differ.";
        notes.push(what.to_owned());
    }
    let quantity = "the full height of a strip stands for all units of the layer";
    if size == Size::Wide {
        let _ = writeln!(marks, "<text class=\"q\" x=\"12\" y=\"12\">{quantity}</text>");
    }
    Some(Figure {
        name: "classes".into(),
        title: "How many distinct units each layer has".into(),
        description: format!(
            "One strip over the steps for each hidden layer. {}.",
            told.join("; ")
        ),
        notes,
        quantity: (size == Size::Small).then(|| quantity.to_owned()),
        width: area.width,
        height: area.bottom + BELOW,
        marks,
        legend: Vec::new(),
        readout: json!({
            "plot": [area.left, area.top, area.right, area.bottom], "last": across.end(), "rows": rows,
        }),
    })
}

fn in_words(space: &SpaceRecord, counted: Counted, stretches: &[Stretch]) -> String {
    let known = || stretches.iter().filter_map(|stretch| stretch.number);
    let [start, end, most] = [known().next(), known().next_back(), known().max()]
        .map(|number| number.map_or("not measured".to_owned(), count));
    let units = number::counted(space.units, "unit");
    format!(
        "{}, {} of {units}: {start} at the start, {end} at the end, {most} at most",
        space.name,
        counted.word()
    )
}

/// The stretches of a number, and whether some were joined to keep them distinguishable.
fn stretches(run: &Run, number: impl Fn(&ReadingRecord) -> Option<usize>) -> (Vec<Stretch>, bool) {
    let readings = &run.readings.readings;
    let last_step = run.last_step();
    let mut found: Vec<Stretch> = Vec::new();
    for (place, reading) in readings.iter().enumerate() {
        let to = readings.get(place + 1).map_or(last_step.max(reading.step) + 1, |next| next.step);
        let number = number(reading);
        match found.last_mut() {
            Some(last) if last.number == number => last.to = to,
            _ => found.push(Stretch { from: reading.step, to, number }),
        }
    }
    if found.len() <= STRETCHES {
        return (found, false);
    }
    let mut joined: Vec<Stretch> = Vec::new();
    let share = |step: usize| step * STRETCHES / (last_step + 1);
    for stretch in found {
        match joined.last_mut() {
            Some(last) if share(last.from) == share(stretch.from) => {
                last.to = stretch.to;
                last.number = last.number.max(stretch.number);
            }
            _ => joined.push(stretch),
        }
    }
    (joined, true)
}

fn strip(
    svg: &mut String,
    area: &Area,
    across: &Scale,
    y: f64,
    (space, counted): (&SpaceRecord, Counted),
    stretches: &[Stretch],
) {
    let Area { left, right, .. } = *area;
    let SpaceRecord { name, units, .. } = space;
    let letters = if left < 70.0 { 7 } else { 9 };
    let label: String = name.chars().take(letters).collect();
    let label = if label == *name { label } else { format!("{label}…") };
    // Writing to a string cannot fail.
    let _ = writeln!(
        svg,
        "<text class=\"t small\" x=\"{x}\" y=\"{}\" text-anchor=\"end\">{}</text><text class=\"q small\" x=\"{x}\" \
         y=\"{}\" text-anchor=\"end\">{}</text><rect class=\"empty\" x=\"{left}\" y=\"{y}\" width=\"{:.1}\" \
         height=\"{STRIP}\"/>",
        y + 12.0,
        escaped(&label),
        y + 25.0,
        counted.word(),
        right - left,
        x = left - 6.0,
    );
    for Stretch { from, to, number } in stretches {
        let from_x = area.x(*from, across);
        let width = (area.x(*to, across).min(right) - from_x).max(2.0);
        let steps = match to - from {
            1 => format!("step {}", count(*from)),
            _ => format!("steps {} to {}", count(*from), count(to - 1)),
        };
        let filled = match number {
            None | Some(0) => 0.0,
            Some(number) => (STRIP * *number as f64 / *units as f64).clamp(LEAST, STRIP),
        };
        let told = number.map_or("not measured".to_owned(), count);
        let _ = writeln!(
            svg,
            "<g class=\"cell\"><rect class=\"q\" x=\"{from_x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" \
             height=\"{filled:.1}\"/><rect fill=\"none\" pointer-events=\"all\" x=\"{from_x:.1}\" y=\"{y}\" \
             width=\"{width:.1}\" height=\"{STRIP}\"><title>{}, {steps}: {told} of {} {}</title></rect></g>",
            y + STRIP - filled,
            escaped(name),
            number::counted(*units, "unit"),
            counted.word(),
        );
    }
    if let Some(last) = stretches.last().and_then(|stretch| stretch.number) {
        let _ = writeln!(
            svg,
            "<text class=\"t small\" x=\"{}\" y=\"{}\">{} of {}</text>",
            right + 8.0,
            y + STRIP / 2.0 + 4.0,
            count(last),
            count(*units)
        );
    }
}

/// The stretches in which the gradients of units that were equal at the start agreed, and in which they differed.
fn agreement(svg: &mut String, area: &Area, across: &Scale, run: &Run, space: usize, y: f64) {
    let seen = run.readings.readings.iter();
    let seen: Vec<(usize, bool)> =
        seen.filter_map(|r| Some((r.step, r.spaces[space].gradients_agree?))).collect();
    let mut stretches: Vec<(usize, usize, bool)> = Vec::new();
    for (step, agree) in seen {
        match stretches.last_mut() {
            Some((_, to, before)) if *before == agree => *to = step,
            Some((_, to, _)) => {
                *to = step;
                stretches.push((step, step, agree));
            }
            None => stretches.push((step, step, agree)),
        }
    }
    for (from, to, agree) in stretches {
        let from_x = area.x(from, across);
        let _ = writeln!(
            svg,
            "<rect class=\"gradients {}\" x=\"{from_x:.1}\" y=\"{y}\" width=\"{:.1}\" height=\"{GRADIENTS}\"><title>\
             gradients of units that were equal at the start {}, steps {} to {}</title></rect>",
            if agree { "agree" } else { "alarmed" },
            (area.x(to, across) - from_x).max(3.0),
            if agree { "agree" } else { "differ" },
            count(from),
            count(to),
        );
    }
}
