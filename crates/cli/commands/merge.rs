//! `constinit merge`: the reports of several machines as one.

use super::inspect::Checks;
use constinit_checkpoint::{FileReport, merge as join};
use constinit_cli::args::MergeArgs;
use constinit_cli::failure::Failure;
use std::path::Path;

pub fn merge(args: &MergeArgs) -> Result<(), Failure> {
    let mut reports = Vec::new();
    for path in &args.files {
        reports.extend(read(path)?);
    }
    let merged = join(reports).map_err(Failure::usage)?;
    let mut checks = Checks::new(&args.output);
    let failed = merged.iter().filter(|report| report.error.is_some()).count();
    merged.iter().try_for_each(|report| checks.take(report))?;
    checks.end(failed)
}

/// One JSON object a line.
fn read(path: &Path) -> Result<Vec<FileReport>, Failure> {
    let wrong = |what: String| Failure::usage(format!("{}: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            serde_json::from_str(line)
                .map_err(|error| wrong(format!("line {}: {error}", number + 1)))
        })
        .collect()
}
