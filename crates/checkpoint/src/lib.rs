//! Reads checkpoints piece by piece as named parameters, and finds which of their units are the same unit.
//!
//! safetensors (single files, and the shards of a `model.safetensors.index.json`), PyTorch's `.pt`, `.pth` and `.bin`
//! (archives, files from before 1.6, and the shards of a `pytorch_model.bin.index.json`), Burn's burnpack and `.mpk`
//! records. Tensors of any type ([`DType`]) are compared by bits; floats also by value, if a tolerance is given.
//! Tensors that cannot be read are listed. No framework and no Python is needed, and no code of a file is ever run.
//!
//! ```
//! use constinit_checkpoint::{Checkpoint, InspectOptions, inspect};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("model.safetensors");
//! # let header = r#"{"fc.weight":{"dtype":"F32","shape":[3,2],"data_offsets":[0,24]}}"#;
//! # let mut file = (header.len() as u64).to_le_bytes().to_vec();
//! # file.extend(header.as_bytes());
//! # for number in [1.0_f32, 2.0, 0.0, 0.0, 1.0, 2.0] { file.extend(number.to_le_bytes()); }
//! # std::fs::write(&path, file)?;
//! // fc.weight [3, 2] = [[1, 2], [0, 0], [1, 2]]
//! let checkpoint = Checkpoint::open(&path)?;
//! let report = inspect(&checkpoint, &InspectOptions::default())?;
//! let fc = &report.parameters[0];
//! assert_eq!((fc.path.as_str(), fc.units, fc.classes, fc.zero_units), ("fc.weight", 3, 2, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How it reads
//!
//! [`Checkpoint::open`] reads what a file says of its tensors. [`inspect`] then reads numbers as it needs them: a few
//! of every unit, and more only of units that are equal so far. Pieces go to the engine
//! ([`twins_refining`](constinit_symmetry::twins_refining)) one after the other, so that a file of any size takes a few
//! buffers. Files are read at given offsets and never mapped into memory: if somebody shortens a mapped file, the
//! system ends the process.
//!
//! What a file claims is checked against its length before anything is allocated for it. `tests/hostile.rs` tests this
//! with chosen files, `tests/fuzz.rs` with random changes.
//!
//! # What else
//!
//! - [`diff`]: which classes diverged or merged between two checkpoints.
//! - [`merge`]: one report from those of several machines, each of which did a share of the files.
//! - [`collapse_file`], [`break_file`]: the same function with fewer units, or with units that differ, in a new file.
//! - [`reduce_file`]: the same function with as few units as the activations allow.
//! - [`discover`]: the checkpoints in a folder.

mod architecture;
mod chain;
mod checkpoint;
mod decode;
mod diff;
mod discover;
mod dtype;
mod entries;
mod error;
mod format;
mod inspect;
mod natural;
mod orientation;
mod parameter;
mod parameter_set;
mod reduce;
mod reshape;
mod role;
mod source;
mod values;
mod verify;
mod write;

pub use architecture::architectures;
pub use checkpoint::Checkpoint;
pub use constinit_records::inspection::{
    AxesSource, CheckpointDiff, DIFF_SCHEMA, DriftedClass, FileInspection, GoneReason, GoneUnit,
    INSPECTION_SCHEMA, InspectionSummary, JobPart, MergedClass, NeededUnits, OptimizerState,
    OutputCheck, ParameterDiff, ParameterInspection, RESHAPE_SCHEMA, Reshaped, Savings,
    SkippedTensor, SpaceChange, SpaceInspection, SplitClass, SummaryLine, TensorRole,
};
pub use diff::diff;
pub use discover::discover;
pub use dtype::DType;
pub use error::CheckpointError;
pub use format::Format;
pub use inspect::{
    AxesChoice, FoundAxes, InspectOptions, MergeError, UnitTotals, does_file, infer_axes, inspect,
    merge, totals, twin_places,
};
pub use natural::natural as natural_order;
pub use orientation::Orientations;
pub use parameter::Parameter;
pub use reduce::reduce_file;
pub use reshape::{break_file, collapse_file};
pub use values::ParameterValues;
pub use write::{Destination, NewFile};

/// The README's example, kept compiling.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
