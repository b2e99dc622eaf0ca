//! What came of a reduction: a smaller network, what became of each unit, and what was left.

#![deny(clippy::wildcard_enum_match_arm)]

use std::fmt;

use crate::activation::Activation;
use crate::axes::AxesSpec;
use crate::owned::OwnedParam;
use crate::space::UnitIndex;
use crate::text::number;

/// A network that computes the same with fewer units: the result of [`reduce`](crate::reduce()).
#[derive(Clone, Debug, PartialEq)]
pub struct Reduction {
    pub(super) spec: AxesSpec,
    pub(super) params: Vec<OwnedParam>,
    pub(super) spaces: Vec<SpaceReduction>,
    pub(super) entries_before: usize,
    pub(super) minimality: Minimality,
}

impl Reduction {
    /// The axes of the smaller network: the same spaces, with the units that are left.
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

    /// What became of the units of each space, in the order of the spec.
    pub fn spaces(&self) -> &[SpaceReduction] {
        &self.spaces
    }

    /// What became of the units of the space of this name.
    pub fn space(&self, name: &str) -> Option<&SpaceReduction> {
        self.spaces.iter().find(|space| space.name == name)
    }

    /// How many units are gone, of all spaces together.
    pub fn units_removed(&self) -> usize {
        self.spaces.iter().map(|space| space.units() - space.kept().len()).sum()
    }

    /// Whether no unit is gone: the parameters are those that were given.
    pub fn is_identity(&self) -> bool {
        self.units_removed() == 0
    }

    /// How many entries all parameters have together, before and after.
    pub fn entries(&self) -> [usize; 2] {
        [self.entries_before, self.params.iter().map(|p| p.view().entries()).sum()]
    }

    /// Whether the smaller network has a smaller equal.
    pub fn minimality(&self) -> Minimality {
        self.minimality
    }
}

/// What became of the units of one space.
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

    /// The function that its units go through, where it was given.
    pub fn activation(&self) -> Option<Activation> {
        self.activation
    }

    /// How many units there were.
    pub fn units(&self) -> usize {
        self.fates.len()
    }

    /// The units that are left, ascending: unit k of the smaller network is `kept()[k]` of the larger one, up to what
    /// others have added to its outgoing weights.
    pub fn kept(&self) -> &[UnitIndex] {
        &self.kept
    }

    /// What became of each unit, by its number in the larger network.
    pub fn fates(&self) -> &[UnitFate] {
        &self.fates
    }

    /// Units that more than the others' weights are known of, and that were kept all the same.
    pub fn unreduced(&self) -> &[Unreduced] {
        &self.unreduced
    }

    /// Which reductions were not tried in this space, and why.
    pub fn untried(&self) -> &[Untried] {
        &self.untried
    }
}

/// What became of one unit.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum UnitFate {
    /// It is there.
    Kept,
    /// It computes `factor` times another unit, plus `constant`: its outgoing weights were added to that one's, times the
    /// factor, and to the next bias, times the constant.
    Merged {
        /// The other unit, by its number in the larger network. It may have merged into a third one later.
        into: UnitIndex,
        /// The factor: 1 for equal units, -1 for opposite ones.
        factor: f64,
        /// The constant: 1 where σ(-z) = 1 - σ(z) was used, otherwise 0.
        constant: f64,
    },
    /// It computes one number for every input, which went into the next bias times its outgoing weights.
    Folded {
        /// The number.
        value: f64,
    },
    /// It computes 0 for every input: tanh(0), a ReLU without incoming weights and with a bias of at most 0.
    AlwaysZero,
    /// It has no outgoing weights.
    NotRead,
}

impl fmt::Display for UnitFate {
    /// As a clause after a unit's number: `merges into 0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept => f.write_str("stays"),
            Self::Merged { into, factor, constant } => {
                write!(f, "merges into {into}")?;
                match (*factor, *constant) {
                    (1.0, 0.0) => Ok(()),
                    (-1.0, 0.0) => f.write_str(" with sign -1"),
                    (-1.0, _) => {
                        write!(f, " with sign -1, and {} for the next bias", number(*constant, 6))
                    }
                    (factor, _) => write!(f, " with factor {}", number(factor, 6)),
                }
            }
            Self::Folded { value } => {
                write!(f, "is {} for every input and folds into the next bias", number(*value, 6))
            }
            Self::AlwaysZero => f.write_str("is 0 for every input and goes"),
            Self::NotRead => f.write_str("has no outgoing weights and goes"),
        }
    }
}

