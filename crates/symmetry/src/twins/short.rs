//! Cuts a class by runs of a few entries: the first entries of every unit for a glimpse, or all entries of a unit in
//! one slab of a matrix with units on its last axis.
//!
//! In a network without symmetry this distinguishes almost every unit. So each unit costs one cache line and little
//! else.

use crate::classes::Cut;
use crate::element::Element;
use crate::sameness::Sameness;
use crate::splits::Siblings;
use crate::twins::boxes::Boxes;
use crate::twins::slab::{Few, Slab};

/// The number of units that are read before they are compared, so the processor loads their cache lines at the same
/// time.
const AHEAD: usize = 64;

/// Cuts a class by a slab whose runs are no longer than [`Few`].
pub(super) fn cut<E: Element, S: Sameness<E>>(class: &[u32], slab: &Slab<'_, E, S>) -> Cut {
    let mut done = Cut::default();
    let Some((&first, others)) = class.split_first() else { return done };
    let model = slab.few(first);
    done.nans.extend(first_nan(&model).map(|position| slab.nan(first, position)));

    let mut kept = vec![first];
    let mut boxes = Boxes::new(others.len());
    let mut new = New::default();
    let mut runs = [model; AHEAD];
    let mut ahead = [model; AHEAD];
    ahead.iter_mut().zip(others).for_each(|(run, &unit)| *run = slab.few(unit));
    for (start, units) in (0..).step_by(AHEAD).zip(others.chunks(AHEAD)) {
        std::mem::swap(&mut runs, &mut ahead);
        let next = &others[start + units.len()..];
        for (k, (&unit, run)) in units.iter().zip(&runs).enumerate() {
            if let Some(&next) = next.get(k) {
                ahead[k] = slab.few(next);
            }
            let Some(position) = slab.few_differ(first, &model, unit, run) else {
                kept.push(unit);
                continue;
            };
            let summary = slab.few_summary(unit, run);
            if summary.has_nan() {
                done.nans.extend(first_nan(run).map(|position| slab.nan(unit, position)));
            } else if !boxes.insert(start + k, summary.0, |other| {
                let other = others[other];
                slab.few_differ(unit, run, other, &slab.few(other)).is_none()
            }) {
                continue;
            }
            new.push(unit, slab.entry(unit, position), [model[position], run[position]]);
        }
        done.splits.extend(&new.siblings(first, slab.param));
        new.len = 0;
    }
    done.part(&kept);
    for members in boxes.shared() {
        let units: Vec<u32> = members.iter().map(|&number| others[number as usize]).collect();
        done.part(&units);
    }
    done
}

fn first_nan<E: Element>(run: &Few<E>) -> Option<usize> {
    run.iter().position(|x| x.is_nan())
}

/// The splits of units that were compared together.
struct New {
    len: usize,
    children: [u32; AHEAD],
    entries: [u64; AHEAD],
    values: [[f64; AHEAD]; 2],
}

impl Default for New {
    fn default() -> Self {
        Self { len: 0, children: [0; AHEAD], entries: [0; AHEAD], values: [[0.0; AHEAD]; 2] }
    }
}

impl New {
    #[inline(always)]
    fn push<E: Element>(&mut self, child: u32, entry: u64, [of_parent, of_child]: [E; 2]) {
        self.children[self.len] = child;
        self.entries[self.len] = entry;
        self.values[0][self.len] = of_parent.value();
        self.values[1][self.len] = of_child.value();
        self.len += 1;
    }

    fn siblings(&self, parent: u32, param: u32) -> Siblings<'_> {
        Siblings {
            parent,
            param,
            is_sum: false,
            children: &self.children[..self.len],
            entries: &self.entries[..self.len],
            values: [&self.values[0][..self.len], &self.values[1][..self.len]],
        }
    }
}
