//! `readings.jsonl`, read and checked.

use super::lines::read_lines;
use crate::error::ReportError;
use constinit_records::{
    EndRecord, ForecastRecord, READINGS_SCHEMA, ReadingRecord, RunEvent, SpaceRecord, StartRecord,
};
use serde_json::Value;
use std::path::Path;

/// All of a run's readings.
#[derive(Clone, Debug, PartialEq)]
pub struct Readings {
    /// The first line of the run.
    pub start: StartRecord<Value>,
    /// The readings, in the order of steps. All have the same hidden layers.
    pub readings: Vec<ReadingRecord>,
    /// The forecasts for equal units; none in folders of runs without forecasts.
    pub forecasts: Vec<ForecastRecord>,
    /// How the run ended; None if it has not ended, or was killed.
    pub end: Option<EndRecord>,
    /// Whether the last line was cut off.
    pub torn: bool,
}

impl Readings {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self, ReportError> {
        let wrong = |line: usize, reason: &str| ReportError::Line {
            path: path.to_owned(),
            line,
            reason: reason.to_owned(),
        };
        let (lines, torn) = read_lines::<RunEvent<Value>>(path)?;
        let mut lines = lines.into_iter();
        let start = match lines.next() {
            Some((_, RunEvent::Start(start))) => start,
            Some((line, _)) => return Err(wrong(line, "the first event must be \"start\"")),
            None => return Err(wrong(1, "there is no event; the first one is \"start\"")),
        };
        if start.schema != READINGS_SCHEMA {
            let (path, known) = (path.to_owned(), READINGS_SCHEMA);
            return Err(ReportError::Schema { path, schema: start.schema, known });
        }
        let (readings, forecasts) = (Vec::new(), Vec::new());
        let mut found = Self { start, readings, forecasts, end: None, torn };
        for (line, event) in lines {
            match event {
                RunEvent::Start(_) => return Err(wrong(line, "a second \"start\"")),
                RunEvent::Reading(reading) => {
                    if let Some(last) = found.readings.last() {
                        if reading.step <= last.step {
                            let reason = format!("step {} after step {}", reading.step, last.step);
                            return Err(wrong(line, &reason));
                        }
                        let names = |reading: &ReadingRecord| -> Vec<(String, usize)> {
                            reading.spaces.iter().map(|s| (s.name.clone(), s.units)).collect()
                        };
                        if names(&reading) != names(last) {
                            return Err(wrong(
                                line,
                                "the layers differ from those of the reading before",
                            ));
                        }
                    }
                    found.readings.push(reading);
                    // The run was stopped and resumed.
                    found.end = None;
                }
                RunEvent::Forecast(forecast) => found.forecasts.push(forecast),
                RunEvent::End(end) => found.end = Some(end),
                RunEvent::Quotient(_) | RunEvent::Other => {}
            }
        }
        Ok(found)
    }

    /// The first reading at which a layer has more classes than at the start.
    pub fn parted_at(&self, space: usize) -> Option<usize> {
        let spaces = || self.readings.iter().filter_map(|r| Some((r.step, r.spaces.get(space)?)));
        let parted = |space: &SpaceRecord| space.ulps > 0 || space.spread != Some(0.0);
        spaces().find(|(_, space)| parted(space)).map(|(step, _)| step)
    }
}
