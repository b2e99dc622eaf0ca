//! Cutting classes by exact sameness, reading as little as possible.
//!
//! A class is compared with its smallest unit. Units that agree to the end stay; the others are put into boxes by
//! where they first differ and what stands there, and only boxes with two or more units are read on, from there.
//! So no entry of a unit is read again, and none is read after the unit is alone.

use crate::classes::{Classes, Cut, NanSeen, Split};
use crate::element::Element;
use crate::layout::UnitLayout;
use crate::parallel;
use crate::sameness::Sameness;

/// Entries a block: units are told apart block by block. 16 f32 are one cache line.
const BLOCK: usize = 16;
/// Entries compared in one branch-free loop.
const STRETCH: usize = 64;
/// Bytes of a unit that are read before the next unit is: memory likes to be read in long stretches.
const LEAP: usize = 1 << 16;
/// Entries of a unit that a first glimpse takes in.
const GLIMPSE: usize = 4;
/// Bytes, roughly, that are worth a task of their own.
const TASK: usize = 1 << 18;

/// Refines `classes` by the first few entries of one parameter along one unit axis.
///
/// This decides for almost every unit of a network without symmetry, so it touches one cache line a unit and does
/// little with it: then the next units' lines are already on their way.
pub(super) fn glimpse<E: Element, S: Sameness<E>>(
    classes: &mut Classes,
    param: u32,
    data: &[E],
    layout: &UnitLayout,
    sameness: S,
) {
    let layout = layout.glimpse(GLIMPSE);
    if layout.slab_count > 0 && !classes.is_done() {
        cut_all(classes, &Slab::new(param, data, &layout, 0, sameness));
    }
}

/// Refines `classes` by all entries of one parameter along one unit axis.
pub(super) fn refine<E: Element, S: Sameness<E>>(
    classes: &mut Classes,
    param: u32,
    data: &[E],
    layout: &UnitLayout,
    sameness: S,
) {
    if layout.run.len >= BLOCK {
        for number in 0..layout.slab_count {
            if classes.is_done() {
                return;
            }
            cut_all(classes, &Slab::new(param, data, layout, number, sameness));
        }
    } else {
        refine_thin(classes, param, data, layout, sameness);
    }
}

/// Short runs: look through many slabs at once for one that cuts anything, since most do not.
fn refine_thin<E: Element, S: Sameness<E>>(
    classes: &mut Classes,
    param: u32,
    data: &[E],
    layout: &UnitLayout,
    sameness: S,
) {
    let mut next = 0;
    let mut ahead = 1;
    let mut rows = Rows::new(classes);
    while next < layout.slab_count && !classes.is_done() {
        let slab = |number| Slab::new(param, data, layout, number, sameness);
        let end = layout.slab_count.min(next + ahead);
        let grain =
            (TASK / size_of::<E>() / (classes.live_units().len() * layout.run.len).max(1)).max(1);
        match parallel::find_first(next..end, grain, |number| !rows.agree(&slab(number))) {
            None => {
                next = end;
                ahead = (2 * ahead).min(64 * grain);
            }
            Some(number) => {
                cut_all(classes, &slab(number));
                rows = Rows::new(classes);
                next = number + 1;
                ahead = 1;
            }
        }
    }
}

/// One slab of one parameter.
struct Slab<'d, E, S> {
    param: u32,
    data: &'d [E],
    offset: usize,
    place: usize,
    layout: &'d UnitLayout,
    sameness: S,
}

impl<'d, E: Element, S: Sameness<E>> Slab<'d, E, S> {
    fn new(param: u32, data: &'d [E], layout: &'d UnitLayout, number: usize, sameness: S) -> Self {
        let (offset, place) = layout.slab(number);
        Self { param, data, offset, place, layout, sameness }
    }

    #[inline(always)]
    fn start(&self, unit: u32) -> usize {
        self.offset + unit as usize * self.layout.units.stride
    }

    #[inline(always)]
    fn at(&self, unit: u32, position: usize) -> E {
        self.data[self.start(unit) + position * self.layout.run.stride]
    }

    fn entry(&self, unit: u32, position: usize) -> u64 {
        (self.place + unit as usize * self.layout.units.place + position * self.layout.run.place)
            as u64
    }

