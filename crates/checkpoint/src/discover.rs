//! Finds the checkpoints in files and folders.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::CheckpointError;
use crate::format::{self, Format};
use crate::natural::natural;

/// How deep folders are searched.
const DEEPEST: usize = 16;

/// The checkpoints at a path: the file itself, or those in the folder and its subfolders, in the order of their names.
///
/// In a folder, only files with the extension of a checkpoint count. The index stands for all files that it names.
/// Links to folders are not followed.
///
/// # Errors
///
/// If a folder cannot be read or has no checkpoint. A single file is not opened here.
pub fn discover(path: &Path) -> Result<Vec<PathBuf>, CheckpointError> {
    if !path.is_dir() {
        return Ok(vec![path.into()]);
    }
    let mut found = Vec::new();
    walk(path, 0, &mut found)?;
    // A shard is listed only if no index names it. A broken index is reported when it is opened.
    let shards: HashSet<PathBuf> = found
        .iter()
        .filter(|path| format::is_index(path))
        .filter_map(|index| format::shards(index).ok())
        .flatten()
        .map(|shard| shard.path)
        .collect();
    found.retain(|path| !shards.contains(path));
    if found.is_empty() {
        let problem =
            format!("no checkpoint in this folder (looked for .{})", extensions().join(", ."));
        return Err(CheckpointError::unsupported(path, problem));
    }
    found.sort_by(|a, b| natural(&a.to_string_lossy(), &b.to_string_lossy()));
    Ok(found)
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), CheckpointError> {
    let system = |error| CheckpointError::io(folder, None, error);
    for entry in fs::read_dir(folder).map_err(system)? {
        let entry = entry.map_err(system)?;
        let path = entry.path();
        if entry.file_type().map_err(system)?.is_dir() {
            if depth < DEEPEST {
                // A folder that cannot be read is listed; opening it reports the error.
                if walk(&path, depth + 1, found).is_err() {
                    found.push(path);
                }
            }
        } else if is_checkpoint(&path) {
            found.push(path);
        }
    }
    Ok(())
}

fn is_checkpoint(path: &Path) -> bool {
    let extension = path.extension().and_then(|text| text.to_str()).unwrap_or_default();
    Format::ALL.iter().any(|format| format.extensions().contains(&extension))
        || format::is_index(path)
}

/// The extensions of all formats, each once.
fn extensions() -> Vec<&'static str> {
    let mut all = Vec::new();
    for extension in Format::ALL.iter().flat_map(|format| format.extensions()) {
        if !all.contains(extension) {
            all.push(*extension);
        }
    }
    all
}
