//! What the `constinit` program is made of, apart from backends and commands: arguments, configurations, data, and a
//! run's files and screen. A library so that its tests need not be compiled for every backend; it is the program's own.
#![allow(
    missing_docs,
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    reason = "the interface is the program, not this library"
)]

pub mod activations;
pub mod args;
pub mod backend_name;
pub mod breaks;
pub mod compare;
pub mod config;
pub mod data;
pub mod data_sets;
pub mod dynamics;
pub mod failure;
pub mod heat_map;
pub mod inspect;
pub mod own_files;
pub mod plan;
pub mod run;
pub mod seen;
pub mod shard;
pub mod suggest;
pub mod sweep;
