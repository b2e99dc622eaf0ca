//! Reports for a terminal: a headline, the findings by severity, the files; tables with `--all`.

use super::finding::{FileFinding, FindingKind};
use super::text::{
    Sizes, count_of, first_lines, notes, parameter_rows, plain, space_rows, spaces_title, stored,
    summary,
};
use anstyle::{AnsiColor, Style};
use constinit_checkpoint::{FileInspection, ParameterInspection};

pub(super) const HEADING: Style = Style::new().bold();
pub(super) const FOUND: Style = AnsiColor::Yellow.on_default();
const SEVERE: Style = AnsiColor::Red.on_default();
const MILD: Style = AnsiColor::Cyan.on_default();

/// What is printed about one file.
pub struct FileSection {
    text: String,
    has_something: bool,
}

/// The section of one checkpoint, with its tables if `all` is set.
pub fn section(report: &FileInspection, findings: &[FileFinding], all: bool) -> FileSection {
    let sizes = if all { Sizes::ALL } else { Sizes::default() };
    let mut text = format!(
        "{HEADING}{}{HEADING:#}{}: {}\n",
        plain(&report.file),
        stored(report),
        summary(report)
    );
    // If a report has an error, its other facts hold for the part that was read.
    for note in notes(report, sizes) {
        text += &format!("  {note}\n");
    }
    if all {
        text += &tables(report);
    }
    let has_something =
        !findings.is_empty() || report.error.is_some() || !report.skipped.is_empty();
    FileSection { text, has_something }
}

fn tables(report: &FileInspection) -> String {
    let mut text = String::new();
    let (heading, rows) = parameter_rows(report);
    if !rows.is_empty() {
        let found: Vec<bool> = report.parameters.iter().map(is_finding).collect();
        text += &format!("\n{}", table(&heading, &rows, &found));
    }
    let (heading, rows) = space_rows(report);
    if !rows.is_empty() {
        let spaces = report.spaces.iter().flatten();
        let found: Vec<bool> = spaces
            .map(|s| s.equitable < s.units || s.forward.is_some_and(|f| f < s.units))
            .collect();
        text += &format!("\n{}\n{}", spaces_title(report), table(&heading, &rows, &found));
    }
    if text.is_empty() { text } else { text + "\n" }
}

/// Whether a parameter has a finding.
pub fn is_finding(p: &ParameterInspection) -> bool {
    p.classes < p.units
        || p.zero_units + p.constant_units > 0
        || p.non_finite.is_some_and(|count| count > 0)
}

/// All files: the headline, the findings by severity, and a line about each file.
pub fn whole(headline: &str, findings: &[FileFinding], files: &[FileSection], all: bool) -> String {
    let sizes = if all { Sizes::ALL } else { Sizes::default() };
    let mut text = format!("{HEADING}{headline}{HEADING:#}\n");
    for kind in FindingKind::ALL {
        let of_kind = findings.iter().filter(|finding| finding.kind == kind);
        let lines: Vec<String> = of_kind
            .map(|finding| format!("{}: {}", plain(&finding.file), finding.sentence()))
            .collect();
        if lines.is_empty() {
            continue;
        }
        let style = style(kind);
        text += &format!("\n{style}{}{style:#}\n", kind.title());
        text.extend(first_lines(lines, sizes).iter().map(|line| format!("  {line}\n")));
    }
    if !files.is_empty() {
        text += "\n";
    }
    let mut clean = 0;
    for file in files {
        if file.has_something || clean < sizes.lines {
            text += &file.text;
        }
        clean += usize::from(!file.has_something);
    }
    if clean > sizes.lines {
        let more = (clean - sizes.lines) as u64;
        let more = count_of(more, "more file", "more files");
        text += &format!("and {more} without findings (--all lists them)\n");
    }
    text
}

fn style(kind: FindingKind) -> Style {
    match kind {
        FindingKind::NonFinite => SEVERE.bold(),
        FindingKind::DuplicateUnits | FindingKind::Zero => FOUND.bold(),
        FindingKind::EqualOutputs
        | FindingKind::DeadWeight
        | FindingKind::Constant
        | FindingKind::DuplicateRows => MILD.bold(),
    }
}

/// The largest width to which columns are padded: a file can hold names of any length.
const WIDEST: usize = 200;

/// A table: names are left-aligned, numbers are right-aligned, rows with findings are coloured.
pub(super) fn table(heading: &[&str], rows: &[Vec<String>], found: &[bool]) -> String {
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
    use crate::inspect::finding::findings;

    #[test]
    fn names_of_any_length_have_a_row() {
        let rows = ["x".repeat(70_000), "y".to_owned()].map(|name| vec![name, "12".to_owned()]);
        let text = table(&["parameter", "units"], &rows, &[false, false]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], format!("{}     12", "x".repeat(70_000)));
        assert_eq!(lines[2], format!("{:WIDEST$}     12", "y"));
    }

    /// The text without colours.
    fn bare(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn files_without_findings_are_listed_up_to_a_number_and_those_with_findings_always() {
        let report = |file: usize| FileInspection {
            file: format!("m{file}"),
            parameters: vec![ParameterInspection {
                path: "w".into(),
                units: 2,
                classes: 2,
                zero_units: usize::from(file == 29),
                ..ParameterInspection::default()
            }],
            ..FileInspection::default()
        };
        let reports: Vec<FileInspection> = (0..30).map(report).collect();
        let found: Vec<FileFinding> =
            reports.iter().flat_map(|report| findings(report, Sizes::default())).collect();
        let sections = |all| {
            let section =
                |report: &FileInspection| section(report, &findings(report, Sizes::default()), all);
            reports.iter().map(section).collect::<Vec<_>>()
        };
        let text = bare(&whole("30 files", &found, &sections(false), false));
        assert!(
            text.starts_with("30 files\n\nzero units\n  m29: w: 1 unit is zero\n\nm0: 2 units"),
            "{text}"
        );
        assert!(text.contains("m19: ") && !text.contains("m20: "), "{text}");
        assert!(text.contains("m29: 2 units, 2 distinct; 1 zero\n"), "{text}");
        assert!(text.ends_with("and 9 more files without findings (--all lists them)\n"), "{text}");
        let text = bare(&whole("30 files", &found, &sections(true), true));
        assert!(text.contains("m20: ") && text.contains("\nparameter  shape"), "{text}");
    }

    #[test]
    fn many_findings_of_a_kind_are_cut_and_counted() {
        let parameters = (0..25).map(|number| ParameterInspection {
            path: format!("w{number}"),
            units: 1,
            classes: 1,
            zero_units: 1,
            zero: vec![0],
            ..ParameterInspection::default()
        });
        let report = FileInspection {
            file: "m".into(),
            parameters: parameters.collect(),
            ..FileInspection::default()
        };
        let found = findings(&report, Sizes::default());
        let text = bare(&whole("1 file", &found, &[], false));
        assert!(
            text.ends_with("  m: w19: unit 0 is zero\n  and 5 more (--all lists them)\n"),
            "{text}"
        );
        assert_eq!(whole("1 file", &found, &[], true).matches("is zero").count(), 25);
    }
}
