//! Ones on a diagonal: identities, whole and partial, and Dirac's kernels.

use super::Reason;
use super::checked::{divided, finite};
use super::form::Form;
use super::layout::Layout;

/// The identity of a square matrix.
pub(super) fn whole<'a>(layout: &Layout, gain: f64) -> Result<Form<'a>, Reason> {
    layout.matrix_axes()?;
    let (outputs, inputs) = (layout.outputs, layout.inputs);
    if outputs != inputs {
        return Err(Reason::NotSquare { outputs, inputs });
    }
    partial(layout, gain)
}

/// The diagonal of a matrix that need not be square.
pub(super) fn partial<'a>(layout: &Layout, gain: f64) -> Result<Form<'a>, Reason> {
    layout.matrix_axes()?;
    finite(&[("gain", gain)])?;
    let (size, centre) = (layout.outputs.min(layout.inputs), layout.centre());
    let offsets = (0..size).map(|n| layout.offset(n, n, centre)).collect();
    Ok(Form::Points { offsets, value: gain })
}

/// A partial identity in each group of outputs.
pub(super) fn dirac<'a>(layout: &Layout, groups: usize) -> Result<Form<'a>, Reason> {
    layout.matrix_axes()?;
    let size = divided(layout.outputs, "outputs", groups, "groups")?;
    let (channels, centre) = (size.min(layout.inputs), layout.centre());
    let places = (0..groups).flat_map(|group| (0..channels).map(move |n| (group * size + n, n)));
    let offsets = places.map(|(output, input)| layout.offset(output, input, centre)).collect();
    Ok(Form::Points { offsets, value: 1.0 })
}
