//! The results of a search: for every space a partition, and the reasons for it.

use crate::axes::AxesSpec;
use crate::classes::Classes;
use crate::equality_policy::EqualityPolicy;
use crate::error::SymmetryError;
use crate::findings::Findings;
use crate::layout::swapped_entry;
use crate::partition::Partition;
use crate::space::{ClassId, ParamId, SpaceId, UnitIndex};
use crate::splits::{Split, Splits};

/// In which sense the units of a class are equal. Each kind is coarser than the one before: twins refine equitable
/// classes, and equitable classes refine forward-lumpable ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SymmetryKind {
    /// Swapping two units of a class changes no parameter. From [`twins`](crate::twins).
    Twins,
    /// Sums over classes agree, along inputs and along outputs. From [`equitable`](crate::equitable).
    Equitable,
    /// Sums over classes agree along inputs. From [`forward_lumpable`](crate::forward_lumpable).
    ForwardLumpable,
}

/// The classes of every space of a network, in one sense.
///
/// Two results are equal if they agree in everything: kind, policy, partitions, witnesses, spreads. To find out whether
/// they have the same classes, compare their [partitions](SpaceSymmetry::partition).
#[derive(Clone, Debug, PartialEq)]
pub struct Symmetry {
    kind: SymmetryKind,
    policy: EqualityPolicy,
    spec: AxesSpec,
    spaces: Vec<SpaceSymmetry>,
}

impl Symmetry {
    pub(crate) fn new(
        kind: SymmetryKind,
        policy: EqualityPolicy,
        spec: AxesSpec,
        spaces: Vec<SpaceSymmetry>,
    ) -> Self {
        Self { kind, policy, spec, spaces }
    }

    /// In which sense units of a class are equal.
    pub fn kind(&self) -> SymmetryKind {
        self.kind
    }

    /// What counted as equal. For kinds that compare sums this is [`EqualityPolicy::value`].
    pub fn policy(&self) -> &EqualityPolicy {
        &self.policy
    }

    /// The spec of the network.
    pub fn spec(&self) -> &AxesSpec {
        &self.spec
    }

    /// The spaces, in the order of the spec: `spaces()[id.get()]` is the space `id`.
    pub fn spaces(&self) -> &[SpaceSymmetry] {
        &self.spaces
    }

    /// The space of this name.
    pub fn space(&self, name: &str) -> Option<&SpaceSymmetry> {
        self.spec.space_id(name).map(|id| &self.spaces[id.get()])
    }

    /// The number of classes of the space of this name.
    pub fn effective_width(&self, name: &str) -> Option<usize> {
        self.space(name).map(SpaceSymmetry::effective_width)
    }

    /// The partition of every space, in the order of the spec.
    pub(crate) fn partitions(&self) -> Vec<&Partition> {
        self.spaces.iter().map(SpaceSymmetry::partition).collect()
    }

    /// The spec of the network in which every class is one unit.
    ///
    /// # Errors
    ///
    /// If there are more entries than can be counted.
    pub(crate) fn spec_of_classes(&self) -> Result<AxesSpec, SymmetryError> {
        let units: Vec<usize> = self.partitions().iter().map(|p| p.len()).collect();
        self.spec.with_units(&units)
    }

    /// Whether in every space each class of `self` lies within a class of `coarser`. `false` if the spaces differ.
    pub fn refines(&self, coarser: &Symmetry) -> bool {
        self.spaces.len() == coarser.spaces.len()
            && self.spaces.iter().zip(&coarser.spaces).all(|(fine, coarse)| {
                fine.name() == coarse.name() && fine.partition.refines(&coarse.partition)
            })
    }
}

/// The classes of one space.
#[derive(Clone, Debug, PartialEq)]
pub struct SpaceSymmetry {
    spec: AxesSpec,
    id: SpaceId,
    partition: Partition,
    splits: Splits,
    /// The classes with a spread above 0, and their spreads.
    spreads: Vec<(ClassId, f64)>,
    nans: Vec<NanEntry>,
    findings: Option<Findings>,
    /// Classes of two or more units that are not twins.
    not_twins: Vec<ClassId>,
}

impl SpaceSymmetry {
    pub(crate) fn new(
        spec: &AxesSpec,
        id: SpaceId,
        partition: Partition,
        classes: Classes,
        spreads: Vec<(ClassId, f64)>,
        findings: Option<Findings>,
    ) -> Self {
        let mut nans: Vec<NanEntry> = classes
            .nans
            .iter()
            .map(|seen| NanEntry {
                unit: UnitIndex(seen.unit),
                parameter: ParamId(seen.param),
                entry: seen.entry as usize,
            })
            .collect();
        nans.sort_unstable();
        nans.dedup();
        let mut splits = classes.splits;
        splits.shrink_to_fit();
        let spec = spec.clone();
        Self { spec, id, partition, splits, spreads, nans, findings, not_twins: Vec::new() }
    }

