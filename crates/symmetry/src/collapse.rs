//! Merging units that compute the same number: a smaller network with the same function.
//!
//! For a parameter W, a class C of units on its output axis and a class D on its input axis,
//!
//! ```text
//! W'[C][D] = Σ_{j in D} W[i][j]     for any i in C
//! ```
//!
//! The partition must be forward-lumpable: the sum must be the same for every i of C. Biases, gains and running
//! statistics, which have only an output axis, must be one number on each class. Then all units of C have the same
//! activation, the merged unit has it too, and the function stays the same. This makes no statement about training.

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
/// Output axes, including those of biases, gains and running statistics, keep the smallest unit of each class; input
/// axes are summed. Sums are exact and then rounded once, to the nearest number of the parameter's type. Entries that
/// are not summed keep their bits. Classes of inputs (an input partition of
/// [`forward_lumpable`](crate::forward_lumpable())) are merged too, and the new network reads one value for each class.
/// Declare inputs and outputs as fixed to keep them as they are.
///
/// Operations that the axes do not show must treat the units of a space equally *and one by one*. A mean over the units
/// of a space (the statistics of a layer norm, a pooling over channels) weights every unit equally before the merge and
/// every class equally after it. So the function stays the same only if all classes of that space have the same size.
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
/// // Units 0 and 2 have equal incoming weights and different outgoing weights.
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

/// The sum over the input axes of a block, at its first member on every other axis. None if finite terms have a sum
/// that is too large for the type.
fn sum<T: Number>(data: &[T], blocks: &Blocks<'_>, block: BlockStep) -> Option<T> {
    let classes = blocks.classes(block.number);
    let offsets = blocks.offsets(&classes, &blocks.merging_as(Role::Input, &classes));
    let terms = || offsets.iter().map(|by| data[block.first + by]);
    // If all terms are zeros of one sign, so is the sum.
    if terms().all(|x| x.value() == 0.0 && x.bits() == data[block.first].bits()) {
        return Some(data[block.first]);
    }
    let sum = T::nearest(&exact(T::RANGE, terms().map(T::value)), T::RANGE);
    let fits = sum.value().is_finite() || terms().any(|term| !term.value().is_finite());
    fits.then_some(sum)
}

impl Collapsed {
    /// The axes of the merged network: the same spaces, each with one unit per class.
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

    /// The number of removed units.
    pub fn units_merged(&self) -> usize {
        self.units_merged
    }

    /// Whether no class had several units: then the parameters are the given ones.
    pub fn is_identity(&self) -> bool {
        self.units_merged == 0
    }

    /// The number of entries of all parameters together, before and after.
    pub fn entries(&self) -> [usize; 2] {
        [self.entries_before, self.params.iter().map(|p| p.view().entries()).sum()]
    }
}
