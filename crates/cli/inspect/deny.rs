//! Findings that fail a check: `--deny`.

use super::text::plain;
use crate::args::Deny;
use constinit_checkpoint::FileReport;

/// What of the denied a report has, a sentence each.
pub fn denied(report: &FileReport, deny: &[Deny]) -> Vec<String> {
    let file = plain(&report.file);
    let mut found = Vec::new();
    for kind in [Deny::Twins, Deny::Zero, Deny::NonFinite] {
        if !deny.contains(&kind) {
            continue;
        }
        let has = |p: &&constinit_checkpoint::ParameterReport| match kind {
            Deny::Twins => p.classes < p.units,
            Deny::Zero => p.zero_units > 0,
            Deny::NonFinite => p.non_finite.is_some_and(|count| count > 0),
        };
        let what = match kind {
            Deny::Twins => "units that are alike",
            Deny::Zero => "zero units",
            Deny::NonFinite => "entries that are not finite",
        };
        let mut places: Vec<String> =
            report.parameters.iter().filter(has).map(|p| plain(&p.path)).collect();
        if kind == Deny::Twins {
            let spaces = report.spaces.iter().flatten().filter(|space| space.twins < space.units);
            places.extend(spaces.map(|space| plain(&space.name)));
        }
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

    #[test]
    fn what_was_not_counted_is_not_taken_for_none() {
        let mut report = FileReport { file: "m.safetensors".into(), ..FileReport::default() };
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
        report = FileReport { error: Some("is a folder".into()), ..FileReport::default() };
        assert!(denied(&report, &[Deny::NonFinite]).is_empty());
    }
}
