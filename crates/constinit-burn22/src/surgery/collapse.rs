//! Merging units that compute the same number.

use super::read::{host, read, write};
use crate::Error;
use burn::module::Module;
use constinit_core::surgery::{CollapsedModule, KnownAxes};
use constinit_symmetry::Symmetry;

/// Merges the units of every class into one: a smaller module with the same function.
///
/// ```text
/// W'[D][C] = sum over j in D of W[j][i]     for any i in C
/// b'[C]    = b[i]
/// ```
///
/// Sums are exact and rounded once. Whether a parameter needs a gradient does not change. Parameters whose shape stays
/// keep their id; the others get a new id, since the state that an optimizer keeps for them no longer fits. A batch
/// norm keeps its statistics, with their ids. Classes of every [kind](constinit_symmetry::SymmetryKind) can be merged:
/// of twins, equitable, or forward-lumpable units, as [`symmetry_of`](super::symmetry_of) finds them.
///
/// # Shapes
///
/// Every axis over a space has one member for each class instead of one for each unit.
///
/// # Errors
///
/// - [`Error::Axes`] if the spec does not cover the module or the classes are of another spec, and the engine's error
///   for classes that are not forward-lumpable in this module: two units and the block on which their sums differ;
/// - [`Error::Surgery`] if the module does not treat the units one by one, see [above](super), and for a tied parameter
///   that would get different values in its places.
///
/// # Complexity
///
/// Two passes over the parameters, on the host.
pub fn collapse<'a, M: Module>(
    module: M,
    axes: impl Into<KnownAxes<'a>>,
    symmetry: &Symmetry,
) -> Result<CollapsedModule<M>, Error> {
    let parameters = read(&module);
    let small = host(&module, axes.into(), &parameters)?.collapse(symmetry)?;
    Ok(small.map(|new| write(&module, new)))
}
