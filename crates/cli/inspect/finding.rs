//! Findings by severity: each with its file, its place and the numbers of its units.

use super::text::{Sizes, alike, are, bytes, count_of, grouped, plain, ranges};
use crate::args::Deny;
use constinit_checkpoint::{FileInspection, ParameterInspection, SpaceInspection, TensorRole};
use std::collections::HashMap;

/// Kinds of findings, the most severe first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// NaN or infinite entries.
    NonFinite,
    /// Units of a space that are equal in all parameters.
    DuplicateUnits,
    /// Units whose weights are all zero.
    Zero,
    /// Units of a space that compute the same number and have different outgoing weights.
    EqualOutputs,
    /// Units of a space without outgoing weights, or without incoming weights.
    DeadWeight,
    /// Units whose weights are all the same number.
    Constant,
    /// Units that are equal in one parameter.
    DuplicateRows,
}

impl FindingKind {
    /// All, the most severe first.
    pub const ALL: [Self; 7] = [
        Self::NonFinite,
        Self::DuplicateUnits,
        Self::Zero,
        Self::EqualOutputs,
        Self::DeadWeight,
        Self::Constant,
        Self::DuplicateRows,
    ];

    /// The name in `--json`, in annotations and in SARIF.
    pub fn name(self) -> &'static str {
        match self {
            Self::NonFinite => "non-finite",
            Self::DuplicateUnits => "duplicate-units",
            Self::Zero => "zero",
            Self::EqualOutputs => "equal-outputs",
            Self::DeadWeight => "dead-weight",
            Self::Constant => "constant",
            Self::DuplicateRows => "duplicate-rows",
        }
    }

    /// The title above the findings of this kind.
    pub fn title(self) -> &'static str {
        match self {
            Self::NonFinite => "non-finite entries",
            Self::DuplicateUnits => "duplicate units",
            Self::Zero => "zero units",
            Self::EqualOutputs => "units with equal outputs",
            Self::DeadWeight => "dead weight",
            Self::Constant => "constant units",
            Self::DuplicateRows => "duplicate rows",
        }
    }

    /// The meaning of this kind, in a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::NonFinite => "Entries of a parameter are NaN or infinite.",
            Self::DuplicateUnits => {
                "Units of a space have equal weights in all parameters: they count as one."
            }
            Self::Zero => "All weights of a unit in a parameter are zero, its bias included.",
            Self::EqualOutputs => {
                "Units of a space compute the same for every input; their outgoing weights differ."
            }
            Self::DeadWeight => "Units of a space have no outgoing weights, or no incoming ones.",
            Self::Constant => "All weights of a unit in a parameter are one number.",
            Self::DuplicateRows => {
                "Units have equal weights in one parameter, their bias included."
            }
        }
    }
}

/// A finding in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFinding {
    pub kind: FindingKind,
    /// The checkpoint, as it was given.
    pub file: String,
    /// The parameter or the space, by name.
    pub place: String,
    /// The part of the checkpoint that the parameter belongs to, such as the model or an optimizer.
    pub role: TensorRole,
    /// What was found there, without the place.
    pub what: String,
    /// The value of `--deny` that fails on this finding.
    pub denied_by: Option<Deny>,
}

impl FileFinding {
    /// The place and what was found there, as text that is safe for a terminal.
    pub fn sentence(&self) -> String {
        let whose = match self.role {
            TensorRole::Model => "",
            TensorRole::Optimizer => " (optimizer state)",
            TensorRole::Average => " (moving average)",
        };
        format!("{}{whose}: {}", plain(&self.place), self.what)
    }

    /// Whether these options fail on it.
    pub fn is_denied(&self, deny: &[Deny]) -> bool {
        self.denied_by.is_some_and(|kind| deny.contains(&kind))
    }
}

/// What was found in a checkpoint, by severity, and in the order of the file within a kind.
pub fn findings(report: &FileInspection, sizes: Sizes) -> Vec<FileFinding> {
    let mut found = Vec::new();
    report.parameters.iter().for_each(|p| of_parameter(report, p, sizes, &mut found));
    report.spaces.iter().flatten().for_each(|space| of_space(report, space, sizes, &mut found));
    found.extend(of_vectors(report));
    found.sort_by_key(|finding| finding.kind);
    found
}

