//! The values of a parameter in row-major order, wherever they lie in the file.

use std::ops::Range;

use crate::checkpoint::Checkpoint;
use crate::error::CheckpointError;
use crate::parameter::{Parameter, row_major};
use crate::source::Source;
use crate::values::{ParameterValues, with_values};

/// The values of one parameter in row-major order, a range at a time.
pub(crate) struct Entries<'c> {
    source: &'c Source,
    offset: u64,
    size: u64,
    /// In memory, where they do not lie in order in the file.
    gathered: Option<ParameterValues>,
}

impl<'c> Entries<'c> {
    pub fn new(
        checkpoint: &'c Checkpoint,
        parameter: &'c Parameter,
    ) -> Result<Self, CheckpointError> {
        let source = checkpoint.source(parameter);
        let gathered = match &parameter.strides {
            Some(strides) => Some(gather(checkpoint, source, parameter, strides)?),
            None => None,
        };
        let size = parameter.dtype().size() as u64;
        Ok(Self { source, offset: parameter.offset, size, gathered })
    }

    /// Reads the entries from number `first` on into a range of `numbers`, which are of the parameter's type.
    pub fn read(
        &self,
        first: usize,
        numbers: &mut ParameterValues,
        range: Range<usize>,
    ) -> Result<(), CheckpointError> {
        let size = self.size as usize;
        let bytes = &mut numbers.bytes_mut()[range.start * size..range.end * size];
        match &self.gathered {
            Some(all) => bytes.copy_from_slice(&all.bytes()[first * size..][..bytes.len()]),
            None => self.source.read_at(bytes, self.offset + first as u64 * self.size)?,
        }
        Ok(())
    }
}

/// Reads the stretch of the file that a strided parameter lies in, and puts its entries in order.
fn gather(
    checkpoint: &Checkpoint,
    source: &Source,
    parameter: &Parameter,
    strides: &[usize],
) -> Result<ParameterValues, CheckpointError> {
    let reach = parameter.shape().iter().zip(strides).map(|(&size, stride)| (size - 1) * stride);
    let reach = reach.sum::<usize>() + 1;
    let mut stretch = checkpoint.buffer(parameter, reach)?;
    source.read_at(stretch.bytes_mut(), parameter.offset)?;
    let places = row_major(parameter.shape());
    let from = |entry: usize| -> usize {
        let index = parameter.shape().iter().zip(&places).zip(strides);
        index.map(|((&size, &place), &stride)| entry / place % size * stride).sum()
    };
    Ok(with_values!(stretch, |data| (0..parameter.entries())
        .map(|entry| data[from(entry)])
        .collect::<Vec<_>>()
        .into()))
}