    pub(crate) fn with_not_twins(self, not_twins: Vec<ClassId>) -> Self {
        Self { not_twins, ..self }
    }

    /// The space's number.
    pub fn id(&self) -> SpaceId {
        self.id
    }

    /// The space's name.
    pub fn name(&self) -> &str {
        self.spec.space(self.id).name()
    }

    /// The classes.
    pub fn partition(&self) -> &Partition {
        &self.partition
    }

    /// The number of classes: the number of distinct units, in the sense of the [kind](Symmetry::kind).
    pub fn effective_width(&self) -> usize {
        self.partition.len()
    }

    /// The largest absolute difference between two units of a class, over all entries (after normalising, if the policy
    /// does). 0 for exact comparisons and for kinds that compare sums.
    pub fn spread(&self, class: ClassId) -> f64 {
        match self.spreads.binary_search_by_key(&class, |&(class, _)| class) {
            Ok(found) => self.spreads[found].1,
            Err(_) => 0.0,
        }
    }

    /// The largest spread of all classes.
    pub fn largest_spread(&self) -> f64 {
        self.spreads.iter().map(|&(_, spread)| spread).fold(0.0, f64::max)
    }

    /// One witness for every cut, in the order of the classes: why a class is not part of an earlier one.
    ///
    /// A space that started as one class and ended with k classes has k - 1 witnesses. A fixed space has none.
    pub fn witnesses(&self) -> impl ExactSizeIterator<Item = Witness<'_>> {
        let rows = self.splits.in_order().into_iter();
        rows.map(|row| self.witness(self.splits.get(row as usize)))
    }

    fn witness(&self, split: Split) -> Witness<'_> {
        let Split { child, parent, entry, is_sum, values, .. } = split;
        let units = [UnitIndex(parent), UnitIndex(child)];
        let param = ParamId(split.param);
        let count = entry as usize;
        let difference = if is_sum {
            Difference::Sums { over: count }
        } else {
            let swap = units.map(UnitIndex::get);
            let other = swapped_entry(&self.spec, self.spec.param(param), self.id, swap, count);
            Difference::Entries([other, count])
        };
        Witness { units, param, parameter: self.spec.param(param).path(), difference, values }
    }

    /// The units that are alone because they hold a NaN, ascending, each with the first NaN that the search read.
    ///
    /// The search stops reading a unit once it is alone. So it reads a NaN only if another unit agrees with its unit on
    /// everything read before.
    pub fn nans(&self) -> &[NanEntry] {
        &self.nans
    }

    /// Units without incoming or outgoing weights, and constant ones; `None` if the role of an axis of the space is
    /// unknown, and for kinds other than twins.
    pub fn findings(&self) -> Option<&Findings> {
        self.findings.as_ref()
    }

    /// Whether the units of a class are twins, not only equal in the sense of the [kind](Symmetry::kind). `true` for a
    /// class of one unit.
    pub fn is_twin_class(&self, class: ClassId) -> bool {
        self.not_twins.binary_search(&class).is_err()
    }
}

/// An entry that is NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct NanEntry {
    /// The unit that holds it.
    pub unit: UnitIndex,
    /// The parameter.
    pub parameter: ParamId,
    /// The row-major number of the entry in the parameter.
    pub entry: usize,
}

/// Why two classes are different: their smallest units, and a place where these differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Witness<'s> {
    units: [UnitIndex; 2],
    param: ParamId,
    parameter: &'s str,
    difference: Difference,
    values: [f64; 2],
}

impl<'s> Witness<'s> {
    /// The two units, the smaller one first.
    pub fn units(&self) -> [UnitIndex; 2] {
        self.units
    }

    /// The number of the parameter in which they differ.
    pub fn param(&self) -> ParamId {
        self.param
    }

    /// The path of the parameter in which they differ.
    pub fn parameter(&self) -> &'s str {
        self.parameter
    }

    /// The place in the parameter.
    pub fn difference(&self) -> Difference {
        self.difference
    }

    /// The two numbers, in the order of [`units`](Self::units): as stored for exact comparisons, normalised if the
    /// policy normalises with a tolerance. Sums are rounded to the nearest f64.
    pub fn values(&self) -> [f64; 2] {
        self.values
    }
}

/// Where two units differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// In one entry each: the row-major numbers of the entries in the parameter, in the order of the units.
    Entries([usize; 2]),
    /// In a sum over a class of another axis.
    Sums {
        /// The number of units in the sum.
        over: usize,
    },
}
