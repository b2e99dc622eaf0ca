//! Names and counts as text.

use super::finding::FindingKind;
use super::reduced;
use constinit_checkpoint::{AxesSource, FileInspection, SkippedTensor, totals};
use constinit_core::text::number;

/// A name from a file. Control characters and invisible characters are escaped.
pub fn plain(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '"' | '\'' | '\\' => text.push(c),
            // After another letter: as the first character, an accent would be escaped.
            _ => text.extend(['a', c].iter().collect::<String>().escape_debug().skip(1)),
        }
    }
    text
}

/// How much of long lists is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Ranges of units, classes, names.
    pub items: usize,
    /// Findings of a kind, files.
    pub lines: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { items: 8, lines: 20 }
    }
}

impl Sizes {
    /// Everything.
    pub const ALL: Self = Self { items: usize::MAX, lines: usize::MAX };
}

/// A number with commas: `1,234`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 unit`, `1,234 units`.
pub fn count_of(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// Bytes in the largest unit that they fill: `4.8 KiB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut size = count as f64;
    let mut unit = 0;
    // What would round to 1024 of a unit is 1 of the next.
    while size >= 1023.95 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{count} B") } else { format!("{size:.1} {}", UNITS[unit]) }
}

/// The numbers of units, ascending; three or more consecutive ones are a range: `3-7, 12`.
pub fn ranges(units: &[usize], sizes: Sizes) -> String {
    let mut runs: Vec<[usize; 2]> = Vec::new();
    for &unit in units {
        match runs.last_mut() {
            Some([_, last]) if last.checked_add(1) == Some(unit) => *last = unit,
            _ => runs.push([unit, unit]),
        }
    }
    let pieces = runs.iter().flat_map(|&[first, last]| match last - first {
        0 => vec![first.to_string()],
        1 => vec![first.to_string(), last.to_string()],
        _ => vec![format!("{first}-{last}")],
    });
    let pieces: Vec<String> = pieces.collect();
    let more = if pieces.len() > sizes.items {
        format!(", ... ({} in all)", grouped(units.len() as u64))
    } else {
        String::new()
    };
    pieces.into_iter().take(sizes.items).collect::<Vec<_>>().join(", ") + &more
}

/// Which units are equal: `units 0, 2 are equal; units 3-7, 12 are equal`.
pub fn alike(classes: &[Vec<usize>], sizes: Sizes) -> String {
    let shown = classes.iter().take(sizes.items);
    let mut shown: Vec<String> =
        shown.map(|class| format!("units {} are equal", ranges(class, sizes))).collect();
    if classes.len() > sizes.items {
        let more = (classes.len() - sizes.items) as u64;
        shown.push(format!("and {}", count_of(more, "more class", "more classes")));
    }
    shown.join("; ")
}

/// Names, the first few of them.
pub fn names<'n>(of: impl IntoIterator<Item = &'n str>, sizes: Sizes) -> String {
    let mut of = of.into_iter();
    let shown: Vec<String> = of.by_ref().take(sizes.items).map(plain).collect();
    let more = of.count();
    let more = if more > 0 { format!(" and {} more", grouped(more as u64)) } else { String::new() };
    shown.join(", ") + &more
}

/// `is` or `are`.
pub fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// The first few lines, and how many more there are.
pub fn first_lines(mut lines: Vec<String>, sizes: Sizes) -> Vec<String> {
    let more = lines.len().saturating_sub(sizes.lines);
    lines.truncate(sizes.lines);
    if more > 0 {
        lines.push(format!("and {} more (--all lists them)", grouped(more as u64)));
    }
    lines
}

