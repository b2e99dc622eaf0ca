//! What a configuration says will break symmetry: `[model] dropout` and `[[break]]`.

use super::plan;
use super::suggest;
use super::{RunConfig, TOO_LARGE};
use crate::Error;
use crate::hidden_name;
use constinit_symmetry::{PlannedBreak, PlannedChange, TrainingFacts, UnitIndex};
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The share of the units of hidden layers that each training step drops.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum DropoutShares {
    /// One share for all hidden layers.
    All(f64),
    /// A share for each of these layers, by name.
    ByName(BTreeMap<String, f64>),
}

/// A change of parameters, made once, as a step begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum BreakConfig {
    /// Normal numbers are added to the incoming weights and biases of units.
    Noise {
        /// The step, from 1.
        step: usize,
        /// The hidden layer.
        space: String,
        /// The standard deviation.
        std: f64,
        /// The units; all units of the layer if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        units: Option<Vec<usize>>,
        /// The seed of the numbers; the seed of the training if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seed: Option<u64>,
    },
    /// Adds amounts that sum to zero to the outgoing weights of units that compute the same number, so the function of
    /// the network stays the same.
    #[serde(alias = "zero_sum")]
    ZeroSum {
        /// The step, from 1.
        step: usize,
        /// The hidden layer.
        space: String,
        /// The largest amount.
        scale: f64,
        /// The seed of the numbers; the seed of the training if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seed: Option<u64>,
    },
}

impl BreakConfig {
    /// The step at whose beginning the change is made, from 1.
    pub fn step(&self) -> usize {
        match self {
            Self::Noise { step, .. } | Self::ZeroSum { step, .. } => *step,
        }
    }

    /// The name of its hidden layer.
    pub fn space(&self) -> &str {
        match self {
            Self::Noise { space, .. } | Self::ZeroSum { space, .. } => space,
        }
    }

    /// The seed of its numbers.
    pub fn seed(&self, of_training: u64) -> u64 {
        self.given_seed().unwrap_or(of_training)
    }

    /// The seed in the configuration; None if the seed of the training decides the numbers.
    fn given_seed(&self) -> Option<u64> {
        match self {
            Self::Noise { seed, .. } | Self::ZeroSum { seed, .. } => *seed,
        }
    }

    fn change(&self) -> PlannedChange {
        match self {
            Self::Noise { std, units, .. } => PlannedChange::Noise {
                std: *std,
                units: units
                    .as_ref()
                    .map(|units| units.iter().filter_map(|unit| UnitIndex::new(*unit)).collect()),
            },
            Self::ZeroSum { scale, .. } => PlannedChange::ZeroSum { scale: *scale },
        }
    }
}

/// The names of the hidden layers.
fn hidden_names(config: &RunConfig) -> Vec<String> {
    (0..config.model.layer_dims.len().saturating_sub(2)).map(hidden_name).collect()
}

/// The number of a hidden layer, from 0.
pub fn hidden_layer(config: &RunConfig, name: &str) -> Option<usize> {
    hidden_names(config).iter().position(|known| known == name)
}

/// The share of each hidden layer that is dropped, first layer to last.
pub fn dropout_shares(config: &RunConfig) -> Vec<f64> {
    let share = |name: String| match &config.model.dropout {
        None => 0.0,
        Some(DropoutShares::All(share)) => *share,
        Some(DropoutShares::ByName(shares)) => shares.get(&name).copied().unwrap_or(0.0),
    };
    hidden_names(config).into_iter().map(share).collect()
}

/// Whether the seed of the training decides what breaks its symmetry.
pub fn are_random(config: &RunConfig) -> bool {
    dropout_shares(config).into_iter().any(|share| share > 0.0)
        || config.breaks.iter().any(|planned| planned.given_seed().is_none())
}

/// The first step that drops units, from 1.
pub fn dropout_from(config: &RunConfig) -> usize {
    config.model.dropout_from.unwrap_or(1)
}

/// What is known about a training before it begins: its optimizer, and what the configuration says will break symmetry.
///
/// # Errors
///
/// Those of [`plan::spec`].
pub fn facts(config: &RunConfig) -> Result<TrainingFacts, Error> {
    let facts = config.training.optimizer.facts();
    if config.model.dropout.is_none() && config.breaks.is_empty() {
        return Ok(facts);
    }
    let spec = plan::spec(config)?;
    let dropped = dropout_shares(config).into_iter().enumerate().filter(|(_, share)| *share > 0.0);
    let facts = dropped.fold(facts, |facts, (layer, share)| {
        let change = PlannedChange::Dropout { share };
        let step = dropout_from(config);
        facts.with_planned(PlannedBreak::new(&spec, &hidden_name(layer), step, change))
    });
    Ok(config.breaks.iter().fold(facts, |facts, planned| {
        let (space, step) = (planned.space(), planned.step());
        facts.with_planned(PlannedBreak::new(&spec, space, step, planned.change()))
    }))
}

