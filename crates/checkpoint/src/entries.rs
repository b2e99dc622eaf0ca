//! The values of a parameter in row-major order, wherever they are in the file.

use std::ops::Range;

use crate::checkpoint::Checkpoint;
use crate::decode::{Code, decode};
use crate::error::CheckpointError;
use crate::parameter::{Parameter, row_major};
use crate::source::Source;
use crate::values::{ParameterValues, with_values};

/// The numbers of one parameter in row-major order, a range at a time. An entry is as many numbers as its type has
/// [`parts`](crate::DType::parts).
pub(crate) struct Entries<'c> {
    source: &'c Source,
    parameter: &'c Parameter,
    /// All numbers in memory, if the file does not have them in order.
    gathered: Option<Gathered>,
}

impl<'c> Entries<'c> {
    pub fn new(
        checkpoint: &'c Checkpoint,
        parameter: &'c Parameter,
    ) -> Result<Self, CheckpointError> {
        let source = checkpoint.source(parameter);
        let gathered = match &parameter.strides {
            Some(strides) => Some(Gathered::new(checkpoint, source, parameter, strides)?),
            None => None,
        };
        Ok(Self { source, parameter, gathered })
    }

    /// Reads the numbers from number `first` on into a range of `numbers`, whose type is the one that the parameter is
    /// read as.
    pub fn read(
        &self,
        first: usize,
        numbers: &mut ParameterValues,
        range: Range<usize>,
    ) -> Result<(), CheckpointError> {
        match &self.gathered {
            Some(gathered) => {
                gathered.copy(first, numbers, range);
                Ok(())
            }
            None => read(self.source, self.parameter, first, numbers, range),
        }
    }
}

/// Reads numbers that are in order in the file.
fn read(
    source: &Source,
    parameter: &Parameter,
    first: usize,
    numbers: &mut ParameterValues,
    range: Range<usize>,
) -> Result<(), CheckpointError> {
    let dtype = parameter.dtype();
    if dtype.is_stored_as_read() {
        let size = dtype.number_size();
        let bytes = &mut numbers.bytes_mut()[range.start * size..range.end * size];
        return source.read_at(bytes, parameter.offset + (first * size) as u64);
    }
    let (parts, width) = (dtype.parts(), dtype.bits());
    let entries = first / parts..(first + range.len()).div_ceil(parts);
    let bytes = entries.start * width / 8..(entries.end * width).div_ceil(8);
    let mut raw = vec![0; bytes.len()];
    source.read_at(&mut raw, parameter.offset + bytes.start as u64)?;
    let bit = entries.start * width - bytes.start * 8;
    let code = Code { dtype, affine: parameter.affine.as_ref() };
    decode(code, (&raw, bit), [entries.start, first % parts], numbers, range);
    Ok(())
}

/// The numbers of a strided parameter, each once.
struct Gathered {
    numbers: ParameterValues,
    /// For every axis that repeats entries (stride 0): its size, and how many numbers one step along it spans.
    repeats: Vec<[usize; 2]>,
}

impl Gathered {
    /// Reads the range of the file that holds the parameter, and puts its entries in order.
    fn new(
        checkpoint: &Checkpoint,
        source: &Source,
        parameter: &Parameter,
        strides: &[usize],
    ) -> Result<Self, CheckpointError> {
        let (shape, parts) = (parameter.shape(), parameter.dtype().parts());
        let repeated = |axis: usize| strides[axis] == 0 && shape[axis] > 1;
        let stored: Vec<usize> =
            (0..shape.len()).map(|axis| if repeated(axis) { 1 } else { shape[axis] }).collect();
        let reach = stored.iter().zip(strides).map(|(&size, stride)| (size - 1) * stride);
        let reach = reach.sum::<usize>() + 1;
        let mut stretch = checkpoint.buffer(parameter, reach * parts)?;
        read(source, parameter, 0, &mut stretch, 0..reach * parts)?;
        let places = row_major(&stored);
        let from = |number: usize| -> usize {
            let index = stored.iter().zip(&places).zip(strides);
            let entry = number / parts;
            let at: usize =
                index.map(|((&size, &place), &stride)| entry / place % size * stride).sum();
            at * parts + number % parts
        };
        let count = stored.iter().product::<usize>() * parts;
        let numbers = with_values!(stretch, |data| (0..count)
            .map(|number| data[from(number)])
            .collect::<Vec<_>>()
            .into());
        let behind = row_major(shape);
        let repeats = (0..shape.len()).rev().filter(|&axis| repeated(axis));
        let repeats = repeats.map(|axis| [shape[axis], behind[axis] * parts]).collect();
        Ok(Self { numbers, repeats })
    }

    fn copy(&self, first: usize, numbers: &mut ParameterValues, range: Range<usize>) {
        if self.repeats.is_empty() {
            let size = self.numbers.dtype().number_size();
            let bytes = &mut numbers.bytes_mut()[range.start * size..range.end * size];
            bytes.copy_from_slice(&self.numbers.bytes()[first * size..][..bytes.len()]);
            return;
        }
        // Removes the repeated axes from a place, the last axis first. The place along the axes after a removed one is
        // kept.
        let stored = |number: usize| {
            let take_out = |(at, gone): (usize, usize), &[size, behind]: &[usize; 2]| {
                let behind = behind / gone;
                (at / (behind * size) * behind + at % behind, gone * size)
            };
            self.repeats.iter().fold((number, 1), take_out).0
        };
        let places = range.clone().zip(first..);
        match (numbers, &self.numbers) {
            (ParameterValues::F32(to), ParameterValues::F32(from)) => {
                places.for_each(|(place, number)| to[place] = from[stored(number)]);
            }
            (ParameterValues::F64(to), ParameterValues::F64(from)) => {
                places.for_each(|(place, number)| to[place] = from[stored(number)]);
            }
            (ParameterValues::F16(to), ParameterValues::F16(from)) => {
                places.for_each(|(place, number)| to[place] = from[stored(number)]);
            }
            (ParameterValues::Bf16(to), ParameterValues::Bf16(from)) => {
                places.for_each(|(place, number)| to[place] = from[stored(number)]);
            }
            // A parameter is read as one type.
            _ => {}
        }
    }
}
