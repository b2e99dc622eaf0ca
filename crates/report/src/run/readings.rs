//! `readings.jsonl`: what a run has read of its network.

use super::forecast::Forecast;
use super::lines::read_lines;
use crate::error::ReportError;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The schema that is known here.
pub const SCHEMA: u64 = 1;

/// All of a run's readings.
#[derive(Clone, Debug, PartialEq)]
pub struct Readings {
    /// How the run began.
    pub start: Start,
    /// In the order of steps.
    pub readings: Vec<Reading>,
    /// What was forecast of units that are one; none in folders of runs that did not ask.
    pub forecasts: Vec<Forecast>,
    /// How the run ended; None while it has not, or where it was killed.
    pub end: Option<End>,
    /// Whether the last line was cut off.
    pub torn: bool,
}

/// The first line.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Start {
    schema: u64,
    /// The backend's name.
    pub backend: String,
    /// The program's version; None in folders of programs that did not say.
    pub version: Option<String>,
    /// The processor and the system that the program was built for.
    pub target: Option<String>,
    /// The configuration.
    #[serde(default)]
    pub config: serde_json::Value,
}

/// What was read after some steps.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Reading {
    /// Steps done; 0 before training.
    pub step: usize,
    /// None before training, and where it is not finite.
    pub loss: Option<f64>,
    /// One for each hidden layer.
    pub spaces: Vec<Space>,
    /// P1 to P4; None for those that the network does not have.
    #[serde(default)]
    pub properties: BTreeMap<String, Option<Property>>,
    /// What the classes of the start mean; before training only.
    pub certificate: Option<Vec<String>>,
}

/// The classes of a hidden layer.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Space {
    /// `hidden1`, ...
    pub name: String,
    /// Units of the layer.
    pub units: usize,
    /// Classes of twins.
    pub twins: usize,
    /// Classes by sums over classes.
    pub equitable: Option<usize>,
    /// Classes by what comes in alone.
    pub forward: Option<usize>,
    /// Largest difference of units that started as one; None where it is infinite.
    pub spread: Option<f64>,
    /// The same in representable numbers.
    #[serde(default)]
    pub ulps: u64,
    /// Whether units that started as one got equal gradients; None where nobody looked.
    pub gradients_agree: Option<bool>,
    /// Units that nothing comes into.
    pub dead: Option<usize>,
}

/// One of the four properties of the theorem.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Property {
    /// Bit for bit.
    pub holds: bool,
    /// None where it is infinite.
    pub deviation: Option<f64>,
}

/// The last line.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct End {
    /// Steps done.
    pub step: usize,
    /// `held` or `broken`.
    pub verdict: String,
    /// The first break.
    pub first_break: Option<FirstBreak>,
    /// `finished`, `stopped` or `diverged`.
    #[serde(default)]
    pub ended: String,
    /// Why it stopped or diverged.
    pub reason: Option<String>,
}

/// Two units that were one, and are not any more.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct FirstBreak {
    /// The first reading at which they differed.
    pub step: usize,
    /// The reading before.
    pub since: Option<usize>,
    /// The layer.
    pub space: String,
    /// The units.
    pub units: [usize; 2],
    /// Where they differ.
    pub parameter: String,
    /// None where it is infinite.
    pub difference: Option<f64>,
    /// The same in representable numbers.
    #[serde(default)]
    pub ulps: u64,
    /// Whether their gradients agreed at that step.
    pub gradients_agreed: Option<bool>,
    /// The suspected cause, in words.
    #[serde(default)]
    pub cause: String,
}

#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line {
    Start(Start),
    Reading(Reading),
    Forecast(Forecast),
    End(End),
    /// Of a later version.
    #[serde(other)]
    Other,
}

impl Readings {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self, ReportError> {
        let wrong = |line: usize, reason: &str| ReportError::Line {
            path: path.to_owned(),
            line,
            reason: reason.to_owned(),
        };
        let (lines, torn) = read_lines::<Line>(path)?;
        let mut lines = lines.into_iter();
        let start = match lines.next() {
            Some((_, Line::Start(start))) => start,
            Some((line, _)) => return Err(wrong(line, "the first event must be \"start\"")),
            None => return Err(wrong(1, "there is no event; the first one is \"start\"")),
        };
        if start.schema != SCHEMA {
            let (path, known) = (path.to_owned(), SCHEMA);
            return Err(ReportError::Schema { path, schema: start.schema, known });
        }
        let (readings, forecasts) = (Vec::new(), Vec::new());
        let mut found = Self { start, readings, forecasts, end: None, torn };
        for (line, event) in lines {
            match event {
                Line::Start(_) => return Err(wrong(line, "a second \"start\"")),
                Line::Reading(reading) => {
                    if let Some(last) = found.readings.last() {
                        if reading.step <= last.step {
                            let reason = format!("step {} after step {}", reading.step, last.step);
                            return Err(wrong(line, &reason));
                        }
                        let names = |reading: &Reading| -> Vec<(String, usize)> {
                            reading.spaces.iter().map(|s| (s.name.clone(), s.units)).collect()
                        };
                        if names(&reading) != names(last) {
                            return Err(wrong(line, "other layers than in the reading before"));
                        }
                    }
                    found.readings.push(reading);
                    // A run that was stopped and went on.
                    found.end = None;
                }
                Line::Forecast(forecast) => found.forecasts.push(forecast),
                Line::End(end) => found.end = Some(end),
                Line::Other => {}
            }
        }
        Ok(found)
    }

    /// The first reading at which a layer has more classes than at the start.
    pub fn parted_at(&self, space: usize) -> Option<usize> {
        let spaces = || self.readings.iter().filter_map(|r| Some((r.step, r.spaces.get(space)?)));
        let parted = |space: &Space| space.ulps > 0 || space.spread != Some(0.0);
        spaces().find(|(_, space)| parted(space)).map(|(step, _)| step)
    }
}
