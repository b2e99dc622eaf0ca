//! The axes of common architectures, from names and shapes.
//!
//! ```text
//! model.layers.0.mlp.gate_proj.weight [24, 16]    \
//! model.layers.0.mlp.up_proj.weight   [24, 16]     } 24 units of the space model.layers.0.mlp
//! model.layers.0.mlp.down_proj.weight [16, 24]    /
//! ```
//!
//! What is known of an architecture is data: `architectures/*.toml`, in the form that [`data`] describes. A checkpoint
//! may hold several networks (an encoder of images and one of texts), each under a different prefix. Names identify
//! each network ([`place`]), and shapes its spaces ([`solve`]). A space that does not fit is given up with a note; its
//! rows are still compared. `scripts/check-architectures` permutes the units of every space in networks of these
//! architectures.

mod config;
mod data;
mod pattern;
mod place;
mod solve;
mod tensors;

use std::collections::{BTreeMap, HashSet};

use constinit_symmetry::AxesFile;

use crate::checkpoint::Checkpoint;
use config::Config;
use place::{Candidates, Instance};
use solve::{Solved, solve};
use tensors::Tensors;

/// The axes of a checkpoint, inferred from its names and shapes.
#[derive(Clone, Debug)]
pub(crate) struct InferredAxes {
    /// The axes of every tensor except optimizer state. Unknown axes are fixed.
    pub file: AxesFile,
    /// The names of the architectures, the one with most tensors first.
    pub architecture: String,
    /// How many networks there are, each below a root.
    pub networks: usize,
    /// What was given up, and why.
    pub notes: Vec<String>,
}

/// The names of all known architectures.
///
/// ```
/// assert!(constinit_checkpoint::architectures().any(|name| name == "llama"));
/// ```
pub fn architectures() -> impl Iterator<Item = &'static str> {
    data::all().iter().map(|architecture| architecture.name.as_str())
}

/// The axes of a checkpoint by the architecture named `only`, or by all that fit. With `late`, architectures with
/// ambiguous names are tried, too. `None` if nothing fits.
pub(crate) fn infer(
    checkpoint: &Checkpoint,
    only: Option<&str>,
    late: bool,
) -> Option<InferredAxes> {
    let tensors = Tensors::of(checkpoint);
    let config = Config::beside(checkpoint);
    axes(&tensors, &config, checkpoint.format().inputs_first(), (only, late))
}

fn axes(
    tensors: &Tensors<'_>,
    config: &Config,
    inputs_first: bool,
    (only, late): (Option<&str>, bool),
) -> Option<InferredAxes> {
    let candidates = Candidates::of(tensors, only);
    let found = |instance: &Instance| {
        !solve(tensors, instance, config, inputs_first, &[]).spaces.is_empty()
    };
    let instances = candidates.choose(late, found);
    let first = instances.first()?;
    let placed = instances.iter().flat_map(|instance| &instance.placed);
    let placed: HashSet<usize> = placed.map(|placed| placed.tensor).collect();
    let unmatched: Vec<usize> =
        (0..tensors.all.len()).filter(|number| !placed.contains(number)).collect();
    let mut file = AxesFile::default();
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for instance in &instances {
        let solved = solve(tensors, instance, config, inputs_first, &unmatched);
        add(&mut file, &mut reasons, tensors, solved);
    }
    for tensor in &tensors.all {
        let fixed = || vec![String::new(); tensor.shape.len()];
        file.axes.entry(tensor.path.to_owned()).or_insert_with(fixed);
    }
    if file.spaces.is_empty() {
        return None;
    }
    let mut names = vec![first.architecture.name.clone()];
    for instance in &instances {
        if !names.contains(&instance.architecture.name) {
            names.push(instance.architecture.name.clone());
        }
    }
    let notes = reasons.into_iter().map(|(why, spaces)| {
        let more = crate::inspect::and_more(spaces.len() - 1);
        format!("{}{more}: only rows are compared, because {why}", spaces[0])
    });
    let notes = config.note.clone().into_iter().chain(notes).collect();
    Some(InferredAxes { file, architecture: names.join(", "), networks: instances.len(), notes })
}

/// Adds the spaces and axes of one network.
fn add(
    file: &mut AxesFile,
    reasons: &mut BTreeMap<String, Vec<String>>,
    tensors: &Tensors<'_>,
    solved: Solved,
) {
    for (name, why) in solved.given_up {
        reasons.entry(why).or_default().push(name);
    }
    file.spaces.extend(solved.spaces);
    file.kept.extend(solved.kept);
    for (tensor, axes, orientation) in solved.axes {
        let path = tensors.all[tensor].path;
        if axes.len() > 1 && axes.iter().any(|axis| !axis.is_empty()) {
            file.orientation.insert(path.to_owned(), orientation);
        }
        file.axes.insert(path.to_owned(), axes);
    }
}
