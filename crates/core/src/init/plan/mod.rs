//! Which parameter gets which initialiser: rules by path.
//!
//! ```
//! use constinit_core::init::{Init, InitPlan, InitRule};
//! use constinit_symmetry::{AxesSpec, layers};
//!
//! let spec = AxesSpec::builder()
//!     .space("hidden", 4)
//!     .layer(layers::dense("a", "", "hidden").input_first())
//!     .layer(layers::dense("b", "hidden", "").input_first().without_bias())
//!     .build([("a.weight", &[3, 4][..]), ("a.bias", &[4]), ("b.weight", &[4, 2])])?;
//! let plan = InitPlan::new(7)
//!     .rule(InitRule::glob("*.bias", Init::Zeros))
//!     .rule(InitRule::glob("a.weight", Init::normal(0.0, 1.0).symmetrised(2)))
//!     .rule(InitRule::glob("**", Init::constant(0.5)));
//!
//! // Which units will be equal, before anything is allocated.
//! let predicted = plan.predict(&spec)?;
//! assert_eq!(predicted.spaces[0].to_string(), "hidden: 4 units, 2 classes");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod dependence;
mod module;
mod parameter;
mod predict;
mod prediction;
mod report;
mod rule;
mod values;

pub use module::FilledParameter;
pub use parameter::PlannedParameter;
pub use prediction::{PredictedSpace, Prediction};
pub use report::{InitReport, InitRow};
pub use rule::InitRule;

use super::layout::Layout;
use super::{Init, Reason, RngKey};
use crate::{Entries, Error};
use constinit_symmetry::AxesSpec;
use serde::{Deserialize, Serialize};

/// What happens if rules and parameters do not fit each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unmatched {
    /// It is an error.
    #[default]
    Refuse,
    /// A rule without parameters does nothing, a parameter without a rule stays as it is.
    Allow,
}

/// Ordered rules; the first that matches a parameter fills it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InitPlan {
    /// The seed of all random numbers.
    #[serde(default)]
    pub seed: u64,
    /// The rules, in order.
    #[serde(default, rename = "init")]
    pub rules: Vec<InitRule>,
    /// Rules that no parameter needs, because none matches or because an earlier rule fills all that do.
    #[serde(default)]
    pub unused_rules: Unmatched,
    /// Parameters that no rule matches.
    #[serde(default)]
    pub other_parameters: Unmatched,
}

