//! Files that are written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The path to which a file is written before it is renamed. A killed program may leave this file.
pub fn partial(path: &Path) -> PathBuf {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    partial.into()
}

/// Replaces a file: writes a new one next to it, flushes it to the disk, and renames it.
///
/// A crash at any moment leaves either the old file or the new one.
///
/// # Errors
///
/// What the system says; an old file at `path` is then unchanged.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let partial = partial(path);
    let mut file = File::create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&partial, path)?;
    // The new name must reach the disk, too. Some systems do not let a program open a folder; the file is in its place
    // either way.
    if let Some(folder) = path.parent() {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(())
}
