//! safetensors: the length of a JSON header, the header, the numbers.
//!
//! ```text
//! u64 n | {"__metadata__": {..}, "w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ..} | bytes
//! ```
//!
//! Offsets count from the end of the header. As the format requires, tensors may neither overlap nor leave a gap.

use serde::Deserialize;
use serde::de::MapAccess;

use super::json::{self, Member, Members};
use super::{Contents, Skipped, check_apart};
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
    let Members(header) = json::read::<Members<Entry>>(&text)
        .map_err(|(at, problem)| error(8 + at, format!("in the header: {problem}")))?;

    let mut contents = Contents::default();
    let mut ranges = Vec::with_capacity(header.len());
    for (path, entry) in header {
        let tensor = match entry {
            Entry::Tensor(tensor) => tensor,
            Entry::Texts(Members(texts)) => {
                contents.metadata = texts.into_iter().collect();
                continue;
            }
        };
        let [start, end] = tensor.data_offsets;
        let places = (start.checked_add(data), end.checked_add(data));
        let (Some(from), Some(to)) = places else {
            return Err(error(8, format!("`{path}`: the offsets {start}, {end} are too large")));
        };
        if from > to || to > source.len() {
            return Err(error(
                from.min(source.len()),
                format!(
                    "`{path}`: the offsets {start}, {end} lie outside of the {} bytes of numbers{}",
                    source.len() - data,
                    if from <= to { ": the file is not complete; get it again" } else { "" }
                ),
            ));
        }
        let place = [from, to - from];
        let (name, shape) = (path.clone(), tensor.shape);
        match DType::from_name(&tensor.dtype) {
            Some(dtype) => {
                contents.parameters.push(Parameter::contiguous(source, name, shape, dtype, place)?);
            }
            None => contents.skipped.push(Skipped {
                path: name,
                why: "its type is not known".into(),
                dtype: tensor.dtype,
                shape: Some(shape),
                source: 0,
                place: Some(place),
            }),
        }
        ranges.push(([from, to], path));
    }
    check_apart(source, &mut ranges)?;
    let mut reached = data;
    for ([from, to], path) in &ranges {
        if *from > reached {
            return Err(error(
                reached,
                format!("no tensor has the bytes up to `{path}` at {from}"),
            ));
        }
        reached = reached.max(*to);
    }
    if reached != source.len() {
        return Err(error(
            reached,
            format!("{} bytes follow the last tensor", source.len() - reached),
        ));
    }
    // Writers sort by type and size; readers of a report look for names.
    contents.parameters.sort_by(|a, b| natural(a.path(), b.path()));
    Ok(contents)
}

#[derive(Deserialize)]
struct Tensor {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [u64; 2],
}

/// A member of the header.
enum Entry {
    Texts(Members<String>),
    Tensor(Tensor),
}

impl Member for Entry {
    fn read<'de, A: MapAccess<'de>>(name: &str, map: &mut A) -> Result<Self, A::Error> {
        Ok(match name {
            "__metadata__" => Self::Texts(map.next_value()?),
            _ => Self::Tensor(map.next_value()?),
        })
    }
}
