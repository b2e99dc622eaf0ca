//! A run's folder: configuration, readings, checkpoints, final parameters.

use super::readings::{line_of, start_record};
use super::units;
use crate::config::{DataSource, RunConfig};
use crate::data::DataFiles;
use crate::failure::Failure;
use crate::own_files::{is_in, is_one_of};
use burn::tensor::TensorData;
use constinit_core::files::{partial, write_whole};
use constinit_records::{EndRecord, EndWord, StartRecord};
use safetensors::tensor::{Dtype, TensorView};
use serde::de::IgnoredAny;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// How many checkpoints are kept.
const KEPT: usize = 2;

/// What a run writes into its folder.
const OWN: [&str; 7] = [
    "config.toml",
    "inputs.csv",
    "targets.csv",
    "readings.jsonl",
    "units.jsonl",
    "model.safetensors",
    "checkpoints",
];

/// The folder of one run.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
}

impl RunDirectory {
    /// Makes a new folder, or takes an empty one. The data files are copied to it, and the first of the readings names
    /// the backend, so the folder alone reproduces the run. If the folder cannot be filled, nothing of it is left.
    pub fn create(
        path: &Path,
        config: &RunConfig,
        files: &DataFiles,
        backend: &str,
        quotient: bool,
    ) -> Result<(Self, RunConfig), Failure> {
        let fail = |error: io::Error| Failure::at(path, error);
        let taken = || {
            Failure::usage(format!(
                "{}: the folder is not empty, and the program overwrites nothing; name a new folder, or continue the \
                 run in it: --resume {0}",
                path.display()
            ))
        };
        let is_new = match fs::read_dir(path).map(|mut entries| entries.next().is_some()) {
            Ok(true) => return Err(taken()),
            Ok(false) => false,
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(fail(error)),
        };
        let mut config = config.clone();
        let data = &mut config.data;
        let mut kept = Vec::new();
        for (source, text, name) in [
            (&mut data.inputs, &files.inputs, "inputs.csv"),
            (&mut data.targets, &files.targets, "targets.csv"),
        ] {
            if let Some(text) = text {
                *source = Some(DataSource::File(name.to_owned()));
                kept.push((path.join(name), text.clone()));
            }
        }
        let directory = Self { path: path.to_owned() };
        let start = start_record(backend, &config, quotient);
        kept.push((directory.readings(), line_of(&start).map_err(fail)?));
        // Written last: a folder that has this file is complete.
        kept.push((directory.config(), config.to_toml()?));
        let checkpoints = path.join("checkpoints");
        fs::create_dir_all(path).map_err(fail)?;
        let filled = match fs::create_dir(&checkpoints) {
            // Another program made the folder first; its files stay.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(taken()),
            claimed => claimed.and_then(|()| {
                kept.iter().try_for_each(|(file, text)| write_whole(file, text.as_bytes()))
            }),
        };
        match filled {
            Ok(()) => Ok((directory, config)),
            Err(error) => {
                // Errors here are ignored: the first error is reported.
                for (file, _) in &kept {
                    let _ = fs::remove_file(file);
                    let _ = fs::remove_file(partial(file));
                }
                let _ = fs::remove_dir(&checkpoints);
                if is_new {
                    let _ = fs::remove_dir(path);
                }
                Err(fail(error))
            }
        }
    }

