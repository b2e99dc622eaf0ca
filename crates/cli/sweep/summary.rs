//! A sweep in a few sentences.

use super::folder::SweepFolder;
use super::table::{Reader, Row, SweepCell, point};
use crate::failure::Failure;
use constinit_core::text::number;
use constinit_records::{EndWord, EngineWord, SweepColumn, VerdictWord};
use serde::Serialize;

/// What all rows of a sweep say together.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    pub points: usize,
    pub done: usize,
    pub finished: usize,
    pub diverged: usize,
    pub failed: usize,
    /// Trained as quotients, in closed form.
    pub quotients: usize,
    /// Trained by Burn.
    pub burn: usize,
    /// Runs whose twins stayed twins to the end.
    pub held: usize,
    pub broken: usize,
    /// Runs in which no two units were twins at the start.
    pub distinct: usize,
    /// The point with the lowest final loss of a run that finished.
    pub lowest: Option<Lowest>,
    /// The reason of the first failed run.
    pub reason: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lowest {
    pub point: usize,
    pub loss: f64,
    /// `model.init_w = 0.5`.
    pub values: Vec<String>,
}

impl Summary {
    /// Reads all existing rows.
    pub fn read(folder: &SweepFolder, keys: &[String]) -> Result<Self, Failure> {
        let names: Vec<&str> =
            folder.schema().columns.iter().map(|(name, _)| name.as_str()).collect();
        let mut summary = Self { points: folder.points(), ..Self::default() };
        for table in folder.tables()? {
            let mut reader = Reader::open(&table, folder.schema())?;
            while let Some(rows) = reader.rows()? {
                rows.iter().for_each(|row| summary.add(row, &names, keys));
            }
        }
        Ok(summary)
    }

    fn add(&mut self, row: &Row, names: &[&str], keys: &[String]) {
        let cell = |name: &str| names.iter().position(|known| *known == name).map(|at| &row[at]);
        let of = |column: SweepColumn| cell(column.name());
        let text = |column: SweepColumn| match of(column) {
            Some(SweepCell::Text(text)) => text.as_ref(),
            _ => "",
        };
        let ended = |word: EndWord| text(SweepColumn::Ended) == word.as_str();
        let engine = |word: EngineWord| text(SweepColumn::Engine) == word.as_str();
        let verdict = |word: VerdictWord| text(SweepColumn::Verdict) == word.as_str();
        let count = |to: &mut usize, yes: bool| *to += usize::from(yes);
        self.done += 1;
        count(&mut self.finished, ended(EndWord::Finished));
        count(&mut self.diverged, ended(EndWord::Diverged));
        count(&mut self.failed, ended(EndWord::Failed));
        count(&mut self.quotients, engine(EngineWord::Quotient));
        count(&mut self.burn, engine(EngineWord::Burn));
        // Older programs without the word `none` wrote `held` if no two units were equal at the start.
        let distinct = matches!(
            (of(SweepColumn::Units), of(SweepColumn::ClassesStart)),
            (Some(SweepCell::Count(units)), Some(SweepCell::Count(classes))) if units == classes
        );
        let nothing = verdict(VerdictWord::None) || verdict(VerdictWord::Held) && distinct;
        count(&mut self.distinct, nothing);
        count(&mut self.held, verdict(VerdictWord::Held) && !distinct);
        count(&mut self.broken, verdict(VerdictWord::Broken));
        if ended(EndWord::Failed) && self.reason.is_none() {
            self.reason = Some(text(SweepColumn::Reason).to_owned());
        }
        if let (Some(SweepCell::Number(loss)), true, Some(point)) =
            (of(SweepColumn::FinalLoss), ended(EndWord::Finished), point(row))
            && self.lowest.as_ref().is_none_or(|lowest| *loss < lowest.loss)
        {
            let values = keys.iter().filter_map(|key| Some(said(key, cell(key)?)));
            self.lowest = Some(Lowest { point, loss: *loss, values: values.collect() });
        }
    }

    /// For people.
    pub fn lines(&self) -> Vec<String> {
        let Self { points, done, finished, diverged, failed, quotients, burn, .. } = self;
        let Self { held, broken, distinct, .. } = self;
        let mut lines = vec![
            format!(
                "{done} of {points} runs: {finished} finished, {diverged} diverged, {failed} failed"
            ),
            format!("trained as quotients, in closed form: {quotients}; by Burn: {burn}"),
        ];
        if held + broken > 0 {
            lines.push(format!("equal units stayed equal in {held} runs and diverged in {broken}"));
        }
        if *distinct > 0 {
            lines.push(format!("no two units were equal at the start of {distinct} runs"));
        }
        if let Some(Lowest { point, loss, values }) = &self.lowest {
            lines.push(format!(
                "lowest final loss: {} at point {point}, {}",
                number(*loss, 6),
                values.join(", ")
            ));
        }
        if let Some(reason) = &self.reason {
            lines.push(format!("the first failed run: {reason}"));
        }
        lines
    }
}

fn said(key: &str, cell: &SweepCell) -> String {
    match cell {
        SweepCell::None => format!("{key}: none"),
        SweepCell::Number(value) => format!("{key} = {}", number(*value, 6)),
        SweepCell::Count(count) => format!("{key} = {count}"),
        SweepCell::Truth(truth) => format!("{key} = {truth}"),
        SweepCell::Text(text) => format!("{key} = {text}"),
    }
}