    /// The first position in a range at which two units differ. A NaN on which both have the same bits may be
    /// passed over.
    #[inline]
    fn first_difference(&self, u: u32, v: u32, from: usize, to: usize) -> Option<usize> {
        let differ = |x: &E, y: &E| !self.sameness.same(u, *x, v, *y);
        if self.layout.run.stride != 1 {
            return (from..to).find(|&k| differ(&self.at(u, k), &self.at(v, k)));
        }
        let a = &self.data[self.start(u)..][from..to];
        let b = &self.data[self.start(v)..][from..to];
        let place = || a.iter().zip(b).position(|(x, y)| differ(x, y)).map(|k| from + k);
        // Most units that differ do so at once, and then one entry is enough.
        match (a, b) {
            ([x, ..], [y, ..]) if differ(x, y) => Some(from),
            _ if a.len() <= BLOCK => place(),
            _ if self.sameness.all_same(u, a, v, b) => None,
            _ => place(),
        }
    }

    /// The positions of the block that holds `position`.
    fn block(&self, position: usize) -> std::ops::Range<usize> {
        let start = position - position % BLOCK;
        start..self.layout.run.len.min(start + BLOCK)
    }

    #[inline]
    fn summary(&self, unit: u32, position: usize) -> Summary {
        let block = self.block(position);
        if self.layout.run.stride == 1 {
            let run = &self.data[self.start(unit)..][block];
            self.summary_of(unit, position, run.iter().copied())
        } else {
            self.summary_of(unit, position, block.map(|k| self.at(unit, k)))
        }
    }

    #[inline(always)]
    fn summary_of(&self, unit: u32, position: usize, block: impl Iterator<Item = E>) -> Summary {
        // A sum of products, whose terms do not wait for each other.
        let (hash, nan) = block.zip(MULTIPLIERS).fold(
            (position as u64, false),
            |(hash, nan), (x, multiplier)| {
                let product = self.sameness.key(unit, x).wrapping_mul(multiplier);
                (hash.wrapping_add(product), nan | x.is_nan())
            },
        );
        Summary((hash ^ (hash >> 32)) & !1 | u64::from(nan))
    }

    /// The strays among `units` where runs are short.
    ///
    /// Entries of some units are copied side by side before any is looked at: a loop so light that the cache lines of
    /// many units are on their way at once.
    fn short_strays(&self, units: &[u32]) -> Vec<Stray<E>> {
        const TOGETHER: usize = 64;
        let len = self.layout.run.len.min(GLIMPSE);
        let Some((&first, others)) = units.split_first() else { return Vec::new() };
        let read = |unit: u32| -> [E; GLIMPSE] {
            let start = self.start(unit);
            match self.data.get(start..start + GLIMPSE) {
                Some(&[a, b, c, d]) if len == GLIMPSE && self.layout.run.stride == 1 => {
                    [a, b, c, d]
                }
                _ => std::array::from_fn(|k| self.at(unit, k.min(len - 1))),
            }
        };
        let model = read(first);
        let mut runs = Vec::with_capacity(TOGETHER);
        let mut strays = Vec::with_capacity(others.len());
        for units in others.chunks(TOGETHER) {
            runs.clear();
            runs.extend(units.iter().map(|&unit| read(unit)));
            strays.extend(units.iter().zip(&runs).map(|(&unit, run)| {
                let differ = |&k: &usize| !self.sameness.same(first, model[k], unit, run[k]);
                match (0..len).find(differ) {
                    None => Stray::none(unit, run[0]),
                    Some(position) => {
                        let entries = run[..len].iter().copied();
                        let summary = self.summary_of(unit, position, entries);
                        Stray { unit, value: run[position], position, summary }
                    }
                }
            }));
        }
        strays
    }

    /// The first NaN of a unit's block.
    fn nan_in_block(&self, unit: u32, position: usize) -> Option<usize> {
        self.block(position).find(|&k| self.at(unit, k).is_nan())
    }

    fn nan(&self, unit: u32, position: usize) -> NanSeen {
        NanSeen { unit, param: self.param, entry: self.entry(unit, position) }
    }

    fn split(&self, stray: &Stray<E>, parent: u32) -> Split {
        Split {
            child: stray.unit,
            parent,
            param: self.param,
            entry: self.entry(stray.unit, stray.position),
            is_sum: false,
            values: [self.at(parent, stray.position).value(), stray.value.value()],
        }
    }