    /// Opens the folder that a run has left.
    pub fn open(path: &Path) -> Result<(Self, RunConfig), Failure> {
        let directory = Self { path: path.to_owned() };
        if !directory.config().is_file() {
            return Err(Failure::usage(format!(
                "{}: no run to resume: the folder has no config.toml",
                path.display()
            )));
        }
        let config = RunConfig::read(&directory.config())?;
        fs::create_dir_all(path.join("checkpoints")).map_err(|error| Failure::at(path, error))?;
        if directory.newest_checkpoint().is_none() && directory.has_ended() {
            return Err(Failure::usage(format!(
                "{0}: the run has ended and left no checkpoint to continue from\n  to run it again: --config {1} \
                 --out NEW_FOLDER",
                path.display(),
                directory.config().display()
            )));
        }
        Ok((directory, config))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a run with this folder writes such a file there.
    pub fn owns(folder: &Path, file: &Path) -> bool {
        is_one_of(folder, &OWN, file) || is_in(&folder.join("checkpoints"), file)
    }

    fn config(&self) -> PathBuf {
        self.path.join("config.toml")
    }

    fn readings(&self) -> PathBuf {
        self.path.join("readings.jsonl")
    }

    fn model(&self) -> PathBuf {
        self.path.join("model.safetensors")
    }

    /// The backend that the first reading names.
    pub fn backend(&self) -> Option<String> {
        Some(self.start()?.backend)
    }

    /// Whether the first reading says that a quotient is trained.
    pub fn is_quotient(&self) -> bool {
        self.start().is_some_and(|start| start.quotient)
    }

    fn start(&self) -> Option<StartRecord<IgnoredAny>> {
        let mut line = String::new();
        BufReader::new(File::open(self.readings()).ok()?).read_line(&mut line).ok()?;
        serde_json::from_str(&line).ok()
    }

    /// Whether the last reading says that the run is over. A run that was stopped before its first step does not count,
    /// since it has no results to lose.
    fn has_ended(&self) -> bool {
        let Ok(file) = File::open(self.readings()) else { return false };
        let lines = BufReader::new(file).lines().map_while(Result::ok);
        let Some(end) = lines.filter(|line| line.starts_with("{\"event\":\"end\"")).last() else {
            return false;
        };
        let end = serde_json::from_str::<EndRecord>(&end);
        !end.is_ok_and(|end| end.ended == EndWord::Stopped && end.step == 0)
    }

    /// Opens the readings. The bytes that a checkpoint vouches for stay; without a checkpoint, only the first line,
    /// `start`, stays.
    pub fn open_readings(&self, vouched: Option<u64>, start: &str) -> Result<Lines, Failure> {
        Lines::open(&self.readings(), vouched, start)
    }

    /// Opens the states of the units, in the same way.
    pub fn open_units(&self, vouched: Option<u64>) -> Result<Lines, Failure> {
        let path = self.path.join("units.jsonl");
        let start = units::start_line().map_err(|error| Failure::at(&path, error))?;
        Lines::open(&path, vouched, &start)
    }

    /// Removes partly written files of a program that was killed.
    pub fn forget_partial(&self) {
        let _ = fs::remove_file(partial(&self.model()));
        let checkpoints = fs::read_dir(self.path.join("checkpoints"));
        for entry in checkpoints.into_iter().flatten().flatten() {
            if entry.path().extension().is_some_and(|extension| extension == "partial") {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// The path of the checkpoint of a step.
    pub fn checkpoint(&self, step: usize) -> PathBuf {
        self.path.join("checkpoints").join(format!("step-{step:012}.ckpt"))
    }

    /// The newest checkpoint.
    pub fn newest_checkpoint(&self) -> Option<PathBuf> {
        self.checkpoints().pop()
    }

    /// Removes all but the newest checkpoints.
    pub fn forget_old_checkpoints(&self) {
        let all = self.checkpoints();
        for old in &all[..all.len().saturating_sub(KEPT)] {
            // A checkpoint that cannot be removed only takes disk space.
            let _ = fs::remove_file(old);
        }
    }

    fn checkpoints(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.path.join("checkpoints")) else { return Vec::new() };
        let mut found: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "ckpt"))
            .collect();
        found.sort();
        found
    }

    /// Writes the parameters by name, in single precision and PyTorch's orientation.
    pub fn write_parameters<'a>(
        &self,
        parameters: impl IntoIterator<Item = (String, &'a TensorData)>,
    ) -> Result<(), Failure> {
        let path = self.model();
        let tensors: Vec<(String, Vec<usize>, Vec<u8>)> =
            parameters.into_iter().map(|(name, data)| pytorch(name, data)).collect();
        let write = || {
            let views = tensors
                .iter()
                .map(|(name, shape, bytes)| {
                    Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?))
                })
                .collect::<Result<Vec<_>, safetensors::SafeTensorError>>();
            let bytes = views.and_then(|views| safetensors::serialize(views, None));
            write_whole(&path, &bytes.map_err(io::Error::other)?)
        };
        write().map_err(|error| Failure::at(&path, error))
    }
}

