//! Numbers of units before and after an operation.

use constinit_symmetry::{AxesSpec, UnitSpace};
use std::fmt;

/// The number of units of a space, before an operation and after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpaceSizes {
    /// The space's name.
    pub name: String,
    /// Units before.
    pub before: usize,
    /// Units after.
    pub after: usize,
}

/// The spaces of two specs, side by side.
pub(super) fn sizes(before: &AxesSpec, after: &AxesSpec) -> Vec<SpaceSizes> {
    let pairs = before.spaces().iter().zip(after.spaces());
    let sizes = |(before, after): (&UnitSpace, &UnitSpace)| SpaceSizes {
        name: before.name().to_owned(),
        before: before.units(),
        after: after.units(),
    };
    pairs.map(sizes).collect()
}

/// `hidden1: 512 -> 1 units; 4100 -> 12 parameters`; `nothing` begins the sentence if no size changed.
///
/// # Errors
///
/// Those of the formatter.
pub fn write_change(
    f: &mut fmt::Formatter<'_>,
    spaces: &[SpaceSizes],
    parameters: [usize; 2],
    nothing: &str,
) -> fmt::Result {
    let changed = spaces.iter().filter(|space| space.before != space.after);
    let mut any = false;
    for SpaceSizes { name, before, after } in changed {
        write!(f, "{name}: {before} -> {after} units; ")?;
        any = true;
    }
    match any {
        true => write!(f, "{} -> {} parameters", parameters[0], parameters[1]),
        false => write!(f, "{nothing}: all units differ, {} parameters stay", parameters[0]),
    }
}
