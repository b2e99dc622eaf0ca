//! The table of a sweep: its columns, and the metadata of its files.
//!
//! The columns are [`POINT`], one for each key that is varied, [`SweepColumn::ALL`], and [`LayerColumn::ALL`] for each
//! hidden layer. The run with the most hidden layers decides how many.

use serde::{Deserialize, Serialize};

/// The first column: the number of the point, which is never null.
pub const POINT: &str = "point";

/// The metadata key of [`SWEEP_SCHEMA`](crate::SWEEP_SCHEMA).
pub const SCHEMA_KEY: &str = "constinit.schema";
/// The metadata key of the program's version. Tables of several versions can be joined.
pub const VERSION_KEY: &str = "constinit.version";
/// The metadata key of the CRC-32 of `sweep.toml`, in eight hexadecimal digits.
pub const SWEEP_KEY: &str = "constinit.sweep";
/// The metadata key of the number of points of the sweep.
pub const POINTS_KEY: &str = "constinit.points";
/// The metadata key of the [`SweepKey`]s, a JSON list.
pub const KEYS_KEY: &str = "constinit.keys";

/// A key of the configuration that a sweep varies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepKey {
    /// Its whole path, `training.optimizer.learning_rate`.
    pub key: String,
    /// How its values are spaced.
    pub scale: ScaleWord,
    /// How many values it takes; None in samples.
    pub values: Option<u64>,
}

/// How the values of a key are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaleWord {
    /// At equal differences.
    Linear,
    /// At equal ratios.
    Log,
    /// In a list.
    List,
    /// 0, 1, ...: runs that differ only in them repeat one experiment.
    Seed,
    /// Drawn at random.
    Sample,
    /// A word of a later program.
    #[serde(other)]
    Unknown,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnKind {
    /// Doubles; null if a number is not finite.
    Number,
    /// Whole numbers.
    Count,
    /// True or false.
    Truth,
    /// Texts.
    Text,
}

/// What trained a run, in [`SweepColumn::Engine`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EngineWord {
    /// One unit for each class, in closed form.
    Quotient,
    /// The whole network on a backend of Burn.
    Burn,
}

impl EngineWord {
    /// The word in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quotient => "quotient",
            Self::Burn => "burn",
        }
    }
}

/// A column with a result of runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SweepColumn {
    /// What trained the run: an [`EngineWord`].
    Engine,
    /// The backend, if Burn trained the run.
    Backend,
    /// Why the quotient was not trained.
    WhyBurn,
    /// What ended the run: an [`EndWord`](crate::EndWord).
    Ended,
    /// Why the run diverged or failed.
    Reason,
    /// Steps done.
    Steps,
    /// The loss that the first step computed.
    FirstLoss,
    /// The loss that the last step computed.
    FinalLoss,
    /// The loss of the best constant answer to all examples of the last step.
    Baseline,
    /// `1 - loss / baseline` of the loss on these examples after training.
    Explained,
    /// The share of these examples whose largest output is that of their class; null if targets are not classes.
    Accuracy,
    /// A [`VerdictWord`](crate::VerdictWord).
    Verdict,
    /// The step of the first break.
    FirstBreak,
    /// Its hidden layer.
    FirstBreakSpace,
    /// Entries of all parameters of the network.
    Parameters,
    /// Entries of the parameters that were trained in its place.
    TrainedParameters,
    /// Hidden units.
    Units,
    /// Classes of twins of hidden units before training.
    ClassesStart,
    /// Classes of twins of hidden units after training.
    ClassesEnd,
    /// Hidden units whose activation has slope 0 on every example after training.
    Dead,
    /// The factor by which one step after training multiplies the fastest growing difference between twins.
    EscapeFactor,
    /// Steps until rounding has separated them; empty if the state moves too much for a number.
    EscapeSteps,
    /// How long the run took.
    Seconds,
}

