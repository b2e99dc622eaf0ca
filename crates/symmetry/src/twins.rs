//! Twins: units that can be swapped without changing any parameter.
//!
//! Units u and v of one space are twins if the swap of u and v leaves every parameter unchanged: for every parameter P
//! with one axis over the space and all other indices i,
//!
//! ```text
//! P[u, i] = P[v, i]
//! ```
//!
//! If the space is on several axes of P, the swap acts on all of them at once. Being twins is an equivalence relation,
//! the spaces do not influence each other, and the partition into twins is the coarsest one on which every parameter is
//! block-constant. Then every gradient is block-constant too, whatever the loss and the data. So every optimizer that
//! treats all entries equally keeps twins; see [`certificate`](crate::certificate).
//!
//! # References
//!
//! Lazy refinement by first differences is the radix-like string sorting of Bentley and Sedgewick, "Fast Algorithms
//! for Sorting and Searching Strings" (1997), without the sorting.

mod boxes;
mod by_entries;
mod check;
mod exact;
mod factors;
mod gaps;
mod refine;
mod rows;
mod seen;
mod short;
mod slab;
mod swaps;

use crate::axes::{AxesSpec, Role, given_partitions};
use crate::equality_policy::{EqualityPolicy, Normalization};
use crate::error::{SearchError, SymmetryError};
use crate::findings;
use crate::layout::{Arranged, LogicalAxis};
use crate::parallel;
use crate::params::ParamView;
use crate::partition::Partition;
use crate::space::{ClassId, SpaceId};
use crate::symmetry::{SpaceSymmetry, Symmetry, SymmetryKind};

pub use check::{TwinsCheck, TwinsPass};

pub(crate) use by_entries::refine_by_entries;
pub(crate) use refine::classes_of;

