//! Reduction: a few exact rules make the network as small as they can, with the same function.
//!
//! In a layer y = Q a(W x + b) + c, unit i can be removed without changing the function if
//!
//! ```text
//! Q[k][i] = 0 for all k                   nothing reads it
//! W[i][j] = 0 for all j                   it is a(b[i]) for every input: c[k] += Q[k][i] a(b[i])
//! (W[i], b[i]) = (W[u], b[u])             it is unit u:                  Q[k][u] += Q[k][i]
//! (W[i], b[i]) = -(W[u], b[u])            a odd:     it is -a of u:      Q[k][u] -= Q[k][i]
//!                                         a sigmoid: it is 1 - a of u:   Q[k][u] -= Q[k][i], c[k] += Q[k][i]
//! (W[i], b[i]) = f (W[u], b[u]), f > 0    a(fz) = f a(z):                Q[k][u] += f Q[k][i]
//! ```
//!
//! One reduction can make others possible: units in the layer before lose the units that read them, and rows in the
//! layer behind become equal. So all of them are repeated until none is left.
//!
//! # References
//!
//! Sussmann, "Uniqueness of the weights for minimal feedforward nets with a given input-output map", Neural Networks 5,
//! 1992; Farrugia-Roberts, "Functional Equivalence and Path Connectivity of Reducible Hyperbolic Tangent Networks", 2023.

mod dependent;
mod network;
mod result;
mod rewrite;
mod structure;
mod units;

use std::collections::BTreeMap;

use crate::activation::{Activation, Parity};
use crate::axes::{AxesSpec, Axis, Role, nearest};
use crate::collapse::collapse;
use crate::error::{SpecError, SurgeryError, SymmetryError};
use crate::lumping::{check_roles, forward_lumpable};
use crate::owned::OwnedParam;
use crate::params::ParamView;
use crate::space::{SpaceId, UnitIndex, UnitSpace};
use network::Network;
use rewrite::{Replacement, fold_refused, rewrite};
use structure::{Elementwise, Kind, Structure, structure};
use units::{Constant, Relation, Unit, constant, following};

pub use result::{
    Minimality, Reduction, SpaceReduction, UnitFate, Unreduced, UnreducedReason, Untried,
};

/// The activation of each space.
///
/// ```
/// use constinit_symmetry::{Activation, Activations};
///
/// let given = Activations::all(Activation::Relu).with("hidden1", Activation::Tanh);
/// assert_eq!(given.of("hidden1"), Some(Activation::Tanh));
/// assert_eq!(given.of("hidden2"), Some(Activation::Relu));
/// assert_eq!(Activations::none().of("hidden1"), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activations {
    everywhere: Option<Activation>,
    by_space: BTreeMap<String, Activation>,
}

impl Activations {
    /// No activation is known.
    pub fn none() -> Self {
        Self::default()
    }

    /// One activation for all spaces.
    pub fn all(activation: Activation) -> Self {
        Self { everywhere: Some(activation), by_space: BTreeMap::new() }
    }

    /// With another activation for the space of this name.
    pub fn with(mut self, space: impl Into<String>, activation: Activation) -> Self {
        self.by_space.insert(space.into(), activation);
        self
    }

    /// The activation of a space.
    pub fn of(&self, space: &str) -> Option<Activation> {
        self.by_space.get(space).copied().or(self.everywhere)
    }

    /// The names of the spaces with an activation of their own.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        self.by_space.keys().map(String::as_str)
    }
}

impl From<Activation> for Activations {
    fn from(activation: Activation) -> Self {
        Self::all(activation)
    }
}

/// Options of a reduction.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ReduceOptions {
    pub(crate) factor_tolerance: Option<f64>,
    pub(crate) norm_epsilon: Option<f64>,
}

