//! The configuration of a sweep: a run configuration, and the keys of it that vary.

use super::keys::{Key, Values, get, kind_of, set};
use super::table::SweepCell;
use crate::config::{RunConfig, TrainingConfig};
use crate::failure::Failure;
use crate::suggest::likeness;
use constinit_records::ColumnKind;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

/// How many values of a key are inspected before a sweep starts.
const LISTED: usize = 1000;

/// The table of the optimizer.
const OPTIMIZER: &str = "training.optimizer";

/// The largest number of points: a bit per point notes what is done.
const MOST_POINTS: usize = 1 << 32;

/// A sweep, as configured.
#[derive(Clone, Debug)]
pub struct SweepConfig {
    /// The name of the configuration in messages.
    name: String,
    /// The folder that paths of files are relative to.
    folder: PathBuf,
    /// The run configuration, without what varies.
    base: Table,
    pub keys: Vec<Key>,
    /// Points that are drawn; None for all combinations of values.
    sample: Option<Sample>,
    points: usize,
}

/// Points that are drawn at random, not the points of a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    points: usize,
    #[serde(default)]
    seed: u64,
}

impl SweepConfig {
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| Failure::at(path, error))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, &path.display().to_string(), folder)
    }

    /// Reads a configuration that lies in `folder`; `name` is its name in messages.
    pub fn parse(text: &str, name: &str, folder: &Path) -> Result<Self, Failure> {
        let at = |reason: String| Failure::usage(format!("{name}: {reason}"));
        let table: Result<Table, _> = toml::from_str(text);
        let mut base = table.map_err(|error| at(error.to_string().trim_end().to_owned()))?;
        let said = match base.remove("sweep") {
            Some(Value::Table(said)) if !said.is_empty() => said,
            Some(_) => {
                return Err(at(
                    "[sweep] is empty: add a key with values, such as model.init_w = [...]"
                        .to_owned(),
                ));
            }
            None => {
                return Err(at("[sweep] is missing: it lists the keys that vary, such as model.init_w = { from = -2, \
                               to = 2, steps = 5 }"
                    .to_owned()));
            }
        };
        let sample = base.remove("sample");
        let sample: Option<Sample> = sample
            .map(|sample| sample.try_into().map_err(|error| at(format!("[sample]: {error}"))))
            .transpose()?;
        let mut keys = Vec::new();
        for (path, value) in in_order(text, &said) {
            let values = Values::read(&value);
            let values = values.map_err(|reason| at(format!("[sweep] {path}: {reason}")))?;
            keys.push(Key { name: path, said: value, values, kind: ColumnKind::Text });
        }
        let points = count(&keys, sample).map_err(at)?;
        let folder = folder.to_owned();
        let name = name.to_owned();
        let mut sweep = Self { name, folder, base, keys, sample, points };
        sweep.resolve()?;
        Ok(sweep)
    }

    /// Finds the whole paths of keys that are named by their last part, and what their columns hold.
    fn resolve(&mut self) -> Result<(), Failure> {
        let at = |reason: String| Failure::usage(format!("{}: [sweep] {reason}", self.name));
        let names: Vec<_> = self.keys.iter().map(|key| whole_path(&key.name)).collect();
        // If only settings of an optimizer vary and none is configured, they are settings of the default optimizer.
        let settings: Vec<&str> = names
            .iter()
            .flatten()
            .filter_map(|name| name.strip_prefix(OPTIMIZER)?.strip_prefix('.'))
            .collect();
        if get(&self.base, OPTIMIZER).is_none()
            && !settings.is_empty()
            && !settings.contains(&"type")
        {
            let optimizer = TrainingConfig::default().optimizer;
            let optimizer = Value::try_from(optimizer).map_err(Failure::usage)?;
            set(&mut self.base, OPTIMIZER, optimizer)?;
        }
        let mut first = self.base.clone();
        for (number, name) in names.into_iter().enumerate() {
            let name = name.map_err(at)?;
            if self.keys[..number].iter().any(|known| known.name == name) {
                return Err(at(format!("{name}: named twice")));
            }
            let key = &mut self.keys[number];
            key.name = name;
            key.kind = kind_of(&key.values.at(0));
            set(&mut first, &key.name, key.values.at(0))?;
        }
        // A range gives whole numbers as `1.0`. If the key is a count, they become integers.
        for key in &mut self.keys {
            let found = get(&first, &key.name).cloned();
            if let (Some(Value::Float(number)), Values::Range { .. }) = (&found, &key.values)
                && number.fract() == 0.0
                && number.abs() < 2f64.powi(53)
                && RunConfig::unchecked(first.clone(), &self.name).is_err()
            {
                set(&mut first, &key.name, Value::Integer(*number as i64))?;
                key.kind = ColumnKind::Count;
            }
        }
        let complete = RunConfig::unchecked(first, &self.name)?.to_table()?;
        for key in &mut self.keys {
            if let Some(value) = get(&complete, &key.name) {
                key.kind = kind_of(value);
            }
            let values = (0..key.values.count().unwrap_or(2).min(LISTED)).map(|n| key.values.at(n));
            for value in values.map(|value| key.fitting(value)) {
                if key.cell(&value) == SweepCell::None {
                    return Err(Failure::usage(format!(
                        "{}: [sweep] {}: {value} has another type than the values before it",
                        self.name, key.name
                    )));
                }
            }
        }
        self.check_values()
    }

    /// Refuses a value that its key can hold neither with the first nor with the last values of the other keys. A value
    /// that can be read but is invalid makes a failed run; it is refused only if all combinations that are tried here
    /// are invalid.
    fn check_values(&self) -> Result<(), Failure> {
        let lean = self.without_data();
        let last = |key: &Key| key.values.count().unwrap_or(2).saturating_sub(1);
        let mut others = [lean.base.clone(), lean.base.clone()];
        for key in &self.keys {
            for (table, number) in others.iter_mut().zip([0, last(key)]) {
                set(table, &key.name, key.fitting(key.values.at(number)))?;
            }
        }
        let (mut right, mut wrong) = (false, None);
        for key in &self.keys {
            let numbers: Vec<usize> = match &key.values {
                Values::List(list) => (0..list.len()).collect(),
                // If a number of a range is invalid, one of the ends is.
                Values::Range { .. } | Values::Seeds(_) => vec![0, last(key)],
            };
            for number in numbers {
                let value = key.fitting(key.values.at(number));
                let name = format!("{}: [sweep] {} = {value}", self.name, key.name);
                let with = |table: &Table| {
                    let mut table = table.clone();
                    set(&mut table, &key.name, value.clone())?;
                    Ok(RunConfig::unchecked(table, &name)?
                        .checked(&self.name)
                        .err()
                        .map(Failure::from))
                };
                let [first, last] = &others;
                let found =
                    with(first).or_else(|failure: Failure| with(last).map_err(|_| failure))?;
                right |= found.is_none();
                wrong = wrong.or(found);
            }
        }
        wrong.filter(|_| !right).map_or(Ok(()), Err)
    }

    /// How many runs there are.
    pub fn points(&self) -> usize {
        self.points
    }

    /// Whether points are drawn.
    pub fn is_sample(&self) -> bool {
        self.sample.is_some()
    }

    /// The values of all keys at a point: in a grid the last key changes fastest.
    pub fn values(&self, point: usize) -> Vec<Value> {
        if let Some(sample) = self.sample {
            let mut generator = ChaCha8Rng::seed_from_u64(sample.seed);
            generator.set_stream(point as u64);
            let drawn = self.keys.iter().map(|key| {
                // The upper 53 bits: all multiples of 2^-53 in [0, 1) have the same probability.
                let place = (generator.next_u64() >> 11) as f64 / 2f64.powi(53);
                key.fitting(key.values.drawn(place))
            });
            return drawn.collect();
        }
        let mut rest = point;
        let mut values: Vec<Value> = self
            .keys
            .iter()
            .rev()
            .map(|key| {
                let count = key.values.count().unwrap_or(1);
                let number = rest % count;
                rest /= count;
                key.fitting(key.values.at(number))
            })
            .collect();
        values.reverse();
        values
    }

    /// The configuration of a point, with the paths of its files.
    pub fn config(&self, point: usize) -> Result<RunConfig, Failure> {
        Ok(self.unchecked_config(point)?.checked(&self.name_of(point))?)
    }

    /// The same without checks, because the run of the point may be a failed one.
    pub fn unchecked_config(&self, point: usize) -> Result<RunConfig, Failure> {
        let mut table = self.base.clone();
        for (key, value) in self.keys.iter().zip(self.values(point)) {
            set(&mut table, &key.name, value)?;
        }
        let config = RunConfig::unchecked(table, &self.name_of(point))?;
        Ok(config.with_files_in(&self.folder))
    }

    fn name_of(&self, point: usize) -> String {
        format!("{}, point {point}", self.name)
    }

    /// The same for any number; an error if the sweep has no such point.
    pub fn checked_config(&self, point: usize) -> Result<RunConfig, Failure> {
        if point >= self.points {
            let (name, last) = (&self.name, self.points - 1);
            return Err(Failure::usage(format!(
                "--index {point}: the points of {name} are 0 to {last}"
            )));
        }
        self.config(point)
    }

    /// The same sweep without the numbers of its examples, if these are the same in all runs. Its points are read
    /// faster.
    pub fn without_data(&self) -> Self {
        let mut lean = self.clone();
        if !self.varies("data")
            && let Some(Value::Table(data)) = lean.base.get_mut("data")
        {
            data.remove("inputs");
            data.remove("targets");
        }
        lean
    }

    /// Whether a key or anything in it varies.
    pub fn varies(&self, path: &str) -> bool {
        self.keys.iter().any(|key| {
            let inside = |outer: &str, inner: &str| {
                inner
                    .strip_prefix(outer)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            inside(path, &key.name) || inside(&key.name, path)
        })
    }

    /// The run configuration, without what varies.
    pub fn base(&self) -> &Table {
        &self.base
    }

    /// What files of data are relative to.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The configuration as text, after a change to what does not vary.
    pub fn to_toml(&self, change: impl FnOnce(&mut Table)) -> Result<String, Failure> {
        let mut base = self.base.clone();
        change(&mut base);
        let mut text = toml::to_string(&base).map_err(Failure::usage)?;
        if let Some(Sample { points, seed }) = self.sample {
            text.push_str(&format!("\n[sample]\npoints = {points}\nseed = {seed}\n"));
        }
        text.push_str("\n[sweep]\n");
        for key in &self.keys {
            // One line per key, so that the keys keep their order.
            text.push_str(&format!("{} = {}\n", key.name, key.said));
        }
        Ok(text)
    }
}

