//! Which parameter gets which initialiser: rules by path.
//!
//! ```
//! use burn_ndarray::NdArray;
//! use constinit::ConstInitConfig;
//! use constinit::init::{Init, InitPlan, Rule};
//!
//! let net = ConstInitConfig::new(vec![3, 4, 2]).init::<NdArray>(&Default::default());
//! let plan = InitPlan::new(7)
//!     .rule(Rule::glob("layers.*.bias", Init::Zeros))
//!     .rule(Rule::glob("layers.0.weight", Init::normal(0.0, 1.0).symmetrised(2)))
//!     .rule(Rule::glob("**", Init::constant(0.5)));
//! let (net, report) = plan.apply(net)?;
//! assert_eq!(report.rows[0].path, "layers.0.weight");
//! assert_eq!((report.rows[2].rule, report.rows[2].mean), (Some(2), 0.5));
//!
//! // Before anything is allocated: which units will be the same unit.
//! let predicted = plan.predict(&net.axes()?)?;
//! assert_eq!(predicted.spaces[0].to_string(), "hidden1: 4 units, 2 classes");
//! # Ok::<(), constinit::Error>(())
//! ```

mod apply;
mod dependence;
mod predict;
mod prediction;
mod report;
mod rule;
mod subject;
mod values;

pub use prediction::{PredictedSpace, Prediction};
pub use report::{InitReport, InitRow};
pub use rule::{Orientation, Rule};

use super::layout::Layout;
use super::{Draw, Init};
use crate::Error;
use crate::params::first_non_finite;
use burn::tensor::TensorData;
use constinit_symmetry::AxesSpec;
use serde::{Deserialize, Serialize};
use subject::Subject;

/// What happens where rules and parameters do not meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// The seed of everything that is drawn.
    #[serde(default)]
    pub seed: u64,
    /// The rules, in order.
    #[serde(default, rename = "init")]
    pub rules: Vec<Rule>,
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
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Leaves parameters that no rule matches as they are.
    #[must_use]
    pub fn keeping_others(self) -> Self {
        Self { other_parameters: Unmatched::Allow, ..self }
    }

    /// Lets rules be there that no parameter needs.
    #[must_use]
    pub fn with_spare_rules(self) -> Self {
        Self { unused_rules: Unmatched::Allow, ..self }
    }

    /// The rule of every parameter.
    ///
    /// # Errors
    ///
    /// [`Error::Plan`] for a rule that cannot be understood, is not used, or asks for what is not known, and for a
    /// parameter without a rule.
    fn assign(&self, subjects: &[Subject]) -> Result<Vec<Option<usize>>, Error> {
        let matchers = self.matchers()?;
        let mut used = vec![false; matchers.len()];
        let mut assigned = Vec::with_capacity(subjects.len());
        for subject in subjects {
            let mut found = None;
            for (number, matcher) in matchers.iter().enumerate() {
                if matcher.matches(subject)? {
                    found = Some(number);
                    break;
                }
            }
            match found {
                Some(number) => used[number] = true,
                None if self.other_parameters == Unmatched::Allow => {}
                None => {
                    return Err(Error::Plan {
                        reason: format!("no rule matches parameter {}", subject.path),
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
            for subject in subjects {
                met = met || matchers[number].matches(subject)?;
            }
            let why = if met {
                "earlier rules fill every parameter that it matches".to_owned()
            } else {
                let known: Vec<&str> = subjects.iter().map(|s| s.path.as_str()).collect();
                format!("it matches no parameter of {}", known.join(", "))
            };
            return Err(Error::Plan { reason: format!("rule {} ({rule}): {why}", number + 1) });
        }
        Ok(assigned)
    }

    /// The number of the rule of every parameter of a spec, in its order; None where none matches. For single precision,
    /// and without making entries.
    ///
    /// # Errors
    ///
    /// As [`InitPlan::predict`], except for parameters that no rule matches where the plan allows them.
    pub fn check(&self, spec: &AxesSpec) -> Result<Vec<Option<usize>>, Error> {
        let subjects = subject::of_spec(spec);
        let assigned = self.assign(&subjects)?;
        for (subject, number) in subjects.iter().zip(&assigned) {
            if let Some(number) = *number {
                let layout = self.layout(number, subject)?;
                let form = self.init(number).form(&layout, &self.draw(subject));
                let form = form.map_err(|reason| self.refusal(number, subject, &reason))?;
                if let Some(value) = form.values().iter().find(|v| !(**v as f32).is_finite()) {
                    let reason = format!("{value:e} is too large for single precision");
                    return Err(self.refusal(number, subject, &reason));
                }
            }
        }
        Ok(assigned)
    }

    /// A parameter that no rule fills, by its own axes.
    fn plain_layout(&self, subject: &Subject) -> Result<Layout, Error> {
        Layout::new(&subject.shape, subject.axes).ok_or_else(|| Error::Plan {
            reason: format!("{}: more entries than can be counted", subject.path),
        })
    }

    fn layout(&self, number: usize, subject: &Subject) -> Result<Layout, Error> {
        let axes = self.rules[number].axes(subject);
        Layout::new(&subject.shape, axes)
            .ok_or_else(|| self.refusal(number, subject, "more entries than can be counted"))
    }

    fn matchers(&self) -> Result<Vec<rule::Matcher<'_>>, Error> {
        self.rules.iter().enumerate().map(|(number, rule)| rule.matcher(number)).collect()
    }

    /// The rule of every parameter, where none may be without: what is kept has values that are not known.
    fn assign_all(&self, subjects: &[Subject]) -> Result<Vec<usize>, Error> {
        let assigned = subjects.iter().zip(self.assign(subjects)?);
        let rule = |(subject, number): (&Subject, Option<usize>)| {
            number.ok_or_else(|| {
                let path = &subject.path;
                let reason =
                    format!("no rule matches parameter {path}, whose values are not known");
                Error::Plan { reason }
            })
        };
        assigned.map(rule).collect()
    }

    /// What a rule fills a parameter with, in the parameter's element type.
    fn filling(&self, number: usize, subject: &Subject) -> Result<TensorData, Error> {
        let rule = &self.rules[number];
        let made =
            rule.init.data(&subject.shape, rule.axes(subject), &self.draw(subject), subject.dtype);
        let data = made.map_err(|error| self.named(number, subject, &error))?;
        match first_non_finite(&data) {
            Some((entry, value)) => {
                let reason = format!("its entry {entry} is {value} as {:?}", subject.dtype);
                Err(self.refusal(number, subject, &reason))
            }
            None => Ok(data),
        }
    }

    fn draw(&self, subject: &Subject) -> Draw {
        Draw::new(self.seed, subject.path.as_str())
    }

    /// That the initialiser of a rule cannot fill a parameter.
    fn refusal(&self, number: usize, subject: &Subject, reason: &str) -> Error {
        self.named(number, subject, &self.init(number).refuse(&subject.shape, reason))
    }

    /// An error of the initialiser of a rule, with the names of the rule and of the parameter.
    fn named(&self, number: usize, subject: &Subject, error: &Error) -> Error {
        let (rule, path) = (&self.rules[number], &subject.path);
        Error::Plan { reason: format!("rule {} ({rule}) for {path}: {error}", number + 1) }
    }

    fn init(&self, number: usize) -> &Init {
        &self.rules[number].init
    }
}
