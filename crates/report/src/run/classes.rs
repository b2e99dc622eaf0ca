//! How many different units each layer has over steps, as coloured strips below each other.

use super::Run;
use crate::chart::{BELOW, LEFT, RIGHT, axis_of_steps, x_of};
use crate::figure::{Figure, WIDTH};
use crate::markup::escaped;
use crate::number::{count, counted};
use crate::palette::viridis;
use constinit_records::SpaceRecord;
use serde_json::json;
use std::fmt::Write;

const TOP: f64 = 8.0;
const STRIP: f64 = 26.0;
/// The thin strip for gradients, below.
const GRADIENTS: f64 = 6.0;
const GAP: f64 = 10.0;
/// Stretches of equal numbers that can still be told apart.
const STRETCHES: usize = 320;

/// Steps from the first to before the second that a layer had one number of classes.
struct Stretch {
    from: usize,
    to: usize,
    classes: usize,
}

/// The map; None where nothing was read.
pub fn figure(run: &Run) -> Option<Figure> {
    let readings = &run.readings.readings;
    let first = readings.first()?;
    let last_step = run.last_step();
    let mut notes = Vec::new();
    let mut marks = String::new();
    let mut rows = Vec::new();
    let mut told = Vec::new();
    // Where no two units started as one, there is nothing that could differ.
    let compared = |number: usize| {
        let started = &first.spaces[number];
        started.twins < started.units
            && readings.iter().any(|reading| reading.spaces[number].gradients_agree.is_some())
    };
    let gradients = (0..first.spaces.len()).any(compared);
    let row = STRIP + if gradients { GRADIENTS + 1.0 } else { 0.0 } + GAP;
    for (number, space) in first.spaces.iter().enumerate() {
        let (stretches, thinned) = stretches(run, number, last_step);
        if thinned {
            notes.push(format!(
                "{}: the number changes so often that each of {} shows the most classes in it.",
                space.name,
                counted(STRETCHES, "stretch")
            ));
        }
        let y = TOP + row * number as f64;
        strip(&mut marks, space, &stretches, y, last_step);
        if compared(number) {
            agreement(&mut marks, run, number, y + STRIP + 1.0);
        }
        let most = stretches.iter().map(|s| s.classes).max().unwrap_or(0);
        told.push(format!(
            "{}, {}: {} at the start, {} at the end, {} at most",
            space.name,
            counted(space.units, "unit"),
            counted(space.twins, "class"),
            count(readings.last().map_or(0, |r| r.spaces[number].twins)),
            count(most)
        ));
        let values: Vec<usize> = stretches.iter().map(|s| s.classes).collect();
        let steps: Vec<usize> = stretches.iter().map(|s| s.from).collect();
        rows.push(
            json!({"name": space.name, "units": space.units, "steps": steps, "values": values}),
        );
    }
    let bottom = TOP + row * first.spaces.len() as f64 - GAP + 4.0;
    axis_of_steps(&mut marks, last_step, bottom);
    key(&mut marks, bottom + 60.0, gradients);
    Some(Figure {
        name: "classes".into(),
        title: "How many different units each layer has".into(),
        description: format!(
            "For each hidden layer a strip over steps, coloured by how many classes its units form. {}.",
            told.join("; ")
        ),
        notes,
        height: bottom + BELOW + 42.0,
        marks,
        legend: Vec::new(),
        readout: json!({"plot": [LEFT, TOP, RIGHT, bottom], "last": last_step.max(1), "row": row, "rows": rows}),
    })
}

/// The stretches of a layer, and whether some were joined so that they can be told apart.
fn stretches(run: &Run, space: usize, last_step: usize) -> (Vec<Stretch>, bool) {
    let readings = &run.readings.readings;
    let mut found: Vec<Stretch> = Vec::new();
    for (place, reading) in readings.iter().enumerate() {
        let to = readings.get(place + 1).map_or(last_step.max(reading.step) + 1, |next| next.step);
        let classes = reading.spaces[space].twins;
        match found.last_mut() {
            Some(last) if last.classes == classes => last.to = to,
            _ => found.push(Stretch { from: reading.step, to, classes }),
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
                last.classes = last.classes.max(stretch.classes);
            }
            _ => joined.push(stretch),
        }
    }
    (joined, true)
}

