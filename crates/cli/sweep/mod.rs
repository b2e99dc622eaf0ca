//! Sweeps: many runs of one configuration with other values, as one table.

mod after;
mod batches;
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
pub use config::SweepConfig;
pub use folder::SweepFolder;
pub use join::{Joined, join_folders, join_in_place};
pub use points::Points;
pub use summary::Summary;
