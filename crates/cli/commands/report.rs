//! `constinit report`: the folder of a run, a sweep or a comparison as a page or as figures.

use super::print;
use constinit_cli::args::{ReportArgs, ReportFormat};
use constinit_cli::compare::CompareFolder;
use constinit_cli::failure::Failure;
use constinit_cli::run::RunDirectory;
use constinit_cli::sweep::SweepFolder;
use constinit_core::files::write_whole;
use constinit_report::{ComparedStarts, Figure, ReportError, Run, Sweep};
use std::fs;
use std::path::{Path, PathBuf};

/// Pixels of a PNG for each unit of length: sharp on dense screens.
#[cfg(feature = "png")]
const PIXELS: f32 = 2.0;

/// A folder to report on.
enum ReportedFolder {
    Run(Box<Run>),
    Sweep(Sweep),
    Comparison(Box<ComparedStarts>),
}

impl ReportedFolder {
    fn read(folder: &Path) -> Result<Self, ReportError> {
        if Sweep::is_sweep(folder) {
            return Sweep::read(folder).map(Self::Sweep);
        }
        if ComparedStarts::is_comparison(folder) {
            return ComparedStarts::read(folder).map(|found| Self::Comparison(Box::new(found)));
        }
        Run::read(folder).map(|run| Self::Run(Box::new(run)))
    }

    fn page(&self) -> String {
        match self {
            Self::Run(run) => run.page(),
            Self::Sweep(sweep) => sweep.page(),
            Self::Comparison(comparison) => comparison.page(),
        }
    }

    fn figures(&self) -> Vec<Figure> {
        match self {
            Self::Run(run) => run.figures(),
            Self::Sweep(sweep) => sweep.figures(),
            Self::Comparison(comparison) => comparison.figures(),
        }
    }
}

pub fn report(args: &ReportArgs) -> Result<(), Failure> {
    check_ending(args)?;
    if args.format == ReportFormat::Png && !cfg!(feature = "png") {
        return Err(without_png());
    }
    let source = ReportedFolder::read(&args.folder).map_err(Failure::usage)?;
    if args.format == ReportFormat::Html {
        if args.figure.is_some() {
            return Err(Failure::usage(
                "--figure: a page has all figures; add --format svg or --format png",
            ));
        }
        let out = args.out.clone().unwrap_or_else(|| args.folder.join("report.html"));
        return write(&args.folder, &[(out, source.page().into_bytes())], args.force);
    }
    let extension = args.format.ending();
    let figures = source.figures();
    let folder = args.folder.join("figures");
    let file = |figure: &Figure| format!("{}.{extension}", figure.name);
    let wanted: Vec<(PathBuf, &Figure)> = match &args.figure {
        None => {
            let folder = args.out.as_ref().unwrap_or(&folder);
            figures.iter().map(|figure| (folder.join(file(figure)), figure)).collect()
        }
        Some(name) => {
            let figure = figures.iter().find(|figure| figure.name == *name).ok_or_else(|| {
                let names: Vec<&str> = figures.iter().map(|figure| figure.name.as_str()).collect();
                Failure::usage(format!("no figure {name}; the figures are: {}", names.join(", ")))
            })?;
            vec![(args.out.clone().unwrap_or_else(|| folder.join(file(figure))), figure)]
        }
    };
    if wanted.is_empty() {
        let what = match source {
            ReportedFolder::Run(_) => "reading to draw a figure of",
            ReportedFolder::Sweep(_) => "run with a number to draw a figure of",
            ReportedFolder::Comparison(_) => "run to draw a figure of",
        };
        return Err(Failure::usage(format!("{}: the folder has no {what}", args.folder.display())));
    }
    let drawn = wanted.into_iter().map(|(path, figure)| {
        let bytes = match args.format {
            ReportFormat::Png => png(figure)?,
            _ => figure.to_svg().into_bytes(),
        };
        Ok((path, bytes))
    });
    write(&args.folder, &drawn.collect::<Result<Vec<_>, Failure>>()?, args.force)
}

/// The error of a program without a PNG renderer.
fn without_png() -> Failure {
    Failure::usage(
        "--format png: this program was built without PNG; build it with `--features png`, or use --format svg",
    )
}

#[cfg(feature = "png")]
fn png(figure: &Figure) -> Result<Vec<u8>, Failure> {
    figure.to_png(PIXELS).map_err(Failure::usage)
}

#[cfg(not(feature = "png"))]
fn png(_: &Figure) -> Result<Vec<u8>, Failure> {
    Err(without_png())
}

/// Refuses an output file with the extension of another format.
fn check_ending(args: &ReportArgs) -> Result<(), Failure> {
    let format = args.format.ending();
    // For all figures together, `--out` names a folder.
    let is_file = args.format == ReportFormat::Html || args.figure.is_some();
    let Some(out) = args.out.as_ref().filter(|_| is_file) else { return Ok(()) };
    let ending = out.extension().and_then(|text| text.to_str()).unwrap_or_default();
    let ending = ending.to_lowercase();
    let others = ["html", "svg", "png", "htm", "jpg", "jpeg", "gif", "webp", "pdf", "eps"];
    if others.contains(&ending.as_str()) && ending != format {
        let known = &others[..3];
        let better = if known.contains(&ending.as_str()) { ending } else { format.to_owned() };
        return Err(Failure::usage(format!(
            "--out {}: the name does not fit --format {format}; use --format {better}, or another name",
            out.display()
        )));
    }
    Ok(())
}

/// Writes files and prints their names. It writes none of them if one exists already and `force` is not set, or if the
/// report is made from one of them.
fn write(folder: &Path, files: &[(PathBuf, Vec<u8>)], force: bool) -> Result<(), Failure> {
    let owned = |path: &Path| {
        let by_run = RunDirectory::owns(folder, path) || CompareFolder::owns(folder, path);
        by_run || SweepFolder::owns(folder, path)
    };
    if let Some((path, _)) = files.iter().find(|(path, _)| owned(path)) {
        return Err(Failure::usage(format!(
            "{}: the report is made from this file, which is never overwritten; name another file",
            path.display()
        )));
    }
    if let Some((taken, _)) = files.iter().find(|(path, _)| !force && path.exists()) {
        return Err(Failure::usage(format!(
            "{}: already exists; --force overwrites it",
            taken.display()
        )));
    }
    for (path, bytes) in files {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let made = folder.map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| write_whole(path, bytes)).map_err(|error| Failure::at(path, error))?;
        print(&format!("{}\n", path.display()))?;
    }
    Ok(())
}
