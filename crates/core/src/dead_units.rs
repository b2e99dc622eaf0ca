//! Dead units: their activation has slope 0 on every example, so no gradient reaches their incoming weights.
//!
//! A slope counts as 0 if `|a'(z)| < 2^-23`, the ulp of 1 in single precision. The slope of ReLU is 0 or 1; that of a
//! saturated tanh, sigmoid or GELU falls below this limit. Which units are dead depends on data, unlike the findings of
//! weights alone ([`Findings`](constinit_symmetry::Findings)).
//!
//! ```
//! use constinit_core::{Activation, dead_units};
//!
//! // Two units on two examples: the second one is below 0 on both.
//! assert_eq!(dead_units(Activation::Relu, &[-1.0, -2.0, 0.5, 0.0], 2), [false, true]);
//! assert_eq!(dead_units(Activation::Tanh, &[9.0, 8.0, -9.0, 8.0], 2), [true, false]);
//! ```

use constinit_symmetry::Activation;
use constinit_symmetry::dynamics::ActivationFunction;

/// Which units have slope 0 on every example.
///
/// # Shapes
///
/// - `before`: what goes into the activation, `[examples, units]`, row-major
///
/// # Complexity
///
/// One slope for each example and each unit, until an example shows that the unit is not dead.
pub fn dead_units(activation: Activation, before: &[f64], units: usize) -> Vec<bool> {
    let mut found = DeadUnits::new(activation, units);
    found.add(before);
    found.dead().to_vec()
}

/// The units of a hidden layer that had slope 0 on all examples so far.
///
/// ```
/// use constinit_core::{Activation, DeadUnits};
///
/// let mut found = DeadUnits::new(Activation::Relu, 2);
/// found.add(&[-1.0, -1.0, -1.0, -1.0]);
/// assert_eq!((found.count(), found.witness()), (2, None));
/// found.add(&[-1.0, 3.0]);
/// assert_eq!((found.dead(), found.witness()), (&[true, false][..], Some(2)));
/// ```
#[derive(Clone, Debug)]
pub struct DeadUnits {
    activation: Activation,
    dead: Vec<bool>,
    count: usize,
    examples: usize,
    witness: Option<usize>,
}

impl DeadUnits {
    /// A layer of `units` units, before any example.
    pub fn new(activation: Activation, units: usize) -> Self {
        Self { activation, dead: vec![true; units], count: units, examples: 0, witness: None }
    }

    /// Takes examples into account: `before` is what goes into the activation, `[examples, units]`, row-major.
    pub fn add(&mut self, before: &[f64]) {
        for row in before.chunks(self.dead.len().max(1)) {
            if self.count > 0 {
                self.add_example(row);
            }
            self.examples += 1;
        }
    }

    fn add_example(&mut self, row: &[f64]) {
        let flat = f64::from(f32::EPSILON);
        for (dead, z) in self.dead.iter_mut().zip(row) {
            // A unit with NaN does not count as dead: NaN is reported elsewhere.
            if *dead && (z.is_nan() || self.activation.slope(z).abs() >= flat) {
                *dead = false;
                self.count -= 1;
                self.witness.get_or_insert(self.examples);
            }
        }
    }

    /// For each unit, whether it had slope 0 on all examples so far.
    pub fn dead(&self) -> &[bool] {
        &self.dead
    }

    /// How many units had slope 0 on all examples so far.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The first example, counted from 0, on which a unit had a slope other than 0.
    pub fn witness(&self) -> Option<usize> {
        self.witness
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn examples_may_come_in_any_portions(
            rows in prop::collection::vec([-2.0..0.5_f64, -2.0..0.1_f64, -2.0..-0.1_f64], 1..9),
            cut in 0..9_usize,
        ) {
            let whole = dead_units(Activation::Relu, rows.as_flattened(), 3);
            let expected = [0, 1, 2].map(|unit| rows.iter().all(|row| row[unit] <= 0.0));
            prop_assert_eq!(&whole, &expected);
            let (first, second) = rows.split_at(cut.min(rows.len()));
            let mut found = DeadUnits::new(Activation::Relu, 3);
            for rows in [first, second] {
                found.add(rows.as_flattened());
            }
            prop_assert_eq!(found.dead(), &whole[..]);
            prop_assert_eq!(found.count(), whole.iter().filter(|dead| **dead).count());
            let alive = rows.iter().position(|row| row.iter().any(|z| *z > 0.0));
            prop_assert_eq!(found.witness(), alive);
        }
    }

    /// 1 - tanh² is 2^-23 at 8.66, σ(1 - σ) at 15.9, exp at -15.9; from Python's math.
    #[test]
    fn saturated_units_are_dead_where_single_precision_has_no_slope() {
        for (activation, alive, dead) in [
            (Activation::Tanh, 8.6, 8.7),
            (Activation::Sigmoid, 15.9, 16.0),
            (Activation::Elu, -15.9, -16.0),
            (Activation::Softplus, -15.9, -16.0),
            (Activation::Relu, 1e-30, 0.0),
        ] {
            assert_eq!(dead_units(activation, &[alive, dead], 2), [false, true], "{activation:?}");
        }
        for activation in [Activation::LeakyRelu, Activation::Identity] {
            assert_eq!(dead_units(activation, &[-1e30, 0.0], 2), [false; 2]);
        }
        assert_eq!(dead_units(Activation::Relu, &[f64::NAN], 1), [false]);
    }
}
