//! `constinit collapse` and `constinit break`: checkpoints with fewer units, or with units that differ.

use super::print;
use constinit_checkpoint::{Checkpoint, Reshaped, break_file, collapse_file};
use constinit_cli::args::{BreakArgs, CollapseArgs, RewriteArgs};
use constinit_cli::failure::Failure;
use constinit_cli::inspect::{json, read_axes, table};
use constinit_symmetry::AxesFile;

pub fn collapse(args: &CollapseArgs) -> Result<(), Failure> {
    let (checkpoint, axes) = read(&args.files)?;
    report(&collapse_file(&checkpoint, &axes, &args.files.out)?, args.json)
}

pub fn break_up(args: &BreakArgs) -> Result<(), Failure> {
    let (checkpoint, axes) = read(&args.files)?;
    report(&break_file(&checkpoint, &axes, &args.files.out, args.scale, args.seed)?, args.json)
}

fn read(files: &RewriteArgs) -> Result<(Checkpoint, AxesFile), Failure> {
    let axes = read_axes(&files.axes)?;
    Ok((Checkpoint::open(&files.file)?, axes))
}

fn report(reshaped: &Reshaped, as_json: bool) -> Result<(), Failure> {
    print(&if as_json { json(reshaped) } else { table::reshaped(reshaped) })
}
