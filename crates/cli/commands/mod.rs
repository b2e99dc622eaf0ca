//! The commands.

pub mod devices;
pub mod init;
pub mod run;
pub mod verify;
