//! The Parquet files of a sweep's folder.
//!
//! The content of the files is not trusted: names, types, lengths and numbers of points are checked, and memory is
//! allocated only for rows that were read.

use super::column::{Column, ColumnValues, NONE};
use crate::error::{ReportError, io_error};
use constinit_records::{
    ColumnKind, KEYS_KEY, LayerColumn, POINT, POINTS_KEY, SCHEMA_KEY, SWEEP_KEY, SWEEP_SCHEMA,
    SweepColumn, SweepKey, VERSION_KEY,
};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::file::reader::{FileReader, SerializedFileReader};
use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::fs::{self, File};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// The largest number of rows of a file that are read: a file of a few bytes can claim any number.
const MOST_ROWS: usize = 1 << 26;
/// The number of rows that are read at once.
const BATCH: usize = 1 << 16;

/// The metadata of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct About {
    pub version: String,
    pub checksum: String,
    pub points: usize,
    pub keys: Vec<SweepKey>,
}

/// All rows of a folder, in the order of points.
pub struct SweepTable {
    pub about: About,
    pub points: Vec<usize>,
    /// The number of left-out rows, whose points have an earlier row.
    pub repeated: usize,
    /// All columns except `point`.
    pub columns: Vec<Column>,
}

/// Reads `results.parquet`, or without it all of `parts/*.parquet`, of the sweep with the configuration `config`.
pub fn read(folder: &Path, config: &[u8]) -> Result<SweepTable, ReportError> {
    let files = files(folder)?;
    let mut whole: Option<(PathBuf, SweepTable)> = None;
    let mut seen = HashSet::new();
    let checksum = format!("{:08x}", crc32fast::hash(config));
    for path in files {
        let file = Parquet::open(&path)?;
        file.of_configuration(&checksum)?;
        let (first, table) = whole.get_or_insert_with(|| {
            let empty = |name: &String| Column {
                name: name.clone(),
                values: ColumnValues::Numbers(vec![]),
            };
            let columns = file.names.iter().skip(1).map(empty).collect();
            let about = file.about.clone();
            (path.clone(), SweepTable { about, points: Vec::new(), repeated: 0, columns })
        });
        file.same_sweep(first, table)?;
        file.read(table, &mut seen)?;
    }
    let Some((_, mut table)) = whole else {
        let reason = "no rows yet: the folder has neither results.parquet nor parts/*.parquet";
        return Err(ReportError::Table { path: folder.to_owned(), reason: reason.to_owned() });
    };
    if !table.points.is_sorted() {
        let mut order: Vec<usize> = (0..table.points.len()).collect();
        order.sort_by_key(|row| table.points[*row]);
        table.columns = table.columns.iter().map(|column| column.picked(&order)).collect();
        table.points = order.iter().map(|row| table.points[*row]).collect();
    }
    Ok(table)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let whole = folder.join("results.parquet");
    if whole.is_file() {
        return Ok(vec![whole]);
    }
    let parts = folder.join("parts");
    if !parts.is_dir() {
        return Ok(Vec::new());
    }
    let io = io_error(&parts);
    let mut found = Vec::new();
    for entry in fs::read_dir(&parts).map_err(&io)? {
        let path = entry.map_err(&io)?.path();
        if path.extension().is_some_and(|extension| extension == "parquet") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// An open file.
struct Parquet<'a> {
    path: &'a Path,
    file: SerializedFileReader<File>,
    about: About,
    /// The names of the columns. The first is `point`.
    names: Vec<String>,
}

impl<'a> Parquet<'a> {
    fn open(path: &'a Path) -> Result<Self, ReportError> {
        let file = File::open(path).map_err(io_error(path))?;
        let file = caught(|| SerializedFileReader::new(file).map_err(damaged))
            .map_err(|error| wrong(path, format!("not a complete Parquet file: {error}")))?;
        let about = about(path, &file)?;
        let columns = file.metadata().file_metadata().schema_descr().columns();
        let mut names: Vec<String> = Vec::new();
        for column in columns {
            let name = column.name().to_owned();
            if column.max_rep_level() > 0 || column.max_def_level() > 1 {
                return Err(wrong_column(path, &name, "nested, where a flat one is expected"));
            }
            if names.contains(&name) {
                return Err(wrong_column(path, &name, "there twice"));
            }
            names.push(name);
        }
        if names.first().is_none_or(|name| name != POINT) {
            return Err(wrong_column(path, POINT, "not the first column"));
        }
        let keys = about.keys.iter().map(|key| key.key.as_str());
        let columns = SweepColumn::ALL.into_iter().filter(|column| !column.may_be_missing());
        let columns: Vec<&str> = columns.map(SweepColumn::name).collect();
        let expected = keys.chain(columns);
        let missing = expected.into_iter().find(|name| !names.iter().any(|n| n == name));
        if let Some(name) = missing {
            return Err(wrong_column(path, name, "missing"));
        }
        Ok(Self { path, file, about, names })
    }

    /// Checks that the file belongs to the configuration with this checksum.
    fn of_configuration(&self, checksum: &str) -> Result<(), ReportError> {
        let found = &self.about.checksum;
        if found == checksum {
            return Ok(());
        }
        let reason = format!(
            "of another sweep: its {SWEEP_KEY} is {found}, but the checksum of sweep.toml is {checksum}"
        );
        Err(wrong(self.path, reason))
    }

    /// Checks that the file has the columns and points of the first file.
    fn same_sweep(&self, first: &Path, table: &SweepTable) -> Result<(), ReportError> {
        let About { points, keys, .. } = &table.about;
        let beside = first.display();
        if self.about.points != *points || self.about.keys != *keys {
            return Err(wrong(
                self.path,
                format!("its keys or points differ from those of {beside}"),
            ));
        }
        let expected = table.columns.iter().map(|column| &column.name);
        if !self.names.iter().skip(1).eq(expected) {
            return Err(wrong(self.path, format!("its columns differ from those of {beside}")));
        }
        Ok(())
    }

    /// Adds the rows of points that have no row yet.
    fn read(&self, table: &mut SweepTable, seen: &mut HashSet<usize>) -> Result<(), ReportError> {
        let mut rows = 0;
        for group in 0..self.file.num_row_groups() {
            let column = |number: usize, limit: usize| {
                let name = &self.names[number];
                let is_key = self.about.keys.iter().any(|key| key.key == *name);
                let read = || {
                    let group = self.file.get_row_group(group);
                    let reader = group.and_then(|group| group.get_column_reader(number));
                    let reader = reader.map_err(damaged)?;
                    cells(reader, limit, expected(name, is_key))
                };
                caught(read).map_err(|reason| wrong_column(self.path, name, &reason))
            };
            let points = match column(0, MOST_ROWS - rows)? {
                Cells::Numbers(points) => points,
                Cells::Texts(_) => Vec::new(),
            };
            rows += points.len();
            let mut keep = Vec::with_capacity(points.len());
            for point in points {
                let most = self.about.points;
                // Whole numbers up to 2^53 are exact, and a sweep has fewer points.
                let place = Some(point as usize).filter(|p| point >= 0.0 && *p < most);
                let place = place.ok_or_else(|| {
                    let reason = format!("{point} is not one of the {most} points");
                    wrong_column(self.path, POINT, &reason)
                })?;
                let new = seen.insert(place);
                if new {
                    table.points.push(place);
                } else {
                    table.repeated += 1;
                }
                keep.push(new);
            }
            for number in 1..self.names.len() {
                let found = column(number, keep.len())?;
                let length = found.len();
                if length != keep.len() {
                    let reason = format!("{length} rows where `point` has {}", keep.len());
                    return Err(wrong_column(self.path, &self.names[number], &reason));
                }
                append(&mut table.columns[number - 1].values, found, &keep)
                    .map_err(|reason| wrong_column(self.path, &self.names[number], reason))?;
            }
        }
        Ok(())
    }
}

fn wrong(path: &Path, reason: String) -> ReportError {
    ReportError::Table { path: path.to_owned(), reason }
}

fn wrong_column(path: &Path, column: &str, reason: &str) -> ReportError {
    let (column, reason) = (column.to_owned(), reason.to_owned());
    ReportError::Column { path: path.to_owned(), column, reason }
}

/// The result of a function; an error if it panics, as the crate's decoders do for some damaged pages. What it leaves
/// half done is not used.
fn caught<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(damaged("damaged")))
}

