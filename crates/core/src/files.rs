//! Files that are written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Where a file is written before it is put in its place; a program that was killed may leave it.
pub fn partial(path: &Path) -> PathBuf {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    partial.into()
}

/// Puts a file in its place: written beside it, flushed to the disk, renamed.
///
/// A crash at any moment leaves either the old file or the new one.
///
/// # Errors
///
/// What the system says; an old file at `path` is then still whole.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let partial = partial(path);
    let mut file = File::create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&partial, path)?;
    // The new name has to reach the disk, too. Not every system lets a folder be opened, and the
    // file is in its place either way.
    if let Some(folder) = path.parent() {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(())
}
