//! The formats: one enum, and one table for each property in which they differ.
//!
//! A new format is a variant of [`Format`] and a file with its reader. The compiler then demands an entry in every
//! table.

mod burn;
mod burnpack;
mod contents;
mod index;
mod json;
mod not_a_checkpoint;
mod pytorch;
mod record;
pub(crate) mod safetensors;

use std::fmt;

use constinit_symmetry::Orientation;

use crate::error::CheckpointError;
use crate::source::Source;

use contents::check_apart;
pub(crate) use contents::{Contents, Skipped};
pub(crate) use index::{is_index, read_shards, shards};

/// Declares [`Format`] together with the list of its values.
macro_rules! formats {
    ($($(#[$doc:meta])* $format:ident,)*) => {
        /// How a checkpoint is stored.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Format {
            $($(#[$doc])* $format,)*
        }

        impl Format {
            /// All formats.
            pub const ALL: &'static [Self] = &[$(Self::$format),*];
        }
    };
}

formats! {
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

/// A function that reads the head of one file.
type Reader = fn(&Source) -> Result<Contents, CheckpointError>;

// Every table has an entry for every format.
#[deny(clippy::wildcard_enum_match_arm)]
impl Format {
    /// The name in reports and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::ShardedSafetensors => "sharded safetensors",
            Self::PyTorch => "PyTorch",
            Self::ShardedPyTorch => "sharded PyTorch",
            Self::LegacyPyTorch => "PyTorch (legacy)",
            Self::Burnpack => "burnpack",
            Self::BurnRecord => "Burn record",
        }
    }

    /// The extensions of its files. A checkpoint of several files has none: its index is called `*.index.json`.
    pub fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Safetensors => &["safetensors"],
            Self::PyTorch | Self::LegacyPyTorch => &["pt", "pth", "bin", "ckpt"],
            Self::Burnpack => &["bpk", "burnpack"],
            Self::BurnRecord => &["mpk"],
            Self::ShardedSafetensors | Self::ShardedPyTorch => &[],
        }
    }

    /// The extensions that imply this format. A file with such an extension is read as this format even if its first
    /// bytes match no format, so that the error can say what is wrong with them.
    fn promised_by(self) -> &'static [&'static str] {
        match self {
            Self::Safetensors => &["safetensors"],
            // A file that does not begin like an archive may be from before PyTorch wrote archives.
            Self::LegacyPyTorch => &["pt", "pth"],
            Self::Burnpack => &["bpk", "burnpack"],
            // MessagePack has no signature.
            Self::BurnRecord => &["mpk"],
            Self::PyTorch | Self::ShardedSafetensors | Self::ShardedPyTorch => &[],
        }
    }

    /// The length of the signature of this format, with which every one of its files begins; `None` if `head` does not
    /// begin with it.
    fn signature(self, head: &[u8], extension: &str) -> Option<usize> {
        match self {
            // A header of less than 2^48 bytes, which is a JSON object.
            Self::Safetensors => match head {
                [_, _, _, _, _, _, 0, 0, b'{', ..] => Some(3),
                _ => None,
            },
            Self::PyTorch => match head {
                [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(4),
                _ => None,
            },
            // A pickle. The length of a safetensors header can begin with the same bytes.
            Self::LegacyPyTorch => match head {
                [0x80, 2..=5, ..] if extension != "safetensors" => Some(2),
                _ => None,
            },
            Self::Burnpack => head.starts_with(b"NRUB").then_some(4),
            Self::BurnRecord | Self::ShardedSafetensors | Self::ShardedPyTorch => None,
        }
    }

    /// How matrices may be stored, the usual way first: `weight[output][input]` or `weight[input][output]`.
    pub fn orientations(self) -> &'static [Orientation] {
        match self {
            // Many different programs write them.
            Self::Safetensors | Self::ShardedSafetensors => {
                &[Orientation::OutputFirst, Orientation::InputFirst]
            }
            Self::PyTorch | Self::ShardedPyTorch | Self::LegacyPyTorch => {
                &[Orientation::OutputFirst]
            }
            Self::Burnpack | Self::BurnRecord => &[Orientation::InputFirst],
        }
    }

    /// Whether matrices are usually stored as `weight[input][output]`, as Burn's linear layers are.
    pub fn inputs_first(self) -> bool {
        self.orientations().first() == Some(&Orientation::InputFirst)
    }

    /// The format of a checkpoint whose index names files of this format; `None` if files of this format have no index.
    pub fn sharded(self) -> Option<Self> {
        match self {
            Self::Safetensors => Some(Self::ShardedSafetensors),
            Self::PyTorch | Self::LegacyPyTorch => Some(Self::ShardedPyTorch),
            Self::ShardedSafetensors | Self::ShardedPyTorch | Self::Burnpack | Self::BurnRecord => {
                None
            }
        }
    }

    /// The format in which a changed checkpoint of this format is written; `None` if it cannot be written. Tensors of
    /// all types can be copied from a format that can be written.
    pub fn written_as(self) -> Option<Self> {
        match self {
            Self::Safetensors | Self::ShardedSafetensors => Some(Self::Safetensors),
            Self::PyTorch
            | Self::ShardedPyTorch
            | Self::LegacyPyTorch
            | Self::Burnpack
            | Self::BurnRecord => None,
        }
    }

    /// The function that reads one of its files.
    fn reader(self) -> Reader {
        match self {
            Self::Safetensors | Self::ShardedSafetensors => safetensors::read,
            Self::PyTorch | Self::ShardedPyTorch => pytorch::read_zip,
            Self::LegacyPyTorch => pytorch::read_legacy,
            Self::Burnpack => burnpack::read,
            Self::BurnRecord => record::read,
        }
    }

    /// The names of the formats that meet a condition, for messages.
    pub(crate) fn names(those: impl Fn(Self) -> bool) -> String {
        let names = Self::ALL.iter().filter(|format| those(**format)).map(|format| format.name());
        names.collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Reads the head of one file.
pub(crate) fn read(source: &Source) -> Result<(Format, Contents), CheckpointError> {
    let format = match signed(source)? {
        Some(format) => format,
        // If the first bytes match no format, other known kinds of files come before the format that the name implies.
        None => match not_a_checkpoint::impostor(source)? {
            Some(error) => return Err(error),
            None => detect(source)?,
        },
    };
    Ok((format, read_as(source, format)?))
}

/// Reads the head of one file of a known format.
pub(crate) fn read_as(source: &Source, format: Format) -> Result<Contents, CheckpointError> {
    let contents = format.reader()(source)?;
    contents.check_names(source)?;
    Ok(contents)
}

/// The format with the longest signature that the first bytes match; if they match none, the format that the name
/// implies.
fn detect(source: &Source) -> Result<Format, CheckpointError> {
    let promised = |format: &Format| format.promised_by().contains(&extension(source));
    signed(source)?
        .or_else(|| Format::ALL.iter().copied().find(promised))
        .ok_or_else(|| CheckpointError::UnknownFormat { file: source.path().into() })
}

/// The format with the longest signature that the first bytes match.
fn signed(source: &Source) -> Result<Option<Format>, CheckpointError> {
    /// The longest head that a signature needs.
    const HEAD: u64 = 9;
    let head = source.bytes(0, source.len().min(HEAD))?;
    let signed = |&format: &Format| Some((format.signature(&head, extension(source))?, format));
    let longest = Format::ALL.iter().filter_map(signed).max_by_key(|(len, _)| *len);
    Ok(longest.map(|(_, format)| format))
}

fn extension(source: &Source) -> &str {
    source.path().extension().and_then(|text| text.to_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::discover::discover;
    use std::collections::HashSet;
    use std::path::{Path, PathBuf};

    const TENSOR: &str = r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;

    /// Writes a checkpoint of a format; its path.
    fn sample(format: Format, folder: &Path) -> PathBuf {
        let made = |name: &str, bytes: &[u8]| {
            std::fs::write(folder.join(name), bytes).unwrap();
            folder.join(name)
        };
        let stored = |name: &str| {
            let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
            made(name, &std::fs::read(data.join(name)).unwrap())
        };
        let index = |parameter: &str, file: &str| {
            let text = format!(r#"{{"weight_map":{{"{parameter}":"{file}"}}}}"#);
            made("m.index.json", text.as_bytes())
        };
        let safetensors = || {
            let length = (TENSOR.len() as u64).to_le_bytes();
            made("m.safetensors", &[&length[..], TENSOR.as_bytes(), &[0; 4]].concat())
        };
        match format {
            Format::Safetensors => safetensors(),
            Format::ShardedSafetensors => {
                safetensors();
                index("w", "m.safetensors")
            }
            Format::PyTorch => stored("chain.pt"),
            Format::ShardedPyTorch => {
                stored("chain.pt");
                index("fc1.weight", "chain.pt")
            }
            Format::LegacyPyTorch => stored("legacy.pt"),
            Format::Burnpack => stored("chain.bpk"),
            Format::BurnRecord => stored("chain.mpk"),
        }
    }

    #[test]
    fn the_tables_agree() {
        let names: HashSet<&str> = Format::ALL.iter().map(|format| format.name()).collect();
        assert_eq!(names.len(), Format::ALL.len());
        let one_file = |format: Format| !format.extensions().is_empty();
        for &format in Format::ALL {
            let folder = tempfile::tempdir().unwrap();
            let path = sample(format, folder.path());
            let checkpoint = Checkpoint::open(&path).unwrap();
            assert_eq!(checkpoint.format(), format);
            assert_eq!(discover(folder.path()).unwrap(), std::slice::from_ref(&path));

            // Bytes without a signature are read as the format that the name implies, and as no other.
            for extension in format.promised_by() {
                assert!(format.extensions().contains(extension), "{format}: {extension}");
                let nothing = folder.path().join(format!("nothing.{extension}"));
                std::fs::write(&nothing, "nothing").unwrap();
                assert_eq!(detect(&Source::open(&nothing).unwrap()).unwrap(), format);
            }
            if one_file(format) {
                let head = std::fs::read(&path).unwrap();
                let extension = path.extension().unwrap().to_str().unwrap();
                assert!(format.extensions().contains(&extension), "{format}: {extension}");
                // Without a signature, only the name identifies the format.
                let known = format.signature(&head, extension).is_some();
                assert!(known || format.promised_by().contains(&extension), "{format}");
                // A signature is enough, whatever the file is called.
                for other in Format::ALL.iter().flat_map(|other| other.extensions()) {
                    let renamed = folder.path().join(format!("renamed.{other}"));
                    std::fs::copy(&path, &renamed).unwrap();
                    let found = detect(&Source::open(&renamed).unwrap()).ok();
                    let expected = format.signature(&head, other).map(|_| format);
                    assert!(expected.is_none() || found == expected, "{format} as .{other}");
                }
            }

            let orientations = format.orientations();
            assert!(orientations.iter().all(|o| *o != Orientation::Unknown), "{format}");
            assert_eq!(format.inputs_first(), orientations[0] == Orientation::InputFirst);
            // The orientation that biases give in a real file is one that its format may have.
            for weight in checkpoint.parameters().iter().filter(|p| p.shape().len() == 2) {
                let found = checkpoint.orientations().of(weight);
                assert!(orientations.contains(&found), "{format}: {}", weight.path());
            }
            if let Some(sharded) = format.sharded() {
                assert!(one_file(format) && !one_file(sharded), "{format}");
                assert_eq!(sharded.sharded(), None);
                assert_eq!(sharded.orientations(), orientations);
                assert_eq!(sharded.written_as(), format.written_as());
            }
            if let Some(written) = format.written_as() {
                assert_eq!((written.written_as(), one_file(written)), (Some(written), true));
            }
        }
    }
}
