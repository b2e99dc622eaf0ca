//! Spaces on two or more axes of one parameter: a swap of two units acts on all these axes at once.
//!
//! For a recurrent weight W[n][n], swapping u and v leaves W unchanged if
//!
//! ```text
//! W[u][u] = W[v][v]    W[u][v] = W[v][u]    W[u][j] = W[v][j]    W[j][u] = W[j][v]    for all other j
//! ```
//!
//! "The swap of u and v changes nothing" is an equivalence relation of units, since (u w) = (u v)(v w)(u v). So
//! comparing with one unit of a class is enough. With a tolerance it is not an equivalence relation; then the classes
//! are the connected components under "the swap changes no entry by more than t".

use crate::classes::{Classes, Cut, NanSeen};
use crate::element::Element;
use crate::equality_policy::Comparison;
use crate::layout::{Dim, LogicalAxis};
use crate::parallel;
use crate::splits::Split;
use crate::twins::boxes::Boxes;
use crate::twins::gaps::{difference, linked};

/// A parameter with a space on several axes.
pub(super) struct Swaps<'d, E> {
    param: u32,
    data: &'d [E],
    /// The axes of the space.
    units: Vec<Dim>,
    /// All other axes.
    others: Vec<Dim>,
    /// One sign per unit, if the policy divides signs out.
    signs: Option<&'d [f64]>,
    compare: Comparison,
}

/// An entry that a swap changes: (place in the count of entries, its value, the value that takes its place).
type Change = (usize, f64, f64);

/// The state of a walk over pairs of entries: an entry, and its image under the swap.
#[derive(Clone, Copy)]
struct Pair {
    offset: usize,
    place: usize,
    sign: f64,
    image: usize,
    image_sign: f64,
}

impl<'d, E: Element> Swaps<'d, E> {
    /// `along`: the logical axes of the space.
    pub fn new(
        param: u32,
        data: &'d [E],
        axes: &[LogicalAxis],
        along: &[usize],
        signs: Option<&'d [f64]>,
        compare: Comparison,
    ) -> Self {
        let units = along.iter().map(|&number| axes[number].dim).collect();
        let others = (0..axes.len()).filter(|n| !along.contains(n)).map(|n| axes[n].dim).collect();
        Self { param, data, units, others, signs, compare }
    }

    fn is_empty(&self) -> bool {
        self.units.iter().chain(&self.others).any(|dim| dim.len == 0)
    }

    fn value(&self, offset: usize, sign: f64) -> f64 {
        self.data[offset].value() * sign
    }

    fn sign(&self, unit: usize) -> f64 {
        self.signs.map_or(1.0, |signs| signs[unit])
    }

    fn alike(&self, a: f64, b: f64) -> bool {
        match self.compare {
            Comparison::Bits => a.same_bits(b),
            Comparison::Value => a == b,
            Comparison::Within(tolerance) => {
                !a.is_nan() && !b.is_nan() && linked(a.min(b), a.max(b), tolerance)
            }
        }
    }

    /// Calls `visit` with every entry that has u on some axis of the space, and with its image under the swap of u and
    /// v, until `visit` returns `false`. (Entries with v but not u are images of these.)
    fn each_pair(&self, u: usize, v: usize, visit: &mut impl FnMut(Pair) -> bool) -> bool {
        (0..self.units.len()).all(|pinned| {
            let start = Pair { offset: 0, place: 0, sign: 1.0, image: 0, image_sign: 1.0 };
            self.walk(0, pinned, (u, v), start, visit)
        })
    }

    fn walk(
        &self,
        depth: usize,
        pinned: usize,
        (u, v): (usize, usize),
        pair: Pair,
        visit: &mut impl FnMut(Pair) -> bool,
    ) -> bool {
        let Some(dim) = self.units.get(depth) else {
            return self.walk_others(0, pair, visit);
        };
        let mut step = |unit: usize| {
            let image = if unit == u {
                v
            } else if unit == v {
                u
            } else {
                unit
            };
            let next = Pair {
                offset: pair.offset + unit * dim.stride,
                place: pair.place + unit * dim.place,
                sign: pair.sign * self.sign(unit),
                image: pair.image + image * dim.stride,
                image_sign: pair.image_sign * self.sign(image),
            };
            self.walk(depth + 1, pinned, (u, v), next, visit)
        };
        if depth == pinned {
            step(u)
        } else {
            // Entries with u on an earlier axis were already visited, when that axis was pinned.
            (0..dim.len).filter(|&unit| depth > pinned || unit != u).all(&mut step)
        }
    }

