//! The state of a space during the search: one unit represents each twin class.

use crate::classes::Classes;
use crate::partition::Partition;

/// What the search starts from in a space.
pub(crate) struct Start {
    /// Units known to stay together.
    pub twins: Partition,
    /// The classes to cut; `twins` refines them.
    pub classes: Partition,
}

/// The state of a space during refinement. Only the smallest unit of each twin class takes part.
pub(super) struct Space {
    pub(super) twins: Partition,
    pub(super) classes: Classes,
}

impl Space {
    pub(super) fn new(start: Start) -> Self {
        let Start { twins, classes } = start;
        let units = twins.units();
        let live: Vec<Vec<u32>> = classes
            .classes()
            .map(|class| {
                let takes_part = |u: &u32| twins.members(twins.labels()[*u as usize])[0].0 == *u;
                class.iter().map(|u| u.0).filter(takes_part).collect()
            })
            .collect();
        let classes = Classes::given(units, live.iter().map(Vec::as_slice));
        Self { twins, classes }
    }

    /// The size of the twin class that a unit represents.
    pub(super) fn weight(&self, unit: u32) -> u64 {
        self.twins.members(self.twins.labels()[unit as usize]).len() as u64
    }

    pub(super) fn takes_part(&self, unit: u32) -> bool {
        self.twins.members(self.twins.labels()[unit as usize])[0].0 == unit
    }

    /// The partition of all units.
    pub(super) fn whole(&self) -> Partition {
        let first = self.classes.representatives();
        let of_twin = |u: usize| first[self.twins.members(self.twins.labels()[u])[0].get()];
        let representative: Vec<u32> = (0..first.len()).map(of_twin).collect();
        Partition::from_representatives(&representative)
    }
}
