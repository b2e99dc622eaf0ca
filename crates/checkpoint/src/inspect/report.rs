//! What can be said of an inspection as a whole.

use constinit_records::inspection::{FileInspection, JobPart};

/// Units of several parameters, added up.
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

/// The sums over the parameters.
///
/// ```
/// use constinit_checkpoint::{FileInspection, ParameterInspection, totals};
///
/// let row = |units, classes| ParameterInspection { units, classes, ..Default::default() };
/// let report = FileInspection { parameters: vec![row(4, 3), row(2, 2)], ..Default::default() };
/// assert_eq!((totals(&report).units, totals(&report).classes), (6, 5));
/// ```
pub fn totals(report: &FileInspection) -> UnitTotals {
    report.parameters.iter().fold(UnitTotals::default(), |sum, p| UnitTotals {
        // A few bytes can claim any number of units without entries.
        units: sum.units.saturating_add(p.units),
        classes: sum.classes.saturating_add(p.classes),
        zero: sum.zero.saturating_add(p.zero_units),
        constant: sum.constant.saturating_add(p.constant_units),
    })
}

/// Where there are twins: the parameters whose units belong to no known space and are alike, and the spaces that have
/// some. Units of a space may have the same row in one parameter and differ in another.
pub fn twin_places(report: &FileInspection) -> impl Iterator<Item = &str> {
    let rows = report.parameters.iter().filter(|p| p.space.is_none() && p.classes < p.units);
    let spaces = report.spaces.iter().flatten().filter(|space| space.twins < space.units);
    rows.map(|p| p.path.as_str()).chain(spaces.map(|space| space.name.as_str()))
}

/// Whether the machine of a part does the file of this number: machine k of n does every n-th from the k-th on.
pub fn does_file(part: &JobPart, file: usize) -> bool {
    part.of > 0 && file % part.of + 1 == part.shard
}
