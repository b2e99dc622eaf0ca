//! Which optimizer with which decay keeps which kind of class.
//!
//! No match here has a wildcard: a new optimizer does not compile until each of its facts is decided.

#![deny(clippy::wildcard_enum_match_arm)]

use std::fmt;

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
    /// Lion: each entry moves by the sign of a mean of its gradients; sign(0) = 0.
    Lion,
    /// Muon: momentum of a matrix made orthogonal by an odd polynomial. What is not a matrix is taken to be trained by
    /// AdamW.
    Muon,
}

impl Optimizer {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Sgd,
        Self::SgdMomentum,
        Self::Adam,
        Self::AdamW,
        Self::RmsProp,
        Self::AdaGrad,
        Self::Adan,
        Self::Lion,
        Self::Muon,
    ];

    /// Whether each entry moves by its own gradients and its own value alone. Then one entry of each block stands for
    /// the block, and a [`quotient`](crate::quotient()) takes the full network's path.
    ///
    /// ```
    /// use constinit_symmetry::Optimizer;
    ///
    /// assert!(Optimizer::Adam.acts_entry_by_entry());
    /// assert!(!Optimizer::Muon.acts_entry_by_entry()); // whole matrices
    /// ```
    pub fn acts_entry_by_entry(self) -> bool {
        match self {
            Self::Sgd
            | Self::SgdMomentum
            | Self::Adam
            | Self::AdamW
            | Self::RmsProp
            | Self::AdaGrad
            | Self::Adan
            | Self::Lion => true,
            Self::Muon => false,
        }
    }

    /// Whether the update is linear in the gradients. Then a small difference between units grows or shrinks at a
    /// [rate](crate::forecast) that the curvature tells.
    ///
    /// ```
    /// use constinit_symmetry::Optimizer;
    ///
    /// let linear: Vec<Optimizer> = Optimizer::ALL.into_iter().filter(|o| o.is_linear()).collect();
    /// assert_eq!(linear, [Optimizer::Sgd, Optimizer::SgdMomentum]);
    /// ```
    pub fn is_linear(self) -> bool {
        self.nonlinearity().is_none()
    }

    /// What an update that is not linear does with gradients, for sentences: `Adam` + `divides by ...`.
    pub(crate) fn nonlinearity(self) -> Option<&'static str> {
        match self {
            Self::Sgd | Self::SgdMomentum => None,
            Self::Adam | Self::AdamW | Self::RmsProp | Self::AdaGrad | Self::Adan | Self::Muon => {
                Some("divides by the size of gradients")
            }
            Self::Lion => Some("takes the signs of gradients"),
        }
    }
}

impl Optimizer {
    /// The name that people use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sgd => "SGD",
            Self::SgdMomentum => "SGD with momentum",
            Self::Adam => "Adam",
            Self::AdamW => "AdamW",
            Self::RmsProp => "RMSProp",
            Self::AdaGrad => "AdaGrad",
            Self::Adan => "Adan",
            Self::Lion => "Lion",
            Self::Muon => "Muon",
        }
    }
}

impl fmt::Display for Optimizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
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

/// What keeps a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Invariant {
    /// Its units are twins.
    Twins,
    /// Its sums agree.
    Equitable,
}

/// What one optimizer with one decay does to one kind of class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Preservation {
    /// Exact arithmetic keeps the class.
    Kept,
    /// The update separates its units in general.
    Broken,
}

/// Whether exact arithmetic keeps a class when nothing else distinguishes its units.
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
    match (invariant, decay) {
        (Invariant::Twins, Decay::None | Decay::Decoupled | Decay::Coupled) => {
            keeps_twins(optimizer)
        }
        (Invariant::Equitable, Decay::None | Decay::Decoupled) => keeps_block_means(optimizer),
        (Invariant::Equitable, Decay::Coupled) => keeps_sums_with_weights(optimizer),
    }
}

/// Twins have equal weights and equal gradients, with or without a decay.
fn keeps_twins(optimizer: Optimizer) -> Preservation {
    match optimizer {
        // The same function of the same numbers for both twins, whatever the function.
        Optimizer::Sgd
        | Optimizer::SgdMomentum
        | Optimizer::Adam
        | Optimizer::AdamW
        | Optimizer::RmsProp
        | Optimizer::AdaGrad
        | Optimizer::Adan
        | Optimizer::Lion => Preservation::Kept,
        // A polynomial of the matrix commutes with swaps of its rows and columns.
        Optimizer::Muon => Preservation::Kept,
    }
}

/// Equitable classes, where the update depends on block-constant gradients only. Decoupled decay multiplies all
/// deviations by one number.
fn keeps_block_means(optimizer: Optimizer) -> Preservation {
    match optimizer {
        // Equal gradients give equal updates, so that deviations stay.
        Optimizer::Sgd
        | Optimizer::SgdMomentum
        | Optimizer::Adam
        | Optimizer::AdamW
        | Optimizer::RmsProp
        | Optimizer::AdaGrad
        | Optimizer::Adan
        | Optimizer::Lion => Preservation::Kept,
        // A polynomial of a block-constant matrix is block-constant.
        Optimizer::Muon => Preservation::Kept,
    }
}

/// Equitable classes, where weights that differ within a block are added to the gradient.
fn keeps_sums_with_weights(optimizer: Optimizer) -> Preservation {
    match optimizer {
        // A sum of past gradients and past weights: deviations are multiplied by one number for all entries.
        Optimizer::Sgd | Optimizer::SgdMomentum => Preservation::Kept,
        // Entries of different weight get different updates, whose sums agree only by accident.
        Optimizer::Adam
        | Optimizer::AdamW
        | Optimizer::RmsProp
        | Optimizer::AdaGrad
        | Optimizer::Adan
        | Optimizer::Lion => Preservation::Broken,
        // An odd polynomial p of G + D is p(G) + p(D), since G Dᵀ = 0 and Gᵀ D = 0 where the sums of D over classes
        // vanish. The sums of p(D) = D (...) D vanish, too.
        Optimizer::Muon => Preservation::Kept,
    }
}
