//! One rule: which parameters it matches, and their initialiser.

use super::PlannedParameter;
use crate::Error;
use crate::init::{Init, ParameterAxes};
use constinit_symmetry::Orientation;
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Parameters by path, number of axes and kind of module, and the initialiser that they get.
///
/// In TOML: `{ path = "layers.*.weight", rank = 2, module = "Linear", init = { type = "orthogonal" } }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InitRule {
    /// A path in which `*` stands for any part of one name, `**` for anything, `?` for one character of a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// A regular expression that occurs somewhere in the path (use `^` and `$` for its ends).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// How many axes the parameter has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<usize>,
    /// The type of the module that the parameter belongs to, such as `Linear` or `Conv2d`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// Which axes are output and input, if the type of the module does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orientation: Option<Orientation>,
    /// What the parameter gets.
    pub init: Init,
}

impl InitRule {
    /// Parameters whose whole path matches: `*` for any part of one name, `**` for anything, `?` for one character.
    pub fn glob(path: impl Into<String>, init: Init) -> Self {
        Self { path: Some(path.into()), ..Self::any(init) }
    }

    /// Parameters in whose path a regular expression occurs.
    pub fn regex(regex: impl Into<String>, init: Init) -> Self {
        Self { regex: Some(regex.into()), ..Self::any(init) }
    }

    /// All parameters.
    pub fn any(init: Init) -> Self {
        Self { path: None, regex: None, rank: None, module: None, orientation: None, init }
    }

    /// Only parameters with `rank` axes.
    #[must_use]
    pub fn of_rank(self, rank: usize) -> Self {
        Self { rank: Some(rank), ..self }
    }

    /// Only parameters of modules of this type.
    #[must_use]
    pub fn of_module(self, module: impl Into<String>) -> Self {
        Self { module: Some(module.into()), ..self }
    }

    pub(super) fn matcher(&self, number: usize) -> Result<Matcher<'_>, Error> {
        let compiled = |text: &str| {
            Regex::new(text).map_err(|error| Error::Plan {
                reason: format!("rule {} ({self}): {error}", number + 1),
            })
        };
        let glob = self.path.as_deref().map(from_glob);
        let patterns = glob.as_deref().into_iter().chain(self.regex.as_deref());
        Ok(Matcher { rule: self, patterns: patterns.map(compiled).collect::<Result<_, _>>()? })
    }

    /// The axes of a parameter under this rule.
    pub(super) fn axes(&self, parameter: &PlannedParameter) -> ParameterAxes {
        match self.orientation {
            _ if parameter.shape.len() < 2 => parameter.axes,
            Some(Orientation::OutputFirst) => ParameterAxes::CONV_WEIGHT,
            Some(Orientation::InputFirst) => ParameterAxes::LINEAR_WEIGHT,
            Some(Orientation::OutputLast) if parameter.shape.len() == 2 => {
                ParameterAxes::LINEAR_WEIGHT
            }
            Some(Orientation::OutputLast | Orientation::Unknown) | None => parameter.axes,
        }
    }
}

impl fmt::Display for InitRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let regex = self.regex.as_ref().map(|regex| format!("/{regex}/"));
        let rank = self.rank.map(|rank| format!("rank {rank}"));
        let parts: Vec<String> =
            [self.path.clone(), regex, rank, self.module.clone()].into_iter().flatten().collect();
        let parts = if parts.is_empty() { "all".to_owned() } else { parts.join(", ") };
        write!(f, "{parts} -> {}", self.init.name())
    }
}

/// A rule with its patterns compiled.
pub(super) struct Matcher<'a> {
    rule: &'a InitRule,
    patterns: Vec<Regex>,
}

impl Matcher<'_> {
    pub fn matches(&self, parameter: &PlannedParameter) -> Result<bool, Error> {
        if !self.patterns.iter().all(|pattern| pattern.is_match(&parameter.path))
            || self.rule.rank.is_some_and(|rank| rank != parameter.shape.len())
        {
            return Ok(false);
        }
        match (&self.rule.module, &parameter.module) {
            (None, _) => Ok(true),
            (Some(wanted), Some(module)) => Ok(wanted == module),
            (Some(wanted), None) => Err(Error::Plan {
                reason: format!(
                    "a rule asks for modules of type {wanted}, but axes do not say the types of modules"
                ),
            }),
        }
    }
}

/// The regular expression of a glob.
fn from_glob(glob: &str) -> String {
    let mut regex = String::from("^");
    let mut rest = glob;
    while let Some(character) = rest.chars().next() {
        let length = if rest.starts_with("**") { 2 } else { character.len_utf8() };
        match &rest[..length] {
            "**" => regex.push_str(".*"),
            "*" => regex.push_str(r"[^.]*"),
            "?" => regex.push_str(r"[^.]"),
            literal => regex.push_str(&regex::escape(literal)),
        }
        rest = &rest[length..];
    }
    regex + "$"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without its tables, the engine would reject these patterns rather than match less.
    #[test]
    fn classes_of_expressions_are_those_of_unicode() {
        let matches = |text: &str, path: &str| {
            let rule = InitRule::regex(text, Init::Zeros);
            rule.matcher(0).unwrap().patterns.iter().all(|pattern| pattern.is_match(path))
        };
        assert!(matches(r"^fc\d+\.weight$", "fc12.weight") && !matches(r"^fc\d+$", "fcx"));
        assert!(matches(r"(?i)^FC\w\b", "fcé") && matches(r"^\p{Greek}$", "λ"));
    }

    #[test]
    fn globs() {
        let matches = |glob: &str, path: &str| Regex::new(&from_glob(glob)).unwrap().is_match(path);
        assert!(matches("layers.*.weight", "layers.0.weight"));
        assert!(!matches("layers.*.weight", "layers.0.inner.weight"));
        assert!(matches("layers.**.weight", "layers.0.inner.weight"));
        assert!(matches("**", "anything.at.all"));
        assert!(matches("fc?.bias", "fc1.bias") && !matches("fc?.bias", "fc.1.bias"));
        assert!(!matches("fc.bias", "fcxbias") && !matches("fc", "fc1") && !matches("c1", "fc1"));
        assert!(matches("a+(b)", "a+(b)") && matches("é*", "éa"));
    }
}
