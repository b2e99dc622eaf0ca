//! What is known of the training before it begins.

use crate::axes::StochasticSpaces;
use constinit_symmetry::{Optimizer, SymmetryBreaker, TrainingFacts};

/// What the user said of the training, and what the trace of the module saw.
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

    /// What will separate the units of a space.
    pub fn breakers(&self, space: &str) -> Vec<SymmetryBreaker> {
        match &self.facts {
            Some(facts) => facts.breakers(space),
            // What is drawn breaks classes under every optimizer: any will do.
            None => self.stochastic.added_to(TrainingFacts::new(Optimizer::Sgd)).breakers(space),
        }
    }
}
