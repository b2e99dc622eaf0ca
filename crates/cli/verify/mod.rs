//! The theorem and its generalisations, checked on this machine.
//!
//! Each section makes its cases, runs them (by [`trial`] if a backend is needed, otherwise by the engine's closed
//! forms) and judges the states on the host. A section reports each of its checks as soon as it is done; the command
//! prints them and counts failures.

mod escape;
mod exact;
mod floats;
mod hypotheses;
mod optimizers;
mod theorem;
mod trial;

use constinit_cli::backend_name::BackendName;
use constinit_cli::failure::Failure;
use constinit_core::text::number;
use serde::Serialize;

pub use floats::{Cell, Floats};

/// How much is checked, and on what.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Random cases per statement.
    pub cases: usize,
    /// The seed that draws them.
    pub seed: u64,
    /// Backends that find a device.
    pub backends: Vec<BackendName>,
}

/// Statements that belong together.
#[derive(Clone, Debug, Serialize)]
pub struct Section {
    pub name: &'static str,
    pub title: &'static str,
    pub checks: Vec<Check>,
}

/// One statement: what was expected of how many cases, and what was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    pub statement: String,
    pub expected: String,
    pub measured: String,
    pub cases: usize,
    /// Whether the expectation held; for information, whether it could be measured.
    pub passed: bool,
    /// Whether nothing is claimed: the measured value depends on this machine.
    pub information: bool,
    /// The largest deviation of all cases, if a number was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst: Option<f64>,
    /// What the deviation was compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bound: Option<f64>,
}

impl Check {
    /// A deviation that has to be at most `bound`.
    fn at_most(statement: impl Into<String>, cases: usize, worst: f64, bound: f64) -> Self {
        Self {
            statement: statement.into(),
            expected: if bound == 0.0 {
                "0".to_owned()
            } else {
                format!("at most {}", number(bound, 1))
            },
            measured: short(worst),
            cases,
            // NaN passes no bound.
            passed: worst <= bound,
            information: false,
            worst: Some(worst),
            bound: Some(bound),
        }
    }

    /// A deviation that has to be at least `bound`.
    fn at_least(statement: impl Into<String>, cases: usize, least: f64, bound: f64) -> Self {
        Self {
            expected: format!("at least {}", number(bound, 1)),
            passed: least >= bound,
            ..Self::at_most(statement, cases, least, bound)
        }
    }

    /// A number of cases that has to be `expected`.
    fn all(statement: impl Into<String>, cases: usize, holding: usize) -> Self {
        Self::words(
            statement,
            cases,
            format!("all {cases}"),
            format!("{holding}"),
            holding == cases,
        )
    }

    fn words(
        statement: impl Into<String>,
        cases: usize,
        expected: impl Into<String>,
        measured: impl Into<String>,
        passed: bool,
    ) -> Self {
        let (statement, expected, measured) = (statement.into(), expected.into(), measured.into());
        let information = false;
        Self { statement, expected, measured, cases, passed, information, worst: None, bound: None }
    }

    /// A measurement without a claim.
    fn information(
        statement: impl Into<String>,
        cases: usize,
        measured: impl Into<String>,
        could_be_measured: bool,
    ) -> Self {
        let check = Self::words(statement, cases, "-", measured, could_be_measured);
        Self { information: true, ..check }
    }

    pub fn mark(&self) -> RowMark {
        match (self.passed, self.information) {
            (false, _) => RowMark::Fail,
            (true, true) => RowMark::Info,
            (true, false) => RowMark::Pass,
        }
    }
}

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowMark {
    /// The expectation held.
    Pass,
    /// The expectation did not hold.
    Fail,
    /// Nothing was expected.
    Info,
}

/// What a verification reports while it runs.
pub enum Told<'a> {
    /// A section begins.
    Section(&'a Section),
    /// What is computed now.
    Work(&'a str),
    /// A check is done.
    Row(&'a Check),
}

/// The checks of a section, reported as soon as they are done.
pub struct Rows<'a> {
    checks: Vec<Check>,
    tell: &'a mut dyn FnMut(Told<'_>),
}

impl Rows<'_> {
    /// Reports what is computed until the next check is done.
    fn work(&mut self, what: &str) {
        (self.tell)(Told::Work(what));
    }

    fn push(&mut self, check: Check) {
        (self.tell)(Told::Row(&check));
        self.checks.push(check);
    }
}

/// A deviation in few characters.
fn short(x: f64) -> String {
    number(x, 2)
}

/// The larger of two deviations; NaN is larger than all others.
fn worse(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}

/// All sections; calls `tell` for everything as it happens.
pub fn verify(
    scope: &Scope,
    tell: &mut dyn FnMut(Told<'_>),
) -> Result<(Vec<Section>, Floats), Failure> {
    type Checks<'a> = &'a mut dyn FnMut(&mut Rows<'_>) -> Result<(), Failure>;
    let mut sections = Vec::new();
    let mut section = |name, title, checks: Checks<'_>| {
        let mut section = Section { name, title, checks: Vec::new() };
        tell(Told::Section(&section));
        tell(Told::Work(title));
        let mut rows = Rows { checks: Vec::new(), tell: &mut *tell };
        checks(&mut rows)?;
        section.checks = rows.checks;
        sections.push(section);
        Ok::<(), Failure>(())
    };
    let mut measured = Floats::default();
    section("theorem", "the theorem, in floats", &mut |rows| theorem::checks(scope, rows))?;
    section("exact", "the theorem, in fractions that never round", &mut |rows| {
        exact::checks(scope, rows)
    })?;
    section("hypotheses", "what the theorem does not promise", &mut |rows| {
        hypotheses::checks(scope, rows)
    })?;
    section("optimizers", "200 steps of every optimizer, in double precision", &mut |rows| {
        optimizers::checks(scope, rows)
    })?;
    section("escape", "whether differences grow", &mut |rows| escape::checks(scope, rows))?;
    section("floats", "what rounding does to equal units", &mut |rows| {
        measured = floats::checks(scope, rows)?;
        Ok(())
    })?;
    Ok((sections, measured))
}

/// The engine refused an input of the verification: a mistake of this program.
fn engine(error: impl std::fmt::Display) -> Failure {
    Failure::check(format!("verify: {error}"))
}
