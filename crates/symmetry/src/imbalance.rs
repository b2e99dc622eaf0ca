//! How far known classes are from equitable in other numbers: in the same network some steps later.
//!
//! For a unit u on an axis over a space, sum its entries over each combination of classes of the other axes. A class is
//! equitable if its units agree in all of these sums. Its imbalance is the largest difference,
//!
//! ```text
//! imbalance(C) = max |Σ_{j in D} W[u][j] - Σ_{j in D} W[v][j]|   over u, v in C, classes D, parameters, axes
//! ```
//!
//! For twins, [`spreads`](crate::spreads) says more. For classes that are only equitable, the weights differ from the
//! start, and the sums are what training keeps.

use crate::axes::AxesSpec;
use crate::error::SymmetryError;
use crate::layout::{Arranged, LogicalAxis};
use crate::params::{ParamView, with_elements};
use crate::space::SpaceId;
use crate::symmetry::Symmetry;
use crate::ulps::Ulps;

/// For every space, the largest difference between the sums of two units of one class; infinite if a sum is not a
/// number.
///
/// Sums are rounded to f64, so differences of the size of rounding errors mean nothing.
///
/// # Errors
///
/// If `params` are not the parameters of the spec of `classes`: one is missing, given twice, unknown, or of another
/// shape.
///
/// # Complexity
///
/// One pass over the entries for every axis over a space.
///
/// # Examples
///
/// ```
/// use constinit_symmetry::{AxesSpec, ParamView, equitable, imbalances, layers};
///
/// // No two units are twins, but every row and every column of the middle weight sums to 3.
/// let middle = [1.0, 2.0, 2.0, 1.0];
/// let view = |middle| -> Result<_, constinit_symmetry::SymmetryError> {
///     Ok([
///         ParamView::new("l1.weight", &[2, 1], &[1.0, 1.0])?,
///         ParamView::new("l2.weight", &[2, 2], middle)?,
///         ParamView::new("l3.weight", &[1, 2], &[1.0, 1.0])?,
///     ])
/// };
/// let before = view(&middle)?;
/// let spec = AxesSpec::builder()
///     .space("hidden1", 2)
///     .space("hidden2", 2)
///     .layer(layers::dense("l1", "", "hidden1").without_bias())
///     .layer(layers::dense("l2", "hidden1", "hidden2").without_bias())
///     .layer(layers::dense("l3", "hidden2", "").without_bias())
///     .build(before.iter().map(ParamView::signature))?;
/// let classes = equitable(&spec, &before)?;
/// assert_eq!(imbalances(&classes, &before)?, [0.0, 0.0]);
/// // One row sum grows by 1/4, and one column sum: now both hidden spaces have an imbalance.
/// assert_eq!(imbalances(&classes, &view(&[1.25, 2.0, 2.0, 1.0])?)?, [0.25, 0.25]);
/// # Ok::<(), constinit_symmetry::SymmetryError>(())
/// ```
pub fn imbalances(classes: &Symmetry, params: &[ParamView<'_>]) -> Result<Vec<f64>, SymmetryError> {
    let spec = classes.spec();
    let network = Arranged::new(spec, params)?;
    let mut found = vec![0.0_f64; spec.spaces().len()];
    for (view, axes) in network.views.iter().zip(&network.axes) {
        if view.entries() == 0 {
            continue;
        }
        for (along, axis) in axes.iter().enumerate() {
            let Some(space) = axis.space.filter(|&id| has_classes(classes, spec, id)) else {
                continue;
            };
            let apart = with_elements!(view.elements(), |data| {
                widest(&sums(data, classes, spec, axes, along), classes, space)
            });
            found[space.get()] = found[space.get()].max(apart);
        }
    }
    Ok(found)
}

fn has_classes(classes: &Symmetry, spec: &AxesSpec, space: SpaceId) -> bool {
    !spec.space(space).is_fixed() && !classes.spaces()[space.get()].partition().is_discrete()
}

/// The sums of each unit along an axis: `[unit][place of the other axes, with classes for units]`.
fn sums<T: Ulps>(
    data: &[T],
    classes: &Symmetry,
    spec: &AxesSpec,
    axes: &[LogicalAxis],
    along: usize,
) -> Vec<Vec<f64>> {
    // For each index along each axis: its offset into the data, and its offset among the sums.
    let mut places = 1;
    let mut steps: Vec<Vec<(usize, usize)>> = Vec::with_capacity(axes.len());
    for (number, axis) in axes.iter().enumerate() {
        let offset = |index: usize| index * axis.dim.stride;
        let of_axis = match axis.space.filter(|&id| has_classes(classes, spec, id)) {
            _ if number == along => (0..axis.dim.len).map(|i| (offset(i), 0)).collect(),
            Some(space) => {
                let partition = classes.spaces()[space.get()].partition();
                let labels = partition.labels().iter();
                let step = places;
                places *= partition.len();
                labels.enumerate().map(|(i, class)| (offset(i), class.get() * step)).collect()
            }
            None => {
                let step = places;
                places *= axis.dim.len;
                (0..axis.dim.len).map(|i| (offset(i), i * step)).collect()
            }
        };
        steps.push(of_axis);
    }
    let others: Vec<&Vec<(usize, usize)>> =
        steps.iter().enumerate().filter(|(n, _)| *n != along).map(|(_, steps)| steps).collect();
    let mut entries = vec![(0, 0)];
    for axis in others {
        let longer = entries.iter().flat_map(|&(offset, place)| {
            axis.iter().map(move |&(by, to)| (offset + by, place + to))
        });
        entries = longer.collect();
    }
    let of_unit = |&(start, _): &(usize, usize)| {
        let mut sums = vec![0.0; places];
        for &(offset, place) in &entries {
            sums[place] += data[start + offset].to_f64();
        }
        sums
    };
    steps[along].iter().map(of_unit).collect()
}

/// The largest difference between sums of two units of one class.
fn widest(sums: &[Vec<f64>], classes: &Symmetry, space: SpaceId) -> f64 {
    let partition = classes.spaces()[space.get()].partition();
    let gap = |units: &[crate::UnitIndex], place: usize| {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for unit in units {
            let sum = sums[unit.get()][place];
            if sum.is_nan() {
                return f64::INFINITY;
            }
            (low, high) = (low.min(sum), high.max(sum));
        }
        // Two equal infinities do not differ.
        if low == high { 0.0 } else { high - low }
    };
    let places = sums.first().map_or(0, Vec::len);
    let several = partition.classes().filter(|units| units.len() > 1);
    several
        .flat_map(|units| (0..places).map(move |place| (units, place)))
        .map(|(units, place)| gap(units, place))
        .fold(0.0, f64::max)
}
