//! Names and counts as text.

use constinit_checkpoint::{AxesSource, FileInspection, ParameterInspection, totals};
use constinit_core::text::number;

/// A name from a file, without what a terminal would obey or nobody could see.
pub fn plain(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '"' | '\'' | '\\' => text.push(c),
            // Behind another letter, so that an accent is left on it.
            _ => text.extend(['a', c].iter().collect::<String>().escape_debug().skip(1)),
        }
    }
    text
}

/// What was found in a sentence: "258 units are 257; 2 are zero".
pub fn summary(report: &FileInspection) -> String {
    if let Some(error) = &report.error {
        return format!("could not be read: {}", plain(error));
    }
    let totals = totals(report);
    let mut parts = Vec::new();
    if totals.units == 0 {
        parts.push("no parameter with two axes or more".to_owned());
    } else if totals.classes < totals.units {
        parts.push(format!("{} units are {}", totals.units, totals.classes));
    } else {
        parts.push(format!("{} units, no two alike", totals.units));
    }
    if totals.zero > 0 {
        parts.push(format!("{} {} zero", totals.zero, are(totals.zero)));
    }
    if totals.constant > 0 {
        parts.push(format!("{} {} constant", totals.constant, are(totals.constant)));
    }
    if totals.units > 0 && totals.zero + totals.constant == 0 {
        parts.push("none is zero or constant".to_owned());
    }
    match report.non_finite {
        Some(0) => parts.push("every entry is finite".to_owned()),
        Some(1) => parts.push("1 entry is not finite".to_owned()),
        Some(many) => parts.push(format!("{many} entries are not finite")),
        None => {}
    }
    parts.join("; ")
}

fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// What else a reader should know, a line each.
pub fn notes(report: &FileInspection) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(tolerance) = report.tolerance {
        let spread = report.parameters.iter().filter_map(|p| p.spread).fold(0.0, f64::max);
        notes.push(format!(
            "alike within {}; the widest class spreads over {}",
            number(tolerance, 6),
            number(spread, 4)
        ));
    }
    if report.vectors > 0 {
        let plural = if report.vectors == 1 { "" } else { "s" };
        notes.push(format!("{} parameter{plural} of fewer than two axes beside", report.vectors));
    }
    if let Some(state) = &report.optimizer {
        let places: Vec<String> = state.at.iter().map(|place| plain(place)).collect();
        notes.push(format!(
            "optimizer state: {} tensors, {} bytes, at {}",
            state.tensors,
            state.bytes,
            places.join(", ")
        ));
    }
    let skipped = report.skipped.iter().map(|skipped| {
        format!(
            "{} was not inspected for {}: {}",
            plain(&skipped.path),
            skipped.findings.join(", "),
            plain(&skipped.why)
        )
    });
    notes.extend(first_lines(skipped.collect()));
    notes.extend(report.notes.iter().map(|note| plain(note)));
    notes
}

/// Lines and unit numbers that are shown of one parameter.
pub const MOST: usize = 8;

/// The numbers of units, the first few of them.
pub fn list(units: &[usize]) -> String {
    let shown: Vec<String> = units.iter().take(MOST).map(ToString::to_string).collect();
    let more = if units.len() > MOST { format!(", ... ({})", units.len()) } else { String::new() };
    shown.join(", ") + &more
}

/// The first few lines, and how many more there are.
pub fn first_lines(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(MOST);
    lines.truncate(MOST);
    if more > 0 {
        lines.push(format!("and {more} more (--json has all)"));
    }
    lines
}

/// Which units of which parameter are alike, the first few classes.
pub fn alike(report: &FileInspection) -> Vec<String> {
    let classes =
        report.parameters.iter().flat_map(|p| p.alike.iter().map(|class| (p.path.as_str(), class)));
    let lines =
        classes.map(|(path, class)| format!("{}: units {} are alike", plain(path), list(class)));
    first_lines(lines.collect())
}

/// Whether something was found in a parameter.
pub fn is_finding(p: &ParameterInspection) -> bool {
    p.classes < p.units
        || p.zero_units + p.constant_units > 0
        || p.non_finite.is_some_and(|count| count > 0)
}

/// The title above the spaces.
pub fn spaces_title(report: &FileInspection) -> String {
    match (report.axes, &report.architecture) {
        (Some(AxesSource::Inferred), _) => {
            "spaces (inferred: a plain chain of linear layers, with nothing but elementwise functions between them)".into()
        }
        (Some(AxesSource::Architecture), Some(name)) => {
            format!("spaces (inferred from names and shapes: {})", plain(name))
        }
        (Some(AxesSource::Architecture | AxesSource::Given) | None, _) => "spaces".into(),
    }
}

/// The table's columns and rows; not finite ones only where they were counted.
pub fn parameter_rows(report: &FileInspection) -> (Vec<&'static str>, Vec<Vec<String>>) {
    let mut heading =
        vec!["parameter", "shape", "type", "units", "classes", "largest", "zero", "constant"];
    let counted = report.parameters.iter().any(|p| p.non_finite.is_some());
    if counted {
        heading.push("not finite");
    }
    let rows = report.parameters.iter().map(|p| {
        let mut row = vec![
            plain(&p.path),
            format!("{:?}", p.shape),
            plain(&p.dtype),
            p.units.to_string(),
            p.classes.to_string(),
            p.largest_class.to_string(),
            p.zero_units.to_string(),
            p.constant_units.to_string(),
        ];
        if counted {
            row.push(p.non_finite.map_or("-".into(), |count| count.to_string()));
        }
        row
    });
    (heading, rows.collect())
}

/// The same for spaces.
pub fn space_rows(report: &FileInspection) -> (Vec<&'static str>, Vec<Vec<String>>) {
    let rows = report.spaces.iter().flatten().map(|space| {
        vec![
            plain(&space.name),
            space.units.to_string(),
            space.twins.to_string(),
            space.equitable.to_string(),
            space.forward.map_or("-".into(), |count| count.to_string()),
        ]
    });
    (vec!["space", "units", "twins", "equitable", "forward"], rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_reach_the_terminal_as_commands() {
        assert_eq!(plain("a\u{1b}[31mb\n\u{202e}c"), "a\\u{1b}[31mb\\n\\u{202e}c");
        assert_eq!(plain("schicht.\u{fc}ber"), "schicht.\u{fc}ber");
        assert_eq!(
            plain("a\u{200b}b\u{200f}\u{61c}\u{2028}"),
            "a\\u{200b}b\\u{200f}\\u{61c}\\u{2028}"
        );
        assert_eq!(plain("C:\\\"e\u{301}\" '\u{1f600}'"), "C:\\\"e\u{301}\" '\u{1f600}'");
    }

    #[test]
    fn sentences() {
        let mut report = FileInspection { non_finite: Some(0), ..FileInspection::default() };
        assert_eq!(summary(&report), "no parameter with two axes or more; every entry is finite");
        report.parameters = vec![ParameterInspection {
            units: 258,
            classes: 257,
            ..ParameterInspection::default()
        }];
        report.parameters[0].zero_units = 2;
        report.non_finite = None;
        assert_eq!(summary(&report), "258 units are 257; 2 are zero");
        report.parameters[0] =
            ParameterInspection { units: 3, classes: 3, ..ParameterInspection::default() };
        assert_eq!(summary(&report), "3 units, no two alike; none is zero or constant");
    }
}
