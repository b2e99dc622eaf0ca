//! Surgery.
mod known;
pub use known::KnownAxes;
