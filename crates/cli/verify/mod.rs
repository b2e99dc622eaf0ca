//! The theorem and its generalisations, checked on this machine.
//!
//! Each section makes its cases, runs them (by [`trial`] where a backend is needed, else by the engine's closed forms)
//! and judges the states on the host. A section is a list of checks; the command prints them and counts failures.

mod escape;
mod exact;
mod floats;
mod hypotheses;
mod optimizers;
mod theorem;
mod trial;

use constinit_cli::backend_name::BackendName;
use constinit_cli::failure::Failure;
use serde::Serialize;

pub use floats::{Cell, Floats};

/// How much is checked, and on what.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Random cases a statement.
    pub cases: usize,
    /// What they are drawn by.
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

/// One statement: what was expected of how many cases, and what came out.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    pub statement: String,
    pub expected: String,
    pub measured: String,
    pub cases: usize,
    pub passed: bool,
    /// The largest deviation of all cases, where a number was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst: Option<f64>,
    /// What it was compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bound: Option<f64>,
}

impl Check {
    /// A deviation that has to be at most `bound`.
    fn at_most(statement: impl Into<String>, cases: usize, worst: f64, bound: f64) -> Self {
        Self {
            statement: statement.into(),
            expected: if bound == 0.0 { "0".to_owned() } else { format!("at most {bound:.0e}") },
            measured: short(worst),
            cases,
            // A deviation that is no number passes nothing.
            passed: worst <= bound,
            worst: Some(worst),
            bound: Some(bound),
        }
    }

    /// A deviation that has to be at least `bound`.
    fn at_least(statement: impl Into<String>, cases: usize, least: f64, bound: f64) -> Self {
        Self {
            expected: format!("at least {bound:.0e}"),
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
        Self { statement, expected, measured, cases, passed, worst: None, bound: None }
    }
}

/// A deviation in few characters.
fn short(x: f64) -> String {
    if x == 0.0 { "0".to_owned() } else { format!("{x:.1e}") }
}

/// The larger of two deviations, where one that is no number is the largest of all.
fn worse(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}

/// All sections; `begin` is told of each before it starts.
pub fn verify(
    scope: &Scope,
    mut begin: impl FnMut(&'static str),
) -> Result<(Vec<Section>, Floats), Failure> {
    let mut sections = Vec::new();
    let mut section = |name, title, checks: &mut dyn FnMut() -> Result<Vec<Check>, Failure>| {
        begin(title);
        checks().map(|checks| sections.push(Section { name, title, checks }))
    };
    let mut measured = Floats::default();
    section("theorem", "the theorem, in floats", &mut || theorem::checks(scope))?;
    section("exact", "the theorem, in fractions that never round", &mut || exact::checks(scope))?;
    section("hypotheses", "what the theorem does not promise", &mut || hypotheses::checks(scope))?;
    section("optimizers", "200 steps of every optimizer, in double precision", &mut || {
        optimizers::checks(scope)
    })?;
    section("escape", "whether differences grow", &mut || escape::checks(scope))?;
    section("floats", "what rounding does to equal units", &mut || {
        let (checks, floats) = floats::checks(scope)?;
        measured = floats;
        Ok(checks)
    })?;
    Ok((sections, measured))
}

/// The engine refuses what this program made: a mistake of the program.
fn engine(error: impl std::fmt::Display) -> Failure {
    Failure::check(format!("verify: {error}"))
}
