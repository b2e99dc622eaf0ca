//! Which optimizer with which decay keeps which kind of class.

use std::fmt;

use super::Invariant;

/// The optimizers that rules are known for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Optimizer {
    /// W' = W - lr G.
    Sgd,
    /// Heavy-ball or Nesterov momentum.
    SgdMomentum,
    /// Adam, AMSGrad included.
    Adam,
    /// Adam with decoupled decay.
    AdamW,
    /// RMSProp, centred or not, with or without momentum.
    RmsProp,
    /// AdaGrad.
    AdaGrad,
    /// Adan: each entry moves by the history of its own gradients and their differences.
    Adan,
    /// Muon: momentum of a matrix made orthogonal by an odd polynomial. What is no matrix is taken to be trained by AdamW.
    Muon,
}

impl Optimizer {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Sgd,
        Self::SgdMomentum,
        Self::Adam,
        Self::AdamW,
        Self::RmsProp,
        Self::AdaGrad,
        Self::Adan,
        Self::Muon,
    ];
}

impl fmt::Display for Optimizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sgd => "SGD",
            Self::SgdMomentum => "SGD with momentum",
            Self::Adam => "Adam",
            Self::AdamW => "AdamW",
            Self::RmsProp => "RMSProp",
            Self::AdaGrad => "AdaGrad",
            Self::Adan => "Adan",
            Self::Muon => "Muon",
        })
    }
}

/// How weights decay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decay {
    /// Not at all.
    #[default]
    None,
    /// W' = (1 - lr λ) W - update, beside the optimizer.
    Decoupled,
    /// G + λ W goes into the optimizer (L2 regularisation).
    Coupled,
}

impl Decay {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::None, Self::Decoupled, Self::Coupled];
}

impl fmt::Display for Decay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "no decay",
            Self::Decoupled => "decoupled decay",
            Self::Coupled => "coupled decay",
        })
    }
}

/// What one optimizer with one decay does to one kind of class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Preservation {
    /// Exact arithmetic keeps the class.
    Kept,
    /// The update separates its units in general.
    Broken,
}

/// Whether exact arithmetic keeps a class when nothing else tells its units apart.
///
/// ```
/// use constinit_symmetry::{Preservation, Decay, Invariant, Optimizer, keeps};
///
/// assert_eq!(keeps(Invariant::Twins, Optimizer::Adam, Decay::Coupled), Preservation::Kept);
/// assert_eq!(keeps(Invariant::Equitable, Optimizer::Adam, Decay::Coupled), Preservation::Broken);
/// assert_eq!(keeps(Invariant::Equitable, Optimizer::Sgd, Decay::Coupled), Preservation::Kept);
/// assert_eq!(keeps(Invariant::Equitable, Optimizer::Muon, Decay::Coupled), Preservation::Kept);
/// ```
pub fn keeps(invariant: Invariant, optimizer: Optimizer, decay: Decay) -> Preservation {
    let linear = matches!(optimizer, Optimizer::Sgd | Optimizer::SgdMomentum);
    match (invariant, optimizer, decay) {
        // The same function of the same numbers for both twins, whatever the function; Muon's commutes with swaps.
        (Invariant::Twins, _, _) => Preservation::Kept,
        // The update depends on block-constant gradients only, and decoupled decay shrinks all deviations alike.
        (Invariant::Equitable, _, Decay::None | Decay::Decoupled) => Preservation::Kept,
        // A sum of past gradients and past weights: deviations are multiplied by one number for all entries.
        (Invariant::Equitable, _, Decay::Coupled) if linear => Preservation::Kept,
        // An odd polynomial p of G + D acts on the two apart, p(G + D) = p(G) + p(D), since G Dᵀ = 0 and Gᵀ D = 0 where
        // the sums of D over classes vanish. The sums of p(D) = D (...) D vanish, too.
        (Invariant::Equitable, Optimizer::Muon, Decay::Coupled) => Preservation::Kept,
        // Entries of different weight get different updates, whose sums agree only by accident.
        (Invariant::Equitable, _, Decay::Coupled) => Preservation::Broken,
    }
}
