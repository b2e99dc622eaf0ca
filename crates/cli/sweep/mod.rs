//! Sweeps: many runs of one configuration with different values, as one table.

mod after;
mod classes;
mod closed_form;
mod config;
mod configs;
mod folder;
mod join;
mod keys;
mod on_backend;
mod outcome;
mod points;
mod summary;
mod table;

pub(crate) use after::dead;
pub(crate) use classes::{Parameters, counts};
pub(crate) use closed_form::{Tried, train as train_in_closed_form};
pub use config::SweepConfig;
pub use folder::SweepFolder;
pub use join::{Joined, join_folders, join_in_place};
pub(crate) use outcome::{LayerOutcome, OutcomeEnd};
pub use points::{Points, SweepBackend};
pub use summary::Summary;
