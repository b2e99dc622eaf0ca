//! `--tensorboard`: scalars in the event files that TensorBoard reads.
//!
//! A file is a row of records, and the data of a record an `Event` in the encoding of protocol buffers, whose field
//! numbers are those of TensorBoard's `event.proto` and `summary.proto`. All numbers are little-endian:
//!
//! ```text
//! record = length: u64, mask(crc32c(length)): u32, data, mask(crc32c(data)): u32
//! mask(c) = (c rotated right by 15 bits) + 0xa282ead8, modulo 2^32
//! ```

use crate::failure::Failure;
use constinit_records::ReadingRecord;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// A part of the name of every event file.
const MARK: &str = "tfevents.";

/// Field numbers.
mod event {
    pub const WALL_TIME: u64 = 1;
    pub const STEP: u64 = 2;
    pub const FILE_VERSION: u64 = 3;
    pub const SUMMARY: u64 = 5;
    pub const SESSION_LOG: u64 = 7;
}
/// The field of a value in a `Summary`.
const VALUE: u64 = 1;
/// The fields of a `Value`.
const TAG: u64 = 1;
const SIMPLE_VALUE: u64 = 2;
/// The fields of a `SessionLog`, and the status at the start of a session.
const STATUS: u64 = 1;
const START: u64 = 1;

/// How a field is encoded.
const VARINT: u64 = 0;
const EIGHT_BYTES: u64 = 1;
const WITH_LENGTH: u64 = 2;
const FOUR_BYTES: u64 = 5;

/// An event file, open for appending.
pub struct EventFile {
    path: PathBuf,
    file: File,
}

impl EventFile {
    /// Refuses a folder with event files in it: TensorBoard shows those of one folder as one run.
    pub fn check(folder: &Path) -> Result<(), Failure> {
        match newest(folder) {
            Ok(None) => Ok(()),
            Ok(Some(_)) => Err(Failure::usage(format!(
                "{}: the folder has events, and TensorBoard would show both runs as one; name a new folder, or \
                 continue the run that wrote them: --resume",
                folder.display()
            ))),
            Err(error) => Err(at(folder, &error)),
        }
    }

    /// Refuses a folder with event files that a run of another configuration wrote; `run` is the checksum of this one.
    pub fn check_resumed(folder: &Path, run: u32) -> Result<(), Failure> {
        let own = writer(run);
        let names = names(folder).map_err(|error| at(folder, &error))?;
        match names.into_iter().find(|name| !name.contains(&own)) {
            None => Ok(()),
            Some(name) => Err(Failure::usage(format!(
                "{}: has events of another run, and TensorBoard would show both runs as one; name the folder of the \
                 resumed run, or a new one",
                folder.join(name).display()
            ))),
        }
    }

    /// Makes a new file in a folder. If a run is resumed, the file begins with a session that starts at step `next`.
    /// TensorBoard then ignores events of this step and of later ones in earlier files.
    pub fn create(folder: &Path, run: u32, next: Option<usize>) -> Result<Self, Failure> {
        let open = || {
            fs::create_dir_all(folder)?;
            let now = seconds() as u64;
            // TensorBoard reads files in the order of their names.
            let time = newest(folder)?.map_or(now, |newest| now.max(newest.saturating_add(1)));
            let name = format!("events.out.{MARK}{time:010}{}{}", writer(run), std::process::id());
            let path = folder.join(name);
            let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
            Ok(Self { path, file })
        };
        let mut events = open().map_err(|error| at(folder, &error))?;
        events.append(0, |event| with_length(event, event::FILE_VERSION, b"brain.Event:2"))?;
        if let Some(next) = next {
            events.append(next, |event| {
                let mut log = Vec::new();
                number(&mut log, STATUS, START);
                with_length(event, event::SESSION_LOG, &log);
            })?;
        }
        Ok(events)
    }

