//! `constinit inspect`: which units of checkpoints are the same unit.

use super::print;
use constinit_checkpoint::FileReport;
use constinit_cli::args::{InspectArgs, OutputArgs};
use constinit_cli::failure::Failure;
use constinit_cli::inspect::{deny, inspect_all, said, text};

pub fn inspect(args: &InspectArgs) -> Result<(), Failure> {
    let mut checks = Checks::new(&args.output);
    let mut parameters = 0;
    let failed = inspect_all(args, |report| {
        parameters += report.parameters.len();
        checks.take(&report)
    })?;
    checks.end(failed)?;
    // A check that looks at nothing passes whatever there is.
    match &args.compared.only {
        Some(only) if parameters == 0 && args.shard.is_none() => Err(Failure::usage(format!(
            "--only {only}: no parameter with two axes or more has a name like that"
        ))),
        _ => Ok(()),
    }
}

/// Prints reports and remembers what is wrong with them.
pub struct Checks<'a> {
    args: &'a OutputArgs,
    denied: Vec<String>,
    reports: usize,
    /// An error that was not said yet: where it is the only one of one file, the program ends with it.
    pending: Option<String>,
}

impl<'a> Checks<'a> {
    pub fn new(args: &'a OutputArgs) -> Self {
        Self { args, denied: Vec::new(), reports: 0, pending: None }
    }

    pub fn take(&mut self, report: &FileReport) -> Result<(), Failure> {
        self.reports += 1;
        self.complain();
        self.pending = report.error.as_ref().map(|error| text::plain(error));
        self.denied.extend(deny::denied(report, &self.args.deny));
        print(&said(report, self.args.said()))
    }

    fn complain(&mut self) {
        if let Some(error) = self.pending.take() {
            super::complain(&error);
        }
    }

    /// A file that could not be read weighs more than what was found in others.
    pub fn end(mut self, failed: usize) -> Result<(), Failure> {
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
        if self.denied.is_empty() { Ok(()) } else { Err(Failure::check(self.denied.join("\n"))) }
    }
}
