//! The tensors of a checkpoint, with the modules that they belong to.

use std::collections::{BTreeSet, HashMap};

use constinit_records::inspection::TensorRole;

use crate::checkpoint::Checkpoint;

/// A tensor, and its part in its module.
#[derive(Debug)]
pub(super) struct Tensor<'c> {
    pub path: &'c str,
    pub shape: &'c [usize],
    /// Whether its numbers are read.
    pub is_read: bool,
    /// Whether its shape is known.
    pub has_shape: bool,
    /// The path without the segments that wrappers add after the first segment.
    pub plain: String,
    /// The path of its module, without these segments.
    pub module: String,
    pub part: Part,
}

/// The part of a module that a tensor is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Weight,
    /// One entry for each output: a bias, a running statistic.
    Vector,
    /// The first matrix of a low-rank pair, `[rank, inputs]`, and the name of the pair if a module has several.
    Down(String),
    /// The second matrix of a low-rank pair, `[outputs, rank]`.
    Up(String),
    Other,
}

/// Segments that compilers and sharding add to names.
const WRAPPERS: [&str; 4] =
    ["_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "base_layer"];

/// All tensors of a checkpoint, and all their plain names.
pub(super) struct Tensors<'c> {
    pub all: Vec<Tensor<'c>>,
    names: BTreeSet<String>,
    ranks: HashMap<String, usize>,
}

impl<'c> Tensors<'c> {
    /// The tensors of the networks in a checkpoint. Optimizer state is left out: it has the shapes of parameters, but
    /// belongs to no network.
    pub fn of(checkpoint: &'c Checkpoint) -> Self {
        let tensor = |path: &'c str, shape: &'c [usize], [is_read, has_shape]: [bool; 2]| {
            let plain = without_wrappers(path);
            let (module, part) = split(&plain);
            Tensor { path, shape, is_read, has_shape, module, part, plain }
        };
        let read = checkpoint.parameters().iter();
        let read = read.map(|p| tensor(p.path(), p.shape(), [p.entries() > 0, true]));
        let others = checkpoint.others().iter().map(|other| {
            let has_shape = !(other.has_units && other.shape.is_empty());
            tensor(other.path.as_str(), &other.shape[..], [false, has_shape])
        });
        let is_of_a_network =
            |tensor: &Tensor<'_>| checkpoint.role(tensor.path) != TensorRole::Optimizer;
        let all: Vec<Tensor<'c>> = read.chain(others).filter(is_of_a_network).collect();
        let names = all.iter().map(|tensor| tensor.plain.clone()).collect();
        let weights = all.iter().filter(|tensor| tensor.part == Part::Weight);
        let ranks = weights.map(|t| (t.module.clone(), t.shape.len())).collect();
        Self { all, names, ranks }
    }

    /// Whether there is a tensor of this name, or in a module of this name.
    pub fn has(&self, name: &str) -> bool {
        let inside = format!("{name}.");
        let first = self.names.range(inside.clone()..).next();
        self.names.contains(name) || first.is_some_and(|first| first.starts_with(&inside))
    }

    /// How many axes the weight of a module has.
    pub fn rank(&self, module: &str) -> Option<usize> {
        self.ranks.get(module).copied()
    }
}

/// Removes the segments of wrappers. A leading one stays: a file may have a module with and without it.
fn without_wrappers(path: &str) -> String {
    let mut words = path.split('.');
    let first = words.next().unwrap_or_default();
    words
        .filter(|word| !WRAPPERS.contains(word))
        .fold(first.to_owned(), |plain, word| format!("{plain}.{word}"))
}

/// Splits a name into its module and its part in that module.
fn split(path: &str) -> (String, Part) {
    let (before, last) = path.rsplit_once('.').unwrap_or(("", path));
    let words: Vec<&str> = path.split('.').collect();
    for (at, word) in words.iter().enumerate() {
        let (down, pair) = match *word {
            "lora_A" | "lora_down" | "lora_embedding_A" => (true, &words[at + 1..]),
            "lora_B" | "lora_up" | "lora_embedding_B" => (false, &words[at + 1..]),
            _ => continue,
        };
        let pair = match pair {
            [] | ["weight"] | ["default"] | ["default", "weight"] => String::new(),
            [pair] | [pair, "weight"] => (*pair).to_owned(),
            _ => continue,
        };
        let module = words[..at].join(".");
        return (module, if down { Part::Down(pair) } else { Part::Up(pair) });
    }
    let part = match last {
        "weight" | "gamma" => Part::Weight,
        "bias" | "beta" | "running_mean" | "running_var" => Part::Vector,
        _ => return (path.to_owned(), Part::Other),
    };
    (before.to_owned(), part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_split_into_module_and_part() {
        for (path, module, part) in [
            ("a.q_proj.weight", "a.q_proj", Part::Weight),
            ("LayerNorm.gamma", "LayerNorm", Part::Weight),
            ("bn.running_var", "bn", Part::Vector),
            ("weight", "", Part::Weight),
            ("a.q.lora_A.weight", "a.q", Part::Down("".into())),
            ("a.q.lora_B.default.weight", "a.q", Part::Up("".into())),
            ("a.q.lora_A.style.weight", "a.q", Part::Down("style".into())),
            ("a.q.lora_up.weight", "a.q", Part::Up("".into())),
            ("pos_embed", "pos_embed", Part::Other),
        ] {
            assert_eq!(split(path), (module.to_owned(), part), "{path}");
        }
    }

    #[test]
    fn wrappers_within_a_name_are_left_out() {
        assert_eq!(without_wrappers("layers.0._orig_mod.q.base_layer.weight"), "layers.0.q.weight");
        assert_eq!(without_wrappers("_orig_mod.layers.0.q.weight"), "_orig_mod.layers.0.q.weight");
    }
}
