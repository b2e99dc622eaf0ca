//! Finds the axes of a checkpoint.

use constinit_records::inspection::AxesSource;
use constinit_symmetry::{AxesFile, Orientation, Role, SpecParam};

use crate::architecture::{self, InferredAxes};
use crate::chain;
use crate::checkpoint::Checkpoint;
use crate::error::CheckpointError;

/// Where to take the axes of a checkpoint from.
#[derive(Clone, Copy, Debug, Default)]
pub enum AxesChoice<'o> {
    /// From names and shapes: the axes of known architectures, or of a plain chain of linear layers.
    #[default]
    Inferred,
    /// From names and shapes: the axes of the [architecture](crate::architectures()) of this name, whatever the size of
    /// the checkpoint.
    Architecture(&'o str),
    /// From an axes file.
    Given(&'o AxesFile),
    /// No axes: rows are compared, but no spaces.
    Unknown,
}

/// The axes of a checkpoint, and where they come from.
#[derive(Clone, Debug)]
pub struct FoundAxes {
    /// The axes of every tensor except optimizer state, complete enough to be read back. Unknown axes are fixed.
    pub file: AxesFile,
    /// Where they come from.
    pub source: AxesSource,
    /// The names of the architectures.
    pub architecture: Option<String>,
    /// Spaces that were given up, and why.
    pub notes: Vec<String>,
}

/// The axes of a checkpoint; `None` if they are unknown. Reads names and shapes, and `config.json` in the folder of the
/// file.
///
/// # Errors
///
/// If the architecture is unknown, or does not fit the checkpoint.
///
/// # Examples
///
/// ```
/// use constinit_checkpoint::{AxesChoice, Checkpoint, infer_axes};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("model.safetensors");
/// # let header = r#"{"mlp.up_proj.weight":{"dtype":"F32","shape":[3,2],"data_offsets":[0,24]},
/// #     "mlp.down_proj.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[24,48]}}"#;
/// # let mut file = (header.len() as u64).to_le_bytes().to_vec();
/// # file.extend(header.as_bytes());
/// # file.extend([0; 48]);
/// # std::fs::write(&path, file)?;
/// // mlp.up_proj.weight [3, 2], mlp.down_proj.weight [2, 3]
/// let checkpoint = Checkpoint::open(&path)?;
/// let found = infer_axes(&checkpoint, AxesChoice::Inferred)?.unwrap();
/// assert_eq!(found.file.axes["mlp.up_proj.weight"], ["mlp", ""]);
/// assert_eq!(found.file.spaces["mlp"], 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn infer_axes(
    checkpoint: &Checkpoint,
    choice: AxesChoice<'_>,
) -> Result<Option<FoundAxes>, CheckpointError> {
    let of_architecture = |found: InferredAxes| FoundAxes {
        file: found.file,
        source: AxesSource::Architecture,
        architecture: Some(found.architecture),
        notes: found.notes,
    };
    match choice {
        AxesChoice::Unknown => Ok(None),
        AxesChoice::Given(file) => Ok(Some(FoundAxes {
            file: file.clone(),
            source: AxesSource::Given,
            architecture: None,
            notes: Vec::new(),
        })),
        AxesChoice::Architecture(name) => {
            let found = architecture::infer(checkpoint, Some(name), true).ok_or_else(|| {
                let known: Vec<&str> = architecture::architectures().collect();
                let problem = match known.contains(&name) {
                    true => format!("its names and shapes are not those of {name}"),
                    false => format!(
                        "`{name}` is not a known architecture; these are: {}",
                        known.join(", ")
                    ),
                };
                CheckpointError::unsupported(checkpoint.path(), problem)
            })?;
            Ok(Some(of_architecture(found)))
        }
        AxesChoice::Inferred => {
            if let Some(found) = architecture::infer(checkpoint, None, false) {
                return Ok(Some(of_architecture(found)));
            }
            // Consecutive blocks of one kind may add their inputs to their outputs, so they are not certainly a chain.
            let blocks = architecture::infer(checkpoint, None, true);
            match of_chain(checkpoint)? {
                Some(chain) if blocks.as_ref().is_none_or(|found| found.networks < 2) => {
                    Ok(Some(chain))
                }
                _ => Ok(blocks.map(of_architecture)),
            }
        }
    }
}

/// The axes of a plain chain, if all parameters form one.
fn of_chain(checkpoint: &Checkpoint) -> Result<Option<FoundAxes>, CheckpointError> {
    let Some(spec) = chain::chain(checkpoint.parameter_set(), checkpoint.format()) else {
        return Ok(None);
    };
    let spec = spec.map_err(CheckpointError::symmetry(checkpoint.path()))?;
    let mut file = AxesFile::from(&spec);
    let orientation = |param: &SpecParam| match param.axes()[0].role {
        Role::Input => Orientation::InputFirst,
        Role::Output | Role::Unknown => Orientation::OutputFirst,
    };
    let matrices = spec.params().iter().filter(|param| param.axes().len() > 1);
    file.orientation = matrices.map(|p| (p.path().to_owned(), orientation(p))).collect();
    for other in checkpoint.others() {
        file.axes.insert(other.path.clone(), vec![String::new(); other.shape.len()]);
    }
    Ok(Some(FoundAxes { file, source: AxesSource::Inferred, architecture: None, notes: vec![] }))
}
