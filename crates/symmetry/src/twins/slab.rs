//! One slab of one parameter: compares the runs of two units and describes how they differ.

use crate::classes::NanSeen;
use crate::element::Element;
use crate::layout::UnitLayout;
use crate::sameness::Sameness;
use crate::splits::Split;

/// The number of entries per block: units are distinguished block by block. 16 f32 are one cache line.
pub(super) const BLOCK: usize = 16;
/// The number of entries that one branch-free loop checks.
const STRETCH: usize = 64;
/// The number of bytes of a unit that are read before the next unit: memory is faster for long contiguous reads.
const LEAP: usize = 1 << 16;
/// The number of entries of a unit that a first glimpse reads.
pub(super) const GLIMPSE: usize = 4;
/// The entries of a glimpse.
pub(super) type Few<E> = [E; GLIMPSE];

/// One slab of one parameter.
pub(super) struct Slab<'d, E, S> {
    pub param: u32,
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

    /// The first position in a range at which two units differ. A NaN with the same bits in both may be skipped.
    #[inline]
    pub fn first_difference(&self, u: u32, v: u32, from: usize, to: usize) -> Option<usize> {
        let differ = |x: &E, y: &E| !self.sameness.same(u, *x, v, *y);
        if self.layout.run.stride != 1 {
            return (from..to).find(|&k| differ(&self.at(u, k), &self.at(v, k)));
        }
        let a = &self.data[self.start(u)..][from..to];
        let b = &self.data[self.start(v)..][from..to];
        let place = || a.iter().zip(b).position(|(x, y)| differ(x, y)).map(|k| from + k);
        // Most units that differ already differ in the first entry.
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
        // A sum of products, whose terms can be computed independently.
        let (hash, nan) = block.zip(MULTIPLIERS).fold(
            (position as u64, false),
            |(hash, nan), (x, multiplier)| {
                let product = self.sameness.key(unit, x).wrapping_mul(multiplier);
                (hash.wrapping_add(product), nan | x.is_nan())
            },
        );
        Summary((hash ^ (hash >> 32)) & !1 | u64::from(nan))
    }

    /// The first entries of a unit. If there are fewer, the last one is repeated.
    #[inline(always)]
    pub fn few(&self, unit: u32) -> Few<E> {
        let run = &self.layout.run;
        let start = self.start(unit);
        if run.len == 1 {
            return [self.data[start]; GLIMPSE];
        }
        match self.data.get(start..start + GLIMPSE) {
            Some(&[a, b, c, d]) if run.len == GLIMPSE && run.stride == 1 => [a, b, c, d],
            _ => std::array::from_fn(|k| self.at(unit, k.min(run.len - 1))),
        }
    }

    /// The first position at which the first entries of two units differ.
    #[inline(always)]
    pub fn few_differ(&self, u: u32, a: &Few<E>, v: u32, b: &Few<E>) -> Option<usize> {
        (0..GLIMPSE).find(|&k| !self.sameness.same(u, a[k], v, b[k]))
    }

    /// A hash of the first entries of a unit.
    #[inline(always)]
    pub fn few_summary(&self, unit: u32, few: &Few<E>) -> Summary {
        self.summary_of(unit, 0, few.iter().copied())
    }

    /// The first NaN of a unit's block.
    pub fn nan_in_block(&self, unit: u32, position: usize) -> Option<usize> {
        self.block(position).find(|&k| self.at(unit, k).is_nan())
    }

    pub fn nan(&self, unit: u32, position: usize) -> NanSeen {
        NanSeen { unit, param: self.param, entry: self.entry(unit, position) }
    }

    /// `value` is that of the child at `position`. The caller passes it, since its cache line may have been evicted.
    #[inline(always)]
    pub fn split(&self, child: u32, position: usize, value: E, parent: u32) -> Split {
        Split {
            child,
            parent,
            param: self.param,
            entry: self.entry(child, position),
            is_sum: false,
            values: [self.at(parent, position).value(), value.value()],
        }
    }

    /// The position up to which a unit is read, starting at `from`, before the next unit.
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

/// Pseudorandom odd numbers, one for each position of a block.
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
    /// The number at `position`. Stored, since its cache line may be evicted before it is needed.
    pub value: E,
    /// The position at which it first differs; [`NOWHERE`] if it does not differ.
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
