//! Reports as tables on a screen.

use super::reduced;
use super::text::{
    alike, first_lines, is_finding, list, notes, parameter_rows, plain, space_rows, spaces_title,
    summary,
};
use anstyle::{AnsiColor, Style};
use constinit_checkpoint::{CheckpointDiff, FileInspection, ParameterDiff, Reshaped};
use constinit_core::text::number;

const HEADING: Style = Style::new().bold();
const FOUND: Style = AnsiColor::Yellow.on_default();

/// A section of one checkpoint.
pub fn report(report: &FileInspection) -> String {
    let format =
        report.format.as_ref().map_or(String::new(), |format| format!(" ({})", plain(format)));
    let mut text =
        format!("{HEADING}{}{HEADING:#}{format}\n{}\n", plain(&report.file), summary(report));
    if report.error.is_some() {
        return text + "\n";
    }
    for note in notes(report) {
        text += &format!("{note}\n");
    }
    let (heading, rows) = parameter_rows(report);
    let found: Vec<bool> = report.parameters.iter().map(is_finding).collect();
    if !rows.is_empty() {
        text += &format!("\n{}", table(&heading, &rows, &found));
    }
    text += &indented("", alike(report));
    let (heading, rows) = space_rows(report);
    if !rows.is_empty() {
        let found: Vec<bool> = report
            .spaces
            .iter()
            .flatten()
            .map(|s| s.equitable < s.units || s.forward.is_some_and(|f| f < s.units))
            .collect();
        text += &format!("\n{}\n{}", spaces_title(report), table(&heading, &rows, &found));
    }
    text += &indented("", reduced::needed(report));
    text + "\n"
}

