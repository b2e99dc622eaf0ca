//! `units.jsonl`, read and checked. Every unit gets a class, so that every unit can be drawn.

use super::lines::read_lines;
use crate::error::ReportError;
use constinit_records::{UNITS_SCHEMA, UnitsEvent, UnitsSpace, UnitsStartRecord};
use std::path::Path;

/// The saved states of a run's units.
#[derive(Clone, Debug, PartialEq)]
pub struct Units {
    /// The meaning of the numbers, in words.
    pub value: String,
    /// The states, in the order of steps.
    pub states: Vec<UnitsState>,
}

/// All units after some steps.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitsState {
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
    /// The number of each class; None if it is not finite.
    pub values: Vec<Option<f64>>,
}

impl Units {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self, ReportError> {
        let wrong =
            |line: usize, reason: String| ReportError::Line { path: path.to_owned(), line, reason };
        let (lines, _) = read_lines::<UnitsEvent>(path)?;
        let mut lines = lines.into_iter();
        let mut found = match lines.next() {
            Some((_, UnitsEvent::Start(UnitsStartRecord { schema: UNITS_SCHEMA, value }))) => {
                Self { value, states: Vec::new() }
            }
            Some((_, UnitsEvent::Start(UnitsStartRecord { schema, .. }))) => {
                let (path, known) = (path.to_owned(), UNITS_SCHEMA);
                return Err(ReportError::Schema { path, schema, known });
            }
            Some((line, _)) => return Err(wrong(line, "the first event must be \"start\"".into())),
            // The run was killed before it wrote anything here.
            None => return Ok(Self { value: String::new(), states: Vec::new() }),
        };
        for (line, event) in lines {
            let UnitsEvent::Units(state) = event else { continue };
            let step = state.step;
            let spaces: Vec<SpaceState> = state
                .spaces
                .into_iter()
                .map(SpaceState::checked)
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
                    return Err(wrong(
                        line,
                        "the layers differ from those of the line before".into(),
                    ));
                }
            }
            found.states.push(UnitsState { step, spaces });
        }
        Ok(found)
    }

    /// The states of one layer over steps.
    pub fn of_space(&self, name: &str) -> Vec<(usize, &SpaceState)> {
        let of = |state: &'_ UnitsState| state.spaces.iter().position(|space| space.name == name);
        self.states.iter().filter_map(|s| Some((s.step, &s.spaces[of(s)?]))).collect()
    }
}

impl SpaceState {
    /// The units as the file has them, with a class for each.
    pub(crate) fn checked(written: UnitsSpace) -> Result<Self, String> {
        let UnitsSpace { name, classes, values } = written;
        let classes = classes.unwrap_or_else(|| (0..values.len()).collect());
        let named = classes.iter().max().map_or(0, |last| last + 1);
        if named != values.len() {
            return Err(format!("{name}: {named} classes and {} values", values.len()));
        }
        Ok(Self { name, classes, values })
    }

    /// The number of a unit.
    pub fn value(&self, unit: usize) -> Option<f64> {
        self.values[self.classes[unit]]
    }
}
