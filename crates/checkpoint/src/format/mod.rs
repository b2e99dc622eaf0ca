//! The formats, and how they are told apart.

mod burnpack;
mod index;
mod json;
mod pytorch;
mod record;
pub(crate) mod safetensors;

use std::collections::BTreeMap;
use std::fmt;

use crate::error::CheckpointError;
use crate::parameter::Parameter;
use crate::source::Source;

pub(crate) use index::{is_index, shards};

/// How a checkpoint is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// One safetensors file.
    Safetensors,
    /// Several safetensors files and their index.
    ShardedSafetensors,
    /// PyTorch's zip archives.
    PyTorch,
    /// Several PyTorch files and their index.
    ShardedPyTorch,
    /// PyTorch's files from before 1.6.
    LegacyPyTorch,
    /// Burn's burnpack.
    Burnpack,
    /// Burn's records as named MessagePack (`.mpk`).
    BurnRecord,
}

impl Format {
    /// Whether matrices are stored as `weight[input][output]`, as Burn's linear layers are.
    pub fn inputs_first(self) -> bool {
        matches!(self, Self::Burnpack | Self::BurnRecord)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Safetensors => "safetensors",
            Self::ShardedSafetensors => "sharded safetensors",
            Self::PyTorch => "PyTorch",
            Self::ShardedPyTorch => "sharded PyTorch",
            Self::LegacyPyTorch => "PyTorch (legacy)",
            Self::Burnpack => "burnpack",
            Self::BurnRecord => "Burn record",
        })
    }
}

/// What the head of a file says about the rest.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// About what [`Contents::add`] took, in bytes.
    named: u64,
    pub parameters: Vec<Parameter>,
    /// Tensors of other types, by type.
    pub passed_over: BTreeMap<String, usize>,
    /// The same, where the format is one that is written: they are copied.
    pub others: Vec<Other>,
    /// Texts that the file carries.
    pub metadata: BTreeMap<String, String>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// A tensor that is passed over.
#[derive(Clone, Debug)]
pub(crate) struct Other {
    pub path: String,
    pub dtype: String,
    pub shape: Vec<usize>,
    pub source: usize,
    /// Where it lies, and how many bytes it has.
    pub place: [u64; 2],
}

impl Contents {
    /// Adds a parameter whose name was put together from parts. Parts can be used again and again, so that the names
    /// of a small file could take any memory; those of a real one are not longer than the file.
    pub fn add(&mut self, source: &Source, parameter: Parameter) -> Result<(), CheckpointError> {
        const OWN: u64 = 128;
        const SMALL: u64 = 1 << 24;
        self.named += parameter.path().len() as u64 + OWN;
        if self.named > source.len().saturating_add(SMALL) {
            let problem = "more and longer names of tensors than a file of its size has";
            return Err(CheckpointError::malformed(source.path(), parameter.offset, problem));
        }
        self.parameters.push(parameter);
        Ok(())
    }

    pub fn pass_over(&mut self, dtype: impl Into<String>) {
        *self.passed_over.entry(dtype.into()).or_default() += 1;
    }
}

/// Reads the head of one file.
pub(crate) fn read(source: &Source) -> Result<(Format, Contents), CheckpointError> {
    let format = detect(source)?;
    Ok((format, read_as(source, format)?))
}

/// Reads the head of one file of a known format.
pub(crate) fn read_as(source: &Source, format: Format) -> Result<Contents, CheckpointError> {
    let contents = match format {
        Format::Safetensors | Format::ShardedSafetensors => safetensors::read(source)?,
        Format::PyTorch | Format::ShardedPyTorch => pytorch::read_zip(source)?,
        Format::LegacyPyTorch => pytorch::read_legacy(source)?,
        Format::Burnpack => burnpack::read(source)?,
        Format::BurnRecord => record::read(source)?,
    };
    check_names(source, &contents.parameters)?;
    Ok(contents)
}

/// By the first bytes; where they say nothing, by the name, so that the error can tell what is wrong with the bytes.
fn detect(source: &Source) -> Result<Format, CheckpointError> {
    let head = source.bytes(0, source.len().min(9))?;
    let extension = source.path().extension().and_then(|text| text.to_str()).unwrap_or_default();
    match head[..] {
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => return Ok(Format::PyTorch),
        [b'N', b'R', b'U', b'B', ..] => return Ok(Format::Burnpack),
        [_, _, _, _, _, _, 0, 0, b'{'] => return Ok(Format::Safetensors),
        [0x80, 2..=5, ..] if extension != "safetensors" => return Ok(Format::LegacyPyTorch),
        _ => {}
    }
    match extension {
        "safetensors" => Ok(Format::Safetensors),
        "bpk" | "burnpack" => Ok(Format::Burnpack),
        "mpk" => Ok(Format::BurnRecord),
        "pt" | "pth" => Ok(Format::LegacyPyTorch),
        _ => Err(CheckpointError::UnknownFormat { file: source.path().into() }),
    }
}

fn check_names(source: &Source, parameters: &[Parameter]) -> Result<(), CheckpointError> {
    let mut names: Vec<&Parameter> = parameters.iter().collect();
    names.sort_by_key(|parameter| parameter.path());
    match names.windows(2).find(|pair| pair[0].path() == pair[1].path()) {
        Some(pair) => Err(CheckpointError::malformed(
            source.path(),
            pair[1].offset,
            format!("a second parameter `{}`", pair[1].path()),
        )),
        None => Ok(()),
    }
}

/// Ranges of a file that may not overlap: sorts them and names the first two that do.
pub(crate) fn check_apart(
    source: &Source,
    ranges: &mut [([u64; 2], String)],
) -> Result<(), CheckpointError> {
    ranges.sort();
    let nonempty: Vec<_> = ranges.iter().filter(|([start, end], _)| start < end).collect();
    match nonempty.windows(2).find(|pair| pair[1].0[0] < pair[0].0[1]) {
        Some(pair) => Err(CheckpointError::malformed(
            source.path(),
            pair[1].0[0],
            format!("`{}` and `{}` overlap", pair[0].1, pair[1].1),
        )),
        None => Ok(()),
    }
}