/// Checks that the numbers and names make sense.
///
/// # Errors
///
/// A message with the key, the value and what it must be.
pub fn check(config: &RunConfig) -> Result<(), String> {
    check_dropout(config)?;
    for (number, planned) in config.breaks.iter().enumerate() {
        check_break(config, planned)
            .map_err(|reason| format!("[[break]] number {}: {reason}", number + 1))?;
    }
    Ok(())
}

fn check_dropout(config: &RunConfig) -> Result<(), String> {
    let names = || hidden_names(config);
    match &config.model.dropout {
        None => {}
        Some(DropoutShares::All(share)) => {
            check_share("model.dropout", *share)?;
            if names().is_empty() {
                return Err(format!("model.dropout = {share}: the network has no hidden layer"));
            }
        }
        Some(DropoutShares::ByName(shares)) => {
            for (name, share) in shares {
                if !names().contains(name) {
                    return Err(format!("model.dropout.{}", unknown_layer(name, &names())));
                }
                check_share(&format!("model.dropout.{name}"), *share)?;
            }
        }
    }
    match config.model.dropout_from {
        Some(from) if config.model.dropout.is_none() => {
            Err(format!("model.dropout_from = {from}: has no effect without model.dropout"))
        }
        Some(from) => in_training(config, from)
            .map_err(|reason| format!("model.dropout_from = {from}: {reason}")),
        None => Ok(()),
    }
}

fn check_share(key: &str, share: f64) -> Result<(), String> {
    match share {
        share if (0.0..1.0).contains(&share) => Ok(()),
        share => Err(format!("{key} = {share}: must be at least 0 and below 1")),
    }
}

fn check_break(config: &RunConfig, planned: &BreakConfig) -> Result<(), String> {
    let step = planned.step();
    in_training(config, step).map_err(|reason| format!("step = {step}: {reason}"))?;
    let names = hidden_names(config);
    let Some(layer) = hidden_layer(config, planned.space()) else {
        return Err(format!("space = {}", unknown_layer(planned.space(), &names)));
    };
    let (key, size) = match planned {
        BreakConfig::Noise { std, .. } => ("std", *std),
        BreakConfig::ZeroSum { scale, .. } => ("scale", *scale),
    };
    if !(size.is_finite() && size > 0.0) {
        return Err(format!("{key} = {size}: must be a finite number above 0"));
    }
    if !(size as f32).is_finite() {
        return Err(format!("{key} = {size} {TOO_LARGE}"));
    }
    let BreakConfig::Noise { units: Some(units), .. } = planned else { return Ok(()) };
    let (space, of_layer) = (planned.space(), config.model.layer_dims[layer + 1]);
    if units.is_empty() {
        return Err(
            "units = []: names no unit; remove the key to change all units of the layer".to_owned()
        );
    }
    let mut seen = BTreeSet::new();
    for unit in units {
        if *unit >= of_layer {
            let last = of_layer.saturating_sub(1);
            return Err(format!("units = {units:?}: the units of {space} are 0 to {last}"));
        }
        if !seen.insert(unit) {
            return Err(format!("units = {units:?}: unit {unit} is named twice"));
        }
    }
    Ok(())
}

/// Refuses a step that the training does not have.
fn in_training(config: &RunConfig, step: usize) -> Result<(), String> {
    match config.training.steps {
        _ if step == 0 => Err("steps are counted from 1".to_owned()),
        steps if step > steps => {
            Err(format!("after the end of training: training.steps = {steps}"))
        }
        _ => Ok(()),
    }
}

fn unknown_layer(name: &str, names: &[String]) -> String {
    let known = match names {
        [] => "the network has no hidden layer".to_owned(),
        names => format!("no hidden layer has this name ({})", names.join(", ")),
    };
    let nearest = suggest::nearest(name, names.iter().map(String::as_str));
    let hint = nearest.map_or(String::new(), |nearest| format!("; did you mean `{nearest}`?"));
    format!("{name}: {known}{hint}")
}

impl<'de> Deserialize<'de> for DropoutShares {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrNames;
        impl<'de> Visitor<'de> for NumberOrNames {
            type Value = DropoutShares;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or a number for each hidden layer, { hidden1 = 0.1 }")
            }

            fn visit_f64<E: de::Error>(self, share: f64) -> Result<DropoutShares, E> {
                Ok(DropoutShares::All(share))
            }

            fn visit_i64<E: de::Error>(self, share: i64) -> Result<DropoutShares, E> {
                Ok(DropoutShares::All(share as f64))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<DropoutShares, A::Error> {
                let mut shares = BTreeMap::new();
                while let Some((name, share)) = map.next_entry()? {
                    shares.insert(name, share);
                }
                Ok(DropoutShares::ByName(shares))
            }
        }
        deserializer.deserialize_any(NumberOrNames)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(model: &str, rest: &str) -> Result<RunConfig, String> {
        let text = format!(
            "[model]\nlayer_dims = [2, 4, 3, 1]\n{model}\n[data]\ninputs = [[1, 2]]\ntargets = [[2]]\n\
             [training]\nsteps = 50\n{rest}"
        );
        RunConfig::parse(&text, "run.toml").map_err(|failure| failure.to_string())
    }

