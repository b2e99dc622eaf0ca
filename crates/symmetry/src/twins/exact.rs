//! Cuts classes by exact comparisons, and reads as little as possible.
//!
//! The units of a class are compared with its smallest unit. Units that agree to the end stay. The others are put into
//! boxes by the position where they first differ and the entries there. Only boxes with two or more units are read
//! further, from that position. So no entry of a unit is read twice (except those of the first glimpse), and none after
//! the unit is alone.

use crate::classes::{Classes, Cut};
use crate::element::Element;
use crate::layout::UnitLayout;
use crate::parallel;
use crate::sameness::Sameness;
use crate::twins::boxes::Boxes;
use crate::twins::rows::Rows;
use crate::twins::short;
use crate::twins::slab::{BLOCK, GLIMPSE, NOWHERE, Slab, Stray};

/// The approximate number of bytes that are worth a separate task.
const TASK: usize = 1 << 18;
/// The cost of a unit with a run of a few entries, in the same bytes.
const SHORT: usize = 64;

/// Refines `classes` by the first few entries of one parameter along one unit axis.
///
/// This decides for almost every unit of a network without symmetry.
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

/// For short runs: checks many slabs at once for one that cuts anything, since most do not.
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

fn cut_all<E: Element, S: Sameness<E>>(classes: &mut Classes, slab: &Slab<'_, E, S>) {
    let short = slab.layout.run.len <= GLIMPSE;
    let unit_bytes = if short { SHORT } else { slab.layout.run.len * size_of::<E>() };
    let class_bytes =
        (classes.live_units().len() / classes.len().max(1)).saturating_mul(unit_bytes);
    let cuts = parallel::map(0..classes.len(), TASK / class_bytes.max(1) + 1, |number| {
        let class = classes.class(number);
        if short { short::cut(class, slab) } else { cut(class, slab) }
    });
    classes.replace(cuts);
}

/// Units that agree on everything before a position, ascending.
type Open = (Vec<u32>, usize);

/// Cuts one class by one slab with long runs.
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

/// Reads the next leap of all units of all boxes, in memory order. Returns one list of strays per box.
fn read_on<E: Element, S: Sameness<E>>(
    boxes: &[Open],
    slab: &Slab<'_, E, S>,
) -> Vec<Vec<Stray<E>>> {
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

/// Keeps the units together that agree with the smallest unit of a box, and puts the others into new boxes.
fn settle<E: Element, S: Sameness<E>>(
    units: &[u32],
    from: usize,
    mut strays: Vec<Stray<E>>,
    slab: &Slab<'_, E, S>,
    done: &mut Cut,
) -> Vec<Open> {
    let (first, to) = (units[0], slab.leap(from));
    // Units are compared by bits, so the smallest unit must be searched for a NaN as far as any unit was read.
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

/// Puts the strays of a class into boxes: those that are equal so far share a box.
fn sort_out<E: Element, S: Sameness<E>>(
    slab: &Slab<'_, E, S>,
    first: u32,
    strays: &[Stray<E>],
    done: &mut Cut,
) -> Vec<Open> {
    // The smallest unit itself may hold a NaN, from which all other units differ.
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
    let mut boxes = Boxes::new(strays.len());
    for (number, stray) in strays.iter().enumerate() {
        if stray.summary.has_nan() {
            let position = slab.nan_in_block(stray.unit, stray.position);
            done.nans.extend(position.map(|position| slab.nan(stray.unit, position)));
            done.splits.push(slab.split(stray.unit, stray.position, stray.value, first));
        } else if boxes.insert(number, stray.summary.0, |other| alike(stray, &strays[other])) {
            done.splits.push(slab.split(stray.unit, stray.position, stray.value, first));
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
