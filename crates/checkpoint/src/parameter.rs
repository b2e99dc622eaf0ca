//! A parameter, and where its numbers are in the file.

use crate::decode::Affine;
use crate::dtype::DType;
use crate::error::CheckpointError;
use crate::source::Source;

/// One tensor of a checkpoint: its name, its shape, its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    path: String,
    shape: Vec<usize>,
    dtype: DType,
    entries: usize,
    /// The number of its file among those of the checkpoint.
    pub(crate) source: usize,
    /// The offset of its first number in that file.
    pub(crate) offset: u64,
    /// Strides in entries, if they are not those of the row-major order.
    pub(crate) strides: Option<Vec<usize>>,
    /// The scales of its integers, if it is quantised.
    pub(crate) affine: Option<Affine>,
}

impl Parameter {
    /// A parameter whose numbers follow each other in row-major order, in `bytes` bytes at `offset`. An error if the
    /// range is not within the file, or the shape does not fit the range.
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
        let needed = dtype.file_bytes(entries);
        if needed != Some(bytes) {
            let needed = match (needed, entries.checked_mul(dtype.bits())) {
                (Some(needed), _) => format!("{needed} bytes"),
                (None, Some(bits)) => format!("{bits} bits"),
                (None, None) => "more than can be counted".into(),
            };
            let problem =
                format!("`{path}`: {bytes} bytes are given, but {dtype} {shape:?} needs {needed}");
            return Err(error(problem));
        }
        if offset.checked_add(bytes).is_none_or(|end| end > source.len()) {
            return Err(error(format!(
                "`{path}`: {bytes} bytes should be here, but the file has {} bytes",
                source.len()
            )));
        }
        Ok(Self { path, shape, dtype, entries, source: 0, offset, strides: None, affine: None })
    }

    /// The name.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The size of every axis, in the file's own order.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The type of the entries.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// How many entries there are.
    pub fn entries(&self) -> usize {
        self.entries
    }

    /// How many bytes they take.
    pub fn bytes(&self) -> u64 {
        self.entries as u64 * self.dtype.bits() as u64 / 8
    }

    /// How many numbers the entries are read as.
    pub(crate) fn numbers(&self) -> usize {
        self.entries * self.dtype.parts()
    }

    /// Why its units along an axis are not compared, as a clause: they begin within a byte. `None` if they can be
    /// compared.
    pub(crate) fn unread_units(&self, axis: usize) -> Option<String> {
        let run: usize = self.shape[axis + 1..].iter().product();
        let whole = self.shape[axis] < 2 || (run * self.dtype.bits()).is_multiple_of(8);
        (!whole).then(|| {
            let bits = self.dtype.bits();
            format!("its entries have {bits} bits, and its units do not begin at whole bytes")
        })
    }

    /// A parameter whose entries have these strides, in entries, from `offset` on. The caller must have checked that
    /// all of them are within the file. `entries` is the number of entries of the shape.
    pub(crate) fn strided(
        path: String,
        (shape, entries): (Vec<usize>, usize),
        (dtype, affine): (DType, Option<Affine>),
        offset: u64,
        strides: Vec<usize>,
    ) -> Self {
        let row_major = row_major(&shape);
        // The stride of an axis with one member does not matter.
        let same = entries == 0
            || shape.iter().zip(&strides).zip(&row_major).all(|((&n, a), b)| n == 1 || a == b);
        let strides = (!same).then_some(strides);
        Self { path, shape, dtype, entries, source: 0, offset, strides, affine }
    }
}

/// The product of the sizes; `None` if the product of the sizes that are not 0 is too large to count.
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
