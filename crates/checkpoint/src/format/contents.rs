//! What the head of a file says about its tensors.

use std::collections::BTreeMap;

use crate::error::CheckpointError;
use crate::parameter::Parameter;
use crate::source::Source;

/// What the head of a file says about the rest.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// About how many bytes [`Contents::add`] and [`Contents::skip`] took.
    pub(super) named: u64,
    /// The tensors whose entries can be read.
    pub parameters: Vec<Parameter>,
    /// All others.
    pub skipped: Vec<Skipped>,
    /// Texts that the file carries.
    pub metadata: BTreeMap<String, String>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// A tensor whose entries are not read.
#[derive(Clone, Debug)]
pub(crate) struct Skipped {
    pub path: String,
    /// The type, as the file names it.
    pub dtype: String,
    /// Why, as a clause.
    pub why: String,
    /// The sizes of its axes, where they are known.
    pub shape: Option<Vec<usize>>,
    pub source: usize,
    /// Its offset in the file and its length in bytes, if its format can be written: then the tensor is copied.
    pub place: Option<[u64; 2]>,
}

impl Contents {
    /// Adds a parameter whose name was joined from parts. A small file can use its parts again and again, so its names
    /// could fill any memory. The names of a real file are not longer than the file, so longer ones are an error.
    pub fn add(&mut self, source: &Source, parameter: Parameter) -> Result<(), CheckpointError> {
        self.count(source, parameter.path(), parameter.offset)?;
        self.parameters.push(parameter);
        Ok(())
    }

    /// Adds a tensor that is skipped, with the same limit.
    pub fn skip(
        &mut self,
        source: &Source,
        path: String,
        (dtype, shape): (&str, Option<Vec<usize>>),
        why: impl Into<String>,
    ) -> Result<(), CheckpointError> {
        self.count(source, &path, 0)?;
        let (dtype, why) = (dtype.into(), why.into());
        self.skipped.push(Skipped { path, dtype, why, shape, source: 0, place: None });
        Ok(())
    }

    fn count(&mut self, source: &Source, path: &str, offset: u64) -> Result<(), CheckpointError> {
        const OWN: u64 = 128;
        const SMALL: u64 = 1 << 24;
        self.named += path.len() as u64 + OWN;
        if self.named > source.len().saturating_add(SMALL) {
            let problem = "more and longer tensor names than a file of this size can have";
            return Err(CheckpointError::malformed(source.path(), offset, problem));
        }
        Ok(())
    }

    /// An error if two parameters have the same name.
    pub fn check_names(&self, source: &Source) -> Result<(), CheckpointError> {
        let mut names: Vec<&Parameter> = self.parameters.iter().collect();
        names.sort_by_key(|parameter| parameter.path());
        match names.windows(2).find(|pair| pair[0].path() == pair[1].path()) {
            Some(pair) => Err(CheckpointError::malformed(
                source.path(),
                pair[1].offset,
                format!("a second parameter `{}`", pair[1].path()),
            )),
            None => Ok(()),
        }
    }
}

/// Checks that ranges of a file do not overlap: sorts them, and names the first two that overlap in the error.
pub(super) fn check_apart(
    source: &Source,
    ranges: &mut [([u64; 2], String)],
) -> Result<(), CheckpointError> {
    ranges.sort();
    let nonempty: Vec<_> = ranges.iter().filter(|([start, end], _)| start < end).collect();
    match nonempty.windows(2).find(|pair| pair[1].0[0] < pair[0].0[1]) {
        Some(pair) => Err(CheckpointError::malformed(
            source.path(),
            pair[1].0[0],
            format!("`{}` and `{}` overlap", pair[0].1, pair[1].1),
        )),
        None => Ok(()),
    }
}
