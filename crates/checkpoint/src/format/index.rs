//! `model.safetensors.index.json`, `pytorch_model.bin.index.json`: which file holds which parameter.
//!
//! ```text
//! {"metadata": {"total_size": 96}, "weight_map": {"l1.weight": "model-00001-of-00002.safetensors", ..}}
//! ```

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::json::{self, Members};
use super::not_a_checkpoint::impostor;
use super::{Contents, Format, Skipped, read};
use crate::error::CheckpointError;
use crate::natural::natural;
use crate::source::Source;

/// The most bytes of an index; a longer one is not read.
const LARGEST: u64 = 100_000_000;

#[derive(Deserialize)]
struct Index {
    weight_map: Members<String>,
}

/// Whether a path has the name of an index file.
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

/// The files of an index, in the order of their names. All are in the folder of the index.
pub(crate) fn shards(path: &Path) -> Result<Vec<Shard>, CheckpointError> {
    let source = Source::open(path)?;
    if source.len() > LARGEST {
        let problem = format!("an index of {} bytes; at most {LARGEST} are read", source.len());
        return Err(CheckpointError::unsupported(path, problem));
    }
    if let Some(error) = impostor(&source)? {
        return Err(error);
    }
    let text = source.bytes(0, source.len())?;
    let Index { weight_map: Members(weight_map) } =
        json::read(&text).map_err(|(at, problem)| CheckpointError::malformed(path, at, problem))?;
    if weight_map.is_empty() {
        return Err(names_nothing(path));
    }
    let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, file) in weight_map {
        // A name with a folder in it could point anywhere.
        if Path::new(&file).file_name().is_none_or(|only| only != file.as_str()) {
            let problem =
                format!("the file of `{name}` is given as `{file}`, which is not a file name");
            return Err(CheckpointError::unsupported(path, problem));
        }
        files.entry(file).or_default().push(name);
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut shards: Vec<(String, Vec<String>)> = files.into_iter().collect();
    shards.sort_by(|a, b| natural(&a.0, &b.0));
    Ok(shards.into_iter().map(|(file, names)| Shard { path: folder.join(file), names }).collect())
}

/// Reads the heads of all files of an index as one checkpoint.
pub(crate) fn read_shards(path: &Path) -> Result<(Format, Vec<Source>, Contents), CheckpointError> {
    let mut sources = Vec::new();
    let mut all = Contents::default();
    let mut of_all = None;
    let shards = shards(path)?;
    check_there(path, &shards)?;
    for shard in shards {
        let source = Source::open(&shard.path)?;
        let (format, contents) = read(&source)?;
        let Some(sharded) = format.sharded() else {
            let problem = format!("a {format} file, which cannot be a shard of {}", path.display());
            return Err(CheckpointError::unsupported(&shard.path, problem));
        };
        if *of_all.get_or_insert(sharded) != sharded {
            let problem = format!("the shards of {} are of two formats", path.display());
            return Err(CheckpointError::unsupported(&shard.path, problem));
        }
        add(&mut all, sources.len(), &shard, contents)?;
        sources.push(source);
    }
    let Some(format) = of_all else { return Err(names_nothing(path)) };
    all.parameters.sort_by(|a, b| natural(a.path(), b.path()));
    Ok((format, sources, all))
}

/// An error if files that an index names do not exist.
fn check_there(path: &Path, shards: &[Shard]) -> Result<(), CheckpointError> {
    let missing = |shard: &&Shard| {
        let facts = std::fs::metadata(&shard.path);
        facts.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
    };
    let mut gone = shards.iter().filter(missing);
    let Some(first) = gone.next() else { return Ok(()) };
    Err(CheckpointError::MissingShards {
        index: path.into(),
        file: first.path.clone(),
        missing: 1 + gone.count(),
        of: shards.len(),
    })
}

/// Adds the tensors of the checkpoint that file `number` holds.
fn add(
    all: &mut Contents,
    number: usize,
    shard: &Shard,
    contents: Contents,
) -> Result<(), CheckpointError> {
    // A shard may hold tensors that the index does not name; they are not part of the checkpoint.
    let mut names: HashMap<&str, bool> =
        shard.names.iter().map(|name| (name.as_str(), false)).collect();
    let mut is_named = |path: &str| names.get_mut(path).map(|seen| *seen = true).is_some();
    for mut parameter in contents.parameters {
        if is_named(parameter.path()) {
            parameter.source = number;
            all.parameters.push(parameter);
        }
    }
    for skipped in contents.skipped {
        if is_named(&skipped.path) {
            all.skipped.push(Skipped { source: number, ..skipped });
        }
    }
    let missing = names.iter().filter(|(_, seen)| !**seen).map(|(name, _)| *name);
    if let Some(parameter) = missing.min() {
        let parameter = parameter.to_owned();
        return Err(CheckpointError::NoParameter { file: shard.path.clone(), parameter });
    }
    for (key, text) in contents.metadata {
        let first = all.metadata.entry(key.clone()).or_insert_with(|| text.clone());
        if *first != text {
            all.notes.push(format!(
                "{}: the text `{key}` differs from that of an earlier shard, which is the one used",
                shard.path.display()
            ));
        }
    }
    for note in contents.notes {
        if !all.notes.contains(&note) {
            all.notes.push(note);
        }
    }
    Ok(())
}

fn names_nothing(path: &Path) -> CheckpointError {
    CheckpointError::unsupported(path, "an index that names no parameter")
}
