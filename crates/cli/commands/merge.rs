//! `constinit merge`: joins the results of several machines.

use super::inspect::Checks;
use super::print;
use constinit_checkpoint::{FileInspection, SummaryLine, merge as join};
use constinit_cli::args::MergeArgs;
use constinit_cli::failure::Failure;
use constinit_cli::sweep::{SweepFolder, join_folders, join_in_place};
use serde::Deserialize;
use serde_json::Value;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

pub fn merge(args: &MergeArgs) -> Result<(), Failure> {
    let folders = args.files.iter().filter(|path| path.is_dir()).count();
    if folders > 0 && folders < args.files.len() {
        return Err(Failure::usage(
            "files of `inspect --shard` and folders of `sweep` are not joined with each other",
        ));
    }
    if folders > 0 {
        return sweeps(&args.files, args.out.as_deref());
    }
    if let Some(none) = args.files.iter().find(|path| !path.exists()) {
        return Err(Failure::usage(format!("{}: there is no such file or folder", none.display())));
    }
    if args.out.is_some() {
        return Err(Failure::usage("--out: only for folders of `sweep`; reports are printed"));
    }
    let mut reports = Vec::new();
    for path in &args.files {
        reports.extend(read(path)?);
    }
    let merged = join(reports).map_err(Failure::usage)?;
    let mut checks = Checks::new(&args.output);
    let failed = merged.iter().filter(|report| report.error.is_some()).count();
    merged.iter().try_for_each(|report| checks.take(report))?;
    checks.end(failed, None)
}

/// The table of a sweep whose rows are in these folders.
fn sweeps(paths: &[PathBuf], out: Option<&Path>) -> Result<(), Failure> {
    let folders = paths.iter().map(|path| SweepFolder::open(path));
    let folders = folders.collect::<Result<Vec<_>, _>>()?;
    let (joined, table) = match (folders.as_slice(), out) {
        ([folder], None) => (join_in_place(folder)?, folder.results()),
        (_, None) => {
            return Err(Failure::usage("to join several folders, name a new one: --out DIR"));
        }
        (_, Some(out)) => join_folders(&folders, out)?,
    };
    let twice = match joined.twice {
        0 => String::new(),
        twice => format!(", {twice} of them done twice and kept once"),
    };
    print(&format!("{}: {} points{twice}\n", table.display(), joined.rows))
}

/// Reads one JSON object after the other, so an endless input fails at its first wrong bytes. The summary of each
/// machine is left out; the summary of all files is computed again.
fn read(path: &Path) -> Result<Vec<FileInspection>, Failure> {
    let file = BufReader::new(File::open(path).map_err(|error| Failure::at(path, error))?);
    let mut reports = Vec::new();
    for (number, object) in
        serde_json::Deserializer::from_reader(file).into_iter::<Value>().enumerate()
    {
        let object = object.map_err(|error| Failure::at(path, error))?;
        if SummaryLine::deserialize(&object).is_ok() {
            continue;
        }
        let report = FileInspection::deserialize(object).map_err(|error| {
            Failure::at(path, format!("object {} is not the report of a file: {error}", number + 1))
        })?;
        reports.push(report);
    }
    Ok(reports)
}
