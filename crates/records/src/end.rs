//! The last line of `readings.jsonl`.

use crate::{DeadRecord, FirstBreakRecord, OutcomeRecord};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename = "end")]
pub struct EndRecord {
    /// Steps done.
    pub step: usize,
    /// Whether units that were equal at the start stayed equal.
    pub verdict: VerdictWord,
    /// The first break of any hidden layer.
    pub first_break: Option<FirstBreakRecord>,
    /// The outcome of the training; None if a number is not finite, and in files of older programs that did not write
    /// it.
    #[serde(default)]
    pub outcome: Option<OutcomeRecord>,
    /// The hidden layers in which every unit is dead after the last step, by their names; empty in files of older
    /// programs that did not write it.
    #[serde(default)]
    pub dead: BTreeMap<String, DeadRecord>,
    /// What ended the run.
    #[serde(default)]
    pub ended: EndWord,
    /// Why it stopped or diverged.
    pub reason: Option<String>,
    /// Whether the run reproduced the expected numbers; absent if the configuration has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub printed: Option<PrintedRecord>,
}

/// A comparison with numbers that another program printed for the same run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrintedRecord {
    /// Whether the run reproduced all numbers.
    pub agree: bool,
    /// The first number that differs, as a sentence.
    pub difference: Option<String>,
}

/// Whether units that started equal stayed equal: in the last line of a run, and in a row of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictWord {
    /// All stayed equal.
    Held,
    /// Some did not stay equal.
    Broken,
    /// No two units of any hidden layer were equal at the start. Older programs wrote `held` instead.
    None,
    /// A word of a later program.
    #[serde(other)]
    Unknown,
}

impl VerdictWord {
    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Broken => "broken",
            Self::None => "none",
            Self::Unknown => "unknown",
        }
    }
}

/// What ended a run: in its last line, and in its row of a sweep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndWord {
    /// All steps were done.
    Finished,
    /// The run was asked to end earlier.
    Stopped,
    /// A number was no longer finite.
    Diverged,
    /// The run could not begin or continue; only in sweeps.
    Failed,
    /// No word, or a word of a later program.
    #[default]
    #[serde(other)]
    Unknown,
}

impl EndWord {
    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Stopped => "stopped",
            Self::Diverged => "diverged",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let broken = "{\"step\":3,\"since\":2,\"space\":\"hidden1\",\"units\":[0,6],\"parameter\":\"linear2.weight\",\
                      \"entries\":[[0,0],[0,6]],\"difference\":1e-7,\"ulps\":1,\"gradients_agreed\":false,\
                      \"cause\":\"rounding\",\"rounding\":true}";
        for text in [
            format!(
                "{{\"event\":\"end\",\"step\":9,\"verdict\":\"broken\",\"first_break\":{broken},\"outcome\":null,\"dead\":{{}},\
                 \"ended\":\"stopped\",\"reason\":\"interrupted\"}}"
            ),
            "{\"event\":\"end\",\"step\":9,\"verdict\":\"none\",\"first_break\":null,\"outcome\":{\"loss\":0.25,\
             \"baseline\":0.5,\"explained\":0.5,\"accuracy\":null,\"majority\":null},\"dead\":{\"hidden1\":{\
             \"units\":2,\"since\":2},\"hidden2\":{\"units\":3,\"since\":200,\"alive\":190}},\"ended\":\"finished\",\
             \"reason\":null,\"printed\":{\"agree\":true,\"difference\":null}}"
                .to_owned(),
        ] {
            let end: EndRecord = serde_json::from_str(&text).unwrap();
            assert_eq!(serde_json::to_string(&end).unwrap(), text);
        }
    }

    #[test]
    fn a_line_of_an_older_program_has_no_outcome() {
        let line = "{\"event\":\"end\",\"step\":9,\"verdict\":\"held\",\"first_break\":null,\"reason\":null}";
        let end: EndRecord = serde_json::from_str(line).unwrap();
        assert_eq!((end.outcome, end.dead.len()), (None, 0));
    }

    #[test]
    fn words_are_those_that_are_written() {
        let written = |word: &dyn Fn() -> serde_json::Result<serde_json::Value>| word().unwrap();
        for word in [EndWord::Finished, EndWord::Stopped, EndWord::Diverged, EndWord::Failed] {
            assert_eq!(written(&|| serde_json::to_value(word)), word.as_str());
        }
        for word in [VerdictWord::Held, VerdictWord::Broken, VerdictWord::None] {
            assert_eq!(written(&|| serde_json::to_value(word)), word.as_str());
        }
        assert_eq!(serde_json::from_str::<EndWord>("\"melted\"").unwrap(), EndWord::Unknown);
    }
}
