//! What is certified.
#![deny(clippy::wildcard_enum_match_arm)]

use std::fmt;

use super::facts::SymmetryBreaker;
use super::rules::{Decay, Invariant, Optimizer, Preservation, keeps};
use crate::space::{ClassId, SpaceId};

/// Whether a class outlives training, in exact arithmetic.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// For any number of steps, any data and any learning rate.
    Kept,
    /// Nothing known protects it from what is listed, which separates units in general. (A block with more symmetry
    /// than its sums show, a circulant one say, can be kept by that; it is not looked for.)
    Broken(Vec<SymmetryBreaker>),
    /// No claim is made: the classes are only forward-lumpable, or alike only after normalising.
    Open,
}

/// What is certified of one class.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    pub(super) space: SpaceId,
    pub(super) class: ClassId,
    pub(super) units: usize,
    pub(super) invariant: Option<Invariant>,
    pub(super) verdict: Verdict,
    pub(super) sentence: String,
}

impl Claim {
    /// The space of the class.
    pub fn space(&self) -> SpaceId {
        self.space
    }

    /// The class.
    pub fn class(&self) -> ClassId {
        self.class
    }

    /// How many units it has.
    pub fn units(&self) -> usize {
        self.units
    }

    /// What keeps it; `None` where nothing is known to.
    pub fn invariant(&self) -> Option<Invariant> {
        self.invariant
    }

    /// Whether it outlives training under the given facts.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// The optimizers and decays under which the class would be kept, if nothing else told its units apart.
    pub fn kept_by(&self) -> impl Iterator<Item = (Optimizer, Decay)> + use<> {
        let invariant = self.invariant;
        let all = Optimizer::ALL.into_iter().flat_map(|o| Decay::ALL.map(|d| (o, d)));
        all.filter(move |&(o, d)| {
            invariant.is_some_and(|invariant| keeps(invariant, o, d) == Preservation::Kept)
        })
    }

    /// The same for people.
    pub fn sentence(&self) -> &str {
        &self.sentence
    }
}

/// What is certified of every class of two or more units.
#[derive(Clone, Debug, PartialEq)]
pub struct Certificate {
    pub(super) claims: Vec<Claim>,
    pub(super) unknown_spaces: Vec<String>,
}

impl Certificate {
    /// One claim for every class of two or more units, by space and class.
    pub fn claims(&self) -> &[Claim] {
        &self.claims
    }

    /// The claim about a class; `None` for a class of one unit, which training cannot separate.
    pub fn claim(&self, space: SpaceId, class: ClassId) -> Option<&Claim> {
        self.claims.iter().find(|claim| (claim.space, claim.class) == (space, class))
    }

    /// Whether every class is kept.
    pub fn holds(&self) -> bool {
        self.claims.iter().all(|claim| claim.verdict == Verdict::Kept)
    }

    /// Names of the facts that are no spaces of the network. Nothing follows from such a fact, so look at this first.
    pub fn unknown_spaces(&self) -> &[String] {
        &self.unknown_spaces
    }
}

/// One sentence a line.
impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for claim in &self.claims {
            writeln!(f, "{}", claim.sentence)?;
        }
        for name in &self.unknown_spaces {
            writeln!(f, "The network has no space {name}; the facts about it have no effect.")?;
        }
        Ok(())
    }
}
