//! The result of a reduction: a smaller network, the fate of each unit, and what was not done.

#![deny(clippy::wildcard_enum_match_arm)]

use std::fmt;

use crate::activation::Activation;
use crate::axes::AxesSpec;
use crate::owned::OwnedParam;
use crate::space::UnitIndex;
use crate::text::number;

/// A network that computes the same function with fewer units: the result of [`reduce`](crate::reduce()).
#[derive(Clone, Debug, PartialEq)]
pub struct Reduction {
    pub(super) spec: AxesSpec,
    pub(super) params: Vec<OwnedParam>,
    pub(super) spaces: Vec<SpaceReduction>,
    pub(super) entries_before: usize,
    pub(super) minimality: Minimality,
}

impl Reduction {
    /// The axes of the smaller network: the same spaces with the remaining units.
    pub fn spec(&self) -> &AxesSpec {
        &self.spec
    }

    /// The parameters of the smaller network, in the order of the spec and in their own types.
    pub fn params(&self) -> &[OwnedParam] {
        &self.params
    }

    /// The parameters of the smaller network.
    pub fn into_params(self) -> Vec<OwnedParam> {
        self.params
    }

    /// The fates of the units of each space, in the order of the spec.
    pub fn spaces(&self) -> &[SpaceReduction] {
        &self.spaces
    }

    /// The fates of the units of the space of this name.
    pub fn space(&self, name: &str) -> Option<&SpaceReduction> {
        self.spaces.iter().find(|space| space.name == name)
    }

    /// The number of removed units of all spaces together.
    pub fn units_removed(&self) -> usize {
        self.spaces.iter().map(|space| space.units() - space.kept().len()).sum()
    }

    /// Whether no unit was removed: then the parameters are the given ones.
    pub fn is_identity(&self) -> bool {
        self.units_removed() == 0
    }

    /// The number of entries of all parameters together, before and after.
    pub fn entries(&self) -> [usize; 2] {
        [self.entries_before, self.params.iter().map(|p| p.view().entries()).sum()]
    }

    /// What is known about whether a still smaller network computes the same function.
    pub fn minimality(&self) -> Minimality {
        self.minimality
    }
}

/// The fates of the units of one space.
#[derive(Clone, Debug, PartialEq)]
pub struct SpaceReduction {
    pub(super) name: String,
    pub(super) activation: Option<Activation>,
    pub(super) kept: Vec<UnitIndex>,
    pub(super) fates: Vec<UnitFate>,
    pub(super) unreduced: Vec<Unreduced>,
    pub(super) untried: Vec<Untried>,
}

impl SpaceReduction {
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The activation of its units, if it was given.
    pub fn activation(&self) -> Option<Activation> {
        self.activation
    }

    /// The number of units before the reduction.
    pub fn units(&self) -> usize {
        self.fates.len()
    }

    /// The remaining units, ascending: unit k of the smaller network is unit `kept()[k]` of the larger one. Its
    /// outgoing weights may include those of merged units.
    pub fn kept(&self) -> &[UnitIndex] {
        &self.kept
    }

    /// The fate of each unit, by its number in the larger network.
    pub fn fates(&self) -> &[UnitFate] {
        &self.fates
    }

    /// Units that were kept although a constant or other units could replace them, with the reason.
    pub fn unreduced(&self) -> &[Unreduced] {
        &self.unreduced
    }

    /// Which reductions were not tried in this space, and why.
    pub fn untried(&self) -> &[Untried] {
        &self.untried
    }
}

/// The fate of one unit.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum UnitFate {
    /// It was kept.
    Kept,
    /// It computes `factor` times another unit, plus `constant`. Its outgoing weights were added, times the factor, to
    /// those of the other unit, and, times the constant, to the next bias.
    Merged {
        /// The other unit, by its number in the larger network. It may have merged into a third one later.
        into: UnitIndex,
        /// The factor: 1 for equal units, -1 for opposite ones.
        factor: f64,
        /// The constant: 1 where σ(-z) = 1 - σ(z) was used, otherwise 0.
        constant: f64,
    },
    /// It computes one number for every input. This number times its outgoing weights was added to the next bias.
    Folded {
        /// The number.
        value: f64,
    },
    /// It computes 0 for every input: for example tanh(0), or a ReLU without incoming weights and with a bias of at
    /// most 0.
    AlwaysZero,
    /// It has no outgoing weights.
    NotRead,
}

impl fmt::Display for UnitFate {
    /// A predicate that follows the number of a unit: `merges into 0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept => f.write_str("stays"),
            Self::Merged { into, factor, constant } => {
                write!(f, "merges into {into}")?;
                match (*factor, *constant) {
                    (1.0, 0.0) => Ok(()),
                    (-1.0, 0.0) => f.write_str(" with sign -1"),
                    (-1.0, _) => {
                        write!(f, " with sign -1 and constant {}", number(*constant, 6))
                    }
                    (factor, _) => write!(f, " with factor {}", number(factor, 6)),
                }
            }
            Self::Folded { value } => {
                write!(f, "is {} for every input and folds into the next bias", number(*value, 6))
            }
            Self::AlwaysZero => f.write_str("is 0 for every input and is removed"),
            Self::NotRead => f.write_str("has no outgoing weights and is removed"),
        }
    }
}

