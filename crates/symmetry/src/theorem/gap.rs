//! How much the members of one group of numbers differ.

use std::cmp::Ordering;

use super::dense::{Dense, Order};
use crate::ulps::Ulps;

/// The two members of a group of numbers that differ most, by their positions.
#[derive(Clone, Copy)]
pub(super) struct Gap {
    pub members: [usize; 2],
    pub difference: f64,
    pub ulps: u64,
    /// The largest distance in representable numbers of any pair.
    pub most_ulps: u64,
}

/// The widest gap in one group; None if all numbers are bitwise equal.
pub(super) fn widest_gap<T: Ulps>(group: &[T]) -> Option<Gap> {
    widest_gap_along(group, true, 1, group.len())
}

/// The widest gap between two output units at any input.
pub(super) fn gap_between_outputs<T: Ulps>(layer: &Dense<'_, T>) -> Option<Gap> {
    let input_major = layer.order == Order::InputMajor;
    widest_gap_along(layer.weight, input_major, layer.inputs, layer.outputs)
}

/// The widest gap between two inputs at any output unit.
pub(super) fn gap_between_inputs<T: Ulps>(layer: &Dense<'_, T>) -> Option<Gap> {
    let output_major = layer.order == Order::OutputMajor;
    widest_gap_along(layer.weight, output_major, layer.outputs, layer.inputs)
}

/// The widest gap between members of an axis of `length` places, at any of `others` places of the other axis.
/// `contiguous` says whether the members are adjacent in memory.
fn widest_gap_along<T: Ulps>(
    weight: &[T],
    contiguous: bool,
    others: usize,
    length: usize,
) -> Option<Gap> {
    if weight.is_empty() || length < 2 {
        return None;
    }
    let ordinal = |entry: &T| entry.ordinal();
    // The lowest and the highest member at each place of the other axis.
    let extremes: Vec<_> = if contiguous {
        weight.chunks(length).filter_map(|group| extremes(group.iter().map(ordinal))).collect()
    } else {
        let first = weight[..others].iter().map(ordinal);
        let mut extremes: Vec<_> = first.map(|ordinal| (ordinal, ordinal)).collect();
        for member in weight.chunks(others) {
            for ((low, high), entry) in extremes.iter_mut().zip(member) {
                *low = (*low).min(entry.ordinal());
                *high = (*high).max(entry.ordinal());
            }
        }
        extremes
    };
    let apart = extremes
        .into_iter()
        .enumerate()
        .filter(|(_, (low, high))| low != high || T::from_ordinal(*low).is_nan())
        .map(|(other, (low, high))| (other, (T::from_ordinal(low), T::from_ordinal(high))));
    let most_ulps = apart.clone().map(|(_, pair)| distance(pair).1).max()?;
    let (other, (low, high)) = apart.max_by(|(_, a), (_, b)| {
        distance(*a).partial_cmp(&distance(*b)).unwrap_or(Ordering::Equal)
    })?;
    let (start, stride) = if contiguous { (other * length, 1) } else { (other, others) };
    let group = weight[start..].iter().step_by(stride).take(length);
    let position = |wanted: T, except: Option<usize>| {
        let found = |(position, entry): (usize, &T)| {
            (entry.ordinal() == wanted.ordinal() && Some(position) != except).then_some(position)
        };
        group.clone().enumerate().find_map(found)
    };
    let lowest = position(low, None)?;
    // A NaN equals nothing, not even another NaN of the same bits.
    let highest = position(high, Some(lowest))?;
    let (difference, ulps) = distance((low, high));
    Some(Gap { members: [lowest, highest], difference, ulps, most_ulps })
}

/// The distance of two numbers, in value and in representable numbers.
fn distance<T: Ulps>((low, high): (T, T)) -> (f64, u64) {
    if low.is_nan() || high.is_nan() {
        return (f64::INFINITY, u64::MAX);
    }
    (high.to_f64() - low.to_f64(), crate::ulps(low, high))
}

/// The lowest and the highest of at least one ordinal.
fn extremes<O: Copy + Ord>(ordinals: impl Iterator<Item = O> + Clone) -> Option<(O, O)> {
    let first = ordinals.clone().next()?;
    Some(ordinals.fold((first, first), |(low, high), o| (low.min(o), high.max(o))))
}
