//! `constinit diff`: what happened to the units between two checkpoints.

use super::print;
use constinit_checkpoint::{Checkpoint, TensorRole, diff as compare};
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
    let names = |of: &Checkpoint| -> Vec<String> {
        let read = of.tensors().iter().map(|tensor| tensor.path());
        read.chain(of.skipped().map(|[path, ..]| path)).map(str::to_owned).collect()
    };
    let all = [names(&before), names(&after)].concat();
    // As in `inspect`, the state of an optimizer is not part of the model.
    let is_optimizer = |of: &Checkpoint, path: &str| of.role(path) == TensorRole::Optimizer;
    let named = |path: &str| wanted.is(path);
    let asked_for = |path: &str| {
        let set_aside = is_optimizer(&before, path) || is_optimizer(&after, path);
        named(path) && (args.compared.optimizer_state || !set_aside)
    };
    match Wanted::said(&args.compared) {
        _ if all.iter().any(|path| asked_for(path)) => {}
        _ if all.iter().any(|path| named(path)) => {
            return Err(Failure::usage(
                "there is only optimizer state to compare (--optimizer-state compares it, too)",
            ));
        }
        Some(options) => {
            return Err(Failure::usage(format!("{options}: no parameter has a matching name")));
        }
        None => {}
    }
    let bar = progress(bytes);
    let report = compare(&before, &after, &policy, &asked_for, &|bytes| bar.inc(bytes))?;
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
    // Parameters that could not be compared take precedence over findings in the others.
    let failure = match (changes::uncompared(&report), changes::regressions(&report, &args.deny)) {
        (Some(problem), _) => Failure::usage(problem),
        (None, found) if found.is_empty() => return Ok(()),
        (None, found) => Failure::check(found.join("\n")),
    };
    Err(if args.quiet { failure.silently() } else { failure })
}