    /// How far a unit is read from a position on, before the next unit is.
    fn leap(&self, from: usize) -> usize {
        self.layout.run.len.min(from + LEAP / size_of::<E>())
    }

    #[inline]
    fn stray(&self, first: u32, unit: u32, from: usize, to: usize) -> Stray<E> {
        match self.first_difference(first, unit, from, to) {
            None => Stray::none(unit, self.at(first, 0)),
            Some(position) => self.stray_at(unit, position),
        }
    }

    #[inline]
    fn stray_at(&self, unit: u32, position: usize) -> Stray<E> {
        let summary = self.summary(unit, position);
        Stray { unit, value: self.at(unit, position), position, summary }
    }

    /// The first NaN of a unit in a range of positions.
    fn first_nan(&self, unit: u32, from: usize, to: usize) -> Option<usize> {
        if self.layout.run.stride != 1 {
            return (from..to).find(|&k| self.at(unit, k).is_nan());
        }
        let run = self.data[self.start(unit)..].get(from..to)?;
        let has_nan = |chunk: &[E]| chunk.iter().fold(false, |any, x| any | x.is_nan());
        let chunk = run.chunks(STRETCH).position(has_nan)?;
        let start = from + chunk * STRETCH;
        (start..to).find(|&k| self.at(unit, k).is_nan())
    }
}

/// Odd numbers without structure, one for each position of a block.
const MULTIPLIERS: [u64; BLOCK] = {
    let mut table = [0; BLOCK];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut k = 0;
    while k < BLOCK {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        table[k] = state | 1;
        k += 1;
    }
    table
};

fn cut_all<E: Element, S: Sameness<E>>(classes: &mut Classes, slab: &Slab<'_, E, S>) {
    let cuts = parallel::map(0..classes.len(), 1, |number| cut(classes.class(number), slab));
    classes.replace(cuts);
}

/// How a unit differs from the smallest unit of its class.
#[derive(Clone, Copy)]
struct Stray<E> {
    unit: u32,
    /// The number at `position`. Kept, since the cache line may be gone when it is asked for.
    value: E,
    /// Where it first differs; [`NOWHERE`] where it does not.
    position: usize,
    summary: Summary,
}

/// A hash of the block in which a unit differs. The lowest bit says whether the block holds a NaN.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Summary(u64);

impl Summary {
    fn has_nan(self) -> bool {
        self.0 & 1 == 1
    }
}

const NOWHERE: usize = usize::MAX;

impl<E> Stray<E> {
    /// A unit that does not differ.
    fn none(unit: u32, value: E) -> Self {
        Self { unit, value, position: NOWHERE, summary: Summary(0) }
    }
}

/// Units that agree on everything before a position, ascending.
type Open = (Vec<u32>, usize);

/// Cuts one class by one slab.
fn cut<E: Element, S: Sameness<E>>(class: &[u32], slab: &Slab<'_, E, S>) -> Cut {
    let mut done = Cut::default();
    let mut boxes: Vec<Open> = vec![(class.to_vec(), 0)];
    while !boxes.is_empty() {
        let strays = read_on(&boxes, slab);
        let mut next = Vec::new();
        for ((units, from), strays) in boxes.iter().zip(strays) {
            next.append(&mut settle(units, *from, strays, slab, &mut done));
        }
        boxes = next;
    }
    done
}

/// Reads all units of all boxes one leap on, in the order in which they lie in memory. One list of strays a box.
fn read_on<E: Element, S: Sameness<E>>(
    boxes: &[Open],
    slab: &Slab<'_, E, S>,
) -> Vec<Vec<Stray<E>>> {
    if slab.layout.run.len <= GLIMPSE {
        return boxes.iter().map(|(units, _)| slab.short_strays(units)).collect();
    }
    let mut order: Vec<(u32, u32)> = Vec::new();
    for ((units, _), number) in boxes.iter().zip(0..) {
        order.extend(units[1..].iter().map(|&unit| (unit, number)));
    }
    if boxes.len() > 1 {
        order.sort_unstable();
    }
    let longest = boxes.iter().map(|(_, from)| slab.leap(*from) - from).max().unwrap_or(0);
    let grain = TASK / size_of::<E>() / longest.max(1) + 1;
    let strays = parallel::map(0..order.len(), grain, |place| {
        let (unit, number) = order[place];
        let (units, from) = &boxes[number as usize];
        slab.stray(units[0], unit, *from, slab.leap(*from))
    });
    if boxes.len() == 1 {
        return vec![strays];
    }
    let mut lists: Vec<Vec<Stray<E>>> =
        boxes.iter().map(|(units, _)| Vec::with_capacity(units.len() - 1)).collect();
    for (stray, (_, number)) in strays.into_iter().zip(order) {
        lists[number as usize].push(stray);
    }
    lists
}

