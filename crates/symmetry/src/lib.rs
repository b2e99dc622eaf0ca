//! Which units of a neural network are the same unit: exact answers from plain slices.
//!
//! This crate holds the mathematics. It knows no framework, opens no files and prints nothing.

pub mod theorem;
mod ulps;

pub use ulps::{Ulps, ulps};