/// What happened between two checkpoints.
pub fn diff(report: &CheckpointDiff) -> String {
    let mut text =
        format!("{HEADING}{} -> {}{HEADING:#}\n", plain(&report.before), plain(&report.after));
    let count = |of: fn(&ParameterDiff) -> usize| report.parameters.iter().map(of).sum::<usize>();
    let (kept, split) = (count(|p| p.kept), count(|p| p.split.len()));
    let (merged, drifted) = (count(|p| p.merged.len()), count(|p| p.drifted.len()));
    text += &format!(
        "classes of two or more units: {kept} kept, {split} split, {merged} new by merging, {drifted} drifted\n"
    );
    for (what, names) in [
        ("only before", &report.only_before),
        ("only after", &report.only_after),
        ("of another shape", &report.reshaped),
        ("not inspected", &report.unread),
    ] {
        if !names.is_empty() {
            let names: Vec<String> = names.iter().map(|name| plain(name)).collect();
            text += &format!("{what}: {}\n", names.join(", "));
        }
    }
    let heading = [
        "parameter",
        "units",
        "classes",
        "now",
        "kept",
        "split",
        "merged",
        "drifted",
        "largest change",
    ];
    let counted = |count: Option<usize>| count.map_or("-".to_owned(), |count| count.to_string());
    let rows = report.parameters.iter().map(|p| {
        vec![
            plain(&p.path),
            counted(p.units),
            counted(p.classes_before),
            counted(p.classes_after),
            p.kept.to_string(),
            p.split.len().to_string(),
            p.merged.len().to_string(),
            p.drifted.len().to_string(),
            change(p.largest_change),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let found: Vec<bool> = report
        .parameters
        .iter()
        .map(|p| !p.split.is_empty() || !p.merged.is_empty() || !p.drifted.is_empty())
        .collect();
    text += &format!("\n{}", table(&heading, &rows, &found));
    for p in &report.parameters {
        let mut lines = Vec::new();
        lines.extend(p.types.as_ref().map(|[was, is]| format!("{was} became {is}")));
        lines.extend(p.split.iter().map(|s| {
            format!(
                "units {} came apart into {}, by up to {}",
                list(&s.units),
                s.into,
                change(s.spread)
            )
        }));
        lines.extend(
            p.merged
                .iter()
                .map(|m| format!("units {} of {} classes became one", list(&m.units), m.from)),
        );
        lines.extend(p.drifted.iter().map(|d| {
            format!("units {} drifted apart by up to {}", list(&d.units), change(d.spread))
        }));
        if !lines.is_empty() {
            text += &format!("\n{}", plain(&p.path));
            text += &indented("  ", first_lines(lines));
        }
    }
    text
}

/// What was written, and how it was checked.
pub fn reshaped(report: &Reshaped) -> String {
    let [before, now] = report.entries;
    let mut text = format!(
        "{HEADING}{}{HEADING:#}\n{before} numbers were read, {now} written\n\n",
        plain(&report.out)
    );
    let heading = ["space", "units", "units now", "twin classes", "twin classes now"];
    let rows = report.spaces.iter().map(|space| {
        let counts = [space.before, space.now, space.twins_before, space.twins_now];
        let counts = counts.map(|count| count.to_string());
        [plain(&space.name)].into_iter().chain(counts).collect()
    });
    let rows: Vec<Vec<String>> = rows.collect();
    text += &table(&heading, &rows, &vec![false; rows.len()]);
    for line in reduced::changes(report) {
        text += &format!("{line}\n");
    }
    for line in reduced::sizes(report).iter().chain(&report.minimality) {
        text += &format!("{}\n", plain(line));
    }
    for obstacle in &report.inseparable {
        text += &format!("not separated: {}\n", plain(obstacle));
    }
    for note in &report.notes {
        text += &format!("note: {}\n", plain(note));
    }
    text += &format!(
        "\nread back; sums of every parameter differ by at most {} of their size\n",
        number(report.largest_sum_difference, 2)
    );
    text + &match report.outputs {
        Some(outputs) => format!(
            "outputs for {} random inputs, {} between layers: up to {}, largest difference {}\n",
            outputs.inputs,
            reduced::functions(report),
            number(outputs.largest, 4),
            number(outputs.difference, 2)
        ),
        None => "the forward pass is not known, since this is no plain chain of linear layers: that each unit goes \
                 through functions of its own between parameters, and none over all units (a normalisation), is taken \
                 from the axes\n"
            .into(),
    }
}

/// A blank line and these, if there are any.
fn indented(indent: &str, lines: Vec<String>) -> String {
    let lines: String = lines.iter().map(|line| format!("{indent}{line}\n")).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

fn change(by: Option<f64>) -> String {
    by.map_or("not finite".into(), |by| number(by, 4))
}

/// Columns are as wide as their widest cell up to this: a file can hold names of any length, and every row is filled up.
const WIDEST: usize = 200;

/// Names to the left, numbers to the right; rows with something found in another colour.
fn table(heading: &[&str], rows: &[Vec<String>], found: &[bool]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([heading[column].len()]).max().unwrap_or_default().min(WIDEST)
    };
    let widths: Vec<usize> = (0..heading.len()).map(width).collect();
    let left = |column: usize| matches!(heading[column], "parameter" | "shape" | "type" | "space");
    let line = |cells: Vec<&str>| {
        let cells = cells.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
            if left(column) { format!("{cell:width$}") } else { format!("{cell:>width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut text = format!("{HEADING}{}{HEADING:#}\n", line(heading.to_vec()));
    for (row, found) in rows.iter().zip(found) {
        let line = line(row.iter().map(String::as_str).collect());
        text += &if *found { format!("{FOUND}{line}{FOUND:#}\n") } else { format!("{line}\n") };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_length_have_a_row() {
        let rows = ["x".repeat(70_000), "y".to_owned()].map(|name| vec![name, "12".to_owned()]);
        let text = table(&["parameter", "units"], &rows, &[false, false]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], format!("{}     12", "x".repeat(70_000)));
        assert_eq!(lines[2], format!("{:WIDEST$}     12", "y"));
    }
}
