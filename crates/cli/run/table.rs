//! `--csv`: the readings as a table.
//!
//! A row is made of a line of `readings.jsonl`, text by text, so that no number is rounded on the way, and so that the
//! rows before a run was resumed can be made of the lines that are kept.

use crate::failure::Failure;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Columns of a hidden layer.
const OF_SPACES: [&str; 7] = ["twins", "equitable", "forward", "spread", "ulps", "dead", "unheard"];
/// Columns after those of the hidden layers: how far each property is from holding.
const PROPERTIES: [&str; 4] = ["P1", "P2", "P3", "P4"];

/// A table, open for more.
pub struct Table {
    path: PathBuf,
    file: File,
}

impl Table {
    /// Refuses a file that is there.
    pub fn check(path: &Path) -> Result<(), Failure> {
        match path.symlink_metadata() {
            Ok(_) => {
                Err(at(path, &"the file is there, and nothing is overwritten; name a new one"))
            }
            // Asked before the folder of a run is made, which would be in the way of a second try.
            Err(_) => match path.parent().filter(|folder| *folder != Path::new("")) {
                Some(folder) if !folder.is_dir() => {
                    Err(at(path, &format!("there is no folder {}", folder.display())))
                }
                _ => Ok(()),
            },
        }
    }

    /// A new table of hidden layers with these names.
    pub fn create(path: &Path, spaces: &[&str]) -> Result<Self, Failure> {
        let open = OpenOptions::new().write(true).create_new(true).open(path);
        let mut table =
            Self { path: path.to_owned(), file: open.map_err(|error| at(path, &error))? };
        table.append(&heading(spaces).map_err(|error| at(path, &error))?)?;
        Ok(table)
    }

    /// Refuses a file that does not begin with the rows of a run that goes on, from its `readings` up to there.
    pub fn check_resumed(
        path: &Path,
        spaces: &[&str],
        readings: impl BufRead,
    ) -> Result<(), Failure> {
        match File::open(path) {
            Ok(file) => begins_with(path, &file, &table(path, spaces, readings)?).map(drop),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(at(path, &error)),
        }
    }

    /// The table of a run that goes on, with all rows up to there, from its `readings`. A file that is there must begin
    /// with these rows; those that follow are taken off, since they come again.
    pub fn resume(path: &Path, spaces: &[&str], readings: impl BufRead) -> Result<Self, Failure> {
        let fail = |error: io::Error| at(path, &error);
        let text = table(path, spaces, readings)?;
        let mut options = OpenOptions::new();
        let opened = options.read(true).write(true).create(true).truncate(false).open(path);
        let mut file = opened.map_err(fail)?;
        let found = begins_with(path, &file, &text)?;
        file.set_len(found.len() as u64)
            .and_then(|()| file.seek(SeekFrom::End(0)))
            .map_err(fail)?;
        let mut table = Self { path: path.to_owned(), file };
        table.append(&text[found.len()..])?;
        Ok(table)
    }

    /// Writes the row of a line of `readings.jsonl`.
    pub fn write(&mut self, line: &str) -> Result<(), Failure> {
        let row = row(line).map_err(|error| at(&self.path, &error))?;
        self.append(&row)
    }

    fn append(&mut self, rows: &[u8]) -> Result<(), Failure> {
        self.file.write_all(rows).map_err(|error| at(&self.path, &error))
    }
}

fn at(path: &Path, reason: &dyn std::fmt::Display) -> Failure {
    Failure::usage(format!("{}: {reason}", path.display()))
}

/// The whole table of some readings.
fn table(path: &Path, spaces: &[&str], readings: impl BufRead) -> Result<Vec<u8>, Failure> {
    let text = || {
        let mut text = heading(spaces)?;
        for line in readings.lines() {
            let line = line?;
            if is_reading(&line) {
                text.extend(row(&line)?);
            }
        }
        Ok(text)
    };
    text().map_err(|error: io::Error| at(path, &error))
}

/// The beginning of a file that is this text, or that is empty.
fn begins_with(path: &Path, file: &File, text: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut found = Vec::new();
    let read = file.take(text.len() as u64).read_to_end(&mut found);
    read.map_err(|error| at(path, &error))?;
    if !found.is_empty() && found != text {
        return Err(at(
            path,
            &"not the table of this run up to its last checkpoint, and nothing is overwritten; name a new file",
        ));
    }
    Ok(found)
}

fn is_reading(line: &str) -> bool {
    line.starts_with("{\"event\":\"reading\"")
}