/// A file of lines to append to. It is locked, so that no two programs write into one run, and unchanged until it is
/// [`cut`](Self::cut).
pub struct Lines {
    path: PathBuf,
    file: File,
    /// How many bytes stay; None if only the first line stays.
    vouched: Option<u64>,
    start: String,
}

impl Lines {
    fn open(path: &Path, vouched: Option<u64>, start: &str) -> Result<Self, Failure> {
        let open = || {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            let file = options.open(path)?;
            file.try_lock().map_err(|error| match error {
                TryLockError::WouldBlock => io::Error::other("another process is running this run"),
                TryLockError::Error(error) => error,
            })?;
            if file.metadata()?.len() < vouched.unwrap_or(0) {
                return Err(io::Error::other("shorter than the checkpoint says"));
            }
            Ok(file)
        };
        let file = open().map_err(|error| Failure::at(path, error))?;
        Ok(Self { path: path.to_owned(), file, vouched, start: start.to_owned() })
    }

    /// The lines that a checkpoint vouches for.
    pub fn vouched(&self) -> Result<impl BufRead, Failure> {
        self.from(0).map(|file| BufReader::new(file.take(self.vouched.unwrap_or(0))))
    }

    /// The lines after these, which the run will write again.
    pub fn rest(&self) -> Result<impl BufRead, Failure> {
        self.from(self.vouched.unwrap_or(0)).map(BufReader::new)
    }

    fn from(&self, byte: u64) -> Result<&File, Failure> {
        (&self.file).seek(SeekFrom::Start(byte)).map_err(|error| Failure::at(&self.path, error))?;
        Ok(&self.file)
    }

    /// Cuts the file after what stays, and opens it for appending.
    pub fn cut(mut self) -> Result<File, Failure> {
        let mut cut = || {
            self.file.rewind()?;
            let bytes = match self.vouched {
                Some(bytes) => bytes,
                None => first_line(&mut self.file, &self.start)?,
            };
            self.file.set_len(bytes)?;
            self.file.seek(SeekFrom::End(0))
        };
        cut().map_err(|error| Failure::at(&self.path, error))?;
        Ok(self.file)
    }
}

/// Makes a line the first one of a file, and returns its length in bytes. A file that begins with the line already
/// stays unchanged. So the file names the run's backend, whenever the program is killed.
fn first_line(file: &mut File, line: &str) -> io::Result<u64> {
    let mut found = vec![0; line.len()];
    let begins_so = file.read_exact(&mut found).is_ok() && found == line.as_bytes();
    if !begins_so {
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(line.as_bytes())?;
    }
    Ok(line.len() as u64)
}

/// A parameter as PyTorch keeps it: `weight[output][input]`.
fn pytorch(name: String, data: &TensorData) -> (String, Vec<usize>, Vec<u8>) {
    let values: Vec<f32> = data.iter::<f32>().collect();
    let bytes = |values: &mut dyn Iterator<Item = f32>| values.flat_map(f32::to_le_bytes).collect();
    match data.shape.as_slice() {
        [inputs, outputs] => {
            let (inputs, outputs) = (*inputs, *outputs);
            let mut turned = (0..inputs * outputs)
                .map(|entry| values[entry % inputs * outputs + entry / inputs]);
            (name, vec![outputs, inputs], bytes(&mut turned))
        }
        shape => (name, shape.to_vec(), bytes(&mut values.iter().copied())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_turned() {
        let data = TensorData::new(vec![1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0], [3, 2]);
        let (_, shape, bytes) = pytorch("w".to_owned(), &data);
        let values: Vec<f32> =
            bytes.chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
        assert_eq!(shape, [2, 3]);
        assert_eq!(values, [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
    }
}
