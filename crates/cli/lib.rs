//! The `constinit` program without its backends and commands: arguments, configurations, data, and the files and the
//! output of a run. It is a library so that its tests need not be compiled for every backend. No other program uses it.
#![allow(
    missing_docs,
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    reason = "the interface is the program, not this library"
)]

pub mod activations;
pub mod args;
pub mod backend_name;
pub mod compare;
pub mod failure;
pub mod heat_map;
pub mod inspect;
pub mod own_files;
pub mod run;
pub mod shard;
pub mod sweep;

// The part of configurations that needs no framework.
pub use constinit_core::config;
pub use constinit_core::config::{breaks, data, plan, seen, suggest};
