//! What a plan did.

use super::{Rule, Subject};
use crate::init::ParameterAxes;
use burn::tensor::TensorData;
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
    /// Its path, as the rules know it.
    pub path: String,
    /// The number of its rule, from 0; None where it was left as it is.
    pub rule: Option<usize>,
    /// The name of the initialiser, or why there is none.
    pub initialiser: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Fan-in and fan-out, where they are known.
    pub fans: Option<[usize; 2]>,
    /// The mean of the entries; 0 where nothing was filled.
    pub mean: f64,
    /// The standard deviation of the entries, as of a whole population.
    pub std: f64,
}

impl InitRow {
    pub(super) fn kept(subject: &Subject, tied: Option<String>) -> Self {
        let initialiser = tied.map_or("kept".to_owned(), |first| format!("tied to {first}"));
        Self {
            path: subject.path.clone(),
            rule: None,
            initialiser,
            shape: subject.shape.clone(),
            fans: subject.axes.fans(&subject.shape),
            mean: 0.0,
            std: 0.0,
        }
    }

    pub(super) fn filled(
        subject: &Subject,
        number: usize,
        rule: &Rule,
        axes: ParameterAxes,
        data: &TensorData,
    ) -> Self {
        let [mean, std] = moments(data);
        Self {
            path: subject.path.clone(),
            rule: Some(number),
            initialiser: rule.init.name().to_owned(),
            shape: subject.shape.clone(),
            fans: axes.fans(&subject.shape),
            mean,
            std,
        }
    }
}

fn moments(data: &TensorData) -> [f64; 2] {
    let count = data.num_elements().max(1) as f64;
    let of = |entries: &mut dyn Iterator<Item = f64>| entries.sum::<f64>() / count;
    let each =
        |function: &dyn Fn(f64) -> f64| match (data.as_slice::<f32>(), data.as_slice::<f64>()) {
            (Ok(entries), _) => of(&mut entries.iter().map(|e| function(f64::from(*e)))),
            (_, Ok(entries)) => of(&mut entries.iter().map(|e| function(*e))),
            _ => of(&mut data.iter::<f64>().map(function)),
        };
    let mean = each(&|entry| entry);
    [mean, each(&|entry| (entry - mean).powi(2)).sqrt()]
}

impl fmt::Display for InitReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = ["parameter", "rule", "initialiser", "shape", "fan in, out", "mean", "std"];
        let cells = |row: &InitRow| {
            let filled = |value: f64| row.rule.map_or(String::new(), |_| format!("{value:.6}"));
            [
                row.path.clone(),
                row.rule.map_or("-".to_owned(), |rule| (rule + 1).to_string()),
                row.initialiser.clone(),
                format!("{:?}", row.shape),
                row.fans.map_or(String::new(), |[fan_in, out]| format!("{fan_in}, {out}")),
                filled(row.mean),
                filled(row.std),
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
