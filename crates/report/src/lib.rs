//! Figures and pages of which units of a neural network are the same unit.
//!
//! Numbers or a run's folder go in, self-contained SVG, PNG (feature `png`) or HTML comes out: no fonts, nothing from
//! outside. Colour-blind readers can distinguish the colours, also on paper, every mark has its text for screen
//! readers and as a tooltip, and a dark screen gets a dark picture.
//!
//! - [`Run::read`] reads the folder of `constinit run --out`; [`Run::page`] is its page, [`Run::figures`] its figures.
//! - [`Sweep::read`] reads the folder of `constinit sweep`; [`Sweep::page`] and [`Sweep::figures`] are the same of many
//!   runs.
//! - [`ComparedStarts::read`] reads the folder of `constinit compare`; [`ComparedStarts::page`] and [`ComparedStarts::figures`] are the
//!   same of one network from several starts.
//! - [`viridis`] and [`escaped`] are for drawings elsewhere that share the colours of these.

mod chart;
mod compare;
mod curves;
mod error;
mod figure;
mod markup;
mod number;
mod page;
mod palette;
#[cfg(feature = "png")]
mod png;
mod run;
mod scale;
mod sweep;
mod thin;
mod ticks;

// For examples/quotient_speed.rs alone, whose figure shares axes, marks and style with all others.
pub use compare::ComparedStarts;
#[doc(hidden)]
pub use curves::{Curve, Curves};
pub use error::ReportError;
pub use figure::Figure;
pub use markup::escaped;
pub use palette::viridis;
pub use run::{Readings, Run, SpaceState, Units, UnitsState};
pub use sweep::Sweep;

/// The README's example, kept compiling.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
