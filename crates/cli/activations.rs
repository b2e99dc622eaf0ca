//! The activations of a checkpoint's spaces: from `--activation`, or from files in the checkpoint's folder.

use crate::config::RunConfig;
use crate::failure::Failure;
use constinit_symmetry::{Activation, Activations, AxesFile};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The size in bytes up to which a configuration is read: configurations are short.
const LARGEST: u64 = 1 << 22;

/// `hidden_act` of a `config.json` applies to spaces whose names contain one of these: the units between the two layers
/// of a feed-forward block. Heads, poolers and classifiers have other functions.
const FEED_FORWARD: [&str; 5] = ["mlp", "ffn", "feed_forward", "intermediate", "fc1"];

/// The known activations of a checkpoint's spaces.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownActivations {
    given: Activations,
    /// The activation of feed-forward blocks.
    hidden_act: Option<Activation>,
    /// The source of the activations, if the user did not give them.
    from: Option<String>,
}

impl KnownActivations {
    /// The activations that `--activation` names. Without the option, those that files in the checkpoint's folder name:
    /// `hidden_act` of a `config.json`, or the configuration of the run that wrote the checkpoint.
    ///
    /// # Errors
    ///
    /// If an option names no known activation.
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
            let from = format!("{from}, from {}", transformers.display());
            return Some(Self {
                hidden_act: Some(activation),
                from: Some(from),
                ..Self::default()
            });
        }
        let config = RunConfig::parse(&read(&run)?, "config.toml").ok()?;
        let activation = config.model.activation;
        let from = format!("{} between layers, from {}", activation.name(), run.display());
        Some(Self { given: activation.into(), from: Some(from), ..Self::default() })
    }

    /// The activation of a space, by the space's name.
    pub fn of(&self, space: &str) -> Option<Activation> {
        let is_feed_forward = FEED_FORWARD.iter().any(|part| space.contains(part));
        self.given.of(space).or(self.hidden_act.filter(|_| is_feed_forward))
    }

    /// Whether no activation is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The activations of the spaces of an axes file, and all that the user named, even if the file lacks the space;
    /// `None` if no activation is known.
    pub fn activations(&self, axes: &AxesFile) -> Option<Activations> {
        let names = axes.axes.values().flatten().flat_map(|axis| axis.split('*'));
        // `kept` spaces are not reduced, as fixed ones are not.
        let stays = |space: &str| axes.fixed.iter().chain(&axes.kept).any(|name| name == space);
        let free = names.filter(|space| !stays(space));
        let known = free.filter_map(|space| Some((space, self.of(space)?)));
        let spaces: BTreeMap<&str, Activation> =
            known.filter(|_| self.hidden_act.is_some()).collect();
        let all = self.given.clone();
        let all = spaces.into_iter().fold(all, |all, (space, function)| all.with(space, function));
        (all != Activations::none()).then_some(all)
    }

    /// The source of the activations, if the user did not give them.
    pub fn from(&self) -> Option<&str> {
        self.from.as_deref()
    }

    /// The named spaces that are not among these.
    pub fn not_there<'k>(&'k self, spaces: &BTreeSet<&str>) -> Vec<&'k str> {
        self.given.named().filter(|name| !spaces.contains(name)).collect()
    }
}

/// Reads `tanh` (all spaces) and `hidden1=tanh` (one space). With `none` alone, no activation is known, whatever files
/// say.
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
        Failure::usage(format!(
            "--activation {name}: unknown activation; the activations are {}",
            known.join(", ")
        ))
    })
}

/// The activation that `hidden_act` names, if the program has exactly this one: it has no `gelu_new` and other
/// approximations.
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

/// The text of a file; None if there is no such file, or it is not text.
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
            wrong.starts_with(
                "--activation swish: unknown activation; the activations are relu, tanh, sigmoid, "
            ),
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
