//! The page of a comparison.

use super::ComparedStarts;
use super::figures::{self, colour};
use super::words::{sentences, table as numbers};
use crate::figure::{Figure, Size};
use crate::markup::escaped;
use crate::number::{count, counted};
use crate::page::{Page, Section, details, figure, list, table};
use constinit_records::FloatWord;
use std::fmt::Write;

pub fn page(comparison: &ComparedStarts) -> String {
    let figures = figures::figures(comparison, Size::Small);
    let drawn = |wanted: &dyn Fn(&Figure) -> bool| -> String {
        figures.iter().filter(|f| wanted(f)).map(figure).collect()
    };
    let mut words = String::new();
    if comparison.torn {
        words.push_str(
            "<p class=\"warn\">The last line of compare.jsonl is cut off, as a killed program leaves it. This page \
             shows the lines before it.</p>\n",
        );
    }
    words.push_str(&list(&sentences(comparison)));
    let (columns, rows) = numbers(comparison);
    let caption = "After training: the mean over the runs of each start, with the lowest and the highest value in \
                   brackets";
    let numbers = if rows.is_empty() { String::new() } else { table(caption, &columns, &rows) };
    let mut units = String::from(
        "<p>The average weight of each hidden unit (incoming weights, bias and outgoing weights), in the first run of each \
         start. A class of equal units is one broad line, a single unit a thin one. Each start has a colour. The axes of a \
         layer are the same for all starts.</p>\n",
    );
    units.push_str("<div class=\"multiples\">\n");
    for (number, start) in comparison.starts.iter().enumerate() {
        let prefix = format!("units-{}-", number + 1);
        let drawn = drawn(&|f| f.name.starts_with(&prefix));
        let drawn = if drawn.is_empty() {
            "<p class=\"note\">There is no run of this start yet.</p>\n".to_owned()
        } else {
            drawn
        };
        // Writing to a string cannot fail.
        let _ = write!(
            units,
            "<div><h3 class=\"start\"><svg viewBox=\"0 0 26 10\" aria-hidden=\"true\"><path class=\"line c{}\" stroke-width=\"3\" \
             d=\"M3 5h20\"/></svg>{} <span class=\"quiet\">{}</span></h3>\n{drawn}</div>\n",
            colour(number),
            escaped(&start.planned.start),
            escaped(&start.planned.meaning)
        );
    }
    units.push_str("</div>\n");
    let sections = vec![
        Section {
            anchor: "found",
            heading: "What each start leads to",
            content: format!(
                "<div class=\"beside\">\n{}<div>\n{words}</div>\n</div>\n{numbers}",
                drawn(&|f| f.name == "loss")
            ),
        },
        Section { anchor: "units", heading: "Units from each start", content: units },
        Section { anchor: "setup", heading: "Set-up", content: set_up(comparison) },
    ];
    Page {
        title: format!("{} – constinit", comparison.name),
        head: head(comparison),
        sections,
        style: String::new(),
        script: include_str!("../page/page.js"),
    }
    .document()
}

fn head(comparison: &ComparedStarts) -> String {
    let starts: Vec<&str> =
        comparison.starts.iter().map(|start| start.planned.start.as_str()).collect();
    let runs: usize = comparison.starts.iter().map(|start| start.runs.len()).sum();
    let planned: usize = comparison.starts.iter().map(|start| start.planned.seeds).sum();
    let (kind, word, done) = match comparison.is_done() {
        true => ("good", "done", counted(runs, "run")),
        false => ("open", "under way", format!("{} of {}", count(runs), counted(planned, "run"))),
    };
    format!(
        "<h1><span class=\"of\">constinit, report of a comparison</span>{}</h1>\n\
         <p class=\"verdict {kind}\"><strong>{word}</strong><span>One network from {}: {}; {done}.</span></p>\n",
        escaped(&comparison.name),
        counted(starts.len(), "start"),
        escaped(&starts.join(", ")),
    )
}

fn set_up(comparison: &ComparedStarts) -> String {
    let planned = &comparison.planned;
    let float = match planned.float {
        FloatWord::F32 => "float32",
        FloatWord::F64 => "float64",
        FloatWord::Unknown => "not recorded in the folder",
    };
    let facts: String = [
        ("program", format!("constinit {}", planned.version)),
        ("backend", planned.backend.clone()),
        ("built for", planned.target.clone()),
        ("number type", float.to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| format!("<div><dt>{name}</dt><dd>{}</dd></div>\n", escaped(&value)))
    .collect();
    let config =
        format!("<pre tabindex=\"0\"><code>{}</code></pre>\n", escaped(&comparison.config));
    format!("<dl class=\"facts\">\n{facts}</dl>\n")
        + &details("Configuration (config.toml)", &config)
}
