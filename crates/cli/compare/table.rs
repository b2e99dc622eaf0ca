//! A comparison as a table for people.

use constinit_core::text::number;
use constinit_records::{ComparedOutcome, ComparedRecord, ComparedSpace};
use std::fmt::{self, Display, Formatter};

/// Digits of a mean, and of an end of a range.
const DIGITS: usize = 6;
const RANGE_DIGITS: usize = 3;
/// Losses and baselines are sums in single precision, so smaller shares are only rounding.
const SHARE_OF_ROUNDING: f64 = 1e-6;

/// The longest name of a start that fits its column. Longer names get a separate line above the row.
const NAME: usize = 12;

/// Results of all starts, with a row for each hidden layer. A further row has the ranges of the numbers over seeds.
///
/// ```text
/// start      units  distinct  dead        loss  explained  accuracy
/// ramp           8    1 -> 1     0    0.222222         0%    33.33%
/// random         8    8 -> 8   0.4   0.0123457     94.44%    97.33%
///   5 seeds                   0..1  0.01..0.02   91%..96%  96%..98%
/// ```
pub struct ComparisonTable<'a>(pub &'a [ComparedRecord]);

const COLUMNS: usize = 8;
const HEADER: [&str; COLUMNS] =
    ["start", "layer", "units", "distinct", "dead", "loss", "explained", "accuracy"];

type Cells = [String; COLUMNS];

/// A line of the table.
enum Row {
    /// A name that is too long for its column.
    Name(String),
    Cells(Cells),
}

impl Display for ComparisonTable<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let rows: Vec<Row> = std::iter::once(Row::Cells(HEADER.map(str::to_owned)))
            .chain(self.0.iter().flat_map(rows_of))
            .collect();
        let width = |row: &Row, column: usize| match row {
            Row::Name(_) => 0,
            Row::Cells(cells) => cells[column].chars().count(),
        };
        let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
            rows.iter().map(|row| width(row, column)).max().unwrap_or_default()
        });
        // A single hidden layer needs no name.
        let layers = self.0.iter().map(|record| record.spaces.len()).max().unwrap_or_default();
        let accuracy = self.0.iter().any(|record| record.outcome.accuracy.is_some());
        let is_shown = |column: usize| match column {
            1 => layers > 1,
            2..5 => layers > 0,
            7 => accuracy,
            _ => true,
        };
        for row in &rows {
            let row = match row {
                Row::Name(name) => {
                    writeln!(f, "{name}")?;
                    continue;
                }
                Row::Cells(cells) => cells,
            };
            let cells = (0..COLUMNS).filter(|column| is_shown(*column)).map(|column| {
                let (cell, width) = (&row[column], widths[column]);
                match column {
                    0 | 1 => format!("{cell:width$}"),
                    _ => format!("{cell:>width$}"),
                }
            });
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        let of_outcome = |outcome: &ComparedOutcome| Some((outcome.baseline?, outcome.majority));
        let first = self.0.iter().find_map(|record| of_outcome(&record.outcome));
        if let Some((baseline, majority)) = first {
            let accuracy = majority.map_or(String::new(), |majority| {
                format!(", accuracy {}", percent(majority, DIGITS - 2))
            });
            writeln!(
                f,
                "\nthe best answer that ignores the inputs: loss {}{accuracy}",
                number(baseline, DIGITS)
            )?;
        }
        for record in self.0 {
            notes(f, record)?;
        }
        Ok(())
    }
}

/// The lines below the table: diverged runs, and why no quotient was trained.
fn notes(f: &mut Formatter<'_>, record: &ComparedRecord) -> fmt::Result {
    let ComparedRecord { start, seeds, diverged, full, .. } = record;
    match (*diverged, *seeds) {
        (0, _) => {}
        (1, 1) => writeln!(f, "{start}: the run diverged")?,
        (all, seeds) if all == seeds => writeln!(f, "{start}: all {seeds} runs diverged")?,
        (diverged, seeds) => {
            let rest = seeds - diverged;
            let others =
                if rest == 1 { "the other one".to_owned() } else { format!("the other {rest}") };
            writeln!(
                f,
                "{start}: {diverged} of {seeds} runs diverged; the numbers are from {others}"
            )?;
        }
    }
    match full {
        Some(reason) => writeln!(f, "{start}: trained in full: {reason}"),
        None => Ok(()),
    }
}

