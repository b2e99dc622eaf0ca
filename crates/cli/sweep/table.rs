//! Rows of a sweep as a Parquet file, and back.
//!
//! Columns are flat and may be null, except for `point`. One row group is read or written at a time, so tables of any
//! length take little memory.

use crate::failure::Failure;
use constinit_records::{ColumnKind, SweepColumn, VERSION_KEY};
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;
use std::borrow::Cow;
use std::fs::File;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An entry of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum SweepCell {
    None,
    Number(f64),
    Count(i64),
    Truth(bool),
    Text(Cow<'static, str>),
}

impl From<Option<usize>> for SweepCell {
    fn from(count: Option<usize>) -> Self {
        count.and_then(|count| i64::try_from(count).ok()).map_or(Self::None, Self::Count)
    }
}

impl From<usize> for SweepCell {
    fn from(count: usize) -> Self {
        Some(count).into()
    }
}

/// Numbers that are not finite are null.
impl From<Option<f64>> for SweepCell {
    fn from(number: Option<f64>) -> Self {
        number.filter(|number| number.is_finite()).map_or(Self::None, Self::Number)
    }
}

/// A word.
impl From<Option<&'static str>> for SweepCell {
    fn from(text: Option<&'static str>) -> Self {
        text.map_or(Self::None, |text| Self::Text(text.into()))
    }
}

/// A row; its first entry is the number of the point.
pub type Row = Vec<SweepCell>;

/// The number of the point that a row is about.
pub fn point(row: &Row) -> Option<usize> {
    match row.first() {
        Some(SweepCell::Count(point)) => usize::try_from(*point).ok(),
        _ => None,
    }
}

/// Names and kinds of columns, and the metadata of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    /// The first is `point`.
    pub columns: Vec<(String, ColumnKind)>,
    pub about: Vec<(String, String)>,
}

impl Schema {
    fn parquet(&self) -> Result<Arc<Type>, ParquetError> {
        let field = |(number, (name, kind)): (usize, &(String, ColumnKind))| {
            let physical = match kind {
                ColumnKind::Number => Physical::DOUBLE,
                ColumnKind::Count => Physical::INT64,
                ColumnKind::Truth => Physical::BOOLEAN,
                ColumnKind::Text => Physical::BYTE_ARRAY,
            };
            let logical = (*kind == ColumnKind::Text).then_some(LogicalType::String);
            let repetition = if number == 0 { Repetition::REQUIRED } else { Repetition::OPTIONAL };
            let built = Type::primitive_type_builder(name, physical)
                .with_repetition(repetition)
                .with_logical_type(logical)
                .build()?;
            Ok(Arc::new(built))
        };
        let fields = self.columns.iter().enumerate().map(field);
        let fields = fields.collect::<Result<Vec<_>, ParquetError>>()?;
        Ok(Arc::new(Type::group_type_builder("sweep").with_fields(fields).build()?))
    }
}

/// A table that is being written.
pub struct Writer<W: Write + Send> {
    file: SerializedFileWriter<W>,
    kinds: Vec<ColumnKind>,
}

impl<W: Write + Send> Writer<W> {
    pub fn new(to: W, schema: &Schema) -> Result<Self, ParquetError> {
        let about = schema.about.iter();
        let about = about.map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_key_value_metadata(Some(about.collect()))
            .build();
        let file = SerializedFileWriter::new(to, schema.parquet()?, Arc::new(properties))?;
        Ok(Self { file, kinds: schema.columns.iter().map(|(_, kind)| *kind).collect() })
    }

    /// Writes rows as one row group.
    pub fn write(&mut self, rows: &[Row]) -> Result<(), ParquetError> {
        let mut group = self.file.next_row_group()?;
        for (number, kind) in self.kinds.iter().enumerate() {
            let cells = || rows.iter().map(|row| row.get(number).unwrap_or(&SweepCell::None));
            match kind {
                ColumnKind::Number => {
                    column::<DoubleType, W>(&mut group, number, cells(), |cell| match cell {
                        SweepCell::Number(number) => Some(*number),
                        _ => None,
                    })
                }
                ColumnKind::Count => {
                    column::<Int64Type, W>(&mut group, number, cells(), |cell| match cell {
                        SweepCell::Count(count) => Some(*count),
                        _ => None,
                    })
                }
                ColumnKind::Truth => {
                    column::<BoolType, W>(&mut group, number, cells(), |cell| match cell {
                        SweepCell::Truth(truth) => Some(*truth),
                        _ => None,
                    })
                }
                ColumnKind::Text => {
                    column::<ByteArrayType, W>(&mut group, number, cells(), |cell| match cell {
                        SweepCell::Text(text) => Some(ByteArray::from(text.as_ref())),
                        _ => None,
                    })
                }
            }?;
        }
        group.close()?;
        Ok(())
    }

