//! Units that compute a constant or that nothing reads, found together with the classes by inspecting one unit per
//! class.
//!
//! With z = W x + b, a = act(z) and the next layer reading a through Q, the unit i is
//!
//! ```text
//! no incoming  W[i][j] = 0 for all j, and b[i] = 0    it computes act(0) for every input
//! constant     W[i][j] = 0 for all j, but b[i] != 0   it computes act(b[i]) for every input
//! no outgoing  Q[k][i] = 0 for all k                  no unit reads it
//! ```
//!
//! None of the three means *dead*: a dead unit has slope zero on every example, which depends on the data.

use crate::axes::Role;
use crate::element::Element;
use crate::equality_policy::EqualityPolicy;
use crate::layout::{LogicalAxis, UnitLayout};
use crate::params::{ParamView, with_elements};
use crate::partition::Partition;
use crate::space::{ClassId, SpaceId, UnitIndex};
use crate::splits::Splits;

/// The units of a space whose entries on one side are all zero.
///
/// Zero is a value here (-0.0 is zero); under a policy with a tolerance, numbers up to the tolerance count as zero. A
/// parameter with one axis counts as the unit's own entry (a bias or gain), all others as weights.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    no_incoming: Vec<UnitIndex>,
    constant: Vec<UnitIndex>,
    no_outgoing: Vec<UnitIndex>,
}

impl Findings {
    /// Units whose incoming weights and own entries are all zero, ascending.
    pub fn no_incoming(&self) -> &[UnitIndex] {
        &self.no_incoming
    }

    /// Units whose incoming weights are all zero and that have a nonzero own entry, ascending. They compute a constant.
    pub fn constant(&self) -> &[UnitIndex] {
        &self.constant
    }

    /// Units whose outgoing weights are all zero, ascending.
    pub fn no_outgoing(&self) -> &[UnitIndex] {
        &self.no_outgoing
    }

    /// Expands findings about classes, as units of a quotient, to all units of the classes.
    pub(crate) fn of_classes(&self, partition: &Partition) -> Self {
        let members = |units: &[UnitIndex]| {
            members(partition, units.iter().map(|unit| ClassId::at(unit.get())))
        };
        Self {
            no_incoming: members(&self.no_incoming),
            constant: members(&self.constant),
            no_outgoing: members(&self.no_outgoing),
        }
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.no_incoming.is_empty() && self.constant.is_empty() && self.no_outgoing.is_empty()
    }
}

/// Inspects one unit of every class (every unit under a tolerance). `None` if the role of an axis of the space is
/// unknown.
///
/// The search has already read the numbers that distinguish the classes. If one of them is not zero, its unit has a
/// nonzero entry on that side, and `find` does not read the unit again.
pub(crate) fn find(
    views: &[&ParamView<'_>],
    axes: &[Vec<LogicalAxis>],
    id: SpaceId,
    partition: &Partition,
    splits: &Splits,
    policy: &EqualityPolicy,
) -> Option<Findings> {
    let threshold = policy.tolerance().unwrap_or(0.0);
    let each = policy.tolerance().is_some();
    let (mut weights_in, mut weights_out) = (false, false);
    let (mut incoming, mut outgoing, mut own) = (Vec::new(), Vec::new(), Vec::new());
    // For every parameter its only role for this space, if it has one; decides what a number in `splits` says.
    let mut only_role = vec![None; views.len()];
    for ((view, axes), only) in views.iter().zip(axes).zip(&mut only_role) {
        for (along, axis) in axes.iter().enumerate().filter(|(_, axis)| axis.space == Some(id)) {
            let layout = UnitLayout::new(axes, along);
            let several = only.is_some();
            match axis.role {
                Role::Unknown => return None,
                Role::Output if view.shape().len() == 1 => own.push((view, layout)),
                Role::Output => {
                    weights_in = true;
                    incoming.push((view, layout));
                }
                Role::Input => {
                    weights_out = true;
                    outgoing.push((view, layout));
                }
            }
            *only =
                Some(if several || view.shape().len() == 1 { Role::Unknown } else { axis.role });
        }
    }
    let candidates = |role: Role| -> Vec<UnitIndex> {
        if each {
            return (0..partition.units()).map(UnitIndex::at).collect();
        }
        if splits.len() + 1 != partition.len() {
            return partition.representatives().collect();
        }
        let children = splits.unsettled(|param| only_role[param] == Some(role));
        let mut units: Vec<UnitIndex> = std::iter::once(0).chain(children).map(UnitIndex).collect();
        units.sort_unstable();
        units
    };
    let mut silent = if weights_in { candidates(Role::Output) } else { Vec::new() };
    let mut no_outgoing = if weights_out { candidates(Role::Input) } else { Vec::new() };
    incoming.iter().for_each(|(view, layout)| keep_zeros(view, layout, threshold, &mut silent));
    outgoing
        .iter()
        .for_each(|(view, layout)| keep_zeros(view, layout, threshold, &mut no_outgoing));
    let mut no_incoming = silent.clone();
    for (view, layout) in own {
        keep_zeros(view, &layout, threshold, &mut no_incoming);
    }
    let constant =
        silent.into_iter().filter(|unit| no_incoming.binary_search(unit).is_err()).collect();
    let whole = |units: Vec<UnitIndex>| -> Vec<UnitIndex> {
        if each {
            return units;
        }
        members(partition, units.iter().filter_map(|&unit| partition.class_of(unit)))
    };
    Some(Findings {
        no_incoming: whole(no_incoming),
        constant: whole(constant),
        no_outgoing: whole(no_outgoing),
    })
}

/// The units of some classes, ascending.
fn members(partition: &Partition, classes: impl Iterator<Item = ClassId>) -> Vec<UnitIndex> {
    let mut all: Vec<UnitIndex> =
        classes.flat_map(|class| partition.members(class).iter().copied()).collect();
    all.sort_unstable();
    all
}

fn keep_zeros(
    view: &ParamView<'_>,
    layout: &UnitLayout,
    threshold: f64,
    units: &mut Vec<UnitIndex>,
) {
    with_elements!(view.elements(), |data| keep_zeros_in(data, layout, threshold, units));
}

/// Works slab by slab, so it drops a unit at its first nonzero entry.
fn keep_zeros_in<E: Element>(
    data: &[E],
    layout: &UnitLayout,
    threshold: f64,
    units: &mut Vec<UnitIndex>,
) {
    for slab in 0..layout.slab_count {
        if units.is_empty() {
            return;
        }
        let (offset, _) = layout.slab(slab);
        let zero = |at: usize| data[at].value().abs() <= threshold;
        let start = |unit: &UnitIndex| offset + unit.get() * layout.units.stride;
        // The first entry decides for almost all units. A separate short loop over it lets the processor load many
        // cache lines at once.
        units.retain(|unit| zero(start(unit)));
        units.retain(|unit| (1..layout.run.len).all(|k| zero(start(unit) + k * layout.run.stride)));
    }
}
