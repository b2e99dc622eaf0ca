//! Initialisers made of others, and the short ways to write them.

use super::{Function, Init, Place};

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
    /// use constinit::init::{Draw, Init, ParameterAxes};
    ///
    /// let checks = Init::function("checks", |place| f64::from((place.output + place.input) as u32 % 2));
    /// let values = checks.values(&[2, 3], ParameterAxes::LINEAR_WEIGHT, &Draw::default())?;
    /// assert_eq!(values, [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    /// # Ok::<(), constinit::Error>(())
    /// ```
    pub fn function(
        name: impl Into<String>,
        function: impl Fn(Place) -> f64 + Send + Sync + 'static,
    ) -> Self {
        Self::Function(Function::new(name, function))
    }

    /// This one times a number.
    #[must_use]
    pub fn scaled(self, gain: f64) -> Self {
        Self::Scaled { gain, of: Box::new(self) }
    }

    /// The sum of this one and another: a constant plus small noise.
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

    /// This one, with output units in so many classes.
    #[must_use]
    pub fn symmetrised(self, classes: usize) -> Self {
        Self::Symmetrised { outputs: Some(classes), inputs: None, of: Box::new(self) }
    }

    /// This one, with inputs in so many classes, for the weights that read symmetrised units.
    #[must_use]
    pub fn symmetrised_inputs(self, classes: usize) -> Self {
        Self::Symmetrised { outputs: None, inputs: Some(classes), of: Box::new(self) }
    }
}

/// The first unit of the class of a unit, for `units` in `classes` classes of nearly one size.
pub(super) fn first_of_class(unit: usize, units: usize, classes: usize) -> usize {
    let class = unit as u128 * classes as u128 / units as u128;
    (class * units as u128).div_ceil(classes as u128) as usize
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
