//! PyTorch's files: a pickle that says which tensors there are, and their numbers.
//!
//! A small interpreter ([`pickle`]) reads the pickle. It builds plain values and calls nothing: a class or a function
//! is only a name. `collect` understands the few names that make tensors, and leaves all others as they are.

mod collect;
mod pickle;
mod zip;

use std::collections::HashMap;

use super::Contents;
use crate::error::CheckpointError;
use crate::source::{Cursor, Source};
use collect::{Place, collect};

/// The number that files from before PyTorch 1.6 begin with, as the pickle stores it.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// A zip archive: `name/data.pkl`, and `name/data/KEY` for every storage.
pub(super) fn read_zip(source: &Source) -> Result<Contents, CheckpointError> {
    let entries = zip::entries(source)?;
    let mut pickles = entries.iter().filter(|entry| {
        entry.name.strip_suffix("data.pkl").is_some_and(|s| s.is_empty() || s.ends_with('/'))
    });
    let (Some(entry), None) = (pickles.next(), pickles.next()) else {
        return Err(CheckpointError::unsupported(source.path(), other_archive(&entries)));
    };
    let folder = entry.name.strip_suffix("data.pkl").unwrap_or_default();
    if let Some(order) = entries.iter().find(|e| e.name.strip_prefix(folder) == Some("byteorder")) {
        let [start, len] = order.place(source)?;
        if source.bytes(start, len.min(8))? == b"big" {
            let problem = "its numbers are big-endian; only little-endian ones are read";
            return Err(CheckpointError::unsupported(source.path(), problem));
        }
    }
    let [start, len] = entry.place(source)?;
    let mut cursor = Cursor::new(source, start, start + len);
    let pickle = pickle::read(&mut cursor)?;
    let storages: HashMap<&str, &zip::Entry> = entries
        .iter()
        .filter_map(|e| Some((e.name.strip_prefix(folder)?.strip_prefix("data/")?, e)))
        .collect();
    collect(source, start, &pickle, |key| match storages.get(key) {
        Some(entry) => Ok(Some(Place::from(entry.place(source)?))),
        None => Ok(None),
    })
}

/// The message for an archive that PyTorch did not write.
fn other_archive(entries: &[zip::Entry]) -> String {
    let names: Vec<String> = entries.iter().take(3).map(|e| format!("`{}`", e.name)).collect();
    let more = if entries.len() > names.len() { ", .." } else { "" };
    let holds = match names.len() {
        0 => "it is empty".to_owned(),
        _ => format!("it holds {}{more}", names.join(", ")),
    };
    let remedy = if !entries.is_empty() && entries.iter().all(|e| e.name.ends_with(".npy")) {
        "NumPy arrays (.npz) are not read: save them as safetensors"
    } else if entries.iter().any(|e| e.name.ends_with("config.json") || e.name.ends_with(".h5")) {
        "if it is a Keras file, save its weights as safetensors"
    } else {
        "unpack it, and give the path of the file in it"
    };
    format!(
        "a zip archive without a `data.pkl`, so not a checkpoint of PyTorch; {holds} ({remedy})"
    )
}

/// Five pickles (a magic number, a version, facts of the system, the tensors, the keys of the storages), and then the
/// storages one after the other, each after its number of entries.
pub(super) fn read_legacy(source: &Source) -> Result<Contents, CheckpointError> {
    let mut cursor = Cursor::new(source, 0, source.len());
    let magic = pickle::read(&mut cursor)?;
    if magic.long(magic.root) != Some(&MAGIC[..]) {
        let problem = "a pickle, but not one of PyTorch's: its magic number is missing";
        return Err(CheckpointError::unsupported(source.path(), problem));
    }
    let version = pickle::read(&mut cursor)?;
    if version.int(version.root) != Some(1001) {
        return Err(cursor.error("the version of the file should be 1001"));
    }
    let system = pickle::read(&mut cursor)?;
    if system.field(system.root, "little_endian").and_then(|id| system.bool(id)) != Some(true) {
        let problem = "its numbers are big-endian; only little-endian ones are read";
        return Err(CheckpointError::unsupported(source.path(), problem));
    }
    let start = cursor.position();
    let tensors = pickle::read(&mut cursor)?;
    let keys = pickle::read(&mut cursor)?;
    let sizes = collect::storage_sizes(source, start, &tensors)?;
    let mut places = HashMap::new();
    for key in keys.list(keys.root).ok_or_else(|| cursor.error("a list of keys should be here"))? {
        let known = keys.text(*key).and_then(|key| Some((key, sizes.get(key)?)));
        let Some((key, &size)) = known else {
            return Err(cursor.error("a key of a storage that no tensor uses"));
        };
        let numbers = u64::from_le_bytes(cursor.array()?);
        let Some(len) = numbers.checked_mul(size as u64) else {
            return Err(cursor.error(format!("storage `{key}` has {numbers} entries")));
        };
        places.insert(key.to_owned(), Place { start: cursor.position(), len });
        cursor.skip(len)?;
    }
    if cursor.left() > 0 {
        return Err(cursor.error("bytes follow the last storage"));
    }
    collect(source, start, &tensors, |key| Ok(places.get(key).copied()))
}
