//! What keeps the classes during training, and what breaks them: claims in exact arithmetic, each with a sentence for
//! users.
//!
//! There are two arguments that training keeps a class. *Twins* are kept by symmetry: both get the same gradient, so
//! any update that treats all entries equally keeps them. The argument for an *equitable* class is narrower. Write a
//! weight block as its mean plus a deviation whose sums over classes vanish, W = M + D. The gradient G depends on M
//! only and is block-constant, so D changes only through terms that depend on W itself:
//!
//! ```text
//! SGD, momentum             W' = W - lr G               D' = D                        kept
//! Adam, RMSProp, AdaGrad    W' = W - lr f(G, G, ...)    D' = D, f acts by entries     kept
//! Lion                      W' = W - lr sign(...)       D' = D, equal signs           kept
//! decoupled decay           W' = (1 - lr λ) W - ...     D' = (1 - lr λ) D             kept
//! coupled decay, SGD        G + λ W, linear             D' = (linear factor) D        kept
//! coupled decay, Adam etc.  f(G + λ W), not linear      D' has other sums             broken
//! Muon                      p(G + λ W), p odd           p(G) + p(λ D)                 kept
//! ```
//!
//! Muon's p is an odd polynomial of matrices, X ↦ aX + bXXᵀX + ..., applied to the whole matrix divided by its norm. It
//! commutes with permutations of rows and columns, so it keeps twins. Since D's sums over classes vanish, G Dᵀ = 0 and
//! Gᵀ D = 0, so p acts on G and D separately.
//!
//! Clipping by the global norm multiplies all entries by one factor. Clipping by value acts on the block-constant
//! gradient. Neither breaks a class, provided the decay is added after clipping, as usual.
//!
//! Rounding is not covered: it may separate units that exact arithmetic keeps equal.

#![deny(clippy::wildcard_enum_match_arm)]

mod claim;
mod facts;
mod planned;
mod rules;

use std::collections::BTreeSet;

use crate::equality_policy::Normalization;
use crate::space::{ClassId, SpaceId, UnitIndex};
use crate::symmetry::{SpaceSymmetry, Symmetry, SymmetryKind};

pub use claim::{Certificate, Claim, Verdict};
pub use facts::{SymmetryBreaker, TrainingFacts};
pub use planned::{PlannedBreak, PlannedChange};
pub use rules::{Decay, Invariant, Optimizer, Preservation, keeps};

/// States for every class of two or more units whether training keeps it, and why.
///
/// The claims are about exact arithmetic and hold for architectures that treat the members of a space equally:
/// componentwise activations, normalisation and softmax over whole spaces, sums and dot products over them. The
/// comparison must have been exact. For a result found [within a tolerance](crate::EqualityPolicy::within), the claims
/// are about the network with the spread removed.
///
/// Facts about a space break its classes. They also break equitable classes of *other* spaces, since those depend on
/// sums over the broken classes. Twins depend on no other class. Nothing is certified about units that are equal only
/// up to sign or scale.
///
/// # Examples
///
/// ```
/// use constinit_symmetry::{
///     AxesSpec, Decay, Optimizer, ParamView, TrainingFacts, Verdict, certificate, layers, twins,
/// };
///
/// let params = [
///     ParamView::new("l1.weight", &[2, 1], &[1.0_f32, 1.0])?,
///     ParamView::new("l2.weight", &[1, 2], &[3.0_f32, 3.0])?,
/// ];
/// let spec = AxesSpec::builder()
///     .space("hidden1", 2)
///     .layer(layers::dense("l1", "", "hidden1").without_bias())
///     .layer(layers::dense("l2", "hidden1", "").without_bias())
///     .build(params.iter().map(ParamView::signature))?;
/// let found = twins(&spec, &params)?;
///
/// let facts = TrainingFacts::new(Optimizer::Adam).with_decay(Decay::Coupled);
/// assert!(certificate(&found, &facts).holds());
/// let dropped = certificate(&found, &facts.with_dropout("hidden1"));
/// assert!(matches!(dropped.claims()[0].verdict(), Verdict::Broken(_)));
/// assert_eq!(
///     dropped.claims()[0].sentence(),
///     "The 2 units of class 0 of hidden1 are twins, but dropout on hidden1 can separate them."
/// );
/// # Ok::<(), constinit_symmetry::SymmetryError>(())
/// ```
pub fn certificate(symmetry: &Symmetry, facts: &TrainingFacts) -> Certificate {
    let broken = broken_spaces(symmetry, facts);
    let claims = symmetry
        .spaces()
        .iter()
        .flat_map(|space| {
            let classes = space.partition().classes().enumerate();
            classes.filter(|(_, units)| units.len() > 1).map(|(number, units)| {
                claim(symmetry, space, ClassId::at(number), units, facts, &broken)
            })
        })
        .collect();
    let unknown = |name: &&str| symmetry.spec().space_id(name).is_none();
    let named: BTreeSet<&str> = facts.named_spaces().filter(unknown).collect();
    Certificate { claims, unknown_spaces: named.into_iter().map(str::to_owned).collect() }
}

