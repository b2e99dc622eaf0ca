//! The coarsest partitions that are stable under sums over classes: the engine of
//! [`equitable`](crate::equitable) and [`forward_lumpable`](crate::forward_lumpable).
//!
//! Partitions of all spaces are stable where, for every parameter W, every target axis on a space and every choice
//! of a class D for each other axis on a space,
//!
//! ```text
//! sum over j in D of W[i, j, k]   is one number for all i of a class, for every fixed index k
//! ```
//!
//! Classes are cut by one such sum after another until none cuts. A class of sources whose sums have been used need
//! not be used again when it is cut in two if all parts but the largest are: sums here are exact, so the last part's
//! sum is what is left of the whole (Hopcroft's "all but the largest"; the cost is near m log n for m entries). So it is
//! with more axes to sum over: a part of a class of one is used with every class of the others, and what the largest
//! part gives with any of those is what is left of the whole again. Every pair of axes of a parameter then costs
//! m log n.
//!
//! Twins stay together in any such partition, so only one unit of each twin class is looked at, and it stands in
//! sums with the class's size as its weight. On a block-constant network next to nothing is left to add up.
//!
//! # References
//!
//! Hopcroft, "An n log n algorithm for minimizing states in a finite automaton", 1971; Paige and Tarjan, "Three
//! partition refinement algorithms", 1987; Grohe, Kersting, Mladenov, Selman, "Dimension Reduction via Colour
//! Refinement", 2014.

use std::collections::{BTreeSet, HashMap};

use crate::axes::Role;
use crate::classes::{Classes, Cut, NanSeen};
use crate::element::Element;
use crate::layout::{Dim, LogicalAxis, UnitLayout};
use crate::parallel;
use crate::params::{ParamView, with_elements};
use crate::partition::Partition;
use crate::space::{ParamId, SpaceId};
use crate::splits::Split;
use crate::sum::{Range, SETTLE_EVERY, Total, add, settle};
use crate::twins::refine_by_entries;

/// Along which axes of a parameter sums are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Every axis is a target in its turn.
    Both,
    /// Output axes only.
    Forward,
}

/// What a space starts from.
pub(crate) struct Start {
    /// Units known to stay together.
    pub twins: Partition,
    /// Classes that are to be cut; `twins` refines them.
    pub classes: Partition,
}

/// The coarsest stable partitions that refine what the spaces start from.
pub(crate) fn coarsest(
    views: &[&ParamView<'_>],
    axes: &[Vec<LogicalAxis>],
    starts: Vec<Start>,
    direction: Direction,
) -> Vec<(Classes, Partition)> {
    let mut spaces: Vec<Space> = starts.into_iter().map(Space::new).collect();
    let mut uses = Vec::new();
    for (number, axes) in axes.iter().enumerate() {
        for (target, axis) in axes.iter().enumerate() {
            let wanted = direction == Direction::Both || axis.role == Role::Output;
            if let Some(id) = axis.space.filter(|_| wanted) {
                let sources: Vec<usize> =
                    (0..axes.len()).filter(|&n| n != target && axes[n].space.is_some()).collect();
                if sources.is_empty() {
                    // Biases and gains: entries must agree one by one.
                    let layout = UnitLayout::new(axes, target);
                    refine_by_entries(
                        &mut spaces[id.get()].classes,
                        ParamId::at(number),
                        views[number],
                        &layout,
                    );
                } else {
                    let pending = vec![BTreeSet::new(); sources.len()];
                    uses.push(Use { param: number, target, space: id, sources, pending });
                }
            }
        }
    }
    let mut partitions: Vec<Partition> =
        spaces.iter().map(|space| space.classes.partition()).collect();
    for one in &mut uses {
        one.pending[0] = one.all_sources(axes, &spaces, &partitions);
    }
    while let Some((number, pending)) = next_pending(&mut uses) {
        let one = &uses[number];
        let space = one.space.get();
        if spaces[space].classes.is_done() {
            continue;
        }
        // What is summed over are the partitions: the classes themselves can be lent.
        let mut classes = std::mem::replace(&mut spaces[space].classes, Classes::discrete(0));
        let before = classes.splits.len();
        one.refine(
            &mut classes,
            views[one.param],
            &axes[one.param],
            &spaces,
            &partitions,
            &pending,
        );
        let changed = classes.splits.len() != before;
        spaces[space].classes = classes;
        if changed {
            let new = spaces[space].classes.partition();
            let id = one.space;
            for one in &mut uses {
                one.note(axes, id, &spaces[space], &partitions[space], &new);
            }
            partitions[space] = new;
        }
    }
    spaces
        .into_iter()
        .map(|space| {
            let partition = space.whole();
            (space.classes, partition)
        })
        .collect()
}

/// Source classes of one source axis whose sums are still to be used.
struct Pending {
    /// Which of the sources.
    source: usize,
    classes: BTreeSet<u32>,
}

/// Takes the source classes of one axis of the first use that has any, and the number of that use.
fn next_pending(uses: &mut [Use]) -> Option<(usize, Pending)> {
    uses.iter_mut().enumerate().find_map(|(number, one)| {
        let source = one.pending.iter().position(|classes| !classes.is_empty())?;
        Some((number, Pending { source, classes: std::mem::take(&mut one.pending[source]) }))
    })
}

/// A space while it is refined. Only the smallest unit of each twin class takes part.
struct Space {
    twins: Partition,
    classes: Classes,
}

impl Space {
    fn new(start: Start) -> Self {
        let Start { twins, classes } = start;
        let units = twins.units();
        let live: Vec<Vec<u32>> = classes
            .classes()
            .map(|class| {
                let takes_part = |u: &u32| twins.members(twins.labels()[*u as usize])[0].0 == *u;
                class.iter().map(|u| u.0).filter(takes_part).collect()
            })
            .collect();
        let classes = Classes::given(units, live.iter().map(Vec::as_slice));
        Self { twins, classes }
    }

    /// How many twins a unit stands for.
    fn weight(&self, unit: u32) -> u64 {
        self.twins.members(self.twins.labels()[unit as usize]).len() as u64
    }

    fn takes_part(&self, unit: u32) -> bool {
        self.twins.members(self.twins.labels()[unit as usize])[0].0 == unit
    }

    /// The partition of all units.
    fn whole(&self) -> Partition {
        let first = self.classes.representatives();
        let of_twin = |u: usize| first[self.twins.members(self.twins.labels()[u])[0].get()];
        let representative: Vec<u32> = (0..first.len()).map(of_twin).collect();
        Partition::from_representatives(&representative)
    }
}

/// One target axis of one parameter, and the axes that are summed over.
struct Use {
    param: usize,
    target: usize,
    space: SpaceId,
    sources: Vec<usize>,
    /// For each source the smallest units of its classes whose sums are still to be used, each with every choice of
    /// classes of the other sources.
    pending: Vec<BTreeSet<u32>>,
}

/// Adds the parts of classes that were cut to what is pending along an axis on their space, but for the largest part
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
                // What is left of the whole, whose sums have been used.
                let largest = (0..parts.len()).max_by_key(|&n| (parts[n].0, std::cmp::Reverse(n)));
                largest.map(|n| parts.swap_remove(n));
            }
            pending.extend(parts.iter().map(|&(_, unit)| unit));
        }
    }
}

