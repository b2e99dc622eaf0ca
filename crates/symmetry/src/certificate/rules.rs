//! Which optimizers keep which kind of class, with which decay.
//!
//! No match here has a wildcard: if an optimizer is added, the compiler asks for each of its rules.

#![deny(clippy::wildcard_enum_match_arm)]

use std::fmt;

/// The optimizers with known rules.
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
    /// Adan: the update of each entry depends on the past gradients of that entry and their differences.
    Adan,
    /// Lion: each entry moves by the learning rate times the sign of a mean of its gradients; sign(0) = 0.
    Lion,
    /// Muon: the momentum of each matrix, made orthogonal by an odd polynomial. AdamW is assumed to train the
    /// parameters that are not matrices.
    Muon,
}

impl Optimizer {
    /// All optimizers.
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

    /// Whether the update of each entry depends only on the gradients and the value of that entry. Then one entry of
    /// each block represents the block, and a [`quotient`](crate::quotient()) trains as the full network does.
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

    /// Whether the update is linear in the gradients. Then the curvature determines the [rate](crate::forecast) at
    /// which a small difference between units grows or shrinks.
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

    /// For an update that is not linear: what it does with gradients, as a predicate for sentences (`Adam` +
    /// `divides by ...`).
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
    /// W' = (1 - lr λ) W - update: the decay does not pass through the optimizer.
    Decoupled,
    /// G + λ W goes into the optimizer (L2 regularisation).
    Coupled,
}

impl Decay {
    /// All kinds of decay.
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
    /// The units of the class are twins.
    Twins,
    /// The units of the class have equal sums over classes.
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

/// Whether training in exact arithmetic keeps a class if nothing else distinguishes its units.
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
        // The update is the same function of the same numbers for both twins.
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

/// For equitable classes, if the update depends on block-constant gradients only. Decoupled decay multiplies all
/// deviations by one number.
fn keeps_block_means(optimizer: Optimizer) -> Preservation {
    match optimizer {
        // Equal gradients give equal updates, so deviations stay.
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

/// For equitable classes, if weights that differ within a block are added to the gradient.
fn keeps_sums_with_weights(optimizer: Optimizer) -> Preservation {
    match optimizer {
        // The update is linear in past gradients and past weights, so it multiplies all deviations by one number.
        Optimizer::Sgd | Optimizer::SgdMomentum => Preservation::Kept,
        // Entries with different weights get different updates, whose sums agree only by accident.
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