    /// Ends the file, and returns what it was written to.
    pub fn finish(self) -> Result<W, ParquetError> {
        self.file.into_inner()
    }
}

/// Writes one column of a row group.
fn column<'c, T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    number: usize,
    cells: impl Iterator<Item = &'c SweepCell>,
    value: impl Fn(&SweepCell) -> Option<T::T>,
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General(format!("the table has no column {number}")));
    };
    let cells: Vec<Option<T::T>> = cells.map(value).collect();
    let there: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    let values: Vec<T::T> = cells.into_iter().flatten().collect();
    // The first column is never null, and has no levels.
    let levels = (number > 0).then_some(there.as_slice());
    column.typed::<T>().write_batch(&values, levels, None)?;
    column.close()
}

/// A table that is read, a row group at a time.
pub struct Reader {
    path: PathBuf,
    file: SerializedFileReader<File>,
    kinds: Vec<ColumnKind>,
    /// The position of each column in the file; None if the program that wrote the file did not have the column.
    places: Vec<Option<usize>>,
    next: usize,
}

/// Whether tables of older programs lack a column.
fn may_be_missing(name: &str) -> bool {
    SweepColumn::ALL.into_iter().any(|column| column.name() == name && column.may_be_missing())
}

/// A table that cannot be decoded.
fn damaged(path: &Path, error: &ParquetError) -> Failure {
    Failure::usage(format!(
        "{}: {error}\n  the file is damaged; remove it, and the sweep repeats its points",
        path.display()
    ))
}

impl Reader {
    /// Opens a table, which must have the columns and be about the sweep that is expected.
    pub fn open(path: &Path, schema: &Schema) -> Result<Self, Failure> {
        let at = |reason: String| Failure::usage(format!("{}: {reason}", path.display()));
        let file = File::open(path).map_err(|error| at(error.to_string()))?;
        let file = caught(|| SerializedFileReader::new(file));
        let file = file.map_err(|error| damaged(path, &error))?;
        let meta = file.metadata().file_metadata();
        let found: Vec<(String, Option<ColumnKind>)> = meta
            .schema_descr()
            .columns()
            .iter()
            .map(|column| {
                let kind = match column.physical_type() {
                    Physical::DOUBLE => Some(ColumnKind::Number),
                    Physical::INT64 => Some(ColumnKind::Count),
                    Physical::BOOLEAN => Some(ColumnKind::Truth),
                    Physical::BYTE_ARRAY => Some(ColumnKind::Text),
                    _ => None,
                };
                // A table of a sweep has only flat columns.
                let flat = column.max_rep_level() == 0 && column.max_def_level() <= 1;
                (column.name().to_owned(), kind.filter(|_| flat))
            })
            .collect();
        let mut places = Vec::with_capacity(schema.columns.len());
        let mut rest = found.iter().enumerate().peekable();
        for (name, kind) in &schema.columns {
            let here = rest.next_if(|(_, found)| found.0 == *name && found.1 == Some(*kind));
            match (here, rest.peek()) {
                (Some((place, _)), _) => places.push(Some(place)),
                (None, _) if may_be_missing(name) => places.push(None),
                (None, Some((_, found))) => {
                    return Err(at(format!("column `{}` where `{name}` is expected", found.0)));
                }
                (None, None) => {
                    let (found, expected) = (found.len(), schema.columns.len());
                    return Err(at(format!("{found} columns, {expected} are expected")));
                }
            }
        }
        if rest.next().is_some() {
            let (found, expected) = (found.len(), schema.columns.len());
            return Err(at(format!("{found} columns, {expected} are expected")));
        }
        let told: Vec<(&str, &str)> = meta
            .key_value_metadata()
            .into_iter()
            .flatten()
            .filter_map(|pair| Some((pair.key.as_str(), pair.value.as_deref()?)))
            .collect();
        for (key, value) in &schema.about {
            let found = told.iter().find(|(name, _)| name == key).map(|(_, value)| *value);
            if key != VERSION_KEY && found != Some(value.as_str()) {
                return Err(at(format!(
                    "the table of another sweep: its {key} is {}, not {value}",
                    found.unwrap_or("missing")
                )));
            }
        }
        let kinds = schema.columns.iter().map(|(_, kind)| *kind).collect();
        Ok(Self { path: path.to_owned(), file, kinds, places, next: 0 })
    }

