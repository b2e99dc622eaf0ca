//! What is known about a training run, and which of these facts distinguish units.
#![deny(clippy::wildcard_enum_match_arm)]

use std::collections::BTreeSet;
use std::fmt;

use super::planned::PlannedBreak;
use super::rules::{Decay, Optimizer};
use crate::partition::Partition;
use crate::space::{SpaceId, UnitIndex};

/// What is known about a training run.
///
/// Facts refer to spaces by name. If the network has no space of a name, [`certificate`](crate::certificate()) reports
/// the name in [`unknown_spaces`](crate::Certificate::unknown_spaces).
///
/// ```
/// use constinit_symmetry::{Decay, Optimizer, TrainingFacts};
///
/// let facts = TrainingFacts::new(Optimizer::Adam).with_decay(Decay::Coupled).with_dropout("hidden1");
/// assert_eq!(facts.optimizer(), Optimizer::Adam);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingFacts {
    optimizer: Optimizer,
    decay: Decay,
    dropout: BTreeSet<String>,
    noise: BTreeSet<String>,
    unit_rates: BTreeSet<String>,
    optimizer_state: BTreeSet<String>,
    unequal_targets: BTreeSet<String>,
    planned: Vec<PlannedBreak>,
}

impl TrainingFacts {
    /// Training with this optimizer, no decay, a fresh optimizer state, and no facts that distinguish units.
    pub fn new(optimizer: Optimizer) -> Self {
        Self {
            optimizer,
            decay: Decay::None,
            dropout: BTreeSet::new(),
            noise: BTreeSet::new(),
            unit_rates: BTreeSet::new(),
            optimizer_state: BTreeSet::new(),
            unequal_targets: BTreeSet::new(),
            planned: Vec::new(),
        }
    }

    /// With weight decay.
    pub fn with_decay(self, decay: Decay) -> Self {
        Self { decay, ..self }
    }

    /// With dropout on the units of a space.
    pub fn with_dropout(mut self, space: impl Into<String>) -> Self {
        self.dropout.insert(space.into());
        self
    }

    /// With noise on the activations, gradients or parameters of a space, drawn for each unit.
    pub fn with_noise(mut self, space: impl Into<String>) -> Self {
        self.noise.insert(space.into());
        self
    }

    /// With learning rates or decays that differ between the units of a space (or a mask that trains only some of them).
    pub fn with_unit_rates(mut self, space: impl Into<String>) -> Self {
        self.unit_rates.insert(space.into());
        self
    }

    /// With an optimizer state (momentum, second moments) that differs between the units of a space.
    pub fn with_optimizer_state(mut self, space: impl Into<String>) -> Self {
        self.optimizer_state.insert(space.into());
        self
    }

    /// With targets or a loss that differ between the members of an output space.
    pub fn with_unequal_targets(mut self, space: impl Into<String>) -> Self {
        self.unequal_targets.insert(space.into());
        self
    }

    /// With a change at a known step.
    pub fn with_planned(mut self, planned: PlannedBreak) -> Self {
        self.planned.push(planned);
        self
    }

    /// The optimizer.
    pub fn optimizer(&self) -> Optimizer {
        self.optimizer
    }

    /// The weight decay.
    pub fn decay(&self) -> Decay {
        self.decay
    }

    /// The changes at known steps, in the order in which they were given.
    pub fn planned(&self) -> &[PlannedBreak] {
        &self.planned
    }

    /// The names of all spaces that the facts mention.
    pub(super) fn named_spaces(&self) -> impl Iterator<Item = &str> {
        let sets = self.sets().into_iter().flat_map(|(_, spaces)| spaces).map(String::as_str);
        sets.chain(self.planned.iter().map(PlannedBreak::space))
    }

    /// Each kind of fact that distinguishes units, with the names of the spaces that it concerns.
    fn sets(&self) -> [(SymmetryBreaker, &BTreeSet<String>); 5] {
        [
            (SymmetryBreaker::Dropout, &self.dropout),
            (SymmetryBreaker::Noise, &self.noise),
            (SymmetryBreaker::UnitRates, &self.unit_rates),
            (SymmetryBreaker::OptimizerState, &self.optimizer_state),
            (SymmetryBreaker::UnequalTargets, &self.unequal_targets),
        ]
    }

    /// What distinguishes units of a space at any step, no matter which units.
    pub fn breakers(&self, space: &str) -> Vec<SymmetryBreaker> {
        let named = self.sets().into_iter().filter(|(_, spaces)| spaces.contains(space));
        let reaching =
            self.planned.iter().filter(|planned| planned.reached().iter().any(|s| s == space));
        named
            .map(|(breaker, _)| breaker)
            .chain(reaching.cloned().map(SymmetryBreaker::Planned))
            .collect()
    }

    /// What distinguishes some of these units of a space from the others.
    pub fn breakers_of(&self, space: &str, units: &[UnitIndex]) -> Vec<SymmetryBreaker> {
        self.breakers_where(space, |planned| planned.separates(space, units))
    }

    /// What distinguishes units within some class of a space.
    pub fn breakers_in(&self, space: &str, classes: &Partition) -> Vec<SymmetryBreaker> {
        self.breakers_where(space, |planned| {
            classes.classes().any(|units| planned.separates(space, units))
        })
    }

    fn breakers_where(
        &self,
        space: &str,
        separates: impl Fn(&PlannedBreak) -> bool,
    ) -> Vec<SymmetryBreaker> {
        let mut all = self.breakers(space);
        all.retain(|breaker| breaker.planned().is_none_or(&separates));
        all
    }
}

/// What breaks a class.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SymmetryBreaker {
    /// Dropout is drawn for each unit of the space.
    Dropout,
    /// Noise is drawn for each unit of the space.
    Noise,
    /// Learning rates or decays differ between units of the space.
    UnitRates,
    /// The optimizer's state differs between units of the space.
    OptimizerState,
    /// The targets differ between the members of the space.
    UnequalTargets,
    /// The decay is added to the gradient, and then the optimizer rescales entry by entry.
    CoupledDecay,
    /// Classes of another space are broken, and the sums of this class depend on them.
    Space(SpaceId),
    /// A change at a known step.
    Planned(PlannedBreak),
}

impl SymmetryBreaker {
    /// The change at a known step, if this is one.
    pub fn planned(&self) -> Option<&PlannedBreak> {
        match self {
            Self::Planned(planned) => Some(planned),
            Self::Dropout
            | Self::Noise
            | Self::UnitRates
            | Self::OptimizerState
            | Self::UnequalTargets
            | Self::CoupledDecay
            | Self::Space(_) => None,
        }
    }
}

impl fmt::Display for SymmetryBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dropout => "dropout",
            Self::Noise => "noise",
            Self::UnitRates => "per-unit learning rates",
            Self::OptimizerState => "an optimizer state that differs between units",
            Self::UnequalTargets => "unequal targets",
            Self::CoupledDecay => "coupled decay",
            Self::Space(_) => "the break of another space's classes",
            Self::Planned(planned) => return planned.fmt(f),
        })
    }
}
