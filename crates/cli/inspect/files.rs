//! Which checkpoints the arguments name: files, folders, patterns, and `-` for standard input.

use super::text::plain;
use crate::failure::Failure;
use constinit_checkpoint::{Checkpoint, CheckpointError, discover, natural_order};
use glob::MatchOptions;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Seek};
use std::path::{Path, PathBuf};

/// The name of standard input.
const STANDARD_INPUT: &str = "-";

/// A checkpoint that an argument names.
pub struct Given {
    /// The path, or `-`.
    pub path: PathBuf,
    from: Origin,
}

enum Origin {
    Path,
    /// The content of standard input, in a file without a name.
    Spooled(File),
    /// Nothing that can be opened, with the reason.
    Nothing(String),
}

impl Given {
    fn path(path: PathBuf) -> Self {
        Self { path, from: Origin::Path }
    }

    fn nothing(path: &Path, problem: impl ToString) -> Self {
        Self { path: path.into(), from: Origin::Nothing(problem.to_string()) }
    }

    /// Its files, as far as they are known before it is opened.
    pub fn files(&self) -> Vec<PathBuf> {
        match &self.from {
            Origin::Path => Checkpoint::files_at(&self.path),
            Origin::Spooled(_) | Origin::Nothing(_) => vec![self.path.clone()],
        }
    }

    /// The size of its files, as far as it is known before they are opened.
    pub fn bytes(&self) -> u64 {
        match &self.from {
            Origin::Spooled(file) => file.metadata().map_or(0, |facts| facts.len()),
            Origin::Path | Origin::Nothing(_) => {
                let sizes = self.files().into_iter().filter_map(|path| path.metadata().ok());
                sizes.map(|facts| facts.len()).sum()
            }
        }
    }

    /// Opens it.
    ///
    /// # Errors
    ///
    /// If it cannot be read: the reason, with its name.
    pub fn open(self) -> Result<Checkpoint, String> {
        let opened = match self.from {
            Origin::Path => Checkpoint::open(&self.path),
            Origin::Spooled(file) => Checkpoint::of_file(file, &self.path),
            Origin::Nothing(problem) => return Err(problem),
        };
        opened.map_err(|error: CheckpointError| error.to_string())
    }

    /// Opens a checkpoint whose error ends the program.
    ///
    /// # Errors
    ///
    /// If it cannot be read: the reason, with its name.
    pub fn open_one(self) -> Result<Checkpoint, Failure> {
        self.open().map_err(|problem| Failure::usage(plain(&problem)))
    }
}

/// The checkpoint that an argument names.
///
/// # Errors
///
/// If standard input cannot be read.
pub fn one(path: &Path) -> Result<Given, Failure> {
    if path == Path::new(STANDARD_INPUT) { spool() } else { Ok(Given::path(path.into())) }
}

/// The checkpoints that the arguments name, each once, in the order of the arguments. Files of a folder and of a
/// pattern are in the order of their names. An argument that names nothing is in the list, too, with the reason.
///
/// # Errors
///
/// If standard input is given twice, or cannot be read.
pub fn all(arguments: &[PathBuf]) -> Result<Vec<Given>, Failure> {
    let from_input = arguments.iter().filter(|path| *path == Path::new(STANDARD_INPUT)).count();
    if from_input > 1 {
        return Err(Failure::usage("-: standard input can be read once"));
    }
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for argument in arguments {
        let given = if argument == Path::new(STANDARD_INPUT) {
            vec![spool()?]
        } else {
            match pattern(argument) {
                Some(pattern) => matches(argument, &pattern),
                None => checkpoints(argument),
            }
        };
        found.extend(given.into_iter().filter(|given| seen.insert(given.path.clone())));
    }
    Ok(found)
}

/// The argument as a pattern, if it is one. If a file has this name, the argument means the file.
fn pattern(argument: &Path) -> Option<String> {
    let text = argument.to_str().filter(|text| text.contains(['*', '?', '[']))?;
    argument.symlink_metadata().is_err().then(|| text.to_owned())
}

/// The file, or the checkpoints of the folder.
fn checkpoints(path: &Path) -> Vec<Given> {
    match discover(path) {
        Ok(found) => found.into_iter().map(Given::path).collect(),
        Err(error) => vec![Given::nothing(path, error)],
    }
}

