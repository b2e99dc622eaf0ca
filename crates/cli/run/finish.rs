//! The end of a run: final parameters, the last line, the verdict, and what the program ends with.

use super::outcome;
use super::session::{RunSession, RunState};
use super::{
    ExpectedCheck, Interrupt, Names, RunDirectory, STOPPED, Tally, Watch, What, end_record,
    explain, in_readings,
};
use crate::config::RunConfig;
use crate::failure::{Failure, on_screen};
use burn::optim::Optimizer;
use burn::tensor::TensorData;
use burn::tensor::backend::AutodiffBackend;
use constinit::ConstInit;
use constinit::params::{HostParameter, read_parameters};
use constinit::train::{Divergence, NonFinite, StopReason};
use constinit_core::verdict::{DeadAtEnd, OutcomeWhat, outcome_sentences};
use constinit_records::{EndRecord, OutcomeRecord};
use std::path::Path;

impl<B: AutodiffBackend> RunSession<'_, B> {
    /// Saves and shows how a run ended. If a run did not end well, it fails after everything is saved.
    pub fn finish<O: Optimizer<ConstInit<B>, B>>(
        &self,
        state: &RunState<B, O>,
        ended: StopReason,
        mut watch: Watch<'_, B>,
        interrupt: &Interrupt,
    ) -> Result<(), Failure> {
        drop(watch.live.take());
        watch.bar.finish_and_clear();
        let parameters = match self.full(&state.model) {
            Ok(full) => read_parameters(&full),
            Err(error) => return Err(self.lost(state.step, &ended, &mut watch, &error)),
        };
        let ended = match self.small {
            Some(_) => in_full(ended, &watch.names, &parameters),
            None => ended,
        };
        let (tally, names) = (watch.tally.clone(), watch.names.clone());
        let data: Vec<&TensorData> = parameters.iter().map(|p| &p.data).collect();
        if let Some(directory) = self.run.directory() {
            directory.write_parameters(names.in_files.iter().cloned().zip(data.iter().copied()))?;
        }
        // A run that did not finish has not computed all expected numbers.
        let comparison = watch.comparison.take().filter(|_| ended == StopReason::Finished);
        let finite = !matches!(ended, StopReason::Diverged(_));
        let (mut came, mut dead) = (None, DeadAtEnd::default());
        if finite {
            let RunSession { run, device, .. } = *self;
            let (examples, model) = (&run.examples, &state.model);
            came = outcome::outcome(&run.config, examples, device, model, state.step)?;
            dead = watch.dead.end(state.step, &state.model);
        }
        keep_end(&mut watch, state.step, &ended, comparison.as_ref(), (came, &dead))?;
        self.show_verdict(
            state.step,
            &tally,
            comparison.as_ref(),
            (came, &dead),
            finite,
            &mut watch,
        )?;

        let interrupted =
            interrupt.signal().filter(|_| matches!(ended, StopReason::Stopped { .. }));
        let folder = self.run.directory().map(RunDirectory::path);
        let difference = comparison.as_ref().and_then(ExpectedCheck::difference);
        outcome(state.step, &ended, interrupted, difference, &names, folder)?;
        let said = match &ended {
            StopReason::Stopped { reason } if reason == STOPPED => {
                Some(stopped(state.step, folder))
            }
            _ => folder.map(kept_in),
        };
        said.map_or(Ok(()), |said| watch.screen.remark(&said)).map_err(on_screen)
    }

    fn show_verdict(
        &self,
        step: usize,
        tally: &Tally,
        comparison: Option<&ExpectedCheck>,
        (came, dead): (Option<OutcomeRecord>, &DeadAtEnd),
        finite: bool,
        watch: &mut Watch<'_, B>,
    ) -> Result<(), Failure> {
        let RunConfig { model, training, .. } = &self.run.config;
        let what = What {
            backend: self.backend.as_str(),
            optimizer: training.optimizer.name(),
            step,
            readings: watch.number,
            targets_alike: self.run.targets_alike(),
            finite,
        };
        let (loss, distinct) = (training.loss, tally.distinct());
        let (activation, bias) = (model.activation, model.bias);
        let learned = OutcomeWhat { loss, activation, bias, step, distinct };
        let mut lines = outcome_sentences(came.as_ref(), dead, &learned);
        lines.extend(tally.sentences(&what));
        lines.extend(comparison.map(ExpectedCheck::sentence));
        watch.screen.verdict(&lines).map_err(on_screen)
    }

    /// The end of a quotient's run whose numbers cannot be lifted to a network any more.
    fn lost(
        &self,
        step: usize,
        ended: &StopReason,
        watch: &mut Watch<'_, B>,
        error: &Failure,
    ) -> Failure {
        if let Err(failure) = keep_end(watch, step, ended, None, (None, &DeadAtEnd::default())) {
            return failure;
        }
        let what = match ended {
            StopReason::Diverged(divergence) => format!("{}; ", explain(divergence, &watch.names)),
            _ => String::new(),
        };
        let kept = and_kept_in(self.run.directory().map(RunDirectory::path));
        Failure::diverged(format!("the run diverged: {what}no parameters to write: {error}{kept}"))
    }
}

