//! Run configurations.

use super::breaks::{self, BreakConfig, DropoutShares};
use super::refused;
use super::suggest;
use crate::Error;
use crate::init::{Init, InitRule};
use crate::{Activation, LayerInit, Loss, OptimizerConfig, PerceptronStart};
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;

/// A run, as configured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunConfig {
    /// The network.
    pub model: ModelConfig,
    /// What it is trained on.
    pub data: DataConfig,
    /// How it is trained.
    #[serde(default)]
    pub training: TrainingConfig,
    /// What the probe reads during training.
    #[serde(default)]
    pub probe: ProbeConfig,
    /// Initialisers by path; they override `start`, `init_w` and `init_b`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub init: Vec<InitRule>,
    /// Changes of parameters that make units differ, each at the beginning of a step.
    #[serde(default, rename = "break", skip_serializing_if = "Vec::is_empty")]
    pub breaks: Vec<BreakConfig>,
    /// Numbers that another program printed for the same run. The run fails if it does not reproduce them.
    #[serde(default, alias = "printed", skip_serializing_if = "Option::is_none")]
    pub expected: Option<Expected>,
}

/// The network of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Input, hidden..., output.
    pub layer_dims: Vec<usize>,
    /// The componentwise function between layers.
    #[serde(default)]
    pub activation: Activation,
    /// Whether layers have biases.
    #[serde(default = "yes")]
    pub bias: bool,
    /// How its parameters start.
    #[serde(default)]
    pub start: PerceptronStart,
    /// The number from which the start makes the weights.
    #[serde(default = "one")]
    pub init_w: f64,
    /// The number from which the start makes the biases.
    #[serde(default = "one_half")]
    pub init_b: f64,
    /// The share of hidden units that each training step drops; none if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropout: Option<DropoutShares>,
    /// The first step that drops units, from 1; the first step of all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropout_from: Option<usize>,
}

/// What a run trains on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// One row per example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inputs: Option<DataSource>,
    /// One row per example: one column per output, or one class number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targets: Option<DataSource>,
    /// A data set inside the program, instead of inputs and targets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset: Option<Dataset>,
    /// Step i trains on inputs and targets plus i times this.
    pub shift_per_step: f64,
    /// How many examples a step trains on; all of them if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<usize>,
    /// The seed of the order of the examples; the given order if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shuffle_seed: Option<u64>,
}

/// Every backend of the program computes in single precision.
pub const TOO_LARGE: &str = "is beyond the largest number of single precision, 3.4e38";

/// Rows of numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum DataSource {
    /// In the configuration itself.
    Inline(Vec<Vec<f64>>),
    /// A CSV file, relative to the configuration.
    File(String),
}

/// Data sets inside the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dataset {
    /// 150 x 4, 3 classes.
    Iris,
    /// 569 x 30, 2 classes.
    #[serde(alias = "breast_cancer")]
    BreastCancer,
    /// 1797 x 64, 10 classes.
    Digits,
    /// 442 x 10, a number to predict.
    Diabetes,
}

/// How a run trains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingConfig {
    /// How many steps.
    pub steps: usize,
    /// What training minimises.
    pub loss: Loss,
    /// The seed of random starts, dropout and noise.
    pub seed: u64,
    /// The largest Euclidean norm of all gradients together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
    /// The largest absolute value of an entry of a gradient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_value: Option<f64>,
    /// A checkpoint after every so many steps; if absent, every five seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint_every: Option<usize>,
    /// The optimizer and its settings.
    pub optimizer: OptimizerConfig,
}

/// What the probe of a run reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProbeConfig {
    /// A reading after every so many steps.
    pub every: usize,
    /// A forecast before training and after every so many steps; none if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forecast: Option<usize>,
}

/// The numbers that a run must reproduce, to 4 decimals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// One number per example: all outputs of an example are equal.
    pub outputs_before_training: Vec<f64>,
    /// Parameters after some steps.
    #[serde(default)]
    pub after_step: Vec<ExpectedStep>,
}

