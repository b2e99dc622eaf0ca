//! Comparison of a run with the numbers that its configuration expects, `[expected]`.

use crate::config::{Expected, ExpectedStep};
use burn::tensor::TensorData;
use serde::{Deserialize, Serialize};

/// Which of the expected numbers were reproduced.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExpectedCheck {
    numbers: Vec<ExpectedNumber>,
    /// Computed numbers that were compared.
    compared: usize,
    agreed: usize,
    first_difference: Option<String>,
}

/// An expected number. It holds for all entries of an example, of a unit's input, or of a parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ExpectedNumber {
    step: usize,
    name: String,
    /// Its position among the numbers of this name.
    position: usize,
    value: f64,
    /// Whether the run has computed a number for it.
    reached: bool,
}

const OUTPUTS: &str = "outputs before training";

impl ExpectedCheck {
    pub fn new(expected: &Expected) -> Self {
        let mut numbers = Vec::new();
        let mut add = |step: usize, name: &str, values: &[f64]| {
            let number = |(position, value): (usize, &f64)| ExpectedNumber {
                step,
                name: name.to_owned(),
                position,
                value: *value,
                reached: false,
            };
            numbers.extend(values.iter().enumerate().map(number));
        };
        add(0, OUTPUTS, &expected.outputs_before_training);
        for after in &expected.after_step {
            let ExpectedStep { step, linear1_weight_row, .. } = after;
            add(*step, "linear1.weight", linear1_weight_row);
            add(*step, "linear1.bias", &[after.linear1_bias]);
            add(*step, "linear2.weight", &[after.linear2_weight]);
            add(*step, "linear2.bias", &[after.linear2_bias]);
        }
        Self { numbers, compared: 0, agreed: 0, first_difference: None }
    }

    /// Compares the outputs before training, `[examples, outputs]`.
    pub fn outputs(&mut self, outputs: &TensorData) {
        self.block(0, OUTPUTS, outputs, true);
    }

    /// Compares the parameters after a step, by name, weights as `[input, output]`.
    pub fn parameters<'a>(
        &mut self,
        step: usize,
        parameters: impl IntoIterator<Item = (&'a str, &'a TensorData)>,
    ) {
        if step == 0 || !self.numbers.iter().any(|number| number.step == step) {
            return;
        }
        for (name, data) in parameters {
            // For the first weight, one row is expected: one number per input.
            self.block(step, name, data, name == "linear1.weight");
        }
    }

    /// Compares a block of numbers: one is expected for each index of the first axis, or one for all.
    fn block(&mut self, step: usize, name: &str, data: &TensorData, by_row: bool) {
        let columns = data.shape.as_slice().last().copied().unwrap_or(1).max(1);
        for (entry, value) in data.iter::<f64>().enumerate() {
            let position = if by_row { entry / columns } else { 0 };
            let number = self.numbers.iter_mut().find(|number| {
                number.step == step && number.name == name && number.position == position
            });
            let expected = number.map(|number| {
                number.reached = true;
                four(number.value)
            });
            self.compared += 1;
            let found = four(value);
            if expected.as_ref() == Some(&found) {
                self.agreed += 1;
            } else {
                let expected = expected.as_deref().unwrap_or("nothing");
                self.first_difference.get_or_insert_with(|| {
                    format!("{name} after step {step}: expected {expected}, computed {found}")
                });
            }
        }
    }

    /// The first difference from the expected numbers; None if all of them were reproduced.
    pub fn difference(&self) -> Option<String> {
        let missing = || {
            let number = self.numbers.iter().find(|number| !number.reached)?;
            let ExpectedNumber { step, name, value, .. } = number;
            Some(format!("{name} after step {step}: expected {}, never computed", four(*value)))
        };
        self.first_difference.clone().or_else(missing)
    }

    /// The result for people.
    pub fn sentence(&self) -> String {
        let missing = self.numbers.iter().filter(|number| !number.reached).count();
        let all = self.compared + missing;
        match self.difference() {
            None => format!("All {all} expected numbers were reproduced, to 4 decimals."),
            Some(first) => format!(
                "{} of {all} expected numbers were reproduced, to 4 decimals. First difference: {first}.",
                self.agreed
            ),
        }
    }
}

fn four(value: f64) -> String {
    format!("{value:.4}").replace("-0.0000", "0.0000")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected() -> Expected {
        let step = ExpectedStep {
            step: 2,
            linear1_weight_row: vec![1.0, 2.0],
            linear1_bias: 0.5,
            linear2_weight: 3.0,
            linear2_bias: -0.00001,
        };
        Expected { outputs_before_training: vec![7.0], after_step: vec![step] }
    }

    fn data<const D: usize>(values: &[f64], shape: [usize; D]) -> TensorData {
        TensorData::new(values.to_vec(), shape)
    }

    #[test]
    fn every_number_is_wanted_once_the_run_is_over() {
        let mut comparison = ExpectedCheck::new(&expected());
        let missing = "outputs before training after step 0: expected 7.0000, never computed";
        assert_eq!(comparison.difference().as_deref(), Some(missing));
        comparison.outputs(&data(&[7.00004, 6.99996], [1, 2]));
        assert!(comparison.difference().unwrap().starts_with("linear1.weight after step 2"));
        let (weight, bias) = (data(&[1.0, 1.0, 2.0, 2.0], [2, 2]), data(&[0.5, 0.5], [2]));
        let (later, last) = (data(&[3.0, 3.0], [2, 1]), data(&[0.0], [1]));
        let mut whole = comparison.clone();
        // Nothing is expected of this step.
        whole.parameters(1, [("linear1.weight", &later)]);
        let names = ["linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias"];
        whole.parameters(2, names.into_iter().zip([&weight, &bias, &later, &last]));
        assert_eq!(whole.difference(), None);
        assert!(whole.sentence().starts_with("All 11 expected numbers"), "{}", whole.sentence());

        // Without biases the later weight is still compared by its name.
        let mut bare = comparison.clone();
        bare.parameters(2, [("linear1.weight", &weight), ("linear2.weight", &later)]);
        assert!(bare.difference().unwrap().starts_with("linear1.bias after step 2"));
        assert!(bare.sentence().contains(" of 10 expected numbers"), "{}", bare.sentence());

        // Numbers that are not expected are a difference, too.
        comparison.parameters(2, [("linear1.weight", &data(&[1.0, 2.0, 3.0], [3, 1]))]);
        let surplus = "linear1.weight after step 2: expected nothing, computed 3.0000";
        assert_eq!(comparison.difference().as_deref(), Some(surplus));
    }
}
