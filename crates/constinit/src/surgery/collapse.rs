//! Merging units that compute the same.

use super::layers::layers_of;
use super::read::HostModule;
use crate::Error;
use burn::module::Module;
use burn::tensor::backend::Backend;
use constinit_core::surgery::{KnownAxes, SpaceSizes, merged, sizes, write_change};
use constinit_symmetry::{AxesSpec, Symmetry};
use std::fmt;

/// A smaller module with the same function, and what became of the larger one.
///
/// As text: `hidden1: 512 units are 1; 4100 parameters are 12`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CollapsedModule<M> {
    /// The module.
    pub module: M,
    /// Its axes: the same spaces, with as many units as they had classes.
    pub spec: AxesSpec,
    /// The units of each space, before and after.
    pub spaces: Vec<SpaceSizes>,
    /// Entries of all parameters, before and after.
    pub parameters: [usize; 2],
}

impl<M> CollapsedModule<M> {
    /// Whether no two units were merged: the module is the one that was given.
    pub fn is_identity(&self) -> bool {
        self.spaces.iter().all(|space| space.before == space.after)
    }
}

impl<M> fmt::Display for CollapsedModule<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_change(f, &self.spaces, self.parameters, "nothing to collapse")
    }
}

/// Merges the units of every class into one: a smaller module with the same function.
///
/// ```text
/// W'[D][C] = sum over j in D of W[j][i]     for any i in C
/// b'[C]    = b[i]
/// ```
///
/// Sums are exact and rounded once. Parameters keep whether they need a gradient, and those whose shape stays keep their
/// id; the others get a new one, since what an optimizer has kept of them does not fit any more. A batch norm keeps its
/// statistics, with their ids. Classes of every [kind](constinit_symmetry::SymmetryKind) can be merged: of twins, equitable, or
/// forward-lumpable units, as [`symmetry_of`](super::symmetry_of) finds them.
///
/// # Shapes
///
/// Every axis over a space has one member for each class instead of one for each unit.
///
/// # Errors
///
/// - [`Error::Axes`] where the spec does not cover the module or the classes are of another spec, and what the engine
///   says of classes that are not forward-lumpable in this module: two units and the block on which their sums differ;
/// - [`Error::Surgery`] where the module does something else with the units than to treat them one by one, see
///   [above](super), and for a tied parameter that would get different values in its places;
/// - [`Error::ColumnLayout`] for a linear layer of `LinearLayout::Col`.
///
/// # Complexity
///
/// Two passes over the parameters, on the host.
pub fn collapse<'a, B: Backend, M: Module<B>>(
    module: M,
    axes: impl Into<KnownAxes<'a>>,
    symmetry: &Symmetry,
) -> Result<CollapsedModule<M>, Error> {
    let known = axes.into();
    let read = HostModule::read(&module, known.spec)?;
    known.check_classes(symmetry)?;
    let views = read.views(known.spec)?;
    let small = constinit_symmetry::collapse(symmetry, &views)?;
    known.check_free(|| layers_of(&module), &merged(symmetry))?;
    let (spec, parameters) = (small.spec().clone(), small.entries());
    let spaces = sizes(known.spec, &spec);
    let module =
        if small.is_identity() { module } else { read.write_anew(module, small.into_params())? };
    Ok(CollapsedModule { module, spec, spaces, parameters })
}
