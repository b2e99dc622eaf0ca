//! `--csv`: the readings as a table.
//!
//! Columns and rows are those of [`ReadingRecord`]. A number is written as in `readings.jsonl`, and read back from
//! there without rounding. So a resumed run can make its earlier rows from the saved lines.

use crate::failure::Failure;
use crate::own_files::is_in;
use constinit_records::ReadingRecord;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};

/// A table, open for appending.
pub struct ReadingTable {
    path: PathBuf,
    file: File,
}

impl ReadingTable {
    /// Refuses a file that exists. `out` is the folder that the run will make.
    pub fn check(path: &Path, out: Option<&Path>) -> Result<(), Failure> {
        if path.symlink_metadata().is_ok() {
            return Err(Failure::at(
                path,
                "the file exists, and the program overwrites nothing; name a new file",
            ));
        }
        // Checked before the run makes its folder, which would prevent a second try.
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        // The system finds nothing behind a folder that does not exist, not even with `..`.
        let straight = !path.components().any(|part| part == Component::ParentDir);
        let will_be = straight && out.is_some_and(|out| is_in(out, path));
        match folder {
            Some(folder) if !folder.is_dir() && !will_be => {
                Err(Failure::at(path, format!("folder {} does not exist", folder.display())))
            }
            _ => Ok(()),
        }
    }

    /// A new table of hidden layers with these names.
    pub fn create(path: &Path, spaces: &[&str]) -> Result<Self, Failure> {
        let open = OpenOptions::new().write(true).create_new(true).open(path);
        let mut table =
            Self { path: path.to_owned(), file: open.map_err(|error| Failure::at(path, error))? };
        table.append(&heading(spaces).map_err(|error| Failure::at(path, error))?)?;
        Ok(table)
    }

    /// The table of a resumed run, with all rows of the `vouched` readings. An existing file must begin with these
    /// rows, and may continue with rows of the `rest`, which the run writes again. `rest` is called after `vouched` was
    /// read.
    pub fn resume<R: BufRead>(
        path: &Path,
        spaces: &[&str],
        vouched: impl BufRead,
        rest: impl FnOnce() -> Result<R, Failure>,
    ) -> Result<ResumedTable, Failure> {
        let mut text = heading(spaces).map_err(|error| Failure::at(path, error))?;
        for line in vouched.lines() {
            let row =
                line.and_then(|line| row_of(&line)).map_err(|error| Failure::at(path, error))?;
            text.extend(row.unwrap_or_default());
        }
        let found = match path.symlink_metadata() {
            Ok(_) if !fs::metadata(path).map_err(|error| Failure::at(path, error))?.is_file() => {
                return Err(Failure::at(
                    path,
                    "not a file, so the run cannot continue it as a table; name a new file",
                ));
            }
            Ok(_) => fs::read(path).map_err(|error| Failure::at(path, error))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(Failure::at(path, error)),
        };
        if !found.is_empty() {
            check(path, &found, &text, rest()?)?;
        }
        let found = found.len().min(text.len());
        Ok(ResumedTable { path: path.to_owned(), text, found })
    }

    /// Writes the row of a reading.
    pub fn write(&mut self, reading: &ReadingRecord) -> Result<(), Failure> {
        let row = row(reading).map_err(|error| Failure::at(&self.path, error))?;
        self.append(&row)
    }

    fn append(&mut self, rows: &[u8]) -> Result<(), Failure> {
        self.file.write_all(rows).map_err(|error| Failure::at(&self.path, error))
    }
}

/// A table to continue: checked, and still unchanged.
pub struct ResumedTable {
    path: PathBuf,
    /// The text with which the table begins.
    text: Vec<u8>,
    /// How many bytes of this text the file has.
    found: usize,
}

impl ResumedTable {
    /// Cuts off the rows that the run will write again.
    pub fn cut(self) -> Result<ReadingTable, Failure> {
        let Self { path, text, found } = self;
        let open = || {
            let mut options = OpenOptions::new();
            let mut file = options.write(true).create(true).truncate(false).open(&path)?;
            file.set_len(found as u64)?;
            file.seek(SeekFrom::End(0))?;
            Ok(file)
        };
        let file = open().map_err(|error: io::Error| Failure::at(&path, error))?;
        let mut table = ReadingTable { path, file };
        table.append(&text[found..])?;
        Ok(table)
    }
}

/// Refuses a file that is not this text, followed by rows of these readings as far as they were written.
fn check(path: &Path, found: &[u8], text: &[u8], rest: impl BufRead) -> Result<(), Failure> {
    let Some(behind) = found.strip_prefix(text) else {
        return Err(Failure::at(
            path,
            "not the table of this run up to its last checkpoint, and the program overwrites nothing; name a new file",
        ));
    };
    // If a program was killed, its last line may be incomplete.
    let lines = rest.lines().map_while(Result::ok);
    let rows: Vec<u8> = lines.map_while(|line| row_of(&line).ok()).flatten().flatten().collect();
    if rows.starts_with(behind) {
        return Ok(());
    }
    let same = behind.iter().zip(&rows).take_while(|(a, b)| a == b).count();
    let line = 1 + found[..text.len() + same].iter().filter(|&&byte| byte == b'\n').count();
    Err(Failure::at(
        path,
        format!(
            "line {line} is not a row of this run. The run writes its rows after the last checkpoint again, and \
             overwrites nothing else: remove the line, or name a new file"
        ),
    ))
}

