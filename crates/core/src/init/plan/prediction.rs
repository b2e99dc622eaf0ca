//! Which classes a plan will leave, and whether training keeps them.
#![deny(clippy::wildcard_enum_match_arm)]

use super::InitReport;
use constinit_symmetry::{
    Decay, Invariant, Optimizer, Partition, Preservation, SymmetryBreaker, TrainingFacts, keeps,
};
use std::fmt;

/// Which classes a plan will leave, and what parameters will get.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Prediction {
    /// One for each space of the spec.
    pub spaces: Vec<PredictedSpace>,
    /// What each parameter will get, in the order of the spec.
    pub parameters: InitReport,
    /// The paths of parameters whose values had to be made in full, since they are random or differ from place to
    /// place.
    pub generated: Vec<String>,
}

/// The twins of a space.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PredictedSpace {
    /// The name of the space.
    pub name: String,
    /// Which units will be twins.
    pub classes: Partition,
    pub(super) kept: Option<(Optimizer, Decay, Preservation, Vec<SymmetryBreaker>)>,
}

impl PredictedSpace {
    /// Whether the training that was given to [`Prediction::under`] keeps the classes; None if no training was given.
    pub fn is_kept(&self) -> Option<bool> {
        let (_, _, preservation, breakers) = self.kept.as_ref()?;
        match preservation {
            _ if !breakers.is_empty() => Some(false),
            Preservation::Kept => Some(true),
            Preservation::Broken => Some(false),
        }
    }
}

impl fmt::Display for PredictedSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (units, classes) = (self.classes.units(), self.classes.len());
        let s = |count: usize, one: &str, more: &str| {
            format!("{count} {}", if count == 1 { one } else { more })
        };
        write!(
            f,
            "{}: {}, {}",
            self.name,
            s(units, "unit", "units"),
            s(classes, "class", "classes")
        )?;
        let Some((optimizer, decay, preservation, breakers)) = &self.kept else { return Ok(()) };
        if classes == units {
            return Ok(());
        }
        if !breakers.is_empty() {
            let names: Vec<String> = breakers.iter().map(ToString::to_string).collect();
            return write!(f, ", broken by {}", names.join(" and "));
        }
        let verb = match preservation {
            Preservation::Kept => "kept by",
            Preservation::Broken => "broken by",
        };
        write!(f, ", {verb} {optimizer}")?;
        if *decay == Decay::None { Ok(()) } else { write!(f, " with {decay}") }
    }
}

impl Prediction {
    /// Adds whether a training keeps the classes.
    #[must_use]
    pub fn under(mut self, facts: &TrainingFacts) -> Self {
        let (optimizer, decay) = (facts.optimizer(), facts.decay());
        let preservation = keeps(Invariant::Twins, optimizer, decay);
        for space in &mut self.spaces {
            let breakers = facts.breakers_in(&space.name, &space.classes);
            space.kept = Some((optimizer, decay, preservation, breakers));
        }
        self
    }
}

impl fmt::Display for Prediction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spaces.iter().try_for_each(|space| writeln!(f, "{space}"))
    }
}