    fn walk_others(&self, depth: usize, pair: Pair, visit: &mut impl FnMut(Pair) -> bool) -> bool {
        let Some(dim) = self.others.get(depth) else {
            return visit(pair);
        };
        (0..dim.len).all(|index| {
            let next = Pair {
                offset: pair.offset + index * dim.stride,
                place: pair.place + index * dim.place,
                image: pair.image + index * dim.stride,
                ..pair
            };
            self.walk_others(depth + 1, next, visit)
        })
    }

    /// The first entry that a swap changes, if any.
    fn first_change(&self, u: u32, v: u32) -> Option<Change> {
        let mut change = None;
        self.each_pair(u as usize, v as usize, &mut |pair| {
            let (a, b) =
                (self.value(pair.offset, pair.sign), self.value(pair.image, pair.image_sign));
            let alike = self.alike(a, b);
            if !alike {
                change = Some((pair.place, a, b));
            }
            alike
        });
        change
    }

    /// The largest amount by which a swap changes an entry.
    fn largest_change(&self, u: u32, v: u32) -> f64 {
        let mut largest = 0.0_f64;
        self.each_pair(u as usize, v as usize, &mut |pair| {
            let (a, b) =
                (self.value(pair.offset, pair.sign), self.value(pair.image, pair.image_sign));
            largest = largest.max(difference(a.min(b), a.max(b)));
            true
        });
        largest
    }

    fn split(&self, child: u32, parent: u32) -> Split {
        let (place, value, other) = self.first_change(child, parent).unwrap_or((0, 0.0, 0.0));
        Split {
            child,
            parent,
            param: self.param,
            entry: place as u64,
            is_sum: false,
            values: [other, value],
        }
    }

    /// For every unit, the first NaN among its entries.
    fn nans(&self, units: usize) -> Vec<Option<u64>> {
        let mut seen: Vec<Option<u64>> = vec![None; units];
        if !self.data.iter().fold(false, |any, x| any | x.is_nan()) {
            return seen;
        }
        for (unit, seen) in seen.iter_mut().enumerate() {
            self.each_pair(unit, unit, &mut |pair| {
                if self.data[pair.offset].is_nan() {
                    *seen = Some(pair.place as u64);
                }
                seen.is_none()
            });
        }
        seen
    }

    /// The entries of a unit with itself and with a few pivots. If a swap of two units that are not pivots changes
    /// nothing, their keys are equal.
    fn key(&self, unit: u32, pivots: &[u32]) -> Vec<u64> {
        let bits = |offset, sign| match self.compare {
            Comparison::Bits => self.value(offset, sign).to_bits(),
            _ => (self.value(offset, sign) + 0.0).to_bits(),
        };
        let total: usize = self.units.iter().map(|dim| dim.stride).sum();
        let one = self.sign(unit as usize);
        let power = |sign: f64, times: usize| if times.is_multiple_of(2) { 1.0 } else { sign };
        let mut key = vec![bits(unit as usize * total, power(one, self.units.len()))];
        for &pivot in pivots {
            let rest = power(self.sign(pivot as usize), self.units.len() - 1);
            key.extend(self.units.iter().map(|dim| {
                bits(unit as usize * dim.stride + pivot as usize * (total - dim.stride), one * rest)
            }));
        }
        key
    }

    /// Cuts all live classes into sets of units that can be swapped.
    pub fn refine(&self, classes: &mut Classes) {
        if self.is_empty() || classes.is_done() {
            return;
        }
        let nans = self.nans(self.units[0].len);
        let cuts = parallel::map(0..classes.len(), 1, |number| {
            let mut cut = Cut::default();
            let (alone, members): (Vec<u32>, Vec<u32>) =
                classes.class(number).iter().partition(|&&unit| nans[unit as usize].is_some());
            for unit in alone {
                let entry = nans[unit as usize].unwrap_or_default();
                cut.nans.push(NanSeen { unit, param: self.param, entry });
            }
            let mut parts = match self.compare {
                Comparison::Within(_) => self.connected(&members),
                _ => self.exchangeable(&members),
            };
            parts.sort_unstable();
            let first = classes.class(number)[0];
            for &unit in classes.class(number).iter().filter(|&&unit| unit != first) {
                if nans[unit as usize].is_some() {
                    cut.splits.push(self.split(unit, first));
                }
            }
            for part in &parts {
                if part[0] != first {
                    cut.splits.push(self.split(part[0], first));
                }
                cut.part(part);
            }
            cut
        });
        classes.replace(cuts);
    }

