//! Forward-lumpable partitions: units that compute the same number for every input, so they can be merged.
//!
//! Partition every space. The partition is forward-lumpable if, for every output class C and input class D of a
//! parameter W,
//!
//! ```text
//! sum over j in D of W[i][j]   is one number for all i in C
//! ```
//!
//! and every bias and gain is constant on classes. Then the units of a class have equal activations for every input
//! that is constant on the classes of the input spaces, and merging each class D into one unit with W'[i][D] = sum over
//! j in D of W[i][j] leaves the function as it is. This makes no statement about training.

use crate::axes::{AxesSpec, Role, RoleAxis, given_partitions};
use crate::error::{SearchError, SymmetryError};
use crate::layout::{Arranged, LogicalAxis};
use crate::params::ParamView;
use crate::partition::Partition;
use crate::space::UnitSpace;
use crate::stable::{Start, search};
use crate::symmetry::{Symmetry, SymmetryKind};

/// The coarsest forward-lumpable partition, given a partition of the inputs.
///
/// `input_partition` names the input spaces and says which of their members always have equal values. Members of fixed
/// axes, and of fixed spaces that it does not name, are classes of one. On a network without cycles among its spaces
/// this is one pass over the layers. If a space feeds back into itself (a recurrence, a residual stream), the pass is
/// repeated until nothing changes. Sums are compared as in [`equitable`](crate::equitable()).
///
/// The result of [`equitable`](crate::equitable()) refines this one if its classes of the named spaces refine the given
/// ones.
///
/// # Errors
///
/// - As [`twins`](crate::twins()), if the parameters are not those of the spec;
/// - [`SymmetryError::UnknownRole`] if an axis over a space has no known role, since a forward pass needs to know what
///   a parameter produces and what it reads;
/// - [`SearchError::UnknownInputSpace`], [`SearchError::InputPartitionSize`] for an input partition that does not fit;
/// - [`SearchError::MissingInputPartition`] for a space that no parameter produces, that is not fixed and that
///   `input_partition` does not name. A bias or a gain does not count as producing a space: it only changes its units.
///
/// # Complexity
///
/// As [`equitable`](crate::equitable()).
///
/// # Examples
///
/// ```
/// use constinit_symmetry::{AxesSpec, ParamView, equitable, forward_lumpable, layers};
///
/// // Equal incoming weights, different outgoing weights: the units can be merged, but training may separate them.
/// let params = [
///     ParamView::new("l1.weight", &[2, 1], &[1.0_f32, 1.0])?,
///     ParamView::new("l2.weight", &[1, 2], &[3.0_f32, 4.0])?,
/// ];
/// let spec = AxesSpec::builder()
///     .space("hidden1", 2)
///     .layer(layers::dense("l1", "", "hidden1").without_bias())
///     .layer(layers::dense("l2", "hidden1", "").without_bias())
///     .build(params.iter().map(ParamView::signature))?;
/// assert_eq!(equitable(&spec, &params)?.effective_width("hidden1"), Some(2));
/// assert_eq!(forward_lumpable(&spec, &params, &[])?.effective_width("hidden1"), Some(1));
/// # Ok::<(), constinit_symmetry::SymmetryError>(())
/// ```
pub fn forward_lumpable(
    spec: &AxesSpec,
    params: &[ParamView<'_>],
    input_partition: &[(&str, Partition)],
) -> Result<Symmetry, SymmetryError> {
    let network = Arranged::new(spec, params)?;
    let axes = &network.axes;
    check_roles(spec)?;
    let given = given_partitions(spec, input_partition)?;
    let summing =
        || spec.params().iter().zip(axes).filter(|(param, _)| param.sums()).map(|(_, axes)| axes);
    for id in spec.space_ids() {
        let stands = |axis: &LogicalAxis| axis.space == Some(id);
        let produces = |axis: &LogicalAxis| stands(axis) && axis.role == Role::Output;
        let space = spec.space(id);
        if given[id.get()].is_none()
            && !space.is_fixed()
            && axes.iter().flatten().any(stands)
            && !summing().flatten().any(produces)
        {
            return Err(SearchError::MissingInputPartition { space: space.name().into() }.into());
        }
    }
    search(spec, &network, SymmetryKind::ForwardLumpable, |id, space, twins| {
        start(space, given[id.get()], twins)
    })
}

fn start(
    space: &UnitSpace,
    given: Option<&Partition>,
    twins: &Partition,
) -> Result<Start, SymmetryError> {
    Ok(match given {
        // Twins of an input space may carry different values.
        Some(classes) => {
            Start { twins: Partition::discrete(space.units())?, classes: classes.clone() }
        }
        None if space.is_fixed() => Start { twins: twins.clone(), classes: twins.clone() },
        None => Start { twins: twins.clone(), classes: Partition::one_class(space.units())? },
    })
}

/// # Errors
///
/// [`SymmetryError::UnknownRole`] if an axis over a space has no known role.
pub(crate) fn check_roles(spec: &AxesSpec) -> Result<(), SymmetryError> {
    for param in spec.params() {
        let unknown = |axis: &RoleAxis| axis.axis.space().is_some() && axis.role == Role::Unknown;
        if let Some(axis) = param.axes().iter().position(unknown) {
            return Err(spec.missing_role(param, axis, "a forward pass"));
        }
    }
    Ok(())
}
