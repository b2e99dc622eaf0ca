//! Where a parameter's numbers lie.

use crate::dtype::DType;
use crate::error::CheckpointError;
use crate::source::Source;

/// One floating parameter of a checkpoint: its name, its shape, its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    path: String,
    shape: Vec<usize>,
    dtype: DType,
    entries: usize,
    /// The number of its file among those of the checkpoint.
    pub(crate) source: usize,
    /// Where its first number lies in that file.
    pub(crate) offset: u64,
    /// Strides in numbers, where they are not those of the row-major order.
    pub(crate) strides: Option<Vec<usize>>,
}

impl Parameter {
    /// A parameter whose numbers lie one behind the other, in row-major order, in `bytes` bytes at `offset`. The range
    /// is checked against the file, the shape against the range.
    pub(crate) fn contiguous(
        source: &Source,
        path: String,
        shape: Vec<usize>,
        dtype: DType,
        [offset, bytes]: [u64; 2],
    ) -> Result<Self, CheckpointError> {
        let error = |problem| CheckpointError::malformed(source.path(), offset, problem);
        let entries = entries(&shape)
            .ok_or_else(|| error(format!("`{path}`: the shape {shape:?} has too many entries")))?;
        let needed = (entries as u64).checked_mul(dtype.size() as u64);
        if needed != Some(bytes) {
            return Err(error(format!(
                "`{path}`: {bytes} bytes are given, but {dtype} {shape:?} needs {}",
                needed.map_or("more than can be counted".into(), |needed| needed.to_string())
            )));
        }
        if offset.checked_add(bytes).is_none_or(|end| end > source.len()) {
            return Err(error(format!(
                "`{path}`: {bytes} bytes should be here, but the file has {} bytes",
                source.len()
            )));
        }
        Ok(Self { path, shape, dtype, entries, source: 0, offset, strides: None })
    }

    /// The name.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The size of every axis, in the file's own order.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The type of the numbers.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// How many numbers there are.
    pub fn entries(&self) -> usize {
        self.entries
    }

    /// How many bytes they take.
    pub fn bytes(&self) -> u64 {
        self.entries as u64 * self.dtype.size() as u64
    }

    pub(crate) fn with_strides(self, strides: Vec<usize>) -> Self {
        let row_major = row_major(&self.shape);
        // Strides of axes of one member mean nothing.
        let same = self.entries == 0
            || self.shape.iter().zip(&strides).zip(&row_major).all(|((&n, a), b)| n == 1 || a == b);
        Self { strides: (!same).then_some(strides), ..self }
    }
}

/// The product of the sizes; `None` where it, or that of the sizes that are not 0, cannot be counted.
pub(crate) fn entries(shape: &[usize]) -> Option<usize> {
    let all = shape
        .iter()
        .try_fold(1usize, |entries, &size| entries.checked_mul(size.max(1)))
        .filter(|&entries| entries <= isize::MAX as usize / 8)?;
    Some(if shape.contains(&0) { 0 } else { all })
}

pub(crate) fn row_major(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![0; shape.len()];
    let mut step = 1;
    for (stride, &size) in strides.iter_mut().zip(shape).rev() {
        *stride = step;
        step *= size.max(1);
    }
    strides
}
