//! Equitable partitions: classes whose sums agree along inputs and along outputs.
//!
//! Partition every space. It is equitable where, for every parameter W with an output class C and an input class D,
//!
//! ```text
//! sum over j in D of W[i][j]   is one number for all i in C        (activations agree)
//! sum over i in C of W[i][j]   is one number for all j in D        (back-propagated signals agree)
//! ```
//!
//! and every bias and gain is constant on classes. Twins are equitable; so are the units of a circulant block or of
//! "identity plus constant", which are not twins. The gradient is block-constant wherever the weights are equitable,
//! so an equitable class can never be told apart by training that adds block-constant updates, even though its
//! units have different weights.

use crate::axes::AxesSpec;
use crate::equality_policy::EqualityPolicy;
use crate::error::SymmetryError;
use crate::layout::{LogicalAxis, logical_axes};
use crate::parallel;
use crate::params::ParamView;
use crate::partition::Partition;
use crate::space::{SpaceId, UnitSpace};
use crate::stable::{Direction, Start, coarsest};
use crate::symmetry::{SpaceSymmetry, Symmetry, SymmetryKind};
use crate::twins;

/// The coarsest equitable partition of all spaces.
///
/// Fixed spaces and fixed axes count as classes of one. A further fixed axis (a kernel position) makes one matrix for
/// each of its indices; with three or more axes on spaces, sums run over products of classes. On an axis pair of one
/// space the diagonal is summed with the rest.
///
/// Sums are compared as real numbers, without rounding: 0.1 + 0.2 and 0.3, in f64, are different sums, and the order
/// of terms never matters. A unit with a NaN is alone; infinities of a sign are counted. 0.0 and -0.0 are alike.
///
/// # Errors
///
/// Where the parameters are not those that the spec was built for.
///
/// # Complexity
///
/// That of [`twins`](crate::twins()), then near m log n for the m entries that are left of the network when every twin
/// class is replaced by one unit, whose n units are cut at most n times: m log n for every ordered pair of axes of a
/// parameter that are on spaces.
///
/// # Examples
///
/// ```
/// use constinit_symmetry::{AxesSpec, ParamView, equitable, layers, twins};
///
/// // A circulant block between two hidden layers: no two units are twins, yet training never separates them.
/// let params = [
///     ParamView::new("l1.weight", &[3, 1], &[1.0_f64, 1.0, 1.0])?,
///     ParamView::new("l2.weight", &[3, 3], &[1.0, 2.0, 4.0, 4.0, 1.0, 2.0, 2.0, 4.0, 1.0])?,
///     ParamView::new("l3.weight", &[1, 3], &[1.0, 1.0, 1.0])?,
/// ];
/// let spec = AxesSpec::builder()
///     .space("hidden1", 3)
///     .space("hidden2", 3)
///     .layer(layers::dense("l1", "", "hidden1").without_bias())
///     .layer(layers::dense("l2", "hidden1", "hidden2").without_bias())
///     .layer(layers::dense("l3", "hidden2", "").without_bias())
///     .build(params.iter().map(ParamView::signature))?;
///
/// assert_eq!(twins(&spec, &params)?.effective_width("hidden2"), Some(3));
/// assert_eq!(equitable(&spec, &params)?.effective_width("hidden2"), Some(1));
/// # Ok::<(), constinit_symmetry::SymmetryError>(())
/// ```
///
/// # References
///
/// McKay, "Practical graph isomorphism", 1981, for graphs; Grohe, Kersting, Mladenov, Selman, "Dimension Reduction via
/// Colour Refinement", 2014, for weights.
pub fn equitable(spec: &AxesSpec, params: &[ParamView<'_>]) -> Result<Symmetry, SymmetryError> {
    let views = spec.arrange(params)?;
    let axes: Vec<_> = spec
        .params()
        .iter()
        .zip(&views)
        .map(|(param, view)| logical_axes(spec, param, view))
        .collect();
    search(spec, &views, &axes, SymmetryKind::Equitable, |_, space, twins| {
        let classes =
            if space.is_fixed() { twins.clone() } else { Partition::one_class(space.units())? };
        Ok(Start { twins: twins.clone(), classes })
    })
}

/// The coarsest stable partitions of all spaces, each from what `start` makes of it and its twins.
pub(crate) fn search(
    spec: &AxesSpec,
    views: &[&ParamView<'_>],
    axes: &[Vec<LogicalAxis>],
    kind: SymmetryKind,
    start: impl Fn(SpaceId, &UnitSpace, &Partition) -> Result<Start, SymmetryError>,
) -> Result<Symmetry, SymmetryError> {
    let policy = EqualityPolicy::value();
    let twins = parallel::map(0..spec.spaces().len(), 1, |number| {
        twins::classes_of(spec, views, axes, SpaceId::at(number), &policy, None).0.partition()
    });
    let starts = spec
        .spaces()
        .iter()
        .zip(&twins)
        .enumerate()
        .map(|(number, (space, twins))| start(SpaceId::at(number), space, twins))
        .collect::<Result<_, SymmetryError>>()?;
    let direction =
        if kind == SymmetryKind::ForwardLumpable { Direction::Forward } else { Direction::Both };
    let found = coarsest(views, axes, starts, direction);
    let spaces =
        found.into_iter().zip(&twins).enumerate().map(|(number, ((classes, partition), twins))| {
            let not_twins = not_twins(&partition, twins);
            SpaceSymmetry::new(spec, SpaceId::at(number), partition, classes, Vec::new(), None)
                .with_not_twins(not_twins)
        });
    Ok(Symmetry::new(kind, policy, spec.clone(), spaces.collect()))
}

/// The classes that are more than one twin class.
fn not_twins(partition: &Partition, twins: &Partition) -> Vec<crate::space::ClassId> {
    (0..partition.len())
        .map(crate::space::ClassId::at)
        .filter(|&class| {
            let members = partition.members(class);
            members.iter().any(|&unit| !twins.alike(unit, members[0]))
        })
        .collect()
}
