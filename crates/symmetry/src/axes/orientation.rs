//! Which axis of a parameter is its output axis.
#![deny(clippy::wildcard_enum_match_arm)]

use super::Role;

/// Which axis of a parameter with two or more axes is the output.
///
/// The feature `serde` writes it as `"output-first"`, `"input-first"` or `"output-last"`, and also reads
/// `"output_first"`, `"input_first"` and `"output_last"`. [`Unknown`](Self::Unknown) has no written form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Orientation {
    /// `weight[output][input]...`, as in PyTorch.
    #[cfg_attr(feature = "serde", serde(alias = "output_first"))]
    OutputFirst,
    /// `weight[input][output]...`, as in Burn's linear layers and in all transposed convolutions.
    #[cfg_attr(feature = "serde", serde(alias = "input_first"))]
    InputFirst,
    /// `weight[...][output]`: embeddings with any number of axes. With two axes it equals
    /// [`InputFirst`](Self::InputFirst).
    #[cfg_attr(feature = "serde", serde(alias = "output_last"))]
    OutputLast,
    /// Unknown: functions that need the orientation return an error.
    #[default]
    #[cfg_attr(feature = "serde", serde(skip))]
    Unknown,
}

impl Orientation {
    /// The role of an axis of a parameter that has `rank` axes. The only axis of a parameter is an output axis (a bias,
    /// a gain).
    ///
    /// ```
    /// use constinit_symmetry::{Orientation, Role};
    ///
    /// assert_eq!(Orientation::InputFirst.role(0, 2), Role::Input);
    /// assert_eq!(Orientation::InputFirst.role(1, 2), Role::Output);
    /// assert_eq!(Orientation::OutputLast.role(2, 3), Role::Output);
    /// assert_eq!(Orientation::Unknown.role(0, 1), Role::Output);
    /// ```
    pub fn role(self, axis: usize, rank: usize) -> Role {
        let output = match self {
            _ if rank == 1 => 0,
            Self::OutputFirst => 0,
            Self::InputFirst => 1,
            Self::OutputLast => rank.saturating_sub(1),
            Self::Unknown => return Role::Unknown,
        };
        if axis == output { Role::Output } else { Role::Input }
    }
}

#[cfg(all(test, feature = "serde"))]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn both_spellings_are_read_and_one_is_written() {
        let read = |text: &str| toml::from_str::<BTreeMap<String, Orientation>>(text);
        for (orientation, text) in [
            (Orientation::OutputFirst, "w = \"output-first\"\n"),
            (Orientation::InputFirst, "w = \"input-first\"\n"),
            (Orientation::OutputLast, "w = \"output-last\"\n"),
        ] {
            let file = BTreeMap::from([("w".to_owned(), orientation)]);
            assert_eq!(toml::to_string(&file).unwrap(), text);
            assert_eq!(read(text).unwrap(), file);
            assert_eq!(read(&text.replace('-', "_")).unwrap(), file);
        }
        assert!(read("w = \"unknown\"").is_err());
    }
}
