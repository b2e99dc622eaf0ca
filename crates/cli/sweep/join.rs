//! The parts of a sweep as one table, in the order of its points.

use super::folder::{Done, SweepFolder};
use super::table::{Reader, Row, Writer, point};
use crate::failure::Failure;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

/// The number of rows of a row group.
const GROUP: usize = 1 << 16;

/// The result of joining.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    pub rows: usize,
    /// Points that two machines have run; one of the two rows is kept.
    pub twice: usize,
}

/// Joins the parts of folders of one sweep into a table at `to`, which must not exist. All points must be there.
///
/// The rows of every part are in the order of their points, and a part is opened when its first point is due. So memory
/// holds one row group for each part that overlaps.
pub fn join(folders: &[SweepFolder], to: &Path) -> Result<Joined, Failure> {
    let folder = &folders[0];
    let partial = constinit_core::files::partial(to);
    let fail = |error: String| Failure::at(&partial, error);
    let mut waiting = Vec::new();
    for folder in folders {
        for table in folder.tables()? {
            if let Some(first) = Reader::open(&table, folder.schema())?.points()?.first() {
                waiting.push((Reverse(*first), table));
            }
        }
    }
    waiting.sort_by_key(|(first, _)| *first); // the last one is due first
    let file = File::create(&partial).map_err(|error| fail(error.to_string()))?;
    let mut writer = Writer::new(BufWriter::new(file), folder.schema())
        .map_err(|error| fail(error.to_string()))?;
    // By the order in which they were opened; those that are read to their end are closed.
    let mut open: BTreeMap<usize, Source> = BTreeMap::new();
    let mut opened = 0;
    let mut due: BinaryHeap<Reverse<(usize, usize)>> = BinaryHeap::new();
    let mut rows: Vec<Row> = Vec::new();
    let mut next = 0;
    let mut joined = Joined { rows: 0, twice: 0 };
    loop {
        while waiting.last().is_some_and(|(Reverse(first), _)| {
            due.peek().is_none_or(|Reverse((at, _))| first <= at)
        }) {
            let Some((Reverse(first), table)) = waiting.pop() else { break };
            due.push(Reverse((first, opened)));
            open.insert(opened, Source::open(&table, folder)?);
            opened += 1;
        }
        let Some(Reverse((at, number))) = due.pop() else { break };
        let Some(source) = open.get_mut(&number) else { break };
        let row = source.take()?;
        match source.due()? {
            Some(after) if after <= at => return Err(source.unordered(after)),
            Some(after) => due.push(Reverse((after, number))),
            None => drop(open.remove(&number)),
        }
        match (row, at) {
            (_, at) if at < next => joined.twice += 1,
            (Some(row), at) if at == next => {
                rows.push(row);
                next += 1;
            }
            _ => break,
        }
        if rows.len() == GROUP {
            writer.write(&rows).map_err(|error| fail(error.to_string()))?;
            rows.clear();
        }
    }
    if next < folder.points() {
        drop(writer);
        let _ = fs::remove_file(&partial);
        let mut missing = Done::none(folder.points());
        for folder in folders {
            missing.extend(&folder.done()?);
        }
        let (done, all) = (missing.count(), folder.points());
        return Err(Failure::usage(format!(
            "{done} of {all} points are done; point {next} is the first missing one: continue the sweep"
        )));
    }
    if !rows.is_empty() {
        writer.write(&rows).map_err(|error| fail(error.to_string()))?;
    }
    joined.rows = next;
    let file = writer.finish().map_err(|error| fail(error.to_string()))?;
    let file = file.into_inner().map_err(|error| fail(error.to_string()))?;
    file.sync_all().map_err(|error| fail(error.to_string()))?;
    drop(file);
    fs::rename(&partial, to).map_err(|error| fail(error.to_string()))?;
    Ok(joined)
}

/// Joins the parts of a folder into its table, and removes the parts.
pub fn join_in_place(folder: &SweepFolder) -> Result<Joined, Failure> {
    let results = folder.results();
    let joined = match results.exists() {
        // The joined table is read before the parts with the same rows are removed.
        true => {
            let done = folder.done()?.count();
            if done < folder.points() {
                return Err(Failure::usage(format!(
                    "{}: has {done} of {} points; remove it, and the sweep runs the points that no part has",
                    results.display(),
                    folder.points()
                )));
            }
            Joined { rows: folder.points(), twice: 0 }
        }
        false => join(std::slice::from_ref(folder), &results)?,
    };
    folder.remove_parts();
    Ok(joined)
}

/// Joins folders of one sweep into a new folder.
pub fn join_folders(folders: &[SweepFolder], out: &Path) -> Result<(Joined, PathBuf), Failure> {
    let fail = |error: std::io::Error| Failure::at(out, error);
    let first = &folders[0];
    if let Some(other) = folders.iter().find(|folder| !folder.is_same_sweep(first)) {
        return Err(Failure::usage(format!(
            "{} and {} are from different sweeps: their sweep.toml files differ",
            first.path().display(),
            other.path().display()
        )));
    }
    // Fails if the path exists.
    fs::create_dir(out).map_err(fail)?;
    let results = out.join("results.parquet");
    let joined = join(folders, &results).inspect_err(|_| {
        let _ = fs::remove_dir(out);
    })?;
    for name in ["inputs.csv", "targets.csv", "sweep.toml"] {
        let from = first.path().join(name);
        if from.exists() {
            fs::copy(&from, out.join(name)).map_err(fail)?;
        }
    }
    Ok((joined, results))
}

/// A part that is being read.
struct Source {
    path: PathBuf,
    reader: Reader,
    rows: std::vec::IntoIter<Row>,
}

impl Source {
    fn open(path: &Path, folder: &SweepFolder) -> Result<Self, Failure> {
        let reader = Reader::open(path, folder.schema())?;
        Ok(Self { path: path.to_owned(), reader, rows: Vec::new().into_iter() })
    }

    /// The point of the next row; None at the end.
    fn due(&mut self) -> Result<Option<usize>, Failure> {
        while self.rows.as_slice().is_empty() {
            match self.reader.rows()? {
                Some(rows) => self.rows = rows.into_iter(),
                None => return Ok(None),
            }
        }
        Ok(self.rows.as_slice().first().and_then(point))
    }

    fn take(&mut self) -> Result<Option<Row>, Failure> {
        self.due()?;
        Ok(self.rows.next())
    }

    fn unordered(&self, point: usize) -> Failure {
        Failure::usage(format!("{}: point {point} is out of order", self.path.display()))
    }
}
