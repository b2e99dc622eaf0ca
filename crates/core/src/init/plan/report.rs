//! What a plan did.

use super::{InitRule, PlannedParameter};
use crate::text::number;
use crate::{Entries, FloatType};
use std::fmt;

/// One row for each parameter.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct InitReport {
    /// The rows, in the order in which Burn visits the parameters.
    pub rows: Vec<InitRow>,
}

/// What happened to a parameter.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct InitRow {
    /// Its path, as rules match it.
    pub path: String,
    /// The number of its rule, from 0; None if it was left as it is.
    pub rule: Option<usize>,
    /// The name of the initialiser, or why there is none.
    pub initialiser: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Fan-in and fan-out, if they are known.
    pub fans: Option<[usize; 2]>,
    /// The mean of the entries after filling.
    pub mean: f64,
    /// The standard deviation of the entries: the sum of squares is divided by their number.
    pub std: f64,
}

impl InitRow {
    /// The row of a parameter that no rule filled; its moments are read later.
    pub(super) fn untouched(parameter: &PlannedParameter, why: String) -> Self {
        Self {
            path: parameter.path.clone(),
            rule: None,
            initialiser: why,
            shape: parameter.shape.clone(),
            fans: parameter.axes.fans(&parameter.shape),
            mean: 0.0,
            std: 0.0,
        }
    }

    pub(super) fn filled(
        parameter: &PlannedParameter,
        number: usize,
        rule: &InitRule,
        [mean, std]: [f64; 2],
    ) -> Self {
        Self {
            path: parameter.path.clone(),
            rule: Some(number),
            initialiser: rule.init.name().to_owned(),
            shape: parameter.shape.clone(),
            fans: rule.axes(parameter).fans(&parameter.shape),
            mean,
            std,
        }
    }
}

/// Mean and standard deviation of numbers, each with the number of times that it occurs.
pub(super) fn moments(numbers: impl Iterator<Item = (f64, f64)> + Clone) -> [f64; 2] {
    // Relative to the first number, so that mean and deviation of equal numbers are exact.
    let first = numbers.clone().next().map_or(0.0, |(number, _)| number);
    let (mut count, mut sum) = (0.0, 0.0);
    numbers.clone().for_each(|(number, times)| {
        count += times;
        sum += times * (number - first);
    });
    let mean = first + sum / f64::max(count, 1.0);
    let squares = numbers.map(|(number, times)| times * (number - mean).powi(2)).sum::<f64>();
    [mean, (squares / f64::max(count, 1.0)).sqrt()]
}

/// Mean and standard deviation of all entries, as a parameter of this type has them.
pub(super) fn moments_of(entries: &Entries, float: FloatType) -> [f64; 2] {
    match entries {
        Entries::F64(entries) => moments(entries.iter().map(|entry| (float.rounded(*entry), 1.0))),
        Entries::F32(entries) => {
            moments(entries.iter().map(|entry| (float.rounded((*entry).into()), 1.0)))
        }
    }
}

impl InitReport {
    /// Adds the moments of parameters that no rule filled: `values` gives a parameter's entries by its path.
    pub fn complete(&mut self, values: impl Fn(&str) -> Option<Vec<f64>>) {
        for row in self.rows.iter_mut().filter(|row| row.rule.is_none()) {
            if let Some(entries) = values(&row.path) {
                [row.mean, row.std] = moments(entries.iter().map(|entry| (*entry, 1.0)));
            }
        }
    }

    /// Whether a row still needs [`InitReport::complete`].
    pub fn is_incomplete(&self) -> bool {
        self.rows.iter().any(|row| row.rule.is_none())
    }
}

impl fmt::Display for InitReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = ["parameter", "rule", "initialiser", "shape", "fan in, out", "mean", "std"];
        let cells = |row: &InitRow| {
            [
                row.path.clone(),
                row.rule.map_or("-".to_owned(), |rule| (rule + 1).to_string()),
                row.initialiser.clone(),
                format!("{:?}", row.shape),
                row.fans.map_or(String::new(), |[fan_in, out]| format!("{fan_in}, {out}")),
                number(row.mean, 6),
                number(row.std, 6),
            ]
        };
        let table: Vec<[String; 7]> =
            std::iter::once(header.map(str::to_owned)).chain(self.rows.iter().map(cells)).collect();
        let widths: [usize; 7] = std::array::from_fn(|column| {
            table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)
        });
        for row in &table {
            let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}
