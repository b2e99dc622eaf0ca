//! One slab of one parameter: comparing the runs of two units, and how they differ.

use crate::classes::{NanSeen, Split};
use crate::element::Element;
use crate::layout::UnitLayout;
use crate::sameness::Sameness;

/// Entries a block: units are told apart block by block. 16 f32 are one cache line.
pub(super) const BLOCK: usize = 16;
/// Entries compared in one branch-free loop.
const STRETCH: usize = 64;
/// Bytes of a unit that are read before the next unit is: memory likes to be read in long stretches.
const LEAP: usize = 1 << 16;
/// Entries of a unit that a first glimpse takes in.
pub(super) const GLIMPSE: usize = 4;

/// One slab of one parameter.
pub(super) struct Slab<'d, E, S> {
    param: u32,
    pub data: &'d [E],
    offset: usize,
    place: usize,
    pub layout: &'d UnitLayout,
    pub sameness: S,
}

impl<'d, E: Element, S: Sameness<E>> Slab<'d, E, S> {
    pub fn new(
        param: u32,
        data: &'d [E],
        layout: &'d UnitLayout,
        number: usize,
        sameness: S,
    ) -> Self {
        let (offset, place) = layout.slab(number);
        Self { param, data, offset, place, layout, sameness }
    }

    #[inline(always)]
    pub fn start(&self, unit: u32) -> usize {
        self.offset + unit as usize * self.layout.units.stride
    }

    #[inline(always)]
    pub fn at(&self, unit: u32, position: usize) -> E {
        self.data[self.start(unit) + position * self.layout.run.stride]
    }

    pub fn entry(&self, unit: u32, position: usize) -> u64 {
        (self.place + unit as usize * self.layout.units.place + position * self.layout.run.place)
            as u64
    }

    /// The first position in a range at which two units differ. A NaN on which both have the same bits may be
    /// passed over.
    #[inline]
    pub fn first_difference(&self, u: u32, v: u32, from: usize, to: usize) -> Option<usize> {
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
    pub fn block(&self, position: usize) -> std::ops::Range<usize> {
        let start = position - position % BLOCK;
        start..self.layout.run.len.min(start + BLOCK)
    }

    #[inline]
    pub fn summary(&self, unit: u32, position: usize) -> Summary {
        let block = self.block(position);
        if self.layout.run.stride == 1 {
            let run = &self.data[self.start(unit)..][block];
            self.summary_of(unit, position, run.iter().copied())
        } else {
            self.summary_of(unit, position, block.map(|k| self.at(unit, k)))
        }
    }

    #[inline(always)]
    pub fn summary_of(
        &self,
        unit: u32,
        position: usize,
        block: impl Iterator<Item = E>,
    ) -> Summary {
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
    pub fn short_strays(&self, units: &[u32]) -> Vec<Stray<E>> {
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
    pub fn nan_in_block(&self, unit: u32, position: usize) -> Option<usize> {
        self.block(position).find(|&k| self.at(unit, k).is_nan())
    }

    pub fn nan(&self, unit: u32, position: usize) -> NanSeen {
        NanSeen { unit, param: self.param, entry: self.entry(unit, position) }
    }

    pub fn split(&self, stray: &Stray<E>, parent: u32) -> Split {
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
    pub fn leap(&self, from: usize) -> usize {
        self.layout.run.len.min(from + LEAP / size_of::<E>())
    }

    #[inline]
    pub fn stray(&self, first: u32, unit: u32, from: usize, to: usize) -> Stray<E> {
        match self.first_difference(first, unit, from, to) {
            None => Stray::none(unit, self.at(first, 0)),
            Some(position) => self.stray_at(unit, position),
        }
    }

    #[inline]
    pub fn stray_at(&self, unit: u32, position: usize) -> Stray<E> {
        let summary = self.summary(unit, position);
        Stray { unit, value: self.at(unit, position), position, summary }
    }

    /// The first NaN of a unit in a range of positions.
    pub fn first_nan(&self, unit: u32, from: usize, to: usize) -> Option<usize> {
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
pub(super) const MULTIPLIERS: [u64; BLOCK] = {
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

/// How a unit differs from the smallest unit of its class.
#[derive(Clone, Copy)]
pub(super) struct Stray<E> {
    pub unit: u32,
    /// The number at `position`. Kept, since the cache line may be gone when it is asked for.
    pub value: E,
    /// Where it first differs; [`NOWHERE`] where it does not.
    pub position: usize,
    pub summary: Summary,
}

/// A hash of the block in which a unit differs. The lowest bit says whether the block holds a NaN.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Summary(pub u64);

impl Summary {
    pub fn has_nan(self) -> bool {
        self.0 & 1 == 1
    }
}

pub(super) const NOWHERE: usize = usize::MAX;

impl<E> Stray<E> {
    /// A unit that does not differ.
    pub fn none(unit: u32, value: E) -> Self {
        Self { unit, value, position: NOWHERE, summary: Summary(0) }
    }
}
