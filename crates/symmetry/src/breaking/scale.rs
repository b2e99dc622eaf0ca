//! How much weights change to break a symmetry: one number, or a share of the norm of each class.

use crate::axes::{AxesSpec, Role};
use crate::element::Element;
use crate::error::SymmetryError;
use crate::layout::{Arranged, UnitLayout};
use crate::params::{ParamView, with_elements};
use crate::partition::Partition;

/// How much [`break_symmetry`](crate::break_symmetry()) changes weights. A plain number is the largest change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BreakScale {
    /// No weight changes by more than this.
    Largest(f64),
    /// No outgoing weight of a class changes by more than this share of the root mean square of all outgoing weights of
    /// the class. So the outgoing weights together change by at most this share of their norm. If they are all zero, or
    /// if one of them is not finite, nothing changes.
    OfNorm(f64),
}

impl Default for BreakScale {
    /// One hundredth of the norm of each class.
    fn default() -> Self {
        Self::OfNorm(0.01)
    }
}

impl From<f64> for BreakScale {
    fn from(largest: f64) -> Self {
        Self::Largest(largest)
    }
}

/// The largest allowed change of a weight, for every class of every space.
pub(super) fn scales(
    spec: &AxesSpec,
    params: &[ParamView<'_>],
    known: &[&Partition],
    scale: BreakScale,
) -> Result<Vec<Vec<f64>>, SymmetryError> {
    let share = match scale {
        BreakScale::Largest(largest) => {
            return Ok(known.iter().map(|partition| vec![largest; partition.len()]).collect());
        }
        BreakScale::OfNorm(share) => share,
    };
    let mut norms: Vec<Vec<Norm>> =
        known.iter().map(|partition| vec![Norm::default(); partition.len()]).collect();
    let Arranged { views, axes } = Arranged::new(spec, params)?;
    for (view, axes) in views.iter().zip(&axes) {
        for (along, axis) in axes.iter().enumerate().filter(|(_, axis)| axis.role == Role::Input) {
            let Some(id) = axis.space.filter(|id| !known[id.get()].is_discrete()) else { continue };
            let layout = UnitLayout::new(axes, along);
            let (partition, norms) = (known[id.get()], &mut norms[id.get()]);
            with_elements!(view.elements(), |data| add_norms(data, &layout, partition, norms));
        }
    }
    let of_class = |norm: &Norm| {
        let scale = share * norm.root_mean_square();
        if scale.is_finite() { scale } else { 0.0 }
    };
    Ok(norms.iter().map(|norms| norms.iter().map(of_class).collect()).collect())
}

fn add_norms<E: Element>(
    data: &[E],
    layout: &UnitLayout,
    partition: &Partition,
    norms: &mut [Norm],
) {
    for (class, units) in partition.classes().enumerate() {
        for slab in 0..layout.slab_count {
            let (offset, _) = layout.slab(slab);
            for unit in units {
                let start = offset + unit.get() * layout.units.stride;
                let entries = (0..layout.run.len).map(|k| data[start + k * layout.run.stride]);
                entries.for_each(|entry| norms[class].add(entry.value()));
            }
        }
    }
}

/// The squares of numbers, added up without overflow: `largest^2 * sum`.
#[derive(Clone, Copy, Default)]
struct Norm {
    largest: f64,
    sum: f64,
    count: usize,
}

impl Norm {
    fn add(&mut self, value: f64) {
        self.count += 1;
        let size = value.abs();
        if size > self.largest {
            self.sum = self.sum * (self.largest / size).powi(2) + 1.0;
            self.largest = size;
        } else if size > 0.0 {
            self.sum += (size / self.largest).powi(2);
        } else if size.is_nan() {
            self.sum = f64::NAN;
        }
    }

    fn root_mean_square(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.largest * (self.sum / self.count as f64).sqrt() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AxesSpec, BrokenSymmetry, break_symmetry, layers, twins};
    use proptest::prelude::*;

    /// Six hidden units in classes {0, 1, 4}, {2, 3} and {5}; two outputs that read them, outgoing weights row by row.
    fn broken(outgoing: &[f32; 12], scale: BreakScale) -> BrokenSymmetry {
        let incoming = [1.0_f32, 1.0, 2.0, 2.0, 1.0, 3.0];
        let params = [
            ParamView::new("l1.weight", &[6, 1], &incoming).unwrap(),
            ParamView::new("l2.weight", &[2, 6], outgoing).unwrap(),
        ];
        let spec = AxesSpec::builder()
            .space("h", 6)
            .layer(layers::dense("l1", "", "h").without_bias())
            .layer(layers::dense("l2", "h", "").without_bias())
            .build(params.iter().map(ParamView::signature))
            .unwrap();
        break_symmetry(&twins(&spec, &params).unwrap(), &params, scale, 7).unwrap()
    }

    fn outgoing(a: [f32; 2], b: [f32; 2], c: [f32; 2]) -> [f32; 12] {
        std::array::from_fn(|at| match at % 6 {
            0 | 1 | 4 => a[at / 6],
            2 | 3 => b[at / 6],
            _ => c[at / 6],
        })
    }

    proptest! {
        /// In every class, the norm of the changes is at most the given share of the norm. The largest change is more
        /// than a quarter of the limit.
        #[test]
        fn changes_are_a_share_of_each_class(
            a in prop::array::uniform2(0.5_f32..1.0),
            b in prop::array::uniform2(-200.0_f32..-100.0),
            share in 0.01..0.1_f64,
        ) {
            let before = outgoing(a, b, [9.0; 2]);
            let found = broken(&before, BreakScale::OfNorm(share));
            prop_assert_eq!(found.separated(), 2);
            let after = found.params()[1].view().to_f64();
            for class in [&[0, 1, 4][..], &[2, 3]] {
                let places = || class.iter().flat_map(|unit| [*unit, unit + 6]);
                let norm = |of: &dyn Fn(usize) -> f64| {
                    places().map(|at| of(at).powi(2)).sum::<f64>().sqrt()
                };
                let was = norm(&|at| f64::from(before[at]));
                let change = norm(&|at| after[at] - f64::from(before[at]));
                prop_assert!(change <= share * was, "{change} of {was}");
                let largest = places().map(|at| (after[at] - f64::from(before[at])).abs());
                let largest = largest.fold(0.0, f64::max);
                let most = share * was / (places().count() as f64).sqrt();
                prop_assert!(largest > most / 4.0, "{largest} of {most}");
            }
            prop_assert_eq!([after[5], after[11]], [9.0; 2]);
        }
    }

    #[test]
    fn weights_that_are_all_zero_or_not_finite_stay() {
        for of_class in [[0.0; 2], [f32::INFINITY, 1.0]] {
            let before = outgoing(of_class, [1.0; 2], [1.0; 2]);
            let found = broken(&before, BreakScale::default());
            assert_eq!((found.separated(), found.inseparable().len()), (1, 1), "{of_class:?}");
        }
        // One number applies to all classes, whatever their weights.
        let found = broken(&outgoing([0.0; 2], [1.0; 2], [1.0; 2]), 0.25.into());
        assert_eq!(found.separated(), 2);
    }

    #[test]
    fn large_numbers_do_not_overflow() {
        let mut norm = Norm::default();
        [3e200, -4e200, 0.0, 0.0].into_iter().for_each(|x| norm.add(x));
        assert!((norm.root_mean_square() / 2.5e200 - 1.0).abs() < 1e-12);
        norm.add(f64::NAN);
        assert!(norm.root_mean_square().is_nan());
    }
}
