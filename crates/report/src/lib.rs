//! Figures and pages of which units of a neural network are the same unit.
//!
//! Numbers or a run's folder go in, self-contained SVG, PNG (feature `png`) or HTML comes out: no fonts, nothing from
//! outside. Colours can be told apart by colour-blind readers and on paper, every mark has a text of its own for screen
//! readers and as a tooltip, and a dark screen gets a dark picture.
//!
//! - [`Run::read`] reads the folder of `constinit run --out`; [`Run::page`] is its page, [`Run::figures`] its figures.
//! - [`Sweep::read`] reads the folder of `constinit sweep`; [`Sweep::page`] and [`Sweep::figures`] are the same of many
//!   runs.
//! - [`HeatMap`] draws rows of differences, [`Curves`] what was measured over something that is counted.
//!
//! ```
//! use constinit_report::{HeatMap, HeatRow};
//!
//! let map = HeatMap {
//!     title: "Largest difference between equal units".into(),
//!     columns: "width".into(),
//!     first_column: 2,
//!     rows: vec![HeatRow { name: "ndarray sgd".into(), values: vec![Some(0.0), Some(1e-8), None] }],
//! };
//! let svg = map.to_svg();
//! assert!(svg.starts_with("<svg") && svg.contains("width 3: 1.0e-8"));
//! ```

mod chart;
mod curves;
mod error;
mod figure;
mod heat_map;
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

pub use curves::{Curve, Curves};
pub use error::ReportError;
pub use figure::Figure;
pub use heat_map::{HeatMap, HeatRow};
pub use run::{
    End, FirstBreak, Forecast, ForecastSpace, Outlook, Property, Reading, Readings, Run, Space,
    SpaceState, Start, State, Units,
};
pub use sweep::{Key, Sweep};

/// The README's example, kept compiling.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
