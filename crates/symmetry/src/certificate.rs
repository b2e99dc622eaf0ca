//! What keeps the classes during training, and what breaks them: an answer in exact arithmetic, with a sentence for
//! people.
//!
//! Two things keep a class. *Twins* are kept by symmetry: the gradient is alike for both, so any update that treats
//! all entries alike keeps them. An *equitable* class is kept by a narrower argument. Write a weight block as its mean
//! plus a deviation whose sums over classes vanish, W = M + D. The gradient G depends on M only and is block-constant,
//! so D changes only through terms that depend on W itself:
//!
//! ```text
//! SGD, momentum             W' = W - lr G               D' = D                       kept
//! Adam, RMSProp, AdaGrad    W' = W - lr f(G, G, ...)    D' = D, f acts entry by entry   kept
//! decoupled decay           W' = (1 - lr λ) W - ...     D' = (1 - lr λ) D            kept
//! coupled decay, SGD        G + λ W, linear             D' = (linear factor) D       kept
//! coupled decay, Adam etc.  f(G + λ W), not linear      D' has other sums            broken
//! Muon                      p(G + λ W), p odd           p(G) + p(λ D)                kept
//! ```
//!
//! Muon's p is a polynomial of matrices, X ↦ aX + bXXᵀX + ..., of the whole matrix over its norm. It commutes with
//! permutations of rows and columns, so twins are kept; and since D's sums over classes vanish, G Dᵀ = 0 and Gᵀ D = 0,
//! so that p acts on G and D apart.
//!
//! Clipping by the global norm is one factor for all entries; clipping by value acts on the block-constant gradient.
//! Neither breaks a class, provided the decay is added after clipping, as usual.
//!
//! None of this is about rounding, which may separate units that exact arithmetic keeps together.

#![deny(clippy::wildcard_enum_match_arm)]

mod rules;

use std::collections::BTreeSet;
use std::fmt;

use crate::space::{ClassId, SpaceId};
use crate::symmetry::{SpaceSymmetry, Symmetry, SymmetryKind};

pub use rules::{Decay, Optimizer, Preservation, keeps};

/// What is known about a training run.
///
/// Spaces are named. A fact about a name that the network does not have is an error of the caller that
/// [`certificate`] reports in [`Certificate::unknown_spaces`].
///
/// ```
/// use constinit_symmetry::{Decay, Optimizer, TrainingFacts};
///
/// let facts = TrainingFacts::new(Optimizer::Adam).with_decay(Decay::Coupled).with_dropout("hidden1");
/// assert_eq!(facts.optimizer(), Optimizer::Adam);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainingFacts {
    optimizer: Optimizer,
    decay: Decay,
    dropout: BTreeSet<String>,
    noise: BTreeSet<String>,
    unit_rates: BTreeSet<String>,
    optimizer_state: BTreeSet<String>,
    unequal_targets: BTreeSet<String>,
}

impl TrainingFacts {
    /// Training with this optimizer, no decay, a fresh optimizer state, and nothing that tells units apart.
    pub fn new(optimizer: Optimizer) -> Self {
        Self {
            optimizer,
            decay: Decay::None,
            dropout: BTreeSet::new(),
            noise: BTreeSet::new(),
            unit_rates: BTreeSet::new(),
            optimizer_state: BTreeSet::new(),
            unequal_targets: BTreeSet::new(),
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

    /// With noise, drawn for each unit of a space, on its activations, gradients or parameters.
    pub fn with_noise(mut self, space: impl Into<String>) -> Self {
        self.noise.insert(space.into());
        self
    }

    /// With a learning rate or a decay of its own for each unit of a space (or a mask that trains only some of them).
    pub fn with_unit_rates(mut self, space: impl Into<String>) -> Self {
        self.unit_rates.insert(space.into());
        self
    }

    /// With an optimizer state (momentum, second moments) that differs between the units of a space.
    pub fn with_optimizer_state(mut self, space: impl Into<String>) -> Self {
        self.optimizer_state.insert(space.into());
        self
    }

    /// With targets, or a loss, that ask different things of the members of an output space.
    pub fn with_unequal_targets(mut self, space: impl Into<String>) -> Self {
        self.unequal_targets.insert(space.into());
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

    fn sets(&self) -> [(SymmetryBreaker, &BTreeSet<String>); 5] {
        [
            (SymmetryBreaker::Dropout, &self.dropout),
            (SymmetryBreaker::Noise, &self.noise),
            (SymmetryBreaker::UnitRates, &self.unit_rates),
            (SymmetryBreaker::OptimizerState, &self.optimizer_state),
            (SymmetryBreaker::UnequalTargets, &self.unequal_targets),
        ]
    }

    /// What tells the units of a space apart.
    pub fn breakers(&self, space: &str) -> Vec<SymmetryBreaker> {
        let named = self.sets().into_iter().filter(|(_, spaces)| spaces.contains(space));
        named.map(|(breaker, _)| breaker).collect()
    }
}

/// What breaks a class.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SymmetryBreaker {
    /// Dropout draws for each unit of the space.
    Dropout,
    /// Noise is drawn for each unit of the space.
    Noise,
    /// Units of the space have learning rates or decays of their own.
    UnitRates,
    /// The optimizer's state differs between units of the space.
    OptimizerState,
    /// The targets differ between the members of the space.
    UnequalTargets,
    /// The decay is added to the gradient before an optimizer that rescales entry by entry.
    CoupledDecay,
    /// Classes of another space, on which the sums of this class rest, are broken.
    Space(SpaceId),
}

impl fmt::Display for SymmetryBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dropout => "dropout",
            Self::Noise => "noise",
            Self::UnitRates => "learning rates of each unit's own",
            Self::OptimizerState => "an optimizer state that differs between units",
            Self::UnequalTargets => "unequal targets",
            Self::CoupledDecay => "coupled decay",
            Self::Space(_) => "the loss of another space's classes",
        })
    }
}

