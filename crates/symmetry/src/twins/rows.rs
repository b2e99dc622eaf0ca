//! Checks whether a slab with short runs cuts anything. Most slabs do not.

use crate::classes::Classes;
use crate::element::Element;
use crate::sameness::Sameness;
use crate::twins::slab::Slab;

/// The number of entries that one branch-free loop compares.
const STRETCH: usize = 64;

/// The live classes, in the form that the check of one slab needs.
pub(super) enum Rows {
    /// Stretches of neighbouring units of one class: (class's smallest unit, start, end).
    Stretches(Vec<(u32, u32, u32)>),
    /// All units are live: the smallest unit of every unit's class, and the list of these smallest units.
    Dense(Vec<u32>, Vec<u32>),
    /// (unit, smallest unit of its class), by class.
    Sparse(Vec<(u32, u32)>),
}

impl Rows {
    pub fn new(classes: &Classes) -> Self {
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
    pub fn agree<E: Element, S: Sameness<E>>(&self, slab: &Slab<'_, E, S>) -> bool {
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
                // If bits agree, a class with a NaN has one in its smallest unit.
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