fn heading(spaces: &[&str]) -> io::Result<Vec<u8>> {
    let of_spaces = spaces.iter().flat_map(|space| OF_SPACES.map(|of| format!("{space}.{of}")));
    let ends = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let names = ends(&["step", "loss"]).into_iter().chain(of_spaces).chain(ends(&PROPERTIES));
    csv_line(names)
}

fn row(line: &str) -> io::Result<Vec<u8>> {
    let torn = || io::Error::new(io::ErrorKind::InvalidData, "a reading that cannot be read");
    let (head, rest) = line.split_once("\"spaces\":[").ok_or_else(torn)?;
    let (spaces, properties) = rest.split_once("\"properties\":").ok_or_else(torn)?;
    let mut cells = vec![number(head, "step"), number(head, "loss")];
    for space in spaces.split("{\"name\":").skip(1) {
        cells.extend(OF_SPACES.map(|key| number(space, key)));
    }
    for name in PROPERTIES {
        let property = properties.split_once(&format!("\"{name}\":{{"));
        cells.push(property.map_or("", |(_, property)| number(property, "deviation")));
    }
    csv_line(cells)
}

/// The number that a key has, as it is written; empty where there is none.
fn number<'a>(object: &'a str, key: &str) -> &'a str {
    let value = object.split_once(&format!("\"{key}\":")).map_or("", |(_, rest)| rest);
    match value.split([',', '}']).next() {
        Some("null") | None => "",
        Some(number) => number,
    }
}

fn csv_line<T: AsRef<[u8]>>(cells: impl IntoIterator<Item = T>) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells)?;
    writer.into_inner().map_err(|error| error.into_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADING: &str = "step,loss,hidden1.twins,hidden1.equitable,hidden1.forward,hidden1.spread,hidden1.ulps,\
                           hidden1.dead,hidden1.unheard,P1,P2,P3,P4\n";

    fn reading(step: usize, loss: &str) -> String {
        format!(
            "{{\"event\":\"reading\",\"step\":{step},\"loss\":{loss},\"spaces\":[{{\"name\":\"hidden1\",\"units\":2,\
             \"twins\":1,\"equitable\":null,\"forward\":1,\"spread\":1.5e-7,\"ulps\":3,\"dead\":null,\
             \"unheard\":0}}],\"properties\":{{\"P1\":{{\"holds\":true,\"deviation\":0.0,\"ulps\":0}},\"P2\":null,\
             \"P3\":{{\"holds\":false,\"deviation\":null,\"ulps\":4}},\"P4\":null}}}}\n"
        )
    }

    #[test]
    fn a_row_has_the_numbers_of_its_line_as_they_are_written() {
        let row = String::from_utf8(row(&reading(7, "0.30000000000000004")).unwrap()).unwrap();
        assert_eq!(row, "7,0.30000000000000004,1,,1,1.5e-7,3,,0,0.0,,,\n");
        assert_eq!(heading(&["hidden1"]).unwrap(), HEADING.as_bytes());
    }

    #[test]
    fn a_resumed_table_is_whole_and_no_other_file_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        let lines = format!("{{\"event\":\"start\"}}\n{}{}", reading(0, "null"), reading(1, "0.5"));
        let rows = ["0,,1,,1,1.5e-7,3,,0,0.0,,,\n", "1,0.5,1,,1,1.5e-7,3,,0,0.0,,,\n"];
        let whole = [HEADING, rows[0], rows[1]].concat();
        // There is no table; there is one with a row more; there is one with a row less, torn.
        let torn = [HEADING, rows[0], "1,0"].concat();
        for before in [None, Some(format!("{whole}2,0.25\n")), Some(torn.clone())] {
            if let Some(before) = &before {
                std::fs::write(&path, before).unwrap();
            }
            let resumed = Table::resume(&path, &["hidden1"], lines.as_bytes());
            if before == Some(torn.clone()) {
                assert!(resumed.is_err());
                assert_eq!(std::fs::read_to_string(&path).unwrap(), torn);
                continue;
            }
            resumed.unwrap().write(&reading(2, "0.125")).unwrap();
            let found = std::fs::read_to_string(&path).unwrap();
            assert_eq!(found, format!("{whole}2,0.125,1,,1,1.5e-7,3,,0,0.0,,,\n"));
        }
        std::fs::write(&path, "step,loss\n0,1\n").unwrap();
        let refused = Table::resume(&path, &["hidden1"], lines.as_bytes()).err().unwrap();
        assert!(refused.to_string().contains("nothing is overwritten"), "{refused}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "step,loss\n0,1\n");
        assert!(Table::check(&path).is_err());
        assert!(Table::create(&path, &["hidden1"]).is_err());
    }
}
