//! Deterministic matrices: Hadamard's, waves, averages of blocks, and where a diagonal has its ones.

use super::layout::Layout;
use std::f64::consts::TAU;

/// The number of the block of a place.
pub(super) fn block(place: usize, places: usize, blocks: usize) -> usize {
    (place as u128 * blocks as u128 / places as u128) as usize
}

/// The reciprocal of how many inputs a block averages, for every block.
pub(super) fn block_weights(layout: &Layout, blocks: usize, gain: f64) -> Vec<f64> {
    let mut sizes = vec![0_usize; blocks];
    (0..layout.inputs).for_each(|input| sizes[block(input, layout.inputs, blocks)] += 1);
    let positions = layout.positions();
    sizes.into_iter().map(|size| gain / (size * positions) as f64).collect()
}

/// Sylvester's Hadamard matrix.
pub(super) fn hadamard(output: usize, input: usize) -> f64 {
    if (output & input).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 }
}

/// The smallest `m` with `2^m >= size`.
pub(super) fn order(size: usize) -> i32 {
    size.next_power_of_two().trailing_zeros() as i32
}

/// The offsets of `(n, n)` at the centre.
pub(super) fn diagonal(layout: &Layout) -> impl Iterator<Item = usize> {
    let centre = layout.centre();
    (0..layout.outputs.min(layout.inputs)).map(move |n| layout.offset(n, n, centre))
}

/// The waves of the sinusoidal initialisation, outputs times places, before they are scaled.
pub(super) fn wave(layout: &Layout, [output, input, position]: [usize; 3]) -> f64 {
    let places = layout.inputs * layout.positions();
    let place = input * layout.positions() + position;
    let angle = TAU / places as f64 * place as f64 + TAU / layout.outputs as f64;
    ((output + 1) as f64 * angle).sin()
}

/// What makes the variance of the waves `2 / (places + outputs)`.
pub(super) fn wave_scale(layout: &Layout) -> f64 {
    let entries = layout.entries();
    let values = || (0..entries).map(|offset| wave(layout, layout.place(offset)));
    let mean = values().sum::<f64>() / entries as f64;
    let variance = values().map(|v| (v - mean).powi(2)).sum::<f64>() / (entries as f64 - 1.0);
    let places = layout.inputs * layout.positions();
    (2.0 / (variance * (places + layout.outputs) as f64)).sqrt()
}
