//! A checkpoint: one file, or the files of an index.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use constinit_records::inspection::TensorRole;

use crate::entries::Entries;
use crate::error::CheckpointError;
use crate::format::{self, Contents, Format, Skipped};
use crate::orientation::Orientations;
use crate::parameter::Parameter;
use crate::parameter_set::{ParameterSet, bias_path};
use crate::role::Roles;
use crate::source::Source;
use crate::values::ParameterValues;

/// The tensors of a checkpoint by name. Their numbers stay in the file until a caller reads them.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    format: Format,
    sources: Vec<Source>,
    /// The tensors of the four types whose numbers are added, merged and written.
    parameters: ParameterSet,
    /// All tensors that can be read; `None` if these are the parameters.
    tensors: Option<ParameterSet>,
    others: Vec<Other>,
    skipped: Vec<Skipped>,
    skipped_names: HashSet<String>,
    roles: Roles,
    metadata: BTreeMap<String, String>,
    notes: Vec<String>,
}

/// A tensor that is not among [`Checkpoint::parameters`]: of another type, or skipped.
#[derive(Clone, Debug)]
pub(crate) struct Other {
    pub path: String,
    pub dtype: String,
    pub shape: Vec<usize>,
    /// Whether one of its axes could range over units: it has an axis with several members, or unknown sizes.
    pub has_units: bool,
    pub source: usize,
    /// Its offset in the file and its length in bytes, if known.
    pub place: Option<[u64; 2]>,
}

impl Checkpoint {
    /// Opens a file, or all files of a `.index.json`, and reads what they say about their tensors.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, is not a checkpoint, or describes tensors that it cannot hold. Every error names the
    /// file, and the offset in it if there is one.
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

