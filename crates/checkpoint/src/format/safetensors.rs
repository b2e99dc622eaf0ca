//! safetensors: the length of a JSON header, the header, the numbers.
//!
//! ```text
//! u64 n | {"__metadata__": {..}, "w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ..} | bytes
//! ```
//!
//! Offsets count from behind the header. As the format asks, they may neither overlap nor leave a hole.

use serde::Deserialize;
use serde::de::MapAccess;

use super::json::{self, Member, Members};
use super::{Contents, Other, check_apart};
use crate::dtype::DType;
use crate::error::CheckpointError;
use crate::natural::natural;
use crate::parameter::{Parameter, entries};
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
                let place = [from, to - from];
                check_size(source, &path, &tensor, place)?;
                contents.pass_over(&*tensor.dtype);
                let Tensor { dtype, shape, .. } = tensor;
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

/// An error where a tensor that is passed over has another size than its type and shape ask for. Of a type that is not
/// known here nothing can be said.
fn check_size(
    source: &Source,
    path: &str,
    Tensor { dtype, shape, .. }: &Tensor,
    [offset, bytes]: [u64; 2],
) -> Result<(), CheckpointError> {
    let Some(bits) = bits(dtype) else { return Ok(()) };
    let error = |problem| Err(CheckpointError::malformed(source.path(), offset, problem));
    let Some(needed) = entries(shape).and_then(|n| (n as u64).checked_mul(bits)) else {
        return error(format!("`{path}`: the shape {shape:?} has too many entries"));
    };
    if needed % 8 != 0 || needed / 8 != bytes {
        return error(format!(
            "`{path}`: {bytes} bytes are given, but {dtype} {shape:?} needs {needed} bits"
        ));
    }
    Ok(())
}

/// Bits a number of the format's types that are passed over.
fn bits(dtype: &str) -> Option<u64> {
    Some(match dtype {
        "F4" => 4,
        "F6_E2M3" | "F6_E3M2" => 6,
        "BOOL" | "U8" | "I8" => 8,
        name if name.starts_with("F8_") => 8,
        "U16" | "I16" => 16,
        "U32" | "I32" => 32,
        "U64" | "I64" | "C64" => 64,
        _ => return None,
    })
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