/// How many points there are.
fn count(keys: &[Key], sample: Option<Sample>) -> Result<usize, String> {
    if let Some(sample) = sample {
        return match sample.points {
            0 => Err("[sample] points = 0: must be at least 1".to_owned()),
            points if points > MOST_POINTS => {
                Err(format!("[sample] points = {points}: more than {MOST_POINTS}"))
            }
            points => Ok(points),
        };
    }
    let mut points = 1_usize;
    for key in keys {
        let count = key.values.count().ok_or_else(|| {
            format!(
                "[sweep] {}: `steps` is missing (or draw random points: [sample] points = 1000)",
                key.name
            )
        })?;
        points = points.checked_mul(count).filter(|points| *points <= MOST_POINTS).ok_or_else(|| {
            format!(
                "[sweep] {}: more than {MOST_POINTS} points (or draw random points: [sample] points = 1000)",
                key.name
            )
        })?;
    }
    Ok(points)
}

/// The keys of a sweep by their paths, in the order in which they are written down.
fn in_order(text: &str, said: &Table) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let Ok(document) = DeTable::parse(text) else { return Vec::new() };
    let sweep = document.get_ref().iter().find(|(key, _)| key.get_ref().as_ref() == "sweep");
    if let Some(DeValue::Table(table)) = sweep.map(|(_, value)| value.get_ref()) {
        leaves(table, said, "", &mut found);
    }
    found.sort_by_key(|(place, ..)| *place);
    found.into_iter().map(|(_, path, value)| (path, value)).collect()
}

