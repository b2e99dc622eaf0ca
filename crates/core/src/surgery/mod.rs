//! What changes of modules' sizes have to know: whether a module computes the same with other numbers of units, and how
//! sizes changed.

mod known;
mod layers;
mod sizes;
mod training;

pub use known::{KnownAxes, merged, refused};
pub use layers::ModuleLayers;
pub use sizes::{SpaceSizes, sizes, write_change};
pub use training::check_training;
