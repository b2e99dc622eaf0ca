//! `constinit collapse` and `constinit break`: checkpoints with fewer units, or with units that differ.

use super::print;
use constinit_checkpoint::{
    Checkpoint, CheckpointError, Destination, Reshaped, break_file, collapse_file,
};
use constinit_cli::args::{BreakArgs, CollapseArgs, RewriteArgs};
use constinit_cli::failure::Failure;
use constinit_cli::inspect::text::plain;
use constinit_cli::inspect::{json, read_axes, reshaped};
use constinit_cli::run::Interrupt;
use constinit_symmetry::{AxesFile, BreakScale};
use std::path::Path;

pub fn collapse(args: &CollapseArgs) -> Result<(), Failure> {
    let (checkpoint, axes) = read(&args.files)?;
    let written = unless_interrupted(&args.files.out, |out| {
        let out = if args.force { out } else { out.only_if_changed() };
        collapse_file(&checkpoint, &axes, out)
    });
    report(&written?, args.json, reshaped::collapsed)
}

pub fn break_up(args: &BreakArgs) -> Result<(), Failure> {
    let (checkpoint, axes) = read(&args.files)?;
    let written = unless_interrupted(&args.files.out, |out| {
        let scale = args.scale.map_or(BreakScale::default(), BreakScale::Largest);
        break_file(&checkpoint, &axes, out, scale, args.seed)
    });
    report(&written?, args.json, reshaped::broken)
}

/// Writes a file that a signal leaves nothing of.
fn unless_interrupted(
    out: &Path,
    write: impl FnOnce(Destination<'_>) -> Result<Reshaped, CheckpointError>,
) -> Result<Reshaped, Failure> {
    let interrupt = Interrupt::listen(false);
    let written = write(Destination::from(out).unless(&|| interrupt.signal().is_some()));
    match (written, interrupt.signal()) {
        (Err(error @ CheckpointError::Stopped { .. }), Some(signal)) => {
            Err(Failure::interrupted(signal, plain(&error.to_string())))
        }
        (written, _) => Ok(written?),
    }
}

fn read(files: &RewriteArgs) -> Result<(Checkpoint, AxesFile), Failure> {
    let axes = read_axes(&files.axes)?;
    Ok((Checkpoint::open(&files.file)?, axes))
}

fn report(
    reshaped: &Reshaped,
    as_json: bool,
    in_words: fn(&Reshaped) -> String,
) -> Result<(), Failure> {
    print(&if as_json { json(reshaped) } else { in_words(reshaped) })
}
