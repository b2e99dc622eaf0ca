//! Comparison with numbers that another program printed for the same run.

use crate::config::{Printed, PrintedStep};
use burn::tensor::TensorData;

/// How many printed numbers came out.
#[derive(Debug)]
pub struct Comparison<'a> {
    printed: &'a Printed,
    agreed: usize,
    compared: usize,
    first_difference: Option<String>,
}

impl<'a> Comparison<'a> {
    pub fn new(printed: &'a Printed) -> Self {
        Self { printed, agreed: 0, compared: 0, first_difference: None }
    }

    /// Compares the outputs before training, `[examples, outputs]`.
    pub fn outputs(&mut self, outputs: &TensorData) {
        let printed = self.printed;
        let columns = outputs.shape.as_slice().last().copied().unwrap_or(0);
        for (entry, value) in outputs.iter::<f64>().enumerate() {
            let expected = printed.outputs_before_training.get(entry / columns.max(1)).copied();
            self.compare("outputs before training", 0, expected, value);
        }
    }

    /// Compares the parameters after a step: first weight `[inputs, units]`, first bias, second
    /// weight, second bias.
    pub fn parameters(&mut self, step: usize, parameters: &[&TensorData]) {
        let printed = self.printed;
        let Some(expected) = printed.after_step.iter().find(|after| after.step == step) else {
            return;
        };
        let PrintedStep { linear1_weight_row, linear1_bias, linear2_weight, linear2_bias, .. } =
            expected;
        for (number, data) in parameters.iter().enumerate() {
            let units = data.shape.as_slice().last().copied().unwrap_or(1).max(1);
            for (entry, value) in data.iter::<f64>().enumerate() {
                let (name, expected) = match number {
                    0 => ("linear1.weight", linear1_weight_row.get(entry / units).copied()),
                    1 => ("linear1.bias", Some(*linear1_bias)),
                    2 => ("linear2.weight", Some(*linear2_weight)),
                    3 => ("linear2.bias", Some(*linear2_bias)),
                    _ => ("a further parameter", None),
                };
                self.compare(name, step, expected, value);
            }
        }
    }

    fn compare(&mut self, name: &str, step: usize, expected: Option<f64>, found: f64) {
        self.compared += 1;
        let four = |value: f64| format!("{value:.4}").replace("-0.0000", "0.0000");
        let expected = expected.map_or("nothing".to_owned(), four);
        if four(found) == expected {
            self.agreed += 1;
        } else {
            self.first_difference.get_or_insert_with(|| {
                format!("{name} after step {step}: printed {expected}, computed {}", four(found))
            });
        }
    }

    /// Whether all numbers came out.
    pub fn agrees(&self) -> bool {
        self.first_difference.is_none()
    }

    /// The result for people.
    pub fn sentence(&self) -> String {
        let Self { agreed, compared, .. } = self;
        match &self.first_difference {
            None => format!(
                "All {compared} numbers that were printed elsewhere came out, to 4 decimals."
            ),
            Some(first) => {
                format!(
                    "Of {compared} numbers that were printed elsewhere {agreed} came out; {first}."
                )
            }
        }
    }
}
