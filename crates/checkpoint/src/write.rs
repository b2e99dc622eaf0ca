//! Writes a checkpoint with some parameters replaced, to a new file or not at all.
//!
//! The file is written under a temporary name in the same folder, flushed to the disk, read back, and only then given
//! its name. So no part of a file is ever under that name, and nothing is ever overwritten. If the disk is full or the
//! check fails, the temporary file is removed.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use constinit_symmetry::{Elements, OwnedParam};
use serde_json::{Map, Value, json};
use tempfile::NamedTempFile;

use crate::checkpoint::Checkpoint;
use crate::error::CheckpointError;
use crate::format::Format;
use crate::parameter::Parameter;

/// Bytes that are copied at a time.
const BLOCK: u64 = 1 << 20;

/// Where to write a checkpoint; made from a path.
#[derive(Clone, Copy)]
pub struct Destination<'d> {
    place: &'d Path,
    stop: &'d dyn Fn() -> bool,
    only_if_changed: bool,
}

impl<'d> Destination<'d> {
    /// Stops writing as soon as `stop` returns true, and leaves no file. `stop` is called before every block.
    pub fn unless(self, stop: &'d dyn Fn() -> bool) -> Self {
        Self { stop, ..self }
    }

    /// Writes only if the new checkpoint has other sizes than the original. If nothing is merged, the file would be a
    /// copy.
    pub fn only_if_changed(self) -> Self {
        Self { only_if_changed: true, ..self }
    }

    /// Whether a checkpoint with as many numbers as the original is not written.
    pub(crate) fn skips_copies(&self) -> bool {
        self.only_if_changed
    }

    /// The path.
    pub fn path(&self) -> &'d Path {
        self.place
    }

    pub(crate) fn go_on(&self) -> Result<(), CheckpointError> {
        if (self.stop)() {
            return Err(CheckpointError::Stopped { file: self.place.into() });
        }
        Ok(())
    }
}

impl<'d, P: AsRef<Path> + ?Sized> std::convert::From<&'d P> for Destination<'d> {
    fn from(place: &'d P) -> Self {
        Self { place: place.as_ref(), stop: &|| false, only_if_changed: false }
    }
}

/// A complete file that does not have its name yet. Dropping it removes the file.
#[derive(Debug)]
pub struct NewFile {
    file: NamedTempFile,
    format: Format,
    place: PathBuf,
}

