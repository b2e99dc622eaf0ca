//! The page of a comparison.

use super::Comparison;
use crate::figure::Figure;
use crate::markup::escaped;
use crate::number::{count, counted, short};
use crate::page::{Page, Section, figure, list, table};
use constinit_records::{ComparedOutcome, ComparedRecord, ComparedSpace};

pub fn page(comparison: &Comparison) -> String {
    let figures = comparison.figures();
    let drawn = |wanted: &dyn Fn(&Figure) -> bool| -> String {
        figures.iter().filter(|f| wanted(f)).map(figure).collect()
    };
    let is_loss = |f: &Figure| f.name == "loss";
    let mut sections = vec![Section {
        anchor: "results",
        heading: "What each start learns",
        content: results(comparison),
    }];
    for (anchor, heading, content) in [
        ("losses", "Loss", drawn(&is_loss)),
        ("units", "Units", drawn(&|f| !is_loss(f))),
        ("setup", "Set-up", set_up(comparison)),
    ] {
        if !content.is_empty() {
            sections.push(Section { anchor, heading, content });
        }
    }
    Page {
        title: format!("{} – constinit", comparison.name),
        head: format!(
            "<h1><span class=\"of\">constinit, report of a comparison</span>{}</h1>\n",
            escaped(&comparison.name)
        ),
        sections,
        style: String::new(),
        script: include_str!("../page/page.js"),
        foot: format!(
            "Drawn by constinit-report {}. This page is one file: nothing in it is loaded from anywhere else.",
            env!("CARGO_PKG_VERSION")
        ),
    }
    .document()
}

fn results(comparison: &Comparison) -> String {
    let missing = comparison.start.starts.len().saturating_sub(comparison.results.len());
    let mut html = String::new();
    if missing > 0 {
        let are = if missing == 1 { "is" } else { "are" };
        html += &format!(
            "<p class=\"warn\">The comparison was stopped: {} {are} not done.</p>\n",
            counted(missing, "start")
        );
    }
    let columns = [
        "start",
        "layer",
        "units",
        "distinct at the start",
        "at the end",
        "dead",
        "loss",
        "explained",
        "accuracy",
    ];
    let columns = columns.map(str::to_owned);
    let rows: Vec<Vec<String>> = comparison.results.iter().flat_map(rows_of).collect();
    let caption = "Means over seeds, and from where to where they range";
    html += &table(caption, &columns, &rows);
    let of_outcome = |outcome: &ComparedOutcome| Some((outcome.baseline?, outcome.majority));
    let first = comparison.results.iter().find_map(|result| of_outcome(&result.outcome));
    if let Some((baseline, majority)) = first {
        let accuracy =
            majority.map_or(String::new(), |share| format!(", accuracy {}", percent(share)));
        html += &format!(
            "<p>The best answer that ignores the inputs has loss {}{accuracy}.</p>\n",
            short(baseline)
        );
    }
    let said = comparison.results.iter().flat_map(|result| {
        let diverged = (result.diverged > 0).then(|| {
            format!(
                "{}: {} of {} diverged.",
                result.start,
                count(result.diverged),
                counted(result.seeds, "run")
            )
        });
        let full = result.full.as_ref();
        diverged
            .into_iter()
            .chain(full.map(|why| format!("{}: trained in full: {why}.", result.start)))
    });
    let said: Vec<String> = said.collect();
    if !said.is_empty() {
        html += &list(&said);
    }
    html
}

fn rows_of(result: &ComparedRecord) -> Vec<Vec<String>> {
    let name = match result.seeds {
        1 => result.start.clone(),
        seeds => format!("{}, {}", result.start, counted(seeds, "seed")),
    };
    let outcome = &result.outcome;
    let of_outcome = [
        ranged(outcome.loss, outcome.range.loss, short),
        ranged(outcome.explained, outcome.range.explained, percent),
        ranged(outcome.accuracy, outcome.range.accuracy, percent),
    ];
    if result.spaces.is_empty() {
        let none = ["–"; 5].map(str::to_owned);
        return vec![std::iter::once(name).chain(none).chain(of_outcome).collect()];
    }
    let row = |(number, space): (usize, &ComparedSpace)| {
        let counts = |mean, range: Option<[usize; 2]>| {
            ranged(mean, range.map(|range| range.map(|n| n as f64)), short)
        };
        let ComparedSpace { range, .. } = space;
        let mut row = vec![
            name.clone(),
            space.name.clone(),
            count(space.units),
            counts(space.twins_start, range.twins_start),
            counts(space.twins_end, range.twins_end),
            counts(space.dead, range.dead),
        ];
        row.extend(if number == 0 {
            of_outcome.clone()
        } else {
            [String::new(), String::new(), String::new()]
        });
        row
    };
    result.spaces.iter().enumerate().map(row).collect()
}

/// A mean, and its range where there is one.
fn ranged(mean: Option<f64>, range: Option<[f64; 2]>, text: fn(f64) -> String) -> String {
    match (mean, range) {
        (Some(mean), Some([least, most])) if least < most => {
            format!("{} ({} to {})", text(mean), text(least), text(most))
        }
        (Some(mean), _) => text(mean),
        (None, _) => "–".to_owned(),
    }
}

fn percent(share: f64) -> String {
    format!("{} %", short(100.0 * share))
}

fn set_up(comparison: &Comparison) -> String {
    let start = &comparison.start;
    let starts: Vec<String> =
        start.starts.iter().map(|of| format!("{}: {}", of.start, of.meaning)).collect();
    let facts = format!(
        "<dl class=\"facts\">\n<div><dt>program</dt><dd>constinit {}</dd></div>\n<div><dt>backend</dt><dd>{}</dd></div>\n\
         <div><dt>built for</dt><dd>{}</dd></div>\n</dl>\n",
        escaped(&start.version),
        escaped(&start.backend),
        escaped(&start.target),
    );
    list(&starts) + &facts
}
