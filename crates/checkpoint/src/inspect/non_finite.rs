//! NaN and infinite entries of a parameter, and the units that have them.

use std::collections::BTreeSet;

use super::PER_WORKER;
use crate::checkpoint::Checkpoint;
use crate::entries::Entries;
use crate::error::CheckpointError;
use crate::parameter::Parameter;
use crate::values::ParameterValues;

/// The entries of a parameter that are not finite.
#[derive(Default)]
pub(super) struct NonFinite {
    pub count: u64,
    /// The row-major number of the first.
    pub first: Option<usize>,
    /// The units that have such entries.
    pub units: BTreeSet<usize>,
}

impl NonFinite {
    /// Reads the whole parameter, unless its type has no such entries. The units are listed only if their axis is
    /// given.
    pub fn of(
        checkpoint: &Checkpoint,
        parameter: &Parameter,
        axis: Option<usize>,
    ) -> Result<Self, CheckpointError> {
        let mut found = Self::default();
        if !parameter.dtype().may_be_non_finite() {
            return Ok(found);
        }
        let parts = parameter.dtype().parts();
        let layout = axis.map(|axis| {
            [parameter.shape()[axis], parameter.shape()[axis + 1..].iter().product::<usize>()]
        });
        let entries = Entries::new(checkpoint, parameter)?;
        let all = parameter.numbers();
        let most = (PER_WORKER / parameter.dtype().number_size()).min(all.max(1));
        let mut block = checkpoint.buffer(parameter, most)?;
        for first in (0..all).step_by(most) {
            let len = most.min(all - first);
            block.resize(len);
            entries.read(first, &mut block, 0..len)?;
            if block.non_finite() > 0 {
                found.take(&block, [first, parts], layout);
            }
        }
        Ok(found)
    }

    /// Adds those of a block of numbers, which begins at number `first` and has `parts` numbers per entry.
    fn take(
        &mut self,
        block: &ParameterValues,
        [first, parts]: [usize; 2],
        layout: Option<[usize; 2]>,
    ) {
        let wrong = (0..block.len()).filter(|&at| !block.get(at).is_some_and(f64::is_finite));
        let mut last = None;
        // Both parts of an entry are in the same block: a block has an even length or has all numbers.
        for entry in wrong.map(|at| (first + at) / parts) {
            if last.replace(entry) == Some(entry) {
                continue;
            }
            self.count += 1;
            self.first.get_or_insert(entry);
            if let Some([units, run]) = layout {
                self.units.insert(entry / run % units);
            }
        }
    }

    /// Adds those of a bias, which has one entry per unit. The first entry stays the one of the weight.
    pub fn add(&mut self, bias: Self) {
        self.count = self.count.saturating_add(bias.count);
        self.units.extend(bias.units);
    }
}
