//! A comparison's folder: configuration, data, runs and results.

use super::request::ValidatedComparison;
use crate::backend_name::BackendName;
use crate::config::{DataSource, RunConfig};
use crate::data::DataFiles;
use crate::failure::Failure;
use crate::own_files::is_one_of;
use crate::run::{line_of, write_line};
use constinit_core::files::write_whole;
use constinit_records::{COMPARE_SCHEMA, ComparisonRecord, FloatWord, PlannedStart};
use serde::Serialize;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What a comparison writes into its folder.
const OWN: [&str; 4] = ["config.toml", "inputs.csv", "targets.csv", "compare.jsonl"];

/// The folder of one comparison.
pub struct CompareFolder {
    path: PathBuf,
    lines: File,
}

impl CompareFolder {
    /// Makes a new folder, or takes an empty one, and writes the data files, the configuration and the planned runs.
    pub fn create(
        path: &Path,
        comparison: &ValidatedComparison,
        backend: BackendName,
    ) -> Result<Self, Failure> {
        let fail = |error: io::Error| Failure::at(path, error);
        match fs::read_dir(path).map(|mut entries| entries.next().is_some()) {
            Ok(true) => {
                return Err(Failure::usage(format!(
                    "{}: the folder is not empty, and the program overwrites nothing; name a new folder",
                    path.display()
                )));
            }
            Ok(false) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(fail(error)),
        }
        let files = &comparison.files;
        let start = line_of(&record(comparison, backend)).map_err(fail)?;
        let config = kept(&comparison.config, files).to_toml()?;
        fs::create_dir_all(path).map_err(fail)?;
        let mut options = OpenOptions::new();
        // If another program makes the file first, its file stays.
        let lines = options.write(true).create_new(true).open(path.join("compare.jsonl"));
        let mut lines = lines.map_err(fail)?;
        let of_data = [("inputs.csv", &files.inputs), ("targets.csv", &files.targets)];
        let of_data = of_data.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?)));
        lines.write_all(start.as_bytes()).map_err(fail)?;
        for (name, text) in of_data.chain([("config.toml", &config)]) {
            write_whole(&path.join(name), text.as_bytes()).map_err(fail)?;
        }
        Ok(Self { path: path.to_owned(), lines })
    }

    /// Writes a run or a result.
    pub fn keep(&mut self, record: &impl Serialize) -> Result<(), Failure> {
        let written = write_line(&mut self.lines, record);
        written.map_err(|error| Failure::at(&self.path.join("compare.jsonl"), error))
    }

    /// Whether a comparison writes this file into its folder.
    pub fn owns(folder: &Path, file: &Path) -> bool {
        is_one_of(folder, &OWN, file)
    }
}

/// The configuration that names the copies of the data files in the folder.
fn kept(config: &RunConfig, files: &DataFiles) -> RunConfig {
    let mut config = config.clone();
    let data = &mut config.data;
    for (source, text, name) in [
        (&mut data.inputs, &files.inputs, "inputs.csv"),
        (&mut data.targets, &files.targets, "targets.csv"),
    ] {
        if text.is_some() {
            *source = Some(DataSource::File(name.to_owned()));
        }
    }
    config
}

/// The first line of the records.
fn record(comparison: &ValidatedComparison, backend: BackendName) -> ComparisonRecord<RunConfig> {
    let planned = comparison.starts.iter().map(|of| PlannedStart {
        start: of.start.name.clone(),
        meaning: of.meaning(),
        seeds: of.seeds,
        config: kept(&of.config, &comparison.files),
    });
    ComparisonRecord {
        schema: COMPARE_SCHEMA,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        backend: backend.as_str().to_owned(),
        // All backends of the program compute in single precision.
        float: FloatWord::F32,
        quotient: comparison.quotient,
        starts: planned.collect(),
    }
}
