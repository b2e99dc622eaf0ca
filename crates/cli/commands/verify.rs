//! `constinit verify`: checks the theorem, its generalisations and its limits on this machine.

use super::print;
use crate::backend;
use crate::verify::{Cell, Check, Floats, RowMark, Scope, Section, Told, verify as check};
use anstyle::{AnsiColor, Style};
use constinit_cli::args::VerifyArgs;
use constinit_cli::failure::Failure;
use constinit_cli::heat_map::{HeatMap, HeatRow};
use constinit_core::files::write_whole;
use constinit_symmetry::theorem::Properties;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use std::path::Path;
use std::time::Duration;

pub fn verify(args: &VerifyArgs) -> Result<(), Failure> {
    if let Some(path) = args.heat_map.as_deref().filter(|path| path.exists()) {
        return Err(Failure::usage(format!("{}: already exists", path.display())));
    }
    let found = backend::find();
    let (there, absent): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|found| !found.devices.is_empty());
    let scope = Scope {
        cases: args.cases as usize,
        seed: args.seed,
        backends: there.iter().map(|found| found.name).collect(),
    };
    if scope.backends.is_empty() {
        // Fails with an error that names the missing backend, and what to do.
        backend::require(backend::choose(None)?)?;
    }
    // On a terminal only: the draw target is hidden elsewhere.
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{spinner} {msg}, {pos} statements done, {elapsed}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.enable_steady_tick(Duration::from_millis(100));
    let mut printed = Ok(());
    let result = check(&scope, &mut |told| {
        let text = match told {
            Told::Section(section) => section_text(section),
            Told::Work(what) => return bar.set_message(what.to_owned()),
            Told::Row(check) => {
                bar.inc(1);
                row_text(check)
            }
        };
        if !args.json && printed.is_ok() {
            printed = bar.suspend(|| print(&text));
        }
    });
    bar.finish_and_clear();
    printed?;
    let (sections, floats) = result?;
    let absent: Vec<&str> = absent.iter().map(|found| found.name.as_str()).collect();
    if args.json {
        print(&json_text(&scope, &sections, &floats, &absent))?;
    } else {
        print(&end_text(&sections, &absent))?;
    }
    if let Some(path) = &args.heat_map {
        draw(path, &floats)?;
    }
    let failed = failures(&sections);
    match failed.as_slice() {
        [] => Ok(()),
        [first, ..] => Err(Failure::check(format!(
            "{} of {} statements failed; the first: {} (expected {}, measured {})",
            failed.len(),
            count(&sections, RowMark::Pass) + failed.len(),
            first.statement,
            first.expected,
            first.measured
        ))),
    }
}

fn failures(sections: &[Section]) -> Vec<&Check> {
    let checks = sections.iter().flat_map(|section| &section.checks);
    checks.filter(|check| !check.passed).collect()
}

fn json_text(scope: &Scope, sections: &[Section], floats: &Floats, absent: &[&str]) -> String {
    let backends: Vec<&str> = scope.backends.iter().map(|backend| backend.as_str()).collect();
    let all = json!({
        "schema": 1,
        "passed": failures(sections).is_empty(),
        "cases": scope.cases,
        "seed": scope.seed,
        "backends": backends,
        "without_device": absent,
        "sections": sections,
        "floats": floats.cells,
    });
    format!("{all}\n")
}

/// Widths of the columns for statements and expectations: each row is printed before the next ones are known.
const STATEMENT: usize = 67;
const EXPECTED: usize = 24;

const HEADING: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const PLAIN: Style = AnsiColor::Cyan.on_default();

/// A section's heading, and what the words of its statements mean.
fn section_text(section: &Section) -> String {
    let Section { name, title, .. } = section;
    let mut text = String::new();
    if *name == "theorem" {
        for (property, meaning) in Properties::MEANINGS {
            text += &format!("{property}  {meaning}\n");
        }
    }
    text + &format!(
        "\n{HEADING}      {title:STATEMENT$}  cases  {:EXPECTED$}  measured{HEADING:#}\n",
        "expected"
    )
}

fn row_text(check: &Check) -> String {
    let Check { statement, expected, measured, cases, .. } = check;
    let (style, word) = match check.mark() {
        RowMark::Pass => (GOOD, "pass"),
        RowMark::Fail => (BAD, "FAIL"),
        RowMark::Info => (PLAIN, "info"),
    };
    format!(
        "{style}{word}{style:#}  {statement:STATEMENT$}  {cases:>5}  {expected:EXPECTED$}  {measured}\n"
    )
}

fn count(sections: &[Section], mark: RowMark) -> usize {
    let checks = sections.iter().flat_map(|section| &section.checks);
    checks.filter(|check| check.mark() == mark).count()
}

/// What was not checked, and how many statements hold.
fn end_text(sections: &[Section], absent: &[&str]) -> String {
    let mut text = "\n".to_owned();
    for name in absent {
        text += &format!("backend {name} found no device and was not checked\n");
    }
    let [held, failed, information] =
        [RowMark::Pass, RowMark::Fail, RowMark::Info].map(|mark| count(sections, mark));
    let (style, said) = match failed {
        0 => (GOOD, format!("{held} statements hold")),
        _ => (BAD, format!("{failed} of {} statements failed", held + failed)),
    };
    let are = if information == 1 { "is" } else { "are" };
    text + &format!("{style}{said}{style:#}, {information} {are} information\n")
}

fn draw(path: &Path, floats: &Floats) -> Result<(), Failure> {
    let mut rows: Vec<HeatRow> = Vec::new();
    let first = floats.cells.iter().map(|cell| cell.width).min().unwrap_or(0);
    for Cell { backend, optimizer, examples, width, steps, spread, .. } in &floats.cells {
        let name = format!("{backend} {optimizer}, {examples} ex., {steps} steps");
        if rows.last().is_none_or(|row| row.name != name) {
            rows.push(HeatRow { name, values: Vec::new() });
        }
        if let Some(row) = rows.last_mut() {
            row.values.resize(width - first, None);
            row.values.push(Some(*spread));
        }
    }
    let map = HeatMap {
        title: "Largest difference between hidden units that started equal".into(),
        columns: "hidden units".into(),
        first_column: first,
        rows,
    };
    let wrote = write_whole(path, map.to_svg().as_bytes());
    wrote.map_err(|error| Failure::at(path, error))
}
