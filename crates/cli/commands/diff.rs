//! `constinit diff`: what happened to the units between two checkpoints.

use super::print;
use constinit_checkpoint::{Checkpoint, TensorRole, diff as compare};
use constinit_cli::args::DiffArgs;
use constinit_cli::failure::Failure;
use constinit_cli::inspect::{Wanted, bytes_of, json, policy, progress, table};

pub fn diff(args: &DiffArgs) -> Result<(), Failure> {
    let policy = policy(&args.compared)?;
    let wanted = Wanted::new(&args.compared)?;
    let [before, after] = [Checkpoint::open(&args.before)?, Checkpoint::open(&args.after)?];
    let names = |of: &Checkpoint| -> Vec<String> {
        let read = of.tensors().iter().map(|tensor| tensor.path());
        read.chain(of.skipped().map(|[path, ..]| path)).map(str::to_owned).collect()
    };
    let all = [names(&before), names(&after)].concat();
    // As in `inspect`, what an optimizer remembers is not the model.
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
                "nothing but the state of an optimizer is there to compare (--optimizer-state compares it, too)",
            ));
        }
        Some(options) => {
            return Err(Failure::usage(format!("{options}: no parameter has a name like that")));
        }
        None => {}
    }
    let bar = progress(bytes_of(&args.before) + bytes_of(&args.after));
    let report = compare(&before, &after, &policy, &asked_for, &|bytes| bar.inc(bytes))?;
    bar.finish_and_clear();
    print(&if args.json { json(&report) } else { table::diff(&report) })
}
