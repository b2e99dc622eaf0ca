//! The folder of a comparison: one network from several starts.

mod figures;
mod page;
mod words;

use crate::error::{ReportError, io_error};
use crate::figure::{Figure, Size};
use crate::run::SpaceState;
use crate::run::lines::read_lines;
use constinit_records::{
    COMPARE_SCHEMA, ComparedRecord, ComparedRunRecord, ComparisonEvent, ComparisonRecord,
    PlannedStart,
};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// What a comparison has written to its folder.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedStarts {
    /// The folder's name.
    pub name: String,
    /// The configuration as the user wrote it.
    pub config: String,
    /// The planned comparison.
    pub planned: ComparisonRecord<Value>,
    /// The planned starts, in order; those that were not begun have no runs.
    starts: Vec<Start>,
    /// Whether the last line was cut off.
    torn: bool,
}

/// A start with its runs.
#[derive(Clone, Debug, PartialEq)]
struct Start {
    planned: PlannedStart<Value>,
    runs: Vec<ComparedRunRecord>,
    /// The states of the units of its first run, with a class for each.
    states: Vec<(usize, Vec<SpaceState>)>,
    /// Means over its runs; None if it is not done.
    result: Option<ComparedRecord>,
}

impl ComparedStarts {
    /// Whether a folder is the folder of a comparison.
    pub fn is_comparison(folder: &Path) -> bool {
        folder.join("compare.jsonl").is_file()
    }

    /// Reads the folder that `constinit compare --out` wrote, of a comparison that is done, was killed, or is still
    /// running.
    ///
    /// # Errors
    ///
    /// [`ReportError::NoComparison`] if it is not the folder of a comparison, [`ReportError::Line`] with file and line
    /// for a line that no comparison writes, [`ReportError::Schema`] for files of a later version, [`ReportError::Io`]
    /// for errors of the system. A last line that was cut off is not an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use constinit_report::ComparedStarts;
    ///
    /// let folder = tempfile::tempdir()?;
    /// assert!(!ComparedStarts::is_comparison(folder.path()));
    /// let error = ComparedStarts::read(folder.path()).unwrap_err().to_string();
    /// assert!(error.ends_with("not the folder of a comparison: it has no compare.jsonl"), "{error}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read(folder: &Path) -> Result<Self, ReportError> {
        let path = folder.join("compare.jsonl");
        if !path.is_file() {
            fs::read_dir(folder).map_err(io_error(folder))?;
            return Err(ReportError::NoComparison {
                path: folder.to_owned(),
                missing: "compare.jsonl",
            });
        }
        let wrong =
            |line: usize, reason: String| ReportError::Line { path: path.clone(), line, reason };
        let (lines, torn) = read_lines::<ComparisonEvent<Value>>(&path)?;
        let mut lines = lines.into_iter();
        let planned = match lines.next() {
            Some((_, ComparisonEvent::Start(planned))) => planned,
            Some((line, _)) => {
                return Err(wrong(line, "the first event must be \"start\"".to_owned()));
            }
            None => {
                return Err(wrong(1, "there is no event; the first one is \"start\"".to_owned()));
            }
        };
        if planned.schema != COMPARE_SCHEMA {
            let known = COMPARE_SCHEMA;
            return Err(ReportError::Schema { path, schema: planned.schema, known });
        }
        let start = |planned: &PlannedStart<Value>| Start {
            planned: planned.clone(),
            runs: Vec::new(),
            states: Vec::new(),
            result: None,
        };
        let mut starts: Vec<Start> = planned.starts.iter().map(start).collect();
        for (line, event) in lines {
            let name = match &event {
                ComparisonEvent::Start(_) => {
                    return Err(wrong(line, "a second \"start\"".to_owned()));
                }
                ComparisonEvent::Run(run) => &run.start,
                ComparisonEvent::Compared(result) => &result.start,
                ComparisonEvent::Other => continue,
            };
            let start = starts
                .iter_mut()
                .find(|start| start.planned.start == *name)
                .ok_or_else(|| wrong(line, format!("{name} is not one of the planned starts")))?;
            match event {
                ComparisonEvent::Run(run) => {
                    start.keep(run).map_err(|reason| wrong(line, reason))?;
                }
                ComparisonEvent::Compared(result) => start.result = Some(result),
                ComparisonEvent::Start(_) | ComparisonEvent::Other => {}
            }
        }
        let config = folder.join("config.toml");
        // The configuration is written last, so a comparison that was killed early has none.
        let text = fs::read(&config).unwrap_or_default();
        let name = fs::canonicalize(folder).map_err(io_error(folder))?;
        let name = name.file_name().unwrap_or(folder.as_os_str());
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            config: String::from_utf8_lossy(&text).into_owned(),
            planned,
            starts,
            torn,
        })
    }

    /// The figures: the losses of all starts on one pair of axes, then the units of each start and hidden layer.
    pub fn figures(&self) -> Vec<Figure> {
        figures::figures(self, Size::Wide)
    }

    /// The page: the result of each start in words and figures, and a table. It is one file and loads nothing else.
    pub fn page(&self) -> String {
        page::page(self)
    }

    /// Whether all runs of all starts are there.
    fn is_done(&self) -> bool {
        self.starts.iter().all(|start| start.result.is_some())
    }

    /// The loss of the best answer that ignores the inputs, which is the same for all starts.
    fn baseline(&self) -> Option<f64> {
        let of_run = |run: &ComparedRunRecord| run.outcome.and_then(|outcome| outcome.baseline);
        self.starts.iter().flat_map(|start| &start.runs).find_map(of_run)
    }
}

impl Start {
    fn keep(&mut self, run: ComparedRunRecord) -> Result<(), String> {
        if !run.losses.is_sorted_by(|a, b| a.0 < b.0) {
            return Err("its losses are not in the order of steps".to_owned());
        }
        if self.states.is_empty() {
            for state in &run.states {
                let spaces: Result<Vec<SpaceState>, String> =
                    state.spaces.iter().cloned().map(SpaceState::checked).collect();
                let spaces = spaces?;
                if let Some((last, of_last)) = self.states.last() {
                    let shape = |spaces: &[SpaceState]| -> Vec<(String, usize)> {
                        spaces.iter().map(|s| (s.name.clone(), s.classes.len())).collect()
                    };
                    if state.step <= *last {
                        return Err(format!("state of step {} after step {last}", state.step));
                    }
                    if shape(&spaces) != shape(of_last) {
                        return Err("the layers differ from those of the state before".to_owned());
                    }
                }
                self.states.push((state.step, spaces));
            }
        }
        self.runs.push(run);
        Ok(())
    }

    /// The largest number of steps of its runs.
    fn last_step(&self) -> usize {
        self.runs.iter().map(|run| run.step).max().unwrap_or(0)
    }
}