    /// The numbers of all points, without the rest of the rows.
    pub fn points(&self) -> Result<Vec<usize>, Failure> {
        let mut points = Vec::new();
        for group in 0..self.file.num_row_groups() {
            for cell in self.column(group, 0, ColumnKind::Count)? {
                points.push(point(&vec![cell]).ok_or_else(|| self.negative())?);
            }
        }
        Ok(points)
    }

    /// The rows of the next row group; none at the end.
    pub fn rows(&mut self) -> Result<Option<Vec<Row>>, Failure> {
        if self.next >= self.file.num_row_groups() {
            return Ok(None);
        }
        let group = self.next;
        self.next += 1;
        let mut rows: Vec<Row> = Vec::new();
        for (number, (kind, place)) in self.kinds.iter().zip(&self.places).enumerate() {
            let cells = match place {
                Some(place) => self.column(group, *place, *kind)?,
                None => vec![SweepCell::None; rows.len()],
            };
            if number == 0 {
                rows = cells.iter().map(|_| Vec::with_capacity(self.kinds.len())).collect();
            }
            if cells.len() != rows.len() {
                let error = ParquetError::General("columns of different lengths".to_owned());
                return Err(self.broken(&error));
            }
            rows.iter_mut().zip(cells).for_each(|(row, cell)| row.push(cell));
        }
        if rows.iter().any(|row| point(row).is_none()) {
            return Err(self.negative());
        }
        Ok(Some(rows))
    }

    fn column(
        &self,
        group: usize,
        number: usize,
        kind: ColumnKind,
    ) -> Result<Vec<SweepCell>, Failure> {
        match kind {
            ColumnKind::Number => self.typed::<DoubleType>(group, number, SweepCell::Number),
            ColumnKind::Count => self.typed::<Int64Type>(group, number, SweepCell::Count),
            ColumnKind::Truth => self.typed::<BoolType>(group, number, SweepCell::Truth),
            ColumnKind::Text => self.typed::<ByteArrayType>(group, number, |bytes: ByteArray| {
                SweepCell::Text(String::from_utf8_lossy(bytes.data()).into_owned().into())
            }),
        }
    }

    fn typed<T: DataType>(
        &self,
        group: usize,
        number: usize,
        cell: impl Fn(T::T) -> SweepCell,
    ) -> Result<Vec<SweepCell>, Failure> {
        let decoded = caught(|| {
            let group = self.file.get_row_group(group)?;
            let mut reader = get_typed_column_reader::<T>(group.get_column_reader(number)?);
            let (mut values, mut there) = (Vec::new(), Vec::new());
            // A file may claim more rows than it has; memory must not be allocated for the claim.
            while reader.read_records(1 << 16, Some(&mut there), None, &mut values)?.0 > 0 {}
            Ok((values, there))
        });
        let (values, there) = decoded.map_err(|error| self.broken(&error))?;
        if there.is_empty() {
            return Ok(values.into_iter().map(cell).collect());
        }
        let mut values = values.into_iter();
        let cells = there.into_iter().map(|level| match level {
            0 => SweepCell::None,
            _ => values.next().map_or(SweepCell::None, &cell),
        });
        Ok(cells.collect())
    }

    fn broken(&self, error: &ParquetError) -> Failure {
        damaged(&self.path, error)
    }

    fn negative(&self) -> Failure {
        Failure::usage(format!("{}: a point below 0", self.path.display()))
    }
}

