//! `constinit compare`: one network trained from several starts.

use super::{print, progress_bar, warn};
use crate::backend::{self, Job};
use burn::tensor::backend::AutodiffBackend;
use constinit_cli::args::{CompareArgs, RunArgs};
use constinit_cli::backend_name::BackendName;
use constinit_cli::compare::{
    CompareFolder, ComparedRun, ComparisonTable, PlannedRun, StartRuns, ValidatedComparison,
    beside, in_closed_form, summary,
};
use constinit_cli::failure::Failure;
use constinit_cli::run::{Interrupt, line_of};
use constinit_records::ComparedRecord;
use std::path::Path;

pub fn compare(args: &CompareArgs) -> Result<(), Failure> {
    let backend = backend::choose(args.backend)?;
    let comparison = ready(args, backend)?;
    comparison.doubts().iter().for_each(warn);
    backend::dispatch(backend, ComparisonJob(&comparison))??;
    Ok(())
}

/// Prints what the notebook's network learns from a random start.
pub fn beside_notebook(args: &RunArgs) -> Result<(), Failure> {
    let of_notebook = CompareArgs { preset: args.preset, seeds: 5, ..CompareArgs::default() };
    let comparison = ValidatedComparison::read(&of_notebook)?;
    let results = match in_closed_form(&comparison)? {
        Some(results) => results,
        None => {
            let backend = backend::choose(args.backend)?;
            let comparison = ready(&of_notebook, backend)?;
            backend::dispatch(backend, QuietJob(&comparison))??
        }
    };
    let [own, random] = results.as_slice() else { return Ok(()) };
    let [first, second] = beside(own, random);
    print(&format!("\n{first}\n{second}\n"))
}

/// The comparison that the arguments name, on a backend with a device.
fn ready(args: &CompareArgs, backend: BackendName) -> Result<ValidatedComparison, Failure> {
    let comparison = ValidatedComparison::read(args)?;
    backend::require(backend)?;
    comparison.check_memory(backend, backend::limits(backend))?;
    Ok(comparison)
}

/// All runs, whose results are printed and saved.
struct ComparisonJob<'a>(&'a ValidatedComparison);

/// All runs, whose results are only returned.
struct QuietJob<'a>(&'a ValidatedComparison);

impl Job for ComparisonJob<'_> {
    type Output = Result<(), Failure>;

    fn run<B: AutodiffBackend>(self, backend: BackendName, device: &B::Device) -> Self::Output {
        let comparison = self.0;
        let out = comparison.out.as_deref();
        let created = |out: &Path| CompareFolder::create(out, comparison, backend);
        let mut folder = out.map(created).transpose()?;
        if !comparison.json {
            print(&heading(comparison, backend))?;
        }
        let kept = out.map_or(String::new(), |out| format!("; results saved in {}", out.display()));
        let bar = progress_bar(comparison.runs(), "runs");
        let mut reasons = Vec::new();
        let results = run_all::<B>(comparison, device, &kept, |shown| match shown {
            Shown::Run(run) => {
                reasons.extend(run.record.reason.clone());
                bar.inc(1);
                folder.as_mut().map_or(Ok(()), |folder| folder.keep(&run.record))
            }
            Shown::Result(result) => {
                folder.as_mut().map_or(Ok(()), |folder| folder.keep(result))?;
                if !comparison.json {
                    return Ok(());
                }
                let line = line_of(result).map_err(Failure::usage)?;
                bar.suspend(|| print(&line))
            }
        });
        bar.finish_and_clear();
        let results = results?;
        if !comparison.json {
            print(&ComparisonTable(&results).to_string())?;
        }
        match reasons.first().filter(|_| results.iter().all(|of| of.diverged == of.seeds)) {
            Some(reason) => Err(Failure::diverged(format!("all runs diverged: {reason}{kept}"))),
            None if comparison.json => Ok(()),
            None => out.map_or(Ok(()), |out| {
                print(&format!(
                    "written to {0}; `constinit report {0}` makes a page of it\n",
                    out.display()
                ))
            }),
        }
    }
}

impl Job for QuietJob<'_> {
    type Output = Result<Vec<ComparedRecord>, Failure>;

    fn run<B: AutodiffBackend>(self, _: BackendName, device: &B::Device) -> Self::Output {
        run_all::<B>(self.0, device, "", |_| Ok(()))
    }
}

/// A result of a comparison, as soon as it is known.
enum Shown<'a> {
    Run(&'a ComparedRun),
    Result(&'a ComparedRecord),
}

fn run_all<B: AutodiffBackend>(
    comparison: &ValidatedComparison,
    device: &B::Device,
    kept: &str,
    mut show: impl FnMut(Shown<'_>) -> Result<(), Failure>,
) -> Result<Vec<ComparedRecord>, Failure> {
    let interrupt = Interrupt::listen(false);
    let mut results = Vec::with_capacity(comparison.starts.len());
    for of in &comparison.starts {
        let StartRuns { start, seeds, .. } = of;
        let (mut runs, mut full) = (Vec::with_capacity(*seeds), None);
        for number in 0..*seeds {
            let config = of.config_of(number);
            let planned = PlannedRun {
                start: &start.name,
                config: &config,
                examples: &comparison.examples,
                quotient: comparison.quotient,
                states: number == 0,
            };
            let Some(run) = planned.train::<B>(device, &interrupt)? else {
                let signal = interrupt.signal().unwrap_or_default();
                let message =
                    format!("interrupted in run {} of start {}{kept}", number + 1, start.name);
                return Err(Failure::interrupted(signal, message));
            };
            show(Shown::Run(&run))?;
            full = full.or(run.full);
            runs.push(run.record);
        }
        let result = summary(&runs, full);
        show(Shown::Result(&result))?;
        results.push(result);
    }
    Ok(results)
}

/// The lines above the table: what is compared.
fn heading(comparison: &ValidatedComparison, backend: BackendName) -> String {
    let training = &comparison.config.training;
    let (steps, optimizer) = (training.steps, training.optimizer.name());
    let (title, backend) = (&comparison.title, backend.as_str());
    let mut text =
        format!("{title} on {backend}, {steps} steps of {optimizer} from each start\n\n");
    for of in &comparison.starts {
        text += &format!("{}: {}\n", of.start.name, of.meaning());
    }
    text + "\n"
}
