//! The places of the entries of one unit in one parameter.
//!
//! A parameter seen from one of its unit axes is a set of *slabs* (one for every index along the outer axes), and
//! in each slab every unit has a *run* of entries at a constant stride:
//!
//! ```text
//! weight[out][in], units on `out`:  1 slab,   unit u's run = in entries, stride 1
//! weight[out][in], units on `in`:   out slabs, unit u's run = 1 entry
//! conv[out][in][3][3], on `in`:     out slabs, unit u's run = 9 entries
//! ```
//!
//! Nothing is copied: all of this is offsets into the borrowed slice.

use crate::axes::{AxesSpec, Role, SpecParam};
use crate::error::SymmetryError;
use crate::params::ParamView;
use crate::space::SpaceId;

/// One logical axis: its number of members, the distance between neighbours in the slice, and their distance in the
/// row-major count of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dim {
    pub len: usize,
    pub stride: usize,
    pub place: usize,
}

/// A logical axis of a parameter. A flattened axis consists of up to three logical axes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogicalAxis {
    pub dim: Dim,
    pub space: Option<SpaceId>,
    pub role: Role,
    /// The number of its axis in the shape.
    pub number: usize,
}

/// The logical axes of a parameter, in the order of its shape.
pub(crate) fn logical_axes(
    spec: &AxesSpec,
    param: &SpecParam,
    view: &ParamView<'_>,
) -> Vec<LogicalAxis> {
    axes_with_strides(spec, param, view.strides())
}

/// The given parameters in the order of the spec, and the logical axes of each.
pub(crate) struct Arranged<'p, 'a> {
    pub views: Vec<&'p ParamView<'a>>,
    pub axes: Vec<Vec<LogicalAxis>>,
}

impl<'p, 'a> Arranged<'p, 'a> {
    /// # Errors
    ///
    /// If the parameters are not those that the spec was built for.
    pub fn new(spec: &AxesSpec, params: &'p [ParamView<'a>]) -> Result<Self, SymmetryError> {
        let views = spec.arrange(params)?;
        let of_param =
            |(param, view): (&SpecParam, &&ParamView<'_>)| logical_axes(spec, param, view);
        let axes = spec.params().iter().zip(&views).map(of_param).collect();
        Ok(Self { views, axes })
    }
}

/// The logical axes of a parameter, with the given strides.
pub(crate) fn axes_with_strides(
    spec: &AxesSpec,
    param: &SpecParam,
    strides: &[usize],
) -> Vec<LogicalAxis> {
    let mut axes = Vec::with_capacity(param.axes().len());
    let mut place = 1;
    for (number, axis) in param.axes().iter().enumerate().rev() {
        let (len, stride) = (param.shape()[number], strides[number]);
        let space = axis.axis.space().copied();
        let [outer, inner] = [axis.axis.outer(), axis.axis.inner()];
        let flattened = outer != 1 || inner != 1;
        let units = space.filter(|_| flattened).map_or(len, |id| spec.space(id).units());
        let mut scale = 1_usize;
        for (len, space, is_unit) in
            [(inner, None, false), (units, space, true), (outer, None, false)]
        {
            if is_unit || len != 1 {
                // An offset that overflows belongs to no entry: then the axis has fewer than two units, or no entries.
                let [stride, place] = [stride, place].map(|step| step.saturating_mul(scale));
                let dim = Dim { len, stride, place };
                axes.push(LogicalAxis { dim, space, role: axis.role, number });
            }
            scale = scale.saturating_mul(len);
        }
        place *= len.max(1);
    }
    axes.reverse();
    axes
}

/// The entries of every unit along one unit axis of one parameter.
#[derive(Clone, Debug)]
pub(crate) struct UnitLayout {
    pub units: Dim,
    pub run: Dim,
    slabs: Vec<Dim>,
    pub slab_count: usize,
}

impl UnitLayout {
    /// The layout along logical axis `along`.
    pub fn new(axes: &[LogicalAxis], along: usize) -> Self {
        let units = axes[along].dim;
        // A broadcast axis repeats the same entries, and an axis of length 1 adds none.
        let mut others: Vec<Dim> = axes
            .iter()
            .enumerate()
            .filter(|&(number, axis)| number != along && axis.dim.len != 1)
            .map(|(_, axis)| axis.dim)
            .filter(|dim| dim.stride != 0 || dim.len == 0)
            .collect();
        let empty = others.iter().any(|dim| dim.len == 0);
        others.sort_by_key(|dim| std::cmp::Reverse(dim.stride));
        let mut merged: Vec<Dim> = Vec::with_capacity(others.len());
        for dim in others {
            match merged.last_mut() {
                Some(outer)
                    if dim.stride.checked_mul(dim.len) == Some(outer.stride)
                        && dim.place.checked_mul(dim.len) == Some(outer.place) =>
                {
                    *outer = Dim { len: outer.len * dim.len, ..dim };
                }
                _ => merged.push(dim),
            }
        }
        let single = Dim { len: 1, stride: 1, place: 0 };
        let run = match merged.last() {
            Some(inner) if inner.stride <= units.stride || units.len < 2 => merged.pop(),
            _ => None,
        };
        let slab_count = if empty { 0 } else { merged.iter().map(|dim| dim.len).product() };
        Self { units, run: run.unwrap_or(single), slabs: merged, slab_count }
    }

