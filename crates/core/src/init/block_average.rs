//! Outputs that average blocks of inputs.

use super::Reason;
use super::checked::{at_most, finite};
use super::form::Form;
use super::layout::Layout;

/// The number of the block that contains a place.
pub(super) fn block(place: usize, places: usize, blocks: usize) -> usize {
    (place as u128 * blocks as u128 / places as u128) as usize
}

/// Every output averages the block of inputs that has the number of the output's block.
pub(super) fn form<'a>(layout: &Layout, blocks: usize, gain: f64) -> Result<Form<'a>, Reason> {
    layout.matrix_axes()?;
    finite(&[("gain", gain)])?;
    let (outputs, inputs) = (layout.outputs, layout.inputs);
    at_most("blocks", blocks, outputs.min(inputs))?;
    let mut sizes = vec![0_usize; blocks];
    (0..inputs).for_each(|input| sizes[block(input, inputs, blocks)] += 1);
    let weight = |size| gain / (size * layout.positions()) as f64;
    let weights: Vec<f64> = sizes.into_iter().map(weight).collect();
    Ok(Form::Pointwise(Box::new(move |[output, input, _]| {
        let number = block(output, outputs, blocks);
        if number == block(input, inputs, blocks) { weights[number] } else { 0.0 }
    })))
}