/// The partition of every space into twins, bit for bit.
///
/// 0.0 and -0.0 differ. A unit that holds a NaN is alone and [reported](SpaceSymmetry::nans). For other meanings of
/// "equal" see [`twins_with`].
///
/// # Errors
///
/// If the parameters are not those that the spec was built for: one is missing, given twice, unknown or of
/// another shape.
///
/// # Complexity
///
/// Every entry is read at most once for each axis over a space, and no entry of a unit is read after the unit is alone.
/// So a network without symmetry costs a few cache lines per unit. A parameter with a space on two axes costs O(n),
/// usually less, for each pair of a unit and a class that the other parameters do not distinguish.
///
/// # Examples
///
/// ```
/// use constinit_symmetry::{AxesSpec, ParamView, layers, twins};
///
/// // Two units with equal incoming weights, biases and outgoing weights; a third with another bias.
/// let params = [
///     ParamView::new("linear1.weight", &[3, 2], &[1.0_f32, 2.0, 1.0, 2.0, 1.0, 2.0])?,
///     ParamView::new("linear1.bias", &[3], &[0.5_f32, 0.5, 0.25])?,
///     ParamView::new("linear2.weight", &[1, 3], &[1.0_f32, 1.0, 1.0])?,
/// ];
/// let spec = AxesSpec::builder()
///     .space("hidden1", 3)
///     .layer(layers::dense("linear1", "", "hidden1"))
///     .layer(layers::dense("linear2", "hidden1", "").without_bias())
///     .build(params.iter().map(ParamView::signature))?;
///
/// let hidden = twins(&spec, &params)?.space("hidden1").unwrap().clone();
/// assert_eq!(hidden.effective_width(), 2);
/// let witness = hidden.witnesses().next().unwrap();
/// assert_eq!(witness.parameter(), "linear1.bias");
/// assert_eq!(witness.values(), [0.5, 0.25]);
/// # Ok::<(), constinit_symmetry::SymmetryError>(())
/// ```
pub fn twins(spec: &AxesSpec, params: &[ParamView<'_>]) -> Result<Symmetry, SymmetryError> {
    twins_with(spec, params, &EqualityPolicy::bits())
}

/// The partition of every space into twins under a policy.
///
/// # Errors
///
/// As [`twins`]; [`SymmetryError::UnknownRole`] if [`EqualityPolicy::up_to_positive_scale`] meets an axis of unknown
/// role, and [`SearchError::ScaleOnTwoAxes`] if it meets a space on two axes of one parameter.
///
/// # Complexity
///
/// As [`twins`] for the exact comparisons. With a tolerance, every pass reads all entries of live units: O(m), or O(m
/// log n) if it cuts something. Passes are repeated until one cuts nothing.
pub fn twins_with(
    spec: &AxesSpec,
    params: &[ParamView<'_>],
    policy: &EqualityPolicy,
) -> Result<Symmetry, SymmetryError> {
    twins_refining(spec, params, policy, &[])
}

/// The partition of every space into twins among the units of given classes.
///
/// `start` gives classes for the spaces that it names: only units of one class are compared, and the result refines
/// these classes. Other spaces start as one class. So a caller can pass a large parameter in pieces: each search starts
/// from the classes that the pieces before it left.
///
/// # Errors
///
/// As [`twins_with`]; [`SearchError::UnknownInputSpace`] and [`SearchError::InputPartitionSize`] for a start that
/// does not fit the spec.
///
/// # Complexity
///
/// As [`twins_with`]. No entry of a unit that starts alone is read.
///
/// # Examples
///
/// ```
/// use constinit_symmetry::{AxesSpec, ParamView, Partition, EqualityPolicy, output, input, twins_refining};
///
/// let spec = AxesSpec::builder()
///     .space("hidden", 4)
///     .param("w", [output("hidden"), input("")])
///     .build([("w", &[4, 1][..])])?;
/// let w = [ParamView::new("w", &[4, 1], &[1.0_f32, 1.0, 1.0, 2.0])?];
/// // An earlier search distinguished unit 0.
/// let start = [("hidden", Partition::from_labels(&['a', 'b', 'b', 'b'])?)];
/// let found = twins_refining(&spec, &w, &EqualityPolicy::bits(), &start)?;
/// let classes = Partition::from_labels(&['a', 'b', 'b', 'c'])?;
/// assert_eq!(found.spaces()[0].partition(), &classes);
/// # Ok::<(), constinit_symmetry::SymmetryError>(())
/// ```
pub fn twins_refining(
    spec: &AxesSpec,
    params: &[ParamView<'_>],
    policy: &EqualityPolicy,
    start: &[(&str, Partition)],
) -> Result<Symmetry, SymmetryError> {
    let network = Arranged::new(spec, params)?;
    let start = given_partitions(spec, start)?;
    if policy.normalization() == Normalization::PositiveScale {
        check_scalable(spec, &network.axes)?;
    }
    let spaces = parallel::map(0..spec.spaces().len(), 1, |number| {
        one_space(spec, &network, SpaceId::at(number), policy, start[number])
    });
    Ok(Symmetry::new(SymmetryKind::Twins, *policy, spec.clone(), spaces))
}

fn check_scalable(spec: &AxesSpec, axes: &[Vec<LogicalAxis>]) -> Result<(), SymmetryError> {
    for (param, axes) in spec.params().iter().zip(axes) {
        for (number, axis) in axes.iter().enumerate() {
            let Some(id) = axis.space else { continue };
            let space = spec.space(id).name();
            if axes[..number].iter().any(|other| other.space == Some(id)) {
                return Err(SearchError::ScaleOnTwoAxes {
                    space: space.into(),
                    parameter: param.path().into(),
                }
                .into());
            }
            if axis.role == Role::Unknown {
                let needed_by = "a comparison up to positive scale";
                return Err(spec.missing_role(param, axis.number, needed_by));
            }
        }
    }
    Ok(())
}

fn one_space(
    spec: &AxesSpec,
    network: &Arranged<'_, '_>,
    id: SpaceId,
    policy: &EqualityPolicy,
    start: Option<&Partition>,
) -> SpaceSymmetry {
    let (classes, spreads) = classes_of(spec, network, id, policy, start);
    let partition = classes.partition();
    let spreads = partition
        .representatives()
        .zip(partition.sizes())
        .enumerate()
        .filter_map(|(class, (first, size))| {
            let spread = *spreads.get(first.get())?;
            (size > 1 && spread > 0.0).then_some((ClassId::at(class), spread))
        })
        .collect();
    let findings =
        findings::find(&network.views, &network.axes, id, &partition, &classes.splits, policy);
    SpaceSymmetry::new(spec, id, partition, classes, spreads, findings)
}
