//! One target axis of one parameter: the sums along it that the search still has to use, and the cuts by them.

use std::collections::{BTreeSet, HashMap};

use super::space::Space;
use super::sum::{Sum, Term};
use crate::classes::Classes;
use crate::layout::{Dim, LogicalAxis, UnitLayout};
use crate::params::{ParamView, with_elements};
use crate::partition::Partition;
use crate::space::{ParamId, SpaceId};
use crate::twins::refine_by_entries;

/// One target axis of one parameter, and the axes that are summed over.
pub(super) struct Use {
    pub param: usize,
    pub target: usize,
    pub space: SpaceId,
    pub sources: Vec<usize>,
    /// For each source, the classes whose sums the search still has to use, by their smallest units. Each is used with
    /// every choice of classes of the other sources.
    pub pending: Vec<BTreeSet<u32>>,
}

/// The classes of one source axis whose sums the search uses next.
pub(super) struct Pending {
    /// The position of the source among the sources.
    pub source: usize,
    pub classes: BTreeSet<u32>,
}

/// Adds the parts of classes that were cut to the pending classes of an axis over their space, except the largest part
/// of a class whose sums have been used.
fn note(pending: &mut BTreeSet<u32>, space: &Space, old: &Partition, new: &Partition) {
    for class in old.classes().filter(|class| class.len() > 1) {
        let mut parts: Vec<(u64, u32)> = Vec::new();
        for &unit in class {
            let members = new.members(new.labels()[unit.get()]);
            if members[0] == unit {
                let size: u64 = members.iter().map(|u| space.weight(u.0)).sum();
                parts.push((size, unit.0));
            }
        }
        if parts.len() > 1 {
            if !pending.contains(&class[0].0) {
                // The sums over the largest part follow from those over the class and the other parts.
                let largest = (0..parts.len()).max_by_key(|&n| (parts[n].0, std::cmp::Reverse(n)));
                largest.map(|n| parts.swap_remove(n));
            }
            pending.extend(parts.iter().map(|&(_, unit)| unit));
        }
    }
}

impl Use {
    pub fn all_sources(
        &self,
        axes: &[Vec<LogicalAxis>],
        spaces: &[Space],
        partitions: &[Partition],
    ) -> BTreeSet<u32> {
        let Some(id) = axes[self.param][self.sources[0]].space else { return BTreeSet::new() };
        let space = &spaces[id.get()];
        partitions[id.get()]
            .representatives()
            .map(|u| u.0)
            .filter(|&u| space.takes_part(u))
            .collect()
    }

    /// Records that the classes of a space were cut.
    pub fn note(
        &mut self,
        axes: &[Vec<LogicalAxis>],
        id: SpaceId,
        space: &Space,
        old: &Partition,
        new: &Partition,
    ) {
        let axes = &axes[self.param];
        let sources = self.sources.iter().zip(&mut self.pending);
        for (_, pending) in sources.filter(|(source, _)| axes[**source].space == Some(id)) {
            note(pending, space, old, new);
        }
    }

    pub fn refine(
        &self,
        classes: &mut Classes,
        view: &ParamView<'_>,
        axes: &[LogicalAxis],
        spaces: &[Space],
        partitions: &[Partition],
        pending: &Pending,
    ) {
        if view.entries() == 0 {
            return;
        }
        if let &[source] = &self.sources[..]
            && let Some(id) = axes[source].space
            && id != self.space
            && spaces[id.get()].classes.is_done()
        {
            // Every source class is a twin class, so all sums agree exactly if all entries do.
            let layout = UnitLayout::new(axes, self.target);
            refine_by_entries(classes, ParamId::at(self.param), view, &layout);
            return;
        }
        for (terms, over) in self.sums(axes, spaces, partitions, pending) {
            for fixed in self.fixed_positions(axes) {
                if classes.is_done() {
                    return;
                }
                let sum = Sum {
                    param: self.param as u32,
                    target: axes[self.target].dim,
                    fixed,
                    terms: &terms,
                    over,
                };
                with_elements!(view.elements(), |data| sum.cut_all(classes, data));
            }
        }
    }

    /// The sums to use, short ones first: their terms, and the number of units in each.
    fn sums(
        &self,
        axes: &[LogicalAxis],
        spaces: &[Space],
        partitions: &[Partition],
        pending: &Pending,
    ) -> Vec<(Vec<Term>, usize)> {
        let occurrences = |id| axes.iter().filter(|axis| axis.space == Some(id)).count();
        let mut sums = vec![(vec![Term { offset: 0, place: 0, weight: 1 }], 1usize)];
        for (place, &source) in self.sources.iter().enumerate() {
            let LogicalAxis { dim, space: Some(id), .. } = axes[source] else { continue };
            let space = &spaces[id.get()];
            // If a space is on two axes, twins need not have equal entries on the diagonal.
            let weighted = occurrences(id) == 1;
            let mut lists: Vec<(u32, Vec<(u32, u64)>)> = Vec::new();
            let mut number: HashMap<u32, usize> = HashMap::new();
            let first = partitions[id.get()].labels();
            for unit in 0..first.len() as u32 {
                let part = space.twins.members(space.twins.labels()[unit as usize])[0].0;
                if weighted && part != unit {
                    continue;
                }
                let class = partitions[id.get()].members(first[part as usize])[0].0;
                let weight = if weighted { space.weight(unit) } else { 1 };
                let at = *number.entry(class).or_insert(lists.len());
                if at == lists.len() {
                    lists.push((class, Vec::new()));
                }
                lists[at].1.push((unit, weight));
            }
            if place == pending.source {
                lists.retain(|(class, _)| pending.classes.contains(class));
            }
            sums = sums
                .iter()
                .flat_map(|(terms, over)| {
                    lists.iter().map(move |(_, list)| {
                        let extend = |term: &Term| {
                            let term = *term;
                            list.iter().map(move |&(unit, weight)| Term {
                                offset: term.offset + unit as usize * dim.stride,
                                place: term.place + unit as usize * dim.place,
                                weight: term.weight.saturating_mul(weight),
                            })
                        };
                        let size: usize = list.iter().map(|&(_, weight)| weight as usize).sum();
                        (terms.iter().flat_map(extend).collect(), over.saturating_mul(size))
                    })
                })
                .collect();
        }
        sums.sort_by_key(|(terms, _)| terms.len());
        sums
    }

    /// Offset and place of every combination of fixed indices.
    fn fixed_positions(&self, axes: &[LogicalAxis]) -> Vec<(usize, usize)> {
        let mut positions = vec![(0, 0)];
        for (number, axis) in axes.iter().enumerate() {
            if number != self.target && !self.sources.contains(&number) {
                let Dim { len, stride, place } = axis.dim;
                positions = positions
                    .iter()
                    .flat_map(|&(o, p)| (0..len).map(move |i| (o + i * stride, p + i * place)))
                    .collect();
            }
        }
        positions
    }
}
