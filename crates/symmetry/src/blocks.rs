//! A parameter cut into blocks. A block has one class of units on every axis over a space and one index on every other
//! axis.
//!
//! ```text
//! weight[out][in]     classes {0, 1} {2} on `out`, {0} {1, 2} on `in`:
//!
//!     a | b b
//!     a | b b          4 blocks, in the row-major order of the classes
//!     --+----
//!     c | d d
//! ```

use crate::axes::{AxesSpec, Role, SpecParam};
use crate::element::Element;
use crate::error::{SurgeryError, SymmetryError};
use crate::layout::{Dim, LogicalAxis, axes_with_strides};
use crate::partition::Partition;
use crate::space::{ClassId, SpaceId, UnitIndex};
use crate::sum::exact;

/// The blocks of one parameter.
pub(crate) struct Blocks<'p> {
    spec: &'p AxesSpec,
    param: &'p SpecParam,
    axes: Vec<BlockAxis<'p>>,
    /// The number of blocks.
    pub count: usize,
}

/// A logical axis and the classes of its members.
struct BlockAxis<'p> {
    dim: Dim,
    space: Option<SpaceId>,
    role: Role,
    number: usize,
    /// None if every member is a class by itself.
    classes: Option<&'p Partition>,
    /// The number of classes.
    len: usize,
    /// The difference of the block numbers of neighbouring classes.
    step: usize,
}

/// An entry: its offset in the slice, its row-major number, the offset of the first entry of its block, and the number
/// of its block.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub offset: usize,
    pub place: usize,
    pub first: usize,
    pub block: usize,
}

/// A block: the offset of its first entry, its number, and the number of input axes along which it has several members.
#[derive(Clone, Copy)]
pub(crate) struct BlockStep {
    pub first: usize,
    pub number: usize,
    pub summed: usize,
}

