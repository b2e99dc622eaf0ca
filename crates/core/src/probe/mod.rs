//! Probes without a framework: when they read, what they read, and what they report.
//!
//! A framework crate shows the steps of a training to a [`SymmetryTracker`], as [`WatchedStep`]s, and so makes it a
//! probe.

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