    /// The classes of "the swap changes nothing" within `members`.
    fn exchangeable(&self, members: &[u32]) -> Vec<Vec<u32>> {
        const FEW: usize = 64;
        const PIVOTS: usize = 8;
        let (pivots, rest) = members.split_at(if members.len() > FEW { PIVOTS } else { 0 });
        let keys = parallel::map(0..rest.len(), 64, |i| self.key(rest[i], pivots));
        let mut boxes = Boxes::new(rest.len());
        let mut alone = vec![false; rest.len()];
        for (number, key) in keys.iter().enumerate() {
            let hash = key.iter().fold(0u64, |h, &x| {
                let h = (h ^ x).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                h ^ (h >> 29)
            });
            alone[number] = boxes.insert(number, hash, |other| keys[other] == *key);
        }
        drop(keys);
        let mut parts = Vec::new();
        for shared in boxes.shared() {
            alone[shared[0] as usize] = false;
            let mut left: Vec<u32> = shared.iter().map(|&number| rest[number as usize]).collect();
            while let Some((&first, others)) = left.split_first() {
                let same = parallel::map(0..others.len(), 4, |i| {
                    self.first_change(first, others[i]).is_none()
                });
                let mut part = vec![first];
                let mut next = Vec::new();
                for (&unit, same) in others.iter().zip(same) {
                    if same { part.push(unit) } else { next.push(unit) }
                }
                parts.push(part);
                left = next;
            }
        }
        parts.extend(
            rest.iter().zip(&alone).filter(|(_, alone)| **alone).map(|(&unit, _)| vec![unit]),
        );
        for &pivot in pivots {
            let home = parallel::find_first(0..parts.len(), 64, |number| {
                self.first_change(parts[number][0], pivot).is_none()
            });
            match home {
                Some(number) => parts[number].push(pivot),
                None => parts.push(vec![pivot]),
            }
        }
        parts.iter_mut().for_each(|part| part.sort_unstable());
        parts
    }

    /// The connected components under "the swap changes no entry by more than t" within `members`.
    fn connected(&self, members: &[u32]) -> Vec<Vec<u32>> {
        let mut parts = Vec::new();
        let mut left = members.to_vec();
        while let Some(first) = left.first().copied() {
            left.remove(0);
            let mut part = vec![first];
            let mut next = 0;
            while next < part.len() {
                let unit = part[next];
                let linked =
                    parallel::map(0..left.len(), 4, |i| self.first_change(unit, left[i]).is_none());
                let mut linked = linked.iter();
                left.retain(|&other| {
                    let joins = linked.next() == Some(&true);
                    if joins {
                        part.push(other);
                    }
                    !joins
                });
                next += 1;
            }
            part.sort_unstable();
            parts.push(part);
        }
        parts
    }

    /// The largest change by a swap of two units of a class.
    ///
    /// On two axes this is the largest of these ranges: the diagonal, W[u][v] against W[v][u], and for every j the
    /// entries W[u][j] and W[j][u] over the class without j. The cost is linear in the entries. On more axes all pairs
    /// are tried.
    pub fn spread(&self, class: &[u32]) -> f64 {
        if self.is_empty() {
            return 0.0;
        }
        let &[a, b] = &self.units[..] else {
            let largest = parallel::map(0..class.len(), 4, |i| {
                class[i + 1..].iter().map(|&v| self.largest_change(class[i], v)).fold(0.0, f64::max)
            });
            return largest.into_iter().fold(0.0, f64::max);
        };
        let mut widest = 0.0_f64;
        let start = Pair { offset: 0, place: 0, sign: 1.0, image: 0, image_sign: 1.0 };
        self.walk_others(0, start, &mut |at| {
            let entry = |i: usize, j: usize| {
                let offset = at.offset + i * a.stride + j * b.stride;
                self.value(offset, self.sign(i) * self.sign(j))
            };
            let units = || class.iter().map(|&u| u as usize);
            widest = widest.max(range(units().map(|u| entry(u, u))));
            for j in 0..a.len {
                widest = widest.max(range(units().filter(|&u| u != j).map(|u| entry(u, j))));
                widest = widest.max(range(units().filter(|&u| u != j).map(|u| entry(j, u))));
            }
            for u in units() {
                for v in units().filter(|&v| v > u) {
                    widest = widest.max(range([entry(u, v), entry(v, u)].into_iter()));
                }
            }
            true
        });
        widest
    }
}

/// The largest number minus the smallest.
fn range(numbers: impl Iterator<Item = f64>) -> f64 {
    let (low, high) = numbers
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    if low > high { 0.0 } else { difference(low, high) }
}
