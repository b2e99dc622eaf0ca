//! Hadamard matrices, and ZerO, which uses them in layers that widen.

use super::Reason;
use super::checked::finite;
use super::form::Form;
use super::identity;
use super::layout::Layout;

/// The orthogonal Hadamard matrix, cut to the size of the parameter.
pub(super) fn form<'a>(layout: &Layout, gain: f64) -> Result<Form<'a>, Reason> {
    layout.matrix_axes()?;
    finite(&[("gain", gain)])?;
    let order = order(layout.outputs.max(layout.inputs));
    Ok(at_centre(layout, gain * 2.0_f64.powi(order).sqrt().recip()))
}

/// Algorithms 1 and 2 of the paper on ZerO.
pub(super) fn zero_one<'a>(layout: &Layout) -> Result<Form<'a>, Reason> {
    layout.matrix_axes()?;
    if layout.outputs <= layout.inputs {
        return identity::partial(layout, 1.0);
    }
    Ok(at_centre(layout, 2.0_f64.powf(-f64::from(order(layout.outputs) - 1) / 2.0)))
}

fn at_centre<'a>(layout: &Layout, scale: f64) -> Form<'a> {
    let centre = layout.centre();
    let value = move |[output, input, position]: [usize; 3]| {
        if position == centre { scale * sign(output, input) } else { 0.0 }
    };
    Form::Pointwise(Box::new(value))
}

/// An entry of Sylvester's matrix.
fn sign(output: usize, input: usize) -> f64 {
    if (output & input).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 }
}

/// The smallest `m` with `2^m >= size`.
fn order(size: usize) -> i32 {
    size.next_power_of_two().trailing_zeros() as i32
}