/// An entry to add up: its offset and place relative to unit 0, and its weight.
#[derive(Clone, Copy)]
struct Term {
    offset: usize,
    place: usize,
    weight: u64,
}

impl Use {
    fn all_sources(
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

    /// Takes note that the classes of a space were cut.
    fn note(
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

    fn refine(
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
            // The source classes are twins, so all their sums agree exactly where all entries do.
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

    /// The sums to use, short ones first: terms, and how many units they stand for.
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
            // Where a space stands twice, twins need not have equal entries on the diagonal.
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

/// One sum for every unit of the target axis.
struct Sum<'t> {
    param: u32,
    target: Dim,
    fixed: (usize, usize),
    terms: &'t [Term],
    over: usize,
}

/// Units whose sums are built up together, so that a cache line with entries of several units is read once.
const TOGETHER: usize = 32;

impl Sum<'_> {
    fn cut_all<E: Element>(&self, classes: &mut Classes, data: &[E]) {
        let live = classes.live_units();
        #[cfg(test)]
        tests::READ.set(tests::READ.get() + live.len() * self.terms.len());
        let work = self.terms.len() * TOGETHER;
        let totals: Vec<Vec<Total>> = parallel::map(
            0..live.len().div_ceil(TOGETHER),
            (1 << 16) / work.max(1) + 1,
            |number| {
                let units = &live[number * TOGETHER..live.len().min((number + 1) * TOGETHER)];
                self.totals(units, data)
            },
        );
        let mut totals = totals.into_iter().flatten();
        let mut cuts = Vec::with_capacity(classes.len());
        let mut changed = false;
        for class in classes.iter() {
            let cut = self.cut(class, totals.by_ref().take(class.len()).collect(), data);
            changed |= !cut.splits.is_empty() || !cut.nans.is_empty();
            cuts.push(cut);
        }
        if changed {
            classes.replace(cuts);
        }
    }

    fn entry<E: Element>(&self, data: &[E], unit: u32, term: &Term) -> E {
        data[self.fixed.0 + unit as usize * self.target.stride + term.offset]
    }

    fn totals<E: Element>(&self, units: &[u32], data: &[E]) -> Vec<Total> {
        let range = E::RANGE;
        let mut digits = vec![0i64; units.len() * range.digits];
        let mut infinities = vec![[0u64; 2]; units.len()];
        let mut nan = vec![false; units.len()];
        for stretch in self.terms.chunks(SETTLE_EVERY) {
            let mut one = |number: usize, term: &Term| {
                let x = self.entry(data, units[number], term).value();
                if x.is_finite() {
                    let start = number * range.digits;
                    add(&mut digits[start..start + range.digits], range, x, term.weight);
                } else if x.is_nan() {
                    nan[number] = true;
                } else {
                    infinities[number][usize::from(x < 0.0)] += term.weight;
                }
            };
            if self.terms.len() > 1
                && self.terms[1].offset - self.terms[0].offset > self.target.stride
            {
                stretch
                    .iter()
                    .for_each(|term| (0..units.len()).for_each(|number| one(number, term)));
            } else {
                (0..units.len())
                    .for_each(|number| stretch.iter().for_each(|term| one(number, term)));
            }
            digits.chunks_mut(range.digits).for_each(settle);
        }
        digits
            .chunks_mut(range.digits)
            .zip(infinities)
            .zip(nan)
            .map(|((digits, infinities), nan)| Total::new(digits, infinities, nan))
            .collect()
    }

    fn cut<E: Element>(&self, class: &[u32], totals: Vec<Total>, data: &[E]) -> Cut {
        let mut cut = Cut::default();
        if !totals[0].nan && totals.iter().all(|total| *total == totals[0]) {
            cut.part(class);
            return cut;
        }
        let mut parts: Vec<Vec<usize>> = Vec::new();
        let mut number_of: HashMap<&Total, usize> = HashMap::new();
        for (number, total) in totals.iter().enumerate() {
            if total.nan {
                cut.nans.extend(self.nan(class[number], data));
                parts.push(vec![number]);
                continue;
            }
            let part = *number_of.entry(total).or_insert(parts.len());
            if part == parts.len() {
                parts.push(Vec::new());
            }
            parts[part].push(number);
        }
        for (number, part) in parts.iter().enumerate() {
            if number > 0 {
                cut.splits.push(self.split(class, &totals, part[0], E::RANGE));
            }
            cut.part(&part.iter().map(|&n| class[n]).collect::<Vec<u32>>());
        }
        cut
    }

    fn split(&self, class: &[u32], totals: &[Total], child: usize, range: Range) -> Split {
        let single = match self.terms {
            [term] if term.weight == 1 => Some(term.place),
            _ => None,
        };
        let entry = match single {
            Some(place) => self.fixed.1 + class[child] as usize * self.target.place + place,
            None => self.over,
        };
        Split {
            child: class[child],
            parent: class[0],
            param: self.param,
            entry: entry as u64,
            is_sum: single.is_none(),
            values: [totals[0].rounded(range), totals[child].rounded(range)],
        }
    }

    fn nan<E: Element>(&self, unit: u32, data: &[E]) -> Option<NanSeen> {
        let term = self.terms.iter().find(|term| self.entry(data, unit, term).is_nan())?;
        let place = self.fixed.1 + unit as usize * self.target.place + term.place;
        Some(NanSeen { unit, param: self.param, entry: place as u64 })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use crate::{AxesSpec, ParamView, equitable, unknown_role};

    thread_local! {
        /// Entries that sums have read on this thread's behalf.
        pub(super) static READ: Cell<usize> = const { Cell::new(0) };
    }

    /// Entries read to find the equitable classes of spaces of n units that are the axes of one parameter of ones, and
    /// how many it has.
    ///
    /// The units of the first space stand in a path, so that classes are cut one after another; those of the others
    /// stand in a circle, where they stay one class without being twins.
    fn entries_read(n: usize, axes: &[&str]) -> (usize, usize) {
        let near = |apart: usize| u8::from(apart == 1);
        let path = (0..n * n).map(|e| f32::from(near((e / n).abs_diff(e % n))));
        let circle = (0..n * n).map(|e| f32::from(near((e / n + n - e % n) % n)));
        let [path, circle]: [Vec<f32>; 2] = [path.collect(), circle.collect()];
        let shape = vec![n; axes.len()];
        let ones = vec![1.0_f32; n.pow(axes.len() as u32)];
        let mut params = vec![ParamView::new("all", &shape, &ones).unwrap()];
        let mut spec = AxesSpec::builder();
        let mut of = axes.to_vec();
        of.sort_unstable();
        of.dedup();
        for (number, space) in of.iter().enumerate() {
            let edges = if number == 0 { &path } else { &circle };
            params.push(ParamView::new(space, &[n, n], edges).unwrap());
            spec =
                spec.space(*space, n).param(*space, [unknown_role(*space), unknown_role(*space)]);
        }
        let spec = spec.param("all", axes.iter().map(|space| unknown_role(*space)));
        let spec = spec.build(params.iter().map(ParamView::signature)).unwrap();
        READ.set(0);
        let found = equitable(&spec, &params).unwrap();
        // A path is alike from both of its ends.
        assert_eq!(found.effective_width(of[0]), Some(n.div_ceil(2)));
        assert!(of[1..].iter().all(|space| found.effective_width(space) == Some(1)));
        (READ.get(), ones.len())
    }

    #[test]
    fn what_was_summed_is_not_summed_again() {
        for axes in
            [&["a", "b", "c"][..], &["a", "b", "b"], &["a", "b", "c", "d"], &["a", "a", "b"]]
        {
            for n in [6, 12, 24] {
                let (read, entries) = entries_read(n, axes);
                assert!(read <= 8 * entries, "{axes:?}, {n} units: {read} of {entries} entries");
            }
        }
    }
}
