//! A checkpoint: one file, or the files of an index.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use constinit_symmetry::Orientation;

use crate::error::CheckpointError;
use crate::format::{self, Contents, Format, Other};
use crate::inspect::chain;
use crate::natural::natural;
use crate::numbers::{Numbers, with_numbers};
use crate::parameter::{Parameter, row_major};
use crate::source::Source;

/// The floating parameters of a checkpoint by name. The numbers stay in the file until they are asked for.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    format: Format,
    sources: Vec<Source>,
    contents: Contents,
    by_path: HashMap<String, usize>,
    /// Whether matrices are `weight[input][output]`, where the whole file tells.
    inputs_first: Option<bool>,
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
            return Self::open_shards(path);
        }
        let source = Source::open(path)?;
        let (format, contents) = format::read(&source)?;
        Ok(Self::new(path, format, vec![source], contents))
    }

    /// Opens a file that is known to be of a format, whatever it is called.
    pub(crate) fn open_as(path: &Path, format: Format) -> Result<Self, CheckpointError> {
        let source = Source::open(path)?;
        let contents = format::read_as(&source, format)?;
        Ok(Self::new(path, format, vec![source], contents))
    }

    fn open_shards(path: &Path) -> Result<Self, CheckpointError> {
        let mut sources = Vec::new();
        let mut all = Contents::default();
        let mut of_all = None;
        for shard in format::shards(path)? {
            let source = Source::open(&shard.path)?;
            let (format, contents) = format::read(&source)?;
            let format = match format {
                Format::Safetensors => Format::ShardedSafetensors,
                Format::PyTorch | Format::LegacyPyTorch => Format::ShardedPyTorch,
                _ => {
                    let problem =
                        format!("a shard of {} is no safetensors or PyTorch file", path.display());
                    return Err(CheckpointError::unsupported(&shard.path, problem));
                }
            };
            if *of_all.get_or_insert(format) != format {
                let problem = format!("the shards of {} are of two formats", path.display());
                return Err(CheckpointError::unsupported(&shard.path, problem));
            }
            // A shard may hold tensors that the index does not know; they are not part of the checkpoint.
            let mut names: HashMap<&str, bool> =
                shard.names.iter().map(|name| (name.as_str(), false)).collect();
            for mut parameter in contents.parameters {
                if let Some(seen) = names.get_mut(parameter.path()) {
                    *seen = true;
                    parameter.source = sources.len();
                    all.parameters.push(parameter);
                }
            }
            for other in &contents.others {
                if let Some(seen) = names.get_mut(other.path.as_str()) {
                    *seen = true;
                }
            }
            // What is passed over in a pickle is counted, but not kept by name.
            let unnamed = match format {
                Format::ShardedPyTorch => contents.passed_over.values().sum(),
                _ => 0,
            };
            let missing = names.iter().filter(|(_, seen)| !**seen).map(|(name, _)| *name);
            if missing.clone().count() > unnamed {
                let parameter = missing.min().unwrap_or_default().to_owned();
                return Err(CheckpointError::NoParameter { file: shard.path, parameter });
            }
            let known = |other: &Other| names.contains_key(other.path.as_str());
            let others = contents.others.into_iter().filter(known);
            all.others.extend(others.map(|other| Other { source: sources.len(), ..other }));
            for (key, text) in contents.metadata {
                let first = all.metadata.entry(key.clone()).or_insert_with(|| text.clone());
                if *first != text {
                    all.notes.push(format!(
                        "{} has another text `{key}` than a shard before it, which is the one that counts",
                        shard.path.display()
                    ));
                }
            }
            for note in contents.notes {
                if !all.notes.contains(&note) {
                    all.notes.push(note);
                }
            }
            for (name, count) in contents.passed_over {
                *all.passed_over.entry(name).or_default() += count;
            }
            sources.push(source);
        }
        all.parameters.sort_by(|a, b| natural(a.path(), b.path()));
        Ok(Self::new(path, of_all.unwrap_or(Format::ShardedSafetensors), sources, all))
    }

    fn new(path: &Path, format: Format, sources: Vec<Source>, contents: Contents) -> Self {
        let paths = contents.parameters.iter().enumerate();
        let by_path = paths.map(|(number, p)| (p.path().to_owned(), number)).collect();
        let mut new =
            Self { path: path.into(), format, sources, contents, by_path, inputs_first: None };
        new.inputs_first = new.tells_inputs_first();
        new
    }

    /// What biases that fit only one axis of their matrix say where they agree; without any, the only order in which
    /// the matrices follow each other.
    fn tells_inputs_first(&self) -> Option<bool> {
        let mut fits = [false; 2];
        for weight in self.parameters() {
            if let (&[a, b], Some(bias)) = (weight.shape(), self.bias_of(weight))
                && a != b
            {
                fits[usize::from(bias.shape()[0] != a)] = true;
            }
        }
        match fits {
            [false, false] => chain::linear_chain(self).map(|chain| chain.inputs_first),
            [true, true] => None,
            [_, second] => Some(second),
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
        &self.contents.parameters
    }

    /// The parameter of this path.
    pub fn parameter(&self, path: &str) -> Option<&Parameter> {
        self.by_path.get(path).map(|&number| &self.contents.parameters[number])
    }

    /// How many tensors of other types there are, by type.
    pub fn passed_over(&self) -> &BTreeMap<String, usize> {
        &self.contents.passed_over
    }

    /// Texts that the file carries beside its tensors.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.contents.metadata
    }

    /// What a reader of the result should know.
    pub fn notes(&self) -> &[String] {
        &self.contents.notes
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
    pub fn read(&self, parameter: &Parameter) -> Result<Numbers, CheckpointError> {
        let entries = Entries::new(self, parameter)?;
        let mut numbers = self.buffer(parameter, parameter.entries())?;
        entries.read(0, &mut numbers, 0..parameter.entries())?;
        self.sources[parameter.source].check_unchanged()?;
        Ok(numbers)
    }

    /// Tensors of other types that are copied when the checkpoint is written anew.
    pub(crate) fn others(&self) -> &[Other] {
        &self.contents.others
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
    ) -> Result<Numbers, CheckpointError> {
        Numbers::zeros(parameter.dtype(), len).ok_or_else(|| CheckpointError::Memory {
            file: self.path.clone(),
            parameter: parameter.path().into(),
            bytes: len as u64 * parameter.dtype().size() as u64,
        })
    }

    /// The parameter with one entry a unit that goes with a weight: `fc1.bias` with `fc1.weight`.
    pub fn bias_of(&self, weight: &Parameter) -> Option<&Parameter> {
        let (prefix, last) = weight.path().rsplit_once('.').map_or(("", weight.path()), |p| p);
        let last = ["weight", "kernel", "gamma"]
            .iter()
            .find(|name| last.contains(*name))
            .map(|name| last.replacen(name, if *name == "gamma" { "beta" } else { "bias" }, 1))?;
        let path = if prefix.is_empty() { last } else { format!("{prefix}.{last}") };
        let bias = self.parameter(&path).filter(|bias| bias.shape().len() == 1)?;
        (weight.shape().len() > 1 && weight.shape()[..2].contains(&bias.shape()[0])).then_some(bias)
    }

    /// Whether a weight is stored as `weight[output][input]` or the other way round.
    ///
    /// Files of Burn have linear layers the other way round, all others as PyTorch has them. Biases that fit only one of
    /// the two axes decide otherwise: each for its own weight and, where all agree, for the matrices that no bias decides.
    /// Without any such bias, the only order in which matrices make a chain does.
    pub fn orientation(&self, weight: &Parameter) -> Orientation {
        let inputs_first = self.inputs_first.unwrap_or(self.format.inputs_first());
        let usual = if inputs_first && weight.shape().len() == 2 { 1 } else { 0 };
        let axis = match self.bias_of(weight).map(|bias| bias.shape()[0]) {
            Some(units) if weight.shape()[usual] != units => 1 - usual,
            _ => usual,
        };
        if axis == 0 { Orientation::OutputFirst } else { Orientation::InputFirst }
    }

    /// Whether [`Checkpoint::orientation`] only guesses: safetensors files come from everywhere, and nothing in this one
    /// tells which axis of this matrix is the output.
    pub(crate) fn guesses_orientation(&self, weight: &Parameter) -> bool {
        let &[a, b] = weight.shape() else { return false };
        matches!(self.format, Format::Safetensors | Format::ShardedSafetensors)
            && self.inputs_first.is_none()
            && (a == b || self.bias_of(weight).is_none())
    }
}

