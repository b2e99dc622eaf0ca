//! One exact sum for every unit along an axis, and the cuts that follow from these sums.

use std::collections::HashMap;

use crate::classes::{Classes, Cut, NanSeen};
use crate::element::Element;
use crate::layout::Dim;
use crate::parallel;
use crate::splits::Split;
use crate::sum::{Range, SETTLE_EVERY, Total, add, settle};

/// An entry to add up: its offset and place relative to unit 0, and its weight.
#[derive(Clone, Copy)]
pub(super) struct Term {
    pub offset: usize,
    pub place: usize,
    pub weight: u64,
}

/// One sum for every unit of the target axis.
pub(super) struct Sum<'t> {
    pub param: u32,
    pub target: Dim,
    /// Offset and place of the fixed indices.
    pub fixed: (usize, usize),
    pub terms: &'t [Term],
    /// The number of units in the sum, twins included.
    pub over: usize,
}

/// The number of units whose sums are computed together, so a cache line with entries of several units is read once.
const TOGETHER: usize = 32;

impl Sum<'_> {
    pub fn cut_all<E: Element>(&self, classes: &mut Classes, data: &[E]) {
        let live = classes.live_units();
        #[cfg(test)]
        super::tests::READ.set(super::tests::READ.get() + live.len() * self.terms.len());
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
