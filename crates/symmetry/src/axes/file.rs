//! The file form of a spec: names of spaces by axis, "" = fixed.
//!
//! ```toml
//! [axes]
//! "linear1.weight" = ["hidden1", ""]
//! "linear1.bias"   = ["hidden1"]
//! "linear2.weight" = ["", "hidden1"]
//! ```
//!
//! An axis written `"conv1*16"` is flattened: every unit of `conv1` has 16 entries along it. A table `[spaces]` may
//! declare sizes, so that a misspelt name is an error; without it the sizes are those of the first axis that a
//! space stands on. Declared spaces listed in `fixed` are never merged.

use std::collections::BTreeMap;

use super::{AxesSpec, AxesSpecBuilder, Axis, NamedAxis, Role, RoleAxis};
use crate::space::UnitSpace;

/// The file form of an axes spec.
///
/// ```
/// use constinit_symmetry::{AxesFile, Orientation};
///
/// let file: AxesFile = toml::from_str(r#"
///     [axes]
///     "linear1.weight" = ["hidden1", ""]
///     "linear1.bias"   = ["hidden1"]
///     "linear2.weight" = ["", "hidden1"]
/// "#)?;
/// let spec = file.into_builder(Orientation::OutputFirst).build([
///     ("linear1.weight", &[2, 3][..]),
///     ("linear1.bias", &[2]),
///     ("linear2.weight", &[4, 2]),
/// ])?;
/// assert_eq!(spec.spaces()[0].name(), "hidden1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AxesFile {
    /// For every parameter, the space of each axis.
    pub axes: BTreeMap<String, Vec<String>>,
    /// The sizes of the spaces; all of them, or none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub spaces: BTreeMap<String, usize>,
    /// Declared spaces whose members are never merged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixed: Vec<String>,
}

/// Which axis of a parameter with two or more axes is the output. The file form does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Orientation {
    /// `weight[output][input]...`, PyTorch's.
    OutputFirst,
    /// `weight[input][output]`, Burn's linear layers.
    InputFirst,
    /// Not known: questions that need it are refused.
    #[default]
    Unknown,
}

impl AxesFile {
    /// The same as a builder. A parameter with one axis is taken as the unit's own (a bias, a gain).
    pub fn into_builder(self, orientation: Orientation) -> AxesSpecBuilder {
        let mut builder = AxesSpec::builder();
        if self.spaces.is_empty() {
            builder = builder.infer_spaces();
        }
        for (name, units) in self.spaces {
            let fixed = self.fixed.contains(&name);
            let space =
                if fixed { UnitSpace::fixed(name, units) } else { UnitSpace::new(name, units) };
            builder = builder.unit_space(space);
        }
        for (path, axes) in self.axes {
            let rank = axes.len();
            let axes = axes.into_iter().enumerate().map(|(number, text)| RoleAxis {
                axis: parse(text),
                role: role(orientation, number, rank),
            });
            builder = builder.param(path, axes.collect::<Vec<_>>());
        }
        builder
    }
}

/// `name`, or `name*inner` for a flattened axis.
fn parse(text: String) -> NamedAxis {
    match text.rsplit_once('*').map(|(name, inner)| (name, inner.parse())) {
        Some((name, Ok(inner))) if !name.is_empty() => {
            Axis::Flattened { space: name.to_owned(), inner }
        }
        _ => text.into(),
    }
}

fn role(orientation: Orientation, number: usize, rank: usize) -> Role {
    match (orientation, number, rank) {
        (_, _, 1) => Role::Output,
        (Orientation::Unknown, _, _) => Role::Unknown,
        (Orientation::OutputFirst, 0, _) | (Orientation::InputFirst, 1, 2) => Role::Output,
        _ => Role::Input,
    }
}
