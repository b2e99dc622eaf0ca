//! The commands.

pub mod devices;
pub mod run;
