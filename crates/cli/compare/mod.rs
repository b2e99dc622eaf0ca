//! Comparisons: one network trained from several starts.

mod beside;
mod closed_form;
mod folder;
mod request;
mod start;
mod summary;
mod table;
mod training;

pub use beside::beside;
pub use closed_form::in_closed_form;
pub use folder::CompareFolder;
pub use request::{StartRuns, ValidatedComparison};
pub use start::ComparedStart;
pub use summary::summary;
pub use table::ComparisonTable;
pub use training::{ComparedRun, PlannedRun};
