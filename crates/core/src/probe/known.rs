//! What is known of the training before it begins.

use crate::axes::Drawn;
use constinit_symmetry::{Breaker, Optimizer, TrainingFacts};

/// What the user said of the training, and what the trace of the module saw.
#[derive(Debug, Default)]
pub struct Known {
    pub facts: Option<TrainingFacts>,
    drawn: Drawn,
}

impl Known {
    pub fn drawn(drawn: Drawn) -> Self {
        Self { facts: None, drawn }
    }

    pub fn with(self, facts: TrainingFacts) -> Self {
        Self { facts: Some(self.drawn.added_to(facts)), ..self }
    }

    /// What will tell the units of a space apart.
    pub fn breakers(&self, space: &str) -> Vec<Breaker> {
        match &self.facts {
            Some(facts) => facts.breakers(space),
            // What is drawn breaks classes under every optimizer: any will do.
            None => self.drawn.added_to(TrainingFacts::new(Optimizer::Sgd)).breakers(space),
        }
    }
}