    /// Reads the head of a file that is already open. The file need not be in any folder; messages call it `name`. It
    /// is read as one file, never as an index of others.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn of_file(file: std::fs::File, name: &Path) -> Result<Self, CheckpointError> {
        let source = Source::of_file(file, name)?;
        let (format, contents) = format::read(&source)?;
        Ok(Self::new(name, format, vec![source], contents))
    }

    /// Opens a file of a known format, whatever its name.
    pub(crate) fn open_as(path: &Path, format: Format) -> Result<Self, CheckpointError> {
        let source = Source::open(path)?;
        let contents = format::read_as(&source, format)?;
        Ok(Self::new(path, format, vec![source], contents))
    }

    fn new(path: &Path, format: Format, sources: Vec<Source>, contents: Contents) -> Self {
        let Contents { parameters: tensors, skipped, metadata, mut notes, .. } = contents;
        let paths = tensors.iter().map(Parameter::path);
        let roles = Roles::new(paths.chain(skipped.iter().map(|tensor| tensor.path.as_str())));
        notes.extend_from_slice(roles.notes());
        let has_units = |shape: &[usize]| shape.iter().any(|&size| size > 1);
        let bits = tensors.iter().filter(|tensor| !tensor.dtype().is_own()).map(|tensor| Other {
            path: tensor.path().into(),
            dtype: tensor.dtype().name().into(),
            shape: tensor.shape().into(),
            has_units: has_units(tensor.shape()),
            source: tensor.source,
            place: Some([tensor.offset, tensor.bytes()]),
        });
        let unread = skipped.iter().map(|tensor| Other {
            path: tensor.path.clone(),
            dtype: tensor.dtype.clone(),
            shape: tensor.shape.clone().unwrap_or_default(),
            has_units: tensor.shape.as_deref().is_none_or(has_units),
            source: tensor.source,
            place: tensor.place,
        });
        let others: Vec<Other> = bits.chain(unread).collect();
        let is_whole = !others.iter().any(|other| other.has_units);
        let own = |tensor: &Parameter| tensor.dtype().is_own();
        let (parameters, tensors) = if tensors.iter().all(own) {
            (tensors, None)
        } else {
            let parameters = tensors.iter().filter(|tensor| own(tensor)).cloned().collect();
            (parameters, Some(ParameterSet::new(tensors, skipped.is_empty())))
        };
        Self {
            path: path.into(),
            format,
            sources,
            parameters: ParameterSet::new(parameters, is_whole),
            tensors,
            others,
            skipped_names: skipped.iter().map(|tensor| tensor.path.clone()).collect(),
            skipped,
            roles,
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

    /// The parameters whose numbers are added and merged (f32, f64, f16, bf16). They are sorted by name, with numbers
    /// in names compared as numbers, or in the order of the module if the format keeps that order.
    pub fn parameters(&self) -> &[Parameter] {
        self.parameters.all()
    }

    /// The parameter of this path; also `None` for tensors of other types.
    pub fn parameter(&self, path: &str) -> Option<&Parameter> {
        self.parameters.get(path)
    }

    /// All tensors whose entries can be read, of any type, in the same order.
    pub fn tensors(&self) -> &[Parameter] {
        self.tensor_set().all()
    }

    /// The tensor of this path, of any type.
    pub fn tensor(&self, path: &str) -> Option<&Parameter> {
        self.tensor_set().get(path)
    }

    /// The role of the tensor of this path, by its name: `optimizer.state.0.exp_avg` belongs to an optimizer,
    /// `model_ema.fc.weight` to a moving average.
    pub fn role(&self, path: &str) -> TensorRole {
        self.roles.of(path)
    }

    /// The tensors whose entries cannot be read: name, type and reason.
    pub fn skipped(&self) -> impl ExactSizeIterator<Item = [&str; 3]> {
        self.skipped.iter().map(|tensor| [&*tensor.path, &*tensor.dtype, &*tensor.why])
    }

    /// The texts that the file has in addition to its tensors.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// Notes for whoever reads the result.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The files of a checkpoint, without opening it: the files that its index names, or `path` itself if it is not an
    /// index or the index cannot be read.
    pub fn files_at(path: &Path) -> Vec<PathBuf> {
        match format::is_index(path).then(|| format::shards(path)) {
            Some(Ok(shards)) => shards.into_iter().map(|shard| shard.path).collect(),
            _ => vec![path.into()],
        }
    }

    /// The files that hold the parameters.
    pub fn files(&self) -> impl ExactSizeIterator<Item = &Path> {
        self.sources.iter().map(Source::path)
    }

    /// The bytes of all tensors that can be read.
    pub fn bytes(&self) -> u64 {
        self.tensors().iter().map(Parameter::bytes).fold(0, u64::saturating_add)
    }

    /// All numbers of a tensor of this checkpoint, in row-major order. Each entry takes as many of them as its type has
    /// [`parts`](crate::DType::parts).
    ///
    /// # Errors
    ///
    /// If the file cannot be read, if it was written to since it was opened, or if there is no memory for the numbers.
    pub fn read(&self, parameter: &Parameter) -> Result<ParameterValues, CheckpointError> {
        let entries = Entries::new(self, parameter)?;
        let mut numbers = self.buffer(parameter, parameter.numbers())?;
        entries.read(0, &mut numbers, 0..parameter.numbers())?;
        self.source(parameter).check_unchanged()?;
        Ok(numbers)
    }

    /// All tensors that are not among the [`parameters`](Self::parameters). They are copied when the checkpoint is
    /// rewritten.
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

    /// An error if a file of the checkpoint was written to since it was opened.
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
            bytes: len as u64 * parameter.dtype().number_size() as u64,
        })
    }

    /// The bias of a weight, with one entry per unit: `fc1.bias` for `fc1.weight`.
    pub fn bias_of(&self, weight: &Parameter) -> Option<&Parameter> {
        self.tensor_set().bias_of(weight)
    }

    /// The name of a weight's bias if that bias is skipped, so that its entries are unknown.
    pub(crate) fn skipped_bias(&self, weight: &Parameter) -> Option<&str> {
        let path = bias_path(weight.path())?;
        self.skipped_names.get(&path).map(String::as_str)
    }

    /// Which axis of each weight is its output. Inferred from names and shapes at every call.
    pub fn orientations(&self) -> Orientations<'_> {
        Orientations::new(self.tensor_set(), &self.parameters, self.format)
    }

    fn tensor_set(&self) -> &ParameterSet {
        self.tensors.as_ref().unwrap_or(&self.parameters)
    }

    /// All skipped tensors, with everything that is known of them.
    pub(crate) fn skipped_tensors(&self) -> &[Skipped] {
        &self.skipped
    }

    /// The place of an optimizer's tensor: [`Roles::place`].
    pub(crate) fn optimizer_place(&self, path: &str) -> Option<&str> {
        self.roles.place(path)
    }

    /// The parameters with their names, without the numbers.
    pub(crate) fn parameter_set(&self) -> &ParameterSet {
        &self.parameters
    }

    /// The file that holds a parameter.
    pub(crate) fn source(&self, parameter: &Parameter) -> &Source {
        &self.sources[parameter.source]
    }
}
