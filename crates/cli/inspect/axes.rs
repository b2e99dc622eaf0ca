//! `--axes` and `--write-axes`: the source of the axes, and the file with the axes that were found.

use crate::failure::Failure;
use constinit_checkpoint::{AxesChoice, Checkpoint, FoundAxes, architectures, infer_axes};
use constinit_symmetry::AxesFile;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

/// The size in bytes up to which an axes file is read: axes files are lists of names.
const LARGEST: u64 = 1 << 26;

/// What `--axes` asks for.
#[derive(Debug)]
pub enum AxesArg {
    /// The option was not given.
    Inferred,
    /// `none`.
    Unknown,
    /// The name of an architecture.
    Architecture(String),
    /// An axes file.
    File(AxesFile),
}

impl AxesArg {
    /// The option's value: `none`, an architecture's name, or a file. A file of such a name is `./none`.
    ///
    /// # Errors
    ///
    /// For a file that cannot be read.
    pub fn read(text: Option<&str>) -> Result<Self, Failure> {
        match text {
            None => Ok(Self::Inferred),
            Some("none") => Ok(Self::Unknown),
            Some(name) if architectures().any(|known| known == name) => {
                Ok(Self::Architecture(name.into()))
            }
            Some(name) if !name.contains(['.', '/', '\\']) && !Path::new(name).exists() => {
                let known: Vec<&str> = architectures().collect();
                let known = known.join(", ");
                Err(Failure::usage(format!(
                    "--axes {name}: there is no file and no architecture of this name. Architectures: {known}"
                )))
            }
            Some(path) => read(Path::new(path)).map(Self::File),
        }
    }

    /// The same, in the form that the library takes.
    pub fn choice(&self) -> AxesChoice<'_> {
        match self {
            Self::Inferred => AxesChoice::Inferred,
            Self::Unknown => AxesChoice::Unknown,
            Self::Architecture(name) => AxesChoice::Architecture(name),
            Self::File(file) => AxesChoice::Given(file),
        }
    }

    /// The axes file, if one was given.
    pub fn file(&self) -> Option<&AxesFile> {
        match self {
            Self::File(file) => Some(file),
            Self::Inferred | Self::Unknown | Self::Architecture(_) => None,
        }
    }

    /// The axes by which to rewrite a checkpoint.
    ///
    /// # Errors
    ///
    /// If names and shapes do not tell the axes, and none were given.
    pub fn of(&self, checkpoint: &Checkpoint) -> Result<AxesFile, Failure> {
        let found = infer_axes(checkpoint, self.choice())?;
        found.map(|found| found.file).ok_or_else(|| {
            Failure::usage(format!(
                "{}: its names and shapes do not tell which axes have units: give --axes FILE (constinit inspect \
                 --write-axes FILE writes one to begin with)",
                checkpoint.path().display()
            ))
        })
    }
}

/// An axes file.
fn read(path: &Path) -> Result<AxesFile, Failure> {
    // The limit stops at endless input, and at a checkpoint that was given by mistake.
    let file = File::open(path).map_err(|error| Failure::at(path, error))?;
    let mut text = String::new();
    file.take(LARGEST + 1).read_to_string(&mut text).map_err(|error| Failure::at(path, error))?;
    if text.len() as u64 > LARGEST {
        return Err(Failure::at(
            path,
            format!("not an axes file: it has more than {LARGEST} bytes"),
        ));
    }
    toml::from_str(&text).map_err(|error| Failure::at(path, error))
}

/// Writes the axes that were found to a new file, to be read with `--axes`. If none were found, the file states that
/// every axis is fixed, and the user can edit it.
///
/// # Errors
///
/// If the file exists already, or cannot be written.
pub fn write(path: &Path, checkpoint: &Checkpoint, axes: &AxesArg) -> Result<(), Failure> {
    let found = infer_axes(checkpoint, axes.choice())?;
    let text = text(checkpoint, found.as_ref())?;
    let mut file = File::create_new(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::at(path, "exists; nothing is overwritten"),
        _ => Failure::at(path, error),
    })?;
    file.write_all(text.as_bytes()).map_err(|error| Failure::at(path, error))
}

fn text(checkpoint: &Checkpoint, found: Option<&FoundAxes>) -> Result<String, Failure> {
    let file = match found {
        Some(found) => found.file.clone(),
        None => {
            let fixed = checkpoint.parameters().iter();
            let fixed = fixed.map(|p| (p.path().to_owned(), vec![String::new(); p.shape().len()]));
            AxesFile { axes: fixed.collect(), ..AxesFile::default() }
        }
    };
    let whose = match found.map(|found| &found.architecture) {
        None => "nothing was recognised: every axis is fixed".to_owned(),
        Some(None) => "a plain chain of linear layers".to_owned(),
        Some(Some(name)) => name.clone(),
    };
    let mut text = format!("# The axes of {} ({whose}).\n", checkpoint.path().display());
    for note in found.iter().flat_map(|found| &found.notes) {
        text += &format!("# {note}\n");
    }
    // A name may contain a line break, and a comment must not.
    text = text.lines().map(|line| format!("# {}\n", line.trim_start_matches("# "))).collect();
    let body = toml::to_string(&file).map_err(|error| Failure::usage(error.to_string()))?;
    Ok(format!("{text}\n{body}"))
}
