//! The beginning of a run: its title, the files that it opens, and what it shows before the first step.

use super::session::{RunProbes, RunSession, RunState};
use super::{
    CheckpointNote, ExpectedCheck, Interrupt, Lines, Live, LiveState, LiveWhat, Logs, Names,
    Screen, SharedDeadWatch, Tally, UnitsFile, Watch, in_readings, line_of, quotient_record,
    readings_schedule, set, start_record, units_schedule, write_line,
};
use crate::config::RunConfig;
use crate::failure::{Failure, on_screen};
use burn::module::AutodiffModule;
use burn::optim::Optimizer;
use burn::tensor::backend::AutodiffBackend;
use constinit::ConstInit;
use constinit::params::{HostParameter, read_parameters};
use constinit_core::text::number;
use constinit_core::without_hidden_layer;
use constinit_records::StartRecord;
use indicatif::ProgressBar;
use std::fs::File;

/// The files of a run, open for appending.
struct RunFiles {
    readings: Option<File>,
    units: Option<UnitsFile>,
    logs: Logs,
}

impl<B: AutodiffBackend> RunSession<'_, B> {
    /// Opens the run's files and shows its beginning; `note` belongs to the checkpoint of `state`.
    pub fn begin<'s, O: Optimizer<ConstInit<B>, B>>(
        &self,
        state: &RunState<B, O>,
        note: Option<CheckpointNote>,
        (probes, dead): (RunProbes<B>, SharedDeadWatch<B>),
        bar: ProgressBar,
        screen: &'s mut Screen,
    ) -> Result<Watch<'s, B>, Failure> {
        let config = &self.run.config;
        let RunProbes { symmetry, forecasts } = probes;
        let start = start_record(self.backend.as_str(), config, self.run.quotient);
        screen.start(&self.title(state.step), &start).map_err(on_screen)?;
        screen.remark(&config.start_sentence()).map_err(on_screen)?;
        screen.remark("").map_err(on_screen)?;
        if let Some(small) = &self.small {
            let text = format!("one unit is trained for each class: {}", small.quotient);
            screen.remark(&text).and_then(|()| screen.remark("")).map_err(on_screen)?;
        }
        let (read, names) = {
            let full = self.full(&state.model)?;
            let read = read_parameters(&full);
            let names = Names::of(&full, &read);
            (read, names)
        };
        let spaces: Vec<&str> = symmetry.axes().spaces().iter().map(|space| space.name()).collect();
        let mut files = self.open_files(&start, state.step, note.as_ref(), &spaces)?;
        if state.step == 0 {
            self.keep_quotient(&mut files, screen)?;
        }
        let (number, tally, mut comparison) = match note {
            Some(note) => (note.readings, note.tally, note.comparison),
            None => (0, Tally::default(), config.expected.as_ref().map(ExpectedCheck::new)),
        };
        if state.step == 0 {
            self.show_start(&state.model, &names, &read, comparison.as_mut(), screen)?;
        }
        Ok(Watch {
            schedule: readings_schedule(config),
            names,
            symmetry,
            forecasts,
            dead,
            known_breaks: 0,
            tally,
            screen,
            readings: files.readings,
            logs: files.logs,
            units: files.units,
            units_schedule: units_schedule(config),
            remarks: match config.model.layer_dims[..] {
                [_, _] => without_hidden_layer(config.training.loss),
                _ => Vec::new(),
            },
            comparison,
            bar,
            live: None,
            number,
            failure: None,
        })
    }

    /// The title of a run that starts after step `from`.
    fn title(&self, from: usize) -> String {
        let (title, backend) = (&self.run.title, self.backend.as_str());
        match from {
            0 => format!("{title} on {backend}"),
            _ => format!("{title} on {backend}, from step {from}"),
        }
    }

    /// Opens the files of a run that starts after step `from`. Everything is checked before any file is cut. A table is
    /// cut before the readings, which say how the table continues.
    fn open_files(
        &self,
        start: &StartRecord<&RunConfig>,
        from: usize,
        note: Option<&CheckpointNote>,
        spaces: &[&str],
    ) -> Result<RunFiles, Failure> {
        let directory = self.run.directory();
        let line = line_of(&start).map_err(in_readings)?;
        let bytes = note.map(|note| note.readings_bytes);
        let readings = directory.map(|d| d.open_readings(bytes, &line)).transpose()?;
        let bytes = note.map(|note| note.units_bytes);
        let units = directory.map(|d| d.open_units(bytes)).transpose()?;
        let logs = match readings.as_ref().filter(|_| self.run.is_resumed()) {
            Some(lines) => {
                let steps = self.run.config.training.steps;
                let next = (from < steps).then_some(from + usize::from(from > 0));
                self.run.logs.resume(spaces, lines, next)?.cut()?
            }
            None => self.run.logs.create(spaces)?,
        };
        let readings = readings.map(Lines::cut).transpose()?;
        let units = units.map(Lines::cut).transpose()?.map(UnitsFile::new);
        if let Some(directory) = directory {
            directory.forget_partial();
        }
        Ok(RunFiles { readings, units, logs })
    }

    /// Writes the line about the quotient, if one is trained.
    fn keep_quotient(&self, files: &mut RunFiles, screen: &mut Screen) -> Result<(), Failure> {
        let Some(small) = &self.small else { return Ok(()) };
        let trained = quotient_record(&small.quotient.spaces, small.quotient.parameters);
        screen.json_line(&trained).map_err(on_screen)?;
        files
            .readings
            .as_mut()
            .map_or(Ok(()), |file| write_line(file, &trained))
            .map_err(in_readings)
    }

    /// Shows parameters and outputs before training. A quotient computes the outputs of the network.
    fn show_start(
        &self,
        model: &ConstInit<B>,
        names: &Names,
        read: &[HostParameter],
        comparison: Option<&mut ExpectedCheck>,
        screen: &mut Screen,
    ) -> Result<(), Failure> {
        let batch = set::<B>(&self.run.examples, self.device);
        // Without gradients, to save memory.
        let outputs = model.valid().forward(batch.inputs.inner()).into_data();
        if let Some(comparison) = comparison {
            comparison.outputs(&outputs);
        }
        let named = names.in_files.iter().map(String::as_str).zip(read.iter().map(|p| &p.data));
        screen
            .parameters("parameters before training", named)
            .and_then(|()| screen.outputs(&outputs, &batch.targets.into_data()))
            .map_err(on_screen)
    }

    /// Shows the run in the terminal from now on; `from` is the step that it starts after.
    pub fn live(
        &self,
        from: usize,
        bar: &ProgressBar,
        interrupt: &Interrupt,
    ) -> Result<Live, Failure> {
        let RunConfig { model, training, .. } = &self.run.config;
        let optimizer = training.optimizer.name();
        let subject = format!(
            "{:?} {:?}, {optimizer} {}",
            model.layer_dims,
            model.activation,
            number(training.optimizer.learning_rate(), 6)
        );
        let (title, steps) = (self.title(from), training.steps);
        let state = LiveState { title, subject, steps, from, ..LiveState::default() };
        let targets_alike = self.run.targets_alike();
        let what = LiveWhat { backend: self.backend.as_str(), optimizer, targets_alike };
        Live::start(state, what, bar.clone(), interrupt.clone())
            .map_err(|error| Failure::usage(format!("--tui: the terminal: {error}")))
    }
}
