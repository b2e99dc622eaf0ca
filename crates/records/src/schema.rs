//! The version of each kind of file, which its reader compares before it reads on.
//!
//! A version changes where a reader of the old one would misread the new one. A new key does not change it.

/// Of `readings.jsonl`, and of what `run --json` prints.
pub const READINGS_SCHEMA: u64 = 1;

/// Of `units.jsonl`.
pub const UNITS_SCHEMA: u64 = 1;

/// Of the Parquet files of a sweep.
pub const SWEEP_SCHEMA: u64 = 1;

/// Of `compare.jsonl`, and of what `compare --json` prints.
pub const COMPARE_SCHEMA: u64 = 1;