/// The rows of a start.
fn rows_of(record: &ComparedRecord) -> Vec<Row> {
    let mut rows = Vec::new();
    let is_long = record.start.chars().count() > NAME;
    if is_long {
        rows.push(Row::Name(record.start.clone()));
    }
    let name = |row: usize, range: bool| match (row, range) {
        (0, false) if is_long => String::new(),
        (0, false) => record.start.clone(),
        (0, true) => format!("  {} seeds", record.seeds),
        _ => String::new(),
    };
    for row in 0..record.spaces.len().max(1) {
        let space = record.spaces.get(row);
        let [loss, explained, accuracy] = if row == 0 { means(&record.outcome) } else { none() };
        let [layer, units, distinct, dead] = space.map_or_else(none, cells);
        let means = [name(row, false), layer, units, distinct, dead, loss, explained, accuracy];
        rows.push(Row::Cells(means));
        let [distinct, dead] = space.map_or_else(none, ranges_of_space);
        let [loss, explained, accuracy] = if row == 0 { ranges(&record.outcome) } else { none() };
        let [layer, units] = none();
        let range = [name(row, true), layer, units, distinct, dead, loss, explained, accuracy];
        if record.seeds > 1 && (row == 0 || range.iter().any(|cell| !cell.is_empty())) {
            rows.push(Row::Cells(range));
        }
    }
    rows
}

fn none<const N: usize>() -> [String; N] {
    std::array::from_fn(|_| String::new())
}

/// Layer, units, distinct units, dead ones.
fn cells(space: &ComparedSpace) -> [String; 4] {
    let count = |mean: Option<f64>| mean.map_or("-".to_owned(), |mean| number(mean, 4));
    [
        space.name.clone(),
        space.units.to_string(),
        format!("{} -> {}", count(space.twins_start), count(space.twins_end)),
        count(space.dead),
    ]
}

/// Ranges of distinct units and of dead units; empty if no number differs.
fn ranges_of_space(space: &ComparedSpace) -> [String; 2] {
    let text = |range: Option<[usize; 2]>| match range {
        Some([least, most]) if least == most => least.to_string(),
        Some([least, most]) => format!("{least}..{most}"),
        None => "-".to_owned(),
    };
    let differs = |range: Option<[usize; 2]>| range.is_some_and(|[least, most]| least < most);
    let range = &space.range;
    let distinct = match differs(range.twins_start) || differs(range.twins_end) {
        true => format!("{} -> {}", text(range.twins_start), text(range.twins_end)),
        false => String::new(),
    };
    let dead = if differs(range.dead) { text(range.dead) } else { String::new() };
    [distinct, dead]
}

fn means(outcome: &ComparedOutcome) -> [String; 3] {
    let text = |mean: Option<f64>, text: &dyn Fn(f64) -> String| mean.map_or("-".to_owned(), text);
    let shares = |share| percent(share, DIGITS - 2);
    [
        text(outcome.loss, &|loss| number(loss, DIGITS)),
        text(outcome.explained, &shares),
        text(outcome.accuracy, &shares),
    ]
}

fn ranges(outcome: &ComparedOutcome) -> [String; 3] {
    // A range is left out if both ends print the same.
    let text = |range: Option<[f64; 2]>, text: &dyn Fn(f64) -> String| {
        let ends = range.map(|range| range.map(text));
        let ends = ends.filter(|[least, most]| least != most);
        ends.map_or_else(String::new, |[least, most]| format!("{least}..{most}"))
    };
    // Shares below 1000 % are printed as whole percents.
    let shares = |share: f64| match 100.0 * share {
        hundredths if hundredths.abs() < 1000.0 => format!("{hundredths:.0}%"),
        _ => percent(share, RANGE_DIGITS),
    };
    let range = &outcome.range;
    [
        text(range.loss, &|loss| number(loss, RANGE_DIGITS)),
        text(range.explained, &shares),
        text(range.accuracy, &shares),
    ]
}