/// The result of a read of the crate; an error if it panics, as it does for some damaged files. What it leaves half
/// done is not used.
fn caught<T>(read: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetError> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(ParquetError::General("the file is damaged".to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn schema() -> Schema {
        let column = |name: &str, kind| (name.to_owned(), kind);
        Schema {
            columns: vec![
                column("point", ColumnKind::Count),
                column("loss", ColumnKind::Number),
                column("held", ColumnKind::Truth),
                column("units", ColumnKind::Count),
                column("why", ColumnKind::Text),
            ],
            about: vec![("constinit.sweep".to_owned(), "0123abcd".to_owned())],
        }
    }

    fn write(path: &Path, groups: &[Vec<Row>], schema: &Schema) {
        let mut writer = Writer::new(File::create(path).unwrap(), schema).unwrap();
        groups.iter().for_each(|rows| writer.write(rows).unwrap());
        writer.finish().unwrap();
    }

    fn row() -> impl Strategy<Value = Row> {
        fn maybe(value: impl Strategy<Value = SweepCell>) -> impl Strategy<Value = SweepCell> {
            prop_oneof![1 => Just(SweepCell::None), 3 => value]
        }
        (
            (0..i64::MAX).prop_map(SweepCell::Count),
            maybe(
                any::<f64>()
                    .prop_filter("NaN is not itself", |x| !x.is_nan())
                    .prop_map(SweepCell::Number),
            ),
            maybe(any::<bool>().prop_map(SweepCell::Truth)),
            maybe(any::<i64>().prop_map(SweepCell::Count)),
            maybe(any::<String>().prop_map(|text| SweepCell::Text(text.into()))),
        )
            .prop_map(|(a, b, c, d, e)| vec![a, b, c, d, e])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_written_is_read(groups in prop::collection::vec(prop::collection::vec(row(), 1..20), 1..4)) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("t.parquet");
            write(&path, &groups, &schema());
            let mut reader = Reader::open(&path, &schema()).unwrap();
            let points: Vec<usize> = groups.iter().flatten().map(|row| point(row).unwrap()).collect();
            prop_assert_eq!(reader.points().unwrap(), points);
            for rows in &groups {
                let found = reader.rows().unwrap();
                prop_assert_eq!(found.as_ref(), Some(rows));
            }
            prop_assert!(reader.rows().unwrap().is_none());
        }

        #[test]
        fn a_changed_file_is_an_error_or_other_numbers(place in 0.0..1.0_f64, bit in 0..8_u8, cut in any::<bool>()) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("t.parquet");
            let rows = (0..50).map(|n| vec![SweepCell::Count(n), SweepCell::Number(0.5), SweepCell::None, SweepCell::Count(1), SweepCell::Text("x".into())]);
            write(&path, &[rows.collect()], &schema());
            let mut bytes = std::fs::read(&path).unwrap();
            let place = (place * bytes.len() as f64) as usize;
            if cut { bytes.truncate(place) } else { bytes[place] ^= 1 << bit }
            std::fs::write(&path, &bytes).unwrap();
            if let Ok(mut reader) = Reader::open(&path, &schema()) {
                let _ = reader.points();
                while let Ok(Some(_)) = reader.rows() {}
            }
        }
    }

    #[test]
    fn columns_that_an_older_program_did_not_have_are_null() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        let row = vec![SweepCell::Count(0), SweepCell::Number(0.5), SweepCell::Truth(true)];
        write(&path, &[vec![row]], &schema());
        let mut later = schema();
        for (place, name) in [(2, "explained"), (6, "accuracy")] {
            later.columns.insert(place, (name.to_owned(), ColumnKind::Number));
        }
        let rows = Reader::open(&path, &later).unwrap().rows().unwrap().unwrap();
        let [none, truth] = [SweepCell::None, SweepCell::Truth(true)];
        assert_eq!(rows[0][1..4], [SweepCell::Number(0.5), none.clone(), truth]);
        assert_eq!((rows[0].len(), &rows[0][6]), (7, &none));
    }

    #[test]
    fn other_tables_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        write(&path, &[vec![vec![SweepCell::Count(0)]]], &schema());
        let expect = |change: &dyn Fn(&mut Schema), words: &str| {
            let mut expected = schema();
            change(&mut expected);
            let error = Reader::open(&path, &expected).err().unwrap().to_string();
            assert!(error.contains(words) && error.contains("t.parquet"), "{error}");
        };
        expect(&|s| s.columns[1].0 = "x".to_owned(), "column `loss` where `x` is expected");
        expect(&|s| s.columns[1].1 = ColumnKind::Text, "column `loss`");
        expect(&|s| drop(s.columns.pop()), "5 columns, 4 are expected");
        expect(
            &|s| s.about[0].1 = "ffff".to_owned(),
            "another sweep: its constinit.sweep is 0123abcd",
        );
        assert!(Reader::open(&folder.path().join("none"), &schema()).is_err());
    }
}