/// The parameters of a two-layer network whose hidden units are equal and whose outputs are equal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedStep {
    /// The number of steps done.
    pub step: usize,
    /// The incoming weights that all hidden units share, one per input.
    pub linear1_weight_row: Vec<f64>,
    /// The bias of the hidden units.
    pub linear1_bias: f64,
    /// Every weight of the second layer.
    pub linear2_weight: f64,
    /// The bias of the outputs.
    pub linear2_bias: f64,
}

fn yes() -> bool {
    true
}

fn one() -> f64 {
    1.0
}

fn one_half() -> f64 {
    0.5
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            steps: 50,
            loss: Loss::Mse,
            seed: 0,
            clip_norm: None,
            clip_value: None,
            checkpoint_every: None,
            optimizer: OptimizerConfig::sgd(0.1),
        }
    }
}

impl Default for ProbeConfig {
    fn default() -> Self {
        Self { every: 1, forecast: None }
    }
}

impl ModelConfig {
    /// How the layers start, one pair per layer.
    pub fn layer_inits(&self) -> Vec<LayerInit> {
        self.start.layers(&self.layer_dims, self.init_w, self.init_b)
    }

    /// Checks that such a network exists and fits into memory.
    ///
    /// # Errors
    ///
    /// Those of [`check_layer_dims`](crate::check_layer_dims), with the key.
    pub fn check(&self) -> Result<(), Error> {
        crate::check_layer_dims(&self.layer_dims).map_err(|error| refused(format!("model.{error}")))
    }
}

impl RunConfig {
    /// Reads a configuration; messages call it `name`.
    ///
    /// # Errors
    ///
    /// [`Error::Config`], with the place, and the nearest known name if a name is unknown.
    pub fn parse(text: &str, name: &str) -> Result<Self, Error> {
        let config: Self = toml::from_str(text).map_err(|error| unread(name, &error))?;
        config.checked(name)
    }

    /// Reads a configuration from a table. Checks types, but not the values of numbers.
    ///
    /// # Errors
    ///
    /// [`Error::Config`], with the key.
    pub fn unchecked(table: toml::Table, name: &str) -> Result<Self, Error> {
        table.try_into().map_err(|error| unread(name, &error))
    }

    /// Refuses numbers that make no sense.
    ///
    /// # Errors
    ///
    /// [`Error::Config`], with the key and the number.
    pub fn checked(self, name: &str) -> Result<Self, Error> {
        match self.check() {
            Ok(()) => Ok(self),
            Err(reason) => Err(refused(format!("{name}: {reason}"))),
        }
    }

