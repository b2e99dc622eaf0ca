//! What a probe knows: when it reads, what it reads, what it says of it.
//!
//! A [`SymmetryTracker`] is shown the steps of a training as [`WatchedStep`]s. Framework crates make it a probe.

mod finding;
mod first_break;
mod flow;
mod held;
mod known;
mod outlook;
mod quantity;
mod reading;
mod record;
mod schedule;
mod settings;
mod sketch;
mod summary;
mod tracker;
mod watched;

pub use finding::Finding;
pub use first_break::{Cause, FirstBreak, GradientsThen};
pub use flow::Flow;
pub use outlook::{EscapeReading, Outlook, SpaceOutlook, TwinClass, largest_classes};
pub use quantity::SpaceQuantity;
pub use reading::{SpaceReading, SymmetryReading};
pub use schedule::Schedule;
pub use tracker::SymmetryTracker;
pub use watched::{LookAtRows, Repeated, Repeats, WatchedStep};