    #[test]
    fn shares_are_of_all_layers_or_by_name() {
        let shares = |model: &str| dropout_shares(&parsed(model, "").unwrap());
        assert_eq!(shares(""), [0.0, 0.0]);
        assert_eq!(shares("dropout = 0.25"), [0.25, 0.25]);
        assert_eq!(shares("dropout = 0"), [0.0, 0.0]);
        assert_eq!(shares("dropout = { hidden2 = 0.5 }"), [0.0, 0.5]);
        assert_eq!(shares("[model.dropout]\nhidden1 = 0\nhidden2 = 0.125"), [0.0, 0.125]);
    }

    #[test]
    fn the_complete_configuration_reads_back_as_itself() {
        let breaks = "[[break]]\nkind = \"noise\"\nstep = 3\nspace = \"hidden1\"\nstd = 0.1\nunits = [0, 2]\n\
                      [[break]]\nkind = \"zero-sum\"\nstep = 50\nspace = \"hidden2\"\nscale = 0.1\nseed = 7\n";
        for dropout in ["dropout = 0.1\ndropout_from = 9", "dropout = { hidden1 = 0.1 }"] {
            let config = parsed(dropout, breaks).unwrap();
            assert_eq!(config.breaks.len(), 2);
            let again = RunConfig::parse(&config.to_toml().unwrap(), "complete").unwrap();
            assert_eq!(again, config);
        }
        // Both spellings of a value are accepted.
        let snake = parsed("", &breaks.replace("zero-sum", "zero_sum")).unwrap();
        assert_eq!(snake.breaks, parsed("", breaks).unwrap().breaks);
        assert_eq!(snake.breaks.iter().map(|b| b.seed(5)).collect::<Vec<_>>(), [5, 7]);
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let noise = |more: &str| {
            format!(
                "[[break]]\nkind = \"noise\"\nspace = \"hidden1\"\nstep = 3\nstd = 0.1\n{more}\n"
            )
        };
        for (model, rest, expected) in [
            ("dropout = 1.0", "", "model.dropout = 1: must be at least 0 and below 1"),
            ("dropout = -0.1", "", "model.dropout = -0.1: must be at least 0 and below 1"),
            ("dropout = nan", "", "must be at least 0 and below 1"),
            ("dropout = { hidden2 = 2 }", "", "model.dropout.hidden2 = 2: must be at least 0"),
            (
                "dropout = { hiden2 = 0.1 }",
                "",
                "model.dropout.hiden2: no hidden layer has this name (hidden1, hidden2); did you mean `hidden2`?",
            ),
            ("dropout = \"much\"", "", "expected a number, or a number for each hidden layer"),
            ("droput = 0.1", "", "did you mean `dropout`?"),
            ("dropout_from = 9", "", "has no effect without model.dropout"),
            ("dropout = 0.1\ndropout_from = 0", "", "dropout_from = 0: steps are counted from 1"),
            (
                "dropout = 0.1\ndropout_from = 51",
                "",
                "model.dropout_from = 51: after the end of training: training.steps = 50",
            ),
            (
                "",
                &noise("").replace("3", "51"),
                "[[break]] number 1: step = 51: after the end of training",
            ),
            (
                "",
                &noise("").replace("3", "0"),
                "[[break]] number 1: step = 0: steps are counted from 1",
            ),
            (
                "",
                &noise("").replace("hidden1", "hidden3"),
                "[[break]] number 1: space = hidden3: no hidden layer has this name (hidden1, hidden2); did you mean `hidden1`?",
            ),
            ("", &noise("").replace("0.1", "-0.1"), "std = -0.1: must be a finite number above 0"),
            (
                "",
                &noise("").replace("0.1", "1e39"),
                "beyond the largest number of single precision",
            ),
            ("", &noise("").replace("noise", "nois"), "did you mean `noise`?"),
            ("", &noise("").replace("std", "scale"), "unknown field `scale`"),
            ("", &noise("units = [1, 4]"), "units = [1, 4]: the units of hidden1 are 0 to 3"),
            ("", &noise("units = [1, 1]"), "units = [1, 1]: unit 1 is named twice"),
            ("", &noise("units = []"), "units = []: names no unit"),
            ("", &format!("{}{}", noise(""), noise("seed = -1")), "invalid value: integer `-1`"),
        ] {
            let error = parsed(model, rest).unwrap_err();
            assert!(error.contains(expected), "{model} {rest}: {error}");
        }
    }

    #[test]
    fn the_facts_name_what_will_come() {
        let breaks = "[[break]]\nkind = \"zero-sum\"\nstep = 9\nspace = \"hidden1\"\nscale = 0.5\n";
        let config = parsed("dropout = { hidden1 = 0, hidden2 = 0.1 }\ndropout_from = 20", breaks);
        let facts = facts(&config.unwrap()).unwrap();
        let named: Vec<String> = facts.planned().iter().map(ToString::to_string).collect();
        assert_eq!(
            named,
            [
                "dropout of 0.1 on hidden2 from step 20",
                "zero-sum changes of up to 0.5 to the outgoing weights of hidden1 at step 9",
            ]
        );
        assert!(super::facts(&parsed("dropout = 0", "").unwrap()).unwrap().planned().is_empty());
    }
}