/// A unit that a constant or other units could replace, under another condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreduced {
    /// The unit, by its number in the larger network.
    pub unit: UnitIndex,
    /// Why it was kept.
    pub reason: UnreducedReason,
}

impl fmt::Display for Unreduced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unit {} {}", self.unit, self.reason)
    }
}

/// Why a unit was kept although a constant or other units could replace it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnreducedReason {
    /// It is constant, or a constant minus another unit, and a weight that reads it has no bias to take the constant.
    NeedsBias {
        /// The weight that reads it.
        reader: String,
    },
    /// The same, but the weight that reads it is a convolution: with zero padding, a constant channel is not constant
    /// at the border.
    Border {
        /// The convolution's weight.
        reader: String,
    },
    /// It has no incoming weights, but the output of a batch norm for its bias depends on the norm's ε.
    NeedsEpsilon {
        /// The path of the norm.
        norm: String,
    },
    /// Its activation is the identity, and its row with its bias is a linear combination of those of units before it.
    Combination,
}

impl fmt::Display for UnreducedReason {
    /// A predicate that follows the number of a unit.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeedsBias { reader } => {
                write!(f, "would leave a constant, but `{reader}` has no bias to take it")
            }
            Self::Border { reader } => write!(
                f,
                "would leave a constant, but zero padding of the convolution `{reader}` removes it at the border"
            ),
            Self::NeedsEpsilon { norm } => {
                write!(
                    f,
                    "is constant, but its value after the norm `{norm}` depends on the norm's epsilon"
                )
            }
            Self::Combination => f.write_str("is a linear combination of the units before it"),
        }
    }
}

/// Which reductions were not tried in a space, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Untried {
    /// Everything: no parameter reads the units, so they are outputs.
    NotRead,
    /// Everything: no parameter produces the units, so they are inputs.
    NotProduced,
    /// Everything: a parameter that scales or shifts the units belongs to a norm that takes a mean over them.
    CountsUnits {
        /// The parameter.
        parameter: String,
    },
    /// What needs the activation: several weights produce the units, as sums, as products or otherwise.
    SeveralWeights {
        /// Two of the weights.
        parameters: [String; 2],
    },
    /// What needs the activation: a parameter on the space is not a weight, bias or batch norm of single units.
    NotOneFunction {
        /// The parameter.
        parameter: String,
    },
    /// What needs the activation: it was not given.
    NoActivation,
    /// Merging units that are equal up to a sign: the units are channels, and max pooling does not keep signs.
    SignsOfChannels,
    /// The search for units that are linear combinations of others: there are too many units.
    Combinations,
}

impl fmt::Display for Untried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const REST: &str = "only equal units and units without outgoing weights were searched for";
        match self {
            Self::NotRead => f.write_str("no parameter reads its units: they are outputs and stay"),
            Self::NotProduced => f.write_str("no parameter produces its units: they are inputs and stay"),
            Self::CountsUnits { parameter } => write!(
                f,
                "`{parameter}` belongs to a norm without running statistics: its mean depends on the number of units, \
                 so all stay"
            ),
            Self::SeveralWeights { parameters: [one, other] } => {
                write!(
                    f,
                    "`{one}` and `{other}` both produce its units, and axes do not say how they are combined: {REST}"
                )
            }
            Self::NotOneFunction { parameter } => {
                write!(f, "`{parameter}` is not a weight, bias or batch norm of single units: {REST}")
            }
            Self::NoActivation => write!(f, "its activation is not given: {REST}"),
            Self::SignsOfChannels => f.write_str(
                "its units are channels, and max pooling would not keep a sign: opposite units were not searched for",
            ),
            Self::Combinations => {
                f.write_str("it has too many units to search for linear combinations of others")
            }
        }
    }
}

/// What is known about whether a smaller network computes the same function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Minimality {
    /// No smaller network of the same form does: the network has one hidden layer of tanh or sigmoid units between
    /// linear layers, and no unit of the kinds that Sussmann's theorem excludes.
    Proved,
    /// No reduction of the kinds that [`reduce`](crate::reduce()) makes is left; there may be other kinds.
    NoneLeft,
    /// Some reductions were not tried or not possible: see [`SpaceReduction::untried`] and
    /// [`SpaceReduction::unreduced`].
    Open,
}

impl Minimality {
    /// The statement, with its source if there is one.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Proved => {
                "minimal: no network with one hidden layer of this activation and fewer units computes the same \
                 (Sussmann, Neural Networks 5, 1992)"
            }
            Self::NoneLeft => "no reduction of these kinds is left",
            Self::Open => "of the reductions that were tried, none is left",
        }
    }
}
