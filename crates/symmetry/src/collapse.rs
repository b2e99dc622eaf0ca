//! Merging units that compute the same: a smaller network with the same function.
//!
//! For a parameter W, a class C of units on its output axis and a class D on its input axis,
//!
//! ```text
//! W'[C][D] = Σ_{j in D} W[i][j]     for any i in C
//! ```
//!
//! The partition has to be forward-lumpable: the sum may not depend on which i of C is taken, and biases, gains and
//! running statistics, which stand on an output axis alone, are one number on a class. Then every unit of C has one
//! activation, the merged network has it too, and the function is what it was. Nothing is said about training.

use crate::axes::{AxesSpec, Role};
use crate::blocks::{BlockStep, Blocks};
use crate::error::{SurgeryError, SymmetryError};
use crate::owned::{Number, OwnedParam};
use crate::parallel;
use crate::params::{ParamView, with_elements};
use crate::sum::exact;
use crate::symmetry::Symmetry;

/// A network with one unit for each class.
#[derive(Clone, Debug, PartialEq)]
pub struct Collapsed {
    spec: AxesSpec,
    params: Vec<OwnedParam>,
    units_merged: usize,
    entries_before: usize,
}

/// Merges the units of every class into one: `W'[C][D] = Σ W[i][j]` over j in D, for any i in C.
///
/// Output axes, with biases, gains and running statistics, keep the smallest unit of each class; input axes are summed.
/// Sums are exact and then rounded once, to the nearest number of the parameter's type; entries that are not summed
/// keep their bits. Classes of a space that comes from outside (an input partition of
/// [`forward_lumpable`](crate::forward_lumpable())) are merged too, and the new network reads one value for each;
/// declare inputs and outputs as fixed to keep them as they are.
///
/// What the axes of parameters don't show has to treat the units of a space equally *and one by one*. A mean over the
/// units of a space (the statistics of a layer norm, a pooling over channels) weighs every unit equally before the merge
/// and every class equally after it: the function is kept only if all classes of that space have one size.
///
/// # Errors
///
/// - As [`spreads`](crate::spreads), where `params` are not the parameters of the spec of `classes`;
/// - [`SymmetryError::UnknownRole`] if an axis over a space with a class of several units has no known role;
/// - [`SurgeryError::SumsDiffer`] if the classes are not forward-lumpable in these parameters, with the parameter,
///   two units of one class, and the block on which their sums differ;
/// - [`SurgeryError::SumOverflows`] if finite entries have a sum that is infinite in their parameter's type.
///
/// # Complexity
///
/// One pass over the entries, and exact sums over the blocks of several entries.
///
/// # Examples
///
/// ```
/// use constinit_symmetry::{AxesSpec, OwnedElements, ParamView, collapse, forward_lumpable, layers};
///
/// // Units 0 and 2 read alike; what reads them does not treat them alike.
/// let params = [
///     ParamView::new("l1.weight", &[3, 1], &[1.0_f32, 2.0, 1.0])?,
///     ParamView::new("l2.weight", &[2, 3], &[3.0_f32, 4.0, 5.0, 6.0, 7.0, 8.0])?,
/// ];
/// let spec = AxesSpec::builder()
///     .space("hidden", 3)
///     .layer(layers::dense("l1", "", "hidden").without_bias())
///     .layer(layers::dense("l2", "hidden", "").without_bias())
///     .build(params.iter().map(ParamView::signature))?;
///
/// let merged = collapse(&forward_lumpable(&spec, &params, &[])?, &params)?;
/// assert_eq!((merged.units_merged(), merged.entries()), (1, [9, 6]));
/// assert_eq!(merged.params()[0].elements(), &OwnedElements::F32(vec![1.0, 2.0]));
/// assert_eq!(merged.params()[1].elements(), &OwnedElements::F32(vec![8.0, 4.0, 14.0, 7.0]));
/// assert_eq!(merged.spec().spaces()[0].units(), 2);
/// # Ok::<(), constinit_symmetry::SymmetryError>(())
/// ```
pub fn collapse(classes: &Symmetry, params: &[ParamView<'_>]) -> Result<Collapsed, SymmetryError> {
    let spec = classes.spec();
    let views = spec.arrange(params)?;
    let partitions = classes.partitions();
    let smaller = classes.spec_of_classes()?;
    let of_param = |number: usize| {
        let (param, view) = (&spec.params()[number], views[number]);
        let blocks = Blocks::new(spec, param, view.strides(), &partitions);
        if let Some(axis) = blocks.merging_without_role() {
            return Err(spec.missing_role(param, axis, "merging units"));
        }
        with_elements!(view.elements(), |data| {
            let merged = Number::wrap(merge(data, param.path(), &blocks)?);
            Ok(OwnedParam::new(param.path(), smaller.params()[number].shape(), merged))
        })
    };
    let merged = parallel::map(0..spec.params().len(), 1, of_param);
    Ok(Collapsed {
        params: merged.into_iter().collect::<Result<_, SymmetryError>>()?,
        units_merged: partitions.iter().map(|p| p.units() - p.len()).sum(),
        entries_before: views.iter().map(|view| view.entries()).sum(),
        spec: smaller,
    })
}

/// The merged entries, one for each block.
fn merge<T: Number>(data: &[T], path: &str, blocks: &Blocks<'_>) -> Result<Vec<T>, SymmetryError> {
    blocks.check_outputs(data)?;
    let mut merged = Vec::with_capacity(blocks.count);
    let mut overflows = None;
    blocks.each_block(|block| {
        let entry = match block.summed {
            0 => Some(data[block.first]),
            _ => sum(data, blocks, block),
        };
        if entry.is_none() && overflows.is_none() {
            overflows = Some(block.number);
        }
        merged.push(entry.unwrap_or(data[block.first]));
    });
    match overflows {
        None => Ok(merged),
        Some(entry) => Err(SurgeryError::SumOverflows { parameter: path.into(), entry }.into()),
    }
}

/// The sum over the input axes of a block, at the first of its members on every other axis. None if finite terms have
/// a sum that is too large.
fn sum<T: Number>(data: &[T], blocks: &Blocks<'_>, block: BlockStep) -> Option<T> {
    let classes = blocks.classes(block.number);
    let offsets = blocks.offsets(&classes, &blocks.merging_as(Role::Input, &classes));
    let terms = || offsets.iter().map(|by| data[block.first + by]);
    // A sum of zeros has their sign where all of them have it.
    if terms().all(|x| x.value() == 0.0 && x.bits() == data[block.first].bits()) {
        return Some(data[block.first]);
    }
    let sum = T::nearest(&exact(T::RANGE, terms().map(T::value)), T::RANGE);
    let fits = sum.value().is_finite() || terms().any(|term| !term.value().is_finite());
    fits.then_some(sum)
}

impl Collapsed {
    /// The axes of the merged network: the same spaces, with as many units as they had classes.
    pub fn spec(&self) -> &AxesSpec {
        &self.spec
    }

    /// The merged parameters, in the order of the spec and in their own types.
    pub fn params(&self) -> &[OwnedParam] {
        &self.params
    }

    /// The merged parameters.
    pub fn into_params(self) -> Vec<OwnedParam> {
        self.params
    }

    /// How many units are gone.
    pub fn units_merged(&self) -> usize {
        self.units_merged
    }

    /// Whether no class had two units: the parameters are those that were given.
    pub fn is_identity(&self) -> bool {
        self.units_merged == 0
    }

    /// How many entries all parameters have together, before and after.
    pub fn entries(&self) -> [usize; 2] {
        [self.entries_before, self.params.iter().map(|p| p.view().entries()).sum()]
    }
}
