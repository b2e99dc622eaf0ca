//! The folder of a sweep: its configuration, and its rows, in parts while it runs.
//!
//! A part is written as a whole and never changed. The parts alone say which points are done. So a sweep that was
//! killed, or that several machines share, continues from this folder only.

use super::config::SweepConfig;
use super::outcome::Outcome;
use super::table::{Reader, Row, Schema, Writer, point};
use crate::data::DataFiles;
use crate::failure::Failure;
use crate::own_files::{is_in, is_one_of};
use crate::shard::Shard;
use constinit_core::files::write_whole;
use constinit_records::{
    ColumnKind, KEYS_KEY, POINT, POINTS_KEY, SCHEMA_KEY, SWEEP_KEY, SWEEP_SCHEMA, ScaleWord,
    SweepKey, VERSION_KEY,
};
use std::fs::{self, File, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use toml::Value;

/// What a sweep writes into its folder, in addition to parts and locks.
const OWN: [&str; 4] = ["sweep.toml", "inputs.csv", "targets.csv", "results.parquet"];
/// The folder of the parts.
const PARTS: &str = "parts";

/// The folder, and the columns of its tables.
#[derive(Debug)]
pub struct SweepFolder {
    path: PathBuf,
    schema: Schema,
    /// The largest number of hidden layers of a run.
    layers: usize,
    points: usize,
}

impl SweepFolder {
    /// Makes the folder of a sweep, or opens the folder in which the same sweep has begun. The data files are copied to
    /// it.
    pub fn create(path: &Path, sweep: &SweepConfig, files: &DataFiles) -> Result<Self, Failure> {
        let fail = |error: io::Error| Failure::at(path, error);
        let kept = [("inputs", &files.inputs), ("targets", &files.targets)];
        let text = sweep.to_toml(|base| {
            for (name, text) in kept {
                if let (Some(_), Some(Value::Table(data))) = (text, base.get_mut("data")) {
                    data.insert(name.to_owned(), Value::String(format!("{name}.csv")));
                }
            }
        })?;
        let mut whole: Vec<(PathBuf, &str)> = kept
            .iter()
            .filter_map(|(name, text)| Some((path.join(format!("{name}.csv")), text.as_deref()?)))
            .collect();
        // Written last: a folder that has this file is complete.
        whole.push((path.join("sweep.toml"), &text));
        if !path.join("sweep.toml").exists() {
            let taken = !entries(path).map_err(fail)?.is_empty();
            // Another machine of the same sweep writes the same files.
            let ours = |file: &(PathBuf, &str)| {
                fs::read(&file.0).is_ok_and(|found| found == file.1.as_bytes())
            };
            if taken && !whole.iter().any(ours) && !path.join(PARTS).is_dir() {
                return Err(Failure::usage(format!(
                    "{}: the folder is not empty and contains no sweep; name a new folder",
                    path.display()
                )));
            }
            fs::create_dir_all(path.join(PARTS)).map_err(fail)?;
            for (file, text) in &whole {
                write_new(file, text.as_bytes()).map_err(fail)?;
            }
        }
        for (file, text) in &whole {
            let found = fs::read(file).map_err(|error| Failure::at(file, error))?;
            if found != text.as_bytes() {
                return Err(Failure::usage(format!(
                    "{}: the folder contains another sweep, and the program overwrites nothing: this file differs \
                     from the configuration; name a new folder",
                    file.display()
                )));
            }
        }
        Self::of(path, sweep, &text)
    }

    /// Opens the folder in which a sweep has begun.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let file = path.join("sweep.toml");
        let text = fs::read_to_string(&file).map_err(|error| Failure::at(&file, error))?;
        let sweep = SweepConfig::parse(&text, &file.display().to_string(), path)?;
        Self::of(path, &sweep, &text)
    }

    fn of(path: &Path, sweep: &SweepConfig, text: &str) -> Result<Self, Failure> {
        let layers = hidden_layers(sweep)?;
        let mut columns = vec![(POINT.to_owned(), ColumnKind::Count)];
        columns.extend(sweep.keys.iter().map(|key| (key.name.clone(), key.kind)));
        columns.extend(Outcome::columns(layers));
        let keys: Vec<SweepKey> = sweep
            .keys
            .iter()
            .map(|key| SweepKey {
                key: key.name.clone(),
                scale: if sweep.is_sample() { ScaleWord::Sample } else { key.values.scale() },
                values: key.values.count().map(|count| count as u64),
            })
            .collect();
        let checksum = crc32fast::hash(text.as_bytes());
        let about = [
            (SCHEMA_KEY, SWEEP_SCHEMA.to_string()),
            (VERSION_KEY, env!("CARGO_PKG_VERSION").to_owned()),
            (SWEEP_KEY, format!("{checksum:08x}")),
            (POINTS_KEY, sweep.points().to_string()),
            (KEYS_KEY, serde_json::to_string(&keys).map_err(Failure::usage)?),
        ];
        let about = about.map(|(key, value)| (key.to_owned(), value)).to_vec();
        let schema = Schema { columns, about };
        Ok(Self { path: path.to_owned(), schema, layers, points: sweep.points() })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a sweep with this folder writes such a file there.
    pub fn owns(folder: &Path, file: &Path) -> bool {
        is_one_of(folder, &OWN, file)
            || is_in(&folder.join(PARTS), file)
            || (is_in(folder, file) && file.extension().is_some_and(|ending| ending == "lock"))
    }

    /// Whether both folders are of the same configuration.
    pub fn is_same_sweep(&self, other: &Self) -> bool {
        self.schema == other.schema
    }

    pub fn points(&self) -> usize {
        self.points
    }

    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The largest number of hidden layers of a run.
    pub fn layers(&self) -> usize {
        self.layers
    }

    /// The joined table.
    pub fn results(&self) -> PathBuf {
        self.path.join("results.parquet")
    }

    /// The joined table, which has all rows, or without it the existing parts.
    pub fn tables(&self) -> Result<Vec<PathBuf>, Failure> {
        if self.results().exists() {
            return Ok(vec![self.results()]);
        }
        let folder = self.parts();
        let mut found = entries(&folder).map_err(|error| Failure::at(&folder, error))?;
        found.retain(|path| path.extension().is_some_and(|ending| ending == "parquet"));
        found.sort();
        Ok(found)
    }

    /// Removes all remaining parts, also those that a killed program has partly written: the joined table has their
    /// rows. A part that cannot be removed does no harm.
    pub fn remove_parts(&self) {
        let folder = self.parts();
        for path in entries(&folder).unwrap_or_default() {
            let name = path.to_string_lossy();
            if name.ends_with(".parquet") || name.ends_with(".parquet.partial") {
                let _ = fs::remove_file(&path);
            }
        }
        let _ = fs::remove_dir(folder);
    }

    fn parts(&self) -> PathBuf {
        self.path.join(PARTS)
    }

    /// Which points are done.
    pub fn done(&self) -> Result<Done, Failure> {
        let mut done = Done::none(self.points);
        for table in self.tables()? {
            for point in Reader::open(&table, &self.schema)?.points()? {
                if point >= self.points {
                    return Err(Failure::usage(format!(
                        "{}: point {point}, but the sweep has {}",
                        table.display(),
                        self.points
                    )));
                }
                done.add(point);
            }
        }
        Ok(done)
    }

    /// Locks the points of a share, so that no other process runs them at the same time: not the same share, nor a
    /// share of another number of shares. The lock ends with the program.
    pub fn lock(&self, shard: Option<Shard>) -> Result<File, Failure> {
        let name = match shard {
            Some(Shard { number, of }) => format!("shard-{number}{}", shares(of)),
            None => "sweep.lock".to_owned(),
        };
        let path = self.path.join(name);
        let file = File::create(&path).map_err(|error| Failure::at(&path, error))?;
        let locked = |path: &Path, file: &File| match file.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => {
                Err(Failure::at(path, "another process is running this sweep in this folder"))
            }
            Err(TryLockError::Error(error)) => Err(Failure::at(path, error)),
        };
        locked(&path, &file)?;
        // Checked after its own lock is taken, so that of two processes that start at once one sees the other. Shares
        // of the same number of shares have no point in common, and the machines of a job start together, so these
        // locks are ignored.
        for other in entries(&self.path).map_err(|error| Failure::at(&self.path, error))? {
            let name = other.file_name().unwrap_or_default().to_string_lossy();
            let apart = shard.is_some_and(|shard| name.ends_with(&shares(shard.of)));
            if name.ends_with(".lock") && other != path && !apart {
                let file = File::open(&other).map_err(|error| Failure::at(&other, error))?;
                locked(&other, &file)?;
            }
        }
        Ok(file)
    }

    /// Writes rows as one part.
    pub fn keep(&self, rows: &mut Vec<Row>) -> Result<(), Failure> {
        rows.sort_by_key(point);
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(()) };
        let number = |row: &Row| point(row).unwrap_or_default();
        let name = format!("{:012}-{:012}", number(first), number(last));
        let folder = self.parts();
        let mut path = folder.join(format!("{name}.parquet"));
        for again in 1.. {
            if !path.exists() {
                break;
            }
            path = folder.join(format!("{name}-{again}.parquet"));
        }
        let fail = |error: String| Failure::at(&path, error);
        fs::create_dir_all(&folder).map_err(|error| fail(error.to_string()))?;
        let mut writer = Writer::new(Vec::new(), &self.schema).map_err(|e| fail(e.to_string()))?;
        writer.write(rows).map_err(|error| fail(error.to_string()))?;
        let bytes = writer.finish().map_err(|error| fail(error.to_string()))?;
        write_whole(&path, &bytes).map_err(|error| fail(error.to_string()))?;
        rows.clear();
        Ok(())
    }
}