/// What was found in a sentence: "258 units, 257 distinct; 2 zero; every entry is finite".
pub fn summary(report: &FileInspection) -> String {
    if let Some(error) = &report.error {
        // The line begins with the file.
        let of_file = error.strip_prefix(report.file.as_str());
        let of_file = of_file.and_then(|rest| rest.strip_prefix([',', ':']));
        return format!("could not be read: {}", plain(of_file.unwrap_or(error).trim_start()));
    }
    let totals = totals(report);
    let mut parts = vec![match totals.units {
        0 => "no parameter with two axes or more".to_owned(),
        units => distinct(units, totals.classes),
    }];
    parts.extend(zero_and_constant(totals.zero, totals.constant));
    parts.extend(finite(report));
    parts.join("; ")
}

/// `258 units, 257 distinct`
pub fn distinct(units: usize, classes: usize) -> String {
    let units = count_of(units as u64, "unit", "units");
    format!("{units}, {} distinct", grouped(classes as u64))
}

/// `2 zero`, `1 constant`
pub fn zero_and_constant(zero: usize, constant: usize) -> impl Iterator<Item = String> {
    let counts = [(zero, "zero"), (constant, "constant")].into_iter();
    counts
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", grouped(count as u64)))
}

/// Whether the entries are finite, if all were counted.
fn finite(report: &FileInspection) -> Option<String> {
    let skipped = |tensor: &SkippedTensor| {
        tensor.findings.iter().any(|finding| finding == FindingKind::NonFinite.name())
    };
    Some(match report.non_finite? {
        0 if report.skipped.iter().any(skipped) => {
            "every entry that was inspected is finite".into()
        }
        0 => "every entry is finite".to_owned(),
        1 => "1 entry is not finite".to_owned(),
        many => format!("{} entries are not finite", grouped(many)),
    })
}

/// Further facts that a reader should know, one sentence each.
pub fn notes(report: &FileInspection, sizes: Sizes) -> Vec<String> {
    let mut notes = reduced::needed(report);
    notes.extend(skipped(report, sizes));
    if let Some(optimizer) = &report.optimizer {
        notes.push(format!(
            "optimizer state, not part of the model: {}, {}, under {} (--optimizer-state inspects it)",
            count_of(optimizer.tensors as u64, "tensor", "tensors"),
            bytes(optimizer.bytes),
            names(optimizer.at.iter().map(String::as_str), sizes)
        ));
    }
    if let Some(tolerance) = report.tolerance {
        let spread = report.parameters.iter().filter_map(|p| p.spread).fold(0.0, f64::max);
        notes.push(format!(
            "equal within {}; the largest spread of a class is {}",
            number(tolerance, 6),
            number(spread, 4)
        ));
    }
    if report.vectors > 0 {
        let vectors = count_of(report.vectors as u64, "parameter", "parameters");
        notes.push(format!("also {vectors} with fewer than two axes"));
    }
    notes.extend(report.notes.iter().map(|note| plain(note)));
    notes
}

/// The tensors that could not be inspected, grouped by finding and reason.
pub fn skipped(report: &FileInspection, sizes: Sizes) -> Vec<String> {
    let alike = |a: &SkippedTensor, b: &SkippedTensor| {
        (&a.dtype, &a.why, &a.findings) == (&b.dtype, &b.why, &b.findings)
    };
    let mut groups: Vec<Vec<&SkippedTensor>> = Vec::new();
    for tensor in &report.skipped {
        match groups.iter_mut().find(|group| alike(group[0], tensor)) {
            Some(group) => group.push(tensor),
            None => groups.push(vec![tensor]),
        }
    }
    let groups = groups.into_iter().map(|group| {
        let SkippedTensor { dtype, why, findings, .. } = group[0];
        let what_for = findings.iter().map(|finding| plain(finding)).collect::<Vec<_>>().join(", ");
        let what_for = if what_for.is_empty() { what_for } else { format!(" for {what_for}") };
        let paths = names(group.iter().map(|tensor| tensor.path.as_str()), sizes);
        let dtype = if dtype.is_empty() { String::new() } else { format!(" ({})", plain(dtype)) };
        format!("not inspected{what_for}: {paths}{dtype}: {}", plain(why))
    });
    let mut said: Vec<String> = groups.collect();
    // Reports of earlier versions have numbers without names.
    if report.skipped.is_empty() && !report.passed_over.is_empty() {
        let types = report.passed_over.iter();
        let types =
            types.map(|(name, count)| format!("{} {}", grouped(*count as u64), plain(name)));
        said.push(format!("not inspected: {}", types.collect::<Vec<_>>().join(", ")));
    }
    said
}

