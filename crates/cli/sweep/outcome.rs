//! The outcome of one run of a sweep.

use super::table::SweepCell;
use constinit_records::{
    ColumnKind, EndWord, EngineWord, LayerColumn, OutcomeRecord, SweepColumn, VerdictWord,
};

/// A run that was tried.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// None if the run never started.
    pub engine: Option<Engine>,
    pub ended: OutcomeEnd,
    /// Steps done.
    pub steps: Option<usize>,
    /// The losses that the first and the last step computed.
    pub losses: [Option<f64>; 2],
    /// The loss after training on all examples of the last step, and the numbers that need no network; None if the run
    /// did not finish.
    pub outcome: Option<OutcomeRecord>,
    pub first_break: Option<(usize, String)>,
    /// Entries of the network, and of what was trained in its place.
    pub parameters: Option<[usize; 2]>,
    /// The outcome of each hidden layer.
    pub spaces: Vec<LayerOutcome>,
    pub escape: Option<Escape>,
    pub seconds: f64,
}

/// What trained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Engine {
    /// One unit for each class, in closed form.
    Quotient,
    /// The whole network on a backend, and why the quotient was not trained.
    Burn { backend: &'static str, why: String },
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OutcomeEnd {
    #[default]
    Finished,
    Diverged(String),
    Failed(String),
}

/// A hidden layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerOutcome {
    pub units: usize,
    /// Classes of twins before training and after it.
    pub classes: [Option<usize>; 2],
    /// Units whose activation has slope 0 on every example after training.
    pub dead: Option<usize>,
}

/// How differences between twins will grow after training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Escape {
    /// The factor by which a step multiplies the difference that grows fastest.
    pub factor: f64,
    /// Steps until rounding has made the twins diverge; None for never, and if the state moves too much for a number.
    pub steps: Option<f64>,
}

impl Outcome {
    /// A run that could not start or did not finish.
    pub fn failed(reason: impl ToString) -> Self {
        Self { ended: OutcomeEnd::Failed(reason.to_string()), ..Self::default() }
    }

    /// The columns of outcomes, for runs of up to so many hidden layers.
    pub fn columns(layers: usize) -> Vec<(String, ColumnKind)> {
        let of_run = SweepColumn::ALL.map(|column| (column.name().to_owned(), column.kind()));
        let of_layer =
            |layer| LayerColumn::ALL.map(|column| (column.name(layer), column.of_all().kind()));
        of_run.into_iter().chain((1..=layers).flat_map(of_layer)).collect()
    }

    /// The entries of these columns.
    pub fn cells(&self, layers: usize) -> impl Iterator<Item = SweepCell> {
        let of_run = SweepColumn::ALL.into_iter().map(|column| self.cell(column));
        let of_layer = |layer: usize| -> [SweepCell; 4] {
            let space = self.spaces.get(layer);
            LayerColumn::ALL.map(|column| space.and_then(|space| space.count(column)).into())
        };
        of_run.chain((0..layers).flat_map(of_layer))
    }

    fn cell(&self, column: SweepColumn) -> SweepCell {
        let text = |text: &str| SweepCell::Text(text.to_owned().into());
        let found = self.first_break.as_ref();
        match column {
            SweepColumn::Engine => self.engine.as_ref().map(|engine| engine.word().as_str()).into(),
            SweepColumn::Backend => match &self.engine {
                Some(Engine::Burn { backend, .. }) => Some(*backend).into(),
                Some(Engine::Quotient) | None => SweepCell::None,
            },
            SweepColumn::WhyBurn => match &self.engine {
                Some(Engine::Burn { why, .. }) => text(why),
                Some(Engine::Quotient) | None => SweepCell::None,
            },
            SweepColumn::Ended => Some(self.ended.word().as_str()).into(),
            SweepColumn::Reason => match &self.ended {
                OutcomeEnd::Finished => SweepCell::None,
                OutcomeEnd::Diverged(reason) | OutcomeEnd::Failed(reason) => text(reason),
            },
            SweepColumn::Steps => self.steps.into(),
            SweepColumn::FirstLoss => self.losses[0].into(),
            SweepColumn::FinalLoss => self.losses[1].into(),
            SweepColumn::Baseline => self.outcome.and_then(|outcome| outcome.baseline).into(),
            SweepColumn::Explained => self.outcome.and_then(|outcome| outcome.explained).into(),
            SweepColumn::Accuracy => self.outcome.and_then(|outcome| outcome.accuracy).into(),
            SweepColumn::Verdict => self.verdict().map(VerdictWord::as_str).into(),
            SweepColumn::FirstBreak => found.map(|(step, _)| *step).into(),
            SweepColumn::FirstBreakSpace => found.map_or(SweepCell::None, |(_, space)| text(space)),
            SweepColumn::Parameters => self.parameters.map(|[full, _]| full).into(),
            SweepColumn::TrainedParameters => self.parameters.map(|[_, trained]| trained).into(),
            SweepColumn::Units => self.sum(LayerColumn::Units),
            SweepColumn::ClassesStart => self.sum(LayerColumn::ClassesStart),
            SweepColumn::ClassesEnd => self.sum(LayerColumn::ClassesEnd),
            SweepColumn::Dead => self.sum(LayerColumn::Dead),
            SweepColumn::EscapeFactor => self.escape.map(|escape| escape.factor).into(),
            SweepColumn::EscapeSteps => self.escape.and_then(|escape| escape.steps).into(),
            SweepColumn::Seconds => SweepCell::Number(self.seconds),
        }
    }