fn of_parameter(
    report: &FileInspection,
    p: &ParameterInspection,
    sizes: Sizes,
    found: &mut Vec<FileFinding>,
) {
    let mut add = |kind, denied_by, what: String| {
        found.push(FileFinding {
            kind,
            file: report.file.clone(),
            place: p.path.clone(),
            role: p.role,
            what,
            denied_by,
        });
    };
    if p.non_finite.is_some_and(|count| count > 0) {
        add(FindingKind::NonFinite, Some(Deny::NonFinite), non_finite(p, sizes));
    }
    if p.zero_units > 0 {
        let what = units(p.zero_units, &p.zero, sizes);
        add(FindingKind::Zero, Some(Deny::Zero), format!("{what} {} zero", are(p.zero_units)));
    }
    if p.constant_units > 0 {
        let what = units(p.constant_units, &p.constant, sizes);
        let have = if p.constant_units == 1 { "has" } else { "have" };
        add(FindingKind::Constant, None, format!("{what} {have} one number as all weights"));
    }
    if p.classes < p.units
        && let Some((what, denied_by)) = duplicate_rows(report, p, sizes)
    {
        add(FindingKind::DuplicateRows, denied_by, what);
    }
}

/// `unit 3`, `units 3-7, 12`; only the count if the numbers are not known.
fn units(count: usize, numbers: &[usize], sizes: Sizes) -> String {
    let plural = if count == 1 { "" } else { "s" };
    if numbers.is_empty() {
        return format!("{} unit{plural}", grouped(count as u64));
    }
    format!("unit{plural} {}", ranges(numbers, sizes))
}

/// `2 entries in units 3-4, the first at [3, 0]`
fn non_finite(p: &ParameterInspection, sizes: Sizes) -> String {
    let count = p.non_finite.unwrap_or_default();
    let entries = count_of(count, "entry", "entries");
    let within = match p.non_finite_units.len() {
        0 => String::new(),
        known => format!(" in {}", units(known, &p.non_finite_units, sizes)),
    };
    let place = match (p.non_finite_entry, &p.bias) {
        (Some(entry), _) if count == 1 => format!(", at {:?}", indices(entry, &p.shape)),
        (Some(entry), _) => format!(", the first at {:?}", indices(entry, &p.shape)),
        // If the units are known and no entry is, the entries are those of the bias.
        (None, Some(bias)) if !p.non_finite_units.is_empty() => format!(" of {}", plain(bias)),
        (None, _) => String::new(),
    };
    format!("{entries}{within}{place}")
}

/// The index on each axis of the entry with this row-major number.
pub fn indices(entry: usize, shape: &[usize]) -> Vec<usize> {
    let mut rest = entry;
    let mut at: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&size| {
            let index = rest % size.max(1);
            rest /= size.max(1);
            index
        })
        .collect();
    at.reverse();
    at
}

/// The classes of a parameter's rows that are not part of a class of whole units; `None` if there are none.
fn duplicate_rows(
    report: &FileInspection,
    p: &ParameterInspection,
    sizes: Sizes,
) -> Option<(String, Option<Deny>)> {
    let space = p.space.as_deref().and_then(|name| space_named(report, name));
    let Some(space) = space else {
        // If the space of the units is in another report, that report judges them.
        let denied_by = p.space.is_none().then_some(Deny::Twins);
        // Units without entries are equal; the report has no numbers of them.
        let what = match alike(&p.alike, sizes) {
            what if what.is_empty() => format!("{} are equal", units(p.units, &[], sizes)),
            what => what,
        };
        return Some((what, denied_by));
    };
    let numbered = space.classes.iter().enumerate();
    let class_of: HashMap<usize, usize> = numbered
        .flat_map(|(number, class)| class.iter().map(move |&unit| (unit, number)))
        .collect();
    let whole = |class: &Vec<usize>| {
        let twins = |unit: &usize| class_of.get(unit);
        class.iter().all(|unit| twins(unit).is_some() && twins(unit) == twins(&class[0]))
    };
    let others: Vec<Vec<usize>> = p.alike.iter().filter(|class| !whole(class)).cloned().collect();
    if others.is_empty() {
        return None;
    }
    let others = alike(&others, sizes);
    Some((format!("{others} in these rows only; as whole units they differ"), None))
}

