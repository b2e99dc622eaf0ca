//! Loss and spread over steps.

use super::{Run, forecast};
use crate::chart::{Chart, Line, from_to};
use crate::figure::{Figure, Size, Stroke};
use crate::number::{count, counted, short};
use crate::scale::Scale;
use crate::thin::thinned;
use constinit_records::SpaceRecord;
use std::collections::BTreeSet;

/// The number of stretches of readings whose extremes are drawn: more than pixels in the width of a figure.
const STRETCHES: usize = 640;

/// The colour of lines that are not about units: the colour of text.
const PLAIN: usize = 6;
/// The name of the loss of the best constant answer, and its colour.
const BASELINE: &str = "baseline";
pub const BASE: usize = 5;

/// The loss of each step with a reading, and the loss of the best constant answer if it is known.
pub fn loss(run: &Run, size: Size) -> Option<Figure> {
    // Step 0 has no loss, since no step was done.
    let readings: Vec<_> = run.readings.readings.iter().filter(|r| r.step > 0).collect();
    let steps: Vec<usize> = readings.iter().map(|reading| reading.step).collect();
    let values: Vec<Option<f64>> = readings.iter().map(|reading| reading.loss).collect();
    let first_bad = values.iter().position(Option::is_none).map(|place| steps[place]);
    if steps.is_empty() {
        return None;
    }
    let mut description =
        format!("The loss over {}: {}.", counted(steps.len(), "step"), from_to(&values));
    let mut notes = Vec::new();
    if let Some(step) = first_bad {
        let note =
            format!("The loss of step {} is not a finite number; the line has a gap.", count(step));
        description = format!("{description} {note}");
        notes.push(note);
    }
    let baseline = run.outcome().and_then(|outcome| outcome.baseline);
    if let Some(baseline) = baseline {
        description += &format!(" The best constant answer has a loss of {}.", short(baseline));
    }
    let (title, quantity) = ("Loss".to_owned(), "loss that the step computed");
    let all = values.iter().flatten().copied().chain(baseline);
    let scale = Scale::fitting(all.collect::<Vec<f64>>());
    let expected =
        baseline.map(|baseline| (BASELINE.to_owned(), vec![Some(baseline); steps.len()]));
    let lines = vec![("loss".to_owned(), values)];
    Some(curves(
        run,
        OverSteps {
            name: "loss",
            size,
            title,
            quantity,
            description,
            notes,
            scale,
            steps,
            lines,
            expected,
        },
    ))
}

/// The largest difference between units that were equal at the start, one line per layer; None if they never do.
pub fn spread(run: &Run, size: Size) -> Option<Figure> {
    let readings = &run.readings.readings;
    let first = readings.first()?;
    let watched: Vec<usize> = (0..first.spaces.len())
        .filter(|n| first.spaces[*n].twins < first.spaces[*n].units)
        .collect();
    let apart = |space: &SpaceRecord| space.spread != Some(0.0);
    if !readings.iter().any(|reading| watched.iter().any(|n| apart(&reading.spaces[*n]))) {
        return None;
    }
    let steps: Vec<usize> = readings.iter().map(|reading| reading.step).collect();
    let of = |space: usize| -> (String, Vec<Option<f64>>) {
        let values = readings.iter().map(|reading| reading.spaces[space].spread).collect();
        (first.spaces[space].name.clone(), values)
    };
    let lines: Vec<(String, Vec<Option<f64>>)> = watched.into_iter().map(of).collect();
    let told = |(name, values): &(String, Vec<Option<f64>>)| {
        let largest = values.iter().flatten().copied().fold(0.0, f64::max);
        match values.iter().any(Option::is_none) {
            true => format!("{name}: not finite at some reading"),
            false if largest == 0.0 => format!("{name}: 0 at every reading"),
            false => format!("{name}: at most {}", short(largest)),
        }
    };
    let told: Vec<String> = lines.iter().map(told).collect();
    let title = "Spread: the largest difference of units that were equal at the start".to_owned();
    let description = format!(
        "The largest difference between two units that were equal at the start, on a logarithmic axis with a strip \
         for 0, which means bitwise equal. {}.",
        told.join("; ")
    );
    let expected = forecast::growth(run, &steps);
    let drawn = lines.iter().chain(&expected);
    let scale = Scale::log(drawn.flat_map(|(_, values)| values.iter().flatten().copied()));
    let quantity = "largest difference; 0 is bitwise equal";
    let note = "The dashed line is the first forecast of an escape: the growth per step from one rounding error to 1 \
                %, relative to the size of the unit. The measured line is the difference itself. So compare their \
                slopes; compare their heights only if the units have a size near 1.";
    let notes = expected.iter().map(|_| note.to_owned()).collect();
    Some(curves(
        run,
        OverSteps {
            name: "spread",
            size,
            title,
            quantity,
            description,
            notes,
            scale,
            steps,
            lines,
            expected,
        },
    ))
}

struct OverSteps<'a> {
    name: &'a str,
    size: Size,
    title: String,
    quantity: &'a str,
    description: String,
    notes: Vec<String>,
    scale: Scale,
    steps: Vec<usize>,
    lines: Vec<(String, Vec<Option<f64>>)>,
    /// A dashed line of expected numbers, with its name.
    expected: Option<(String, Vec<Option<f64>>)>,
}

fn curves(run: &Run, drawn: OverSteps<'_>) -> Figure {
    let OverSteps { name, size, title, quantity, description, scale, steps, .. } = drawn;
    let (lines, expected, mut notes) = (drawn.lines, drawn.expected, drawn.notes);
    let broken = run.break_step();
    let at_break: Vec<usize> =
        steps.iter().position(|step| Some(*step) == broken).into_iter().collect();
    let kept: BTreeSet<usize> =
        lines.iter().flat_map(|(_, values)| thinned(values, STRETCHES, &at_break)).collect();
    if kept.len() < steps.len() {
        notes.push(format!(
            "{} of {} readings are drawn: the first, the lowest, the highest and the last of each stretch.",
            count(kept.len()),
            count(steps.len())
        ));
    }
    let measured = lines.len();
    let lines: Vec<_> = lines.into_iter().chain(expected).collect();
    let several = lines.len() > 1;
    let is_named = |group: usize, name: &str| several && (group < measured || name == BASELINE);
    // The figure has a legend if a line has no name at its end, or if lines may hide others.
    let all_named = lines.iter().enumerate().all(|(group, (name, _))| is_named(group, name));
    let groups = match all_named && measured < 2 {
        true => Vec::new(),
        false => lines.iter().map(|(name, _)| name.clone()).collect(),
    };
    let line = |(group, (name, values)): (usize, (String, Vec<Option<f64>>))| Line {
        group,
        colour: if name == BASELINE { BASE } else { PLAIN },
        span: None,
        // A forecast ends in the middle, and has its name in the legend.
        label: is_named(group, &name).then(|| name.clone()),
        name,
        values: kept.iter().map(|place| values[*place]).collect(),
        width: if group < measured { 2.0 } else { 1.2 },
        stroke: if group < measured { Stroke::Plain } else { Stroke::Dashed },
        points: Vec::new(),
    };
    Chart {
        name: name.to_owned(),
        title,
        description,
        notes,
        size,
        quantity,
        scale,
        across: Scale::of_steps(run.last_step()),
        along: "step",
        lines: lines.into_iter().enumerate().map(line).collect(),
        steps: kept.iter().map(|place| steps[*place]).collect(),
        groups,
        mark: broken.map(|step| (step, format!("first break, step {}", count(step)))),
    }
    .figure()
}
