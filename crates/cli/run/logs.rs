//! Readings for other programs: a table, event files.

use super::table::ResumedTable;
use super::{EventFile, Lines, ReadingTable, RunDirectory};
use crate::failure::Failure;
use crate::own_files::is_same;
use constinit_records::ReadingRecord;
use std::path::{Path, PathBuf};

/// The paths of the logs that were asked for.
#[derive(Clone, Debug, Default)]
pub struct LogPaths {
    pub csv: Option<PathBuf>,
    pub tensorboard: Option<PathBuf>,
    /// The checksum of the run's configuration, which distinguishes its event files from those of other runs.
    pub run: u32,
}

/// The logs that are written.
#[derive(Default)]
pub struct Logs {
    table: Option<ReadingTable>,
    events: Option<EventFile>,
}

impl LogPaths {
    /// Refuses files of another run, and files that the run itself keeps in its folder, `out`.
    pub fn check(&self, out: Option<&Path>) -> Result<(), Failure> {
        self.check_apart(out)?;
        self.csv.as_deref().map_or(Ok(()), |path| ReadingTable::check(path, out))?;
        self.tensorboard.as_deref().map_or(Ok(()), EventFile::check)
    }

    /// Refuses files that the run itself keeps in its folder, and two logs at one path.
    pub fn check_apart(&self, folder: Option<&Path>) -> Result<(), Failure> {
        let logs = [("--csv", &self.csv), ("--tensorboard", &self.tensorboard)];
        for (option, path) in
            logs.iter().filter_map(|(option, path)| Some((option, path.as_ref()?)))
        {
            if let Some(folder) = folder.filter(|folder| RunDirectory::owns(folder, path)) {
                return Err(Failure::usage(format!(
                    "{option} {}: the run itself writes a file of this name in {}; choose another name",
                    path.display(),
                    folder.display()
                )));
            }
        }
        let csv = self.csv.as_deref();
        match [folder, self.tensorboard.as_deref()]
            .into_iter()
            .flatten()
            .find(|other| csv.is_some_and(|csv| is_same(csv, other)))
        {
            Some(other) => Err(Failure::usage(format!(
                "--csv {}: another option names this path as a folder; name another file",
                other.display()
            ))),
            None => Ok(()),
        }
    }

    /// The logs of a new run.
    pub fn create(&self, spaces: &[&str]) -> Result<Logs, Failure> {
        let table =
            self.csv.as_deref().map(|path| ReadingTable::create(path, spaces)).transpose()?;
        let events = self.tensorboard.as_deref();
        let events = events.map(|folder| EventFile::create(folder, self.run, None)).transpose()?;
        Ok(Logs { table, events })
    }

    /// The logs of a resumed run. `readings` are its readings, and `next` is the step of its next reading, None if the
    /// run is over. Refuses to continue a log of another run.
    pub fn resume(
        &self,
        spaces: &[&str],
        readings: &Lines,
        next: Option<usize>,
    ) -> Result<ResumedLogs, Failure> {
        let table = match &self.csv {
            Some(path) => {
                let vouched = readings.vouched()?;
                Some(ReadingTable::resume(path, spaces, vouched, || readings.rest())?)
            }
            None => None,
        };
        if let Some(folder) = &self.tensorboard {
            EventFile::check_resumed(folder, self.run)?;
        }
        let events = self.tensorboard.clone().zip(next);
        let events = events.map(|(folder, next)| (folder, self.run, next));
        Ok(ResumedLogs { table, events })
    }
}

/// Logs to continue: checked, and still unchanged.
pub struct ResumedLogs {
    table: Option<ResumedTable>,
    /// The folder, the checksum of the run, its next step.
    events: Option<(PathBuf, u32, usize)>,
}

impl ResumedLogs {
    /// Cuts off what the run will write again. The new event file comes first: if it cannot be made, no table is cut.
    pub fn cut(self) -> Result<Logs, Failure> {
        let events =
            self.events.map(|(folder, run, next)| EventFile::create(&folder, run, Some(next)));
        let events = events.transpose()?;
        let table = self.table.map(ResumedTable::cut).transpose()?;
        Ok(Logs { table, events })
    }
}

impl Logs {
    pub fn write(&mut self, reading: &ReadingRecord) -> Result<(), Failure> {
        if let Some(table) = &mut self.table {
            table.write(reading)?;
        }
        self.events.as_mut().map_or(Ok(()), |events| events.write(reading))
    }
}