    /// The same units, but only the first entries of the first slab.
    pub fn glimpse(&self, entries: usize) -> Self {
        let run = Dim { len: self.run.len.min(entries), ..self.run };
        Self { units: self.units, run, slabs: Vec::new(), slab_count: self.slab_count.min(1) }
    }

    /// The number of entries of every unit.
    pub fn entries_per_unit(&self) -> usize {
        self.slab_count.saturating_mul(self.run.len)
    }

    /// Offset and place of the first entry of unit 0 in a slab.
    pub fn slab(&self, number: usize) -> (usize, usize) {
        let (mut offset, mut place, mut rest) = (0, 0, number);
        for dim in self.slabs.iter().rev() {
            let index = rest % dim.len;
            rest /= dim.len;
            offset += index * dim.stride;
            place += index * dim.place;
        }
        (offset, place)
    }
}

/// The row-major number of the entry that a swap of units u and v of a space exchanges with `entry`.
pub(crate) fn swapped_entry(
    spec: &AxesSpec,
    param: &SpecParam,
    space: SpaceId,
    [u, v]: [usize; 2],
    entry: usize,
) -> usize {
    let (mut rest, mut place, mut swapped) = (entry, 1, 0);
    for (axis, &len) in param.axes().iter().zip(param.shape()).rev() {
        let mut index = rest % len.max(1);
        rest /= len.max(1);
        if axis.axis.space() == Some(&space) && spec.space(space).units() > 0 {
            let [units, inner] = [spec.space(space).units(), axis.axis.inner().max(1)];
            let [block, unit] = [index / inner / units, index / inner % units];
            let image = if unit == u {
                v
            } else if unit == v {
                u
            } else {
                unit
            };
            index = (block * units + image) * inner + index % inner;
        }
        swapped += index * place;
        place *= len.max(1);
    }
    swapped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axes::{NamedAxis, unknown_role};

    fn layout(shape: &[usize], axes: &[&str], along: usize) -> UnitLayout {
        let numbers = vec![0.0_f32; shape.iter().product()];
        let view = ParamView::new("w", shape, &numbers).unwrap();
        let spec = AxesSpec::builder()
            .infer_spaces()
            .param(
                "w",
                axes.iter().map(|&a| match &a.split('*').collect::<Vec<_>>()[..] {
                    [outer, name] if outer.parse::<usize>().is_ok() => {
                        unknown_role(NamedAxis::blocks(outer.parse().unwrap(), *name))
                    }
                    [name, inner] => {
                        unknown_role(NamedAxis::flattened(*name, inner.parse().unwrap()))
                    }
                    _ => unknown_role(a),
                }),
            )
            .build([view.signature()])
            .unwrap();
        UnitLayout::new(&logical_axes(&spec, &spec.params()[0], &view), along)
    }

    #[test]
    fn runs_and_slabs_of_the_usual_layers() {
        let first = layout(&[4, 6], &["h", ""], 0);
        assert_eq!((first.slab_count, first.run.len, first.units.stride), (1, 6, 6));
        let last = layout(&[4, 6], &["", "h"], 1);
        assert_eq!((last.slab_count, last.run.len, last.slab(3)), (4, 1, (18, 18)));
        let middle = layout(&[4, 6, 3, 3], &["", "h", "", ""], 1);
        assert_eq!((middle.slab_count, middle.run.len, middle.units.stride), (4, 9, 9));
        assert_eq!(middle.slab(1), (54, 54));
        let conv = layout(&[4, 6, 3, 3], &["h", "", "", ""], 0);
        assert_eq!((conv.slab_count, conv.run.len), (1, 54));
        let flat = layout(&[4, 6], &["", "h*2"], 1);
        assert_eq!((flat.units.len, flat.run.len, flat.slab_count), (3, 2, 4));
        let gates = layout(&[8, 5], &["4*h", ""], 1);
        assert_eq!((gates.units.len, gates.run.len, gates.slab_count), (2, 5, 4));
        assert_eq!(gates.slab(3), (30, 30));
        let bias = layout(&[4], &["h"], 0);
        assert_eq!((bias.slab_count, bias.run.len, bias.entries_per_unit()), (1, 1, 1));
        assert_eq!(layout(&[4, 0], &["h", ""], 0).entries_per_unit(), 0);
    }
}
