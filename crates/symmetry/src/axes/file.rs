//! The file form of a spec: names of spaces by axis, "" = fixed.
//!
//! ```toml
//! [axes]
//! "linear1.weight" = ["hidden1", ""]
//! "linear1.bias"   = ["hidden1"]
//! "linear2.weight" = ["", "hidden1"]
//! ```
//!
//! An axis written `"conv1*16"` is flattened: every unit of `conv1` has 16 consecutive entries along it. The 4 stacked
//! gates of a recurrent weight are `"4*hidden"`: 4 blocks, each with one entry of every unit. A table `[spaces]` may
//! declare sizes, so that a misspelt name is an error. Without it, the size of a space follows from the first axis over
//! it. Units of the spaces in `fixed` are never merged. Units of the spaces in `kept` are compared, but not merged
//! either: something depends on their number. A table `[orientation]` gives the orientation of single parameters
//! (`"output-first"`, `"input-first"` or `"output-last"`) if nothing else does: an embedding, for example, has its
//! outputs last.

use std::collections::BTreeMap;

use super::{AxesSpec, AxesSpecBuilder, Axis, NamedAxis, Orientation, RoleAxis, SpecParam};

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
    /// The sizes of the spaces: of all spaces, or of none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub spaces: BTreeMap<String, usize>,
    /// Spaces whose members are never merged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixed: Vec<String>,
    /// Spaces whose units are compared but never merged: a layer normalisation takes a mean over them, or something
    /// outside of the file reads them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<String>,
    /// Which axis is the output axis, for parameters for which nothing else says so.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub orientation: BTreeMap<String, Orientation>,
}

impl AxesFile {
    /// The same spec as a builder. A parameter with one axis counts as a bias or a gain: its axis is an output axis.
    pub fn into_builder(self, orientation: Orientation) -> AxesSpecBuilder {
        self.into_builder_with(|_| orientation)
    }

    /// As [`AxesFile::into_builder`], with a function from paths to orientations. An orientation in the file takes
    /// precedence.
    pub fn into_builder_with(self, orientation: impl Fn(&str) -> Orientation) -> AxesSpecBuilder {
        let mut builder = AxesSpec::builder();
        if self.spaces.is_empty() {
            builder = builder.infer_spaces();
        }
        builder = builder.never_merged(self.fixed);
        for (name, units) in self.spaces {
            builder = builder.space(name, units);
        }
        // An orientation of a parameter without axes: `build` refuses it.
        let unnamed = self.orientation.keys().filter(|path| !self.axes.contains_key(*path));
        for path in unnamed {
            builder = builder.param(path, [] as [RoleAxis<String>; 0]);
        }
        for (path, axes) in self.axes {
            let rank = axes.len();
            let said = self.orientation.get(&path).copied();
            let orientation = said.unwrap_or_else(|| orientation(&path));
            let axes = axes.into_iter().enumerate().map(|(number, text)| RoleAxis {
                axis: parse(text),
                role: orientation.role(number, rank),
            });
            builder = builder.param(path, axes.collect::<Vec<_>>());
        }
        builder
    }
}

/// Parses `name`, and for a flattened axis `name*inner`, `outer*name*inner`, or `outer*name` if the name is not a
/// number.
fn parse(text: String) -> NamedAxis {
    let number = |text: &str| text.parse::<usize>().ok();
    let (rest, inner) = match text.rsplit_once('*') {
        Some((rest, inner)) if !rest.is_empty() && number(inner).is_some() => (rest, number(inner)),
        _ => (text.as_str(), None),
    };
    let (name, outer) = match rest.split_once('*') {
        Some((outer, name)) if !name.is_empty() && number(outer).is_some() => (name, number(outer)),
        _ => (rest, None),
    };
    if outer.is_none() && inner.is_none() {
        return text.into();
    }
    match [outer, inner].map(|count| count.unwrap_or(1)) {
        [1, 1] => Axis::Space(name.to_owned()),
        [outer, inner] => Axis::Flattened { space: name.to_owned(), outer, inner },
    }
}

/// The converse of [`parse`].
fn write(axis: &Axis<&str>) -> String {
    let (Some(&name), outer, inner) = (axis.space(), axis.outer(), axis.inner()) else {
        return String::new();
    };
    let starred = name.contains('*');
    match (outer, inner) {
        (1, 1) if !starred => name.to_owned(),
        // `parse` could take a name that is a number for a count.
        _ if starred || name.parse::<usize>().is_ok() => format!("{outer}*{name}*{inner}"),
        (1, inner) => format!("{name}*{inner}"),
        (outer, 1) => format!("{outer}*{name}"),
        (outer, inner) => format!("{outer}*{name}*{inner}"),
    }
}

