//! `constinit collapse` and `constinit break`: checkpoints with fewer units, or with units that differ.

use super::print;
use constinit_checkpoint::{
    Checkpoint, CheckpointError, Destination, Reshaped, break_file, collapse_file, reduce_file,
};
use constinit_cli::activations::KnownActivations;
use constinit_cli::args::{BreakArgs, CollapseArgs, RewriteArgs};
use constinit_cli::failure::Failure;
use constinit_cli::inspect::axes::AxesArg;
use constinit_cli::inspect::text::plain;
use constinit_cli::inspect::{json, reshaped};
use constinit_cli::run::Interrupt;
use constinit_symmetry::{AxesFile, BreakScale, ReduceOptions};
use std::path::Path;

pub fn collapse(args: &CollapseArgs) -> Result<(), Failure> {
    let (checkpoint, axes) = read(&args.files)?;
    let known = KnownActivations::new(&args.activation, &args.files.file)?;
    let activations = known.activations(&axes);
    let options = reduce_options(args)?;
    let mut written = unless_interrupted(&args.files.out, |out| {
        let out = if args.force { out } else { out.only_if_changed() };
        match &activations {
            None => collapse_file(&checkpoint, &axes, out),
            Some(activations) => reduce_file(&checkpoint, &axes, activations, &options, out),
        }
    })?;
    if activations.is_some() {
        written.notes.extend(known.from().map(ToOwned::to_owned));
    }
    report(&written, args.json, reshaped::collapsed)
}

fn reduce_options(args: &CollapseArgs) -> Result<ReduceOptions, Failure> {
    let option = |name: &'static str| move |error| Failure::usage(format!("--{name}: {error}"));
    let mut options = ReduceOptions::default();
    if let Some(tolerance) = args.factor_tolerance {
        options = options.factors_within(tolerance).map_err(option("factor-tolerance"))?;
    }
    if let Some(epsilon) = args.norm_epsilon {
        options = options.norm_epsilon(epsilon).map_err(option("norm-epsilon"))?;
    }
    Ok(options)
}

pub fn break_up(args: &BreakArgs) -> Result<(), Failure> {
    let (checkpoint, axes) = read(&args.files)?;
    let written = unless_interrupted(&args.files.out, |out| {
        let scale = args.scale.map_or(BreakScale::default(), BreakScale::Largest);
        break_file(&checkpoint, &axes, out, scale, args.seed)
    });
    report(&written?, args.json, reshaped::broken)
}

/// Writes a file. If a signal interrupts it, nothing of the file is left.
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
    let axes = AxesArg::read(files.axes.as_deref())?;
    let checkpoint = Checkpoint::open(&files.file)?;
    let axes = axes.of(&checkpoint)?;
    Ok((checkpoint, axes))
}

fn report(
    reshaped: &Reshaped,
    as_json: bool,
    in_words: fn(&Reshaped) -> String,
) -> Result<(), Failure> {
    print(&if as_json { json(reshaped) } else { in_words(reshaped) })
}
