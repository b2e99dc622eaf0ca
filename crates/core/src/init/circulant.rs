//! Weights that shift by one input from each output unit to the next.

use super::Reason;
use super::checked::finite;
use super::form::Form;
use super::layout::Layout;

/// `values[(i - o) mod n]` for output `o` and input `i`.
pub(super) fn form<'a>(layout: &Layout, values: &'a [f64]) -> Result<Form<'a>, Reason> {
    layout.matrix_axes()?;
    let (outputs, inputs) = (layout.outputs, layout.inputs);
    if outputs != inputs {
        return Err(Reason::NotSquare { outputs, inputs });
    }
    if values.len() != inputs {
        return Err(Reason::ValueCount { values: values.len(), places: inputs, what: "inputs" });
    }
    for value in values {
        finite(&[("value", *value)])?;
    }
    Ok(Form::Pointwise(Box::new(move |[output, input, _]| {
        values[(input + inputs - output) % inputs]
    })))
}
