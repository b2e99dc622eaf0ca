//! What can be wrong with a checkpoint.

use std::io;
use std::path::{Path, PathBuf};

use constinit_symmetry::SymmetryError;

use crate::format::Format;

/// All errors of this crate. Messages begin with the file and name the offset in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The system cannot read or write the file, or a part of it.
    #[error("{}{}: {source}", file.display(), at(*offset))]
    Io {
        /// The file.
        file: PathBuf,
        /// Where reading or writing began, if it did.
        offset: Option<u64>,
        /// What the system says.
        source: io::Error,
    },
    /// Not a regular file.
    #[error("{} is {what}, not a file with a length", file.display())]
    NotAFile {
        /// The path.
        file: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// None of the formats.
    #[error("{}: not a checkpoint of a known format ({})", file.display(), Format::names(|_| true))]
    UnknownFormat {
        /// The file.
        file: PathBuf,
    },
    /// A file that often takes the place of a checkpoint: a pointer, a page, a message, an archive.
    #[error("{}: {what}. {remedy}", file.display())]
    NotACheckpoint {
        /// The file.
        file: PathBuf,
        /// What it is.
        what: String,
        /// What to do.
        remedy: &'static str,
    },
    /// An index names files that do not exist.
    #[error(
        "{}: No such file, though {} names it ({missing} of its {of} files missing). Get the missing files and put them \
         beside the index", file.display(), index.display()
    )]
    MissingShards {
        /// The index.
        index: PathBuf,
        /// The first file that is missing.
        file: PathBuf,
        /// How many files are missing.
        missing: usize,
        /// How many files the index names.
        of: usize,
    },
    /// The bytes do not follow the format.
    #[error("{}, byte {offset}: {problem}", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// Where in the file.
        offset: u64,
        /// What is wrong.
        problem: String,
    },
    /// A correct file with contents that this crate does not read.
    #[error("{}: {problem}", file.display())]
    Unsupported {
        /// The file.
        file: PathBuf,
        /// What it is, and what to do.
        problem: String,
    },
    /// The file was written to while it was read.
    #[error("{} changed while it was read", file.display())]
    Changed {
        /// The file.
        file: PathBuf,
    },
    /// The file does not have a requested parameter.
    #[error("{} has no parameter `{parameter}`", file.display())]
    NoParameter {
        /// The file.
        file: PathBuf,
        /// The path.
        parameter: String,
    },
    /// A file of this name already exists.
    #[error("{} exists; nothing is overwritten", file.display())]
    Exists {
        /// The path.
        file: PathBuf,
    },
    /// Axes that do not fit.
    #[error("{}: the given axes do not fit: {source}", file.display())]
    Axes {
        /// The checkpoint.
        file: PathBuf,
        /// The error of the engine.
        source: Box<SymmetryError>,
    },
    /// The engine refuses a request.
    #[error("{}: {source}", file.display())]
    Symmetry {
        /// The file.
        file: PathBuf,
        /// The error of the engine.
        source: Box<SymmetryError>,
    },
    /// The written file is not the intended one.
    #[error("{}: the file that was written is not the intended one: {problem}", file.display())]
    NotVerified {
        /// The file.
        file: PathBuf,
        /// The difference.
        problem: String,
    },
    /// The caller asked to stop.
    #[error("{} was not written: stopped", file.display())]
    Stopped {
        /// The file that would have been written.
        file: PathBuf,
    },
    /// There is not enough memory.
    #[error("{}: no memory for the {bytes} bytes of `{parameter}`", file.display())]
    Memory {
        /// The file.
        file: PathBuf,
        /// The parameter that needs it.
        parameter: String,
        /// How many bytes it needs.
        bytes: u64,
    },
}

impl CheckpointError {
    pub(crate) fn io(file: &Path, offset: Option<u64>, source: io::Error) -> Self {
        Self::Io { file: file.into(), offset, source }
    }

    pub(crate) fn malformed(file: &Path, offset: u64, problem: impl Into<String>) -> Self {
        Self::Malformed { file: file.into(), offset, problem: problem.into() }
    }

    pub(crate) fn unsupported(file: &Path, problem: impl Into<String>) -> Self {
        Self::Unsupported { file: file.into(), problem: problem.into() }
    }

    pub(crate) fn symmetry(file: &Path) -> impl Fn(SymmetryError) -> Self + '_ {
        |source| Self::Symmetry { file: file.into(), source: Box::new(source) }
    }

    pub(crate) fn axes(file: &Path) -> impl Fn(SymmetryError) -> Self + '_ {
        |source| Self::Axes { file: file.into(), source: Box::new(source) }
    }

    /// The file that the error is about.
    pub fn file(&self) -> &Path {
        match self {
            Self::Io { file, .. }
            | Self::NotAFile { file, .. }
            | Self::UnknownFormat { file }
            | Self::NotACheckpoint { file, .. }
            | Self::MissingShards { file, .. }
            | Self::Malformed { file, .. }
            | Self::Unsupported { file, .. }
            | Self::Changed { file }
            | Self::NoParameter { file, .. }
            | Self::Exists { file }
            | Self::Axes { file, .. }
            | Self::Symmetry { file, .. }
            | Self::NotVerified { file, .. }
            | Self::Stopped { file }
            | Self::Memory { file, .. } => file,
        }
    }
}

fn at(offset: Option<u64>) -> String {
    offset.map(|offset| format!(", byte {offset}")).unwrap_or_default()
}
