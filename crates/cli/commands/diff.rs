//! `constinit diff`: what happened to the units between two checkpoints.

use super::print;
use constinit_checkpoint::diff as compare;
use constinit_cli::args::DiffArgs;
use constinit_cli::failure::Failure;
use constinit_cli::inspect::{Wanted, changes, files, json, policy, progress};
use std::path::Path;

pub fn diff(args: &DiffArgs) -> Result<(), Failure> {
    let policy = policy(&args.compared)?;
    let wanted = Wanted::new(&args.compared)?;
    if [&args.before, &args.after].iter().all(|path| *path == Path::new("-")) {
        return Err(Failure::usage("-: standard input can be read once"));
    }
    let [before, after] = [files::one(&args.before)?, files::one(&args.after)?];
    let bytes = before.bytes() + after.bytes();
    let [before, after] = [before.open_one()?, after.open_one()?];
    let mut parameters = before.parameters().iter().chain(after.parameters());
    if let Some(options) = Wanted::said(&args.compared)
        && !parameters.any(|parameter| wanted.is(parameter.path()))
    {
        return Err(Failure::usage(format!("{options}: no parameter has a name like that")));
    }
    let bar = progress(bytes);
    let report =
        compare(&before, &after, &policy, &|path| wanted.is(path), &|bytes| bar.inc(bytes))?;
    bar.finish_and_clear();
    print(&if args.json {
        json(&report)
    } else if args.quiet {
        format!("{}\n", changes::headline(&report))
    } else {
        changes::diff(&report)
    })?;
    if args.deny.is_empty() {
        return Ok(());
    }
    // What could not be compared weighs more than what was found in the rest.
    let failure = match (changes::uncompared(&report), changes::regressions(&report, &args.deny)) {
        (Some(problem), _) => Failure::usage(problem),
        (None, found) if found.is_empty() => return Ok(()),
        (None, found) => Failure::check(found.join("\n")),
    };
    Err(if args.quiet { failure.silently() } else { failure })
}
