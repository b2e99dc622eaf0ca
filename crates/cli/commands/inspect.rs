//! `constinit inspect`: which units of checkpoints are equal.

use super::print;
use constinit_checkpoint::FileInspection;
use constinit_cli::args::{Deny, InspectArgs, OutputArgs, OutputFormat};
use constinit_cli::failure::Failure;
use constinit_cli::inspect::output::Output;
use constinit_cli::inspect::{Wanted, deny, inspect_all, text};
use std::path::Path;

pub fn inspect(args: &InspectArgs) -> Result<(), Failure> {
    check_shard(args)?;
    let mut checks = Checks::new(&args.output);
    let failed = inspect_all(args, |report| checks.take(&report))?;
    // A share may be empty.
    if args.shard.is_none() {
        checks.end(failed, Wanted::said(&args.compared).as_deref())
    } else {
        checks.end_of_share(failed)
    }
}

/// Refuses options with which the report of a share could not be joined with the other shares.
fn check_shard(args: &InspectArgs) -> Result<(), Failure> {
    if args.shard.is_none() {
        return Ok(());
    }
    if args.output.quiet || args.output.format() != OutputFormat::Json {
        return Err(Failure::usage("--shard: needs --json, which `constinit merge` reads"));
    }
    if args.files.iter().any(|path| path == Path::new("-")) {
        return Err(Failure::usage("--shard: machines cannot share standard input"));
    }
    Ok(())
}

/// Prints reports and remembers what is wrong with them.
pub struct Checks<'a> {
    args: &'a OutputArgs,
    output: Output<'a>,
    denied: Vec<String>,
    /// What could not be inspected for denied findings, a sentence each.
    uninspected: Vec<String>,
    reports: usize,
    /// How many places were searched for findings: parameters with two axes or more, spaces, skipped tensors with
    /// names, and vectors if `--deny` names `non-finite` alone.
    inspected: usize,
    /// Tensors of optimizers that were set aside.
    set_aside: usize,
    /// An error that is not printed yet. If this is the only report, the program ends with the error.
    pending: Option<String>,
}

impl<'a> Checks<'a> {
    pub fn new(args: &'a OutputArgs) -> Self {
        let output = Output::new(args);
        Self {
            args,
            output,
            denied: Vec::new(),
            uninspected: Vec::new(),
            reports: 0,
            inspected: 0,
            set_aside: 0,
            pending: None,
        }
    }

    pub fn take(&mut self, report: &FileInspection) -> Result<(), Failure> {
        self.reports += 1;
        let vectors = if self.args.deny == [Deny::NonFinite] { report.vectors } else { 0 };
        let spaces = report.spaces.as_ref().map_or(0, Vec::len);
        let named = report.parameters.len() + spaces + report.skipped.len();
        self.inspected = self.inspected.saturating_add(vectors).saturating_add(named);
        let set_aside = report.optimizer.as_ref().map_or(0, |state| state.tensors);
        self.set_aside = self.set_aside.saturating_add(set_aside);
        self.complain();
        self.pending = report.error.as_ref().map(|error| text::plain(error));
        self.denied.extend(deny::denied(report, &self.args.deny));
        self.uninspected.extend(deny::uninspected(report, &self.args.deny));
        print(&self.output.take(report))
    }

    fn complain(&mut self) {
        if let Some(error) = self.pending.take()
            && !self.args.quiet
        {
            super::complain(&error);
        }
    }

    /// Ends a whole job. It fails if findings are denied or parameters were chosen and nothing was inspected: such a
    /// check would pass for any file. `wanted` has the options that chose parameters.
    pub fn end(self, failed: usize, wanted: Option<&str>) -> Result<(), Failure> {
        let (inspected, set_aside) = (self.inspected, self.set_aside);
        let denies = !self.args.deny.is_empty();
        self.end_of_share(failed)?;
        match wanted {
            _ if inspected > 0 => Ok(()),
            _ if set_aside > 0 && (denies || wanted.is_some()) => Err(Failure::usage(
                "there is only optimizer state to inspect (--optimizer-state inspects it, too)",
            )),
            Some(wanted) => Err(Failure::usage(format!(
                "{wanted}: no parameter with two axes or more has a matching name"
            ))),
            None if denies => Err(Failure::usage(
                "--deny: there is no parameter with two axes or more to inspect",
            )),
            None => Ok(()),
        }
    }

    /// Ends a share. Files that could not be read take precedence over tensors that could not be inspected, and these
    /// over findings.
    pub fn end_of_share(mut self, failed: usize) -> Result<(), Failure> {
        let args = self.args;
        let output = std::mem::replace(&mut self.output, Output::new(args));
        print(&output.end())?;
        self.verdict(failed)
            .map_err(|failure| if args.quiet { failure.silently() } else { failure })
    }

    fn verdict(mut self, failed: usize) -> Result<(), Failure> {
        if failed > 0 {
            if self.reports == 1
                && let Some(error) = self.pending
            {
                return Err(Failure::usage(error));
            }
            self.complain();
            let all = self.reports;
            return Err(Failure::usage(format!("{failed} of {all} checkpoints could not be read")));
        }
        if !self.uninspected.is_empty() {
            let all: Vec<String> = self.denied.into_iter().chain(self.uninspected).collect();
            return Err(Failure::usage(all.join("\n")));
        }
        if self.denied.is_empty() { Ok(()) } else { Err(Failure::check(self.denied.join("\n"))) }
    }
}