/// The numbers of one parameter in row-major order, a range at a time.
pub(crate) struct Entries<'c> {
    source: &'c Source,
    offset: u64,
    size: u64,
    /// In memory, where they do not lie in order in the file.
    gathered: Option<Numbers>,
}

impl<'c> Entries<'c> {
    pub fn new(
        checkpoint: &'c Checkpoint,
        parameter: &'c Parameter,
    ) -> Result<Self, CheckpointError> {
        let source = &checkpoint.sources[parameter.source];
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
        numbers: &mut Numbers,
        range: std::ops::Range<usize>,
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
) -> Result<Numbers, CheckpointError> {
    let reach = parameter.shape().iter().zip(strides).map(|(&size, stride)| (size - 1) * stride);
    let reach = reach.sum::<usize>() + 1;
    let mut stretch = checkpoint.buffer(parameter, reach)?;
    source.read_at(stretch.bytes_mut(), parameter.offset)?;
    let places = row_major(parameter.shape());
    let from = |entry: usize| -> usize {
        let index = parameter.shape().iter().zip(&places).zip(strides);
        index.map(|((&size, &place), &stride)| entry / place % size * stride).sum()
    };
    Ok(with_numbers!(stretch, |data| (0..parameter.entries())
        .map(|entry| data[from(entry)])
        .collect::<Vec<_>>()
        .into()))
}
