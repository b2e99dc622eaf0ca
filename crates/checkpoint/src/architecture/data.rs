//! The form of `architectures/*.toml`, which describe known architectures.
//!
//! ```toml
//! name = "mlp"
//! requires = ["up_proj"]                       # at least one of these modules must exist
//!
//! [spaces.residual]
//! kept = true                                  # compared, never merged: a norm takes a mean over it
//! needs = ["embed_tokens"]                     # without these modules, it is unknown what the units carry
//!
//! [[group]]
//! at = "layers.{i}.mlp"                        # {i} is any number; the root is what precedes the pattern
//! modules = { up_proj = ["{at}", "residual"], down_proj = ["residual", "{at}"] }
//! ```
//!
//! A module has a weight, and may have a bias and running statistics. The axes of the weight are listed with the output
//! first; the bias and the statistics range over that first axis. Axes that are not listed are fixed. The units of an
//! embedding are on its last axis. A key that begins with `../` is next to the root or to any prefix
//! above it.
//!
//! Axes are written as in an axes file, without the counts that follow from the shapes: `"attention*"` stands for any
//! number of entries per unit, `"*hidden"` for any number of blocks. `"~attention*"` marks keys and values, which
//! several attention heads may share.
//!
//! Groups with a `stage` form a sequence, ordered by stage and then by the numbers in their names. In such a group,
//! `in` is the space of its inputs and `out` the space of its outputs. [`Out`] says how the two are related.

use std::collections::BTreeMap;

use serde::Deserialize;

/// An architecture: name patterns, and the axes of the tensors that match them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Architecture {
    /// The name, as given to `--axes`.
    pub name: String,
    /// At least one of these modules must exist.
    pub requires: Vec<String>,
    /// The names are ambiguous: this architecture is tried after all others and after plain chains.
    #[serde(default)]
    pub late: bool,
    /// Matrices are `weight[input][output]`.
    #[serde(default)]
    pub input_first: bool,
    /// Only low-rank pairs match.
    #[serde(default)]
    pub adapters: bool,
    /// The sections of `config.json` that may describe it.
    #[serde(default)]
    pub config: Vec<String>,
    /// Rules for single spaces.
    #[serde(default)]
    pub spaces: BTreeMap<String, SpaceRule>,
    /// The patterns.
    pub group: Vec<Group>,
}

/// The rules for one space.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpaceRule {
    /// Its units are compared and never merged.
    #[serde(default)]
    pub kept: bool,
    /// Modules or parameters that must exist: without them, it is unknown what the units carry.
    #[serde(default)]
    pub needs: Vec<String>,
    /// If its units are heads: the keys of `config.json` that give the number of heads.
    #[serde(default)]
    pub heads: Vec<String>,
    /// Tensors outside of the module read its units.
    #[serde(default)]
    pub outside: bool,
    /// Parameters with one entry per entry of a head (`inv_freq`: one per two entries).
    #[serde(default)]
    pub head_size: Vec<String>,
}

/// Modules and parameters that belong together.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    /// The pattern of their path below the root.
    #[serde(default)]
    pub at: String,
    /// The group matches only if all of these exist.
    #[serde(default)]
    pub has: Vec<String>,
    /// The group matches only if none of these exists.
    #[serde(default)]
    pub lacks: Vec<String>,
    /// The smallest and the largest number of axes of the modules' weights, where that distinguishes groups.
    #[serde(default)]
    pub rank: Option<[usize; 2]>,
    /// Its place in a sequence of groups.
    #[serde(default)]
    pub stage: Option<usize>,
    /// The space of its outputs, in a sequence.
    #[serde(default)]
    pub out: Out,
    #[serde(default)]
    pub modules: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub embeddings: BTreeMap<String, String>,
    /// Parameters that belong to no module; `[]` if every axis is fixed.
    #[serde(default)]
    pub parameters: BTreeMap<String, Vec<String>>,
}

/// The space of the outputs of a group in a sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Out {
    /// A new space.
    #[default]
    New,
    /// The space of the inputs.
    In,
    /// The space of the inputs if the sizes are equal, because the inputs may be added to the outputs; a new space
    /// otherwise.
    InWhereSizesAgree,
    /// The space of the inputs; a new space if this module exists.
    InUnless(String),
    /// No space: the outputs are those of the network.
    Fixed,
    /// A new space; no space if no other layer follows.
    NewUnlessLast,
}

const FILES: [&str; 23] = [
    include_str!("../../architectures/llama.toml"),
    include_str!("../../architectures/gpt2.toml"),
    include_str!("../../architectures/gpt-neox.toml"),
    include_str!("../../architectures/opt.toml"),
    include_str!("../../architectures/bert.toml"),
    include_str!("../../architectures/vit.toml"),
    include_str!("../../architectures/vit-timm.toml"),
    include_str!("../../architectures/vit-torchvision.toml"),
    include_str!("../../architectures/t5.toml"),
    include_str!("../../architectures/whisper.toml"),
    include_str!("../../architectures/clip-text.toml"),
    include_str!("../../architectures/clip-vision.toml"),
    include_str!("../../architectures/resnet.toml"),
    include_str!("../../architectures/vgg.toml"),
    include_str!("../../architectures/mobilenet.toml"),
    include_str!("../../architectures/efficientnet.toml"),
    include_str!("../../architectures/efficientnet-timm.toml"),
    include_str!("../../architectures/efficientnet-pytorch.toml"),
    include_str!("../../architectures/mtcnn.toml"),
    include_str!("../../architectures/lstm.toml"),
    include_str!("../../architectures/lora.toml"),
    include_str!("../../architectures/mlp.toml"),
    include_str!("../../architectures/mlp-plain.toml"),
];

/// All architectures. If several fit equally well, the first of them is preferred.
///
/// # Panics
///
/// If one of the embedded files cannot be parsed. A test parses them all.
pub(super) fn all() -> &'static [Architecture] {
    static ALL: std::sync::OnceLock<Vec<Architecture>> = std::sync::OnceLock::new();
    ALL.get_or_init(|| {
        let parse = |text: &&str| toml::from_str(text);
        let all: Result<Vec<_>, toml::de::Error> = FILES.iter().map(parse).collect();
        all.unwrap_or_else(|error| panic!("an embedded architecture cannot be parsed: {error}"))
    })
}
