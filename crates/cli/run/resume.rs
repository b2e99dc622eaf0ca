//! Checkpoints of a run: what they keep in addition to the state of the training, and when a run may continue from one.

use super::dead::DeadLayer;
use super::session::{RunSession, RunState};
use super::watch::{Watch, in_readings};
use super::{ExpectedCheck, RunDirectory, Tally, ValidatedRun};
use crate::backend_name::BackendName;
use crate::failure::Failure;
use burn::optim::Optimizer;
use burn::tensor::backend::AutodiffBackend;
use constinit::train::{load_checkpoint, save_checkpoint};
use constinit::{ConstInit, Error};
use serde::{Deserialize, Serialize};

/// What a checkpoint keeps in addition to the state of the training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckpointNote {
    pub readings_bytes: u64,
    pub units_bytes: u64,
    pub readings: usize,
    /// Steps done at the last reading.
    pub read: usize,
    pub tally: Tally,
    /// What is known about the hidden layers; empty in checkpoints of older programs.
    #[serde(default)]
    pub dead: Vec<DeadLayer>,
    pub comparison: Option<ExpectedCheck>,
}

impl<B: AutodiffBackend> RunSession<'_, B> {
    /// The state to start from: the last checkpoint if the run is resumed and has one, otherwise `fresh`.
    pub fn load<O: Optimizer<ConstInit<B>, B>>(
        &self,
        fresh: RunState<B, O>,
    ) -> Result<(RunState<B, O>, Option<CheckpointNote>), Failure> {
        let newest = self.run.directory().and_then(RunDirectory::newest_checkpoint);
        let Some(path) = newest.filter(|_| self.run.is_resumed()) else { return Ok((fresh, None)) };
        let fingerprint = fingerprint(self.run, self.backend)?;
        let found = load_checkpoint::<B, _, _, _>(&path, fresh, &fingerprint, self.device);
        let found = found.map_err(|error| match error {
            Error::Checkpoint { path, reason, fingerprints } => Failure::usage(format!(
                "{}: {reason}\n  {}",
                path.display(),
                advice(fingerprints.as_ref())
            )),
            other => other.into(),
        })?;
        let note = serde_json::from_str(&found.note).map_err(|error| Failure::at(&path, error))?;
        Ok((found.state, Some(note)))
    }

    /// Writes a checkpoint, if the run has a folder.
    pub fn save<O: Optimizer<ConstInit<B>, B>>(
        &self,
        state: &RunState<B, O>,
        watch: &mut Watch<'_, B>,
    ) -> Result<(), Failure> {
        let Some(directory) = self.run.directory() else { return Ok(()) };
        let note = CheckpointNote {
            readings_bytes: watch.bytes().map_err(in_readings)?,
            units_bytes: watch.unit_bytes().map_err(in_readings)?,
            readings: watch.number,
            read: watch.symmetry.readings().last().map_or(0, |reading| reading.step),
            tally: watch.tally.clone(),
            dead: watch.dead.note(),
            comparison: watch.comparison.clone(),
        };
        let note = serde_json::to_string(&note).map_err(Failure::usage)?;
        let path = directory.checkpoint(state.step);
        let fingerprint = fingerprint(self.run, self.backend)?;
        save_checkpoint::<B, _, _, _>(&path, state, &fingerprint, &note)?;
        directory.forget_old_checkpoints();
        Ok(())
    }
}

/// What a checkpoint must say to belong to a run.
fn fingerprint(run: &ValidatedRun, backend: BackendName) -> Result<String, Failure> {
    let (backend, data) = (backend.as_str(), run.examples.checksum());
    let quotient = if run.quotient { ", quotient" } else { "" };
    // Older programs had no other start, and their checkpoints do not name it.
    let config = run.config.to_toml()?.replace("start = \"ramp\"\n", "");
    Ok(format!("backend {backend}, f32{quotient}\nexamples {data:08x}\n{config}"))
}

/// What to do if a run cannot continue from a checkpoint. It depends on the first line of the checkpoint's fingerprint
/// that differs from the run's.
fn advice(fingerprints: Option<&[String; 2]>) -> &'static str {
    let Some([theirs, _]) = fingerprints else {
        return "to continue from an older checkpoint or from the start, move this file away";
    };
    match theirs.split_once(' ') {
        Some(("examples", _)) => {
            "inputs or targets have changed since then: restore them (or move a checkpoint of another run away)"
        }
        Some(("backend", _)) => {
            "a run continues on the backend where it began: name that backend, or none"
        }
        _ => {
            "config.toml has changed since then: restore it (or move a checkpoint of another run away); other \
             settings need a new run: --config FILE --out DIR"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::RunArgs;
    use crate::run::RunRequest;
    use constinit::PerceptronStart;

    fn run(args: RunArgs) -> ValidatedRun {
        RunRequest::read(&args).unwrap().validate().unwrap()
    }

    #[test]
    fn a_fingerprint_has_backend_data_and_configuration() {
        let full = run(RunArgs::default());
        let found = fingerprint(&full, BackendName::Ndarray).unwrap();
        let lines: Vec<&str> = found.lines().collect();
        assert_eq!(lines[0], "backend ndarray, f32");
        assert_eq!(lines[1], format!("examples {:08x}", full.examples.checksum()));
        let config = full.config.to_toml().unwrap();
        assert!(config.contains("start = \"ramp\"\n"), "{config}");
        let without = config.replace("start = \"ramp\"\n", "");
        assert_eq!(lines[2..].join("\n"), without.trim_end());
        let mut random = run(RunArgs::default());
        random.config.model.start = PerceptronStart::Random;
        let found = fingerprint(&random, BackendName::Ndarray).unwrap();
        assert!(found.contains("start = \"random\"\n"), "{found}");
        let small = run(RunArgs { quotient: true, ..RunArgs::default() });
        let found = fingerprint(&small, BackendName::Flex).unwrap();
        assert!(found.starts_with("backend flex, f32, quotient\n"), "{found}");
    }

    #[test]
    fn advice_follows_the_line_that_differs() {
        let advice = |theirs: &str| advice(Some(&[theirs.to_owned(), String::new()]));
        assert!(advice("examples 00ff00ff").starts_with("inputs or targets"));
        assert!(advice("backend flex, f32").contains("name that backend"));
        assert!(advice("learning_rate = 0.1").starts_with("config.toml"));
        assert!(super::advice(None).contains("move this file away"));
    }

    #[test]
    fn a_note_reads_back_as_itself() {
        let expected = run(RunArgs::default()).config.expected;
        let note = CheckpointNote {
            readings_bytes: 7,
            units_bytes: 8,
            readings: 2,
            read: 3,
            tally: Tally::default(),
            dead: vec![DeadLayer::default(); 2],
            comparison: expected.as_ref().map(ExpectedCheck::new),
        };
        assert!(note.comparison.is_some());
        let text = serde_json::to_string(&note).unwrap();
        assert_eq!(serde_json::from_str::<CheckpointNote>(&text).unwrap(), note);
    }
}
