//! The lines of `readings.jsonl`, and of standard output with `--json`.

use super::ExpectedCheck;
use super::verdict::VerdictBreak;
use crate::config::RunConfig;
use burn::tensor::backend::Backend;
use constinit::ConstInit;
use constinit::params::{HostParameter, parameter_paths};
use constinit::probe::{SpaceReading, SymmetryReading};
use constinit::surgery::SpaceSizes;
use constinit::train::{Divergence, Ended, NonFinite};
use constinit_symmetry::theorem::{Alike, Properties};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The first line.
#[derive(Serialize)]
pub struct Start<'a> {
    event: &'static str,
    schema: u32,
    /// Of the program, which may change what comes out, as the processor may.
    version: &'static str,
    target: String,
    backend: &'a str,
    config: &'a RunConfig,
    /// Whether one unit is trained for each class; absent where it is not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    quotient: bool,
}

/// What is trained in the place of the full network: after the first line, where it is.
#[derive(Serialize)]
pub struct Trained<'a> {
    event: &'static str,
    spaces: Vec<TrainedSpace<'a>>,
    /// Of the full network.
    parameters: usize,
    trained: usize,
}

#[derive(Serialize)]
struct TrainedSpace<'a> {
    name: &'a str,
    units: usize,
    trained: usize,
}

impl<'a> Trained<'a> {
    pub fn new(spaces: &'a [SpaceSizes], [parameters, trained]: [usize; 2]) -> Self {
        let space = |space: &'a SpaceSizes| TrainedSpace {
            name: &space.name,
            units: space.before,
            trained: space.after,
        };
        let spaces = spaces.iter().map(space).collect();
        Self { event: "quotient", spaces, parameters, trained }
    }
}

/// One line a reading.
#[derive(Serialize)]
pub struct Reading {
    event: &'static str,
    step: usize,
    loss: Option<f64>,
    spaces: Vec<Space>,
    properties: BTreeMap<&'static str, Option<Property>>,
    /// What the classes of the start mean; before training only.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<Vec<String>>,
}

#[derive(Serialize)]
struct Property {
    holds: bool,
    /// Null where it is infinite.
    deviation: Option<f64>,
    ulps: u64,
}

#[derive(Serialize)]
struct Space {
    name: String,
    units: usize,
    twins: usize,
    equitable: Option<usize>,
    forward: Option<usize>,
    /// Of units that were one class at the start; null where it is infinite.
    spread: Option<f64>,
    ulps: u64,
    /// Whether the gradients of units that were one class at the start are bitwise equal; absent where they were not
    /// compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    gradients_agree: Option<bool>,
    /// Null where a look at a few entries settled the reading.
    dead: Option<usize>,
    unheard: Option<usize>,
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
    /// Those of a network; shapes are those of what was read of it.
    pub fn of<B: Backend>(model: &ConstInit<B>, read: &[HostParameter]) -> Self {
        Self {
            in_files: model.parameter_names(),
            paths: parameter_paths(model),
            shapes: read.iter().map(|p| p.data.shape.to_vec()).collect(),
        }
    }

    /// The index in files, `[output, input]` of a weight, of an entry in storage order.
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

/// The last line.
#[derive(Serialize)]
pub struct End<'a> {
    event: &'static str,
    step: usize,
    verdict: &'static str,
    first_break: Option<&'a VerdictBreak>,
    ended: &'static str,
    reason: Option<String>,
    /// What keeps the run from agreeing with numbers that were printed elsewhere; absent where no
    /// such numbers were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    printed: Option<PrintedNumbers>,
}

#[derive(Serialize)]
struct PrintedNumbers {
    agree: bool,
    difference: Option<String>,
}

impl<'a> Start<'a> {
    pub fn new(backend: &'a str, config: &'a RunConfig, quotient: bool) -> Self {
        let target = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
        Self {
            event: "start",
            schema: 1,
            version: env!("CARGO_PKG_VERSION"),
            target,
            backend,
            config,
            quotient,
        }
    }

    /// The line.
    pub fn line(&self) -> io::Result<String> {
        let text = serde_json::to_string(self).map_err(io::Error::other)?;
        Ok(text + "\n")
    }
}

impl Reading {
    pub fn new(names: &[&str], reading: &SymmetryReading, properties: &Properties) -> Self {
        let property = |alike: Alike| Property {
            holds: alike.holds(),
            deviation: finite(alike.deviation),
            ulps: alike.ulps,
        };
        let space = |(name, read): (&&str, &SpaceReading)| Space {
            name: (*name).to_owned(),
            units: read.units,
            twins: read.twins,
            equitable: read.equitable,
            forward: read.forward,
            spread: finite(read.spread()),
            ulps: read.apart.map_or(0, |apart| apart.ulps),
            gradients_agree: read.gradients_agree,
            dead: read.dead,
            unheard: read.unheard,
        };
        Self {
            event: "reading",
            step: reading.step,
            loss: reading.loss.and_then(finite),
            spaces: names.iter().zip(&reading.spaces).map(space).collect(),
            properties: properties.iter().map(|(name, p)| (name, p.map(property))).collect(),
            certificate: None,
        }
    }

    /// Steps done.
    pub fn step(&self) -> usize {
        self.step
    }

    /// The numbers that are drawn over steps, with the names that TensorBoard groups them by.
    pub fn scalars(&self) -> impl Iterator<Item = (String, f64)> + '_ {
        let loss = self.loss.map(|loss| ("loss".to_owned(), loss));
        let of_space = |space: &Space| {
            let twins = (format!("{}/twins", space.name), space.twins as f64);
            let spread = space.spread.map(|spread| (format!("{}/spread", space.name), spread));
            std::iter::once(twins).chain(spread)
        };
        let properties = self.properties.iter().filter_map(|(name, property)| {
            let deviation = property.as_ref().and_then(|property| property.deviation);
            deviation.map(|deviation| (format!("properties/{name}"), deviation))
        });
        loss.into_iter().chain(self.spaces.iter().flat_map(of_space)).chain(properties)
    }

    /// With what the classes of the start mean.
    pub fn with_certificate(self, sentences: Vec<String>) -> Self {
        Self { certificate: Some(sentences), ..self }
    }
}

impl<'a> End<'a> {
    pub fn new(
        step: usize,
        verdict: &'static str,
        first_break: Option<&'a VerdictBreak>,
        ended: &Ended,
        names: &Names,
        printed: Option<&ExpectedCheck>,
    ) -> Self {
        let (ended, reason) = match ended {
            Ended::Finished => ("finished", None),
            Ended::Stopped { reason } => ("stopped", Some(reason.clone())),
            Ended::Diverged(divergence) => ("diverged", Some(explain(divergence, names))),
        };
        let printed = printed.map(|comparison| {
            let difference = comparison.difference();
            PrintedNumbers { agree: difference.is_none(), difference }
        });
        Self { event: "end", step, verdict, first_break, ended, reason, printed }
    }
}

/// A divergence in words, with the names that perceptrons' parameters have in files.
pub fn explain(divergence: &Divergence, names: &Names) -> String {
    let Divergence { step, what, value } = divergence;
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

fn finite(value: f64) -> Option<f64> {
    Some(value).filter(|value| value.is_finite())
}

/// Writes one line.
pub fn write_line(to: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(line).map_err(io::Error::other)?;
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