/// What agrees with the smallest unit of a box stays together, the rest is put into new boxes.
fn settle<E: Element, S: Sameness<E>>(
    units: &[u32],
    from: usize,
    mut strays: Vec<Stray<E>>,
    slab: &Slab<'_, E, S>,
    done: &mut Cut,
) -> Vec<Open> {
    let (first, to) = (units[0], slab.leap(from));
    // Units are compared by bits, so a NaN in the smallest unit has to be looked for as far as any unit was read.
    let read = strays.iter().map(|stray| to.min(stray.position)).max().unwrap_or(0);
    if let Some(nan) = slab.first_nan(first, from, read) {
        strays
            .iter_mut()
            .filter(|stray| stray.position > nan)
            .for_each(|stray| *stray = slab.stray_at(stray.unit, nan));
    }
    let kept = strays.iter().filter(|stray| stray.position == NOWHERE).map(|stray| stray.unit);
    let kept: Vec<u32> = std::iter::once(first).chain(kept).collect();
    strays.retain(|stray| stray.position != NOWHERE);
    let mut open = sort_out(slab, first, &strays, done);
    if to == slab.layout.run.len {
        done.part(&kept);
    } else if kept.len() > 1 {
        open.push((kept, to));
    }
    open
}

/// Boxes the strays of a class: those alike so far share a box.
fn sort_out<E: Element, S: Sameness<E>>(
    slab: &Slab<'_, E, S>,
    first: u32,
    strays: &[Stray<E>],
    done: &mut Cut,
) -> Vec<Open> {
    // The smallest unit itself may hold the NaN that all the others differ from.
    let mut last = NOWHERE;
    for stray in strays {
        if stray.position / BLOCK != last {
            last = stray.position / BLOCK;
            if let Some(position) = slab.nan_in_block(first, stray.position) {
                done.nans.push(slab.nan(first, position));
                break;
            }
        }
    }

    let alike = |a: &Stray<E>, b: &Stray<E>| {
        a.summary == b.summary
            && a.position == b.position
            && slab
                .block(a.position)
                .all(|k| slab.sameness.same(a.unit, slab.at(a.unit, k), b.unit, slab.at(b.unit, k)))
    };
    done.splits.reserve(strays.len());
    let mut boxes = Boxes::new(strays.len());
    for (number, stray) in strays.iter().enumerate() {
        if stray.summary.has_nan() {
            let position = slab.nan_in_block(stray.unit, stray.position);
            done.nans.extend(position.map(|position| slab.nan(stray.unit, position)));
            done.splits.push(slab.split(stray, first));
        } else if boxes.insert(number, stray.summary.0, |other| alike(stray, &strays[other])) {
            done.splits.push(slab.split(stray, first));
        }
    }
    let mut open = Vec::new();
    for members in boxes.shared() {
        let position = strays[members[0] as usize].position;
        let units: Vec<u32> = members.iter().map(|&number| strays[number as usize].unit).collect();
        let next = slab.block(position).end;
        if next < slab.layout.run.len {
            open.push((units, next));
        } else {
            done.part(&units);
        }
    }
    open
}

/// Boxes of equal items, by open addressing on given hashes.
pub(super) struct Boxes {
    /// Number of an item + 1, or 0.
    table: Vec<u32>,
    mask: usize,
    /// For every item that shares a box: (first item of the box, item).
    shared: Vec<(u32, u32)>,
}

impl Boxes {
    pub fn new(items: usize) -> Self {
        let slots = (2 * items).next_power_of_two();
        Self { table: vec![0; slots], mask: slots - 1, shared: Vec::new() }
    }

