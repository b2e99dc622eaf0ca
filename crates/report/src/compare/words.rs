//! The result of each start, in sentences and numbers.

use super::{ComparedStarts, Start};
use crate::number::{count, counted, in_percent, short};
use constinit_records::LEARNED_NOTHING;
use constinit_records::{ComparedRecord, ComparedSpace};

/// A sentence for each start, then the sentences about all of them.
pub fn sentences(comparison: &ComparedStarts) -> Vec<String> {
    let mut found: Vec<String> = comparison.starts.iter().map(of_start).collect();
    if let Some(baseline) = comparison.baseline() {
        found.push(format!(
            "The baseline, the loss of the best constant answer, is {}.",
            short(baseline)
        ));
    }
    found
}

fn of_start(start: &Start) -> String {
    let name = &start.planned.start;
    let Some(result) = &start.result else {
        let (done, all) = (count(start.runs.len()), counted(start.planned.seeds, "run"));
        return format!(
            "{name}: {done} of {all} are done; the comparison was stopped or is still running."
        );
    };
    let ComparedRecord { seeds, diverged, full, .. } = result;
    if diverged == seeds {
        return match seeds {
            1 => format!("{name}: the run diverged."),
            seeds => format!("{name}: all {} runs diverged.", count(*seeds)),
        };
    }
    let mut text = format!("{name}: {}", learned(result));
    for space in &result.spaces {
        text += &format!("; {}", of_space(space));
    }
    if *diverged > 0 {
        text += &format!(
            "; {} of {} diverged and are not counted",
            count(*diverged),
            counted(*seeds, "run")
        );
    }
    if let Some(full) = full {
        text += &format!("; trained in full: {full}");
    }
    text + "."
}

/// The loss of a start, as the mean over its runs.
fn learned(result: &ComparedRecord) -> String {
    let mean = if result.seeds - result.diverged > 1 { " on average" } else { "" };
    let outcome = &result.outcome;
    let Some(loss) = outcome.loss else { return "no finite loss after training".to_owned() };
    let beside = match outcome.explained {
        Some(explained) if explained >= LEARNED_NOTHING => {
            format!(", {} below the baseline", in_percent(explained))
        }
        Some(explained) if explained <= -LEARNED_NOTHING => ", above the baseline".to_owned(),
        Some(_) => format!(", within {} of the baseline", in_percent(LEARNED_NOTHING)),
        None => String::new(),
    };
    let right = outcome.accuracy.map_or(String::new(), |accuracy| {
        format!(", {} of the examples right", in_percent(accuracy))
    });
    format!("loss {}{mean}{beside}{right}", short(loss))
}

fn of_space(space: &ComparedSpace) -> String {
    let acted = match space.twins_end {
        Some(end) if space.units < 2 => format!("{}: {} unit", space.name, short(end)),
        Some(1.0) => format!("{}: {} act as one", space.name, counted(space.units, "unit")),
        Some(end) if end == space.units as f64 => {
            format!("{}: {} are all distinct", space.name, counted(space.units, "unit"))
        }
        Some(end) => {
            format!("{}: {}, {} distinct", space.name, counted(space.units, "unit"), short(end))
        }
        None => format!("{}: {}", space.name, counted(space.units, "unit")),
    };
    match space.dead {
        Some(dead) if dead > 0.0 => format!("{acted}, {} dead", short(dead)),
        _ => acted,
    }
}

/// The columns of the table, and a row for each start and hidden layer.
pub fn table(comparison: &ComparedStarts) -> (Vec<String>, Vec<Vec<String>>) {
    let accuracy = comparison.starts.iter().filter_map(|start| start.result.as_ref());
    let accuracy = accuracy.clone().any(|result| result.outcome.accuracy.is_some());
    let mut columns = vec![
        "start",
        "runs",
        "layer",
        "units",
        "distinct at the start",
        "at the end",
        "dead",
        "loss",
        "explained",
    ];
    if accuracy {
        columns.push("accuracy");
    }
    let mut rows = Vec::new();
    for result in comparison.starts.iter().filter_map(|start| start.result.as_ref()) {
        let outcome = &result.outcome;
        let range = &outcome.range;
        let mut of_start = vec![
            with_range(outcome.loss, range.loss, short),
            with_range(outcome.explained, range.explained, in_percent),
        ];
        if accuracy {
            of_start.push(with_range(outcome.accuracy, range.accuracy, in_percent));
        }
        let spaces: Vec<Option<&ComparedSpace>> = match result.spaces.as_slice() {
            [] => vec![None],
            spaces => spaces.iter().map(Some).collect(),
        };
        for (place, space) in spaces.into_iter().enumerate() {
            let runs = count(result.seeds);
            let mut row =
                if place == 0 { vec![result.start.clone(), runs] } else { vec![String::new(); 2] };
            match space {
                None => row.extend(vec!["–".to_owned(); 5]),
                Some(space) => {
                    let wide =
                        |range: Option<[usize; 2]>| range.map(|ends| ends.map(|end| end as f64));
                    let ranges = &space.range;
                    row.extend([
                        space.name.clone(),
                        count(space.units),
                        with_range(space.twins_start, wide(ranges.twins_start), short),
                        with_range(space.twins_end, wide(ranges.twins_end), short),
                        with_range(space.dead, wide(ranges.dead), short),
                    ]);
                }
            }
            row.extend(if place == 0 {
                of_start.clone()
            } else {
                vec![String::new(); of_start.len()]
            });
            rows.push(row);
        }
    }
    (columns.into_iter().map(str::to_owned).collect(), rows)
}

/// A mean, with its range if the runs differ.
fn with_range(mean: Option<f64>, range: Option<[f64; 2]>, text: fn(f64) -> String) -> String {
    match (mean, range) {
        (None, _) => "–".to_owned(),
        (Some(mean), Some([low, high])) if low < high => {
            format!("{} ({} to {})", text(mean), text(low), text(high))
        }
        (Some(mean), _) => text(mean),
    }
}