/// A unit that could go, if something were otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreduced {
    /// The unit, by its number in the larger network.
    pub unit: UnitIndex,
    /// Why it is still there.
    pub reason: UnreducedReason,
}

impl fmt::Display for Unreduced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unit {} {}", self.unit, self.reason)
    }
}

/// Why a unit was kept that others or a constant could replace.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnreducedReason {
    /// It is constant, or a constant minus another unit, and what reads it has no bias to take the constant.
    NeedsBias {
        /// The weight that reads it.
        reader: String,
    },
    /// The same, and what reads it is a convolution: with zero padding a constant channel is not constant at the border.
    Border {
        /// The convolution's weight.
        reader: String,
    },
    /// It has no incoming weights, but what a batch norm makes of its bias depends on the norm's ε.
    NeedsEpsilon {
        /// The path of the norm.
        norm: String,
    },
    /// It goes through no function, and its row, with its bias, is a linear combination of those of units before it.
    Combination,
}

impl fmt::Display for UnreducedReason {
    /// As a clause after a unit's number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeedsBias { reader } => {
                write!(f, "would leave a constant, for which `{reader}` needs a bias beside it")
            }
            Self::Border { reader } => write!(
                f,
                "would leave a constant, which zero padding of the convolution `{reader}` takes away at the border"
            ),
            Self::NeedsEpsilon { norm } => {
                write!(
                    f,
                    "is constant, but what the norm `{norm}` makes of it depends on the norm's epsilon"
                )
            }
            Self::Combination => f.write_str("is a linear combination of the units before it"),
        }
    }
}

/// What was not tried in a space.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Untried {
    /// Everything: no parameter reads the units, so they are outputs.
    NotRead,
    /// Everything: no parameter makes the units, so they are inputs.
    NotProduced,
    /// Everything: a parameter that scales or shifts the units belongs to a norm that takes a mean over them.
    CountsUnits {
        /// The parameter.
        parameter: String,
    },
    /// What needs the activation: several weights make the units, as sums, as products or otherwise.
    SeveralWeights {
        /// Two of the weights.
        parameters: [String; 2],
    },
    /// What needs the activation: a parameter stands on the space that is no weight, bias or batch norm of single units.
    NotOneFunction {
        /// The parameter.
        parameter: String,
    },
    /// What needs the activation: it was not given.
    NoActivation,
    /// Units equal up to a sign: the units are channels, and a pooling by the maximum does not keep signs.
    SignsOfChannels,
    /// Units that are combinations of others: there are too many.
    Combinations,
}

impl fmt::Display for Untried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const REST: &str = "only equal units and units without outgoing weights were sought";
        match self {
            Self::NotRead => f.write_str("no parameter reads its units: they are outputs, and stay"),
            Self::NotProduced => f.write_str("no parameter makes its units: they are inputs, and stay"),
            Self::CountsUnits { parameter } => write!(
                f,
                "`{parameter}` belongs to a norm without running statistics, whose mean counts the units: all of them stay"
            ),
            Self::SeveralWeights { parameters: [one, other] } => {
                write!(f, "`{one}` and `{other}` both make its units, and axes do not say how they are joined: {REST}")
            }
            Self::NotOneFunction { parameter } => {
                write!(f, "`{parameter}` is no weight, bias or batch norm of single units: {REST}")
            }
            Self::NoActivation => write!(f, "its activation is not given: {REST}"),
            Self::SignsOfChannels => f.write_str(
                "its units are channels, and a maximum over places would not keep a sign: opposite units were not sought",
            ),
            Self::Combinations => {
                f.write_str("it has too many units to seek those that are linear combinations of others")
            }
        }
    }
}

/// Whether a network has a smaller equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Minimality {
    /// It has none of the same form: one hidden layer of tanh or sigmoid units between linear layers, without a unit of
    /// the kinds that Sussmann's theorem names.
    Proved,
    /// No unit can go by a reduction of the kinds of [`reduce`](crate::reduce()); there may be others.
    NoneLeft,
    /// Some reductions were not tried, or could not be made: see [`SpaceReduction::untried`] and
    /// [`SpaceReduction::unreduced`].
    Open,
}

impl Minimality {
    /// The statement, with its source where there is one.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Proved => {
                "minimal: no network with one hidden layer of this activation and fewer units computes the same \
                 (Sussmann, Neural Networks 5, 1992)"
            }
            Self::NoneLeft => "no reduction of these kinds is left",
            Self::Open => "no other reduction of these kinds is left, of those that were tried",
        }
    }
}
