//! Whether two specs have the same structure.

use constinit_symmetry::{AxesSpec, Axis, RoleAxis, SpaceId};
use std::collections::HashMap;

/// Whether two specs give the axes of the same parameters the same spaces. Names and order of the spaces do not matter.
///
/// Roles are not compared. A space of one unit, or of members that are never merged, counts as a fixed axis.
///
/// ```
/// use constinit_core::axes::same_structure;
/// use constinit_symmetry::{AxesSpec, input, output};
///
/// let spec = |space: &str| {
///     AxesSpec::builder()
///         .space(space, 2)
///         .param("first.weight", [input(""), output(space)])
///         .param("last.weight", [input(space), output("")])
///         .build([("first.weight", &[3, 2][..]), ("last.weight", &[2, 4])])
/// };
/// assert!(same_structure(&spec("hidden1")?, &spec("first")?));
/// # Ok::<(), constinit_symmetry::SymmetryError>(())
/// ```
pub fn same_structure(a: &AxesSpec, b: &AxesSpec) -> bool {
    if a.params().len() != b.params().len() {
        return false;
    }
    let mut there: HashMap<SpaceId, SpaceId> = HashMap::new();
    let mut back: HashMap<SpaceId, SpaceId> = HashMap::new();
    a.params().iter().all(|left| {
        let Some(id) = b.param_id(left.path()) else { return false };
        let right = &b.params()[id.get()];
        left.shape() == right.shape()
            && left.axes().iter().zip(right.axes()).all(|(left, right)| {
                match [unit_axis(a, left), unit_axis(b, right)] {
                    [None, None] => true,
                    [Some((x, i)), Some((y, j))] => {
                        i == j
                            && *there.entry(x).or_insert(y) == y
                            && *back.entry(y).or_insert(x) == x
                    }
                    _ => false,
                }
            })
    })
}

/// The space of an axis and its inner size; None for a fixed axis, a fixed space and a space of one unit.
fn unit_axis(spec: &AxesSpec, axis: &RoleAxis) -> Option<(SpaceId, usize)> {
    let id = match axis.axis {
        Axis::Fixed => return None,
        Axis::Space(space) | Axis::Flattened { space, .. } => space,
    };
    let space = &spec.spaces()[id.get()];
    (space.units() > 1 && !space.is_fixed()).then(|| (id, axis.axis.inner()))
}
