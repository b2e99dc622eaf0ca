//! Changes of modules' sizes: whether a module computes the same with other numbers of units, its new parameters, and
//! how sizes changed.
//!
//! A framework reads a module as a [`HostModule`] and writes the [`NewParameters`] that an operation returns.

mod breaking;
mod collapse;
mod host;
mod known;
mod layers;
mod quotient;
mod reduce;
mod sizes;
mod training;
mod widen;

pub use breaking::BrokenModule;
pub use collapse::CollapsedModule;
pub use host::{HostModule, NewParameter, NewParameters};
pub use known::{KnownAxes, refused};
pub use layers::ModuleLayers;
pub use quotient::{ClassSizes, EntryCounts, HostLifting, HostQuotient};
pub use reduce::ReducedModule;
pub use sizes::{SpaceSizes, write_change};
pub use widen::WidenedModule;

use known::merged;
use sizes::sizes;
use training::check_training;
