//! All files together: the headline and the last line of `--json`.

use super::finding::FileFinding;
use super::text::{count_of, distinct, grouped};
use constinit_checkpoint::{FileInspection, InspectionSummary, totals};

/// A summary of no files.
pub fn empty() -> InspectionSummary {
    InspectionSummary { non_finite: Some(0), ..InspectionSummary::default() }
}

/// Adds the findings of one more file.
pub fn add(summary: &mut InspectionSummary, report: &FileInspection, findings: &[FileFinding]) {
    summary.files += 1;
    summary.with_findings += usize::from(!findings.is_empty());
    if report.error.is_some() {
        // Its findings are unknown; the part that was read is still counted.
        summary.unread += 1;
    }
    let totals = totals(report);
    // A few bytes can claim any number of units without entries.
    summary.units = summary.units.saturating_add(totals.units);
    summary.distinct = summary.distinct.saturating_add(totals.classes);
    summary.zero_units = summary.zero_units.saturating_add(totals.zero);
    summary.constant_units = summary.constant_units.saturating_add(totals.constant);
    summary.non_finite =
        summary.non_finite.zip(report.non_finite).map(|(sum, more)| sum.saturating_add(more));
    summary.skipped += report.skipped.len();
    for finding in findings {
        *summary.findings.entry(finding.kind.name().into()).or_default() += 1;
    }
}

/// The summary in one line: `3 files, 1 with findings, 1 could not be read; 399 units, 393 distinct`.
pub fn headline(summary: &InspectionSummary) -> String {
    let mut files = vec![count_of(summary.files as u64, "file", "files")];
    // `no findings` must not refer to files that could not be read.
    match summary.with_findings {
        0 if summary.unread == 0 => files.push("no findings".into()),
        0 if summary.unread < summary.files => {
            files.push("no findings in those that were read".into())
        }
        0 => {}
        some => files.push(format!("{} with findings", grouped(some as u64))),
    }
    if summary.unread > 0 {
        files.push(format!("{} could not be read", grouped(summary.unread as u64)));
    }
    let mut parts = vec![files.join(", ")];
    if summary.unread < summary.files {
        parts.push(distinct(summary.units, summary.distinct));
    }
    if summary.skipped > 0 {
        let skipped = count_of(summary.skipped as u64, "tensor was", "tensors were");
        parts.push(format!("{skipped} not inspected"));
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::finding::findings;
    use crate::inspect::text::Sizes;
    use constinit_checkpoint::{ParameterInspection, SkippedTensor};
    use std::collections::BTreeMap;

    #[test]
    fn files_are_added_up() {
        let mut summary = empty();
        assert_eq!(headline(&summary), "0 files, no findings");
        let mut report = FileInspection {
            parameters: vec![ParameterInspection {
                units: 1333,
                classes: 1333,
                ..ParameterInspection::default()
            }],
            non_finite: Some(0),
            ..FileInspection::default()
        };
        let mut take = |report: &FileInspection| {
            add(&mut summary, report, &findings(report, Sizes::default()));
            summary.clone()
        };
        assert_eq!(headline(&take(&report)), "1 file, no findings; 1,333 units, 1,333 distinct");
        report.parameters[0].classes = 1330;
        report.parameters[0].zero_units = 1;
        report.skipped.push(SkippedTensor::default());
        let both = take(&report);
        assert_eq!(
            headline(&both),
            "2 files, 1 with findings; 2,666 units, 2,663 distinct; 1 tensor was not inspected"
        );
        assert_eq!((both.non_finite, both.zero_units), (Some(0), 1));
        assert_eq!(
            both.findings,
            BTreeMap::from([("duplicate-rows".to_owned(), 1), ("zero".to_owned(), 1)])
        );
        let broken = FileInspection { error: Some("".into()), ..FileInspection::default() };
        let all = take(&broken);
        assert!(
            headline(&all)
                .starts_with("3 files, 1 with findings, 1 could not be read; 2,666 units"),
            "{}",
            headline(&all)
        );
        assert_eq!(all.non_finite, None);
        let nothing = InspectionSummary { files: 2, unread: 2, ..empty() };
        assert_eq!(headline(&nothing), "2 files, 2 could not be read");
        let some = InspectionSummary { files: 2, unread: 1, ..empty() };
        assert!(
            headline(&some).starts_with("2 files, no findings in those that were read, 1 could")
        );
    }
}