impl NewFile {
    /// Writes a safetensors file with the tensors and texts of `original`, and reads it back. The parameters in
    /// `replaced` take the place of those of the same paths.
    ///
    /// # Errors
    ///
    /// - [`CheckpointError::Unsupported`] if the original is not a safetensors file: other formats are not written;
    /// - [`CheckpointError::Exists`] if something is at the destination;
    /// - [`CheckpointError::NoParameter`] for a replaced parameter that the original does not have;
    /// - [`CheckpointError::Io`] if the disk is full or refuses; [`CheckpointError::NotVerified`] if what is read back
    ///   is not what was written;
    /// - [`CheckpointError::Stopped`] if the destination says to stop.
    pub fn write<'d>(
        to: impl Into<Destination<'d>>,
        original: &Checkpoint,
        replaced: &[OwnedParam],
    ) -> Result<Self, CheckpointError> {
        let to = to.into();
        let place = to.path();
        let Some(format) = original.format().written_as() else {
            let written = Format::names(|format| format.written_as() == Some(format));
            let problem =
                format!("a {} file: only {written} files can be rewritten", original.format());
            return Err(CheckpointError::unsupported(original.path(), problem));
        };
        if place.symlink_metadata().is_ok() {
            return Err(CheckpointError::Exists { file: place.into() });
        }
        let tensors = tensors(original, replaced)?;
        let io = |error| CheckpointError::io(place, None, error);
        let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        // The permissions of an ordinary file; temporary files are private.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        // Only the kind of the error: its text has the temporary name in it.
        let refused =
            |error: std::io::Error| CheckpointError::io(folder, None, error.kind().into());
        let file = builder.prefix(&temporary_prefix(place)).tempfile_in(folder).map_err(refused)?;
        let mut writer = BufWriter::with_capacity(BLOCK as usize, file);
        let header = header(original, &tensors);
        writer.write_all(&(header.len() as u64).to_le_bytes()).map_err(io)?;
        writer.write_all(&header).map_err(io)?;
        for tensor in &tensors {
            tensor.each_block(original, |block| {
                to.go_on()?;
                writer.write_all(block).map_err(io)
            })?;
        }
        let file = writer.into_inner().map_err(|error| io(error.into_error()))?;
        file.as_file().sync_all().map_err(io)?;
        original.check_unchanged()?;
        let new = Self { file, format, place: place.into() };
        new.check(original, &tensors, &to)?;
        Ok(new)
    }

    /// Opens the file as it was written, for inspection before it gets its name.
    ///
    /// # Errors
    ///
    /// As [`Checkpoint::open`].
    pub fn open(&self) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::open_as(self.file.path(), self.format)
    }

    /// Gives the file its name.
    ///
    /// # Errors
    ///
    /// If a file of this name was made meanwhile, or the system refuses. Then the temporary file is removed.
    pub fn keep(self) -> Result<(), CheckpointError> {
        let place = self.place;
        self.file.persist_noclobber(&place).map_err(|failed| match failed.error.kind() {
            std::io::ErrorKind::AlreadyExists => CheckpointError::Exists { file: place.clone() },
            _ => CheckpointError::io(&place, None, failed.error),
        })?;
        // The name must reach the disk, too. Not every system can open a folder.
        if let Some(folder) = place.parent() {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            let _ = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
        }
        Ok(())
    }

    /// Compares every byte with the intended one.
    fn check(
        &self,
        original: &Checkpoint,
        tensors: &[Tensor<'_>],
        to: &Destination<'_>,
    ) -> Result<(), CheckpointError> {
        let wrong = |problem| CheckpointError::NotVerified { file: self.place.clone(), problem };
        let written = self.open().map_err(|error| wrong(error.to_string()))?;
        let wrong = |path: &str| wrong(format!("`{path}` differs"));
        if written.metadata() != original.metadata() {
            return Err(wrong("__metadata__"));
        }
        for tensor in tensors {
            let place = match written.parameter(&tensor.path) {
                Some(found) if found.shape() == tensor.shape => Some(found.offset),
                Some(_) => None,
                None => {
                    let found = written.others().iter().find(|other| other.path == tensor.path);
                    let facts = (&tensor.dtype, &tensor.shape);
                    let found = found.filter(|other| (&other.dtype, &other.shape) == facts);
                    let place = found.and_then(|other| other.place);
                    place.filter(|[_, bytes]| *bytes == tensor.bytes).map(|[offset, _]| offset)
                }
            };
            let mut offset = place.ok_or_else(|| wrong(&tensor.path))?;
            tensor.each_block(original, |block| {
                to.go_on()?;
                let found = written.bytes_at(0, offset, block.len() as u64)?;
                offset += block.len() as u64;
                if found == block { Ok(()) } else { Err(wrong(&tensor.path)) }
            })?;
        }
        Ok(())
    }
}

/// The beginning of the temporary name: the final name, cut to a length that a name may have.
fn temporary_prefix(place: &Path) -> String {
    const LONGEST: usize = 200;
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    format!(".{}.", &name[..name.floor_char_boundary(LONGEST)])
}

/// A tensor to be written.
struct Tensor<'c> {
    path: String,
    dtype: String,
    shape: Vec<usize>,
    bytes: u64,
    from: From<'c>,
}

enum From<'c> {
    New(&'c OwnedParam),
    Stored { source: usize, offset: u64 },
}

