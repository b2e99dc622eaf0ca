//! `constinit collapse` and `constinit break`: checkpoints with fewer units, or with units that differ.

use super::print;
use constinit_checkpoint::{Checkpoint, Reshaped, break_file, collapse_file};
use constinit_cli::args::{BreakArgs, CollapseArgs};
use constinit_cli::failure::Failure;
use constinit_cli::inspect::{json, read_axes, table};

pub fn collapse(args: &CollapseArgs) -> Result<(), Failure> {
    let axes = read_axes(&args.axes)?;
    let checkpoint = Checkpoint::open(&args.file)?;
    report(&collapse_file(&checkpoint, &axes, &args.out)?, args.json)
}

pub fn break_up(args: &BreakArgs) -> Result<(), Failure> {
    let axes = read_axes(&args.axes)?;
    let checkpoint = Checkpoint::open(&args.file)?;
    report(&break_file(&checkpoint, &axes, &args.out, args.scale, args.seed)?, args.json)
}

fn report(reshaped: &Reshaped, as_json: bool) -> Result<(), Failure> {
    print(&if as_json { json(reshaped) } else { table::reshaped(reshaped) })
}