/// What to do about a file that is cut off or damaged: the sweep runs points without a row again.
fn damaged(error: impl Display) -> String {
    format!(
        "{error}; once this file is removed, the same `constinit sweep` command runs its points again"
    )
}

fn about(path: &Path, file: &SerializedFileReader<File>) -> Result<About, ReportError> {
    let told = file.metadata().file_metadata().key_value_metadata();
    let value = |name: &str| {
        let pair = told.into_iter().flatten().find(|pair| pair.key == name);
        pair.and_then(|pair| pair.value.clone())
            .ok_or_else(|| wrong(path, format!("not the table of a sweep: it has no {name}")))
    };
    let whole = |name: &str| {
        let text = value(name)?;
        text.parse::<u64>()
            .map_err(|_| wrong(path, format!("{name} is `{text}`, which is not a whole number")))
    };
    let schema = whole(SCHEMA_KEY)?;
    if schema != SWEEP_SCHEMA {
        return Err(ReportError::Schema { path: path.to_owned(), schema, known: SWEEP_SCHEMA });
    }
    let points = usize::try_from(whole(POINTS_KEY)?).unwrap_or(usize::MAX);
    let keys = serde_json::from_str(&value(KEYS_KEY)?)
        .map_err(|error| wrong(path, format!("{KEYS_KEY}: {error}")))?;
    Ok(About { version: value(VERSION_KEY)?, checksum: value(SWEEP_KEY)?, points, keys })
}

