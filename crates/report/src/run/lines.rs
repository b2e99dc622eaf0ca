//! Files of one JSON object per line, whose last line may be cut off if the program was killed.

use crate::error::ReportError;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// The objects of a file with the numbers of their lines, counted from 1, and whether the last line is cut off: it has
/// no end, or is not JSON. Empty lines are skipped.
pub fn read_lines<T: DeserializeOwned>(
    path: &Path,
) -> Result<(Vec<(usize, T)>, bool), ReportError> {
    let io_error = |source: io::Error| ReportError::Io { path: path.to_owned(), source };
    let mut file = BufReader::new(File::open(path).map_err(io_error)?);
    let mut found = Vec::new();
    let mut bytes = Vec::new();
    // A fault in a line counts only if another line follows it.
    let mut fault: Option<ReportError> = None;
    for line in 1.. {
        bytes.clear();
        if file.read_until(b'\n', &mut bytes).map_err(io_error)? == 0 {
            break;
        }
        if let Some(fault) = fault {
            return Err(fault);
        }
        let whole = bytes.ends_with(b"\n");
        let text = bytes.trim_ascii();
        if text.is_empty() {
            continue;
        }
        match serde_json::from_slice(text) {
            Ok(object) if whole => found.push((line, object)),
            // The program writes each line together with its end, so this line was cut off.
            Ok(_) => return Ok((found, true)),
            Err(error) => {
                let reason = error.to_string();
                let wrong = ReportError::Line { path: path.to_owned(), line, reason };
                // Complete JSON with wrong contents was not cut off.
                if error.is_data() {
                    return Err(wrong);
                }
                fault = Some(wrong);
            }
        }
    }
    Ok((found, fault.is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn read(text: &[u8]) -> Result<(Vec<usize>, bool), String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.jsonl");
        std::fs::write(&path, text).unwrap();
        let (lines, torn) = read_lines::<Value>(&path)
            .map_err(|error| error.to_string().rsplit_once("lines.jsonl").unwrap().1.to_owned())?;
        Ok((lines.into_iter().map(|(line, _)| line).collect(), torn))
    }

    #[test]
    fn a_torn_last_line_is_no_fault() {
        assert_eq!(read(b""), Ok((vec![], false)));
        assert_eq!(read(b"{}\n\n[1]\r\n"), Ok((vec![1, 3], false)));
        assert_eq!(read(b"{}\n{\"step\":"), Ok((vec![1], true)));
        assert_eq!(read(b"{}\n{\"step\":\n"), Ok((vec![1], true)));
        assert_eq!(read(b"{}\n{}"), Ok((vec![1], true)));
        // Blocks of a file that were never written to the disk.
        assert_eq!(read(b"{}\n\0\0\0\0"), Ok((vec![1], true)));
        let inside = read(b"{}\n{\"step\":\n{}\n").unwrap_err();
        assert!(inside.starts_with(", line 2: EOF while parsing"), "{inside}");
        let no_text = read(b"{}\n\xff\xfe\n{}\n").unwrap_err();
        assert!(no_text.starts_with(", line 2: "), "{no_text}");
    }
}
