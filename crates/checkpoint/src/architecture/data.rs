//! What is known of an architecture, as it is written in `architectures/*.toml`.
//!
//! ```toml
//! name = "mlp"
//! requires = ["up_proj"]                       # modules without which it is another architecture
//!
//! [spaces.residual]
//! kept = true                                  # compared, never merged: a norm takes a mean over it
//! needs = ["embed_tokens"]                     # without these the file does not say what the units carry
//!
//! [[group]]
//! at = "layers.{i}.mlp"                        # {i} is any number; what comes before the pattern is the root
//! modules = { up_proj = ["{at}", "residual"], down_proj = ["residual", "{at}"] }
//! ```
//!
//! A module has a weight, whose axes are given with the output first, and perhaps a bias and running statistics, which
//! range over the first. Axes that are not given are fixed. An embedding has its units on its last axis. A key that
//! begins with `../` stands beside the root or one level above it.
//!
//! Axes are written as in an axes file, with the counts that the shapes tell left out: in `"attention*"` every unit has
//! any number of entries, in `"*hidden"` there is any number of blocks. `"~attention*"` is what several heads of
//! attention share: keys and values.
//!
//! Groups with a `stage` follow each other, by stage and then by the numbers in their names. In them `in` is the space of
//! what comes in and `out` that of what goes out; [`Out`] says how the two belong together.

use std::collections::BTreeMap;

use serde::Deserialize;

/// An architecture: patterns of names, and the axes of what they name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Architecture {
    /// The name, as `--axes` takes it.
    pub name: String,
    /// One of these modules has to be there.
    pub requires: Vec<String>,
    /// Names that may mean something else: tried after everything else, plain chains included.
    #[serde(default)]
    pub late: bool,
    /// Matrices are `weight[input][output]`.
    #[serde(default)]
    pub input_first: bool,
    /// Low-rank pairs and nothing else are taken.
    #[serde(default)]
    pub adapters: bool,
    /// The sections of `config.json` that it may be described in.
    #[serde(default)]
    pub config: Vec<String>,
    /// What is to be known of single spaces.
    #[serde(default)]
    pub spaces: BTreeMap<String, SpaceRule>,
    /// The patterns.
    pub group: Vec<Group>,
}

/// What is to be known of a space.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpaceRule {
    /// Its units are compared and never merged.
    #[serde(default)]
    pub kept: bool,
    /// Modules or parameters without which the file does not say what the units carry.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Its units are heads: the keys of `config.json` that say how many there are.
    #[serde(default)]
    pub heads: Vec<String>,
    /// What is outside of the module reads its units.
    #[serde(default)]
    pub outside: bool,
    /// Parameters with one entry for every entry of a head (`inv_freq`: for every second one).
    #[serde(default)]
    pub head_size: Vec<String>,
}

/// Modules and parameters that stand together.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    /// Where they stand, below the root.
    #[serde(default)]
    pub at: String,
    /// Where all of these are there, and
    #[serde(default)]
    pub has: Vec<String>,
    /// none of these.
    #[serde(default)]
    pub lacks: Vec<String>,
    /// How many axes the weights of the modules have, where that distinguishes groups.
    #[serde(default)]
    pub rank: Option<[usize; 2]>,
    /// Its place in a sequence of groups.
    #[serde(default)]
    pub stage: Option<usize>,
    /// What goes out, in a sequence.
    #[serde(default)]
    pub out: Out,
    #[serde(default)]
    pub modules: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub embeddings: BTreeMap<String, String>,
    /// Parameters that belong to no module; `[]` where every axis is fixed.
    #[serde(default)]
    pub parameters: BTreeMap<String, Vec<String>>,
}

/// The space that a group of a sequence hands on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Out {
    /// Another than comes in.
    #[default]
    New,
    /// The one that comes in.
    In,
    /// The one that comes in where the sizes agree: what comes in may be added to what goes out.
    InWhereSizesAgree,
    /// The one that comes in, unless this module is there.
    InUnless(String),
    /// None: what goes out is the output of the network.
    Fixed,
    /// Another than comes in; none if no other layer follows.
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

/// All architectures, in the order in which they are preferred where several fit equally well.
///
/// # Panics
///
/// Where one of the files that this crate carries is none: a test reads them all.
pub(super) fn all() -> &'static [Architecture] {
    static ALL: std::sync::OnceLock<Vec<Architecture>> = std::sync::OnceLock::new();
    ALL.get_or_init(|| {
        let parse = |text: &&str| toml::from_str(text);
        let all: Result<Vec<_>, toml::de::Error> = FILES.iter().map(parse).collect();
        all.unwrap_or_else(|error| panic!("an architecture that this crate carries: {error}"))
    })
}
