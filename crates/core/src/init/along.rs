//! Constants, ramps and given values: entries that depend on the output, on the input, or on neither.

use super::Reason;
use super::checked::finite;
use super::form::Form;
use super::layout::Layout;

/// One number everywhere.
pub(super) fn constant<'a>(value: f64) -> Result<Form<'a>, Reason> {
    finite(&[("value", value)])?;
    Ok(Form::Everywhere(value))
}

/// `start + step * place` along an axis.
pub(super) fn ramp<'a>(
    layout: &Layout,
    axis: usize,
    start: f64,
    step: f64,
) -> Result<Form<'a>, Reason> {
    finite(&[("start", start), ("step", step)])?;
    let places = 0..layout.shape[axis];
    Ok(Form::Along {
        axis,
        values: places.map(|place| step.mul_add(place as f64, start)).collect(),
    })
}

/// A number for each of the inputs or outputs.
pub(super) fn given<'a>(
    layout: &Layout,
    axis: usize,
    what: &'static str,
    values: &[f64],
) -> Result<Form<'a>, Reason> {
    let places = layout.shape[axis];
    if values.len() != places {
        return Err(Reason::ValueCount { values: values.len(), places, what });
    }
    values.iter().try_for_each(|value| finite(&[("value", *value)]))?;
    Ok(Form::Along { axis, values: values.to_vec() })
}
