//! Finds where the files of a zip archive are.
//!
//! Only archives as PyTorch writes them are read, without compression. So numbers can be read in place, and no archive
//! can expand to more than its own size.

use std::collections::HashSet;

use crate::error::CheckpointError;
use crate::source::{Cursor, Source};

/// The end record without its comment, and the longest comment.
const END: u64 = 22;
const LONGEST_COMMENT: u64 = 0xffff;
/// The smallest size of an entry of the directory, and of the head before the bytes of a file.
const DIRECTORY_ENTRY: u64 = 46;
const LOCAL_HEAD: u64 = 30;
/// The value of a 32-bit field that refers to the 64-bit one.
const ELSEWHERE: u64 = 0xffff_ffff;

/// A file of the archive.
pub(super) struct Entry {
    pub name: String,
    head: u64,
    len: u64,
    stored: bool,
}

impl Entry {
    /// The offset of its bytes in the archive, and their number.
    pub fn place(&self, source: &Source) -> Result<[u64; 2], CheckpointError> {
        if !self.stored {
            let problem = format!(
                "`{}` is compressed or encrypted; PyTorch stores numbers as they are (repack with `zip -0`)",
                self.name
            );
            return Err(CheckpointError::unsupported(source.path(), problem));
        }
        let head = source.bytes(self.head, LOCAL_HEAD)?;
        if head[..4] != *b"PK\x03\x04" {
            let problem = format!("`{}` should begin here", self.name);
            return Err(CheckpointError::malformed(source.path(), self.head, problem));
        }
        // The head has its own name and extra field, whose lengths may differ from those in the directory.
        let start =
            self.head + LOCAL_HEAD + u64::from(le16(&head, 26)) + u64::from(le16(&head, 28));
        if start.checked_add(self.len).is_none_or(|end| end > source.len()) {
            let problem =
                format!("`{}` should have {} bytes, but the file ends", self.name, self.len);
            return Err(CheckpointError::malformed(source.path(), start, problem));
        }
        Ok([start, self.len])
    }
}

/// The files in the archive's directory.
pub(super) fn entries(source: &Source) -> Result<Vec<Entry>, CheckpointError> {
    let [count, start, len] = directory(source)?;
    let error =
        |offset, problem: String| CheckpointError::malformed(source.path(), offset, problem);
    if start.checked_add(len).is_none_or(|end| end > source.len()) {
        return Err(error(start, "the archive's directory lies outside of the file".into()));
    }
    if count > len / DIRECTORY_ENTRY {
        return Err(error(start, format!("no room for {count} entries in {len} bytes")));
    }
    let mut cursor = Cursor::new(source, start, start + len);
    let mut entries = Vec::with_capacity(count as usize);
    let mut names = HashSet::new();
    for _ in 0..count {
        let at = cursor.position();
        let head: [u8; DIRECTORY_ENTRY as usize] = cursor.array()?;
        if head[..4] != *b"PK\x01\x02" {
            return Err(error(at, "an entry of the archive's directory should be here".into()));
        }
        let name = cursor.text(le16(&head, 28).into())?;
        let extra = cursor.take(le16(&head, 30).into())?;
        cursor.skip(le16(&head, 32).into())?;
        let [packed, unpacked, head_at] = [20, 24, 42].map(|at| u64::from(le32(&head, at)));
        let [unpacked, packed, head_at] = wide(&extra, [unpacked, packed, head_at])
            .ok_or_else(|| error(at, format!("`{name}` lacks its 64-bit sizes")))?;
        let encrypted = le16(&head, 8) & 1 != 0;
        let stored = le16(&head, 10) == 0 && packed == unpacked && !encrypted;
        // Readers differ in which of two entries of the same name they take.
        if !names.insert(name.clone()) {
            return Err(error(at, format!("a second entry `{name}` of the archive's directory")));
        }
        entries.push(Entry { name, head: head_at, len: unpacked, stored });
    }
    Ok(entries)
}

/// Number of entries, start and length of the directory.
fn directory(source: &Source) -> Result<[u64; 3], CheckpointError> {
    let tail_len = source.len().min(END + LONGEST_COMMENT);
    let base = source.len() - tail_len;
    let tail = source.bytes(base, tail_len)?;
    // The last end record whose comment ends with the file.
    let fits = |at: &usize| {
        tail[*at..].starts_with(b"PK\x05\x06")
            && at + END as usize + usize::from(le16(&tail, at + 20)) == tail.len()
    };
    let last = tail.len().checked_sub(END as usize);
    let Some(at) = last.and_then(|last| (0..=last).rev().find(fits)) else {
        let problem = "a zip archive without its end: the file is not complete; get it again";
        return Err(CheckpointError::malformed(source.path(), source.len(), problem));
    };
    let narrow =
        [le16(&tail, at + 10).into(), le32(&tail, at + 16).into(), le32(&tail, at + 12).into()];
    // The locator of the 64-bit end record comes right before.
    let locator = at.checked_sub(20).filter(|&l| tail[l..].starts_with(b"PK\x06\x07"));
    let Some(locator) = locator else { return Ok(narrow) };
    let end = le64(&tail, locator + 8);
    let record = source.bytes(end, 56)?;
    if record[..4] != *b"PK\x06\x06" {
        let problem = "the 64-bit end of the archive should be here";
        return Err(CheckpointError::malformed(source.path(), end, problem));
    }
    Ok([le64(&record, 32), le64(&record, 48), le64(&record, 40)])
}

/// Sizes and offset, from the 64-bit extra field if the 32-bit fields refer to it.
fn wide(mut extra: &[u8], narrow: [u64; 3]) -> Option<[u64; 3]> {
    if !narrow.contains(&ELSEWHERE) {
        return Some(narrow);
    }
    while extra.len() >= 4 {
        let (id, len) = (le16(extra, 0), usize::from(le16(extra, 2)));
        let mut body = extra.get(4..4 + len)?;
        if id == 1 {
            let mut wide = narrow;
            for field in wide.iter_mut().filter(|field| **field == ELSEWHERE) {
                *field = u64::from_le_bytes(body.get(..8)?.try_into().ok()?);
                body = &body[8..];
            }
            return Some(wide);
        }
        extra = &extra[4 + len..];
    }
    None
}

fn le16(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn le32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn le64(bytes: &[u8], at: usize) -> u64 {
    u64::from(le32(bytes, at)) | u64::from(le32(bytes, at + 4)) << 32
}
