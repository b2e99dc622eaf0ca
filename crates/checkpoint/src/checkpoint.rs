//! A checkpoint: one file, or the files of an index.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::entries::Entries;
use crate::error::CheckpointError;
use crate::format::{self, Contents, Format, Other};
use crate::orientation::Orientations;
use crate::parameter::Parameter;
use crate::parameter_set::ParameterSet;
use crate::source::Source;
use crate::values::ParameterValues;

/// The floating parameters of a checkpoint by name. The numbers stay in the file until they are asked for.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    format: Format,
    sources: Vec<Source>,
    parameters: ParameterSet,
    passed_over: BTreeMap<String, usize>,
    others: Vec<Other>,
    metadata: BTreeMap<String, String>,
    notes: Vec<String>,
}

impl Checkpoint {
    /// Opens a file, or all files of a `.index.json`, and reads what they say about their tensors.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read, is no checkpoint, or says something of its tensors that cannot be so. Every error
    /// names the file, and the place in it where there is one.
    ///
    /// # Complexity
    ///
    /// Reads the head of the file (the whole pickle of a PyTorch file, everything but the numbers of a record). Memory
    /// is a multiple of the size of the head, which is at most 100 MB; nothing is allocated for a size that the file
    /// only claims.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        if format::is_index(path) {
            let (format, sources, contents) = format::read_shards(path)?;
            return Ok(Self::new(path, format, sources, contents));
        }
        let source = Source::open(path)?;
        let (format, contents) = format::read(&source)?;
        Ok(Self::new(path, format, vec![source], contents))
    }

    /// Reads the head of a file that is open already and need not have a name in any folder; messages call it `name`. It is
    /// one file, and never an index of others.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn of_file(file: std::fs::File, name: &Path) -> Result<Self, CheckpointError> {
        let source = Source::of_file(file, name)?;
        let (format, contents) = format::read(&source)?;
        Ok(Self::new(name, format, vec![source], contents))
    }

    /// Opens a file that is known to be of a format, whatever it is called.
    pub(crate) fn open_as(path: &Path, format: Format) -> Result<Self, CheckpointError> {
        let source = Source::open(path)?;
        let contents = format::read_as(&source, format)?;
        Ok(Self::new(path, format, vec![source], contents))
    }

    fn new(path: &Path, format: Format, sources: Vec<Source>, contents: Contents) -> Self {
        let Contents { parameters, passed_over, others, metadata, notes, .. } = contents;
        let parameters = ParameterSet::new(parameters);
        Self {
            path: path.into(),
            format,
            sources,
            parameters,
            passed_over,
            others,
            metadata,
            notes,
        }
    }

    /// The path that was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How it is stored.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The floating parameters: in the order of their names, with numbers in names counted, or as the module has them
    /// where the format keeps that order.
    pub fn parameters(&self) -> &[Parameter] {
        self.parameters.all()
    }

    /// The parameter of this path.
    pub fn parameter(&self, path: &str) -> Option<&Parameter> {
        self.parameters.get(path)
    }

    /// How many tensors of other types there are, by type.
    pub fn passed_over(&self) -> &BTreeMap<String, usize> {
        &self.passed_over
    }

    /// Texts that the file carries beside its tensors.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// What a reader of the result should know.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The files of a checkpoint that was not opened: those of its index, as far as that can be read, or itself.
    pub fn files_at(path: &Path) -> Vec<PathBuf> {
        match format::is_index(path).then(|| format::shards(path)) {
            Some(Ok(shards)) => shards.into_iter().map(|shard| shard.path).collect(),
            _ => vec![path.into()],
        }
    }

    /// The files that the parameters lie in.
    pub fn files(&self) -> impl ExactSizeIterator<Item = &Path> {
        self.sources.iter().map(Source::path)
    }

    /// The bytes of all floating parameters.
    pub fn bytes(&self) -> u64 {
        self.parameters().iter().map(Parameter::bytes).sum()
    }

    /// All numbers of a parameter of this checkpoint, in row-major order.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read, was written to since it was opened, or is larger than memory.
    pub fn read(&self, parameter: &Parameter) -> Result<ParameterValues, CheckpointError> {
        let entries = Entries::new(self, parameter)?;
        let mut numbers = self.buffer(parameter, parameter.entries())?;
        entries.read(0, &mut numbers, 0..parameter.entries())?;
        self.source(parameter).check_unchanged()?;
        Ok(numbers)
    }

    /// Tensors of other types that are copied when the checkpoint is written anew.
    pub(crate) fn others(&self) -> &[Other] {
        &self.others
    }

    /// Bytes of one of its files.
    pub(crate) fn bytes_at(
        &self,
        source: usize,
        offset: u64,
        len: u64,
    ) -> Result<Vec<u8>, CheckpointError> {
        self.sources[source].bytes(offset, len)
    }

    /// An error where a file of the checkpoint was written to since it was opened.
    pub(crate) fn check_unchanged(&self) -> Result<(), CheckpointError> {
        self.sources.iter().try_for_each(Source::check_unchanged)
    }

    pub(crate) fn buffer(
        &self,
        parameter: &Parameter,
        len: usize,
    ) -> Result<ParameterValues, CheckpointError> {
        ParameterValues::zeros(parameter.dtype(), len).ok_or_else(|| CheckpointError::Memory {
            file: self.path.clone(),
            parameter: parameter.path().into(),
            bytes: len as u64 * parameter.dtype().size() as u64,
        })
    }

    /// The parameter with one entry a unit that goes with a weight: `fc1.bias` with `fc1.weight`.
    pub fn bias_of(&self, weight: &Parameter) -> Option<&Parameter> {
        self.parameters.bias_of(weight)
    }

    /// Which axis of each weight is its output. Inferred from names and shapes at every call.
    pub fn orientations(&self) -> Orientations<'_> {
        Orientations::new(&self.parameters, self.format)
    }

    /// The parameters with their names, without the numbers.
    pub(crate) fn parameter_set(&self) -> &ParameterSet {
        &self.parameters
    }

    /// The file that a parameter lies in.
    pub(crate) fn source(&self, parameter: &Parameter) -> &Source {
        &self.sources[parameter.source]
    }
}
