//! The commands.

pub mod devices;
pub mod init;
pub mod report;
pub mod run;
pub mod verify;
