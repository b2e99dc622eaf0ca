//! The table of a sweep, read by the parquet crate's own row reader.

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use std::fs::File;
use std::path::Path;

pub fn rows(path: &Path) -> Vec<Row> {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    reader.get_row_iter(None).unwrap().map(Result::unwrap).collect()
}

pub fn field<'r>(row: &'r Row, name: &str) -> &'r Field {
    let found = row.get_column_iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("no column {name}")).1
}

pub fn number(row: &Row, name: &str) -> f64 {
    match field(row, name) {
        Field::Double(number) => *number,
        Field::Long(number) => *number as f64,
        other => panic!("{name} is {other}"),
    }
}

/// The empty text where there is none.
pub fn text(row: &Row, name: &str) -> String {
    match field(row, name) {
        Field::Str(text) => text.clone(),
        Field::Null => String::new(),
        other => panic!("{name} is {other}"),
    }
}