fn strip(svg: &mut String, space: &SpaceRecord, stretches: &[Stretch], y: f64, last_step: usize) {
    let SpaceRecord { name, units, .. } = space;
    let label: String = name.chars().take(9).collect();
    let label = if label == *name { label } else { format!("{label}…") };
    let middle = y + STRIP / 2.0 + 4.0;
    // Writing to a string cannot fail.
    let _ = writeln!(
        svg,
        "<text class=\"t\" x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{}</text>",
        LEFT - 8.0,
        escaped(&label)
    );
    for Stretch { from, to, classes } in stretches {
        let from_x = x_of(*from, last_step);
        let width = (x_of(*to, last_step).min(RIGHT) - from_x).max(2.0);
        let steps = match to - from {
            1 => format!("step {}", count(*from)),
            _ => format!("steps {} to {}", count(*from), count(to - 1)),
        };
        let _ = writeln!(
            svg,
            "<rect class=\"cell\" x=\"{from_x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{STRIP}\" fill=\"{}\">\
             <title>{}, {steps}: {} of {}</title></rect>",
            viridis(share(*classes, *units)),
            escaped(name),
            counted(*classes, "class"),
            counted(*units, "unit"),
        );
    }
    if let Some(last) = stretches.last() {
        let _ = writeln!(
            svg,
            "<text class=\"t small\" x=\"{}\" y=\"{middle}\">{} of {}</text>",
            RIGHT + 14.0,
            count(last.classes),
            count(*units)
        );
    }
}

/// Where the gradients of units that started as one agreed, and where not.
fn agreement(svg: &mut String, run: &Run, space: usize, y: f64) {
    let last_step = run.last_step();
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
        let from_x = x_of(from, last_step);
        let _ = writeln!(
            svg,
            "<rect class=\"gradients {}\" x=\"{from_x:.1}\" y=\"{y}\" width=\"{:.1}\" height=\"{GRADIENTS}\"><title>\
             gradients of units that started as one {}, steps {} to {}</title></rect>",
            if agree { "f2" } else { "f1" },
            (x_of(to, last_step) - from_x).max(3.0),
            if agree { "agree" } else { "differ" },
            count(from),
            count(to),
        );
    }
}

/// What the colours mean.
fn key(svg: &mut String, y: f64, gradients: bool) {
    let _ =
        writeln!(svg, "<text class=\"q small\" x=\"{LEFT}\" y=\"{}\">one class</text>", y + 10.0);
    for number in 0..24 {
        let _ = writeln!(
            svg,
            "<rect x=\"{}\" y=\"{y}\" width=\"6.5\" height=\"12\" fill=\"{}\"/>",
            LEFT + 62.0 + 6.0 * f64::from(number),
            viridis(f64::from(number) / 23.0)
        );
    }
    let _ = writeln!(
        svg,
        "<text class=\"q small\" x=\"{}\" y=\"{}\">all units different</text>",
        LEFT + 214.0,
        y + 10.0
    );
    if gradients {
        let entries = [("f2", "gradients agree", 0.0), ("f1", "they differ", 134.0)];
        for (class, text, dx) in entries {
            let x = WIDTH - 336.0 + dx;
            let _ = writeln!(
                svg,
                "<rect class=\"{class}\" x=\"{x}\" y=\"{}\" width=\"14\" height=\"{GRADIENTS}\"/><text class=\"q small\" \
                 x=\"{}\" y=\"{}\">{text}</text>",
                y + 3.0,
                x + 19.0,
                y + 10.0
            );
        }
    }
}

/// 0 for one class, 1 for as many as units, by powers between.
fn share(classes: usize, units: usize) -> f64 {
    match units {
        0 | 1 => 0.0,
        _ => (classes.max(1) as f64).ln() / (units as f64).ln(),
    }
}
