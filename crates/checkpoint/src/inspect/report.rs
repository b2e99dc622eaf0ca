//! Totals of an inspection.

use std::collections::HashSet;

use constinit_records::inspection::{FileInspection, JobPart, SpaceInspection};

/// Units of a checkpoint, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnitTotals {
    /// Units.
    pub units: usize,
    /// Classes.
    pub classes: usize,
    /// Zero units.
    pub zero: usize,
    /// Constant units.
    pub constant: usize,
}

/// The units of a checkpoint. Units of a known space are counted once, for the whole space, if any inspected parameter
/// has them as its rows. All other units are counted per parameter, and so are zero and constant units.
///
/// ```
/// use constinit_checkpoint::{FileInspection, ParameterInspection, SpaceInspection, totals};
///
/// let row = |units, classes| ParameterInspection { units, classes, ..Default::default() };
/// let mut report = FileInspection { parameters: vec![row(4, 3), row(2, 2)], ..Default::default() };
/// assert_eq!((totals(&report).units, totals(&report).classes), (6, 5));
///
/// // Units 0 and 1 have the same incoming weights, and differ in others.
/// report.parameters[0].space = Some("h".into());
/// report.spaces = Some(vec![SpaceInspection { name: "h".into(), units: 4, twins: 4, ..Default::default() }]);
/// assert_eq!((totals(&report).units, totals(&report).classes), (6, 6));
/// ```
pub fn totals(report: &FileInspection) -> UnitTotals {
    let as_rows: HashSet<&str> =
        report.parameters.iter().filter_map(|p| p.space.as_deref()).collect();
    let spaces = || report.spaces.iter().flatten();
    let known: HashSet<&str> = spaces().map(|space| space.name.as_str()).collect();
    let by_parameter = report.parameters.iter().map(|p| {
        let in_space = p.space.as_deref().is_some_and(|space| known.contains(space));
        let [units, classes] = if in_space { [0, 0] } else { [p.units, p.classes] };
        UnitTotals { units, classes, zero: p.zero_units, constant: p.constant_units }
    });
    let counted = |space: &&SpaceInspection| as_rows.contains(space.name.as_str());
    let by_space = spaces().filter(counted).map(|space| UnitTotals {
        units: space.units,
        classes: space.twins,
        ..UnitTotals::default()
    });
    by_parameter.chain(by_space).fold(UnitTotals::default(), |sum, of| UnitTotals {
        // A few bytes can claim any number of units without entries.
        units: sum.units.saturating_add(of.units),
        classes: sum.classes.saturating_add(of.classes),
        zero: sum.zero.saturating_add(of.zero),
        constant: sum.constant.saturating_add(of.constant),
    })
}

/// Where there are twins: the parameters with equal units that belong to no known space, and the spaces with twins.
/// Units of a space may have the same row in one parameter and differ in another.
pub fn twin_places(report: &FileInspection) -> impl Iterator<Item = &str> {
    let rows = report.parameters.iter().filter(|p| p.space.is_none() && p.classes < p.units);
    let spaces = report.spaces.iter().flatten().filter(|space| space.twins < space.units);
    rows.map(|p| p.path.as_str()).chain(spaces.map(|space| space.name.as_str()))
}

/// Whether the machine of a part does the file of this number: machine k of n does every n-th file, beginning with the
/// k-th.
pub fn does_file(part: &JobPart, file: usize) -> bool {
    part.of > 0 && file % part.of + 1 == part.shard
}
