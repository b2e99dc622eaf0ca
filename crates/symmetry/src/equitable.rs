//! Equitable partitions: classes whose weights have equal sums along inputs and along outputs.
//!
//! Partition every space. The partition is equitable if, for every parameter W with an output class C and an input
//! class D,
//!
//! ```text
//! sum over j in D of W[i][j]   is one number for all i in C        (activations agree)
//! sum over i in C of W[i][j]   is one number for all j in D        (back-propagated signals agree)
//! ```
//!
//! and every bias and gain is constant on classes. Twins are equitable. So are the units of a circulant block or of
//! "identity plus constant", which are not twins. If the weights are equitable, the gradient is block-constant. So
//! training that adds block-constant updates never separates an equitable class, although its units have different
//! weights.

use crate::axes::AxesSpec;
use crate::error::SymmetryError;
use crate::layout::Arranged;
use crate::params::ParamView;
use crate::partition::Partition;
use crate::stable::{Start, search};
use crate::symmetry::{Symmetry, SymmetryKind};

/// The coarsest equitable partition of all spaces.
///
/// Members of fixed spaces and fixed axes are classes of one. A further fixed axis (a kernel position) gives one matrix
/// for each of its indices. With three or more axes over spaces, sums run over products of classes. If one space is on
/// two axes, sums include the diagonal.
///
/// Sums are compared as real numbers, without rounding: 0.1 + 0.2 and 0.3, in f64, are different sums, and the order of
/// terms never matters. A unit with a NaN is alone. Infinities of each sign are counted. 0.0 and -0.0 are equal.
///
/// # Errors
///
/// If the parameters are not those that the spec was built for.
///
/// # Complexity
///
/// That of [`twins`](crate::twins()), plus about m log n for every ordered pair of axes over spaces of a parameter.
/// Here m counts the entries, and n the units, of the network with one unit for each twin class.
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
    let network = Arranged::new(spec, params)?;
    search(spec, &network, SymmetryKind::Equitable, |_, space, twins| {
        let classes =
            if space.is_fixed() { twins.clone() } else { Partition::one_class(space.units())? };
        Ok(Start { twins: twins.clone(), classes })
    })
}
