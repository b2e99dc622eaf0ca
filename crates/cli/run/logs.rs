//! Readings for other programs: a table, event files.

use super::readings::Reading;
use super::{EventFile, Table};
use crate::failure::Failure;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::PathBuf;

/// Where they are asked for.
#[derive(Clone, Debug, Default)]
pub struct LogPaths {
    pub csv: Option<PathBuf>,
    pub tensorboard: Option<PathBuf>,
    /// The checksum of the run's configuration, which tells its event files from those of others.
    pub run: u32,
}

/// Those that are written.
#[derive(Default)]
pub struct Logs {
    table: Option<Table>,
    events: Option<EventFile>,
}

impl LogPaths {
    /// Refuses to write into what another run has left.
    pub fn check(&self) -> Result<(), Failure> {
        self.csv.as_deref().map_or(Ok(()), Table::check)?;
        self.tensorboard.as_deref().map_or(Ok(()), EventFile::check)
    }

    /// Refuses to go on in what another run has left; `readings` are those of this run that are kept.
    pub fn check_resumed(&self, spaces: &[&str], readings: impl BufRead) -> Result<(), Failure> {
        let events = self.tensorboard.as_deref();
        events.map_or(Ok(()), |folder| EventFile::check_resumed(folder, self.run))?;
        let table = self.csv.as_deref();
        table.map_or(Ok(()), |path| Table::check_resumed(path, spaces, readings))
    }

    /// The logs of a new run.
    pub fn create(&self, spaces: &[&str]) -> Result<Logs, Failure> {
        let table = self.csv.as_deref().map(|path| Table::create(path, spaces)).transpose()?;
        let events = self.tensorboard.as_deref();
        let events = events.map(|folder| EventFile::create(folder, self.run, None)).transpose()?;
        Ok(Logs { table, events })
    }

    /// The logs of a run that is resumed, whose next reading may be that of step `next`, and whose readings are kept up
    /// to there.
    pub fn resume(
        &self,
        spaces: &[&str],
        mut readings: &File,
        next: usize,
    ) -> Result<Logs, Failure> {
        let table = match &self.csv {
            Some(path) => {
                readings.rewind().map_err(super::in_readings)?;
                let table = Table::resume(path, spaces, BufReader::new(readings))?;
                readings.seek(SeekFrom::End(0)).map_err(super::in_readings)?;
                Some(table)
            }
            None => None,
        };
        let events = self.tensorboard.as_deref();
        let events = events.map(|folder| EventFile::create(folder, self.run, Some(next)));
        let events = events.transpose()?;
        Ok(Logs { table, events })
    }
}

impl Logs {
    pub fn write(&mut self, reading: &Reading) -> Result<(), Failure> {
        if let Some(table) = &mut self.table {
            let line = serde_json::to_string(reading).map_err(Failure::usage)?;
            table.write(&line)?;
        }
        self.events.as_mut().map_or(Ok(()), |events| events.write(reading))
    }
}
