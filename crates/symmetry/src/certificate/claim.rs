//! Certified statements about classes.
#![deny(clippy::wildcard_enum_match_arm)]

use std::fmt;

use super::facts::SymmetryBreaker;
use super::rules::{Decay, Invariant, Optimizer, Preservation, keeps};
use crate::space::{ClassId, SpaceId};

/// Whether training keeps a class, in exact arithmetic.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// Training keeps the class for any number of steps, any data and any learning rate.
    Kept,
    /// Nothing known protects the class from the listed causes, which separate units in general. (A block with more
    /// symmetry than its sums show, such as a circulant block, may still be kept; the certificate does not search for
    /// it.)
    Broken(Vec<SymmetryBreaker>),
    /// No claim: the classes are only forward-lumpable, or equal only after normalising.
    Open,
}

/// The certified statement about one class.
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

    /// The number of its units.
    pub fn units(&self) -> usize {
        self.units
    }

    /// What keeps it; `None` if nothing is known to keep it.
    pub fn invariant(&self) -> Option<Invariant> {
        self.invariant
    }

    /// Whether training with the given facts keeps it.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// The optimizers and decays under which the class would be kept, if nothing else distinguished its units.
    pub fn kept_by(&self) -> impl Iterator<Item = (Optimizer, Decay)> + use<> {
        let invariant = self.invariant;
        let all = Optimizer::ALL.into_iter().flat_map(|o| Decay::ALL.map(|d| (o, d)));
        all.filter(move |&(o, d)| {
            invariant.is_some_and(|invariant| keeps(invariant, o, d) == Preservation::Kept)
        })
    }

    /// The claim as a sentence.
    pub fn sentence(&self) -> &str {
        &self.sentence
    }
}

/// The certified statements about every class of two or more units.
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

    /// Names in the facts that are not spaces of the network. Such a fact has no effect, so check this list first.
    pub fn unknown_spaces(&self) -> &[String] {
        &self.unknown_spaces
    }
}

/// The sentences of the claims, one per line.
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
