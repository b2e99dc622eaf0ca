//! `constinit verify`: the theorem, what goes beyond it, and where it ends, checked on this machine.

use super::print;
use crate::backend;
use crate::verify::{Cell, Check, Floats, Scope, Section, verify as check};
use constinit_cli::args::VerifyArgs;
use constinit_cli::failure::Failure;
use constinit_cli::heat_map::{HeatMap, HeatRow};
use constinit_core::files::write_whole;
use indicatif::{ProgressBar, ProgressDrawTarget};
use serde_json::json;
use std::fmt::Write as _;
use std::path::Path;

pub fn verify(args: &VerifyArgs) -> Result<(), Failure> {
    if let Some(path) = args.heat_map.as_deref().filter(|path| path.exists()) {
        return Err(Failure::usage(format!("{}: is there already", path.display())));
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
        // Says which one was looked for, and the ways out.
        backend::require(backend::choose(None)?)?;
    }
    // On a terminal only: the draw target is hidden elsewhere.
    let spinner = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let result = check(&scope, |title| {
        spinner.set_message(title);
        spinner.enable_steady_tick(std::time::Duration::from_millis(100));
    });
    spinner.finish_and_clear();
    let (sections, floats) = result?;
    let absent: Vec<&str> = absent.iter().map(|found| found.name.as_str()).collect();
    let text = if args.json {
        json_text(&scope, &sections, &floats, &absent)
    } else {
        table(&sections, &absent)
    };
    print(&text)?;
    if let Some(path) = &args.heat_map {
        draw(path, &floats)?;
    }
    let failed = failures(&sections);
    match failed.as_slice() {
        [] => Ok(()),
        [first, ..] => Err(Failure::check(format!(
            "{} of {} statements failed; the first: {} (expected {}, measured {})",
            failed.len(),
            sections.iter().map(|section| section.checks.len()).sum::<usize>(),
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

fn table(sections: &[Section], absent: &[&str]) -> String {
    let heading = anstyle::Style::new().bold();
    let good = anstyle::AnsiColor::Green.on_default();
    let bad = anstyle::AnsiColor::Red.on_default().bold();
    let checks = || sections.iter().flat_map(|section| &section.checks);
    let statements = checks().map(|c| c.statement.chars().count()).max().unwrap_or(0);
    let expected = checks().map(|c| c.expected.chars().count()).max().unwrap_or(0).max(8);
    let mut text = String::new();
    // Writing to a string cannot fail.
    for section in sections {
        let title = section.title;
        let _ = writeln!(
            text,
            "{heading}{title:statements$}  cases  {:expected$}  measured{heading:#}",
            "expected"
        );
        for Check { statement, expected: wanted, measured, cases, passed, .. } in &section.checks {
            let (style, word) = if *passed { (good, "") } else { (bad, "  FAILED") };
            let _ = writeln!(
                text,
                "{statement:statements$}  {cases:>5}  {wanted:expected$}  {style}{measured}{word}{style:#}"
            );
        }
        text.push('\n');
    }
    for name in absent {
        let _ = writeln!(text, "backend {name} found no device and was not checked");
    }
    let failed = failures(sections).len();
    let all = checks().count();
    let _ = match failed {
        0 => writeln!(text, "{good}all {all} statements hold{good:#}"),
        _ => writeln!(text, "{bad}{failed} of {all} statements failed{bad:#}"),
    };
    text
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