/// The ending of the names of the locks of `of` shares.
fn shares(of: usize) -> String {
    format!("-of-{of}.lock")
}

/// Writes a file that other processes may write, too. The first file stays, and no reader sees a partly written one.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A process id is unique only on its machine.
    let number = RandomState::new().hash_one(std::process::id());
    let mut own = path.as_os_str().to_owned();
    own.push(format!(".{number:016x}"));
    let own = PathBuf::from(own);
    write_whole(&own, bytes)?;
    let linked = fs::hard_link(&own, path);
    let placed = match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // Some file systems have no links.
        Err(_) => fs::rename(&own, path),
        Ok(()) => Ok(()),
    };
    let _ = fs::remove_file(&own);
    placed
}

/// The entries of a folder; none if it does not exist.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// A set of points, as bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    words: Vec<u64>,
}

impl Done {
    pub fn none(points: usize) -> Self {
        Self { words: vec![0; points.div_ceil(64)] }
    }

    /// Adds the points of another share of the same sweep.
    pub fn extend(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(own, other)| *own |= other);
    }

    pub fn contains(&self, point: usize) -> bool {
        self.words[point / 64] >> (point % 64) & 1 == 1
    }

    pub fn add(&mut self, point: usize) {
        self.words[point / 64] |= 1 << (point % 64);
    }

    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }
}

