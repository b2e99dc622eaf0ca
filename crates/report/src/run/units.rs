//! `units.jsonl`: which units are one, and one number a class, so that every unit can be drawn.

use super::lines::read_lines;
use super::readings::SCHEMA;
use crate::error::ReportError;
use serde::Deserialize;
use std::path::Path;

/// The states of a run's units that were kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Units {
    /// What the numbers are, in words.
    pub value: String,
    /// In the order of steps.
    pub states: Vec<State>,
}

/// All units after some steps.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Steps done.
    pub step: usize,
    /// One for each hidden layer.
    pub spaces: Vec<SpaceState>,
}

/// The units of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct SpaceState {
    /// The layer's name.
    pub name: String,
    /// The class of each unit.
    pub classes: Vec<usize>,
    /// The number of each class; None where it is not finite.
    pub values: Vec<Option<f64>>,
}

#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line {
    Start {
        schema: u64,
        value: String,
    },
    Units {
        step: usize,
        spaces: Vec<Written>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Written {
    name: String,
    /// Absent where every unit is a class of its own.
    classes: Option<Vec<usize>>,
    values: Vec<Option<f64>>,
}

impl Units {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self, ReportError> {
        let wrong =
            |line: usize, reason: String| ReportError::Line { path: path.to_owned(), line, reason };
        let (lines, _) = read_lines::<Line>(path)?;
        let mut lines = lines.into_iter();
        let mut found = match lines.next() {
            Some((_, Line::Start { schema: SCHEMA, value })) => Self { value, states: Vec::new() },
            Some((_, Line::Start { schema, .. })) => {
                return Err(ReportError::Schema { path: path.to_owned(), schema, known: SCHEMA });
            }
            Some((line, _)) => return Err(wrong(line, "the first event must be \"start\"".into())),
            // A run that was killed before it wrote anything here.
            None => return Ok(Self { value: String::new(), states: Vec::new() }),
        };
        for (line, event) in lines {
            let Line::Units { step, spaces } = event else { continue };
            let spaces: Vec<SpaceState> = spaces
                .into_iter()
                .map(Written::checked)
                .collect::<Result<_, String>>()
                .map_err(|reason| wrong(line, reason))?;
            if let Some(last) = found.states.last() {
                if step <= last.step {
                    return Err(wrong(line, format!("step {step} after step {}", last.step)));
                }
                let shape = |spaces: &[SpaceState]| -> Vec<(String, usize)> {
                    spaces.iter().map(|s| (s.name.clone(), s.classes.len())).collect()
                };
                if shape(&spaces) != shape(&last.spaces) {
                    return Err(wrong(line, "other layers than in the line before".into()));
                }
            }
            found.states.push(State { step, spaces });
        }
        Ok(found)
    }

    /// The states of one layer over steps.
    pub fn of_space(&self, name: &str) -> Vec<(usize, &SpaceState)> {
        let of = |state: &'_ State| state.spaces.iter().position(|space| space.name == name);
        self.states.iter().filter_map(|s| Some((s.step, &s.spaces[of(s)?]))).collect()
    }
}

impl Written {
    fn checked(self) -> Result<SpaceState, String> {
        let Self { name, classes, values } = self;
        let classes = classes.unwrap_or_else(|| (0..values.len()).collect());
        let named = classes.iter().max().map_or(0, |last| last + 1);
        if named != values.len() {
            return Err(format!("{name}: {named} classes and {} values", values.len()));
        }
        Ok(SpaceState { name, classes, values })
    }
}

impl SpaceState {
    /// The number of a unit.
    pub fn value(&self, unit: usize) -> Option<f64> {
        self.values[self.classes[unit]]
    }
}