/// Matches a pattern as a shell does: `*` and `?` within a name, `**` for any folders; none of them matches names that
/// begin with a dot. A match counts as if the user had typed it.
fn matches(argument: &Path, pattern: &str) -> Vec<Given> {
    let options = MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: true,
    };
    let name = plain(pattern);
    let paths = match glob::glob_with(pattern, options) {
        Ok(paths) => paths,
        Err(error) => return vec![Given::nothing(argument, format!("{name}: {error}"))],
    };
    let mut found = Vec::new();
    let mut broken = Vec::new();
    for path in paths {
        match path {
            Ok(path) => found.push(path),
            Err(error) => {
                let problem = format!("{}: {}", error.path().display(), error.error());
                broken.push(Given::nothing(error.path(), problem));
            }
        }
    }
    if found.is_empty() && broken.is_empty() {
        let problem = format!("{name}: no file has this name, and none matches it as a pattern");
        return vec![Given::nothing(argument, problem)];
    }
    found.sort_by(|a, b| natural_order(&a.to_string_lossy(), &b.to_string_lossy()));
    found.iter().flat_map(|path| checkpoints(path)).chain(broken).collect()
}

/// Copies all of standard input to a file without a name. The system removes this file when the process ends, however
/// it ends.
fn spool() -> Result<Given, Failure> {
    let problem = |error: io::Error| Failure::usage(format!("standard input: {error}"));
    let mut file = tempfile::tempfile().map_err(problem)?;
    io::copy(&mut io::stdin().lock(), &mut file).map_err(problem)?;
    file.rewind().map_err(problem)?;
    Ok(Given { path: STANDARD_INPUT.into(), from: Origin::Spooled(file) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &tempfile::TempDir, arguments: &[&str]) -> Vec<String> {
        let arguments: Vec<PathBuf> =
            arguments.iter().map(|name| folder.path().join(name)).collect();
        let found = all(&arguments).unwrap();
        let name = |given: &Given| {
            let path = given.path.strip_prefix(folder.path()).unwrap();
            let missing = if matches!(given.from, Origin::Nothing(_)) { "!" } else { "" };
            format!("{missing}{}", path.to_str().unwrap().replace('\\', "/"))
        };
        found.iter().map(name).collect()
    }

    #[test]
    fn patterns_are_expanded_as_a_shell_does_it() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a/b", "a/.hidden", "c"] {
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        for name in [
            "m10.safetensors",
            "m2.safetensors",
            ".m.safetensors",
            "[1].safetensors",
            "notes.txt",
            "a/x.pt",
            "a/b/y.safetensors",
            "a/.hidden/z.safetensors",
            "c/w.bin",
        ] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let names = |arguments: &[&str]| names(&folder, arguments);
        assert_eq!(names(&["m*.safetensors"]), ["m2.safetensors", "m10.safetensors"]);
        assert_eq!(names(&["m?.safetensors"]), ["m2.safetensors"]);
        assert_eq!(names(&["m1[0-9].safetensors"]), ["m10.safetensors"]);
        // If a file has this name, the argument means the file.
        assert_eq!(names(&["[1].safetensors"]), ["[1].safetensors"]);
        let everywhere =
            ["[1].safetensors", "a/b/y.safetensors", "m2.safetensors", "m10.safetensors"];
        assert_eq!(names(&["**/*.safetensors"]), everywhere);
        assert_eq!(names(&["a/**/*.pt"]), ["a/x.pt"]);
        // Folders that match are searched, and each file counts once.
        assert_eq!(
            names(&["[ac]", "a/*.pt"])[..],
            ["a/.hidden/z.safetensors", "a/b/y.safetensors", "a/x.pt", "c/w.bin"]
        );
        // A match counts as if the user had typed it.
        assert_eq!(names(&["n*"]), ["notes.txt"]);
        assert_eq!(names(&["q*", "c/w.bin"]), ["!q*", "c/w.bin"]);
        assert_eq!(names(&["a/***"]), ["!a/***"]);
        assert_eq!(names(&["m2.safetensors", "m2.safetensors"]), ["m2.safetensors"]);
        let problem = all(&[folder.path().join("q*")]).unwrap().remove(0).open().unwrap_err();
        assert!(problem.ends_with("q*: no file has this name, and none matches it as a pattern"));
    }

    #[test]
    fn standard_input_is_read_once() {
        let twice = all(&["-".into(), "-".into()]);
        assert!(twice.is_err_and(|error| error.to_string().contains("can be read once")));
    }
}
