//! Figures of which units of a neural network are the same unit.
//!
//! Numbers go in, self-contained SVG comes out: no scripts, no fonts, nothing from outside. Colours can be told apart by
//! colour-blind readers and on paper, every mark has a text of its own for screen readers and as a tooltip, and a dark
//! page gets light lettering.
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

mod heat_map;

pub use heat_map::{HeatMap, HeatRow};

/// The README's example, kept compiling.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