    /// Writes the numbers of a reading.
    pub fn write(&mut self, reading: &ReadingRecord) -> Result<(), Failure> {
        let mut summary = Vec::new();
        for (tag, scalar) in reading.scalars() {
            let mut value = Vec::new();
            with_length(&mut value, TAG, tag.as_bytes());
            key(&mut value, SIMPLE_VALUE, FOUR_BYTES);
            value.extend((scalar as f32).to_le_bytes());
            with_length(&mut summary, VALUE, &value);
        }
        self.append(reading.step, |event| with_length(event, event::SUMMARY, &summary))
    }

    fn append(&mut self, step: usize, what: impl FnOnce(&mut Vec<u8>)) -> Result<(), Failure> {
        let mut event = Vec::new();
        key(&mut event, event::WALL_TIME, EIGHT_BYTES);
        event.extend(seconds().to_le_bytes());
        number(&mut event, event::STEP, step as u64);
        what(&mut event);
        // Written at once, so that TensorBoard shows a run in progress.
        self.file.write_all(&record(&event)).map_err(|error| at(&self.path, &error))
    }
}

fn at(path: &Path, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::NotADirectory => Failure::usage(format!(
            "--tensorboard {}: is a file; give a folder for the event files",
            path.display()
        )),
        _ => Failure::at(path, error),
    }
}

/// Seconds since 1970.
fn seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// The part of a file's name that says which run wrote it.
fn writer(run: u32) -> String {
    format!(".constinit-{run:08x}.")
}

/// The names of the event files of a folder.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let names = names.collect::<io::Result<Vec<String>>>()?.into_iter();
    Ok(names.filter(|name| name.contains(MARK)).collect())
}

/// The latest time in the name of an event file of a folder; None if there is no such file.
fn newest(folder: &Path) -> io::Result<Option<u64>> {
    let time = |name: &String| {
        let (_, rest) = name.split_once(MARK)?;
        rest.split('.').next().map(|time| time.parse().unwrap_or(0))
    };
    Ok(names(folder)?.iter().filter_map(time).max())
}

fn record(data: &[u8]) -> Vec<u8> {
    let masked =
        |bytes: &[u8]| crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes();
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &masked(&length), data, &masked(data)].concat()
}

/// The checksum of Castagnoli's polynomial, bit by bit: events are some hundred bytes long.
fn crc32c(bytes: &[u8]) -> u32 {
    let shifted = |c: u32| if c & 1 == 1 { c >> 1 ^ 0x82f6_3b78 } else { c >> 1 };
    !bytes.iter().fold(!0, |c, byte| (0..8).fold(c ^ u32::from(*byte), |c, _| shifted(c)))
}

fn varint(to: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

/// Writes the key with which a field begins.
fn key(to: &mut Vec<u8>, field: u64, written: u64) {
    varint(to, field << 3 | written);
}

fn number(to: &mut Vec<u8>, field: u64, value: u64) {
    key(to, field, VARINT);
    varint(to, value);
}

fn with_length(to: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    key(to, field, WITH_LENGTH);
    varint(to, bytes.len() as u64);
    to.extend(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_rfc_3720() {
        // Appendix B.4, and the check value of the catalogues.
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(b""), 0);
    }

    #[test]
    fn a_file_sorts_behind_those_that_are_there() {
        let folder = tempfile::tempdir().unwrap();
        EventFile::check(folder.path()).unwrap();
        EventFile::check(&folder.path().join("none")).unwrap();
        let later = folder.path().join("events.out.tfevents.9999999990.other.1");
        fs::write(&later, "theirs").unwrap();
        assert!(EventFile::check(folder.path()).unwrap_err().to_string().contains("as one"));
        let first = EventFile::create(folder.path(), 7, Some(3)).unwrap().path;
        let second = EventFile::create(folder.path(), 7, None).unwrap().path;
        assert!(later < first && first < second, "{first:?}, {second:?}");
        assert_eq!(fs::read(&later).unwrap(), b"theirs");
        let refused = EventFile::check_resumed(folder.path(), 7).unwrap_err().to_string();
        assert!(refused.contains("other.1: has events of another run"), "{refused}");
        fs::remove_file(&later).unwrap();
        EventFile::check_resumed(folder.path(), 7).unwrap();
        assert!(EventFile::check_resumed(folder.path(), 8).is_err());
    }
}