impl From<&AxesSpec> for AxesFile {
    /// The file form of a spec, with the sizes of its spaces. It does not say which axes are outputs.
    fn from(spec: &AxesSpec) -> Self {
        let axes = |param: &SpecParam| {
            param.axes().iter().map(|axis| write(&spec.named(&axis.axis))).collect()
        };
        let spaces = spec.spaces().iter();
        Self {
            axes: spec.params().iter().map(|p| (p.path().to_owned(), axes(p))).collect(),
            spaces: spaces.clone().map(|space| (space.name().to_owned(), space.units())).collect(),
            fixed: spaces.filter(|s| s.is_fixed()).map(|s| s.name().to_owned()).collect(),
            kept: Vec::new(),
            orientation: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axes::{Role, unknown_role};
    use crate::space::UnitSpace;
    use proptest::prelude::*;

    #[test]
    fn the_forms_of_an_axis() {
        let parsed = |text: &str| parse(text.to_owned());
        let flat =
            |outer, space: &str, inner| Axis::Flattened { space: space.into(), outer, inner };
        assert_eq!(parsed(""), Axis::Fixed);
        assert_eq!(parsed("h"), Axis::Space("h".into()));
        assert_eq!(parsed("h*16"), flat(1, "h", 16));
        assert_eq!(parsed("4*h"), flat(4, "h", 1));
        assert_eq!(parsed("3*heads*64"), flat(3, "heads", 64));
        // Names with stars, and names that are numbers.
        assert_eq!(parsed("a*b"), Axis::Space("a*b".into()));
        assert_eq!(parsed("*3"), Axis::Space("*3".into()));
        assert_eq!(parsed("2*3"), flat(1, "2", 3));
        assert_eq!(parsed("1*2*3"), flat(1, "2", 3));
    }

    #[test]
    fn the_file_may_say_which_axis_is_the_output() {
        let text = "[axes]\n\"emb\" = [\"\", \"d\"]\n\"fc\" = [\"\", \"d\"]\n[orientation]\n\"emb\" = \"input-first\"\n";
        let file: AxesFile = toml::from_str(text).unwrap();
        let shapes = [("emb", &[5, 2][..]), ("fc", &[3, 2])];
        let spec = file.clone().into_builder(Orientation::OutputFirst).build(shapes).unwrap();
        let roles =
            |n: usize| -> Vec<Role> { spec.params()[n].axes().iter().map(|a| a.role).collect() };
        assert_eq!(
            (roles(0), roles(1)),
            (vec![Role::Input, Role::Output], vec![Role::Output, Role::Input],)
        );
        let mut wrong = file;
        wrong.orientation.insert("ebm".into(), Orientation::InputFirst);
        let error = wrong.into_builder(Orientation::OutputFirst).build(shapes).unwrap_err();
        assert!(error.to_string().contains("`ebm`"), "{error}");
        assert!(toml::from_str::<AxesFile>(&text.replace("input-first", "unknown")).is_err());
    }

    #[test]
    fn fixed_spaces_need_no_sizes() {
        let file = |fixed: &str| AxesFile {
            axes: [("w".to_owned(), vec!["out".to_owned(), "h".to_owned()])].into(),
            fixed: vec![fixed.to_owned()],
            ..AxesFile::default()
        };
        let build = |file: AxesFile| {
            file.into_builder(Orientation::OutputFirst).build([("w", &[2, 3][..])])
        };
        let spec = build(file("out")).unwrap();
        let fixed: Vec<bool> = spec.spaces().iter().map(UnitSpace::is_fixed).collect();
        assert_eq!(fixed, [true, false]);
        assert_eq!(
            build(file("ot")).unwrap_err().to_string(),
            "the list of fixed spaces names space `ot`, which is not declared; did you mean `out`?"
        );
    }

    proptest! {
        #[test]
        fn a_written_spec_is_read_again(
            axes in prop::collection::vec((0..4_usize, 1..4_usize, 1..4_usize), 1..4),
        ) {
            let axes: Vec<(&str, usize, usize)> =
                axes.into_iter().map(|(s, outer, inner)| (["", "a", "7", "b*2"][s], outer, inner)).collect();
            let sizes = |(name, outer, inner): &(&str, usize, usize)| {
                if name.is_empty() { 5 } else { outer * inner * 2 }
            };
            let shape: Vec<usize> = axes.iter().map(sizes).collect();
            let named = axes.iter().map(|&(name, outer, inner)| match (name, outer, inner) {
                ("", ..) => unknown_role(Axis::Fixed),
                (name, 1, 1) => unknown_role(Axis::Space(name.to_owned())),
                (name, ..) => unknown_role(Axis::Flattened { space: name.to_owned(), outer, inner }),
            });
            let shapes = [("w", &shape[..])];
            let builder = AxesSpec::builder().space("a", 2).fixed_space("7", 2).space("b*2", 2);
            let spec = builder.param("w", named).build(shapes).unwrap();
            let again = AxesFile::from(&spec).into_builder(Orientation::Unknown).build(shapes);
            let again = again.unwrap();
            prop_assert_eq!(AxesFile::from(&again), AxesFile::from(&spec));
            let axes = |spec: &AxesSpec| -> Vec<Axis<String>> {
                let of = spec.params()[0].axes().iter();
                of.map(|axis| match spec.named(&axis.axis) {
                    Axis::Fixed => Axis::Fixed,
                    Axis::Space(name) => Axis::Space(name.to_owned()),
                    Axis::Flattened { space, outer, inner } => {
                        Axis::Flattened { space: space.to_owned(), outer, inner }
                    }
                }).collect()
            };
            prop_assert_eq!(axes(&again), axes(&spec));
        }
    }
}