fn space_named<'r>(report: &'r FileInspection, name: &str) -> Option<&'r SpaceInspection> {
    report.spaces.iter().flatten().find(|space| space.name == name)
}

fn of_space(
    report: &FileInspection,
    space: &SpaceInspection,
    sizes: Sizes,
    found: &mut Vec<FileFinding>,
) {
    let mut whats = Vec::new();
    if space.twins < space.units {
        let several: Vec<Vec<usize>> =
            space.classes.iter().filter(|class| class.len() > 1).cloned().collect();
        let what = format!(
            "{}, {} distinct: {}",
            count_of(space.units as u64, "unit", "units"),
            grouped(space.twins as u64),
            alike(&several, sizes)
        );
        whats.push((FindingKind::DuplicateUnits, Some(Deny::Twins), what));
    }
    if let Some(forward) = space.forward.filter(|&forward| forward < space.twins) {
        let what = format!(
            "{} compute {}",
            count_of(space.units as u64, "unit", "units"),
            count_of(forward as u64, "value", "different values")
        );
        whats.push((FindingKind::EqualOutputs, None, what));
    }
    for (what, numbers) in
        [("no outgoing weights", &space.no_outgoing), ("no incoming weights", &space.no_incoming)]
    {
        if !numbers.is_empty() {
            let what = format!("{what}: {}", units(numbers.len(), numbers, sizes));
            whats.push((FindingKind::DeadWeight, None, what));
        }
    }
    if let (Some(saves), Some((_, _, what))) = (space.saves, whats.first_mut()) {
        let numbers = count_of(saves.entries, "number", "numbers");
        *what += &format!("; collapse would save {numbers} ({})", bytes(saves.bytes));
    }
    found.extend(whats.into_iter().map(|(kind, denied_by, what)| FileFinding {
        kind,
        file: report.file.clone(),
        place: space.name.clone(),
        role: TensorRole::Model,
        what,
        denied_by,
    }));
}

