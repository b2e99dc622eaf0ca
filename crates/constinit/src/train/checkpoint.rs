//! A run's state in a file, whole or not at all.
//!
//! The file is written next to its final place, flushed and renamed, so a crash leaves either the old file or the new
//! one. It starts with a magic number and a checksum of all that follows. Numbers are stored as doubles: every float
//! type of the backends comes back bit for bit.

use super::TrainState;
use crate::Error;
use crate::params::parameter_paths;
use burn::lr_scheduler::LrScheduler;
use burn::module::{AutodiffModule, Module, ModuleVisitor, Param};
use burn::optim::Optimizer;
use burn::record::{DoublePrecisionSettings, NamedMpkBytesRecorder, Record, Recorder};
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use constinit_core::files::write_whole;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::Path;

const MAGIC: &[u8; 24] = b"constinit checkpoint v1\n";
/// Magic number, then a checksum of four bytes.
const HEADER: usize = MAGIC.len() + 4;

type Shapes = Vec<(String, Vec<usize>)>;
type Bytes = NamedMpkBytesRecorder<DoublePrecisionSettings>;

/// The content of a checkpoint.
#[derive(Clone, Debug)]
pub struct TrainCheckpoint<M, O, S> {
    /// The state of the run.
    pub state: TrainState<M, O, S>,
    /// The note that the writer stored with it.
    pub note: String,
}

#[derive(Serialize, Deserialize)]
struct Payload {
    fingerprint: String,
    note: String,
    step: u64,
    /// Path and shape of each float parameter.
    shapes: Shapes,
    #[serde(with = "serde_bytes")]
    model: Vec<u8>,
    #[serde(with = "serde_bytes")]
    optimizer: Vec<u8>,
    #[serde(with = "serde_bytes")]
    schedule: Vec<u8>,
}

/// Writes the state of a run.
///
/// `fingerprint` says which run it is: [`load_checkpoint`] requires the same one. `note` is any text of the writer.
///
/// # Errors
///
/// [`Error::CheckpointWrite`] if the file cannot be written; an old file at `path` is then
/// still whole.
pub fn save_checkpoint<B, M, O, S>(
    path: &Path,
    state: &TrainState<M, O, S>,
    fingerprint: &str,
    note: &str,
) -> Result<(), Error>
where
    B: AutodiffBackend,
    M: AutodiffModule<B>,
    O: Optimizer<M, B>,
    S: LrScheduler,
{
    let write = || {
        let payload = Payload {
            fingerprint: fingerprint.to_owned(),
            note: note.to_owned(),
            step: state.step as u64,
            shapes: shapes(&state.model),
            model: encode::<B, _>(state.model.clone().into_record())?,
            optimizer: encode::<B, _>(state.optimizer.to_record())?,
            schedule: encode::<B, _>(state.schedule.to_record::<B>())?,
        };
        let payload = rmp_serde::to_vec_named(&payload).map_err(io::Error::other)?;
        let mut bytes = Vec::with_capacity(HEADER + payload.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&crc32fast::hash(&payload).to_le_bytes());
        bytes.extend_from_slice(&payload);
        write_whole(path, &bytes)
    };
    write().map_err(|source| Error::CheckpointWrite { path: path.to_owned(), source })
}