    fn verdict(&self) -> Option<VerdictWord> {
        match (&self.first_break, &self.engine, &self.ended) {
            (_, None, _) | (_, _, OutcomeEnd::Failed(_)) => None,
            (Some(_), ..) => Some(VerdictWord::Broken),
            (None, ..) if self.started_distinct() => Some(VerdictWord::None),
            (None, ..) => Some(VerdictWord::Held),
        }
    }

    /// Whether no two units of any hidden layer were equal at the start.
    fn started_distinct(&self) -> bool {
        self.spaces
            .iter()
            .all(|space| space.classes[0].is_some_and(|classes| classes >= space.units))
    }

    /// The sum over all hidden layers, if each has the number.
    fn sum(&self, column: LayerColumn) -> SweepCell {
        let all: Option<usize> = self.spaces.iter().map(|space| space.count(column)).sum();
        all.filter(|_| !self.spaces.is_empty()).into()
    }
}

impl LayerOutcome {
    fn count(&self, column: LayerColumn) -> Option<usize> {
        match column {
            LayerColumn::Units => Some(self.units),
            LayerColumn::ClassesStart => self.classes[0],
            LayerColumn::ClassesEnd => self.classes[1],
            LayerColumn::Dead => self.dead,
        }
    }
}

impl Engine {
    fn word(&self) -> EngineWord {
        match self {
            Self::Quotient => EngineWord::Quotient,
            Self::Burn { .. } => EngineWord::Burn,
        }
    }
}

impl OutcomeEnd {
    /// The word in files.
    pub fn word(&self) -> EndWord {
        match self {
            Self::Finished => EndWord::Finished,
            Self::Diverged(_) => EndWord::Diverged,
            Self::Failed(_) => EndWord::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_columns_that_are_told() {
        let space = LayerOutcome { units: 3, classes: [Some(1), Some(2)], dead: Some(0) };
        let outcome = Outcome {
            engine: Some(Engine::Quotient),
            spaces: vec![space, LayerOutcome { units: 2, dead: None, ..space }],
            losses: [Some(1.5), Some(f64::INFINITY)],
            outcome: Some(OutcomeRecord {
                loss: 1.0,
                baseline: Some(4.0),
                explained: Some(0.75),
                accuracy: None,
                majority: None,
            }),
            ..Outcome::default()
        };
        let (columns, row) = (Outcome::columns(3), outcome.cells(3).collect::<Vec<_>>());
        assert_eq!(columns.len(), row.len());
        let cell = |name: &str| &row[columns.iter().position(|(n, _)| n == name).unwrap()];
        assert_eq!(cell("units"), &SweepCell::Count(5));
        assert_eq!(cell("classes_end"), &SweepCell::Count(4));
        assert_eq!(cell("dead"), &SweepCell::None);
        assert_eq!(cell("first_loss"), &SweepCell::Number(1.5));
        assert_eq!(cell("final_loss"), &SweepCell::None);
        assert_eq!(cell("verdict"), &SweepCell::Text("held".into()));
        assert_eq!(cell("explained"), &SweepCell::Number(0.75));
        assert_eq!(cell("accuracy"), &SweepCell::None);
        assert_eq!(
            (cell("hidden2.units"), cell("hidden3.units")),
            (&SweepCell::Count(2), &SweepCell::None)
        );
        let distinct = Outcome {
            spaces: vec![LayerOutcome { classes: [Some(3), Some(3)], ..space }],
            ..outcome
        };
        assert_eq!(distinct.verdict(), Some(VerdictWord::None));
        for (cell, (name, kind)) in Outcome::failed("no").cells(1).zip(Outcome::columns(1)) {
            let told = matches!(name.as_str(), "ended" | "reason" | "seconds");
            assert_eq!(cell != SweepCell::None, told, "{name} {kind:?}");
        }
    }
}
