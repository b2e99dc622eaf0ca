//! burnpack: a fixed head, a CBOR header, the numbers.
//!
//! ```text
//! "NRUB" | u16 version | u32 n | CBOR: {tensors: {name: {dtype, shape, data_offsets}}, metadata} | zeros | bytes
//! ```
//!
//! Offsets count from the first multiple of 256 after the header. Tensors begin at multiples of 256, too, so there are
//! gaps between them.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use ciborium::Value;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

use super::{Contents, burn, check_apart};
use crate::dtype::DType;
use crate::error::CheckpointError;
use crate::natural::natural;
use crate::parameter::Parameter;
use crate::source::Source;

const HEAD: u64 = 10;
const ALIGNMENT: u64 = 256;
/// What the format's own reader allows.
const LARGEST_HEADER: u64 = 100 * 1024 * 1024;
/// How deep the header may be nested; a correct one has 4 levels.
const DEEPEST: usize = 32;

pub(super) fn read(source: &Source) -> Result<Contents, CheckpointError> {
    let error =
        |offset, problem: String| CheckpointError::malformed(source.path(), offset, problem);
    let head = source.bytes(0, HEAD)?;
    if head[..4] != *b"NRUB" {
        return Err(error(0, "a burnpack begins with NRUB".into()));
    }
    let version = u16::from_le_bytes([head[4], head[5]]);
    if version != 1 {
        let problem = format!("burnpack version {version}; version 1 is read");
        return Err(CheckpointError::unsupported(source.path(), problem));
    }
    let header_len = u64::from(u32::from_le_bytes([head[6], head[7], head[8], head[9]]));
    if HEAD + header_len > source.len() || header_len > LARGEST_HEADER {
        let problem =
            format!("the header should have {header_len} bytes, the file has {}", source.len());
        return Err(error(6, problem));
    }
    let bytes = source.bytes(HEAD, header_len)?;
    let header: Header = ciborium::de::from_reader_with_recursion_limit(&bytes[..], DEEPEST)
        .map_err(|problem| error(HEAD, format!("in the header: {problem}")))?;

    let data = (HEAD + header_len).div_ceil(ALIGNMENT) * ALIGNMENT;
    let mut contents = Contents { metadata: header.metadata, ..Contents::default() };
    let mut ranges = Vec::with_capacity(header.tensors.0.len());
    for (path, tensor) in header.tensors.0 {
        let (start, end) = tensor.data_offsets;
        let (Some(from), Some(to)) = (start.checked_add(data), end.checked_add(data)) else {
            return Err(error(HEAD, format!("`{path}`: the offsets {start}, {end} are too large")));
        };
        // An empty tensor at the very end may begin after the last byte, if the padding was not written.
        if from > to || (to > source.len() && from < to) {
            let problem = format!(
                "`{path}`: the offsets {start}, {end} lie outside of the file{}",
                if from <= to { ": the file is not complete; get it again" } else { "" }
            );
            return Err(error(from.min(source.len()), problem));
        }
        let sizes = tensor.shape.iter().map(|&size| usize::try_from(size).unwrap_or(usize::MAX));
        let (name, shape) = (path.clone(), sizes.collect());
        match burn_type(&tensor.dtype) {
            Ok(dtype) => {
                let place = [from.min(source.len()), to - from];
                contents.parameters.push(Parameter::contiguous(source, name, shape, dtype, place)?);
            }
            Err((dtype, why)) => contents.skip(source, name, (dtype, Some(shape)), why)?,
        }
        ranges.push(([from, to], path));
    }
    check_apart(source, &mut ranges)?;
    contents.parameters.sort_by(|a, b| natural(a.path(), b.path()));
    Ok(contents)
}

/// The type of a tensor; if it is not read, its name and the reason.
fn burn_type(dtype: &Value) -> Result<DType, (&str, &'static str)> {
    if let Some(name) = dtype.as_text() {
        return burn::dtype(name, None).ok_or((name, burn::UNKNOWN));
    }
    // {"Bool": "Native"}
    let parts = dtype.as_map().map(Vec::as_slice).unwrap_or_default();
    match parts {
        [(kind, store)] => {
            let kind = kind.as_text().unwrap_or_default();
            burn::dtype(kind, store.as_text()).ok_or((kind, burn::UNKNOWN))
        }
        _ => Err(("", burn::UNKNOWN)),
    }
}

#[derive(Deserialize)]
struct Header {
    tensors: Tensors,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

struct Tensors(Vec<(String, Tensor)>);

#[derive(Deserialize)]
struct Tensor {
    /// A text, or a map for types with further parts (quantised ones, booleans).
    dtype: Value,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

impl<'de> Deserialize<'de> for Tensors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Tensors;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tensors, A::Error> {
                let mut tensors = Vec::new();
                let mut names = HashSet::new();
                while let Some(name) = map.next_key::<String>()? {
                    if !names.insert(name.clone()) {
                        return Err(A::Error::custom(format!("a second `{name}`")));
                    }
                    tensors.push((name, map.next_value()?));
                }
                Ok(Tensors(tensors))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}
