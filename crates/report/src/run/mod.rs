//! The folder of a run.

mod classes;
mod curves;
mod forecast;
pub(crate) mod lines;
mod page;
mod readings;
pub(crate) mod trajectories;
mod units;
mod words;

pub(crate) use curves::BASE;
pub use readings::Readings;
pub use units::{SpaceState, Units, UnitsState};

use crate::error::{ReportError, io_error};
use crate::figure::{Figure, Size};
use constinit_records::{FirstBreakRecord, OutcomeRecord};
use std::fs;
use std::path::{Path, PathBuf};

/// What a run has written to its folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The folder's name.
    pub name: String,
    /// The configuration as the user wrote it.
    pub config: String,
    /// The readings.
    pub readings: Readings,
    /// The units; None if the folder has none.
    pub units: Option<Units>,
}

impl Run {
    /// Reads the folder that `constinit run --out` wrote, of a run that has ended, was killed, or is still running.
    ///
    /// # Errors
    ///
    /// [`ReportError::NoRun`] if it is not the folder of a run, [`ReportError::Line`] with file and line for a line
    /// that no run writes, [`ReportError::Schema`] for files of a later version, [`ReportError::Io`] for errors of the
    /// system. A last line that was cut off is not an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use constinit_report::Run;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let error = Run::read(folder.path()).unwrap_err().to_string();
    /// assert!(error.ends_with("not the folder of a run: it has no config.toml"), "{error}");
    /// std::fs::write(folder.path().join("config.toml"), "[model]\nlayer_dims = [3, 2, 4]\n")?;
    /// std::fs::write(
    ///     folder.path().join("readings.jsonl"),
    ///     "{\"event\":\"start\",\"schema\":1,\"backend\":\"ndarray\"}\n",
    /// )?;
    /// assert_eq!(Run::read(folder.path())?.readings.start.backend, "ndarray");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read(folder: &Path) -> Result<Self, ReportError> {
        let file = |name: &'static str| -> Result<PathBuf, ReportError> {
            let path = folder.join(name);
            if path.is_file() {
                return Ok(path);
            }
            // A missing folder is a different mistake than a folder without a run.
            fs::read_dir(folder).map_err(io_error(folder))?;
            Err(ReportError::NoRun { path: folder.to_owned(), missing: name })
        };
        let config = file("config.toml")?;
        let readings = file("readings.jsonl")?;
        let units = folder.join("units.jsonl");
        let name = fs::canonicalize(folder).map_err(io_error(folder))?;
        let name = name.file_name().unwrap_or(folder.as_os_str());
        let text = fs::read(&config).map_err(io_error(&config))?;
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            config: String::from_utf8_lossy(&text).into_owned(),
            readings: Readings::read(&readings)?,
            units: if units.is_file() { Some(Units::read(&units)?) } else { None },
        })
    }

    /// The figures: the units of each hidden layer, the loss with that of the best constant answer, the spread, the
    /// distinct units. Figures without numbers in the folder are left out, and so is the spread of units that never
    /// diverge.
    pub fn figures(&self) -> Vec<Figure> {
        self.drawn(Size::Wide)
    }

    fn drawn(&self, size: Size) -> Vec<Figure> {
        let mut figures = trajectories::figures(self, size);
        figures.extend(curves::loss(self, size));
        figures.extend(curves::spread(self, size));
        figures.extend(classes::figure(self, size));
        figures
    }

    /// The page: the outcome of the training and of its units in words and figures, then tables, configuration and
    /// environment. It is one file and loads nothing else.
    pub fn page(&self) -> String {
        page::page(self)
    }

    /// The outcome of the training, if the folder has it.
    pub(crate) fn outcome(&self) -> Option<&OutcomeRecord> {
        self.readings.end.as_ref()?.outcome.as_ref()
    }

    /// The step of the first break of all layers: from the last line of the run, or from its readings.
    pub(crate) fn break_step(&self) -> Option<usize> {
        let readings = &self.readings;
        let told = readings.end.as_ref().and_then(|end| end.first_break.as_ref());
        let spaces = readings.readings.first().map_or(0, |reading| reading.spaces.len());
        told.map(|found| found.step)
            .or_else(|| (0..spaces).filter_map(|space| readings.parted_at(space)).min())
    }

    /// When equal units of a layer diverged, and what the run recorded about it.
    pub(crate) fn parting(&self, space: &str) -> Option<Parting<'_>> {
        let readings = &self.readings;
        let told = readings.end.as_ref().and_then(|end| end.first_break.as_ref());
        if let Some(told) = told.filter(|told| told.space == space) {
            return Some(Parting { step: told.step, since: told.since, told: Some(told) });
        }
        let first = readings.readings.first()?;
        let number = first.spaces.iter().position(|found| found.name == space)?;
        let step = readings.parted_at(number)?;
        let steps = readings.readings.iter().map(|reading| reading.step);
        Some(Parting { step, since: steps.take_while(|at| *at < step).last(), told: None })
    }

    /// The last step that was read or done.
    pub(crate) fn last_step(&self) -> usize {
        let read = self.readings.readings.last().map_or(0, |reading| reading.step);
        self.readings.end.as_ref().map_or(read, |end| end.step.max(read))
    }
}

/// The first break of a layer.
pub(crate) struct Parting<'a> {
    /// The first reading at which units differed.
    pub step: usize,
    /// The reading before.
    pub since: Option<usize>,
    /// More than the readings show; known only for the first break of all layers, of a run that has ended.
    pub told: Option<&'a FirstBreakRecord>,
}
