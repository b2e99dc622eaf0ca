//! How far the units of known classes differ in other numbers: in the same network some steps later, or in its
//! gradients.
//!
//! The spread of a class is the largest absolute difference between any two of its units, over all entries of all
//! parameters,
//!
//! ```text
//! spread(C) = max |W[.., u, ..] - W[.., v, ..]|   over u, v in C, parameters W, and places of the other axes
//! ```
//!
//! It is 0, with a distance of 0 ulps, exactly if the units are still bitwise equal.

use crate::axes::AxesSpec;
use crate::error::SymmetryError;
use crate::layout::{Arranged, Dim, LogicalAxis, swapped_entry};
use crate::params::{ParamView, with_elements};
use crate::partition::Partition;
use crate::space::{ParamId, SpaceId, UnitIndex};
use crate::symmetry::Symmetry;
use crate::ulps::{Ulps, ulps};

/// The two units of a class that differ most, and where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The two units, the smaller one first.
    pub units: [UnitIndex; 2],
    /// The parameter in which they differ most.
    pub parameter: ParamId,
    /// The row-major numbers of the two entries, in the order of the units.
    pub entries: [usize; 2],
    /// The two numbers, in the order of the units.
    pub values: [f64; 2],
    /// Their absolute difference; infinite if one of the two is NaN.
    pub difference: f64,
    /// Their distance in representable numbers of the parameter's type.
    pub ulps: u64,
}