    /// Reads a configuration file.
    ///
    /// # Errors
    ///
    /// [`Error::Config`], with the file.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| refused(format!("{}: {error}", path.display())))?;
        let config = Self::parse(&text, &path.display().to_string())?;
        Ok(config.with_files_in(path.parent().unwrap_or(Path::new(""))))
    }

    /// With the paths of initialiser files, which are relative to `folder`, made absolute.
    pub fn with_files_in(mut self, folder: &Path) -> Self {
        self.place_files(folder);
        self
    }

    /// [`RunConfig::with_files_in`], in place.
    pub fn place_files(&mut self, folder: &Path) {
        for rule in &mut self.init {
            place_files(&mut rule.init, folder);
        }
    }

    /// The whole configuration as a table.
    ///
    /// # Errors
    ///
    /// [`Error::Config`], with the value that TOML cannot represent.
    pub fn to_table(&self) -> Result<toml::Table, Error> {
        toml::Table::try_from(self).map_err(refused)
    }

    /// The whole configuration as TOML.
    ///
    /// # Errors
    ///
    /// [`Error::Config`], with the value that TOML cannot represent.
    pub fn to_toml(&self) -> Result<String, Error> {
        toml::to_string(self).map_err(refused)
    }

    /// Whether the network starts from constants only, so the units of each hidden layer start equal.
    pub fn is_constant(&self) -> bool {
        self.init.is_empty() && !self.model.start.is_random()
    }

    /// How the network starts, in a line.
    pub fn start_sentence(&self) -> String {
        let ModelConfig { start, init_w, init_b, bias, .. } = &self.model;
        let seed = match start.is_random() {
            true => format!("; seed {}", self.training.seed),
            false => String::new(),
        };
        let name = start.name();
        match self.init.len() {
            0 => format!("start: {name}; {}{seed}", start.meaning(*init_w, *init_b, *bias)),
            1 => format!(
                "start: 1 rule of [[init]]; for parameters that it does not match, {name}{seed}"
            ),
            rules => format!(
                "start: {rules} rules of [[init]]; for parameters that none matches, {name}{seed}"
            ),
        }
    }

    /// Checks that its numbers make sense.
    ///
    /// # Errors
    ///
    /// A message with the key, the number and what it must be.
    pub fn check(&self) -> Result<(), String> {
        let optimizer = &self.training.optimizer;
        let numbers = [
            ("model.init_w", self.model.init_w),
            ("model.init_b", self.model.init_b),
            ("data.shift_per_step", self.data.shift_per_step),
            ("training.optimizer.learning_rate", optimizer.learning_rate()),
        ];
        for (key, value) in numbers {
            if !(value as f32).is_finite() {
                let reason = if value.is_finite() { TOO_LARGE } else { "is not finite" };
                return Err(format!("{key} = {value} {reason}"));
            }
        }
        optimizer.check().map_err(|error| format!("training.optimizer.{error}"))?;
        let limits = [
            ("training.clip_norm", self.training.clip_norm),
            ("training.clip_value", self.training.clip_value),
        ];
        for (key, limit) in limits {
            if let Some(limit) = limit.filter(|limit| !(limit.is_finite() && *limit > 0.0)) {
                return Err(format!("{key} = {limit}: must be a finite number above 0"));
            }
        }
        if self.training.clip_norm.is_some() && self.training.clip_value.is_some() {
            return Err(
                "training.clip_norm and training.clip_value cannot be combined: remove one"
                    .to_owned(),
            );
        }
        let counts = [
            ("probe.every", Some(self.probe.every)),
            ("probe.forecast", self.probe.forecast),
            ("data.batch_size", self.data.batch_size),
            ("training.checkpoint_every", self.training.checkpoint_every),
        ];
        match counts.iter().find(|(_, count)| *count == Some(0)) {
            Some((key, _)) => Err(format!("{key} = 0: must be at least 1")),
            None => breaks::check(self),
        }
    }
}

/// The error for a configuration that cannot be read, with the nearest known name.
fn unread(name: &str, error: &toml::de::Error) -> Error {
    let hint = match suggest::known_name(error.message()) {
        _ if error.message().contains("unknown field `sweep`") => {
            "this is the configuration of a sweep: use `constinit sweep`, or --index N for one of its runs\n".to_owned()
        }
        Some(known) => format!("did you mean `{known}`?\n"),
        None => String::new(),
    };
    // A message with a place in the text ends with a newline.
    let error = error.to_string();
    let separator = if hint.is_empty() || error.ends_with('\n') { "" } else { "; " };
    refused(format!("{name}: {error}{separator}{hint}").trim_end())
}

/// Makes the paths of an initialiser's files absolute. In the configuration they are relative to its folder.
fn place_files(init: &mut Init, folder: &Path) {
    match init {
        Init::File { path, .. } => {
            let placed = folder.join(&path);
            *path = std::path::absolute(&placed).unwrap_or(placed);
        }
        Init::Scaled { of, .. } | Init::Symmetrised { of, .. } => place_files(of, folder),
        Init::Sum { of } => of.iter_mut().for_each(|init| place_files(init, folder)),
        _ => {}
    }
}

