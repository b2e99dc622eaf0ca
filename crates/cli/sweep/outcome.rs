//! What comes out of one run of a sweep.

use super::table::{Cell, Kind, Row};

/// A run that was tried.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// None where the run never started.
    pub engine: Option<Engine>,
    pub ended: Ended,
    /// Steps done.
    pub steps: Option<usize>,
    /// The losses that the first and the last step computed.
    pub losses: [Option<f64>; 2],
    pub first_break: Option<(usize, String)>,
    /// Entries of the network, and of what was trained in its place.
    pub parameters: Option<[usize; 2]>,
    /// One for each hidden layer.
    pub spaces: Vec<Space>,
    pub escape: Option<Escape>,
    pub seconds: f64,
}

/// What trained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Engine {
    /// One unit for each class, in closed form.
    Quotient,
    /// The whole network on a backend, and why not the quotient.
    Burn { backend: &'static str, why: String },
}

/// How a run came to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ended {
    #[default]
    Finished,
    Diverged(String),
    Failed(String),
}

/// A hidden layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    pub units: usize,
    /// Classes of twins before training and after it.
    pub classes: [Option<usize>; 2],
    /// Units whose activation has slope 0 on every example after training.
    pub dead: Option<usize>,
}

/// What will become of differences between twins after training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Escape {
    /// Of the difference that grows fastest, a step.
    pub factor: f64,
    /// Steps until rounding has parted them; None for never.
    pub steps: Option<f64>,
}

impl Outcome {
    /// A run that could not be tried or did not come to an end.
    pub fn failed(reason: impl ToString) -> Self {
        Self { ended: Ended::Failed(reason.to_string()), ..Self::default() }
    }

    /// The columns of outcomes, for runs of up to so many hidden layers.
    pub fn columns(layers: usize) -> Vec<(String, Kind)> {
        use Kind::{Count, Number, Text};
        let fixed = [
            ("engine", Text),
            ("backend", Text),
            ("why_burn", Text),
            ("ended", Text),
            ("reason", Text),
            ("steps", Count),
            ("first_loss", Number),
            ("final_loss", Number),
            ("verdict", Text),
            ("first_break", Count),
            ("first_break_space", Text),
            ("parameters", Count),
            ("trained_parameters", Count),
            ("units", Count),
            ("classes_start", Count),
            ("classes_end", Count),
            ("dead", Count),
            ("escape_factor", Number),
            ("escape_steps", Number),
            ("seconds", Number),
        ];
        let mut columns: Vec<(String, Kind)> =
            fixed.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
        for layer in 1..=layers {
            for what in ["units", "classes_start", "classes_end", "dead"] {
                columns.push((format!("hidden{layer}.{what}"), Count));
            }
        }
        columns
    }

    /// The entries of these columns.
    pub fn cells(&self, layers: usize) -> Row {
        let text = |text: &str| Cell::from(Some(text));
        let (engine, backend, why) = match &self.engine {
            None => (Cell::None, Cell::None, Cell::None),
            Some(Engine::Quotient) => (text("quotient"), Cell::None, Cell::None),
            Some(Engine::Burn { backend, why }) => (text("burn"), text(backend), text(why)),
        };
        let (ended, reason) = match &self.ended {
            Ended::Finished => (text("finished"), Cell::None),
            Ended::Diverged(reason) => (text("diverged"), text(reason)),
            Ended::Failed(reason) => (text("failed"), text(reason)),
        };
        let verdict = match (&self.first_break, &self.engine, &self.ended) {
            (_, None, _) | (_, _, Ended::Failed(_)) => Cell::None,
            (Some(_), ..) => text("broken"),
            (None, ..) => text("held"),
        };
        let found = self.first_break.as_ref();
        let sum = |of: &dyn Fn(&Space) -> Option<usize>| -> Cell {
            let all: Option<usize> = self.spaces.iter().map(of).sum();
            all.filter(|_| !self.spaces.is_empty()).into()
        };
        let mut row = vec![
            engine,
            backend,
            why,
            ended,
            reason,
            self.steps.into(),
            self.losses[0].into(),
            self.losses[1].into(),
            verdict,
            found.map(|(step, _)| *step).into(),
            found.map(|(_, space)| space.as_str()).into(),
            self.parameters.map(|[full, _]| full).into(),
            self.parameters.map(|[_, trained]| trained).into(),
            sum(&|space| Some(space.units)),
            sum(&|space| space.classes[0]),
            sum(&|space| space.classes[1]),
            sum(&|space| space.dead),
            self.escape.map(|escape| escape.factor).into(),
            self.escape.and_then(|escape| escape.steps).into(),
            Cell::Number(self.seconds),
        ];
        for layer in 0..layers {
            let space = self.spaces.get(layer);
            row.push(space.map(|space| space.units).into());
            row.push(space.and_then(|space| space.classes[0]).into());
            row.push(space.and_then(|space| space.classes[1]).into());
            row.push(space.and_then(|space| space.dead).into());
        }
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_columns_that_are_told() {
        let space = Space { units: 3, classes: [Some(1), Some(2)], dead: Some(0) };
        let outcome = Outcome {
            engine: Some(Engine::Quotient),
            spaces: vec![space, Space { units: 2, dead: None, ..space }],
            losses: [Some(1.5), Some(f64::INFINITY)],
            ..Outcome::default()
        };
        let (columns, row) = (Outcome::columns(3), outcome.cells(3));
        assert_eq!(columns.len(), row.len());
        let cell = |name: &str| &row[columns.iter().position(|(n, _)| n == name).unwrap()];
        assert_eq!(cell("units"), &Cell::Count(5));
        assert_eq!(cell("classes_end"), &Cell::Count(4));
        assert_eq!(cell("dead"), &Cell::None);
        assert_eq!(cell("first_loss"), &Cell::Number(1.5));
        assert_eq!(cell("final_loss"), &Cell::None);
        assert_eq!(cell("verdict"), &Cell::Text("held".to_owned()));
        assert_eq!((cell("hidden2.units"), cell("hidden3.units")), (&Cell::Count(2), &Cell::None));
        for (cell, (name, kind)) in Outcome::failed("no").cells(1).iter().zip(Outcome::columns(1)) {
            let told = matches!(name.as_str(), "ended" | "reason" | "seconds");
            assert_eq!(*cell != Cell::None, told, "{name} {kind:?}");
        }
    }
}
