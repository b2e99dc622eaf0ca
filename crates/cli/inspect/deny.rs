//! Findings that fail a check: `--deny`.

use super::text::plain;
use crate::args::Deny;
use constinit_checkpoint::{FileInspection, ParameterInspection, twin_places};

/// What of the denied a report has, a sentence each.
pub fn denied(report: &FileInspection, deny: &[Deny]) -> Vec<String> {
    let file = plain(&report.file);
    let mut found = Vec::new();
    for kind in [Deny::Twins, Deny::Zero, Deny::NonFinite] {
        if !deny.contains(&kind) {
            continue;
        }
        let rows = |has: fn(&ParameterInspection) -> bool| -> Vec<String> {
            report.parameters.iter().filter(|p| has(p)).map(|p| plain(&p.path)).collect()
        };
        let what = match kind {
            Deny::Twins => "units that are alike",
            Deny::Zero => "zero units",
            Deny::NonFinite => "entries that are not finite",
        };
        let mut places = match kind {
            Deny::Twins => twin_places(report).map(plain).collect(),
            Deny::Zero => rows(|p| p.zero_units > 0),
            Deny::NonFinite => rows(|p| p.non_finite.is_some_and(|count| count > 0)),
        };
        // Reports that are merged may have been made without it.
        if kind == Deny::NonFinite && report.non_finite.is_none() && report.error.is_none() {
            found.push(format!(
                "{file}: entries that are not finite were not counted (inspect --non-finite)"
            ));
            continue;
        }
        // Vectors have no row of their own.
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
        assert_eq!(denied(&report, &[Deny::Twins]), ["m: units that are alike in h"]);
        report.parameters.push(row("other", None));
        assert_eq!(
            denied(&report, &[Deny::Twins]),
            ["m: units that are alike in other and 1 more"]
        );
    }

    #[test]
    fn what_was_not_counted_is_not_taken_for_none() {
        let mut report =
            FileInspection { file: "m.safetensors".into(), ..FileInspection::default() };
        let found = denied(&report, &[Deny::NonFinite]);
        assert!(found.len() == 1 && found[0].contains("were not counted"), "{found:?}");
        assert!(denied(&report, &[Deny::Twins, Deny::Zero]).is_empty());
        report.non_finite = Some(0);
        assert!(denied(&report, &[Deny::NonFinite]).is_empty());
        report.non_finite = Some(2);
        assert_eq!(
            denied(&report, &[Deny::NonFinite]),
            ["m.safetensors: entries that are not finite in a vector"]
        );
        // A file that could not be read is a failure of its own.
        report = FileInspection { error: Some("is a folder".into()), ..FileInspection::default() };
        assert!(denied(&report, &[Deny::NonFinite]).is_empty());
    }
}