/// What keeps a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Invariant {
    /// Its units are twins.
    Twins,
    /// Its sums agree.
    Equitable,
}

/// Whether a class outlives training, in exact arithmetic.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    space: SpaceId,
    class: ClassId,
    units: usize,
    invariant: Option<Invariant>,
    verdict: Verdict,
    sentence: String,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    claims: Vec<Claim>,
    unknown_spaces: Vec<String>,
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
            writeln!(f, "There is no space {name}; what was said of it has no effect.")?;
        }
        Ok(())
    }
}

/// Says of every class of two or more units whether training keeps it, and why.
///
/// The claims are about exact arithmetic and hold for architectures that treat the members of a space alike:
/// componentwise activations, normalisation and softmax over whole spaces, sums and dot products over them. The
/// comparison must have been exact: for a result found [within a tolerance](crate::EqualityPolicy::within) the claims are
/// about the network with the spread removed.
///
/// Facts about a space break its classes. They break equitable classes of *other* spaces too, since those rest on sums
/// over the broken classes; twins rest on nothing else. Units that are alike up to sign or scale only are not certified.
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
///     "The 2 units of class 0 of hidden1 are twins, but nothing keeps dropout on hidden1 from separating them."
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
                claim(symmetry, space, ClassId::at(number), units.len(), facts, &broken)
            })
        })
        .collect();
    let known = |name: &&String| symmetry.spec().space_id(name).is_none();
    let named: BTreeSet<&String> =
        facts.sets().into_iter().flat_map(|(_, spaces)| spaces).filter(known).collect();
    Certificate { claims, unknown_spaces: named.into_iter().cloned().collect() }
}

/// Spaces with a class that the facts break directly.
fn broken_spaces(symmetry: &Symmetry, facts: &TrainingFacts) -> Vec<SpaceId> {
    let breaks = |space: &&SpaceSymmetry| {
        !space.partition().is_discrete() && !facts.breakers(space.name()).is_empty()
    };
    symmetry.spaces().iter().filter(breaks).map(SpaceSymmetry::id).collect()
}

fn claim(
    symmetry: &Symmetry,
    space: &SpaceSymmetry,
    class: ClassId,
    units: usize,
    facts: &TrainingFacts,
    broken: &[SpaceId],
) -> Claim {
    let normalized =
        symmetry.policy().normalization() != crate::equality_policy::Normalization::None;
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
    let mut breakers = facts.breakers(space.name());
    let preservation = invariant.map(|invariant| keeps(invariant, facts.optimizer, facts.decay));
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
        None if symmetry.kind() == SymmetryKind::ForwardLumpable => "compute the same now",
        None => "are alike only after normalising",
    };
    let (optimizer, decay) = (facts.optimizer, facts.decay);
    match verdict {
        Verdict::Kept => format!(
            "{subject} {state}, and {optimizer} with {decay} never separates them in exact arithmetic."
        ),
        Verdict::Broken(breakers) => {
            let causes: Vec<String> =
                breakers.iter().map(|breaker| cause(symmetry, space, breaker, facts)).collect();
            format!(
                "{subject} {state}, but nothing keeps {} from separating them.",
                causes.join(" and ")
            )
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
        SymmetryBreaker::Dropout => format!("dropout on {name}"),
        SymmetryBreaker::Noise => format!("noise on {name}"),
        SymmetryBreaker::UnitRates => format!("per-unit rates on {name}"),
        SymmetryBreaker::OptimizerState => {
            format!("an optimizer state that differs between units of {name}")
        }
        SymmetryBreaker::UnequalTargets => format!("unequal targets of {name}"),
        SymmetryBreaker::CoupledDecay => {
            format!("{}, which {} rescales entry by entry,", facts.decay, facts.optimizer)
        }
        SymmetryBreaker::Space(id) => {
            format!(
                "the loss of the classes of {}, which their sums rest on,",
                symmetry.spec().space(*id).name()
            )
        }
    }
}
