//! Numbers (of attention heads) from the `config.json` next to a checkpoint, or from the metadata of the checkpoint.

use std::fs::File;
use std::io::Read;

use serde_json::Value;

use crate::checkpoint::Checkpoint;

/// How many bytes of a `config.json` are read at most.
const LARGEST: u64 = 1 << 24;

/// Numbers, found by name.
#[derive(Debug, Default)]
pub(crate) struct Config {
    value: Value,
    metadata: Vec<(String, usize)>,
    /// Why `config.json` could not be parsed; `None` if it was parsed or could not be read.
    pub note: Option<String>,
}

impl Config {
    /// The configuration of a checkpoint: `config.json` in its folder, and the metadata texts that are numbers.
    pub fn beside(checkpoint: &Checkpoint) -> Self {
        let numbers = checkpoint.metadata().iter();
        let metadata = numbers.filter_map(|(key, text)| Some((key.clone(), text.parse().ok()?)));
        let metadata = metadata.collect();
        let path = checkpoint.path().with_file_name("config.json");
        let mut text = String::new();
        let read = File::open(&path).and_then(|file| file.take(LARGEST).read_to_string(&mut text));
        if read.is_err() {
            return Self { metadata, ..Self::default() };
        }
        match serde_json::from_str(&text) {
            Ok(value) => Self { value, metadata, note: None },
            Err(error) => {
                let note = Some(format!("{} was not read: {error}", path.display()));
                Self { metadata, note, ..Self::default() }
            }
        }
    }

    /// The first number under one of `names`, in the first of `sections` that has one (`""` is the whole file); without
    /// one, the number of that name in the metadata. `None` if there is no number or it is 0.
    pub fn number(&self, sections: &[String], names: &[String]) -> Option<usize> {
        let whole = [String::new()];
        let sections = if sections.is_empty() { &whole[..] } else { sections };
        let of = |section: &String, name: &String| {
            let within =
                if section.is_empty() { Some(&self.value) } else { self.value.get(section) };
            within?.get(name)?.as_u64().and_then(|number| usize::try_from(number).ok())
        };
        let said = sections.iter().find_map(|s| names.iter().find_map(|name| of(s, name)));
        let carried = || {
            let carried = |name: &String| self.metadata.iter().find(|(key, _)| key == name);
            names.iter().find_map(carried).map(|(_, number)| *number)
        };
        said.or_else(carried).filter(|&number| number > 0)
    }
}
