//! What can be wrong with a folder or a file.

use std::io;
use std::path::{Path, PathBuf};

/// Why a folder cannot be read, or a figure not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file or a folder that the system does not give.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A folder that no run wrote.
    #[error("{}: not the folder of a run: it has no {missing}", .path.display())]
    NoRun {
        /// The folder.
        path: PathBuf,
        /// What a run's folder has.
        missing: &'static str,
    },
    /// A folder that no comparison wrote.
    #[error("{}: not the folder of a comparison: it has no {missing}", .path.display())]
    NoComparison {
        /// The folder.
        path: PathBuf,
        /// What a comparison's folder has.
        missing: &'static str,
    },
    /// A line that does not say what a line of its file says.
    #[error("{}, line {line}: {reason}", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A file of a later version of the program.
    #[error(
        "{}: the file has schema {schema}, but this program reads schema {known}; a newer version may read it",
        .path.display()
    )]
    Schema {
        /// The file.
        path: PathBuf,
        /// What it says.
        schema: u64,
        /// What is known here.
        known: u64,
    },
    /// A table that no sweep wrote, one that was cut off, or one of another sweep.
    #[error("{}: {reason}", .path.display())]
    Table {
        /// The file, or the folder where it should be.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A column of a table that is not what a sweep writes.
    #[error("{}: column `{column}`: {reason}", .path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// The column's name.
        column: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A figure that cannot be rendered.
    #[error("figure {figure}: {reason}")]
    Figure {
        /// The figure's name.
        figure: String,
        /// What the renderer says.
        reason: String,
    },
}

/// What becomes of the system's errors about a file or a folder.
pub(crate) fn io_error(path: &Path) -> impl Fn(io::Error) -> ReportError {
    let path = path.to_owned();
    move |source| ReportError::Io { path: path.clone(), source }
}
