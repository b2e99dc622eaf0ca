//! `model.safetensors.index.json`, `pytorch_model.bin.index.json`: which file holds which parameter.
//!
//! ```text
//! {"metadata": {"total_size": 96}, "weight_map": {"l1.weight": "model-00001-of-00002.safetensors", ..}}
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::json::{self, Members};
use crate::error::CheckpointError;
use crate::natural::natural;
use crate::source::Source;

/// An index is a list of names; longer ones are not read.
const LARGEST: u64 = 100_000_000;

#[derive(Deserialize)]
struct Index {
    weight_map: Members<String>,
}

/// Whether a path is named as index files are.
pub(crate) fn is_index(path: &Path) -> bool {
    path.file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| name.ends_with(".index.json"))
}

/// A file of a sharded checkpoint, and the names it must hold.
pub(crate) struct Shard {
    pub path: PathBuf,
    pub names: Vec<String>,
}

/// The files of an index, in the order of their names. All lie in its own folder.
pub(crate) fn shards(path: &Path) -> Result<Vec<Shard>, CheckpointError> {
    let source = Source::open(path)?;
    if source.len() > LARGEST {
        let problem = format!("an index of {} bytes; at most {LARGEST} are read", source.len());
        return Err(CheckpointError::unsupported(path, problem));
    }
    let text = source.bytes(0, source.len())?;
    let Index { weight_map: Members(weight_map) } =
        json::read(&text).map_err(|(at, problem)| CheckpointError::malformed(path, at, problem))?;
    if weight_map.is_empty() {
        return Err(CheckpointError::unsupported(path, "an index that names no parameter"));
    }
    let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, file) in weight_map {
        // A name with a folder in it could lead anywhere.
        if Path::new(&file).file_name().is_none_or(|only| only != file.as_str()) {
            let problem = format!("`{name}` is said to be in `{file}`, which is not a file name");
            return Err(CheckpointError::unsupported(path, problem));
        }
        files.entry(file).or_default().push(name);
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut shards: Vec<(String, Vec<String>)> = files.into_iter().collect();
    shards.sort_by(|a, b| natural(&a.0, &b.0));
    Ok(shards.into_iter().map(|(file, names)| Shard { path: folder.join(file), names }).collect())
}