impl InitPlan {
    /// A plan without rules.
    pub fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Adds a rule after all others.
    #[must_use]
    pub fn rule(mut self, rule: InitRule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Leaves parameters that no rule matches as they are.
    #[must_use]
    pub fn keeping_others(self) -> Self {
        Self { other_parameters: Unmatched::Allow, ..self }
    }

    /// Allows rules that no parameter needs.
    #[must_use]
    pub fn with_spare_rules(self) -> Self {
        Self { unused_rules: Unmatched::Allow, ..self }
    }

    /// The rule of every parameter.
    ///
    /// # Errors
    ///
    /// [`Error::Plan`] for a rule that cannot be understood, is not used, or asks for something that is not known, and
    /// for a parameter without a rule.
    fn assign(&self, parameters: &[PlannedParameter]) -> Result<Vec<Option<usize>>, Error> {
        let matchers = self.matchers()?;
        let mut used = vec![false; matchers.len()];
        let mut assigned = Vec::with_capacity(parameters.len());
        for parameter in parameters {
            let mut found = None;
            for (number, matcher) in matchers.iter().enumerate() {
                if matcher.matches(parameter)? {
                    found = Some(number);
                    break;
                }
            }
            match found {
                Some(number) => used[number] = true,
                None if self.other_parameters == Unmatched::Allow => {}
                None => {
                    return Err(Error::Plan {
                        reason: format!("no rule matches parameter {}", parameter.path),
                    });
                }
            }
            assigned.push(found);
        }
        if self.unused_rules == Unmatched::Refuse
            && let Some(number) = used.iter().position(|used| !used)
        {
            let rule = &self.rules[number];
            let mut met = false;
            for parameter in parameters {
                met = met || matchers[number].matches(parameter)?;
            }
            let why = if met {
                "earlier rules fill every parameter that it matches".to_owned()
            } else {
                let known: Vec<&str> = parameters.iter().map(|s| s.path.as_str()).collect();
                format!("it matches no parameter of {}", known.join(", "))
            };
            return Err(Error::Plan { reason: format!("rule {} ({rule}): {why}", number + 1) });
        }
        Ok(assigned)
    }

    /// The number of the rule of every parameter of a spec, in its order; None if none matches. Assumes single
    /// precision, and makes no entries.
    ///
    /// # Errors
    ///
    /// Those of [`InitPlan::predict`], except for parameters that no rule matches if the plan allows them.
    pub fn check(&self, spec: &AxesSpec) -> Result<Vec<Option<usize>>, Error> {
        let parameters = PlannedParameter::of_spec(spec);
        let assigned = self.assign(&parameters)?;
        for (parameter, number) in parameters.iter().zip(&assigned) {
            if let Some(number) = *number {
                let layout = self.layout(number, parameter)?;
                let form = self.init(number).form(&layout, &self.key(parameter));
                let form = form.map_err(|reason| self.refusal(number, parameter, reason))?;
                if let Some(value) = form.values().iter().find(|v| !(**v as f32).is_finite()) {
                    let reason = Reason::TooLarge { value: *value };
                    return Err(self.refusal(number, parameter, reason));
                }
            }
        }
        Ok(assigned)
    }

    /// The layout of a parameter that no rule fills, by its own axes.
    fn plain_layout(&self, parameter: &PlannedParameter) -> Result<Layout, Error> {
        Layout::new(&parameter.shape, parameter.axes).ok_or_else(|| Error::Plan {
            reason: format!("{}: more entries than can be counted", parameter.path),
        })
    }

    fn layout(&self, number: usize, parameter: &PlannedParameter) -> Result<Layout, Error> {
        let axes = self.rules[number].axes(parameter);
        Layout::new(&parameter.shape, axes)
            .ok_or_else(|| self.refusal(number, parameter, Reason::TooManyEntries))
    }

    fn matchers(&self) -> Result<Vec<rule::Matcher<'_>>, Error> {
        self.rules.iter().enumerate().map(|(number, rule)| rule.matcher(number)).collect()
    }

    /// The rule of every parameter. A parameter without a rule is an error, since its values are not known.
    fn assign_all(&self, parameters: &[PlannedParameter]) -> Result<Vec<usize>, Error> {
        let assigned = parameters.iter().zip(self.assign(parameters)?);
        let rule = |(parameter, number): (&PlannedParameter, Option<usize>)| {
            number.ok_or_else(|| {
                let path = &parameter.path;
                let reason =
                    format!("no rule matches parameter {path}, whose values are not known");
                Error::Plan { reason }
            })
        };
        assigned.map(rule).collect()
    }

    /// The entries with which a rule fills a parameter, in the parameter's element type.
    fn filling(&self, number: usize, parameter: &PlannedParameter) -> Result<Entries, Error> {
        let rule = &self.rules[number];
        let (shape, float) = (&parameter.shape, parameter.float);
        let made = rule.init.entries(shape, rule.axes(parameter), &self.key(parameter), float);
        let entries = made.map_err(|error| self.named(number, parameter, &error))?;
        match entries.first_non_finite(float) {
            Some((entry, value)) => {
                let reason = Reason::EntryNotFinite { entry, value, float };
                Err(self.refusal(number, parameter, reason))
            }
            None => Ok(entries),
        }
    }

    fn key(&self, parameter: &PlannedParameter) -> RngKey {
        RngKey::new(self.seed, parameter.path.as_str())
    }

    /// The error of a rule whose initialiser cannot fill a parameter.
    fn refusal(&self, number: usize, parameter: &PlannedParameter, reason: Reason) -> Error {
        self.named(number, parameter, &self.init(number).refuse(&parameter.shape, reason))
    }

    /// An error of the initialiser of a rule, with the names of the rule and of the parameter.
    fn named(&self, number: usize, parameter: &PlannedParameter, error: &Error) -> Error {
        let (rule, path) = (&self.rules[number], &parameter.path);
        Error::Plan { reason: format!("rule {} ({rule}) for {path}: {error}", number + 1) }
    }

    fn init(&self, number: usize) -> &Init {
        &self.rules[number].init
    }
}
