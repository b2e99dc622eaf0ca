//! safetensors: the length of a JSON header, the header, the numbers.
//!
//! ```text
//! u64 n | {"__metadata__": {..}, "w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ..} | bytes
//! ```
//!
//! Offsets count from behind the header. As the format asks, they may neither overlap nor leave a hole.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

use super::{Contents, Other, check_apart};
use crate::dtype::DType;
use crate::error::CheckpointError;
use crate::natural::natural;
use crate::parameter::Parameter;
use crate::source::Source;

/// What the format's own reader allows.
const LARGEST_HEADER: u64 = 100_000_000;

pub(super) fn read(source: &Source) -> Result<Contents, CheckpointError> {
    let error =
        |offset, problem: String| CheckpointError::malformed(source.path(), offset, problem);
    if source.len() < 8 {
        return Err(error(0, format!("8 bytes should come first, the file has {}", source.len())));
    }
    let mut length = [0; 8];
    source.read_at(&mut length, 0)?;
    let header_len = u64::from_le_bytes(length);
    let data = match header_len.checked_add(8) {
        Some(data) if data <= source.len() && header_len <= LARGEST_HEADER => data,
        _ => {
            return Err(error(
                0,
                format!(
                    "the header should have {header_len} bytes, the file has {} (at most {LARGEST_HEADER} are read)",
                    source.len()
                ),
            ));
        }
    };
    let text = source.bytes(8, header_len)?;
    let header: Header = serde_json::from_slice(&text).map_err(|problem| {
        error(8 + offset_of(&text, &problem), format!("in the header: {problem}"))
    })?;

    let mut contents = Contents { metadata: header.metadata, ..Contents::default() };
    let mut ranges = Vec::with_capacity(header.tensors.len());
    for (path, tensor) in header.tensors {
        let [start, end] = tensor.data_offsets;
        let places = (start.checked_add(data), end.checked_add(data));
        let (Some(from), Some(to)) = places else {
            return Err(error(8, format!("`{path}`: the offsets {start}, {end} are too large")));
        };
        if from > to || to > source.len() {
            return Err(error(
                from.min(source.len()),
                format!(
                    "`{path}`: the offsets {start}, {end} lie outside of the {} bytes of numbers",
                    source.len() - data
                ),
            ));
        }
        match DType::from_name(&tensor.dtype) {
            Some(dtype) => {
                let place = [from, to - from];
                let path = path.clone();
                let shape = tensor.shape;
                contents.parameters.push(Parameter::contiguous(source, path, shape, dtype, place)?);
            }
            None => {
                contents.pass_over(&*tensor.dtype);
                let Tensor { dtype, shape, .. } = tensor;
                let place = [from, to - from];
                contents.others.push(Other { path: path.clone(), dtype, shape, source: 0, place });
            }
        }
        ranges.push(([from, to], path));
    }
    check_apart(source, &mut ranges)?;
    let mut reached = data;
    for ([from, to], path) in &ranges {
        if *from > reached {
            return Err(error(reached, format!("nothing owns the bytes up to `{path}` at {from}")));
        }
        reached = reached.max(*to);
    }
    if reached != source.len() {
        return Err(error(
            reached,
            format!("{} bytes follow the last tensor", source.len() - reached),
        ));
    }
    // Writers sort by type and size; people read by name.
    contents.parameters.sort_by(|a, b| natural(a.path(), b.path()));
    Ok(contents)
}

/// Where in the text the parser stopped.
fn offset_of(text: &[u8], problem: &serde_json::Error) -> u64 {
    let lines = text.split_inclusive(|&byte| byte == b'\n').take(problem.line().saturating_sub(1));
    (lines.map(<[u8]>::len).sum::<usize>() + problem.column().saturating_sub(1)) as u64
}

/// The header, with its tensors in order.
struct Header {
    metadata: BTreeMap<String, String>,
    tensors: Vec<(String, Tensor)>,
}

#[derive(Deserialize)]
struct Tensor {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [u64; 2],
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Tensors;
        impl<'de> Visitor<'de> for Tensors {
            type Value = Header;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut header = Header { metadata: BTreeMap::new(), tensors: Vec::new() };
                // A map would take the last of two tensors with one name.
                let mut names = HashSet::new();
                while let Some(name) = map.next_key::<String>()? {
                    if !names.insert(name.clone()) {
                        return Err(A::Error::custom(format!("a second `{name}`")));
                    }
                    if name == "__metadata__" {
                        header.metadata = map.next_value()?;
                    } else {
                        header.tensors.push((name, map.next_value()?));
                    }
                }
                Ok(header)
            }
        }
        deserializer.deserialize_map(Tensors)
    }
}