/// Writes the last line.
fn keep_end<B: AutodiffBackend>(
    watch: &mut Watch<'_, B>,
    step: usize,
    ended: &StopReason,
    comparison: Option<&ExpectedCheck>,
    (came, dead): (Option<OutcomeRecord>, &DeadAtEnd),
) -> Result<(), Failure> {
    let (tally, names) = (watch.tally.clone(), watch.names.clone());
    let end = end_record(step, tally.word(), tally.first_break(), ended, &names, comparison);
    let end = EndRecord { outcome: came, dead: dead.whole.clone(), ..end };
    watch.keep(&end).map_err(in_readings)?;
    watch.screen.json_line(&end).map_err(on_screen)
}

/// The result of the program. It fails after a divergence, after a signal that stopped the run, and if an expected
/// number was not reproduced.
fn outcome(
    step: usize,
    ended: &StopReason,
    interrupted: Option<u8>,
    difference: Option<String>,
    names: &Names,
    folder: Option<&Path>,
) -> Result<(), Failure> {
    let kept = and_kept_in(folder);
    if let StopReason::Diverged(divergence) = ended {
        let what = explain(divergence, names);
        return Err(Failure::diverged(format!("the run diverged: {what}{kept}")));
    }
    if let Some(signal) = interrupted {
        let message = format!("interrupted after step {step}{kept}{}", and_go_on(folder));
        return Err(Failure::interrupted(signal, message));
    }
    match difference {
        Some(difference) => Err(Failure::check(format!(
            "not all expected numbers were reproduced: {difference}{kept}"
        ))),
        None => Ok(()),
    }
}

/// Where the run's files are.
fn kept_in(folder: &Path) -> String {
    format!("results saved in {}", folder.display())
}

/// The same at the end of a message, if the run has files.
fn and_kept_in(folder: Option<&Path>) -> String {
    folder.map_or(String::new(), |folder| format!("; {}", kept_in(folder)))
}

/// How to continue the run, if it has files.
fn and_go_on(folder: Option<&Path>) -> String {
    folder.map_or(String::new(), |folder| format!("; continue with --resume {}", folder.display()))
}

/// The message of a run that its user ended, which is not a failure.
fn stopped(step: usize, folder: Option<&Path>) -> String {
    format!("stopped at step {step}{}{}", and_kept_in(folder), and_go_on(folder))
}

/// An entry of a quotient that is not finite, as an entry of the full network.
pub fn in_full(ended: StopReason, names: &Names, parameters: &[HostParameter]) -> StopReason {
    let StopReason::Diverged(Divergence {
        step,
        what: NonFinite::Parameter { path, entry },
        value,
    }) = ended
    else {
        return ended;
    };
    let number = names.paths.iter().position(|known| *known == path);
    let data = number.map(|number| &parameters[number].data);
    let found = data.and_then(|data| data.iter::<f64>().position(|value| !value.is_finite()));
    let what = NonFinite::Parameter { path, entry: found.unwrap_or(entry) };
    StopReason::Diverged(Divergence { step, what, value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::code;

    fn names() -> Names {
        Names {
            in_files: vec!["linear1.bias".to_owned()],
            paths: vec!["layers.0.bias".to_owned()],
            shapes: vec![vec![3]],
        }
    }

    fn ends(
        ended: &StopReason,
        interrupted: Option<u8>,
        difference: Option<&str>,
        folder: Option<&Path>,
    ) -> Result<(), (u8, String)> {
        let difference = difference.map(str::to_owned);
        outcome(7, ended, interrupted, difference, &names(), folder)
            .map_err(|failure| (failure.code, failure.to_string()))
    }

    #[test]
    fn a_run_that_its_user_stopped_is_no_failure() {
        let ended = StopReason::Stopped { reason: STOPPED.to_owned() };
        let run1 = Some(Path::new("run1"));
        assert_eq!(ends(&ended, None, None, run1), Ok(()));
        assert_eq!(
            stopped(7, run1),
            "stopped at step 7; results saved in run1; continue with --resume run1"
        );
        assert_eq!(stopped(7, None), "stopped at step 7");
    }

    #[test]
    fn a_run_ends_with_the_first_of_its_failures() {
        let run1 = Some(Path::new("run1"));
        let what = NonFinite::Parameter { path: "layers.0.bias".to_owned(), entry: 2 };
        let diverged = StopReason::Diverged(Divergence { step: 7, what, value: f64::INFINITY });
        let stopped = StopReason::Stopped { reason: "interrupted".to_owned() };
        assert_eq!(ends(&StopReason::Finished, None, None, run1), Ok(()));
        for (found, expected_code, message) in [
            (
                ends(&diverged, None, None, run1),
                code::DIVERGED,
                "the run diverged: after step 7, linear1.bias[2] is inf; results saved in run1",
            ),
            (
                ends(&stopped, Some(2), None, run1),
                code::INTERRUPTED + 2,
                "interrupted after step 7; results saved in run1; continue with --resume run1",
            ),
            (ends(&stopped, Some(15), None, None), 143, "interrupted after step 7"),
            (
                ends(&StopReason::Finished, None, Some("outputs differ"), None),
                code::CHECK_FAILED,
                "not all expected numbers were reproduced: outputs differ",
            ),
        ] {
            assert_eq!(found, Err((expected_code, message.to_owned())));
        }
    }
}
