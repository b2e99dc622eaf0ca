//! The folder of a comparison: one network trained from several starts.

mod losses;
mod page;
mod units;

use crate::error::{ReportError, io_error};
use crate::figure::Figure;
use crate::run::read_lines;
use constinit_records::{
    COMPARE_SCHEMA, ComparedRecord, ComparedRunRecord, ComparisonEvent, ComparisonRecord,
};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The file that only a comparison has.
const FILE: &str = "compare.jsonl";

/// What a comparison has left in its folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The folder's name.
    pub name: String,
    /// What was to be run.
    pub start: ComparisonRecord<Value>,
    /// The runs, start by start.
    pub runs: Vec<ComparedRunRecord>,
    /// The results of the starts whose runs are all there.
    pub results: Vec<ComparedRecord>,
}

impl Comparison {
    /// Whether a folder is that of a comparison.
    pub fn is_comparison(folder: &Path) -> bool {
        folder.join(FILE).is_file()
    }

    /// Reads the folder that `constinit compare --out` wrote, of a comparison that has ended or was stopped.
    ///
    /// # Errors
    ///
    /// [`ReportError::Line`] with file and line for what a comparison does not write, [`ReportError::Schema`] for a file
    /// of a later version, [`ReportError::Io`] for what the system refuses. A last line that was cut off is no error.
    ///
    /// # Examples
    ///
    /// ```
    /// use constinit_report::Comparison;
    ///
    /// let folder = tempfile::tempdir()?;
    /// assert!(!Comparison::is_comparison(folder.path()));
    /// std::fs::write(
    ///     folder.path().join("compare.jsonl"),
    ///     "{\"event\":\"start\",\"schema\":1,\"version\":\"0.1.0\",\"target\":\"x86_64-linux\",\
    ///      \"backend\":\"ndarray\",\"float\":\"f32\",\"quotient\":false,\"starts\":[]}\n",
    /// )?;
    /// assert_eq!(Comparison::read(folder.path())?.start.backend, "ndarray");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read(folder: &Path) -> Result<Self, ReportError> {
        let path = folder.join(FILE);
        let wrong = |line: usize, reason: &str| {
            let (path, reason) = (path.clone(), reason.to_owned());
            ReportError::Line { path, line, reason }
        };
        let (lines, _) = read_lines::<ComparisonEvent<Value>>(&path)?;
        let mut lines = lines.into_iter();
        let start = match lines.next() {
            Some((_, ComparisonEvent::Start(start))) => start,
            Some((line, _)) => return Err(wrong(line, "the first event must be \"start\"")),
            None => return Err(wrong(1, "there is no line")),
        };
        if start.schema != COMPARE_SCHEMA {
            let (schema, known) = (start.schema, COMPARE_SCHEMA);
            return Err(ReportError::Schema { path, schema, known });
        }
        let name = fs::canonicalize(folder).map_err(io_error(folder))?;
        let name = name.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
        let mut found = Self { name, start, runs: Vec::new(), results: Vec::new() };
        for (line, event) in lines {
            let known = |name: &String| found.start.starts.iter().any(|of| of.start == *name);
            match event {
                ComparisonEvent::Start(_) => return Err(wrong(line, "a second event \"start\"")),
                ComparisonEvent::Run(run) if known(&run.start) => found.runs.push(run),
                ComparisonEvent::Compared(result) if known(&result.start) => {
                    found.results.push(result);
                }
                ComparisonEvent::Run(_) | ComparisonEvent::Compared(_) => {
                    return Err(wrong(line, "a start that the first line does not name"));
                }
                ComparisonEvent::Other => {}
            }
        }
        Ok(found)
    }

    /// The figures: the losses of all runs, then the units of each start, layer by layer.
    pub fn figures(&self) -> Vec<Figure> {
        losses::figure(self).into_iter().chain(units::figures(self)).collect()
    }

    /// The page: results, losses, units and the starts in words. One file that asks for nothing outside of it.
    pub fn page(&self) -> String {
        page::page(self)
    }

    /// The runs of a start, with its number.
    fn runs_of(&self, start: usize) -> impl Iterator<Item = &ComparedRunRecord> {
        let name = self.start.starts[start].start.as_str();
        self.runs.iter().filter(move |run| run.start == name)
    }

    /// The last step of all runs.
    fn last_step(&self) -> usize {
        self.runs.iter().map(|run| run.step).max().unwrap_or(0)
    }
}