    /// Puts an item into its box; `true` where that is a new one.
    #[inline]
    pub fn insert(&mut self, item: usize, hash: u64, same: impl Fn(usize) -> bool) -> bool {
        // Floats differ in their high bits above all, so these have to reach the low ones.
        let spread = (hash ^ (hash >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        let mut slot = (spread ^ (spread >> 32)) as usize & self.mask;
        loop {
            match self.table[slot] {
                0 => {
                    self.table[slot] = item as u32 + 1;
                    return true;
                }
                other if same(other as usize - 1) => {
                    self.shared.push((other - 1, item as u32));
                    return false;
                }
                _ => slot = (slot + 1) & self.mask,
            }
        }
    }

    /// The boxes with two or more items, by their first item; items in the order of insertion.
    pub fn shared(mut self) -> impl Iterator<Item = Vec<u32>> {
        // Stable, so that the items of a box stay in order.
        self.shared.sort_by_key(|&(first, _)| first);
        let shared = self.shared;
        let mut next = 0;
        std::iter::from_fn(move || {
            let &(first, _) = shared.get(next)?;
            let mut members = vec![first];
            while let Some(&(_, item)) = shared.get(next).filter(|(f, _)| *f == first) {
                members.push(item);
                next += 1;
            }
            Some(members)
        })
    }
}

/// The live classes as the check of one slab wants them.
enum Rows {
    /// Stretches of neighbouring units of one class: (class's smallest unit, start, end).
    Stretches(Vec<(u32, u32, u32)>),
    /// All units are live: the smallest unit of every unit's class, and each of these once.
    Dense(Vec<u32>, Vec<u32>),
    /// (unit, smallest unit of its class), by class.
    Sparse(Vec<(u32, u32)>),
}

impl Rows {
    fn new(classes: &Classes) -> Self {
        let mut stretches: Vec<(u32, u32, u32)> = Vec::new();
        for class in classes.iter() {
            for &unit in class {
                match stretches.last_mut() {
                    Some((first, _, end)) if *first == class[0] && *end == unit => *end += 1,
                    _ => stretches.push((class[0], unit, unit + 1)),
                }
            }
        }
        let live = classes.live_units().len();
        if 8 * stretches.len() <= live {
            return Self::Stretches(stretches);
        }
        let largest = classes.live_units().iter().max().map_or(0, |&unit| unit as usize + 1);
        if largest == live {
            let mut first_of = vec![0; live];
            for class in classes.iter() {
                for &unit in class {
                    first_of[unit as usize] = class[0];
                }
            }
            return Self::Dense(first_of, classes.iter().map(|class| class[0]).collect());
        }
        Self::Sparse(
            classes
                .iter()
                .flat_map(|class| class[1..].iter().map(|&unit| (unit, class[0])))
                .collect(),
        )
    }

    /// Whether every live unit agrees with the smallest of its class on a slab.
    fn agree<E: Element, S: Sameness<E>>(&self, slab: &Slab<'_, E, S>) -> bool {
        let s = &slab.sameness;
        let row = |start: u32, end: u32| &slab.data[slab.start(start)..][..(end - start) as usize];
        let neighbours = slab.layout.run.len == 1 && slab.layout.units.stride == 1;
        match self {
            Self::Stretches(list) if neighbours => list.iter().all(|&(first, start, end)| {
                let a = slab.at(first, 0);
                row(start, end).chunks(STRETCH).zip((start..).step_by(STRETCH)).all(
                    |(chunk, start)| {
                        chunk
                            .iter()
                            .zip(start..)
                            .fold(true, |all, (&b, v)| all & s.same(first, a, v, b))
                    },
                )
            }),
            Self::Dense(first_of, firsts) if neighbours => {
                // Where bits agree, one NaN in a class is a NaN in its smallest unit.
                if firsts.iter().any(|&first| slab.at(first, 0).is_nan()) {
                    return false;
                }
                let row = row(0, first_of.len() as u32);
                row.chunks(STRETCH)
                    .zip(first_of.chunks(STRETCH))
                    .zip((0..).step_by(STRETCH))
                    .all(|((chunk, firsts), start)| s.all_same_gathered(row, firsts, start, chunk))
            }
            Self::Stretches(list) => list.iter().all(|&(first, start, end)| {
                (start..end).all(|unit| {
                    slab.first_difference(first, unit, 0, slab.layout.run.len).is_none()
                })
            }),
            Self::Dense(first_of, _) => first_of.iter().zip(0..).all(|(&first, unit)| {
                slab.first_difference(first, unit, 0, slab.layout.run.len).is_none()
            }),
            Self::Sparse(list) => list.iter().all(|&(unit, first)| {
                slab.first_difference(first, unit, 0, slab.layout.run.len).is_none()
            }),
        }
    }
}
