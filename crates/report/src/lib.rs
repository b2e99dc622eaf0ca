//! Figures and pages that show which units of a neural network are equal.
//!
//! The input is numbers or a run's folder. The output is self-contained SVG, PNG (feature `png`) or HTML, without fonts
//! or other external files. Colour-blind readers can distinguish the colours, also on paper. Every mark has a text for
//! screen readers and as a tooltip. On a dark screen, figures are dark.
//!
//! - [`Run::read`] reads the folder of `constinit run --out`; [`Run::page`] is its page, [`Run::figures`] its figures.
//! - [`Sweep::read`] reads the folder of `constinit sweep`; [`Sweep::page`] and [`Sweep::figures`] are the same for
//!   many runs.
//! - [`ComparedStarts::read`] reads the folder of `constinit compare`; [`ComparedStarts::page`] and
//!   [`ComparedStarts::figures`] are the same for one network from several starts.
//! - [`viridis`] and [`escaped`] are for other drawings that share the colours of these.

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

// Only for examples/quotient_speed.rs, whose figure shares axes, marks and style with all others.
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
