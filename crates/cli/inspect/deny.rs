//! Findings that fail a check: `--deny`.

use super::text::plain;
use crate::args::Deny;
use clap::ValueEnum;
use constinit_checkpoint::{FileInspection, ParameterInspection, SkippedTensor, twin_places};

/// The denied findings of a report, a sentence each.
pub fn denied(report: &FileInspection, deny: &[Deny]) -> Vec<String> {
    let file = plain(&report.file);
    let mut found = Vec::new();
    for kind in in_order(deny) {
        let rows = |has: fn(&ParameterInspection) -> bool| -> Vec<String> {
            report.parameters.iter().filter(|p| has(p)).map(|p| plain(&p.path)).collect()
        };
        let what = match kind {
            Deny::Twins => "equal units",
            Deny::Zero => "zero units",
            Deny::NonFinite => "entries that are not finite",
        };
        let mut places = match kind {
            Deny::Twins => twin_places(report).map(plain).collect(),
            Deny::Zero => rows(|p| p.zero_units > 0),
            Deny::NonFinite => rows(|p| p.non_finite.is_some_and(|count| count > 0)),
        };
        // Vectors have no row in the report.
        let in_vectors =
            kind == Deny::NonFinite && report.non_finite.is_some_and(|count| count > 0);
        if places.is_empty() && in_vectors {
            places.push("a vector".into());
        }
        if let Some(first) = places.first() {
            let more = places.len() - 1;
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            found.push(format!("{file}: {what} in {first}{more}"));
        }
    }
    found
}

/// What could not be inspected for the denied findings, a sentence each: what was not inspected does not pass.
pub fn uninspected(report: &FileInspection, deny: &[Deny]) -> Vec<String> {
    let file = plain(&report.file);
    let mut unread = Vec::new();
    // Merged reports may lack this count. A file that could not be read fails elsewhere.
    let is_hidden = |skipped: &SkippedTensor| is_for(skipped, Deny::NonFinite);
    let not_counted = report.non_finite.is_none() && !report.skipped.iter().any(is_hidden);
    if deny.contains(&Deny::NonFinite) && not_counted && report.error.is_none() {
        unread.push(format!(
            "{file}: entries that are not finite were not counted (inspect --non-finite)"
        ));
    }
    for skipped in &report.skipped {
        let kinds = in_order(deny).filter(|kind| is_for(skipped, *kind)).map(name);
        let kinds: Vec<String> = kinds.collect();
        if !kinds.is_empty() {
            let dtype = match plain(&skipped.dtype) {
                dtype if dtype.is_empty() => dtype,
                dtype => format!(" ({dtype})"),
            };
            unread.push(format!(
                "{file}: {}{dtype} was not inspected for {}: {} (--skip leaves it out by name)",
                plain(&skipped.path),
                kinds.join(", "),
                plain(&skipped.why)
            ));
        }
    }
    unread
}

/// The denied findings, each once.
fn in_order(deny: &[Deny]) -> impl Iterator<Item = Deny> {
    Deny::value_variants().iter().copied().filter(|kind| deny.contains(kind))
}

/// Whether a tensor could not be inspected for a finding.
fn is_for(skipped: &SkippedTensor, kind: Deny) -> bool {
    skipped.findings.contains(&name(kind))
}

/// As the option names it.
fn name(kind: Deny) -> String {
    kind.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use constinit_checkpoint::SpaceInspection;

    #[test]
    fn units_of_a_space_are_judged_by_all_that_they_have() {
        let row = |path: &str, space: Option<&str>| ParameterInspection {
            path: path.into(),
            space: space.map(str::to_owned),
            units: 2,
            classes: 1,
            ..ParameterInspection::default()
        };
        let space = |twins| SpaceInspection {
            name: "h".into(),
            units: 2,
            twins,
            ..SpaceInspection::default()
        };
        let mut report = FileInspection { file: "m".into(), ..FileInspection::default() };
        report.parameters = vec![row("in", Some("h"))];
        report.spaces = Some(vec![space(2)]);
        assert!(denied(&report, &[Deny::Twins]).is_empty());
        report.spaces = Some(vec![space(1)]);
        assert_eq!(denied(&report, &[Deny::Twins]), ["m: equal units in h"]);
        report.parameters.push(row("other", None));
        assert_eq!(denied(&report, &[Deny::Twins]), ["m: equal units in other and 1 more"]);
    }

    #[test]
    fn what_was_not_counted_is_not_taken_for_none() {
        let mut report =
            FileInspection { file: "m.safetensors".into(), ..FileInspection::default() };
        let found = uninspected(&report, &[Deny::NonFinite]);
        assert!(found.len() == 1 && found[0].contains("were not counted"), "{found:?}");
        assert!(uninspected(&report, &[Deny::Twins, Deny::Zero]).is_empty());
        report.non_finite = Some(0);
        assert!(uninspected(&report, &[Deny::NonFinite]).is_empty());
        report.non_finite = Some(2);
        assert_eq!(
            denied(&report, &[Deny::NonFinite]),
            ["m.safetensors: entries that are not finite in a vector"]
        );
        // A file that could not be read fails elsewhere.
        report = FileInspection { error: Some("is a folder".into()), ..FileInspection::default() };
        assert!(uninspected(&report, &[Deny::NonFinite]).is_empty());
    }

    #[test]
    fn what_was_not_inspected_is_named_for_what_is_denied() {
        let skipped = |path: &str, findings: &[&str]| SkippedTensor {
            path: path.into(),
            dtype: "F32".into(),
            why: "it is sparse".into(),
            findings: findings.iter().map(|finding| (*finding).to_owned()).collect(),
        };
        let report = FileInspection {
            file: "m".into(),
            skipped: vec![skipped("a", &["twins", "zero"]), skipped("b", &["non-finite"])],
            ..FileInspection::default()
        };
        let said = |deny: &[Deny]| uninspected(&report, deny);
        let [a, b] = [
            "m: a (F32) was not inspected for twins, zero: it is sparse (--skip leaves it out by name)",
            "m: b (F32) was not inspected for non-finite: it is sparse (--skip leaves it out by name)",
        ];
        assert_eq!(said(&[Deny::Zero, Deny::Twins]), [a]);
        assert_eq!(said(&[Deny::NonFinite]), [b]);
        assert_eq!(said(&[Deny::NonFinite, Deny::Twins, Deny::Zero]), [a, b]);
        assert!(said(&[]).is_empty());
    }
}
