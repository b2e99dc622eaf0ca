//! Initialisers that are made of others, and short constructors.

use super::Reason;
use super::checked::{at_most, finite};
use super::form::{Form, Pointwise};
use super::layout::Layout;
use super::{Function, Init, Place, RngKey};
use rayon::prelude::*;

impl Init {
    /// [`Init::Constant`].
    pub fn constant(value: f64) -> Self {
        Self::Constant { value }
    }

    /// [`Init::Normal`].
    pub fn normal(mean: f64, std: f64) -> Self {
        Self::Normal { mean, std }
    }

    /// [`Init::Uniform`].
    pub fn uniform(low: f64, high: f64) -> Self {
        Self::Uniform { low, high }
    }

    /// A function of the place.
    ///
    /// ```
    /// use constinit_core::init::{RngKey, Init, ParameterAxes};
    ///
    /// let checks = Init::function("checks", |place| f64::from((place.output + place.input) as u32 % 2));
    /// let values = checks.values(&[2, 3], ParameterAxes::LINEAR_WEIGHT, &RngKey::default())?;
    /// assert_eq!(values, [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    /// # Ok::<(), constinit_core::Error>(())
    /// ```
    pub fn function(
        name: impl Into<String>,
        function: impl Fn(Place) -> f64 + Send + Sync + 'static,
    ) -> Self {
        Self::Function(Function::new(name, function))
    }

    /// This initialiser times a number.
    #[must_use]
    pub fn scaled(self, gain: f64) -> Self {
        Self::Scaled { gain, of: Box::new(self) }
    }

    /// The sum of this initialiser and another, such as a constant plus small noise.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        match self {
            Self::Sum { mut of } => {
                of.push(other);
                Self::Sum { of }
            }
            first => Self::Sum { of: vec![first, other] },
        }
    }

    /// This initialiser, with output units in `classes` classes.
    #[must_use]
    pub fn symmetrised(self, classes: usize) -> Self {
        Self::Symmetrised { outputs: Some(classes), inputs: None, of: Box::new(self) }
    }

    /// This initialiser, with inputs in `classes` classes: for weights that read symmetrised units.
    #[must_use]
    pub fn symmetrised_inputs(self, classes: usize) -> Self {
        Self::Symmetrised { outputs: None, inputs: Some(classes), of: Box::new(self) }
    }
}

/// The first unit in the class of `unit`, if `units` units are in `classes` classes of nearly equal size.
pub(super) fn first_of_class(unit: usize, units: usize, classes: usize) -> usize {
    let class = unit as u128 * classes as u128 / units as u128;
    (class * units as u128).div_ceil(classes as u128) as usize
}

/// An initialiser times a number.
pub(super) fn scaled<'a>(
    of: &'a Init,
    gain: f64,
    layout: &Layout,
    key: &RngKey,
) -> Result<Form<'a>, Reason> {
    finite(&[("gain", gain)])?;
    Ok(match of.form(layout, key)? {
        Form::Everywhere(value) => Form::Everywhere(gain * value),
        Form::Along { axis, values } => {
            Form::Along { axis, values: values.into_iter().map(|value| gain * value).collect() }
        }
        Form::Points { offsets, value } => Form::Points { offsets, value: gain * value },
        Form::Pointwise(function) => Form::Pointwise(Box::new(move |place| gain * function(place))),
        Form::Normal { mean, std } => Form::Normal { mean: gain * mean, std: gain.abs() * std },
        other => {
            let (layout, key) = (layout.clone(), key.clone());
            Form::Whole(Box::new(move || {
                let mut entries = other.doubles(&layout, &key)?;
                entries.iter_mut().for_each(|entry| *entry *= gain);
                Ok(entries)
            }))
        }
    })
}

/// The sum of initialisers, each with other random numbers.
pub(super) fn sum<'a>(of: &'a [Init], layout: &Layout, key: &RngKey) -> Result<Form<'a>, Reason> {
    let mut known: Vec<Pointwise<'a>> = Vec::new();
    let mut others = Vec::new();
    for (number, term) in of.iter().enumerate() {
        let key = key.part(number);
        match term.form(layout, &key)?.pointwise(layout) {
            Ok(function) => known.push(function),
            Err(form) => others.push((form, key)),
        }
    }
    let known: Pointwise<'a> =
        Box::new(move |place| known.iter().fold(0.0, |sum, function| sum + function(place)));
    if others.is_empty() {
        return Ok(Form::Pointwise(known));
    }
    let layout = layout.clone();
    Ok(Form::Whole(Box::new(move || {
        let start = |offset: usize| known(layout.place(offset));
        let mut sum: Vec<f64> = (0..layout.entries()).map(start).collect();
        for (form, key) in others {
            let term = form.doubles(&layout, &key)?;
            sum.iter_mut().zip(term).for_each(|(sum, term)| *sum += term);
        }
        Ok(sum)
    })))
}

/// An initialiser with the units of each class made equal.
pub(super) fn symmetrised<'a>(
    of: &'a Init,
    outputs: Option<usize>,
    inputs: Option<usize>,
    layout: &Layout,
    key: &RngKey,
) -> Result<Form<'a>, Reason> {
    for (classes, axis, units, what) in [
        (outputs, layout.output_axis(), layout.outputs, "outputs"),
        (inputs, layout.input_axis(), layout.inputs, "inputs"),
    ] {
        if let Some(classes) = classes {
            axis?;
            at_most(&format!("classes of {what}"), classes, units)?;
        }
    }
    let all = [layout.outputs, layout.inputs];
    let first = move |[output, input, position]: [usize; 3]| {
        let of = |unit, units, classes: Option<usize>| {
            classes.map_or(unit, |classes| first_of_class(unit, units, classes))
        };
        [of(output, all[0], outputs), of(input, all[1], inputs), position]
    };
    Ok(match of.form(layout, key)?.pointwise(layout) {
        Ok(function) => Form::Pointwise(Box::new(move |place| function(first(place)))),
        Err(form) => {
            let (layout, key) = (layout.clone(), key.clone());
            Form::Whole(Box::new(move || {
                let whole = form.doubles(&layout, &key)?;
                let entry = |offset: usize| {
                    let [output, input, position] = first(layout.place(offset));
                    whole[layout.offset(output, input, position)]
                };
                Ok((0..whole.len()).into_par_iter().map(entry).collect())
            }))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_of_nearly_one_size() {
        let first = |units, classes| -> Vec<usize> {
            (0..units).map(|unit| first_of_class(unit, units, classes)).collect()
        };
        assert_eq!(first(6, 2), [0, 0, 0, 3, 3, 3]);
        assert_eq!(first(5, 2), [0, 0, 0, 3, 3]);
        assert_eq!(first(3, 3), [0, 1, 2]);
        assert_eq!(first(7, 3), [0, 0, 0, 3, 3, 5, 5]);
    }
}