/// A share in percent. A share that differs from 0 only by rounding is printed as 0.
pub fn percent(share: f64, digits: usize) -> String {
    let share = if share.abs() < SHARE_OF_ROUNDING { 0.0 } else { share };
    format!("{}%", number(100.0 * share, digits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use constinit_records::{COMPARE_SCHEMA, ComparedOutcomeRange, ComparedSpaceRange};

    fn record(start: &str, seeds: usize, spaces: Vec<ComparedSpace>) -> ComparedRecord {
        let of = |least: f64, most: f64| (seeds > 1).then_some([least, most]);
        let outcome = ComparedOutcome {
            loss: Some(0.0123456789),
            baseline: Some(0.2222222),
            explained: Some(0.944_44),
            accuracy: Some(0.973_333),
            majority: Some(1.0 / 3.0),
            range: ComparedOutcomeRange {
                loss: of(0.01, 0.02),
                explained: of(0.9101, 0.9555),
                accuracy: of(0.96, 0.96),
                ..ComparedOutcomeRange::default()
            },
        };
        ComparedRecord {
            schema: COMPARE_SCHEMA,
            start: start.to_owned(),
            seeds,
            first_seed: 0,
            diverged: 0,
            full: None,
            spaces,
            outcome,
        }
    }

    fn space(name: &str, end: [usize; 2]) -> ComparedSpace {
        let mean = (end[0] + end[1]) as f64 / 2.0;
        ComparedSpace {
            name: name.to_owned(),
            units: 8,
            twins_start: Some(8.0),
            twins_end: Some(mean),
            dead: Some(0.0),
            range: ComparedSpaceRange {
                twins_start: Some([8, 8]),
                twins_end: Some(end),
                dead: Some([0, 0]),
            },
        }
    }

    #[test]
    fn means_stand_above_their_ranges() {
        let records = [
            record("ramp", 1, vec![space("hidden1", [1, 1])]),
            record("random", 5, vec![space("hidden1", [7, 8])]),
        ];
        assert_eq!(
            ComparisonTable(&records).to_string(),
            "start      units   distinct  dead        loss  explained  accuracy\n\
             ramp           8     8 -> 1     0   0.0123457     94.44%    97.33%\n\
             random         8   8 -> 7.5     0   0.0123457     94.44%    97.33%\n  \
               5 seeds         8 -> 7..8        0.01..0.02   91%..96%\n\
             \n\
             the best answer that ignores the inputs: loss 0.222222, accuracy 33.33%\n"
        );
    }

    #[test]
    fn several_layers_have_names_and_classes_none_no_accuracy() {
        let mut deep =
            record("random", 2, vec![space("hidden1", [8, 8]), space("hidden2", [6, 8])]);
        deep.outcome.accuracy = None;
        deep.outcome.range.accuracy = None;
        deep.outcome.majority = None;
        deep.diverged = 1;
        deep.full = Some("no two units are equal".to_owned());
        let text = ComparisonTable(&[deep]).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[0].starts_with("start      layer    units") && !lines[0].contains("accuracy"),
            "{text}"
        );
        assert!(lines[1].starts_with("random     hidden1      8     8 -> 8"), "{text}");
        assert!(lines[3].starts_with("           hidden2      8     8 -> 7"), "{text}");
        assert!(lines[4].contains("8 -> 6..8"), "{text}");
        let other = "random: 1 of 2 runs diverged; the numbers are from the other one";
        assert_eq!(lines[lines.len() - 2], other);
        assert_eq!(lines[lines.len() - 1], "random: trained in full: no two units are equal");
    }

    #[test]
    fn a_long_name_stands_above_its_row() {
        let long = record("constant+noise=0.01", 5, vec![space("hidden1", [128, 128])]);
        let short = record("ramp", 1, vec![space("hidden1", [1, 1]), space("hidden2", [1, 1])]);
        let text = ComparisonTable(&[long, short]).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "constant+noise=0.01");
        assert!(lines[2].starts_with("           hidden1 "), "{text}");
        assert!(lines[3].starts_with("  5 seeds "), "{text}");
        assert!(lines.iter().all(|line| line.len() <= 80), "{text}");
    }
}
