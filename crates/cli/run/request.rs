//! From the command line to a run that can start. The arguments become a [`RunRequest`], and after all checks a
//! [`ValidatedRun`]. Neither needs a backend: the program asks only whether there is one, and how much memory it has.

use super::{LogPaths, RunDirectory, ScreenMode, check_memory};
use crate::args::{Preset, RunArgs};
use crate::backend_name::{BackendName, Limits};
use crate::config::RunConfig;
use crate::data::{DataFiles, Examples, Matrix};
use crate::failure::Failure;
use crate::plan;
use crate::sweep::SweepConfig;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

/// A run as the command line names it, with its configuration read.
pub struct RunRequest {
    config: RunConfig,
    title: String,
    /// Data files are relative to this folder.
    data_folder: PathBuf,
    backend: Option<BackendName>,
    mode: ScreenMode,
    logs: LogPaths,
    quotient: bool,
    place: Place,
}

/// Where the command line puts a run's files.
enum Place {
    Nowhere,
    New(PathBuf),
    Resumed(RunDirectory),
}

/// A run that has passed every check that is possible before its folder is made.
pub struct ValidatedRun {
    pub config: RunConfig,
    pub title: String,
    pub examples: Examples,
    pub mode: ScreenMode,
    pub logs: LogPaths,
    /// Whether to train one unit for each class.
    pub quotient: bool,
    folder: RunFolder,
}

/// The folder of a run's files.
enum RunFolder {
    /// The run keeps no files.
    None,
    /// Still to be made, with copies of the data files.
    New(PathBuf, DataFiles),
    Created(RunDirectory),
    Resumed(RunDirectory),
}

impl RunRequest {
    /// Reads the configuration that the arguments name.
    pub fn read(args: &RunArgs) -> Result<Self, Failure> {
        match &args.resume {
            Some(folder) => Self::resumed(folder, args),
            None => Self::fresh(args),
        }
    }

    fn fresh(args: &RunArgs) -> Result<Self, Failure> {
        let (config, title, data_folder) = match &args.config {
            Some(path) => {
                let (config, title) = match args.index {
                    Some(index) => (
                        SweepConfig::read(path)?.checked_config(index)?,
                        format!("{}, point {index}", path.display()),
                    ),
                    None => (RunConfig::read(path)?, path.display().to_string()),
                };
                (config, title, path.parent().unwrap_or(Path::new("")).to_owned())
            }
            None => {
                let preset = args.preset.unwrap_or(Preset::Notebook);
                let config = RunConfig::parse(preset.text(), preset.name())?;
                (config, format!("preset {}", preset.name()), PathBuf::new())
            }
        };
        let place = args.out.clone().map_or(Place::Nowhere, Place::New);
        let preset = args.preset.unwrap_or_default();
        let notebook = args.config.is_none() && preset == Preset::Notebook;
        let (mode, logs) =
            (screen_mode(args, notebook, io::stdout().is_terminal())?, logs(args, &config)?);
        let (backend, quotient) = (args.backend, args.quotient);
        Ok(Self { config, title, data_folder, backend, mode, logs, quotient, place })
    }

    fn resumed(folder: &Path, args: &RunArgs) -> Result<Self, Failure> {
        let (directory, config) = RunDirectory::open(folder)?;
        let (mode, logs) =
            (screen_mode(args, false, io::stdout().is_terminal())?, logs(args, &config)?);
        let began_on = directory.backend().as_deref().and_then(BackendName::named);
        Ok(Self {
            config,
            title: folder.display().to_string(),
            data_folder: folder.to_owned(),
            backend: args.backend.or(began_on),
            mode,
            logs,
            quotient: directory.is_quotient(),
            place: Place::Resumed(directory),
        })
    }

    /// The backend that the arguments ask for, or that a resumed run began on.
    pub fn backend(&self) -> Option<BackendName> {
        self.backend
    }

