//! The readings of a run, as records of `readings.jsonl` and of standard output with `--json`.

use super::ExpectedCheck;
use crate::config::RunConfig;
use burn::tensor::backend::Backend;
use constinit::ConstInit;
use constinit::params::{HostParameter, parameter_paths};
use constinit::probe::{FirstBreak, SymmetryReading};
use constinit::surgery::SpaceSizes;
use constinit::train::{Divergence, NonFinite, StopReason};
use constinit_core::text::number;
use constinit_records::{
    EndRecord, EndWord, FirstBreakRecord, FloatWord, PrintedRecord, QuotientRecord, QuotientSpace,
    READINGS_SCHEMA, ReadingRecord, StartRecord, VerdictWord,
};
use constinit_symmetry::theorem::Properties;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The first line of a run.
pub fn start_record<'a>(
    backend: &str,
    config: &'a RunConfig,
    quotient: bool,
) -> StartRecord<&'a RunConfig> {
    StartRecord {
        schema: READINGS_SCHEMA,
        version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        target: Some(format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS)),
        backend: backend.to_owned(),
        // All backends of the program compute in single precision.
        float: Some(FloatWord::F32),
        config,
        quotient,
    }
}

/// The record of the quotient that is trained in place of the full network.
pub fn quotient_record(spaces: &[SpaceSizes], [parameters, trained]: [usize; 2]) -> QuotientRecord {
    let space = |space: &SpaceSizes| QuotientSpace {
        name: space.name.clone(),
        units: space.before,
        trained: space.after,
    };
    QuotientRecord { spaces: spaces.iter().map(space).collect(), parameters, trained }
}

/// The record of a reading, for hidden layers with these names. `dead` has the number of dead units of each layer, if
/// they were counted. Before training, `certificate` says what the classes mean.
pub fn reading_record(
    names: &[&str],
    reading: &SymmetryReading,
    properties: &Properties,
    dead: Option<&[usize]>,
    certificate: Option<Vec<String>>,
) -> ReadingRecord {
    let mut record = ReadingRecord { certificate, ..reading.record(names, properties) };
    for (space, dead) in record.spaces.iter_mut().zip(dead.unwrap_or_default()) {
        space.dead = Some(*dead);
    }
    record
}

/// A break in PyTorch's names and orientation.
pub fn first_break_record(found: &FirstBreak, names: &Names) -> FirstBreakRecord {
    let path = found.parameter.as_str();
    found.record(names.of_path(path), |entry| names.index(path, entry))
}

/// The last line of a run, without the outcome.
pub fn end_record(
    step: usize,
    verdict: VerdictWord,
    first_break: Option<&FirstBreakRecord>,
    ended: &StopReason,
    names: &Names,
    printed: Option<&ExpectedCheck>,
) -> EndRecord {
    let (ended, reason) = match ended {
        StopReason::Finished => (EndWord::Finished, None),
        StopReason::Stopped { reason } => (EndWord::Stopped, Some(reason.clone())),
        StopReason::Diverged(divergence) => (EndWord::Diverged, Some(explain(divergence, names))),
    };
    let printed = printed.map(|comparison| {
        let difference = comparison.difference();
        PrintedRecord { agree: difference.is_none(), difference }
    });
    let (first_break, outcome, dead) = (first_break.cloned(), None, BTreeMap::new());
    EndRecord { step, verdict, first_break, outcome, dead, ended, reason, printed }
}

/// The parameters' names in files, `linear1.weight`, and their paths in the module,
/// `layers.0.weight`, both in the order in which Burn visits them.
#[derive(Clone, Debug, Default)]
pub struct Names {
    pub in_files: Vec<String>,
    pub paths: Vec<String>,
    pub shapes: Vec<Vec<usize>>,
}

impl Names {
    /// The names of a network's parameters; their shapes are those of `read`.
    pub fn of<B: Backend>(model: &ConstInit<B>, read: &[HostParameter]) -> Self {
        Self {
            in_files: model.parameter_names(),
            paths: parameter_paths(model),
            shapes: read.iter().map(|p| p.data.shape.to_vec()).collect(),
        }
    }

    /// The index of an entry in files, `[output, input]` for a weight, from its position in storage order.
    pub fn index(&self, path: &str, entry: usize) -> Vec<usize> {
        let position = self.paths.iter().position(|known| known == path);
        match position.and_then(|position| self.shapes.get(position)).map(Vec::as_slice) {
            Some([_, outputs]) => vec![entry % outputs, entry / outputs],
            _ => vec![entry],
        }
    }

    /// The name in files of a parameter of the module.
    pub fn of_path<'a>(&'a self, path: &'a str) -> &'a str {
        let position = self.paths.iter().position(|known| known == path);
        position.and_then(|position| self.in_files.get(position)).map_or(path, String::as_str)
    }
}

/// A divergence in words, with the names that perceptrons' parameters have in files.
pub fn explain(divergence: &Divergence, names: &Names) -> String {
    let Divergence { step, what, value } = divergence;
    let value = number(*value, 6);
    match what {
        NonFinite::Loss { largest_parameter } => format!(
            "the loss of step {step} is {value}; the parameter with the largest entry is {}",
            names.of_path(largest_parameter)
        ),
        NonFinite::Parameter { path, entry } => {
            let index: Vec<String> =
                names.index(path, *entry).iter().map(ToString::to_string).collect();
            format!("after step {step}, {}[{}] is {value}", names.of_path(path), index.join(", "))
        }
    }
}

/// None for numbers that JSON cannot represent.
pub fn finite(value: f64) -> Option<f64> {
    Some(value).filter(|value| value.is_finite())
}

/// The line of a record.
pub fn line_of(record: &impl Serialize) -> io::Result<String> {
    let text = serde_json::to_string(record).map_err(io::Error::other)?;
    Ok(text + "\n")
}

/// Writes one line.
pub fn write_line(to: &mut impl Write, record: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(record).map_err(io::Error::other)?;
    text.push(b'\n');
    to.write_all(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divergence_names_step_and_parameter() {
        let what = NonFinite::Parameter { path: "layers.1.bias".to_owned(), entry: 3 };
        let divergence = Divergence { step: 7, what, value: f64::NEG_INFINITY };
        let names = Names {
            in_files: vec!["linear1.weight".to_owned(), "linear2.bias".to_owned()],
            paths: vec!["layers.0.weight".to_owned(), "layers.1.bias".to_owned()],
            shapes: vec![vec![3, 2], vec![4]],
        };
        assert_eq!(names.index("layers.0.weight", 3), [1, 1]); // from input 1 to unit 1
        assert_eq!(names.index("layers.1.bias", 3), [3]);
        assert_eq!(explain(&divergence, &names), "after step 7, linear2.bias[3] is -inf");
        let what = NonFinite::Parameter { path: "layers.0.weight".to_owned(), entry: 4 };
        let divergence = Divergence { step: 1, what, value: f64::INFINITY };
        // From input 2 to unit 0, as in the file that is written.
        assert_eq!(explain(&divergence, &names), "after step 1, linear1.weight[0, 2] is inf");
    }
}