impl<'p> Blocks<'p> {
    /// The blocks under one partition for each space.
    pub fn new(
        spec: &'p AxesSpec,
        param: &'p SpecParam,
        strides: &[usize],
        partitions: &[&'p Partition],
    ) -> Self {
        let mut step = 1;
        let mut axes: Vec<BlockAxis<'p>> = axes_with_strides(spec, param, strides)
            .into_iter()
            .rev()
            .map(|LogicalAxis { dim, space, role, number }| {
                let classes = space.map(|id| partitions[id.get()]).filter(|p| !p.is_discrete());
                let len = classes.map_or(dim.len, Partition::len);
                let axis = BlockAxis { dim, space, role, number, classes, len, step };
                step *= len;
                axis
            })
            .collect();
        axes.reverse();
        Self { spec, param, axes, count: step }
    }

    /// Whether every entry is a separate block.
    pub fn are_entries(&self) -> bool {
        self.axes.iter().all(|axis| axis.classes.is_none())
    }

    /// Calls `f` with every entry, in row-major order.
    pub fn each_entry(&self, mut f: impl FnMut(Step)) {
        let tables: Vec<Vec<[usize; 4]>> = self.axes.iter().map(BlockAxis::steps).collect();
        visit(&tables, [0; 4], &mut |[offset, place, first, block]| {
            f(Step { offset, place, first, block });
        });
    }

    /// Calls `f` with every block, in the order of their numbers.
    pub fn each_block(&self, mut f: impl FnMut(BlockStep)) {
        let tables: Vec<Vec<[usize; 3]>> = self.axes.iter().map(BlockAxis::block_steps).collect();
        visit(&tables, [0; 3], &mut |[first, number, summed]| {
            f(BlockStep { first, number, summed });
        });
    }

    /// For every block, whether its entries are not all bitwise equal.
    pub fn varying<E: Element>(&self, data: &[E]) -> Vec<bool> {
        let mut varies = vec![false; self.count];
        if !self.are_entries() {
            self.each_entry(|Step { offset, first, block, .. }| {
                varies[block] |= data[offset].bits() != data[first].bits();
            });
        }
        varies
    }

    /// The class of a block on every axis.
    pub fn classes(&self, block: usize) -> Vec<usize> {
        self.axes.iter().map(|axis| block / axis.step % axis.len).collect()
    }

    /// The offsets of a block's entries along `axes`, relative to its first entry. The last axis varies fastest.
    pub fn offsets(&self, classes: &[usize], axes: &[usize]) -> Vec<usize> {
        axes.iter().fold(vec![0], |offsets, &axis| {
            let (axis, class) = (&self.axes[axis], classes[axis]);
            let first = axis.member(class, 0);
            let along = |&from: &usize| {
                (0..axis.size(class))
                    .map(move |k| from + (axis.member(class, k) - first) * axis.dim.stride)
            };
            offsets.iter().flat_map(along).collect()
        })
    }

    /// The offset of the first entry of a block.
    pub fn first(&self, classes: &[usize]) -> usize {
        let along =
            |(axis, &class): (&BlockAxis<'_>, &usize)| axis.member(class, 0) * axis.dim.stride;
        self.axes.iter().zip(classes).map(along).sum()
    }

    /// The space that an axis ranges over.
    pub fn space(&self, axis: usize) -> Option<SpaceId> {
        self.axes[axis].space
    }

    /// The axes along which a block has several members.
    pub fn merging(&self, classes: &[usize]) -> Vec<usize> {
        (0..self.axes.len()).filter(|&axis| self.axes[axis].size(classes[axis]) > 1).collect()
    }

    /// The axes of this role along which a block has several members.
    pub fn merging_as(&self, role: Role, classes: &[usize]) -> Vec<usize> {
        let mut axes = self.merging(classes);
        axes.retain(|&axis| self.axes[axis].role == role);
        axes
    }

    /// The first axis of unknown role along which any block has several members, by its number in the shape.
    pub fn merging_without_role(&self) -> Option<usize> {
        let unknown = |axis: &&BlockAxis<'_>| axis.role == Role::Unknown && axis.classes.is_some();
        self.axes.iter().find(unknown).map(|axis| axis.number)
    }

    /// All axes that are not in `axes`.
    pub fn others(&self, axes: &[usize]) -> Vec<usize> {
        (0..self.axes.len()).filter(|axis| !axes.contains(axis)).collect()
    }

    /// Returns an error for the first two units on one of the `targets` whose sums over the other axes of a block
    /// differ as real numbers. With several targets, it compares all combinations of their units.
    pub fn check_sums<E: Element>(
        &self,
        data: &[E],
        classes: &[usize],
        targets: &[usize],
    ) -> Result<(), SymmetryError> {
        let first = self.first(classes);
        let over = self.offsets(classes, &self.others(targets));
        let terms = |at: usize| over.iter().map(move |by| data[first + at + by].value());
        let expected = exact(E::RANGE, terms(0));
        for (number, &at) in self.offsets(classes, targets).iter().enumerate().skip(1) {
            let found = exact(E::RANGE, terms(at));
            if found == expected && !found.nan {
                continue;
            }
            // All earlier combinations agree, so the error names the last target that is not at its first unit.
            let mut rest = number;
            for &target in targets.iter().rev() {
                let (axis, class) = (&self.axes[target], classes[target]);
                let index = rest % axis.size(class);
                rest /= axis.size(class);
                if index > 0 {
                    let difference = exact(E::RANGE, terms(0).chain(terms(at).map(|x| -x)));
                    return Err(SurgeryError::SumsDiffer {
                        parameter: self.param.path().into(),
                        space: axis.space.map_or("", |id| self.spec.space(id).name()).into(),
                        units: [axis.member(class, 0), axis.member(class, index)],
                        over: self.describe(classes, target),
                        sums: [&expected, &found].map(|sum| sum.rounded(E::RANGE)),
                        difference: difference.rounded(E::RANGE),
                    }
                    .into());
                }
            }
        }
        Ok(())
    }

    /// Returns an error if units of one class have different sums over the blocks that they read: then they do not
    /// compute the same number.
    pub fn check_outputs<E: Element>(&self, data: &[E]) -> Result<(), SymmetryError> {
        let varying = self.varying(data);
        for block in (0..self.count).filter(|&block| varying[block]) {
            let classes = self.classes(block);
            self.check_sums(data, &classes, &self.merging_as(Role::Output, &classes))?;
        }
        Ok(())
    }

    /// Describes the place of a block on all axes but the target.
    fn describe(&self, classes: &[usize], target: usize) -> String {
        let mut parts = Vec::new();
        for axis in self.others(&[target]) {
            let (axis, class) = (&self.axes[axis], classes[axis]);
            match axis.space {
                Some(id) => {
                    let name = self.spec.space(id).name();
                    let size = axis.size(class);
                    let listed: Vec<String> =
                        (0..size.min(3)).map(|k| axis.member(class, k).to_string()).collect();
                    let more =
                        if size > 3 { format!(", ... {size} in all") } else { String::new() };
                    let units = if size == 1 { "unit" } else { "units" };
                    parts.push(format!(
                        "over class {class} of `{name}` ({units} {}{more})",
                        listed.join(", ")
                    ));
                }
                None if axis.dim.len > 1 => {
                    parts.push(format!("at index {class} of axis {}", axis.number));
                }
                None => {}
            }
        }
        if parts.is_empty() { String::new() } else { format!(" {}", parts.join(", ")) }
    }
}

impl BlockAxis<'_> {
    /// The number of members of a class.
    pub fn size(&self, class: usize) -> usize {
        self.classes.map_or(1, |classes| classes.members(ClassId::at(class)).len())
    }

    /// A member of a class.
    pub fn member(&self, class: usize, number: usize) -> usize {
        self.classes.map_or(class, |classes| classes.members(ClassId::at(class))[number].get())
    }

    /// For each member, what it adds to the fields of a [`Step`].
    fn steps(&self) -> Vec<[usize; 4]> {
        let step = |member: usize| {
            let class = self
                .classes
                .and_then(|classes| classes.class_of(UnitIndex::at(member)))
                .map_or(member, ClassId::get);
            let [offset, place] = [self.dim.stride, self.dim.place].map(|by| member * by);
            [offset, place, self.member(class, 0) * self.dim.stride, class * self.step]
        };
        (0..self.dim.len).map(step).collect()
    }

    /// For each class, what it adds to the fields of a [`BlockStep`].
    fn block_steps(&self) -> Vec<[usize; 3]> {
        let step = |class: usize| {
            let summed = usize::from(self.role == Role::Input && self.size(class) > 1);
            [self.member(class, 0) * self.dim.stride, class * self.step, summed]
        };
        (0..self.len).map(step).collect()
    }
}

/// Calls `f` with the sum of one item of every table, for all combinations; the last table varies fastest.
fn visit<const N: usize>(
    tables: &[Vec<[usize; N]>],
    at: [usize; N],
    f: &mut impl FnMut([usize; N]),
) {
    let next = |step: &[usize; N]| std::array::from_fn(|k| at[k] + step[k]);
    match tables {
        [] => f(at),
        [last] => last.iter().for_each(|step| f(next(step))),
        [table, rest @ ..] => table.iter().for_each(|step| visit(rest, next(step), f)),
    }
}