impl ReduceOptions {
    /// Also merges units that are a multiple of another up to this share of their largest entry, and allows factors
    /// that their number type cannot represent. The function then changes by about as much. Without this option, a
    /// factor must be exact.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadTolerance`](crate::SearchError::BadTolerance) if it is negative, infinite or NaN.
    pub fn factors_within(self, tolerance: f64) -> Result<Self, SymmetryError> {
        // Other tolerances have the same condition.
        crate::equality_policy::EqualityPolicy::within(tolerance)?;
        Ok(Self { factor_tolerance: Some(tolerance), ..self })
    }

    /// The tolerance of factors, if one was given.
    pub fn factor_tolerance(&self) -> Option<f64> {
        self.factor_tolerance
    }

    /// Sets the ε of batch norms (1e-5 by default in PyTorch and Burn). Without it, the output of a norm for some
    /// constants is unknown.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadTolerance`](crate::SearchError::BadTolerance) if it is negative, infinite or NaN.
    pub fn norm_epsilon(self, epsilon: f64) -> Result<Self, SymmetryError> {
        crate::equality_policy::EqualityPolicy::within(epsilon)?;
        Ok(Self { norm_epsilon: Some(epsilon), ..self })
    }
}

/// Removes units that the function does not need, by a few exact rules, until no rule applies.
///
/// | units that it removes | condition |
/// |---|---|
/// | without outgoing weights | none |
/// | with incoming weights and bias equal to those of another unit | none |
/// | without incoming weights: the next bias takes their constant, unless it is 0 | the activation is known |
/// | with incoming weights and bias opposite to those of another unit | tanh, sigmoid, identity |
/// | with incoming weights and bias that are a positive multiple of those of another unit, with a factor that the number type can represent | ReLU, leaky ReLU, identity |
///
/// Entries are compared exactly, by value. In each pass over a layer, every sum is exact and then rounded once, to the
/// nearest number of its parameter's type. Entries to which nothing is added keep their bits. A class of equal units
/// keeps its smallest unit. Among multiples, the unit stays of which the others are exact multiples.
///
/// The rules that need the activation apply to spaces whose units are produced by one weight, with or without a bias,
/// and with at most one batch norm in inference form. `reduce` assumes that the norm is between weight and activation.
/// In other spaces (gates, residual streams, recurrences) it merges forward-lumpable units and removes units that
/// nothing reads. A norm without running statistics takes a mean over its units, so all of them stay. The units of
/// fixed spaces stay too, and those of spaces that no parameter produces or reads. A constant is removed only if each
/// weight that reads it has a bias (or a running mean behind it) and is not a convolution. [`SpaceReduction::untried`]
/// and [`SpaceReduction::unreduced`] name what was not done, and why.
///
/// Like [`collapse`](crate::collapse()), `reduce` assumes what the axes do not show: between weights, each unit passes
/// through a function of that unit alone.
///
/// # Errors
///
/// - As [`collapse`](crate::collapse()), if `params` are not the parameters of the spec, if an axis over a space has no
///   known role, or if a sum does not fit its parameter's type;
/// - [`SurgeryError::NoFunction`] for an entry that is not finite;
/// - [`SpecError::UnknownSpace`], [`SurgeryError::FixedSpace`] for an activation of a space that is unknown or fixed.
///
/// # Complexity
///
/// O(m) per pass for m entries. Passes are repeated while a pass removes a unit, so there is at most one more pass than
/// units. All numbers are stored as doubles. If an activation is the identity, the search for linear combinations costs
/// O(n² d) for n units with d incoming weights.
///
/// # Examples
///
/// ```
/// use constinit_symmetry::{Activation, AxesSpec, OwnedElements, ParamView, UnitFate, layers, reduce};
///
/// // Unit 1 is the opposite of unit 0, unit 2 has no incoming weights, and nothing reads unit 3.
/// let params = [
///     ParamView::new("l1.weight", &[4, 2], &[1.0_f64, 2.0, -1.0, -2.0, 0.0, 0.0, 5.0, 6.0])?,
///     ParamView::new("l1.bias", &[4], &[0.5_f64, -0.5, 0.25, 1.0])?,
///     ParamView::new("l2.weight", &[1, 4], &[3.0_f64, 4.0, 2.0, 0.0])?,
///     ParamView::new("l2.bias", &[1], &[7.0_f64])?,
/// ];
/// let spec = AxesSpec::builder()
///     .space("hidden", 4)
///     .layer(layers::dense("l1", "", "hidden"))
///     .layer(layers::dense("l2", "hidden", ""))
///     .build(params.iter().map(ParamView::signature))?;
///
/// let small = reduce(&spec, &params, &Activation::Tanh.into())?;
/// let hidden = small.space("hidden").unwrap();
/// assert_eq!(hidden.kept().len(), 1);
/// assert_eq!(hidden.fates()[1].to_string(), "merges into 0 with sign -1");
/// assert_eq!(hidden.fates()[2], UnitFate::Folded { value: 0.25_f64.tanh() });
/// assert_eq!(hidden.fates()[3], UnitFate::NotRead);
/// assert_eq!(small.params()[2].elements(), &OwnedElements::F64(vec![3.0 - 4.0]));
/// assert_eq!(small.params()[3].elements(), &OwnedElements::F64(vec![7.0 + 2.0 * 0.25_f64.tanh()]));
/// assert!(small.minimality().sentence().starts_with("minimal: no network with one hidden layer"));
/// # Ok::<(), constinit_symmetry::SymmetryError>(())
/// ```
pub fn reduce(
    spec: &AxesSpec,
    params: &[ParamView<'_>],
    activations: &Activations,
) -> Result<Reduction, SymmetryError> {
    reduce_with(spec, params, activations, &ReduceOptions::default())
}

/// As [`reduce`](reduce()), with a tolerance for factors or the ε of batch norms.
///
/// # Errors
///
/// As [`reduce`](reduce()).
pub fn reduce_with(
    spec: &AxesSpec,
    params: &[ParamView<'_>],
    activations: &Activations,
    options: &ReduceOptions,
) -> Result<Reduction, SymmetryError> {
    check_activations(spec, activations)?;
    check_roles(spec)?;
    let mut work = Work {
        network: Network::new(spec, params)?,
        spaces: spec
            .space_ids()
            .map(|id| Space::new(spec, id, activations.of(spec.space(id).name())))
            .collect(),
        options,
    };
    let order = forward_order(spec, &work.spaces);
    loop {
        let before = work.units();
        for &id in order.iter().rev() {
            work.remove_unread(id)?;
        }
        for &id in &order {
            work.reduce_space(id)?;
        }
        work.merge_lumpable()?;
        if work.units() == before {
            break;
        }
    }
    work.name_combinations();
    Ok(work.finish(spec))
}

fn check_activations(spec: &AxesSpec, activations: &Activations) -> Result<(), SymmetryError> {
    for name in activations.named() {
        match spec.space_id(name) {
            None => {
                let nearest = nearest(name, spec.spaces().iter().map(UnitSpace::name));
                let place = "the list of activations".into();
                return Err(SpecError::UnknownSpace { space: name.into(), place, nearest }.into());
            }
            Some(id) if spec.space(id).is_fixed() => {
                let refused = "given an activation";
                return Err(SurgeryError::FixedSpace { space: name.into(), refused }.into());
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// The spaces in forward order: each after the spaces that its units are computed from, unless there are cycles.
fn forward_order(spec: &AxesSpec, spaces: &[Space]) -> Vec<SpaceId> {
    let mut sources = vec![Vec::new(); spaces.len()];
    for axes in spec.params().iter().map(|param| param.axes()) {
        let on = |role: Role| {
            axes.iter().filter(move |axis| axis.role == role).filter_map(|axis| axis.axis.space())
        };
        for made in on(Role::Output) {
            sources[made.get()].extend(on(Role::Input).filter(|read| *read != made).copied());
        }
    }
    let mut order: Vec<SpaceId> = Vec::new();
    let mut placed = vec![false; spaces.len()];
    while order.len() < spaces.len() {
        let open: Vec<SpaceId> = spec.space_ids().filter(|id| !placed[id.get()]).collect();
        let ready = |id: &SpaceId| sources[id.get()].iter().all(|from| placed[from.get()]);
        let mut next: Vec<SpaceId> = open.iter().filter(|id| ready(id)).copied().collect();
        if next.is_empty() {
            next.extend(open.first());
        }
        next.iter().for_each(|id| placed[id.get()] = true);
        order.extend(next);
    }
    order
}

/// The state of a space during the reduction.
struct Space {
    structure: Structure,
    activation: Option<Activation>,
    fixed: bool,
    /// For each remaining unit its number in the larger network.
    left: Vec<usize>,
    fates: Vec<UnitFate>,
    unreduced: Vec<Unreduced>,
    untried: Vec<Untried>,
}

impl Space {
    fn new(spec: &AxesSpec, id: SpaceId, activation: Option<Activation>) -> Self {
        let space = spec.space(id);
        let structure = structure(spec, id);
        let untried = match &structure.kind {
            _ if space.is_fixed() => None,
            Kind::Whole(untried) | Kind::Units(untried) => Some(untried.clone()),
            Kind::Elementwise(one) => match activation {
                None => Some(Untried::NoActivation),
                Some(known) if one.is_channel && known.parity() != Parity::None => {
                    Some(Untried::SignsOfChannels)
                }
                Some(_) => None,
            },
        };
        Self {
            structure,
            activation: activation.filter(|_| !space.is_fixed()),
            fixed: space.is_fixed(),
            left: (0..space.units()).collect(),
            fates: vec![UnitFate::Kept; space.units()],
            unreduced: Vec::new(),
            untried: untried.into_iter().collect(),
        }
    }

    /// Whether its units may be removed.
    fn may_change(&self) -> bool {
        !self.fixed && !matches!(self.structure.kind, Kind::Whole(_))
    }

    /// The parameters of the units, if each unit is one function of one sum.
    fn elementwise(&self) -> Option<&Elementwise> {
        match &self.structure.kind {
            Kind::Elementwise(one) if !self.fixed => Some(one),
            Kind::Elementwise(_) | Kind::Units(_) | Kind::Whole(_) => None,
        }
    }

    fn original(&self, unit: usize) -> UnitIndex {
        UnitIndex::at(self.left[unit])
    }
}

struct Work<'o> {
    network: Network,
    spaces: Vec<Space>,
    options: &'o ReduceOptions,
}

impl Work<'_> {
    fn units(&self) -> usize {
        self.spaces.iter().map(|space| space.left.len()).sum()
    }

    /// Removes units and records the fate of each.
    fn remove(&mut self, id: SpaceId, gone: &[(usize, UnitFate)]) -> Result<(), SymmetryError> {
        if gone.is_empty() {
            return Ok(());
        }
        let space = &mut self.spaces[id.get()];
        let mut stays = vec![true; space.left.len()];
        for &(unit, fate) in gone {
            stays[unit] = false;
            space.fates[space.left[unit]] = fate;
        }
        let kept: Vec<usize> = (0..stays.len()).filter(|&unit| stays[unit]).collect();
        space.left = kept.iter().map(|&unit| space.left[unit]).collect();
        self.network.keep(id, &kept)
    }

    /// Removes units that nothing reads.
    fn remove_unread(&mut self, id: SpaceId) -> Result<(), SymmetryError> {
        let space = &self.spaces[id.get()];
        if !space.may_change() {
            return Ok(());
        }
        let is_read = |unit: usize| {
            let mut readers = space.structure.readers.iter();
            readers.any(|r| self.network.values(r.param, r.axis, unit).any(|x| x != 0.0))
        };
        let unread = (0..space.left.len()).filter(|&unit| !is_read(unit));
        let gone: Vec<_> = unread.map(|unit| (unit, UnitFate::NotRead)).collect();
        self.remove(id, &gone)
    }

    /// Removes units that are constant or follow from others, in a space whose units are one function of one sum.
    fn reduce_space(&mut self, id: SpaceId) -> Result<(), SymmetryError> {
        let (space, network) = (&self.spaces[id.get()], &self.network);
        let Some(one) = space.elementwise() else { return Ok(()) };
        let readers = &space.structure.readers;
        let refused = |unit: usize| fold_refused(network, readers, unit);
        let (mut replaced, mut unreduced) = (Vec::new(), Vec::new());
        let mut open = Vec::new();
        for unit in 0..space.left.len() {
            let known = space.activation.map_or(Constant::No, |activation| {
                constant(network, one, unit, activation, self.options)
            });
            let reason = match known {
                Constant::Value(0.0) => {
                    replaced.push(Replacement { unit, by: None, constant: 0.0 });
                    continue;
                }
                Constant::Value(value) if value.is_finite() => match refused(unit) {
                    None => {
                        replaced.push(Replacement { unit, by: None, constant: value });
                        continue;
                    }
                    refused => refused,
                },
                Constant::Value(_) | Constant::No => None,
                Constant::Unknown(reason) => Some(reason),
            };
            unreduced.extend(reason.map(|reason| (unit, reason)));
            open.push((unit, Unit::read(network, one, unit)));
        }
        let relation = Relation::of(space.activation, !one.is_channel);
        let fits = |factor: f64| network.has_number(one.weight.param, factor);
        let complementary =
            space.activation.is_some_and(|known| known.parity() == Parity::Complementary);
        for follows in following(&open, relation, self.options, fits) {
            let constant = if complementary && follows.factor < 0.0 { 1.0 } else { 0.0 };
            let reason = if constant == 0.0 { None } else { refused(follows.unit) };
            match reason {
                Some(reason) => unreduced.push((follows.unit, reason)),
                None => replaced.push(follows.replacement(constant)),
            }
        }
        // If several units are opposites of one unit and cannot merge into it, they equal each other.
        let is_replaced =
            |replaced: &[Replacement], unit: usize| replaced.iter().any(|r| r.unit == unit);
        if complementary && !unreduced.is_empty() {
            open.retain(|(unit, _)| !is_replaced(&replaced, *unit));
            let equal = following(&open, Relation::Equal, self.options, fits);
            replaced.extend(equal.iter().map(|follows| follows.replacement(0.0)));
        }
        let readers = readers.clone();
        let fate = |replacement: &Replacement| match (replacement.by, replacement.constant) {
            (Some((into, factor)), constant) => {
                UnitFate::Merged { into: space.original(into), factor, constant }
            }
            (None, 0.0) => UnitFate::AlwaysZero,
            (None, value) => UnitFate::Folded { value },
        };
        let gone: Vec<_> = replaced.iter().map(|r| (r.unit, fate(r))).collect();
        unreduced.retain(|(unit, _)| !is_replaced(&replaced, *unit));
        unreduced.sort_by_key(|(unit, _)| *unit);
        let named = |(unit, reason)| Unreduced { unit: space.original(unit), reason };
        let unreduced = unreduced.into_iter().map(named).collect();
        self.spaces[id.get()].unreduced = unreduced;
        rewrite(&mut self.network, &readers, &replaced)?;
        self.remove(id, &gone)
    }

    /// In all other spaces, merges units that compute the same number, whatever their functions are.
    fn merge_lumpable(&mut self) -> Result<(), SymmetryError> {
        if !self.spaces.iter().any(|space| space.may_change() && space.elementwise().is_none()) {
            return Ok(());
        }
        let spec = self.network.spec.with_fixed(|id| !self.spaces[id.get()].may_change());
        let owned = self.network.owned();
        let views: Vec<ParamView<'_>> = owned.iter().map(OwnedParam::view).collect();
        let classes = forward_lumpable(&spec, &views, &[])?;
        let collapsed = collapse(&classes, &views)?;
        if collapsed.is_identity() {
            return Ok(());
        }
        let mut units = Vec::with_capacity(self.spaces.len());
        for (space, found) in self.spaces.iter_mut().zip(classes.spaces()) {
            let partition = found.partition();
            for class in partition.classes() {
                for unit in &class[1..] {
                    let into = space.original(class[0].get());
                    space.fates[space.left[unit.get()]] =
                        UnitFate::Merged { into, factor: 1.0, constant: 0.0 };
                }
            }
            space.left = partition.representatives().map(|unit| space.left[unit.get()]).collect();
            units.push(space.left.len());
        }
        let spec = self.network.spec.with_units(&units)?;
        self.network.replace(spec, collapsed.params());
        Ok(())
    }

    /// Records the units with identity activation that are linear combinations of others.
    fn name_combinations(&mut self) {
        /// The largest number of multiplications for which the search is made.
        const MOST: u64 = 1 << 32;
        for space in &mut self.spaces {
            let Some(one) = space.elementwise() else { continue };
            if space.activation != Some(Activation::Identity) || one.norm.is_some() {
                continue;
            }
            let (units, rows) = (space.left.len(), &self.network.params[one.weight.param].data);
            if (rows.len() as u64).saturating_mul(units as u64) > MOST {
                space.untried.push(Untried::Combinations);
                continue;
            }
            let rows: Vec<Unit> =
                (0..units).map(|unit| Unit::read(&self.network, one, unit)).collect();
            for unit in dependent::dependent(rows.iter().map(|row| row.tail.as_slice())) {
                let (unit, reason) = (space.original(unit), UnreducedReason::Combination);
                space.unreduced.push(Unreduced { unit, reason });
            }
            space.unreduced.sort_by_key(|unreduced| unreduced.unit);
        }
    }

    fn finish(self, spec: &AxesSpec) -> Reduction {
        let minimality = self.minimality();
        let spaces = spec.spaces().iter().zip(self.spaces).map(|(known, space)| SpaceReduction {
            name: known.name().into(),
            activation: space.activation,
            kept: space.left.into_iter().map(UnitIndex::at).collect(),
            fates: space.fates,
            unreduced: space.unreduced,
            untried: space.untried,
        });
        Reduction {
            spaces: spaces.collect(),
            entries_before: spec.params().iter().map(|p| p.shape().iter().product::<usize>()).sum(),
            params: self.network.owned(),
            spec: self.network.spec,
            minimality,
        }
    }

    fn minimality(&self) -> Minimality {
        let free: Vec<&Space> = self.spaces.iter().filter(|space| !space.fixed).collect();
        if free.iter().any(|space| !space.unreduced.is_empty() || !space.untried.is_empty()) {
            return Minimality::Open;
        }
        let [space] = free[..] else { return Minimality::NoneLeft };
        let Some(one) = space.elementwise().filter(|one| one.norm.is_none() && !one.is_channel)
        else {
            return Minimality::NoneLeft;
        };
        let complete = space.activation.is_some_and(Activation::reductions_are_complete);
        // Whether there are only inputs, outputs, and two layers between them.
        let is_input = |axis: &Axis| axis.space().is_none_or(|id| self.spaces[id.get()].fixed);
        let weight = one.weight.param;
        let known = |number: usize| {
            number == weight
                || one.bias == Some(number)
                || space.structure.readers.iter().any(|reader| {
                    number == reader.param
                        || structure::taker(&self.network.spec, reader.param)
                            .is_some_and(|t| t.param == number)
                })
        };
        let axes = self.network.spec.params()[weight].axes();
        let two_layers = (0..self.network.params.len()).all(known)
            && axes.iter().filter(|axis| axis.role == Role::Input).all(|axis| is_input(&axis.axis));
        if complete && two_layers { Minimality::Proved } else { Minimality::NoneLeft }
    }
}
