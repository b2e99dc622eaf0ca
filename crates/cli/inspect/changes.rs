//! What happened to the units between two checkpoints: as text, and as a check.

use super::table::{HEADING, table};
use super::text::{Sizes, count_of, first_lines, grouped, names, plain, ranges};
use crate::args::Deny;
use constinit_checkpoint::{CheckpointDiff, DriftedClass, MergedClass, ParameterDiff, SplitClass};
use constinit_core::text::number;

/// The headline, the changes by severity, and a table of all parameters.
pub fn diff(report: &CheckpointDiff) -> String {
    let sizes = Sizes::default();
    let headline = headline(report);
    let mut text = format!(
        "{HEADING}{} -> {}{HEADING:#}\n{headline}\n",
        plain(&report.before),
        plain(&report.after)
    );
    for (what, lines) in sections(report, sizes) {
        if !lines.is_empty() {
            text += &format!("\n{HEADING}{what}{HEADING:#}\n");
            text.extend(first_lines(lines, sizes).iter().map(|line| format!("  {line}\n")));
        }
    }
    if report.identical {
        return text;
    }
    let heading = [
        "parameter",
        "units",
        "distinct",
        "now",
        "kept",
        "diverged",
        "became equal",
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
    let found: Vec<bool> = report.parameters.iter().map(has_changed_units).collect();
    if rows.is_empty() { text } else { text + "\n" + &table(&heading, &rows, &found) }
}

/// One line: `identical`, or how many changes of each kind.
pub fn headline(report: &CheckpointDiff) -> String {
    if report.identical {
        return "identical".into();
    }
    let count = |of: fn(&ParameterDiff) -> usize| report.parameters.iter().map(of).sum::<usize>();
    let non_finite: u64 = report.parameters.iter().map(|p| p.became_non_finite).sum();
    let counts = [
        (non_finite, "entry became non-finite", "entries became non-finite"),
        (count(|p| p.became_zero.len()) as u64, "unit became zero", "units became zero"),
        (count(|p| p.merged.len()) as u64, "class became equal", "classes became equal"),
        (count(|p| p.split.len()) as u64, "class diverged", "classes diverged"),
        (count(|p| p.drifted.len()) as u64, "class drifted", "classes drifted"),
        (count(|p| p.kept) as u64, "class kept", "classes kept"),
    ];
    let said = counts.iter().filter(|(count, ..)| *count > 0);
    let mut said: Vec<String> =
        said.map(|(count, one, many)| count_of(*count, one, many)).collect();
    if said.is_empty() {
        said.push("no two units were or became equal".into());
    }
    let uncompared: usize = uncompared_paths(report).iter().map(|(_, paths)| paths.len()).sum();
    if uncompared > 0 {
        let uncompared = count_of(uncompared as u64, "parameter was", "parameters were");
        said.push(format!("{uncompared} not compared"));
    }
    said.join("; ")
}

/// The changes, the most severe first, one line per parameter or class.
fn sections(report: &CheckpointDiff, sizes: Sizes) -> Vec<(&'static str, Vec<String>)> {
    let each = |lines: &dyn Fn(&ParameterDiff) -> Vec<String>| -> Vec<String> {
        let all = report
            .parameters
            .iter()
            .flat_map(|p| lines(p).into_iter().map(|line| format!("{}: {line}", plain(&p.path))));
        all.collect()
    };
    let shapes = report.reshaped.iter().enumerate().map(|(number, path)| {
        let shapes = report.shapes.get(number);
        let shapes = shapes.map(|[was, is]| format!(": {was:?} became {is:?}"));
        format!("{}{}", plain(path), shapes.unwrap_or_default())
    });
    let listed = |paths: &[String]| paths.iter().map(|path| plain(path)).collect::<Vec<_>>();
    vec![
        ("became non-finite", each(&|p| non_finite(p, sizes).into_iter().collect())),
        ("became zero", each(&|p| zero(p, sizes).into_iter().collect())),
        (
            "became equal",
            each(&|p| {
                let became = |m: &MergedClass| {
                    format!("units {}: {} distinct before", ranges(&m.units, sizes), m.from)
                };
                p.merged.iter().map(became).collect()
            }),
        ),
        (
            "diverged",
            each(&|p| {
                let diverged = |s: &SplitClass| {
                    let units = ranges(&s.units, sizes);
                    format!("units {units}: {} distinct now, {}", s.into, apart(s.spread))
                };
                p.split.iter().map(diverged).collect()
            }),
        ),
        (
            "drifted within the tolerance",
            each(&|p| {
                let drifted = |d: &DriftedClass| {
                    format!("units {}: {}", ranges(&d.units, sizes), apart(d.spread))
                };
                p.drifted.iter().map(drifted).collect()
            }),
        ),
        ("changed shape", shapes.collect()),
        (
            "changed type",
            each(&|p| p.types.iter().map(|[was, is]| format!("{was} became {is}")).collect()),
        ),
        ("only before", listed(&report.only_before)),
        ("only after", listed(&report.only_after)),
        ("not compared", listed(&report.unread)),
    ]
}

fn non_finite(p: &ParameterDiff, sizes: Sizes) -> Option<String> {
    if p.became_non_finite == 0 {
        return None;
    }
    let entries = count_of(p.became_non_finite, "entry", "entries");
    let units = match p.became_non_finite_units.as_slice() {
        [] => String::new(),
        [unit] => format!(" in unit {unit}"),
        units => format!(" in units {}", ranges(units, sizes)),
    };
    let first = p.became_non_finite_entry.map(|entry| match p.became_non_finite {
        1 => format!(": entry {entry}"),
        _ => format!(": the first is entry {entry}"),
    });
    Some(format!("{entries}{units}{}", first.unwrap_or_default()))
}

fn zero(p: &ParameterDiff, sizes: Sizes) -> Option<String> {
    match p.became_zero.as_slice() {
        [] => None,
        [unit] => Some(format!("unit {unit}")),
        units => Some(format!("units {}", ranges(units, sizes))),
    }
}

fn has_changed_units(p: &ParameterDiff) -> bool {
    !p.split.is_empty()
        || !p.merged.is_empty()
        || !p.drifted.is_empty()
        || !p.became_zero.is_empty()
        || p.became_non_finite > 0
}

/// How far units differ now.
fn apart(by: Option<f64>) -> String {
    by.map_or("by amounts that are not finite".into(), |by| format!("by up to {}", number(by, 4)))
}

fn change(by: Option<f64>) -> String {
    by.map_or("not finite".into(), |by| number(by, 4))
}

/// The denied findings that the second checkpoint has and the first does not, a sentence each.
pub fn regressions(report: &CheckpointDiff, deny: &[Deny]) -> Vec<String> {
    let of = |kind: Deny| -> Option<String> {
        let (what, has): (&str, fn(&ParameterDiff) -> bool) = match kind {
            Deny::Twins => ("units became equal", |p| !p.merged.is_empty()),
            Deny::Zero => ("units became zero", |p| !p.became_zero.is_empty()),
            Deny::NonFinite => ("entries became non-finite", |p| p.became_non_finite > 0),
        };
        let places = report.parameters.iter().filter(|p| has(p)).map(|p| p.path.as_str());
        let places: Vec<&str> = places.collect();
        let one = Sizes { items: 1, lines: 1 };
        (!places.is_empty())
            .then(|| format!("{}: {what} in {}", plain(&report.after), names(places, one)))
    };
    let kinds = [Deny::NonFinite, Deny::Twins, Deny::Zero];
    kinds.into_iter().filter(|kind| deny.contains(kind)).filter_map(of).collect()
}

/// The parameters that could not be compared, by reason.
fn uncompared_paths(report: &CheckpointDiff) -> [(&'static str, &Vec<String>); 4] {
    [
        ("changed shape", &report.reshaped),
        ("was not compared", &report.unread),
        ("is only in the first checkpoint", &report.only_before),
        ("is only in the second checkpoint", &report.only_after),
    ]
}

/// Names a parameter that could not be compared, so that a check cannot pass; `--skip` excludes parameters by name.
pub fn uncompared(report: &CheckpointDiff) -> Option<String> {
    let groups = uncompared_paths(report);
    let all: usize = groups.iter().map(|(_, paths)| paths.len()).sum();
    let (why, paths) = groups.iter().find(|(_, paths)| !paths.is_empty())?;
    let more = match all - 1 {
        0 => String::new(),
        1 => ", and 1 more parameter could not be compared".to_owned(),
        more => format!(", and {} more parameters could not be compared", grouped(more as u64)),
    };
    let first = paths.first()?;
    Some(format!("--deny: {} {why}{more} (--skip leaves them out by name)", plain(first)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text without colours.
    fn bare(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    fn report() -> CheckpointDiff {
        let w = ParameterDiff {
            path: "w".into(),
            largest_change: Some(2.0),
            units: Some(9),
            classes_before: Some(8),
            classes_after: Some(8),
            split: vec![SplitClass { units: vec![0, 1], into: 2, spread: None }],
            merged: vec![MergedClass { units: vec![3, 4, 5], from: 3 }],
            became_zero: vec![7],
            became_non_finite: 2,
            became_non_finite_units: vec![8],
            became_non_finite_entry: Some(17),
            types: Some(["F32".into(), "F16".into()]),
            ..ParameterDiff::default()
        };
        CheckpointDiff {
            before: "a".into(),
            after: "b".into(),
            parameters: vec![w],
            reshaped: vec!["s".into()],
            shapes: vec![[vec![2, 3], vec![2, 4]]],
            ..CheckpointDiff::default()
        }
    }

    #[test]
    fn what_happened_is_said_the_worst_first() {
        let text = bare(&diff(&report()));
        let expected = "a -> b\n\
            2 entries became non-finite; 1 unit became zero; 1 class became equal; 1 class diverged; \
            1 parameter was not compared\n\n\
            became non-finite\n  w: 2 entries in unit 8: the first is entry 17\n\n\
            became zero\n  w: unit 7\n\n\
            became equal\n  w: units 3-5: 3 distinct before\n\n\
            diverged\n  w: units 0, 1: 2 distinct now, by amounts that are not finite\n\n\
            changed shape\n  s: [2, 3] became [2, 4]\n\n\
            changed type\n  w: F32 became F16\n\n\
            parameter  units";
        assert!(text.starts_with(expected), "{text}");
        let same = CheckpointDiff { identical: true, ..CheckpointDiff::default() };
        assert_eq!(bare(&diff(&same)), " -> \nidentical\n");
        let quiet = CheckpointDiff::default();
        assert_eq!(headline(&quiet), "no two units were or became equal");
    }

    #[test]
    fn what_became_so_is_denied_and_what_was_not_compared_is_named() {
        let mut report = report();
        let all = [Deny::Twins, Deny::Zero, Deny::NonFinite];
        assert_eq!(
            regressions(&report, &all),
            [
                "b: entries became non-finite in w",
                "b: units became equal in w",
                "b: units became zero in w"
            ]
        );
        assert_eq!(regressions(&report, &[Deny::Zero]), ["b: units became zero in w"]);
        assert_eq!(
            uncompared(&report).unwrap(),
            "--deny: s changed shape (--skip leaves them out by name)"
        );
        report.only_after = vec!["new".into()];
        assert!(uncompared(&report).unwrap().contains("and 1 more parameter could not"));
        report.reshaped.clear();
        assert!(uncompared(&report).unwrap().contains("new is only in the second checkpoint"));
        report.only_after.clear();
        assert_eq!(uncompared(&report), None);
        report.parameters[0] = ParameterDiff::default();
        assert_eq!(regressions(&report, &all), [""; 0]);
    }
}