/// The largest number of hidden layers of a run.
fn hidden_layers(sweep: &SweepConfig) -> Result<usize, Failure> {
    let mut dims = vec![sweep.unchecked_config(0)?.model.layer_dims.len()];
    for key in &sweep.keys {
        let numbers = 0..key.values.count().unwrap_or(0);
        match key.name.as_str() {
            "model.layer_dims" => dims.extend(numbers.map(|n| length(Some(&key.values.at(n))))),
            "model" => dims.extend(numbers.map(|n| length(key.values.at(n).get("layer_dims")))),
            _ => {}
        }
    }
    Ok(dims.into_iter().max().map_or(0, |most| most.saturating_sub(2)))
}

fn length(list: Option<&Value>) -> usize {
    list.and_then(Value::as_array).map_or(0, Vec::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_one_number_run_side_by_side_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[model]\nlayer_dims = [1, 2, 1]\n[data]\ninputs = [[1]]\ntargets = [[2]]\n[sweep]\n\
                    init_w = [1, 2]\n";
        let sweep = SweepConfig::parse(text, "sweep.toml", Path::new("")).unwrap();
        let path = folder.path().join("s");
        let folder = SweepFolder::create(&path, &sweep, &DataFiles::default()).unwrap();
        let share = |number, of| folder.lock(Some(Shard { number, of }));
        let first = share(1, 2).unwrap();
        let second = share(2, 2).unwrap();
        for refused in [share(1, 2), share(1, 3), folder.lock(None)] {
            assert!(
                refused.unwrap_err().to_string().contains("another process is running this sweep")
            );
        }
        drop((first, second));
        // The locks of the dropped shares are files that no program holds.
        let whole = folder.lock(None).unwrap();
        assert!(share(1, 3).is_err());
        drop(whole);
        share(1, 3).unwrap();
    }
}
