//! Which functions the units of a checkpoint go through: as `--activation` says, or as files beside it do.

use crate::config::RunConfig;
use crate::failure::Failure;
use constinit_symmetry::{Activation, Activations, AxesFile};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Configurations are short.
const LARGEST: u64 = 1 << 22;

/// Parts of the names of spaces that `hidden_act` of a `config.json` is about: the units between the two layers of a
/// feed-forward block. Heads, poolers and classifiers have functions of their own.
const FEED_FORWARD: [&str; 5] = ["mlp", "ffn", "feed_forward", "intermediate", "fc1"];

/// The functions of a checkpoint's spaces, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownActivations {
    given: Activations,
    /// Of feed-forward blocks.
    hidden_act: Option<Activation>,
    /// Where they are known from, if they were not given.
    from: Option<String>,
}

impl KnownActivations {
    /// What `--activation` says, and where it says nothing what the files beside a checkpoint do: `hidden_act` of a
    /// `config.json`, or the configuration of the run that wrote it.
    ///
    /// # Errors
    ///
    /// For an option that names no function.
    pub fn new(options: &[String], checkpoint: &Path) -> Result<Self, Failure> {
        if options.is_empty() {
            return Ok(Self::beside(checkpoint).unwrap_or_default());
        }
        Ok(Self { given: parse(options)?, ..Self::default() })
    }

    fn beside(checkpoint: &Path) -> Option<Self> {
        let folder = if checkpoint.is_dir() { checkpoint } else { checkpoint.parent()? };
        let (transformers, run) = (folder.join("config.json"), folder.join("config.toml"));
        if let Some(activation) = read(&transformers).as_deref().and_then(hidden_act) {
            let from = format!(
                "{activation} between the layers of feed-forward blocks",
                activation = activation.name()
            );
            let from = format!("{from}, as {} has it", transformers.display());
            return Some(Self {
                hidden_act: Some(activation),
                from: Some(from),
                ..Self::default()
            });
        }
        let config = RunConfig::parse(&read(&run)?, "config.toml").ok()?;
        let activation = config.model.activation;
        let from = format!("{} between layers, as {} has it", activation.name(), run.display());
        Some(Self { given: activation.into(), from: Some(from), ..Self::default() })
    }

    /// The function of a space, by its name.
    pub fn of(&self, space: &str) -> Option<Activation> {
        let is_feed_forward = FEED_FORWARD.iter().any(|part| space.contains(part));
        self.given.of(space).or(self.hidden_act.filter(|_| is_feed_forward))
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The functions of the spaces of an axes file, and of those that were named whether they are there or not; `None`
    /// where nothing is known of any.
    pub fn activations(&self, axes: &AxesFile) -> Option<Activations> {
        let names = axes.axes.values().flatten().flat_map(|axis| axis.split('*'));
        // Spaces that are kept are not reduced either.
        let stays = |space: &str| axes.fixed.iter().chain(&axes.kept).any(|name| name == space);
        let free = names.filter(|space| !stays(space));
        let known = free.filter_map(|space| Some((space, self.of(space)?)));
        let spaces: BTreeMap<&str, Activation> =
            known.filter(|_| self.hidden_act.is_some()).collect();
        let all = self.given.clone();
        let all = spaces.into_iter().fold(all, |all, (space, function)| all.with(space, function));
        (all != Activations::none()).then_some(all)
    }

    /// Where the functions are known from, if they were not given.
    pub fn from(&self) -> Option<&str> {
        self.from.as_deref()
    }

    /// The spaces that were named and are not among these.
    pub fn not_there<'k>(&'k self, spaces: &BTreeSet<&str>) -> Vec<&'k str> {
        self.given.named().filter(|name| !spaces.contains(name)).collect()
    }
}

/// `tanh`, `hidden1=tanh`: functions of all spaces or of one. `none` of all: nothing is known, whatever files say.
fn parse(options: &[String]) -> Result<Activations, Failure> {
    let mut everywhere = Activations::none();
    let mut named = Vec::new();
    for option in options {
        match option.rsplit_once('=') {
            Some((space, name)) => named.push((space, function(name)?)),
            None if option == "none" => everywhere = Activations::none(),
            None => everywhere = function(option)?.into(),
        }
    }
    Ok(named.into_iter().fold(everywhere, |all, (space, function)| all.with(space, function)))
}

fn function(name: &str) -> Result<Activation, Failure> {
    let spelled = name.replace('_', "-");
    Activation::ALL.into_iter().find(|known| known.name() == spelled).ok_or_else(|| {
        let known: Vec<&str> = Activation::ALL.iter().map(|known| known.name()).collect();
        Failure::usage(format!("--activation {name}: there are {}", known.join(", ")))
    })
}

/// The function that `hidden_act` names, where it is one of ours: `gelu_new` and other approximations are not.
fn hidden_act(text: &str) -> Option<Activation> {
    let config: serde_json::Value = serde_json::from_str(text).ok()?;
    match config.get("hidden_act")?.as_str()? {
        "relu" => Some(Activation::Relu),
        "tanh" => Some(Activation::Tanh),
        "sigmoid" => Some(Activation::Sigmoid),
        "gelu" => Some(Activation::Gelu),
        "silu" | "swish" => Some(Activation::Silu),
        "linear" => Some(Activation::Identity),
        _ => None,
    }
}

/// A text file, if it is there and one.
fn read(path: &Path) -> Option<String> {
    let mut text = String::new();
    File::open(path).ok()?.take(LARGEST).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(options: &[&str]) -> Result<KnownActivations, String> {
        let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        KnownActivations::new(&options, Path::new("nowhere/m.safetensors"))
            .map_err(|e| e.to_string())
    }

    #[test]
    fn an_option_is_for_all_spaces_or_for_one() {
        let found = known(&["relu", "h1=tanh", "a=b=leaky_relu"]).unwrap();
        let of = ["h1", "h2", "a=b"].map(|space| found.of(space));
        assert_eq!(of, [Activation::Tanh, Activation::Relu, Activation::LeakyRelu].map(Some));
        assert_eq!(found.not_there(&BTreeSet::from(["h1"])), ["a=b"]);
        assert_eq!(known(&["none"]).unwrap().of("h1"), None);
        assert!(known(&[]).unwrap().is_empty());
        let wrong = known(&["h1=swish"]).unwrap_err();
        assert!(
            wrong.starts_with("--activation swish: there are relu, tanh, sigmoid, "),
            "{wrong}"
        );
    }

    #[test]
    fn files_beside_a_checkpoint_tell_it() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = folder.path().join("model.safetensors");
        let of = |space: &str| KnownActivations::new(&[], &checkpoint).unwrap().of(space);
        std::fs::write(
            folder.path().join("config.toml"),
            "[model]\nlayer_dims = [1, 2, 1]\nactivation = \"tanh\"\n[data]\ninputs = [[1.0]]\ntargets = [[2.0]]\n",
        )
        .unwrap();
        assert_eq!(of("hidden1"), Some(Activation::Tanh));
        std::fs::write(folder.path().join("config.json"), r#"{"hidden_act": "gelu_new"}"#).unwrap();
        assert_eq!(of("hidden1"), Some(Activation::Tanh));
        std::fs::write(folder.path().join("config.json"), r#"{"hidden_act": "silu"}"#).unwrap();
        assert_eq!([of("layers.0.mlp"), of("layers.0.heads")], [Some(Activation::Silu), None]);
        let given = KnownActivations::new(&["tanh".into()], &checkpoint).unwrap();
        assert_eq!((given.of("layers.0.mlp"), given.from()), (Some(Activation::Tanh), None));
    }
}
