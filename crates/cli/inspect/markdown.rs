//! Reports as Markdown, for the comments of pull requests.

use super::finding::FileFinding;
use super::table::is_finding;
use super::text::{
    Sizes, first_lines, notes, parameter_rows, plain, space_rows, spaces_title, summary,
};
use constinit_checkpoint::FileInspection;

/// The section of one checkpoint: all findings, and the number of parameters without findings.
pub fn report(report: &FileInspection, findings: &[FileFinding], sizes: Sizes) -> String {
    let mut text = format!("### {}\n\n{}\n", cell(&plain(&report.file)), cell(&summary(report)));
    let item = |line: &String| format!("- {}\n", cell(line));
    let lines = findings.iter().map(|f| format!("{}: {}", f.kind.title(), f.sentence()));
    let lines = first_lines(lines.collect(), sizes);
    if !lines.is_empty() {
        text += "\n";
        text.extend(lines.iter().map(item));
    }
    let notes = notes(report, sizes);
    if !notes.is_empty() {
        text += "\n";
        text.extend(notes.iter().map(item));
    }
    let (heading, rows) = parameter_rows(report);
    let (shown, others): (Vec<_>, Vec<_>) = rows
        .into_iter()
        .enumerate()
        .partition(|(number, _)| is_finding(&report.parameters[*number]));
    if !shown.is_empty() {
        text += &format!("\n{}", table(&heading, shown.into_iter().map(|(_, row)| row)));
    }
    match others.len() {
        0 => {}
        1 => text += "\nNothing found in 1 parameter.\n",
        others => text += &format!("\nNothing found in {others} parameters.\n"),
    }
    let (heading, rows) = space_rows(report);
    if !rows.is_empty() {
        let title = cell(&spaces_title(report));
        text += &format!("\n{title}\n\n{}", table(&heading, rows.into_iter()));
    }
    text + "\n"
}

/// The headline over several files.
pub fn headline(text: &str) -> String {
    format!("**{}**\n\n", cell(text))
}

fn table(heading: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(heading.iter().map(|name| (*name).to_owned()).collect());
    text += &line(vec!["---".to_owned(); heading.len()]);
    for row in rows {
        text += &line(row.iter().map(|text| cell(text)).collect());
    }
    text
}

/// Text, escaped so that Markdown shows it as it is.
fn cell(text: &str) -> String {
    let escaped = |c: char| match c {
        '|' | '\\' | '`' | '*' | '_' | '<' | '[' | ']' | '#' => format!("\\{c}"),
        _ => c.to_string(),
    };
    text.chars().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::finding::findings;
    use constinit_checkpoint::ParameterInspection;

    #[test]
    fn only_what_was_found_is_a_row() {
        let alike = ParameterInspection {
            path: "a|b".into(),
            shape: vec![2, 1],
            dtype: "F32".into(),
            units: 2,
            classes: 1,
            largest_class: 2,
            alike: vec![vec![0, 1]],
            ..ParameterInspection::default()
        };
        let other =
            ParameterInspection { classes: 2, path: "c".into(), alike: vec![], ..alike.clone() };
        let all = FileInspection {
            file: "m".into(),
            parameters: vec![alike, other],
            ..FileInspection::default()
        };
        let sizes = Sizes::default();
        assert_eq!(
            report(&all, &findings(&all, sizes), sizes),
            "### m\n\n4 units, 3 distinct\n\n\
             - duplicate rows: a\\|b: units 0, 1 are equal\n\n\
             | parameter | shape | type | units | distinct | largest | zero | constant |\n\
             | --- | --- | --- | --- | --- | --- | --- | --- |\n\
             | a\\|b | \\[2, 1\\] | F32 | 2 | 1 | 2 | 0 | 0 |\n\n\
             Nothing found in 1 parameter.\n\n"
        );
        assert_eq!(headline("a*b"), "**a\\*b**\n\n");
    }
}