/// For every space, the two units of one class that differ most in `params`; `None` if the units of every
/// class are bitwise equal.
///
/// Among differences of equal size, the one with the larger distance in representable numbers counts, then the first by
/// parameter, class and position. If a space is on two axes of one parameter, each unit is compared with the first of
/// its class: a swap acts on both axes at once.
///
/// # Errors
///
/// If `params` are not the parameters of the spec of `classes`: one is missing, given twice, unknown, or of another
/// shape.
///
/// # Complexity
///
/// One pass over the entries for every space on an axis of their parameter. A parameter with one space of n units on
/// two axes needs up to n passes.
///
/// # Examples
///
/// ```
/// use constinit_symmetry::{AxesSpec, ParamView, layers, spreads, twins};
///
/// let before = [ParamView::new("l.weight", &[3, 2], &[1.0_f32, 2.0, 1.0, 2.0, 5.0, 6.0])?];
/// let spec = AxesSpec::builder()
///     .space("hidden", 3)
///     .layer(layers::dense("l", "", "hidden").without_bias())
///     .build(before.iter().map(ParamView::signature))?;
/// let classes = twins(&spec, &before)?; // units 0 and 1 are one class
///
/// let after = [ParamView::new("l.weight", &[3, 2], &[1.0_f32, 2.0, 1.0, 2.5, 9.0, 9.0])?];
/// assert_eq!(spreads(&classes, &before)?, [None]);
/// let spread = spreads(&classes, &after)?[0].unwrap();
/// assert_eq!((spread.entries, spread.difference), ([1, 3], 0.5));
/// # Ok::<(), constinit_symmetry::SymmetryError>(())
/// ```
pub fn spreads(
    classes: &Symmetry,
    params: &[ParamView<'_>],
) -> Result<Vec<Option<Spread>>, SymmetryError> {
    let spec = classes.spec();
    let network = Arranged::new(spec, params)?;
    let mut found: Vec<Option<Spread>> = vec![None; spec.spaces().len()];
    for (number, (view, axes)) in network.views.iter().zip(&network.axes).enumerate() {
        for (space, widest) in classes.spaces().iter().zip(&mut found) {
            let along: Vec<usize> =
                (0..axes.len()).filter(|axis| axes[*axis].space == Some(space.id())).collect();
            let partition = space.partition();
            if along.is_empty() || partition.is_discrete() || view.entries() == 0 {
                continue;
            }
            let gap = with_elements!(view.elements(), |data| match along.as_slice() {
                [along] => widest_along(data, axes, *along, partition),
                _ => widest_swap(data, spec, ParamId(number as u32), space.id(), partition, view),
            });
            if let Some(gap) = gap
                && widest.is_none_or(|widest| gap.exceeds(widest.difference, widest.ulps))
            {
                *widest = Some(gap.into_spread(ParamId(number as u32)));
            }
        }
    }
    Ok(found)
}

/// Two entries that should be one number.
#[derive(Clone, Copy)]
struct Gap {
    units: [usize; 2],
    entries: [usize; 2],
    values: [f64; 2],
    difference: f64,
    ulps: u64,
}

impl Gap {
    /// The gap between two numbers; `None` if they are bitwise equal and not NaN.
    fn between<T: Ulps>([a, b]: [T; 2], units: [usize; 2], entries: [usize; 2]) -> Option<Self> {
        let apart = ulps(a, b);
        if apart == 0 && !a.is_nan() {
            return None;
        }
        let values = [a.to_f64(), b.to_f64()];
        let (difference, ulps) = match (values[0] - values[1]).abs() {
            // For example the difference of two equal infinities, or of a NaN.
            difference if difference.is_nan() => (f64::INFINITY, u64::MAX),
            difference => (difference, apart),
        };
        Some(Self { units, entries, values, difference, ulps })
    }

    fn exceeds(&self, difference: f64, ulps: u64) -> bool {
        (self.difference, self.ulps) > (difference, ulps)
    }

    fn into_spread(self, parameter: ParamId) -> Spread {
        let Self { mut units, mut entries, mut values, difference, ulps } = self;
        if units[0] > units[1] {
            units.reverse();
            entries.reverse();
            values.reverse();
        }
        let units = units.map(|unit| UnitIndex(unit as u32));
        Spread { units, parameter, entries, values, difference, ulps }
    }
}

fn wider(a: Option<Gap>, b: Option<Gap>) -> Option<Gap> {
    match (a, b) {
        (Some(a), Some(b)) if b.exceeds(a.difference, a.ulps) => Some(b),
        (None, b) => b,
        (a, _) => a,
    }
}

/// The widest gap between units of one class along one axis.
fn widest_along<T: Ulps>(
    data: &[T],
    axes: &[LogicalAxis],
    along: usize,
    partition: &Partition,
) -> Option<Gap> {
    let units = axes[along].dim;
    let others: Vec<Dim> =
        axes.iter().enumerate().filter(|(axis, _)| *axis != along).map(|(_, a)| a.dim).collect();
    let places = places(&others);
    let mut widest = None;
    for class in partition.classes().filter(|class| class.len() > 1) {
        let at = |unit: &UnitIndex, offset: usize| data[unit.get() * units.stride + offset];
        // The lowest and the highest number at every place. The outer loop runs over members and the inner one over
        // places, so rows are read in memory order. If the units are adjacent in memory, a few rows stay in the cache.
        let first = |&(offset, _): &(usize, usize)| at(&class[0], offset).ordinal();
        let mut extremes: Vec<(T::Ordinal, T::Ordinal)> =
            places.iter().map(first).map(|ordinal| (ordinal, ordinal)).collect();
        for member in &class[1..] {
            for ((low, high), (offset, _)) in extremes.iter_mut().zip(&places) {
                let ordinal = at(member, *offset).ordinal();
                *low = (*low).min(ordinal);
                *high = (*high).max(ordinal);
            }
        }
        for (extremes, (offset, place)) in extremes.iter().zip(&places) {
            let (low, high) = (T::from_ordinal(extremes.0), T::from_ordinal(extremes.1));
            let gap = Gap::between([low, high], [0; 2], [0; 2]);
            let Some(gap) = gap.filter(|gap| {
                widest.is_none_or(|widest: Gap| gap.exceeds(widest.difference, widest.ulps))
            }) else {
                continue;
            };
            let holder = |wanted: T, except: Option<usize>| {
                class.iter().map(|unit| unit.get()).find(|unit| {
                    let found = data[unit * units.stride + offset];
                    found.ordinal() == wanted.ordinal() && Some(*unit) != except
                })
            };
            let Some(lowest) = holder(low, None) else { continue };
            // A NaN equals nothing, not even another NaN of the same bits.
            let Some(highest) = holder(high, Some(lowest)) else { continue };
            let entry = |unit: usize| unit * units.place + place;
            widest = Some(Gap {
                units: [lowest, highest],
                entries: [entry(lowest), entry(highest)],
                ..gap
            });
        }
    }
    widest
}

/// The offset in the slice and the row-major number of every place of these axes.
fn places(dims: &[Dim]) -> Vec<(usize, usize)> {
    dims.iter().fold(vec![(0, 0)], |places, dim| {
        places
            .iter()
            .flat_map(|(offset, place)| {
                (0..dim.len).map(move |i| (offset + i * dim.stride, place + i * dim.place))
            })
            .collect()
    })
}

/// The widest gap between entries that a swap of a unit with the first of its class exchanges, if the space is on
/// several axes.
fn widest_swap<T: Ulps>(
    data: &[T],
    spec: &AxesSpec,
    id: ParamId,
    space: SpaceId,
    partition: &Partition,
    view: &ParamView<'_>,
) -> Option<Gap> {
    let param = spec.param(id);
    let mut widest = None;
    for class in partition.classes().filter(|class| class.len() > 1) {
        let u = class[0].get();
        for v in class[1..].iter().map(|unit| unit.get()) {
            for entry in 0..view.entries() {
                let image = swapped_entry(spec, param, space, [u, v], entry);
                if image > entry {
                    let values = [entry, image].map(|entry| data[view.offset(entry)]);
                    widest = wider(widest, Gap::between(values, [u, v], [entry, image]));
                }
            }
        }
    }
    widest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axes::layers;
    use crate::axes::{input, output, unknown_role};
    use crate::twins::twins;
    use proptest::prelude::*;

    /// The largest difference over all pairs of units of a class and all entries, by swaps.
    fn brute(classes: &Symmetry, views: &[ParamView<'_>]) -> Vec<Option<(f64, u64)>> {
        let spec = classes.spec();
        let of_space = |space: &crate::symmetry::SpaceSymmetry| {
            let mut worst: Option<(f64, u64)> = None;
            for (param, view) in spec.params().iter().zip(views) {
                let crate::params::Elements::F32(data) = view.elements() else { panic!() };
                for class in space.partition().classes() {
                    for (i, u) in class.iter().enumerate() {
                        for v in &class[i + 1..] {
                            for entry in 0..data.len() {
                                let swap = [u.get(), v.get()];
                                let image = swapped_entry(spec, param, space.id(), swap, entry);
                                let (a, b) = (data[entry], data[image]);
                                if a.to_bits() != b.to_bits() {
                                    let gap = (f64::from(a) - f64::from(b)).abs();
                                    let gap = (gap, ulps(a, b));
                                    worst =
                                        Some(worst.map_or(gap, |w| if gap > w { gap } else { w }));
                                }
                            }
                        }
                    }
                }
            }
            worst
        };
        classes.spaces().iter().map(of_space).collect()
    }

    proptest! {
        #[test]
        fn the_widest_gap_is_that_of_all_pairs(
            labels in proptest::collection::vec(0..3_u8, 2..6),
            noise in proptest::collection::vec(0..4_u8, 200),
            inner in 1..3_usize,
        ) {
            let n = labels.len();
            let block = |i: usize, k: usize| f32::from(labels[i]) * 8.0 + k as f32;
            let w: Vec<f32> = (0..n * 3).map(|e| block(e / 3, e % 3)).collect();
            let q: Vec<f32> = (0..2 * n * inner).map(|e| block(e / inner % n, e % inner)).collect();
            let shapes = [vec![n, 3], vec![2, n * inner]];
            let spec = AxesSpec::builder()
                .space("h", n)
                .param("w", [output("h"), input("")])
                .param("q", [output(""), input(crate::NamedAxis::flattened("h", inner))])
                .build([("w", &shapes[0][..]), ("q", &shapes[1])])
                .unwrap();
            let views = |w, q| [
                ParamView::new("w", &shapes[0], w).unwrap(),
                ParamView::new("q", &shapes[1], q).unwrap(),
            ];
            let classes = twins(&spec, &views(&w, &q)).unwrap();
            prop_assert_eq!(spreads(&classes, &views(&w, &q)).unwrap(), vec![None]);
            let shake = |values: &[f32], from: usize| -> Vec<f32> {
                let shaken = |(i, v): (usize, &f32)| v + f32::from(noise[(from + i) % 200]) * 0.125;
                values.iter().enumerate().map(shaken).collect()
            };
            let (w, q) = (shake(&w, 0), shake(&q, 77));
            let found = spreads(&classes, &views(&w, &q)).unwrap();
            let sizes: Vec<_> = found.iter().map(|s| s.map(|s| (s.difference, s.ulps))).collect();
            prop_assert_eq!(sizes, brute(&classes, &views(&w, &q)));
            if let Some(spread) = found[0] {
                // The reported units and entries are those of the reported numbers.
                let data = if spread.parameter.get() == 0 { &w } else { &q };
                let values = spread.entries.map(|entry| f64::from(data[entry]));
                prop_assert_eq!(values, spread.values);
                let [u, v] = spread.units.map(|unit| unit.get());
                let image = swapped_entry(
                    &spec,
                    spec.param(spread.parameter),
                    classes.spaces()[0].id(),
                    [u, v],
                    spread.entries[0],
                );
                prop_assert_eq!(image, spread.entries[1]);
                prop_assert!(u < v);
            }
        }
    }

    #[test]
    fn a_recurrent_weight_is_swapped_on_both_axes() {
        // One value on the diagonal, one off it: three twins.
        let w = [5.0_f32, 1.0, 1.0, 1.0, 5.0, 1.0, 1.0, 1.0, 5.0];
        let shape = [3, 3];
        let spec = AxesSpec::builder()
            .space("h", 3)
            .param("w", [unknown_role("h"), unknown_role("h")])
            .build([("w", &shape[..])])
            .unwrap();
        let view = |w| [ParamView::new("w", &shape, w).unwrap()];
        let classes = twins(&spec, &view(&w)).unwrap();
        assert_eq!(classes.spaces()[0].effective_width(), 1);
        assert_eq!(spreads(&classes, &view(&w)).unwrap(), [None]);
        let mut moved = w;
        moved[8] = 5.5; // the diagonal of unit 2
        let spread = spreads(&classes, &view(&moved)).unwrap()[0].unwrap();
        assert_eq!((spread.units.map(|u| u.get()), spread.entries), ([0, 2], [0, 8]));
        assert_eq!((spread.values, spread.difference), ([5.0, 5.5], 0.5));
    }

    #[test]
    fn zeros_and_nans_are_told_apart_by_their_bits() {
        let shape = [2, 1];
        let spec = AxesSpec::builder()
            .space("h", 2)
            .layer(layers::dense("l", "", "h").without_bias())
            .build([("l.weight", &shape[..])])
            .unwrap();
        fn view<'a>(w: &'a [f32; 2]) -> [ParamView<'a>; 1] {
            [ParamView::new("l.weight", &[2, 1], w).unwrap()]
        }
        let classes = twins(&spec, &view(&[1.0_f32, 1.0])).unwrap();
        let spread =
            |w: &[f32; 2]| spreads(&classes, &view(w)).unwrap()[0].map(|s| (s.difference, s.ulps));
        assert_eq!(spread(&[0.0, 0.0]), None);
        assert_eq!(spread(&[0.0, -0.0]), Some((0.0, 1)));
        assert_eq!(spread(&[f32::NAN, f32::NAN]), Some((f64::INFINITY, u64::MAX)));
        assert_eq!(spread(&[f32::INFINITY, 1.0]).unwrap().0, f64::INFINITY);
        assert_eq!(spread(&[f32::INFINITY, f32::INFINITY]), None);
    }
}
