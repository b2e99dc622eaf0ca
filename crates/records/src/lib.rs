//! The records that `constinit` writes and reads, as serde types.

pub mod inspection;
