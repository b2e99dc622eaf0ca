//! The classes of one space during the search, which cuts them into smaller ones.
//!
//! Only classes of two or more units are *live*: a unit that is alone is never inspected again. Cuts only make classes
//! smaller, and the smallest unit of a class identifies it. So exactly one cut creates each final class, except for the
//! class of unit 0, and there is one [`Split`](crate::splits::Split) for each cut.

use crate::partition::Partition;
use crate::splits::Splits;

/// A unit that is alone because it holds a NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NanSeen {
    pub unit: u32,
    pub param: u32,
    pub entry: u64,
}

/// The result of cutting one class.
#[derive(Debug, Default)]
pub(crate) struct Cut {
    /// The units of the live parts, one part after another, in ascending order within each.
    live: Vec<u32>,
    /// Where each live part ends.
    ends: Vec<u32>,
    pub splits: Splits,
    pub nans: Vec<NanSeen>,
}

impl Cut {
    /// Adds a part that this cut does not cut further. A part of one unit is not listed: only its split records it.
    pub fn part(&mut self, members: &[u32]) {
        if members.len() > 1 {
            self.live.extend_from_slice(members);
            self.ends.push(self.live.len() as u32);
        }
    }

    pub fn append(&mut self, mut other: Cut) {
        if self.live.is_empty() && self.splits.is_empty() && self.nans.is_empty() {
            *self = other;
            return;
        }
        let base = self.live.len() as u32;
        self.live.append(&mut other.live);
        self.ends.extend(other.ends.into_iter().map(|end| base + end));
        self.splits.append(other.splits);
        self.nans.append(&mut other.nans);
    }
}

/// The live classes of a space, and every split so far.
#[derive(Clone, Debug)]
pub(crate) struct Classes {
    units: usize,
    live: Vec<u32>,
    ends: Vec<u32>,
    pub splits: Splits,
    pub nans: Vec<NanSeen>,
}

impl Classes {
    /// All units in one class.
    pub fn one(units: usize) -> Self {
        let live: Vec<u32> = if units > 1 { (0..units as u32).collect() } else { Vec::new() };
        let ends = if units > 1 { vec![units as u32] } else { Vec::new() };
        Self { units, live, ends, splits: Splits::default(), nans: Vec::new() }
    }

    /// Every unit alone from the start, without a split.
    pub fn discrete(units: usize) -> Self {
        Self { live: Vec::new(), ends: Vec::new(), ..Self::one(units) }
    }

    /// The given classes, each in ascending order. Units in none of them are alone.
    pub fn given<'c>(units: usize, classes: impl IntoIterator<Item = &'c [u32]>) -> Self {
        let mut cut = Cut::default();
        classes.into_iter().for_each(|class| cut.part(class));
        Self { live: cut.live, ends: cut.ends, ..Self::discrete(units) }
    }

    /// The classes of a partition.
    pub fn within(start: &Partition) -> Self {
        let mut cut = Cut::default();
        let mut members = Vec::new();
        for class in start.classes().filter(|class| class.len() > 1) {
            members.clear();
            members.extend(class.iter().map(|unit| unit.0));
            cut.part(&members);
        }
        Self { live: cut.live, ends: cut.ends, ..Self::discrete(start.units()) }
    }

    pub fn units(&self) -> usize {
        self.units
    }

    pub fn is_done(&self) -> bool {
        self.ends.is_empty()
    }

    pub fn live_units(&self) -> &[u32] {
        &self.live
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn class(&self, number: usize) -> &[u32] {
        let start = if number == 0 { 0 } else { self.ends[number - 1] };
        &self.live[start as usize..self.ends[number] as usize]
    }

    pub fn iter(&self) -> impl Iterator<Item = &[u32]> {
        (0..self.len()).map(|number| self.class(number))
    }

    /// Replaces every live class by the parts that its cut left.
    pub fn replace(&mut self, cuts: impl IntoIterator<Item = Cut>) {
        let mut all = Cut::default();
        for cut in cuts {
            all.append(cut);
        }
        self.live = all.live;
        self.ends = all.ends;
        self.splits.append(all.splits);
        self.nans.append(&mut all.nans);
    }

    /// For every unit the smallest unit of its class. Units that are not live are alone.
    pub fn representatives(&self) -> Vec<u32> {
        let mut representative: Vec<u32> = (0..self.units as u32).collect();
        for class in self.iter() {
            for &unit in class {
                representative[unit as usize] = class[0];
            }
        }
        representative
    }

    /// The partition, in which units that are not live are alone.
    pub fn partition(&self) -> Partition {
        if self.is_done() {
            return Partition::all_alone(self.units);
        }
        Partition::from_representatives(&self.representatives())
    }
}
