//! Reads runs of some units of a parameter, and joins requests where that is faster.

use crate::checkpoint::Checkpoint;
use crate::entries::Entries;
use crate::error::CheckpointError;
use crate::parameter::Parameter;
use crate::values::ParameterValues;

/// A read request costs as much as reading this many bytes. Runs that are closer are read together with the bytes
/// between them.
const NEAR: usize = if cfg!(test) { 12 } else { 8 << 10 };
/// The most bytes that are read together in this way.
const STRETCH: usize = if cfg!(test) { 60 } else { 256 << 10 };

/// A parameter as `outer` times `units` runs of `inner` numbers: an entry is as many numbers as its type has parts.
pub(super) struct Runs<'c> {
    checkpoint: &'c Checkpoint,
    parameter: &'c Parameter,
    pub entries: Entries<'c>,
    pub outer: usize,
    pub units: usize,
    pub inner: usize,
}

impl<'c> Runs<'c> {
    /// The runs of the units along an axis.
    pub fn new(
        checkpoint: &'c Checkpoint,
        parameter: &'c Parameter,
        axis: usize,
    ) -> Result<Self, CheckpointError> {
        let shape = parameter.shape();
        Ok(Self {
            checkpoint,
            parameter,
            entries: Entries::new(checkpoint, parameter)?,
            outer: shape[..axis].iter().product(),
            units: shape[axis],
            inner: shape[axis + 1..].iter().product::<usize>() * parameter.dtype().parts(),
        })
    }

    /// Fills `block` with numbers `first..first + width` of the runs of some units, ascending, one after the other.
    pub fn fill(
        &self,
        units: &[u32],
        [outer, first, width]: [usize; 3],
        block: &mut ParameterValues,
    ) -> Result<(), CheckpointError> {
        let size = self.parameter.dtype().number_size();
        let run = self.inner * size;
        let near = if width == self.inner { 0 } else { NEAR };
        let mut between = None;
        let mut at = 0;
        while at < units.len() {
            let mut end = at + 1;
            let (mut span, most) = (1, STRETCH / run);
            while end < units.len() {
                let step = (units[end] - units[end - 1]) as usize;
                let is_neighbour = width == self.inner && step == 1;
                let is_near = step * run <= near && span + step <= most;
                if !is_neighbour && !is_near {
                    break;
                }
                span += step;
                end += 1;
            }
            let entry = (outer * self.units + units[at] as usize) * self.inner + first;
            if end == at + 1 || width == self.inner {
                self.entries.read(entry, block, at * width..end * width)?;
            } else {
                let len = (span - 1) * self.inner + width;
                let all = match between.take() {
                    Some(all) => all,
                    None => self.checkpoint.buffer(self.parameter, (STRETCH / size).max(len))?,
                };
                let all = between.insert(all);
                self.entries.read(entry, all, 0..len)?;
                let bytes = block.bytes_mut().chunks_exact_mut(width * size);
                for (unit, run_of) in units[at..end].iter().zip(bytes.skip(at)) {
                    let from = (unit - units[at]) as usize * run;
                    run_of.copy_from_slice(&all.bytes()[from..from + width * size]);
                }
            }
            at = end;
        }
        Ok(())
    }
}