/// How a checkpoint is stored, and the source of its axes.
pub fn stored(report: &FileInspection) -> String {
    let format = report.format.as_deref().map(plain);
    let axes = match (&report.architecture, report.axes) {
        (Some(architecture), _) => Some(plain(architecture)),
        (None, Some(AxesSource::Inferred)) => Some("a plain chain of linear layers".into()),
        (None, Some(AxesSource::Given)) => Some("axes as given".into()),
        (None, Some(AxesSource::Architecture) | None) => None,
    };
    let facts: Vec<String> = format.into_iter().chain(axes).collect();
    if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) }
}

/// The title above the spaces.
pub fn spaces_title(report: &FileInspection) -> String {
    match (report.axes, &report.architecture) {
        (Some(AxesSource::Inferred), _) => {
            "spaces (inferred: a plain chain of linear layers, with nothing but elementwise functions between them)".into()
        }
        (Some(AxesSource::Architecture), Some(name)) => {
            format!("spaces ({}, by names and shapes)", plain(name))
        }
        (Some(AxesSource::Architecture | AxesSource::Given) | None, _) => "spaces".into(),
    }
}

/// The table's columns and rows. It has a column of entries that are not finite if they were counted.
pub fn parameter_rows(report: &FileInspection) -> (Vec<&'static str>, Vec<Vec<String>>) {
    let mut heading =
        vec!["parameter", "shape", "type", "units", "distinct", "largest", "zero", "constant"];
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
            space.no_incoming.len().to_string(),
            space.no_outgoing.len().to_string(),
        ]
    });
    let heading =
        vec!["space", "units", "twins", "equitable", "forward", "no incoming", "no outgoing"];
    (heading, rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use constinit_checkpoint::{OptimizerState, ParameterInspection};
    use proptest::prelude::*;

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
    fn units_in_a_row_are_a_range() {
        for (units, text) in [
            (&[][..], ""),
            (&[4][..], "4"),
            (&[0, 1][..], "0, 1"),
            (&[3, 4, 5, 6, 7, 12][..], "3-7, 12"),
            (&[0, 2, 3, 4, 9, 10][..], "0, 2-4, 9, 10"),
            (&[usize::MAX - 1, usize::MAX][..], "18446744073709551614, 18446744073709551615"),
        ] {
            assert_eq!(ranges(units, Sizes::default()), text);
        }
        let every_second: Vec<usize> = (0..20).map(|k| 2 * k).collect();
        assert_eq!(
            ranges(&every_second, Sizes::default()),
            "0, 2, 4, 6, 8, 10, 12, 14, ... (20 in all)"
        );
        assert!(ranges(&every_second, Sizes::ALL).ends_with("36, 38"));
    }

    proptest! {
        /// Ranges read back are the units.
        #[test]
        fn ranges_lose_nothing(units in prop::collection::btree_set(0..60_usize, 0..40)) {
            let units: Vec<usize> = units.into_iter().collect();
            let text = ranges(&units, Sizes::ALL);
            let read = text.split(", ").filter(|piece| !piece.is_empty()).flat_map(|piece| {
                let (first, last) = piece.split_once('-').unwrap_or((piece, piece));
                first.parse::<usize>().unwrap()..=last.parse().unwrap()
            });
            prop_assert_eq!(read.collect::<Vec<_>>(), units);
            // Three consecutive numbers are always a range.
            let numbers: Vec<Option<usize>> = text.split(", ").map(|p| p.parse().ok()).collect();
            let in_a_row = |w: &[Option<usize>]| {
                w.iter().all(Option::is_some) && w[0].map(|n| n + 2) == w[2] && w[0].map(|n| n + 1) == w[1]
            };
            prop_assert!(!numbers.windows(3).any(in_a_row), "{}", text);
        }
    }

    #[test]
    fn counts_and_sizes() {
        assert_eq!([0, 999, 1234, 1_234_567].map(grouped), ["0", "999", "1,234", "1,234,567"]);
        assert_eq!(count_of(1, "unit", "units"), "1 unit");
        let sizes = [0, 1023, 1024, 4936, (1 << 20) - 1, 5 << 30, u64::MAX];
        let texts = ["0 B", "1023 B", "1.0 KiB", "4.8 KiB", "1.0 MiB", "5.0 GiB", "16384.0 PiB"];
        assert_eq!(sizes.map(bytes), texts);
        let classes: Vec<Vec<usize>> = (0..10).map(|k| vec![2 * k, 2 * k + 1]).collect();
        let text = alike(&classes, Sizes { items: 2, lines: 1 });
        assert_eq!(text, "units 0, 1 are equal; units 2, 3 are equal; and 8 more classes");
        assert_eq!(names(["a", "b\n"], Sizes::default()), "a, b\\n");
        assert_eq!(names(["a", "b", "c"], Sizes { items: 1, lines: 1 }), "a and 2 more");
    }

    #[test]
    fn sentences() {
        let mut report = FileInspection { non_finite: Some(0), ..FileInspection::default() };
        assert_eq!(summary(&report), "no parameter with two axes or more; every entry is finite");
        report.parameters = vec![ParameterInspection {
            units: 258,
            classes: 257,
            zero_units: 2,
            constant_units: 1,
            ..ParameterInspection::default()
        }];
        report.non_finite = None;
        assert_eq!(summary(&report), "258 units, 257 distinct; 2 zero; 1 constant");
        report.parameters[0] =
            ParameterInspection { units: 3, classes: 3, ..ParameterInspection::default() };
        assert_eq!(summary(&report), "3 units, 3 distinct");
        report.error = Some("is\na page".into());
        assert_eq!(summary(&report), "could not be read: is\\na page");
        report.file = "m.pt".into();
        for error in ["m.pt, byte 0: is a page", "m.pt: byte 0: is a page", "byte 0: is a page"] {
            report.error = Some(error.into());
            assert_eq!(summary(&report), "could not be read: byte 0: is a page");
        }
    }

    #[test]
    fn what_was_not_inspected_is_named_and_never_said_to_be_finite() {
        let tensor = |path: &str, why: &str, findings: &[&str]| SkippedTensor {
            path: path.into(),
            dtype: "F32".into(),
            why: why.into(),
            findings: findings.iter().map(|&finding| finding.to_owned()).collect(),
        };
        let mut report = FileInspection {
            non_finite: Some(0),
            skipped: vec![
                tensor("a", "it is sparse", &["twins", "zero"]),
                tensor("b", "it is packed", &["twins"]),
                tensor("c", "it is sparse", &["twins", "zero"]),
            ],
            optimizer: Some(OptimizerState {
                tensors: 66,
                bytes: 4936,
                at: vec!["optimizer.state".into()],
            }),
            vectors: 1,
            ..FileInspection::default()
        };
        assert!(summary(&report).ends_with("every entry is finite"));
        assert_eq!(
            notes(&report, Sizes::default()),
            [
                "not inspected for twins, zero: a, c (F32): it is sparse",
                "not inspected for twins: b (F32): it is packed",
                "optimizer state, not part of the model: 66 tensors, 4.8 KiB, under optimizer.state \
                 (--optimizer-state inspects it)",
                "also 1 parameter with fewer than two axes",
            ]
        );
        report.skipped[1].findings.push("non-finite".into());
        assert!(summary(&report).ends_with("every entry that was inspected is finite"));
        report.skipped.clear();
        report.passed_over = [("I8".to_owned(), 3)].into();
        assert_eq!(notes(&report, Sizes::default())[0], "not inspected: 3 I8");
    }
}