impl Tensor<'_> {
    fn each_block(
        &self,
        original: &Checkpoint,
        mut each: impl FnMut(&[u8]) -> Result<(), CheckpointError>,
    ) -> Result<(), CheckpointError> {
        match self.from {
            From::New(param) => match param.elements().elements() {
                Elements::F32(data) => each(bytemuck::cast_slice(data)),
                Elements::F64(data) => each(bytemuck::cast_slice(data)),
                Elements::F16(data) => each(bytemuck::cast_slice(data)),
                Elements::Bf16(data) => each(bytemuck::cast_slice(data)),
                other => {
                    let problem = format!("{} numbers of an unknown type", other.len());
                    Err(CheckpointError::unsupported(original.path(), problem))
                }
            },
            // Formats that can be written store entries one after the other.
            From::Stored { source, offset } => {
                let mut at = 0;
                while at < self.bytes {
                    let len = BLOCK.min(self.bytes - at);
                    each(&original.bytes_at(source, offset + at, len)?)?;
                    at += len;
                }
                Ok(())
            }
        }
    }
}

fn tensors<'c>(
    original: &'c Checkpoint,
    replaced: &'c [OwnedParam],
) -> Result<Vec<Tensor<'c>>, CheckpointError> {
    if let Some(param) = replaced.iter().find(|param| original.parameter(param.path()).is_none()) {
        let (file, parameter) = (original.path().into(), param.path().into());
        return Err(CheckpointError::NoParameter { file, parameter });
    }
    let stored =
        |parameter: &Parameter| From::Stored { source: parameter.source, offset: parameter.offset };
    let floats = original.parameters().iter().map(|parameter| {
        let dtype = parameter.dtype();
        let new = replaced.iter().find(|param| param.path() == parameter.path());
        let shape = new.map_or(parameter.shape(), |param| param.shape()).to_vec();
        Tensor {
            path: parameter.path().into(),
            dtype: dtype.name().into(),
            bytes: (shape.iter().product::<usize>() * dtype.number_size()) as u64,
            shape,
            from: new.map_or(stored(parameter), From::New),
        }
    });
    let others = original.others().iter().filter_map(|other| {
        let [offset, bytes] = other.place?;
        Some(Tensor {
            path: other.path.clone(),
            dtype: other.dtype.clone(),
            shape: other.shape.clone(),
            bytes,
            from: From::Stored { source: other.source, offset },
        })
    });
    let mut all: Vec<Tensor<'c>> = floats.chain(others).collect();
    // Wide numbers first, so that every number is at a multiple of its size. A skipped tensor may have a shape with too
    // many entries to count.
    let size = |tensor: &Tensor<'_>| {
        let entries = tensor.shape.iter().fold(1_usize, |all, &size| all.saturating_mul(size));
        tensor.bytes / entries.max(1) as u64
    };
    all.sort_by_key(|tensor| std::cmp::Reverse(size(tensor)));
    Ok(all)
}

fn header(original: &Checkpoint, tensors: &[Tensor<'_>]) -> Vec<u8> {
    let mut header = Map::new();
    if !original.metadata().is_empty() {
        header.insert("__metadata__".into(), json!(original.metadata()));
    }
    let mut offset = 0;
    for tensor in tensors {
        let Tensor { dtype, shape, bytes, .. } = tensor;
        let offsets = [offset, offset + bytes];
        let facts = json!({"dtype": dtype, "shape": shape, "data_offsets": offsets});
        header.insert(tensor.path.clone(), facts);
        offset += bytes;
    }
    let mut text = Value::Object(header).to_string().into_bytes();
    text.resize(text.len().next_multiple_of(8), b' ');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_disk_changed_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let header = r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"n":{"dtype":"I8","shape":[1],"data_offsets":[8,9]}}"#;
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend([1, 2, 3, 4, 5, 6, 7, 8, 9]);
        let path = folder.path().join("m.safetensors");
        std::fs::write(&path, bytes).unwrap();
        let original = Checkpoint::open(&path).unwrap();
        let all = tensors(&original, &[]).unwrap();
        let place = folder.path().join("new");
        let new = NewFile::write(&place, &original, &[]).unwrap();
        let to = Destination::from(&place);
        assert!(new.check(&original, &all, &to).is_ok());
        let written = std::fs::read(new.file.path()).unwrap();
        for (back, name) in [(1, "`n`"), (2, "`w`")] {
            let mut changed = written.clone();
            let at = changed.len() - back;
            changed[at] ^= 1;
            std::fs::write(new.file.path(), changed).unwrap();
            let error = new.check(&original, &all, &to).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
        drop(new);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
