//! The records that `constinit` writes and reads, as serde types.
//!
//! | file | records | schema |
//! |---|---|---|
//! | `readings.jsonl` of a run, `run --json` | [`RunEvent`]: [`StartRecord`], [`QuotientRecord`], [`ReadingRecord`], [`ForecastRecord`], [`EndRecord`] | [`READINGS_SCHEMA`] |
//! | `units.jsonl` of a run | [`UnitsEvent`]: [`UnitsStartRecord`], [`UnitsRecord`] | [`UNITS_SCHEMA`] |
//! | `run --csv`, TensorBoard's events | [`ReadingRecord::columns`], [`ReadingRecord::scalars`] | |
//! | `results.parquet` and `parts/*.parquet` of a sweep | [`SweepColumn`], [`LayerColumn`], [`SweepKey`] | [`SWEEP_SCHEMA`] |
//! | `compare.jsonl` of a comparison, `compare --json` | [`ComparisonEvent`]: [`ComparisonRecord`], [`ComparedRunRecord`], [`ComparedRecord`] | [`COMPARE_SCHEMA`] |
//! | `inspect --json`, `diff --json`, `collapse --json`, `break --json` | [`inspection`] | its constants |
//!
//! A record is written and read through the same type. A number that may be infinite is null where it is. A key that an
//! older program did not write is optional or has a default; keys of later programs are ignored.
//!
//! ```
//! use constinit_records::{ReadingRecord, SpaceNumber};
//!
//! let line = r#"{"event":"reading","step":3,"loss":0.5,"spaces":[{"name":"hidden1","units":7,"twins":2,"spread":1e-7}]}"#;
//! let reading: ReadingRecord = serde_json::from_str(line)?;
//! let hidden = &reading.spaces[0];
//! assert_eq!((hidden.units, hidden.twins, hidden.equitable), (7, 2, None));
//! assert_eq!(SpaceNumber::Twins.column(&hidden.name), "hidden1.twins");
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # A new number of a reading
//!
//! 1. [`SpaceRecord`] gets a field and [`SpaceNumber`] a variant, both in `reading.rs`: columns, tags and the table of a
//!    report follow from the variant.
//! 2. The core's probe measures it (`probe/tracker.rs`), and its `probe/record.rs` copies it into the record.

mod compare;
mod end;
mod event;
mod first_break;
mod forecast;
pub mod inspection;
mod number;
mod outcome;
mod quotient;
mod reading;
mod schema;
mod start;
mod sweep;
mod units;

pub use compare::{
    ComparedOutcome, ComparedOutcomeRange, ComparedRecord, ComparedRunRecord, ComparedRunSpace,
    ComparedSpace, ComparedSpaceRange, ComparedState, ComparisonEvent, ComparisonRecord,
    PlannedStart,
};
pub use end::{EndRecord, EndWord, PrintedRecord, VerdictWord};
pub use event::{RunEvent, UnitsEvent};
pub use first_break::FirstBreakRecord;
pub use forecast::{ForecastPair, ForecastRecord, OutlookWord};
pub use number::RecordedNumber;
pub use outcome::{DeadRecord, LEARNED_NOTHING, OutcomeRecord};
pub use quotient::{QuotientRecord, QuotientSpace};
pub use reading::{PROPERTIES, PropertyRecord, ReadingRecord, SpaceNumber, SpaceRecord};
pub use schema::{COMPARE_SCHEMA, READINGS_SCHEMA, SWEEP_SCHEMA, UNITS_SCHEMA};
pub use start::{FloatWord, StartRecord};
pub use sweep::{
    ColumnKind, EngineWord, KEYS_KEY, LayerColumn, POINT, POINTS_KEY, SCHEMA_KEY, SWEEP_KEY,
    ScaleWord, SweepColumn, SweepKey, VERSION_KEY,
};
pub use units::{UNIT_VALUE, UnitsRecord, UnitsSpace, UnitsStartRecord};

/// The README's example, kept compiling.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