/// The spaces in which the facts break a class directly.
fn broken_spaces(symmetry: &Symmetry, facts: &TrainingFacts) -> Vec<SpaceId> {
    let breaks = |space: &&SpaceSymmetry| {
        !space.partition().is_discrete()
            && !facts.breakers_in(space.name(), space.partition()).is_empty()
    };
    symmetry.spaces().iter().filter(breaks).map(SpaceSymmetry::id).collect()
}

fn claim(
    symmetry: &Symmetry,
    space: &SpaceSymmetry,
    class: ClassId,
    units: &[UnitIndex],
    facts: &TrainingFacts,
    broken: &[SpaceId],
) -> Claim {
    let normalized = symmetry.policy().normalization() != Normalization::None;
    let invariant = if normalized {
        None
    } else if space.is_twin_class(class) {
        Some(Invariant::Twins)
    } else {
        match symmetry.kind() {
            SymmetryKind::Twins => Some(Invariant::Twins),
            SymmetryKind::Equitable => Some(Invariant::Equitable),
            SymmetryKind::ForwardLumpable => None,
        }
    };
    let mut breakers = facts.breakers_of(space.name(), units);
    let units = units.len();
    let preservation =
        invariant.map(|invariant| keeps(invariant, facts.optimizer(), facts.decay()));
    if invariant == Some(Invariant::Equitable) {
        let others = broken.iter().filter(|&&id| id != space.id());
        breakers.extend(others.map(|&id| SymmetryBreaker::Space(id)));
        if preservation == Some(Preservation::Broken) {
            breakers.push(SymmetryBreaker::CoupledDecay);
        }
    }
    let verdict = match preservation {
        None => Verdict::Open,
        Some(_) if breakers.is_empty() => Verdict::Kept,
        Some(_) => Verdict::Broken(breakers),
    };
    let sentence = sentence(symmetry, space, class, units, invariant, facts, &verdict);
    Claim { space: space.id(), class, units, invariant, verdict, sentence }
}

fn sentence(
    symmetry: &Symmetry,
    space: &SpaceSymmetry,
    class: ClassId,
    units: usize,
    invariant: Option<Invariant>,
    facts: &TrainingFacts,
    verdict: &Verdict,
) -> String {
    let subject = format!("The {units} units of class {class} of {}", space.name());
    let state = match invariant {
        Some(Invariant::Twins) => "are twins",
        Some(Invariant::Equitable) => "have different weights but equal sums over classes",
        None if symmetry.kind() == SymmetryKind::ForwardLumpable => "compute the same number now",
        None => "are equal only after normalising",
    };
    let (optimizer, decay) = (facts.optimizer(), facts.decay());
    match verdict {
        Verdict::Kept => format!(
            "{subject} {state}, and {optimizer} with {decay} never separates them in exact arithmetic."
        ),
        Verdict::Broken(breakers) => {
            let causes: Vec<String> =
                breakers.iter().map(|breaker| cause(symmetry, space, breaker, facts)).collect();
            format!("{subject} {state}, but {} can separate them.", causes.join(" and "))
        }
        Verdict::Open => format!("{subject} {state}; nothing is certified about training."),
    }
}

fn cause(
    symmetry: &Symmetry,
    space: &SpaceSymmetry,
    breaker: &SymmetryBreaker,
    facts: &TrainingFacts,
) -> String {
    let name = space.name();
    match breaker {
        SymmetryBreaker::Dropout | SymmetryBreaker::Noise | SymmetryBreaker::UnitRates => {
            format!("{breaker} on {name}")
        }
        SymmetryBreaker::OptimizerState | SymmetryBreaker::UnequalTargets => {
            format!("{breaker} of {name}")
        }
        SymmetryBreaker::Planned(planned) => planned.to_string(),
        SymmetryBreaker::CoupledDecay => {
            format!("{}, which {} rescales entry by entry,", facts.decay(), facts.optimizer())
        }
        SymmetryBreaker::Space(id) => {
            format!(
                "the break of the classes of {}, which their sums depend on,",
                symmetry.spec().space(*id).name()
            )
        }
    }
}