/// The entries that are not finite and that no row counts: those of vectors, which have no row.
fn of_vectors(report: &FileInspection) -> Option<FileFinding> {
    let rows = report.parameters.iter().filter_map(|p| p.non_finite);
    let in_rows = rows.fold(0, u64::saturating_add);
    let left = report.non_finite?.checked_sub(in_rows).filter(|&left| left > 0)?;
    Some(FileFinding {
        kind: FindingKind::NonFinite,
        file: report.file.clone(),
        place: "parameters with fewer than two axes".into(),
        role: TensorRole::Model,
        what: count_of(left, "entry", "entries"),
        denied_by: Some(Deny::NonFinite),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use constinit_checkpoint::Savings;

    fn row(path: &str, units: usize, alike: &[&[usize]]) -> ParameterInspection {
        let merged: usize = alike.iter().map(|class| class.len() - 1).sum();
        ParameterInspection {
            path: path.into(),
            shape: vec![units, 4],
            units,
            classes: units - merged,
            alike: alike.iter().map(|class| class.to_vec()).collect(),
            ..ParameterInspection::default()
        }
    }

    fn said(report: &FileInspection) -> Vec<(&'static str, String)> {
        let all = findings(report, Sizes::default());
        all.iter().map(|finding| (finding.kind.name(), finding.sentence())).collect()
    }

    #[test]
    fn kinds_stand_in_the_order_of_their_severity() {
        assert!(FindingKind::ALL.is_sorted());
        let names: std::collections::HashSet<_> =
            FindingKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), FindingKind::ALL.len());
    }

    #[test]
    fn findings_have_places_and_units_and_the_worst_comes_first() {
        let mut fc = row("fc.weight", 9, &[&[0, 8], &[3, 4, 5, 7]]);
        fc.zero_units = 1;
        fc.zero = vec![6];
        fc.constant_units = 2;
        fc.constant = vec![1, 2];
        let mut nan = row("nan.weight", 9, &[]);
        nan.non_finite = Some(3);
        nan.non_finite_units = vec![2, 3];
        nan.non_finite_entry = Some(9);
        nan.role = TensorRole::Average;
        let report = FileInspection {
            file: "m".into(),
            parameters: vec![fc, nan],
            non_finite: Some(4),
            ..FileInspection::default()
        };
        let expected = [
            (
                "non-finite",
                "nan.weight (moving average): 3 entries in units 2, 3, the first at [2, 1]",
            ),
            ("non-finite", "parameters with fewer than two axes: 1 entry"),
            ("zero", "fc.weight: unit 6 is zero"),
            ("constant", "fc.weight: units 1, 2 have one number as all weights"),
            ("duplicate-rows", "fc.weight: units 0, 8 are equal; units 3-5, 7 are equal"),
        ];
        assert_eq!(said(&report), expected.map(|(kind, text)| (kind, text.to_owned())));
        let denied: Vec<&str> = findings(&report, Sizes::default())
            .iter()
            .filter(|finding| finding.is_denied(&[Deny::Twins, Deny::Zero]))
            .map(|finding| finding.kind.name())
            .collect();
        assert_eq!(denied, ["zero", "duplicate-rows"]);
    }

    #[test]
    fn a_bias_that_is_not_finite_is_named() {
        let mut fc = row("fc.weight", 2, &[]);
        fc.non_finite = Some(1);
        fc.non_finite_units = vec![1];
        fc.bias = Some("fc.bias".into());
        assert_eq!(non_finite(&fc, Sizes::default()), "1 entry in unit 1 of fc.bias");
        fc.non_finite_entry = Some(7);
        assert_eq!(non_finite(&fc, Sizes::default()), "1 entry in unit 1, at [1, 3]");
        // As in reports of earlier versions.
        fc.non_finite_units.clear();
        fc.non_finite_entry = None;
        fc.zero_units = 2;
        assert_eq!(non_finite(&fc, Sizes::default()), "1 entry");
        let report = FileInspection { parameters: vec![fc], ..FileInspection::default() };
        assert_eq!(said(&report)[1].1, "fc.weight: 2 units are zero");
    }

    #[test]
    fn rows_that_whole_units_say_already_are_not_repeated() {
        let in_space = |path: &str, alike: &[&[usize]]| ParameterInspection {
            space: Some("h".into()),
            ..row(path, 24, alike)
        };
        let mut classes: Vec<Vec<usize>> = (0..24).filter(|&u| u != 9).map(|u| vec![u]).collect();
        classes[2].push(9);
        let mut report = FileInspection {
            parameters: vec![in_space("gate", &[&[2, 9], &[3, 11]]), in_space("up", &[&[2, 9]])],
            spaces: Some(vec![SpaceInspection {
                name: "h".into(),
                units: 24,
                twins: 23,
                equitable: 23,
                forward: Some(22),
                classes,
                no_outgoing: vec![20],
                saves: Some(Savings { entries: 1234, bytes: 4936 }),
                ..SpaceInspection::default()
            }]),
            ..FileInspection::default()
        };
        let expected = [
            (
                "duplicate-units",
                "h: 24 units, 23 distinct: units 2, 9 are equal; collapse would save 1,234 numbers (4.8 KiB)",
            ),
            ("equal-outputs", "h: 24 units compute 22 different values"),
            ("dead-weight", "h: no outgoing weights: unit 20"),
            (
                "duplicate-rows",
                "gate: units 3, 11 are equal in these rows only; as whole units they differ",
            ),
        ];
        assert_eq!(said(&report), expected.map(|(kind, text)| (kind, text.to_owned())));
        let rows = |report: &FileInspection| -> Vec<Option<Deny>> {
            let all = findings(report, Sizes::default()).into_iter();
            all.filter(|f| f.kind == FindingKind::DuplicateRows).map(|f| f.denied_by).collect()
        };
        assert_eq!(rows(&report), [None]);
        // The space and the rows may be in the reports of different machines.
        report.spaces = None;
        assert_eq!(rows(&report), [None, None]);
        report.parameters[1].space = None;
        assert_eq!(rows(&report), [None, Some(Deny::Twins)]);
    }
}