/// The row of a line of `readings.jsonl`; None if the line is not a reading.
fn row_of(line: &str) -> io::Result<Option<Vec<u8>>> {
    if !line.starts_with("{\"event\":\"reading\"") {
        return Ok(None);
    }
    row(&serde_json::from_str(line)?).map(Some)
}

fn heading(spaces: &[&str]) -> io::Result<Vec<u8>> {
    csv_line(ReadingRecord::columns(spaces.iter().copied()))
}

/// A cell without a number is empty.
fn row(reading: &ReadingRecord) -> io::Result<Vec<u8>> {
    let cells = reading.row().into_iter().map(|number| match number {
        Some(number) => serde_json::to_string(&number),
        None => Ok(String::new()),
    });
    csv_line(cells.collect::<Result<Vec<_>, _>>()?)
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
                           hidden1.needed,hidden1.dead,hidden1.no_incoming,hidden1.no_outgoing,P1,P2,P3,P4\n";

    fn reading(step: usize, loss: &str) -> String {
        format!(
            "{{\"event\":\"reading\",\"step\":{step},\"loss\":{loss},\"spaces\":[{{\"name\":\"hidden1\",\"units\":2,\
             \"twins\":1,\"equitable\":null,\"forward\":1,\"spread\":1.5e-7,\"ulps\":3,\"dead\":2,\
             \"no_incoming\":null,\"no_outgoing\":0}}],\"properties\":{{\"P1\":{{\"holds\":true,\"deviation\":0.0,\"ulps\":0}},\"P2\":null,\
             \"P3\":{{\"holds\":false,\"deviation\":null,\"ulps\":4}},\"P4\":null}}}}\n"
        )
    }

    #[test]
    fn a_row_has_the_numbers_of_its_line_as_they_are_written() {
        let row = row_of(&reading(7, "0.30000000000000004")).unwrap().unwrap();
        let row = String::from_utf8(row).unwrap();
        assert_eq!(row, "7,0.30000000000000004,1,,1,1.5e-7,3,,2,,0,0.0,,,\n");
        assert_eq!(heading(&["hidden1"]).unwrap(), HEADING.as_bytes());
    }

    #[test]
    fn a_resumed_table_is_whole_and_no_other_file_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        let lines = format!("{{\"event\":\"start\"}}\n{}{}", reading(0, "null"), reading(1, "0.5"));
        let rows = ["0,,1,,1,1.5e-7,3,,2,,0,0.0,,,\n", "1,0.5,1,,1,1.5e-7,3,,2,,0,0.0,,,\n"];
        let whole = [HEADING, rows[0], rows[1]].concat();
        let rest = format!("{}{}", reading(2, "0.125"), &reading(3, "0.0625")[..40]);
        let after = "2,0.125,1,,1,1.5e-7,3,,2,,0,0.0,,,\n";
        let resume = |lines: &str| {
            ReadingTable::resume(&path, &["hidden1"], lines.as_bytes(), || Ok(rest.as_bytes()))
        };
        // No table, and tables with one more row, complete or incomplete.
        for before in [None, Some(format!("{whole}{after}")), Some(format!("{whole}2,0.1"))] {
            if let Some(before) = &before {
                std::fs::write(&path, before).unwrap();
            }
            let resumed = resume(&lines).unwrap();
            let now = path.exists().then(|| std::fs::read_to_string(&path).unwrap());
            assert_eq!(now, before, "nothing is cut before all is known to be well");
            let next = serde_json::from_str(&reading(2, "0.125")).unwrap();
            resumed.cut().unwrap().write(&next).unwrap();
            let found = std::fs::read_to_string(&path).unwrap();
            assert_eq!(found, format!("{whole}{after}"));
        }
        // A table with an incomplete row too early; a row of another run; a row more than the run has; another table.
        for (before, saying) in [
            ([HEADING, rows[0], "1,0"].concat(), "up to its last checkpoint"),
            (format!("{whole}2,0.25\n"), "line 4 is not a row of this run"),
            (format!("{whole}{after}my notes"), "line 5 is not a row of this run"),
            (format!("{whole}{after}\n"), "line 5 is not a row of this run"),
            ("step,loss\n0,1\n".to_owned(), "overwrites nothing"),
        ] {
            std::fs::write(&path, &before).unwrap();
            let refused = resume(&lines).err().unwrap().to_string();
            assert!(refused.contains(saying), "{refused}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
        }
        assert!(ReadingTable::check(&path, None).is_err());
        assert!(ReadingTable::create(&path, &["hidden1"]).is_err());
    }
}