    /// Checks the configuration, its examples and the files to write.
    pub fn validate(self) -> Result<ValidatedRun, Failure> {
        let Self { config, title, data_folder, mode, logs, quotient, place, .. } = self;
        config.model.check()?;
        plan::check(&config)?;
        let (examples, files) = Examples::read(&config, &data_folder)?;
        match &place {
            Place::Nowhere => logs.check(None)?,
            Place::New(out) => logs.check(Some(out))?,
            Place::Resumed(directory) => logs.check_apart(Some(directory.path()))?,
        }
        let folder = match place {
            Place::Nowhere => RunFolder::None,
            Place::New(out) => RunFolder::New(out, files),
            Place::Resumed(directory) => RunFolder::Resumed(directory),
        };
        Ok(ValidatedRun { config, title, examples, mode, logs, quotient, folder })
    }
}

impl ValidatedRun {
    /// Refuses a run that a backend has no memory for.
    pub fn check_memory(&self, backend: BackendName, limits: Limits) -> Result<(), Failure> {
        check_memory(&self.config, self.examples.inputs.rows, self.quotient, backend, limits)
    }

    /// What is allowed but probably not meant, one sentence each.
    pub fn doubts(&self) -> Vec<String> {
        self.examples.doubts(&self.config)
    }

    /// Makes the folder of a run that needs a new one.
    pub fn create_folder(&mut self, backend: BackendName) -> Result<(), Failure> {
        if let RunFolder::New(out, files) = &self.folder {
            let (directory, config) =
                RunDirectory::create(out, &self.config, files, backend.as_str(), self.quotient)?;
            (self.folder, self.config) = (RunFolder::Created(directory), config);
        }
        Ok(())
    }

    /// The folder of the run's files, once it is there.
    pub fn directory(&self) -> Option<&RunDirectory> {
        match &self.folder {
            RunFolder::None | RunFolder::New(..) => None,
            RunFolder::Created(directory) | RunFolder::Resumed(directory) => Some(directory),
        }
    }

    /// Whether the run continues from what is in its folder.
    pub fn is_resumed(&self) -> bool {
        matches!(self.folder, RunFolder::Resumed(_))
    }

    /// Whether each example has the same target for all outputs, as P3 and P4 need.
    pub fn targets_alike(&self) -> bool {
        let Matrix { columns, values, .. } = &self.examples.targets;
        values.chunks(*columns).all(|row| row.iter().all(|value| *value == row[0]))
    }
}

/// The form of output that the arguments ask for. The notebook's run prints parameters.
fn screen_mode(
    args: &RunArgs,
    is_notebook: bool,
    is_terminal: bool,
) -> Result<ScreenMode, Failure> {
    if args.tui && !is_terminal {
        return Err(Failure::usage(
            "--tui: standard output is not a terminal; without --tui, the run prints plain lines",
        ));
    }
    let parameters = args.print_parameters || is_notebook;
    Ok(match [args.json, args.tui, args.quiet, parameters] {
        [true, ..] => ScreenMode::Json,
        [_, true, ..] => ScreenMode::Live,
        [_, _, true, _] => ScreenMode::Quiet,
        [_, _, _, true] => ScreenMode::Parameters,
        [false, false, false, false] => ScreenMode::Table,
    })
}