/// The type that a column must have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Whole,
    Number,
    Text,
    Anything,
}

fn expected(name: &str, is_key: bool) -> Expected {
    let known = SweepColumn::ALL.into_iter().find(|column| column.name() == name);
    match known.map(SweepColumn::kind) {
        _ if is_key => Expected::Anything,
        _ if name == POINT => Expected::Whole,
        Some(ColumnKind::Text) => Expected::Text,
        Some(ColumnKind::Number | ColumnKind::Count) => Expected::Number,
        None if LayerColumn::is_of_a_layer(name) => Expected::Number,
        Some(ColumnKind::Truth) | None => Expected::Anything,
    }
}

/// The rows of a column of a row group.
enum Cells {
    /// NaN if there is no value.
    Numbers(Vec<f64>),
    Texts(Vec<Option<String>>),
}

impl Cells {
    fn len(&self) -> usize {
        match self {
            Self::Numbers(cells) => cells.len(),
            Self::Texts(cells) => cells.len(),
        }
    }
}

fn cells(reader: ColumnReader, limit: usize, expected: Expected) -> Result<Cells, String> {
    let numbers = |cells: Vec<Option<f64>>| {
        let finite = |cell: Option<f64>| cell.filter(|x| x.is_finite()).unwrap_or(f64::NAN);
        Cells::Numbers(cells.into_iter().map(finite).collect())
    };
    let (found, kind) = match reader {
        ColumnReader::Int64ColumnReader(reader) => {
            (numbers(drained(reader, limit, |n| Ok(n as f64))?), Expected::Whole)
        }
        ColumnReader::DoubleColumnReader(reader) => {
            (numbers(drained(reader, limit, Ok)?), Expected::Number)
        }
        ColumnReader::BoolColumnReader(reader) => {
            (Cells::Texts(drained(reader, limit, |b| Ok(b.to_string()))?), Expected::Anything)
        }
        ColumnReader::ByteArrayColumnReader(reader) => {
            let text = |bytes: parquet::data_type::ByteArray| {
                let text = bytes.as_utf8().map_err(|_| "text that is not UTF-8".to_owned())?;
                Ok(text.to_owned())
            };
            (Cells::Texts(drained(reader, limit, text)?), Expected::Text)
        }
        _ => return Err("of a type that no sweep writes".to_owned()),
    };
    let fits = kind == expected
        || expected == Expected::Anything
        || (kind, expected) == (Expected::Whole, Expected::Number);
    let wanted = match expected {
        Expected::Text => "text",
        Expected::Whole => "whole numbers",
        _ => "numbers",
    };
    if fits { Ok(found) } else { Err(format!("of another type than {wanted}")) }
}

/// All values of a reader, which has at most `limit` rows.
fn drained<T: DataType, V>(
    mut reader: ColumnReaderImpl<T>,
    limit: usize,
    value: impl Fn(T::T) -> Result<V, String>,
) -> Result<Vec<Option<V>>, String> {
    let mut cells = Vec::new();
    loop {
        let (mut values, mut there) = (Vec::new(), Vec::new());
        let (read, ..) =
            reader.read_records(BATCH, Some(&mut there), None, &mut values).map_err(damaged)?;
        if read == 0 {
            return Ok(cells);
        }
        if cells.len() + read > limit {
            return Err("more rows than there should be".to_owned());
        }
        let mut values = values.into_iter().map(&value);
        if there.is_empty() {
            for value in values {
                cells.push(Some(value?));
            }
            continue;
        }
        for level in there {
            cells.push(if level == 0 { None } else { values.next().transpose()? });
        }
    }
}

/// Adds the kept rows to a column.
fn append(column: &mut ColumnValues, found: Cells, keep: &[bool]) -> Result<(), &'static str> {
    let is_empty = matches!(column, ColumnValues::Numbers(values) if values.is_empty());
    if is_empty && matches!(found, Cells::Texts(_)) {
        *column = ColumnValues::Texts { names: Vec::new(), codes: Vec::new() };
    }
    match (column, found) {
        (ColumnValues::Numbers(values), Cells::Numbers(found)) => {
            values.extend(found.into_iter().zip(keep).filter(|(_, keep)| **keep).map(|(x, _)| x));
            Ok(())
        }
        (ColumnValues::Texts { names, codes }, Cells::Texts(found)) => {
            let mut known: HashMap<String, u32> = HashMap::new();
            for (code, name) in names.iter().enumerate() {
                known.insert(name.clone(), code as u32);
            }
            for text in found.into_iter().zip(keep).filter(|(_, keep)| **keep).map(|(text, _)| text)
            {
                let code = match text {
                    None => NONE,
                    Some(text) => *known.entry(text).or_insert_with_key(|text| {
                        names.push(text.clone());
                        (names.len() - 1) as u32
                    }),
                };
                codes.push(code);
            }
            Ok(())
        }
        _ => Err("of another type than in the rows before"),
    }
}