fn leaves(
    table: &DeTable<'_>,
    said: &Table,
    leading: &str,
    found: &mut Vec<(usize, String, Value)>,
) {
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        let path = if leading.is_empty() { name.to_owned() } else { format!("{leading}.{name}") };
        match (value.get_ref(), said.get(name)) {
            (DeValue::Table(inner), Some(Value::Table(said))) if !is_range(said) => {
                leaves(inner, said, &path, found);
            }
            (_, Some(value)) => found.push((key.span().start, path, value.clone())),
            (_, None) => {}
        }
    }
}

/// Whether a table gives the values of a key, and does not contain keys.
fn is_range(table: &Table) -> bool {
    ["from", "to", "seeds"]
        .iter()
        .any(|name| table.get(*name).is_some_and(|value| !value.is_table() && !value.is_array()))
}

/// The path of a key, which may be named by its last part only.
fn whole_path(name: &str) -> Result<String, String> {
    if name.contains('.') {
        return Ok(name.to_owned());
    }
    let of_name = |path: &&&str| path.rsplit_once('.').is_some_and(|(_, last)| last == name);
    match KEYS.iter().filter(of_name).collect::<Vec<_>>()[..] {
        [path] => Ok((*path).to_owned()),
        _ => {
            let last = |path: &'static str| path.rsplit('.').next().unwrap_or(path);
            let nearest = KEYS.iter().map(|path| (likeness(name, last(path)), path));
            let nearest = nearest.max_by(|a, b| a.0.total_cmp(&b.0)).map_or("", |(_, path)| path);
            Err(format!(
                "{name}: no key of a run configuration has this name; did you mean `{nearest}`?"
            ))
        }
    }
}