/// Reads a run's state into a fresh one of the same configuration.
///
/// # Errors
///
/// [`Error::Checkpoint`] for a file that cannot be read, is incomplete, is not a checkpoint, belongs to a run with
/// another fingerprint, or holds a parameter of another shape than the module has.
pub fn load_checkpoint<B, M, O, S>(
    path: &Path,
    fresh: TrainState<M, O, S>,
    fingerprint: &str,
    device: &B::Device,
) -> Result<TrainCheckpoint<M, O, S>, Error>
where
    B: AutodiffBackend,
    M: AutodiffModule<B>,
    O: Optimizer<M, B>,
    S: LrScheduler,
{
    let because = |reason, fingerprints| {
        let path = path.to_owned();
        Error::Checkpoint { path, reason, fingerprints }
    };
    let refuse = |reason: String| because(reason, None);
    let bytes = fs::read(path).map_err(|error| refuse(format!("cannot be read: {error}")))?;
    let payload = unpack(&bytes).map_err(refuse)?;
    if payload.fingerprint != fingerprint {
        let lines = payload.fingerprint.lines().zip(fingerprint.lines());
        let difference = lines.into_iter().find(|(theirs, ours)| theirs != ours);
        let (theirs, ours) = difference.unwrap_or((&payload.fingerprint, fingerprint));
        let reason =
            format!("a checkpoint of another run: it has {theirs:?}, this run has {ours:?}");
        return Err(because(reason, Some([theirs, ours].map(str::to_owned))));
    }
    // Checked first: Burn panics for a list of another length.
    if let Some(difference) = difference(&payload.shapes, &shapes(&fresh.model)) {
        return Err(refuse(format!("a checkpoint of another module: {difference}")));
    }
    let part = |name: &str, error: io::Error| refuse(format!("{name} cannot be used: {error}"));
    let model = decode::<B, _>(payload.model, device).map_err(|e| part("the module", e))?;
    let optimizer =
        decode::<B, _>(payload.optimizer, device).map_err(|e| part("the optimizer", e))?;
    let schedule =
        decode::<B, _>(payload.schedule, device).map_err(|e| part("the learning rate", e))?;
    let state = TrainState {
        model: fresh.model.load_record(model),
        optimizer: fresh.optimizer.load_record(optimizer),
        schedule: fresh.schedule.load_record::<B>(schedule),
        step: usize::try_from(payload.step).map_err(|error| refuse(error.to_string()))?,
    };
    Ok(TrainCheckpoint { state, note: payload.note })
}

/// Path and shape of each float parameter.
fn shapes<B: Backend, M: Module<B>>(module: &M) -> Shapes {
    struct Visitor(Vec<Vec<usize>>);
    impl<B: Backend> ModuleVisitor<B> for Visitor {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            self.0.push(param.val().dims().to_vec());
        }
    }
    let mut visitor = Visitor(Vec::new());
    module.visit(&mut visitor);
    parameter_paths(module).into_iter().zip(visitor.0).collect()
}

/// How the module of a checkpoint differs from this one.
fn difference(there: &Shapes, here: &Shapes) -> Option<String> {
    let has = |(path, shape): &(String, Vec<usize>)| format!("{path} of shape {shape:?}");
    (0..there.len().max(here.len()))
        .map(|number| (there.get(number), here.get(number)))
        .find(|(there, here)| there != here)
        .map(|(there, here)| {
            let words = |found: Option<&_>| found.map_or("nothing".to_owned(), has);
            format!("it has {}, this one has {}", words(there), words(here))
        })
}

fn unpack(bytes: &[u8]) -> Result<Payload, String> {
    let Some(rest) = bytes.strip_prefix(MAGIC) else {
        let torn = MAGIC.starts_with(bytes);
        return Err(if torn {
            "incomplete: it ends within its first line"
        } else {
            "not a checkpoint"
        }
        .to_owned());
    };
    let torn =
        || format!("incomplete or changed: {} bytes do not match their checksum", bytes.len());
    let (checksum, payload) = rest.split_first_chunk::<4>().ok_or_else(torn)?;
    if crc32fast::hash(payload) != u32::from_le_bytes(*checksum) {
        return Err(torn());
    }
    rmp_serde::from_slice(payload).map_err(|error| format!("cannot be understood: {error}"))
}

fn encode<B: Backend, R: Record<B>>(record: R) -> io::Result<Vec<u8>> {
    Recorder::<B>::record(&Bytes::default(), record, ()).map_err(io::Error::other)
}

fn decode<B: Backend, R: Record<B>>(bytes: Vec<u8>, device: &B::Device) -> io::Result<R> {
    Recorder::<B>::load(&Bytes::default(), bytes, device).map_err(io::Error::other)
}