impl<'de> Deserialize<'de> for DataSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RowsOrFile;
        impl<'de> Visitor<'de> for RowsOrFile {
            type Value = DataSource;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("rows of numbers, [[...], ...], or the name of a CSV file")
            }

            fn visit_str<E: de::Error>(self, file: &str) -> Result<DataSource, E> {
                Ok(DataSource::File(file.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<DataSource, A::Error> {
                let mut rows = Vec::new();
                while let Some(row) = seq.next_element()? {
                    rows.push(row);
                }
                Ok(DataSource::Inline(rows))
            }
        }
        deserializer.deserialize_any(RowsOrFile)
    }
}

#[cfg(test)]
mod tests {
    use super::super::NOTEBOOK;
    use super::*;

    fn message(text: &str) -> String {
        RunConfig::parse(text, "run.toml").unwrap_err().to_string()
    }

    const SMALL: &str =
        "[model]\nlayer_dims = [1, 2, 1]\n[data]\ninputs = [[1]]\ntargets = [[2]]\n";

    #[test]
    fn the_complete_configuration_reads_back_as_itself() {
        let notebook = RunConfig::parse(NOTEBOOK, "notebook").unwrap();
        let complete = notebook.to_toml().unwrap();
        assert_eq!(RunConfig::parse(&complete, "complete").unwrap(), notebook);
        assert_eq!(notebook.training.optimizer, OptimizerConfig::sgd(0.1));
        let small = RunConfig::parse(SMALL, "small").unwrap();
        assert_eq!(RunConfig::parse(&small.to_toml().unwrap(), "small").unwrap(), small);
        assert_eq!((small.model.init_w, small.training.steps, small.probe.every), (1.0, 50, 1));
    }

    #[test]
    fn a_start_is_said_in_a_line() {
        let default = RunConfig::parse(SMALL, "run.toml").unwrap().start_sentence();
        let ramp = "start: ramp; linear1.weight 1 + j for input j, later weights 1, biases 0.5";
        assert_eq!(default, ramp);
        let with = |start: &str, rest: &str| {
            let text = SMALL.replace("[data]", &format!("start = {start:?}\n[data]"));
            RunConfig::parse(&format!("{text}{rest}"), "run.toml").unwrap().start_sentence()
        };
        assert_eq!(with("constant", ""), "start: constant; every weight 1, every bias 0.5");
        assert_eq!(with("zeros", ""), "start: zeros; every weight 0, every bias 0");
        assert_eq!(
            with("random", "[training]\nseed = 7\n"),
            "start: random; uniform within 1/sqrt(fan-in), PyTorch's default; seed 7"
        );
        let rule = "[[init]]\npath = \"linear1.*\"\ninit = { type = \"ones\" }\n";
        assert_eq!(
            with("zeros", rule),
            "start: 1 rule of [[init]]; for parameters that it does not match, zeros"
        );
        assert_eq!(
            with("zeros", &format!("{rule}{rule}")),
            "start: 2 rules of [[init]]; for parameters that none matches, zeros"
        );
        let wrong = SMALL.replace("[data]", "start = \"zero\"\n[data]");
        assert!(message(&wrong).ends_with("did you mean `zeros`?"), "{}", message(&wrong));
    }

    #[test]
    fn the_old_name_of_a_table_is_read() {
        let text = NOTEBOOK;
        let old = text.replace("[expected]", "[printed]").replace("[[expected.", "[[printed.");
        assert_ne!(old, text);
        let [new, old] = [text, &old].map(|text| RunConfig::parse(text, "notebook").unwrap());
        assert!(new.expected.is_some());
        assert_eq!(old, new);
    }

