//! `compare.jsonl`, and what `compare --json` prints: one network from several starts.

use crate::{EndWord, FloatWord, OutcomeRecord, QuotientRecord, UnitsSpace};
use serde::{Deserialize, Serialize, Serializer};

/// The first line of the file.
///
/// `C` is a configuration, as in [`StartRecord`](crate::StartRecord).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename = "start")]
pub struct ComparisonRecord<C> {
    /// [`COMPARE_SCHEMA`](crate::COMPARE_SCHEMA) of the program that wrote the file.
    pub schema: u64,
    /// The program's version.
    pub version: String,
    /// The processor and the system that the program was built for.
    pub target: String,
    /// The backend's name.
    pub backend: String,
    /// The type of the numbers that the backend computes with.
    pub float: FloatWord,
    /// Whether one unit was to be trained for each class.
    pub quotient: bool,
    /// The starts, in order.
    pub starts: Vec<PlannedStart<C>>,
}

/// A start before anything is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedStart<C> {
    /// Its name. No other start has the same one.
    pub start: String,
    /// The start in words.
    pub meaning: String,
    /// The number of runs; 1 if nothing is random.
    pub seeds: usize,
    /// The configuration of the first run. Run `n`, from 0, has the same one with a `training.seed` larger by `n`.
    pub config: C,
}

/// A run from one of the starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename = "run")]
pub struct ComparedRunRecord {
    /// The name of the start.
    pub start: String,
    /// The seed of the run.
    pub seed: u64,
    /// Steps done.
    pub step: usize,
    /// What ended the run.
    pub ended: EndWord,
    /// Why the run diverged.
    pub reason: Option<String>,
    /// The quotient that was trained in place of the full network; None if the full network was trained.
    pub quotient: Option<QuotientRecord>,
    /// At most 512 steps, and the loss that each computed; None if the loss is not finite.
    pub losses: Vec<(usize, Option<f64>)>,
    /// States of the units, as in `units.jsonl`; only for the first run of a start.
    pub states: Vec<ComparedState>,
    /// The hidden layers.
    pub spaces: Vec<ComparedRunSpace>,
    /// The outcome of the training; None if it did not finish.
    pub outcome: Option<OutcomeRecord>,
}

/// All units after a number of steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparedState {
    /// Steps done.
    pub step: usize,
    /// One for each hidden layer.
    pub spaces: Vec<UnitsSpace>,
}

/// A hidden layer of one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedRunSpace {
    /// The layer's name.
    pub name: String,
    /// Units.
    pub units: usize,
    /// Classes of twins before training.
    pub twins_start: usize,
    /// Classes of twins after training; None if the run did not finish.
    pub twins_end: Option<usize>,
    /// Units whose activation has slope 0 on every example after training; None if the run did not finish.
    pub dead: Option<usize>,
}

/// A start with all of its runs: means over the runs that finished, and ranges.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename = "compared")]
pub struct ComparedRecord {
    /// [`COMPARE_SCHEMA`](crate::COMPARE_SCHEMA) of the program that wrote it.
    pub schema: u64,
    /// The name of the start.
    pub start: String,
    /// The number of runs.
    pub seeds: usize,
    /// The seed of the first run. Each further run has the next number as its seed.
    pub first_seed: u64,
    /// The number of runs that diverged. They count only in the mean of `twins_start`.
    pub diverged: usize,
    /// Why the full network was trained although one unit for each class was asked for; None otherwise.
    pub full: Option<String>,
    /// The hidden layers.
    pub spaces: Vec<ComparedSpace>,
    /// The outcome of the training.
    pub outcome: ComparedOutcome,
}

/// A hidden layer, as the mean over runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparedSpace {
    /// The layer's name.
    pub name: String,
    /// Units.
    pub units: usize,
    /// Classes of twins before training.
    #[serde(serialize_with = "whole")]
    pub twins_start: Option<f64>,
    /// Classes of twins after training.
    #[serde(serialize_with = "whole")]
    pub twins_end: Option<f64>,
    /// Units whose activation has slope 0 on every example after training.
    #[serde(serialize_with = "whole")]
    pub dead: Option<f64>,
    /// The least and the largest of each.
    pub range: ComparedSpaceRange,
}

