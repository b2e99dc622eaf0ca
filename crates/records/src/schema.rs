//! The version of each kind of file. A reader compares it before it reads on.
//!
//! A version changes if a reader of the old version would misread the new one. A new key does not change it.

/// The version of `readings.jsonl`, and of what `run --json` prints.
pub const READINGS_SCHEMA: u64 = 1;

/// The version of `units.jsonl`.
pub const UNITS_SCHEMA: u64 = 1;

/// The version of the Parquet files of a sweep.
pub const SWEEP_SCHEMA: u64 = 1;

/// The version of `compare.jsonl`, and of what `compare --json` prints.
pub const COMPARE_SCHEMA: u64 = 1;