impl SweepColumn {
    /// In the order of the table.
    pub const ALL: [Self; 23] = [
        Self::Engine,
        Self::Backend,
        Self::WhyBurn,
        Self::Ended,
        Self::Reason,
        Self::Steps,
        Self::FirstLoss,
        Self::FinalLoss,
        Self::Baseline,
        Self::Explained,
        Self::Accuracy,
        Self::Verdict,
        Self::FirstBreak,
        Self::FirstBreakSpace,
        Self::Parameters,
        Self::TrainedParameters,
        Self::Units,
        Self::ClassesStart,
        Self::ClassesEnd,
        Self::Dead,
        Self::EscapeFactor,
        Self::EscapeSteps,
        Self::Seconds,
    ];

    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::Backend => "backend",
            Self::WhyBurn => "why_burn",
            Self::Ended => "ended",
            Self::Reason => "reason",
            Self::Steps => "steps",
            Self::FirstLoss => "first_loss",
            Self::FinalLoss => "final_loss",
            Self::Baseline => "baseline",
            Self::Explained => "explained",
            Self::Accuracy => "accuracy",
            Self::Verdict => "verdict",
            Self::FirstBreak => "first_break",
            Self::FirstBreakSpace => "first_break_space",
            Self::Parameters => "parameters",
            Self::TrainedParameters => "trained_parameters",
            Self::Units => "units",
            Self::ClassesStart => "classes_start",
            Self::ClassesEnd => "classes_end",
            Self::Dead => "dead",
            Self::EscapeFactor => "escape_factor",
            Self::EscapeSteps => "escape_steps",
            Self::Seconds => "seconds",
        }
    }

    /// Whether tables of older programs lack the column: a reader takes its values as null.
    ///
    /// ```
    /// use constinit_records::SweepColumn;
    ///
    /// assert!(SweepColumn::Explained.may_be_missing() && !SweepColumn::FinalLoss.may_be_missing());
    /// ```
    pub fn may_be_missing(self) -> bool {
        match self {
            Self::Baseline | Self::Explained | Self::Accuracy => true,
            Self::Engine
            | Self::Backend
            | Self::WhyBurn
            | Self::Ended
            | Self::Reason
            | Self::Steps
            | Self::FirstLoss
            | Self::FinalLoss
            | Self::Verdict
            | Self::FirstBreak
            | Self::FirstBreakSpace
            | Self::Parameters
            | Self::TrainedParameters
            | Self::Units
            | Self::ClassesStart
            | Self::ClassesEnd
            | Self::Dead
            | Self::EscapeFactor
            | Self::EscapeSteps
            | Self::Seconds => false,
        }
    }

    /// What the column holds.
    pub fn kind(self) -> ColumnKind {
        match self {
            Self::Engine
            | Self::Backend
            | Self::WhyBurn
            | Self::Ended
            | Self::Reason
            | Self::Verdict
            | Self::FirstBreakSpace => ColumnKind::Text,
            Self::Steps
            | Self::FirstBreak
            | Self::Parameters
            | Self::TrainedParameters
            | Self::Units
            | Self::ClassesStart
            | Self::ClassesEnd
            | Self::Dead => ColumnKind::Count,
            Self::FirstLoss
            | Self::FinalLoss
            | Self::Baseline
            | Self::Explained
            | Self::Accuracy
            | Self::EscapeFactor
            | Self::EscapeSteps
            | Self::Seconds => ColumnKind::Number,
        }
    }
}

/// A column of a hidden layer. [`SweepColumn`] has the same number for all layers together. All are counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LayerColumn {
    /// Units of the layer.
    Units,
    /// Classes of twins of its units before training.
    ClassesStart,
    /// Classes of twins of its units after training.
    ClassesEnd,
    /// Units whose activation has slope 0 on every example after training.
    Dead,
}

impl LayerColumn {
    /// In the order of the table.
    pub const ALL: [Self; 4] = [Self::Units, Self::ClassesStart, Self::ClassesEnd, Self::Dead];

    /// The column of all hidden layers together.
    pub fn of_all(self) -> SweepColumn {
        match self {
            Self::Units => SweepColumn::Units,
            Self::ClassesStart => SweepColumn::ClassesStart,
            Self::ClassesEnd => SweepColumn::ClassesEnd,
            Self::Dead => SweepColumn::Dead,
        }
    }

    /// Its name for a hidden layer, counted from 1: `hidden1.units`.
    pub fn name(self, layer: usize) -> String {
        format!("hidden{layer}.{}", self.of_all().name())
    }

    /// Whether a column belongs to a hidden layer, even if this version does not know the column.
    ///
    /// ```
    /// use constinit_records::LayerColumn;
    ///
    /// assert!(LayerColumn::is_of_a_layer(&LayerColumn::Units.name(12)));
    /// assert!(LayerColumn::is_of_a_layer("hidden1.later"));
    /// assert!(!LayerColumn::is_of_a_layer("units"));
    /// ```
    pub fn is_of_a_layer(column: &str) -> bool {
        let parts = column.strip_prefix("hidden").and_then(|rest| rest.split_once('.'));
        parts.is_some_and(|(number, _)| number.parse::<usize>().is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unlike() {
        let names: HashSet<&str> = SweepColumn::ALL.map(SweepColumn::name).into();
        assert_eq!(names.len(), SweepColumn::ALL.len());
        assert!(LayerColumn::ALL.iter().all(|c| c.of_all().kind() == ColumnKind::Count));
    }

    #[test]
    fn keys_are_written_as_they_are_read() {
        let text = "[{\"key\":\"model.init_w\",\"scale\":\"log\",\"values\":3},\
                    {\"key\":\"training.seed\",\"scale\":\"sample\",\"values\":null}]";
        let keys: Vec<SweepKey> = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&keys).unwrap(), text);
        let later = "{\"key\":\"k\",\"scale\":\"later\",\"values\":1}";
        assert_eq!(serde_json::from_str::<SweepKey>(later).unwrap().scale, ScaleWord::Unknown);
    }
}