fn logs(args: &RunArgs, config: &RunConfig) -> Result<LogPaths, Failure> {
    let run = crc32fast::hash(config.to_toml()?.as_bytes());
    Ok(LogPaths { csv: args.csv.clone(), tensorboard: args.tensorboard.clone(), run })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tempfile::TempDir;

    const SMALL: &str =
        "[model]\nlayer_dims = [1, 2, 1]\n[data]\ninputs = \"x.csv\"\ntargets = [[2]]\n";

    /// A folder with `run.toml` and its inputs.
    fn folder(config: &str) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("run.toml"), config).unwrap();
        fs::write(folder.path().join("x.csv"), "3\n").unwrap();
        folder
    }

    fn args(folder: &TempDir) -> RunArgs {
        RunArgs { config: Some(folder.path().join("run.toml")), ..RunArgs::default() }
    }

    fn refused(args: &RunArgs) -> String {
        let validated = RunRequest::read(args).and_then(RunRequest::validate);
        validated.err().expect("a refusal").to_string()
    }

    #[test]
    fn without_arguments_the_notebook_is_run() {
        let request = RunRequest::read(&RunArgs::default()).unwrap();
        assert_eq!((request.title.as_str(), request.backend()), ("preset notebook", None));
        let run = request.validate().unwrap();
        assert_eq!((run.mode, run.examples.inputs.rows), (ScreenMode::Parameters, 4));
        assert!(run.targets_alike() && run.directory().is_none() && !run.is_resumed());
    }

    #[test]
    fn data_files_lie_beside_the_configuration() {
        let folder = folder(SMALL);
        let run = RunRequest::read(&args(&folder)).unwrap().validate().unwrap();
        assert_eq!(run.examples.inputs.values, [3.0]);
        assert!(run.title.ends_with("run.toml"), "{}", run.title);
        fs::remove_file(folder.path().join("x.csv")).unwrap();
        assert!(refused(&args(&folder)).contains("x.csv"));
    }

    #[test]
    fn an_index_chooses_a_run_of_a_sweep() {
        let folder = folder(&format!("{SMALL}[sweep]\ninit_w = [0.25, 0.5]\n"));
        let request = |index| RunRequest::read(&RunArgs { index, ..args(&folder) });
        let run = request(Some(1)).unwrap().validate().unwrap();
        assert_eq!(run.config.model.init_w, 0.5);
        assert!(run.title.ends_with("run.toml, point 1"), "{}", run.title);
        let none = request(Some(2)).err().unwrap().to_string();
        assert!(none.contains("are 0 to 1"), "{none}");
        let whole = request(None).err().unwrap().to_string();
        assert!(whole.contains("--index N"), "{whole}");
    }

    #[test]
    fn a_folder_is_made_late_and_resumed_on_its_backend() {
        let folder = folder(SMALL);
        let out = folder.path().join("out");
        let args = RunArgs { out: Some(out.clone()), quotient: true, ..args(&folder) };
        let mut run = RunRequest::read(&args).unwrap().validate().unwrap();
        assert!(run.directory().is_none() && !out.exists());
        run.create_folder(BackendName::Flex).unwrap();
        assert_eq!(run.directory().map(RunDirectory::path), Some(out.as_path()));
        assert!(!run.is_resumed());

        let resume = RunArgs { resume: Some(out), ..RunArgs::default() };
        let request = RunRequest::read(&resume).unwrap();
        assert_eq!(request.backend(), Some(BackendName::Flex));
        let again = request.validate().unwrap();
        assert!(again.is_resumed() && again.quotient);
        // The folder has copies of the data files, so the results are equal.
        assert_eq!((again.config, again.examples), (run.config, run.examples));
        let asked = RunArgs { backend: Some(BackendName::Ndarray), ..resume };
        assert_eq!(RunRequest::read(&asked).unwrap().backend(), Some(BackendName::Ndarray));
    }

    #[test]
    fn files_of_the_run_itself_are_not_written_over() {
        let folder = folder(SMALL);
        let out = folder.path().join("out");
        let csv = Some(out.join("readings.jsonl"));
        let message = refused(&RunArgs { out: Some(out), csv, ..args(&folder) });
        assert!(message.contains("--csv"), "{message}");
    }

    #[test]
    fn the_notebook_prints_parameters_and_a_live_view_needs_a_terminal() {
        let none = RunArgs::default;
        for (args, is_notebook, expected) in [
            (none(), false, ScreenMode::Table),
            (none(), true, ScreenMode::Parameters),
            (RunArgs { print_parameters: true, ..none() }, false, ScreenMode::Parameters),
            (RunArgs { quiet: true, ..none() }, true, ScreenMode::Quiet),
            (RunArgs { json: true, ..none() }, true, ScreenMode::Json),
            (RunArgs { tui: true, ..none() }, true, ScreenMode::Live),
        ] {
            assert_eq!(screen_mode(&args, is_notebook, true).unwrap(), expected, "{args:?}");
        }
        let tui = RunArgs { tui: true, ..none() };
        let refused = screen_mode(&tui, false, false).unwrap_err().to_string();
        assert!(refused.starts_with("--tui: standard output is not a terminal"), "{refused}");
    }
}
