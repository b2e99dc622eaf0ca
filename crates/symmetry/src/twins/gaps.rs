//! Cuts classes at gaps: a tolerance that does not depend on the order of the units.
//!
//! At one entry, the sorted values of a class are cut between neighbours that differ by more than t:
//!
//! ```text
//! t = 0.1     0.00  0.05  0.12 | 0.40  0.45     ->  two classes, spreads 0.12 and 0.05
//! ```
//!
//! A cut at one entry can open a gap at another, so passes are repeated until a whole pass cuts nothing. Any partition
//! without gaps above t refines every one of these cuts. So the result is the coarsest such partition, and the order of
//! the cuts does not matter.

use crate::classes::{Classes, Cut, NanSeen};
use crate::element::Element;
use crate::layout::UnitLayout;
use crate::sameness::normalize;
use crate::splits::Split;

/// One parameter along one unit axis, read as values.
pub(super) struct Values<'d, 'f, E> {
    pub param: u32,
    pub data: &'d [E],
    pub layout: &'d UnitLayout,
    /// The factors by which the entries of each unit are multiplied or divided, if any.
    pub factors: Option<&'f [f64]>,
    pub divide: bool,
}

impl<E: Element> Values<'_, '_, E> {
    fn value(&self, unit: u32, offset: usize, position: usize) -> f64 {
        let layout = self.layout;
        let at = offset + unit as usize * layout.units.stride + position * layout.run.stride;
        let value = self.data[at].value();
        self.factors.map_or(value, |f| normalize(value, f[unit as usize], self.divide))
    }

    fn entry(&self, unit: u32, place: usize, position: usize) -> u64 {
        let layout = self.layout;
        (place + unit as usize * layout.units.place + position * layout.run.place) as u64
    }
}

/// The number of entries of a unit that are read together.
const TILE: usize = 16;

/// Cuts every live class that is not settled, by all entries of a parameter. Increases `spreads[u]` to the spread of
/// the class whose smallest unit is u.
pub(super) fn refine<E: Element>(
    classes: &mut Classes,
    settled: &[bool],
    spreads: &mut [f64],
    values: &Values<'_, '_, E>,
    tolerance: f64,
) {
    let layout = values.layout;
    if classes.iter().all(|class| settled[class[0] as usize]) {
        return;
    }
    for slab in 0..layout.slab_count {
        let (offset, place) = layout.slab(slab);
        for start in (0..layout.run.len).step_by(TILE) {
            let tile = start..layout.run.len.min(start + TILE);
            let mut cuts = Vec::new();
            for number in 0..classes.len() {
                let class = classes.class(number);
                let mut cut = Cut::default();
                if settled[class[0] as usize] {
                    cut.part(class);
                } else {
                    cut_tile(
                        class,
                        values,
                        (offset, place),
                        tile.clone(),
                        tolerance,
                        spreads,
                        &mut cut,
                    );
                }
                cuts.push(cut);
            }
            if cuts.iter().any(|cut| !cut.splits.is_empty()) {
                classes.replace(cuts);
                if classes.is_done() {
                    return;
                }
            }
        }
    }
}

fn cut_tile<E: Element>(
    class: &[u32],
    values: &Values<'_, '_, E>,
    (offset, place): (usize, usize),
    tile: std::ops::Range<usize>,
    tolerance: f64,
    spreads: &mut [f64],
    cut: &mut Cut,
) {
    let mut to_read = vec![(class.to_vec(), tile.start)];
    'parts: while let Some((members, from)) = to_read.pop() {
        let (mut low, mut high) = ([f64::INFINITY; TILE], [f64::NEG_INFINITY; TILE]);
        let mut nan = [false; TILE];
        for &unit in &members {
            for position in from..tile.end {
                let (k, x) = (position - tile.start, values.value(unit, offset, position));
                low[k] = low[k].min(x);
                high[k] = high[k].max(x);
                nan[k] |= x.is_nan();
            }
        }
        let first = members[0] as usize;
        for position in from..tile.end {
            let k = position - tile.start;
            if !nan[k] && linked(low[k], high[k], tolerance) {
                spreads[first] = spreads[first].max(difference(low[k], high[k]));
                continue;
            }
            let read = |&unit: &u32| (values.value(unit, offset, position), unit);
            let numbers: Vec<(f64, u32)> = members.iter().map(read).collect();
            let parts = part(&numbers, tolerance, cut, |unit| NanSeen {
                unit,
                param: values.param,
                entry: values.entry(unit, place, position),
            });
            if let [whole] = &parts[..]
                && whole.len() == members.len()
            {
                spreads[first] = spreads[first].max(difference(low[k], high[k]));
                continue;
            }
            let raw = |unit: u32| values.value(unit, offset, position);
            for &unit in &members[1..] {
                // The split of a part is recorded at its smallest unit.
                let heads = parts.iter().any(|p| p[0] == unit && unit != members[0]);
                if heads || raw(unit).is_nan() {
                    cut.splits.push(Split {
                        child: unit,
                        parent: members[0],
                        param: values.param,
                        entry: values.entry(unit, place, position),
                        is_sum: false,
                        values: [raw(members[0]), raw(unit)],
                    });
                }
            }
            to_read.extend(parts.into_iter().filter(|p| p.len() > 1).map(|p| (p, position + 1)));
            continue 'parts;
        }
        cut.part(&members);
    }
}

/// Sorts units by value and cuts at gaps. Each part lists its units in ascending order. Units with a NaN are in no
/// part.
fn part(
    numbers: &[(f64, u32)],
    tolerance: f64,
    cut: &mut Cut,
    nan: impl Fn(u32) -> NanSeen,
) -> Vec<Vec<u32>> {
    let mut sorted: Vec<(f64, u32)> = Vec::with_capacity(numbers.len());
    for &(x, unit) in numbers {
        if x.is_nan() {
            cut.nans.push(nan(unit));
        } else {
            sorted.push((x, unit));
        }
    }
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut parts: Vec<Vec<u32>> = sorted
        .chunk_by(|a, b| linked(a.0, b.0, tolerance))
        .map(|chunk| chunk.iter().map(|&(_, unit)| unit).collect())
        .collect();
    parts.iter_mut().for_each(|units| units.sort_unstable());
    parts.sort_unstable();
    parts
}

/// Whether there is no gap between `low` and `high`. Equal infinities are linked, different ones are not.
pub(super) fn linked(low: f64, high: f64, tolerance: f64) -> bool {
    low == high || high - low <= tolerance
}

/// The difference of two values; 0 between equal infinities.
pub(super) fn difference(low: f64, high: f64) -> f64 {
    if low == high { 0.0 } else { high - low }
}
