//! What can be wrong with a folder or a file.

use std::io;
use std::path::{Path, PathBuf};

/// Why a folder cannot be read, or a figure cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The system returned an error for a file or a folder.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// A folder that is not the folder of a run.
    #[error("{}: not the folder of a run: it has no {missing}", .path.display())]
    NoRun {
        /// The folder.
        path: PathBuf,
        /// The file that the folder lacks.
        missing: &'static str,
    },
    /// A folder that is not the folder of a comparison.
    #[error("{}: not the folder of a comparison: it has no {missing}", .path.display())]
    NoComparison {
        /// The folder.
        path: PathBuf,
        /// The file that the folder lacks.
        missing: &'static str,
    },
    /// A line that is not valid in its file.
    #[error("{}, line {line}: {reason}", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The number of the line, counted from 1.
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
        /// The schema of the file.
        schema: u64,
        /// The schema that this program reads.
        known: u64,
    },
    /// A file that is not the table of a sweep, is cut off, or belongs to another sweep.
    #[error("{}: {reason}", .path.display())]
    Table {
        /// The file, or the folder where it should be.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A column of a table that no sweep writes.
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
        /// The error of the renderer.
        reason: String,
    },
}

/// Converts errors of the system about a file or a folder.
pub(crate) fn io_error(path: &Path) -> impl Fn(io::Error) -> ReportError {
    let path = path.to_owned();
    move |source| ReportError::Io { path: path.clone(), source }
}
