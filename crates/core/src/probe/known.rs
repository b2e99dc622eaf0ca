//! What is known about the training before it begins.

use crate::axes::StochasticSpaces;
use constinit_symmetry::{
    Optimizer, Partition, PlannedBreak, SymmetryBreaker, TrainingFacts, UnitIndex,
};
use std::borrow::Cow;

/// What the user said about the training, and what the trace of the module shows.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub facts: Option<TrainingFacts>,
    stochastic: StochasticSpaces,
}

impl Known {
    pub fn stochastic(stochastic: StochasticSpaces) -> Self {
        Self { facts: None, stochastic }
    }

    pub fn with(self, facts: TrainingFacts) -> Self {
        Self { facts: Some(self.stochastic.added_to(facts)), ..self }
    }

    /// What will separate units of a space that are in one class. `classes` is None if the classes are not known.
    pub fn breakers(&self, space: &str, classes: Option<&Partition>) -> Vec<SymmetryBreaker> {
        match classes {
            Some(classes) => self.breaking().breakers_in(space, classes),
            None => self.breaking().breakers(space),
        }
    }

    /// What can have separated two units of a space. Of changes at known steps, only those count for which `acts` is
    /// true.
    pub fn causes(
        &self,
        space: &str,
        units: [UnitIndex; 2],
        acts: impl Fn(&PlannedBreak) -> bool,
    ) -> Vec<SymmetryBreaker> {
        let mut all = self.breaking().breakers_of(space, &units);
        all.retain(|breaker| breaker.planned().is_none_or(&acts));
        all
    }

    fn breaking(&self) -> Cow<'_, TrainingFacts> {
        match &self.facts {
            Some(facts) => Cow::Borrowed(facts),
            // Dropout and noise break classes under every optimizer, so any optimizer will do.
            None => Cow::Owned(self.stochastic.added_to(TrainingFacts::new(Optimizer::Sgd))),
        }
    }
}