    /// Every value that has several words, with its place in the configuration.
    const VALUES: &[(&str, &[&str])] = &[
        ("model.activation = \"*\"", &["leaky-relu"]),
        ("training.loss = \"*\"", &["cross-entropy"]),
        ("data.dataset = \"*\"", &["breast-cancer"]),
        (
            "init = [{ orientation = \"*\", init = { type = \"zeros\" } }]",
            &["output-first", "input-first"],
        ),
        (
            "init = [{ init = { type = \"*\", start = 1, step = 2 } }]",
            &["input-ramp", "output-ramp"],
        ),
        ("init = [{ init = { type = \"*\", values = [1, 2] } }]", &["per-input", "per-output"]),
        ("init = [{ init = { type = \"*\", blocks = 2 } }]", &["block-average"]),
        (
            "init = [{ init = { type = \"*\", gain = 2 } }]",
            &["partial-identity", "delta-orthogonal"],
        ),
        ("init = [{ init = { type = \"*\", output_blocks = 2 } }]", &["block-orthogonal"]),
        (
            "init = [{ init = { type = \"*\", std = 1, low = -1, high = 1 } }]",
            &["truncated-normal"],
        ),
        ("init = [{ init = { type = \"*\", scale = 2 } }]", &["variance-scaling"]),
        ("init = [{ init = { type = \"*\" } }]", &["zero-one"]),
        (
            "init = [{ init = { type = \"kaiming\", fan = \"*\" } }]",
            &["fan-in", "fan-out", "fan-avg", "fan-geo-avg"],
        ),
        ("init = [{ init = { type = \"lecun\", distribution = \"*\" } }]", &["truncated-normal"]),
        (
            "init = [{ init = { type = \"kaiming\", nonlinearity = { * = { slope = 0.1 } } } }]",
            &["leaky-relu"],
        ),
    ];

    #[test]
    fn values_of_several_words_are_read_in_both_spellings_and_written_in_one() {
        for (place, names) in VALUES {
            for name in *names {
                let [kebab, snake] = [(*name).to_owned(), name.replace('-', "_")].map(|name| {
                    let value = place.replace('*', &name);
                    let base = "model.layer_dims = [1, 2, 1]\ndata.shift_per_step = 0";
                    RunConfig::parse(&format!("{base}\n{value}\n"), &value).unwrap()
                });
                assert_eq!(kebab, snake, "{place}: {name}");
                let written = snake.to_toml().unwrap();
                assert!(written.contains(name), "{place}: {written}");
            }
        }
    }

    #[test]
    fn unknown_names_come_with_the_nearest_known_one() {
        let text = format!("{SMALL}[training]\nstpes = 3\n");
        let message_ = message(&text);
        assert!(message_.starts_with("run.toml: TOML parse error at line 7"), "{message_}");
        assert!(message_.ends_with("did you mean `steps`?"), "{message_}");
        for (line, known) in [
            ("optimizer = { type = \"sdg\" }", "`sgd`"),
            ("optimizer = { type = \"SGD\" }", "`sgd`"),
            ("optimizer = { type = \"adam\", learningrate = 1 }", "`learning_rate`"),
            ("loss = \"mes\"", "`mse`"),
        ] {
            let found = message(&format!("{SMALL}[training]\n{line}\n"));
            assert!(found.ends_with(&format!("did you mean {known}?")), "{found}");
        }
        let found = message(&format!("{SMALL}[modle]\n"));
        assert!(found.ends_with("did you mean `model`?"), "{found}");
    }

    #[test]
    fn wrong_values_are_named() {
        for (line, expected) in [
            ("steps = -1", "invalid value: integer `-1`, expected usize"),
            ("steps = \"ten\"", "invalid type: string \"ten\", expected usize"),
            ("clip_norm = 0", "training.clip_norm = 0: must be a finite number above 0"),
            (
                "optimizer = { type = \"sgd\", learning_rate = -0.1 }",
                "training.optimizer.learning_rate = -0.1: must be a finite number, 0 or more",
            ),
        ] {
            let found = message(&format!("{SMALL}[training]\n{line}\n"));
            assert!(found.contains(expected), "{found}");
        }
        let found = message("[model]\nlayer_dims = [1, 2, 1]\n[data]\ninputs = [[1, true]]\n");
        assert!(found.contains("line 4"), "{found}");
        assert!(found.contains("invalid type: boolean `true`, expected f64"), "{found}");
        assert!(message(&format!("{SMALL}[probe]\nevery = 0\n")).contains("probe.every = 0"));
    }
}
