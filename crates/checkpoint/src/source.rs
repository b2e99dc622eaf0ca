//! A regular file that is read at given offsets.
//!
//! Nothing is mapped into memory: if somebody shortens a mapped file, the system kills the process that reads it, and
//! no check beforehand prevents that. A read past the new end is an error like any other.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::CheckpointError;

/// An open file, its length and when it was last written.
#[derive(Debug)]
pub(crate) struct Source {
    path: PathBuf,
    file: File,
    len: u64,
    modified: Option<SystemTime>,
}

impl Source {
    /// Opens a regular file. A file without a length (a pipe, a device) is refused without being opened, since opening
    /// a pipe waits for a writer.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let system = |error| CheckpointError::io(path, None, error);
        let facts = fs::metadata(path).map_err(system)?;
        if facts.is_dir() {
            fs::read_dir(path).map_err(system)?;
        }
        check_regular(path, &facts)?;
        Self::of_file(File::open(path).map_err(system)?, path)
    }

    /// A regular file that is already open; messages call it `path`.
    pub fn of_file(file: File, path: &Path) -> Result<Self, CheckpointError> {
        let facts = file.metadata().map_err(|error| CheckpointError::io(path, None, error))?;
        check_regular(path, &facts)?;
        Ok(Self { path: path.into(), file, len: facts.len(), modified: facts.modified().ok() })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn len(&self) -> u64 {
        self.len
    }

    /// Fills `bytes` from `offset` on.
    pub fn read_at(&self, bytes: &mut [u8], offset: u64) -> Result<(), CheckpointError> {
        read_exact_at(&self.file, bytes, offset).map_err(|error| match error.kind() {
            // The range was checked against the length before, so the file got shorter.
            io::ErrorKind::UnexpectedEof => CheckpointError::malformed(
                &self.path,
                offset,
                format!("{} bytes should follow, but the file ends", bytes.len()),
            ),
            _ => CheckpointError::io(&self.path, Some(offset), error),
        })
    }

    /// The bytes of a range, which must lie within the file.
    pub fn bytes(&self, offset: u64, len: u64) -> Result<Vec<u8>, CheckpointError> {
        let end = offset.checked_add(len).filter(|&end| end <= self.len);
        let Some(len) = end.and_then(|_| usize::try_from(len).ok()) else {
            return Err(CheckpointError::malformed(
                &self.path,
                offset,
                format!("{len} bytes should follow, but the file has {} bytes", self.len),
            ));
        };
        let mut bytes = vec![0; len];
        self.read_at(&mut bytes, offset)?;
        Ok(bytes)
    }

    /// An error if the file was written to since it was opened. A rename that puts another file in its place changes
    /// nothing here.
    pub fn check_unchanged(&self) -> Result<(), CheckpointError> {
        let facts =
            self.file.metadata().map_err(|error| CheckpointError::io(&self.path, None, error))?;
        if facts.len() != self.len || facts.modified().ok() != self.modified {
            return Err(CheckpointError::Changed { file: self.path.clone() });
        }
        Ok(())
    }
}

fn check_regular(path: &Path, facts: &Metadata) -> Result<(), CheckpointError> {
    if facts.is_file() {
        return Ok(());
    }
    let what = if facts.is_dir() { "a folder" } else { "a pipe or a device" };
    Err(CheckpointError::NotAFile { file: path.into(), what })
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !bytes.is_empty() {
        match file.seek_read(bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => {
                bytes = &mut bytes[n..];
                offset += n as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads a file from front to back, with a small buffer, and skips without reading.
#[derive(Debug)]
pub(crate) struct Cursor<'s> {
    source: &'s Source,
    end: u64,
    /// Where `buffer` begins.
    base: u64,
    buffer: Vec<u8>,
    at: usize,
}

impl<'s> Cursor<'s> {
    const BUFFER: u64 = 1 << 16;

    /// From `start` to `end`, which is at most the file's length.
    pub fn new(source: &'s Source, start: u64, end: u64) -> Self {
        Self { source, end: end.min(source.len), base: start, buffer: Vec::new(), at: 0 }
    }

    /// The offset of the next byte in the file.
    pub fn position(&self) -> u64 {
        self.base + self.at as u64
    }

    /// How many bytes are left.
    pub fn left(&self) -> u64 {
        self.end.saturating_sub(self.position())
    }

    pub fn error(&self, problem: impl Into<String>) -> CheckpointError {
        CheckpointError::malformed(&self.source.path, self.position(), problem)
    }

    pub fn error_at(&self, offset: u64, problem: impl Into<String>) -> CheckpointError {
        CheckpointError::malformed(&self.source.path, offset, problem)
    }

    pub fn byte(&mut self) -> Result<u8, CheckpointError> {
        if self.at == self.buffer.len() {
            self.fill()?;
        }
        self.at += 1;
        Ok(self.buffer[self.at - 1])
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], CheckpointError> {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            *byte = self.byte()?;
        }
        Ok(bytes)
    }

    /// The next `len` bytes. Nothing is allocated before they are known to be there.
    pub fn take(&mut self, len: u64) -> Result<Vec<u8>, CheckpointError> {
        if len > self.left() {
            return Err(self.ends(len));
        }
        let mut bytes = Vec::with_capacity(len as usize);
        while (bytes.len() as u64) < len {
            if self.at == self.buffer.len() {
                self.fill()?;
            }
            let wanted = (len as usize - bytes.len()).min(self.buffer.len() - self.at);
            bytes.extend_from_slice(&self.buffer[self.at..self.at + wanted]);
            self.at += wanted;
        }
        Ok(bytes)
    }

    pub fn text(&mut self, len: u64) -> Result<String, CheckpointError> {
        let start = self.position();
        String::from_utf8(self.take(len)?).map_err(|_| {
            CheckpointError::malformed(&self.source.path, start, "a text is not UTF-8")
        })
    }

    /// Skips `len` bytes.
    pub fn skip(&mut self, len: u64) -> Result<(), CheckpointError> {
        if len > self.left() {
            return Err(self.ends(len));
        }
        if len <= (self.buffer.len() - self.at) as u64 {
            self.at += len as usize;
        } else {
            self.base = self.position() + len;
            self.buffer.clear();
            self.at = 0;
        }
        Ok(())
    }

    fn ends(&self, len: u64) -> CheckpointError {
        self.error(format!("{len} bytes should follow, but only {} do", self.left()))
    }

    fn fill(&mut self) -> Result<(), CheckpointError> {
        let len = self.left().min(Self::BUFFER);
        if len == 0 {
            return Err(self.error("the file ends where more should follow"));
        }
        self.base = self.position();
        self.at = 0;
        self.buffer.resize(len as usize, 0);
        self.source.read_at(&mut self.buffer, self.base)
    }
}
