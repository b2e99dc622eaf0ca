//! Normal weights, many of which are 0 for each input.

use super::Reason;
use super::checked::spread;
use super::form::Form;
use super::layout::Layout;
use super::random::{self, Entry};
use super::rng_key::RngKey;
use rand::{Rng, RngExt};

/// Normal entries, and zeros for a share of the outputs.
pub(super) fn form<'a>(layout: &Layout, sparsity: f64, std: f64) -> Result<Form<'a>, Reason> {
    layout.matrix_axes()?;
    spread(std)?;
    if !(0.0..=1.0).contains(&sparsity) {
        return Err(Reason::Setting { name: "sparsity", value: sparsity });
    }
    Ok(Form::Sparse { std, zeros: (sparsity * layout.outputs as f64).ceil() as usize })
}

/// Draws the entries, and for each input and kernel position the outputs that get 0.
pub(super) fn fill<E: Entry>(
    layout: &Layout,
    key: &RngKey,
    std: f64,
    zeros: usize,
    entries: &mut [E],
) {
    random::normal(entries, key, 0.0, std);
    let positions = layout.positions();
    let choice = key.part(0);
    for place in 0..layout.inputs * positions {
        let mut generator = choice.stream(place);
        for output in chosen(&mut generator, layout.outputs, zeros) {
            entries[layout.offset(output, place / positions, place % positions)] = E::of(0.0);
        }
    }
}

/// The first `wanted` numbers of a random order of `0..count`.
fn chosen(generator: &mut impl Rng, count: usize, wanted: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for place in 0..wanted.min(count) {
        let other = generator.random_range(place..count);
        order.swap(place, other);
    }
    order.truncate(wanted);
    order
}
