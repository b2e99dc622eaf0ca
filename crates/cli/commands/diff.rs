//! `constinit diff`: what happened to the units between two checkpoints.

use super::print;
use constinit_checkpoint::{Checkpoint, diff as compare};
use constinit_cli::args::DiffArgs;
use constinit_cli::failure::Failure;
use constinit_cli::inspect::{Wanted, bytes_of, json, policy, progress, table};

pub fn diff(args: &DiffArgs) -> Result<(), Failure> {
    let policy = policy(&args.compared)?;
    let wanted = Wanted::new(&args.compared)?;
    let [before, after] = [Checkpoint::open(&args.before)?, Checkpoint::open(&args.after)?];
    let mut parameters = before.parameters().iter().chain(after.parameters());
    if let Some(options) = Wanted::said(&args.compared)
        && !parameters.any(|parameter| wanted.is(parameter.path()))
    {
        return Err(Failure::usage(format!("{options}: no parameter has a name like that")));
    }
    let bar = progress(bytes_of(&args.before) + bytes_of(&args.after));
    let report =
        compare(&before, &after, &policy, &|path| wanted.is(path), &|bytes| bar.inc(bytes))?;
    bar.finish_and_clear();
    print(&if args.json { json(&report) } else { table::diff(&report) })
}