/// The keys that can be named by their last part: no two have the same last part.
const KEYS: [&str; 21] = [
    "model.layer_dims",
    "model.activation",
    "model.bias",
    "model.start",
    "model.init_w",
    "model.init_b",
    "model.dropout",
    "model.dropout_from",
    "data.dataset",
    "data.inputs",
    "data.targets",
    "data.shift_per_step",
    "data.batch_size",
    "data.shuffle_seed",
    "training.steps",
    "training.loss",
    "training.seed",
    "training.clip_norm",
    "training.clip_value",
    "training.optimizer",
    "training.optimizer.learning_rate",
];

#[cfg(test)]
mod tests {
    use super::*;
    use constinit::train::OptimizerConfig;

    const BASE: &str = "[model]\nlayer_dims = [1, 2, 1]\n[data]\ninputs = [[1]]\ntargets = [[2]]\n[training]\n\
                        optimizer = { type = \"sgd\", learning_rate = 0.1 }\n";

    fn sweep(text: &str) -> Result<SweepConfig, String> {
        let sweep = SweepConfig::parse(&format!("{BASE}{text}"), "sweep.toml", Path::new(""));
        sweep.map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_grid_in_the_order_of_its_keys() {
        // Not in alphabetical order; by whole paths, by tables, and by last parts.
        let text = "[sweep]\ntraining.optimizer.learning_rate = { from = 1e-2, to = 1, steps = 3, scale = \"log\" }\n\
                    init_w = [-1, 0.5]\n\"model.activation\" = [\"relu\", \"tanh\"]\nsteps = { from = 10, to = 20, steps = 2 }\n";
        let sweep = sweep(text).unwrap();
        let names: Vec<&str> = sweep.keys.iter().map(|key| key.name.as_str()).collect();
        let expected = [
            "training.optimizer.learning_rate",
            "model.init_w",
            "model.activation",
            "training.steps",
        ];
        assert_eq!(names, expected);
        let kinds: Vec<ColumnKind> = sweep.keys.iter().map(|key| key.kind).collect();
        assert_eq!(
            kinds,
            [ColumnKind::Number, ColumnKind::Number, ColumnKind::Text, ColumnKind::Count]
        );
        assert_eq!(sweep.points(), 3 * 2 * 2 * 2);
        let last = sweep.config(23).unwrap();
        assert_eq!(last.training.optimizer.learning_rate(), 1.0);
        assert_eq!((last.model.init_w, last.training.steps), (0.5, 20));
        let second = sweep.config(1).unwrap();
        assert_eq!((second.model.init_w, second.training.steps), (-1.0, 20));
        assert_eq!(second.model.activation, constinit::Activation::Relu);
        // The text that is saved reads back as the same sweep.
        let kept = sweep.to_toml(|_| {}).unwrap();
        let again = SweepConfig::parse(&kept, "kept", Path::new("")).unwrap();
        assert_eq!(again.keys, sweep.keys);
        for point in 0..24 {
            assert_eq!(again.config(point).unwrap(), sweep.config(point).unwrap());
        }
        assert_eq!(again.to_toml(|_| {}).unwrap(), kept);
    }

    #[test]
    fn any_key_can_vary() {
        let rule = "[[init]]\npath = \"linear1.weight\"\ninit = { type = \"normal\", std = 1.0 }\n";
        let text = format!(
            "{rule}[sweep]\ninit.0.init.std = [0.1, 0.2]\nmodel.layer_dims = [[1, 2, 1], [1, 3, 1]]\n\
             training.seed = {{ seeds = 4 }}\n"
        );
        let sweep = sweep(&text).unwrap();
        assert_eq!(sweep.points(), 16);
        let config = sweep.config(15).unwrap();
        assert_eq!((config.model.layer_dims, config.training.seed), (vec![1, 3, 1], 3));
        assert!(sweep.varies("model") && sweep.varies("model.layer_dims") && !sweep.varies("data"));
        assert!(sweep.varies("init") && !sweep.varies("model.layer"));
        assert_eq!(sweep.keys[1].cell(&sweep.values(15)[1]), SweepCell::Text("[1, 3, 1]".into()));
    }

    #[test]
    fn settings_alone_are_those_of_the_optimizer_that_a_run_has_by_itself() {
        let (base, _) = BASE.split_once("[training]").unwrap();
        let sweep = |text: &str| SweepConfig::parse(&format!("{base}{text}"), "", Path::new(""));
        let momentum = sweep("[sweep]\ntraining.optimizer.momentum = [0.0, 0.9]\n").unwrap();
        let mut expected = TrainingConfig::default().optimizer;
        assert_eq!(momentum.config(0).unwrap().training.optimizer, expected);
        if let OptimizerConfig::Sgd(settings) = &mut expected {
            settings.momentum = 0.9;
        }
        assert_eq!(momentum.config(1).unwrap().training.optimizer, expected);
        let kinds = sweep("[sweep]\ntraining.optimizer.type = [\"adan\", \"adam\"]\n").unwrap();
        assert!(matches!(kinds.config(0).unwrap().training.optimizer, OptimizerConfig::Adan(_)));
    }

    #[test]
    fn drawn_points_are_functions_of_seed_and_number() {
        let text = "[sample]\npoints = 500\nseed = 7\n[sweep]\ninit_w = { from = -2, to = 2 }\nsteps = { from = 1, to = 3 }\n";
        let sweep = sweep(text).unwrap();
        assert_eq!(sweep.points(), 500);
        let drawn: Vec<RunConfig> = (0..500).map(|point| sweep.config(point).unwrap()).collect();
        assert_eq!(sweep.config(123).unwrap(), drawn[123]);
        let mean = drawn.iter().map(|config| config.model.init_w).sum::<f64>() / 500.0;
        assert!(mean.abs() < 0.2, "{mean}"); // deviation of a mean of 500: 0.05
        for steps in 1..=3 {
            assert!(drawn.iter().any(|config| config.training.steps == steps));
        }
    }

    #[test]
    fn what_some_runs_can_have_is_no_mistake() {
        for rates in ["[0.1, -1.0]", "[-1.0, 0.1]", "[-1.0, 0.1, -2.0]"] {
            let points = sweep(&format!("[sweep]\nlearning_rate = {rates}\n")).unwrap().points();
            assert_eq!(points, rates.split(',').count());
        }
        let error = sweep("[sweep]\nlearning_rate = [-1.0, -2.0]\ninit_w = [1, 2]\n").unwrap_err();
        assert!(error.starts_with("sweep.toml: training.optimizer.learning_rate = -"), "{error}");
        let text = "[sweep]\ntraining.optimizer.type = [\"sgd\", \"adam\"]\nprobe.every = [1, 2]\n";
        let two = sweep(text).unwrap();
        assert_eq!(two.points(), 4);
        // Adam has no momentum, whatever its value.
        let momentum = format!("{text}training.optimizer.momentum = [0.5, 0.9]\n");
        assert!(sweep(&momentum).unwrap_err().contains("training.optimizer.type = \"adam\": "));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            ("", "[sweep] is missing"),
            ("[sweep]\n", "[sweep] is empty"),
            (
                "[sweep]\ninit_ww = [1]\n",
                "init_ww: no key of a run configuration has this name; did you mean `model.init_w`?",
            ),
            ("[sweep]\nmodel.init_ww = [1]\n", "did you mean `init_w`?"),
            ("[sweep]\nlr = [1]\n", "did you mean `training.optimizer.learning_rate`?"),
            ("[sweep]\ninit_w = { from = 0, to = 1 }\n", "`steps` is missing"),
            ("[sweep]\ninit_w = 3\n", "[sweep] init_w: 3: a list of values"),
            ("[sweep]\ninit_w = [1, \"a\"]\n", "model.init_w: \"a\" has another type"),
            ("[sweep]\ninit_w = [1]\nmodel.init_w = [2]\n", "model.init_w: named twice"),
            (
                "[sweep]\nsteps = { from = 0.5, to = 2, steps = 3 }\n",
                "floating point `0.5`, expected usize",
            ),
            ("[sweep]\nactivation = [\"rleu\"]\n", "did you mean `relu`?"),
            (
                "[sweep]\nactivation = [\"relu\", \"tnah\"]\n",
                "[sweep] model.activation = \"tnah\": unknown variant `tnah`",
            ),
            ("[sweep]\nactivation = [\"relu\", 3]\n", "model.activation = 3: "),
            ("[sweep]\nsteps = { from = 3, to = -1, steps = 2 }\n", "training.steps = -1: "),
            ("[sample]\npoints = 0\n[sweep]\ninit_w = [1]\n", "points = 0"),
            ("[sample]\npoint = 3\n[sweep]\ninit_w = [1]\n", "unknown field `point`"),
            (
                "[sweep]\ninit_w = { from = 0, to = 1, steps = 9000000000000 }\nseed = { seeds = 9000000000000 }\n",
                "init_w: more than 4294967296 points",
            ),
            (
                "[sample]\npoints = 9000000000000\n[sweep]\ninit_w = { from = 0, to = 1 }\n",
                "points = 9000000000000: more than",
            ),
            ("[sweep\n", "TOML parse error"),
        ] {
            let error = sweep(text).unwrap_err();
            assert!(
                error.contains(expected) && error.starts_with("sweep.toml: "),
                "{text}: {error}"
            );
        }
    }
}
