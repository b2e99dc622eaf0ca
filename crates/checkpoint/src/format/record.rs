//! Burn's records as named MessagePack: nested maps in the shape of the module.
//!
//! ```text
//! {"metadata": {..}, "item": {"fc1": {"weight": {"id": "..", "param": {"bytes": .., "shape": [..], "dtype": "F32"}}}}}
//! ```
//!
//! The file is walked once, without reading the numbers.

use super::{Contents, burn};
use crate::error::CheckpointError;
use crate::parameter::Parameter;
use crate::source::{Cursor, Source};

/// How deep a module may be nested.
const DEEPEST: usize = 128;
/// The longest name or text that is read.
const LONGEST: u64 = 1 << 16;

pub(super) fn read(source: &Source) -> Result<Contents, CheckpointError> {
    let mut walk = Walk {
        source,
        cursor: Cursor::new(source, 0, source.len()),
        contents: Contents::default(),
    };
    if !matches!(walk.value(&mut Vec::new())?, Item::Map) {
        return Err(CheckpointError::malformed(source.path(), 0, "a record is a map"));
    }
    if walk.cursor.left() > 0 {
        return Err(walk.cursor.error("bytes follow the record"));
    }
    Ok(walk.contents)
}

struct Walk<'s> {
    source: &'s Source,
    cursor: Cursor<'s>,
    contents: Contents,
}

/// The item that was read.
enum Item {
    Number(u64),
    Text(String),
    Bytes([u64; 2]),
    Sizes(Vec<usize>),
    /// A map of one name to a text, or to something else: `{"Bool": "Native"}`.
    Kind(String, Option<String>),
    Map,
    Other,
}

/// The parts of a map that describe a tensor.
#[derive(Default)]
struct Tensor {
    bytes: Option<[u64; 2]>,
    shape: Option<Vec<usize>>,
    dtype: Option<(String, Option<String>)>,
}

impl Walk<'_> {
    fn value(&mut self, path: &mut Vec<String>) -> Result<Item, CheckpointError> {
        if path.len() > DEEPEST {
            return Err(self.cursor.error(format!("more than {DEEPEST} levels")));
        }
        let marker = self.cursor.byte()?;
        Ok(match marker {
            0x00..=0x7f => Item::Number(marker.into()),
            0x80..=0x8f => self.map(u64::from(marker & 0x0f), path)?,
            0x90..=0x9f => self.array(u64::from(marker & 0x0f), path)?,
            0xa0..=0xbf => self.text(u64::from(marker & 0x1f))?,
            0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => Item::Other,
            0xc1 => return Err(self.cursor.error("a byte that MessagePack does not use")),
            0xc4..=0xc6 => {
                let len = self.uint(1 << (marker - 0xc4))?;
                let start = self.cursor.position();
                self.cursor.skip(len)?;
                Item::Bytes([start, len])
            }
            0xc7..=0xc9 => {
                let len = self.uint(1 << (marker - 0xc7))?;
                self.skip(len + 1)?
            }
            0xca => self.skip(4)?,
            0xcb => self.skip(8)?,
            0xcc..=0xcf => Item::Number(self.uint(1 << (marker - 0xcc))?),
            0xd0..=0xd3 => self.skip(1 << (marker - 0xd0))?,
            0xd4..=0xd8 => self.skip((1 << (marker - 0xd4)) + 1)?,
            0xd9..=0xdb => {
                let len = self.uint(1 << (marker - 0xd9))?;
                self.text(len)?
            }
            0xdc | 0xdd => {
                let len = self.uint(2 << (marker - 0xdc))?;
                self.array(len, path)?
            }
            0xde | 0xdf => {
                let len = self.uint(2 << (marker - 0xde))?;
                self.map(len, path)?
            }
        })
    }

    fn uint(&mut self, bytes: u32) -> Result<u64, CheckpointError> {
        (0..bytes).try_fold(0, |number, _| Ok(number << 8 | u64::from(self.cursor.byte()?)))
    }

    fn skip(&mut self, len: u64) -> Result<Item, CheckpointError> {
        self.cursor.skip(len)?;
        Ok(Item::Other)
    }

    fn text(&mut self, len: u64) -> Result<Item, CheckpointError> {
        if len > LONGEST {
            return self.skip(len);
        }
        Ok(Item::Text(self.cursor.text(len)?))
    }

    fn array(&mut self, len: u64, path: &mut Vec<String>) -> Result<Item, CheckpointError> {
        let mut sizes = Some(Vec::new());
        // Every member takes at least one byte, so a false length soon reaches the end of the file.
        for number in 0..len {
            path.push(number.to_string());
            let item = self.value(path)?;
            path.pop();
            match (item, &mut sizes) {
                (Item::Number(size), Some(list)) if list.len() < DEEPEST => {
                    list.push(usize::try_from(size).unwrap_or(usize::MAX));
                }
                _ => sizes = None,
            }
        }
        Ok(sizes.map_or(Item::Other, Item::Sizes))
    }

    fn map(&mut self, len: u64, path: &mut Vec<String>) -> Result<Item, CheckpointError> {
        let mut tensor = Tensor::default();
        let mut kind = None;
        for _ in 0..len {
            // One level deeper, so that the depth of maps as keys of maps is limited, too.
            path.push(String::new());
            let key = match self.value(path)? {
                Item::Text(key) => key,
                Item::Number(key) => key.to_string(),
                _ => return Err(self.cursor.error("a key that is not a text")),
            };
            path.pop();
            path.push(key);
            let item = self.value(path)?;
            let key = path.pop().unwrap_or_default();
            if len == 1 && path.last().is_some_and(|last| last == "dtype") {
                let store = if let Item::Text(store) = &item { Some(store.clone()) } else { None };
                kind = Some(Item::Kind(key.clone(), store));
            }
            match (key.as_str(), item) {
                ("bytes", Item::Bytes(place)) => tensor.bytes = Some(place),
                ("shape", Item::Sizes(shape)) => tensor.shape = Some(shape),
                ("dtype", Item::Text(name)) => tensor.dtype = Some((name, None)),
                ("dtype", Item::Kind(name, store)) => tensor.dtype = Some((name, store)),
                // A type with further fields.
                ("dtype", Item::Map) => tensor.dtype = Some((String::new(), None)),
                _ => {}
            }
        }
        if let Tensor { bytes: Some(place), shape: Some(shape), dtype: Some((name, store)) } =
            tensor
        {
            let path = name_of(path);
            match burn::dtype(&name, store.as_deref()) {
                Some(dtype) => {
                    let parameter = Parameter::contiguous(self.source, path, shape, dtype, place)?;
                    self.contents.add(self.source, parameter)?;
                }
                None => {
                    self.contents.skip(self.source, path, (&name, Some(shape)), burn::UNKNOWN)?;
                }
            }
        }
        Ok(kind.unwrap_or(Item::Map))
    }
}

/// `item.fc1.weight.param` is the parameter `fc1.weight`.
fn name_of(path: &[String]) -> String {
    let path = path.strip_prefix(&["item".to_owned()]).unwrap_or(path);
    path.strip_suffix(&["param".to_owned()]).unwrap_or(path).join(".")
}