/// The least and the largest number over runs of a hidden layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedSpaceRange {
    /// Of [`ComparedSpace::twins_start`].
    pub twins_start: Option<[usize; 2]>,
    /// Of [`ComparedSpace::twins_end`].
    pub twins_end: Option<[usize; 2]>,
    /// Of [`ComparedSpace::dead`].
    pub dead: Option<[usize; 2]>,
}

/// The outcome of the training, as the mean over runs; each number is defined as in an [`OutcomeRecord`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ComparedOutcome {
    /// The loss on all examples.
    pub loss: Option<f64>,
    /// The loss of the best constant answer.
    pub baseline: Option<f64>,
    /// `1 - loss / baseline`.
    pub explained: Option<f64>,
    /// The share of examples that are classified correctly.
    pub accuracy: Option<f64>,
    /// The share of the largest class.
    pub majority: Option<f64>,
    /// The least and the largest of each.
    pub range: ComparedOutcomeRange,
}

/// The least and the largest number over runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ComparedOutcomeRange {
    /// Of [`ComparedOutcome::loss`].
    pub loss: Option<[f64; 2]>,
    /// Of [`ComparedOutcome::baseline`].
    pub baseline: Option<[f64; 2]>,
    /// Of [`ComparedOutcome::explained`].
    pub explained: Option<[f64; 2]>,
    /// Of [`ComparedOutcome::accuracy`].
    pub accuracy: Option<[f64; 2]>,
    /// Of [`ComparedOutcome::majority`].
    pub majority: Option<[f64; 2]>,
}

/// A line of `compare.jsonl`, as it is read. Each record writes its own `event`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ComparisonEvent<C> {
    /// The first line.
    Start(ComparisonRecord<C>),
    /// A run.
    Run(ComparedRunRecord),
    /// A start with all of its runs.
    Compared(ComparedRecord),
    /// An event of a later program.
    #[serde(other)]
    Other,
}

/// A mean of counts is written as a whole number if it is one.
fn whole<S: Serializer>(mean: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match mean {
        // Counts of units are far below 2^53.
        Some(mean) if mean.fract() == 0.0 && *mean >= 0.0 => serializer.serialize_u64(*mean as u64),
        other => other.serialize(serializer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::IgnoredAny;

    #[test]
    fn what_is_written_is_read() {
        let text = "{\"event\":\"compared\",\"schema\":1,\"start\":\"random\",\"seeds\":2,\"first_seed\":7,\"diverged\":0,\
                    \"full\":null,\"spaces\":[{\"name\":\"hidden1\",\"units\":4,\"twins_start\":4,\"twins_end\":3.5,\
                    \"dead\":null,\"range\":{\"twins_start\":[4,4],\"twins_end\":[3,4],\"dead\":null}}],\
                    \"outcome\":{\"loss\":0.25,\"baseline\":1.0,\"explained\":0.75,\"accuracy\":null,\"majority\":null,\
                    \"range\":{\"loss\":[0.0,0.5],\"baseline\":[1.0,1.0],\"explained\":[0.5,1.0],\"accuracy\":null,\
                    \"majority\":null}}}";
        let record: ComparedRecord = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&record).unwrap(), text);
        let event: ComparisonEvent<IgnoredAny> = serde_json::from_str(text).unwrap();
        assert_eq!(event, ComparisonEvent::Compared(record));
        let run = "{\"event\":\"run\",\"start\":\"ramp\",\"seed\":0,\"step\":2,\"ended\":\"diverged\",\
                   \"reason\":\"after step 2\",\"quotient\":null,\"losses\":[[1,0.5],[2,null]],\
                   \"states\":[{\"step\":0,\"spaces\":[]}],\"spaces\":[{\"name\":\"hidden1\",\"units\":4,\
                   \"twins_start\":1,\"twins_end\":null,\"dead\":null}],\"outcome\":null}";
        let ComparisonEvent::<IgnoredAny>::Run(found) = serde_json::from_str(run).unwrap() else {
            panic!("a run")
        };
        assert_eq!(serde_json::to_string(&found).unwrap(), run);
        let later: ComparisonEvent<IgnoredAny> = serde_json::from_str("{\"event\":\"x\"}").unwrap();
        assert_eq!(later, ComparisonEvent::Other);
    }
}
