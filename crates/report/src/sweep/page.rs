//! The page of a sweep.

use super::cell::{NEUTRAL, PARTLY, WITHOUT};
use super::words::{Counts, counts, facts, sentences};
use super::{Sweep, embed, phase, thinned, unused};
use crate::markup::{escaped, script_json};
use crate::number::{count, counted};
use crate::page::{Page, Section, details, list, table};
use crate::palette::{DARK, LIGHT, Medium, neutral_style, viridis};
use constinit_records::LEARNED_NOTHING;
use constinit_records::{EndWord, POINT, ScaleWord, SweepColumn};
use serde_json::{Value, json};

/// The number of rows of the table that needs no scripts, and its columns in addition to the keys.
const PLAIN_ROWS: usize = 50;
const TOLD: [SweepColumn; 8] = [
    SweepColumn::FinalLoss,
    SweepColumn::Explained,
    SweepColumn::Ended,
    SweepColumn::Verdict,
    SweepColumn::Units,
    SweepColumn::ClassesStart,
    SweepColumn::ClassesEnd,
    SweepColumn::Dead,
];

pub fn page(sweep: &Sweep) -> String {
    let (rows, left_out) = thinned::rows(sweep);
    let is_thinned = left_out.is_some();
    let warnings: String = left_out
        .into_iter()
        .chain(unused::sentences(sweep))
        .map(|warning| format!("<p class=\"warn\">{}</p>\n", escaped(&warning)))
        .collect();
    let set_up = format!("<pre tabindex=\"0\"><code>{}</code></pre>\n", escaped(&sweep.config));
    let version = format!("<p>Written by constinit {}.</p>\n", escaped(&sweep.version));
    Page {
        title: format!("{} – constinit", sweep.name),
        head: head(sweep),
        sections: vec![
            Section {
                anchor: "found",
                heading: "What was found",
                content: warnings + &list(&sentences(sweep)),
            },
            Section { anchor: "diagram", heading: "Phase diagram", content: diagram(sweep, &rows) },
            Section {
                anchor: "table",
                heading: if is_thinned { "Runs of this page" } else { "All runs" },
                content: include_str!("../page/sweep/rows.html").to_owned() + &plain_table(sweep),
            },
            Section {
                anchor: "setup",
                heading: "Set-up",
                content: version + &details("Configuration (sweep.toml)", &set_up),
            },
        ],
        style: neutral_style(Medium::Page) + include_str!("../page/sweep/style.css"),
        script: concat!(
            include_str!("../page/sweep/columns.js"),
            include_str!("../page/sweep/scales.js"),
            include_str!("../page/sweep/diagram.js"),
            include_str!("../page/sweep/run.js"),
            include_str!("../page/sweep/rows.js"),
            include_str!("../page/sweep/page.js")
        ),
    }
    .document()
}

fn head(sweep: &Sweep) -> String {
    let Counts { finished, .. } = counts(sweep);
    let (done, points) = (sweep.rows(), sweep.points);
    let (kind, word) = if done < points {
        ("open", "under way")
    } else if finished == 0 {
        ("bad", "done")
    } else {
        ("good", "done")
    };
    let over: Vec<&str> = sweep.keys.iter().map(|key| key.key.as_str()).collect();
    let sentence = if done < points {
        format!("{} of {} over {}.", count(done), counted(points, "run"), over.join(", "))
    } else {
        format!("{} over {}.", counted(points, "run"), over.join(", "))
    };
    let facts: String = facts(sweep)
        .into_iter()
        .map(|(name, value)| format!("<div><dt>{name}</dt><dd>{}</dd></div>\n", escaped(&value)))
        .collect();
    format!(
        "<h1><span class=\"of\">constinit, report of a sweep</span>{}</h1>\n\
         <p class=\"verdict {kind}\"><strong>{word}</strong><span>{}</span></p>\n<dl class=\"facts\">\n{facts}</dl>\n",
        escaped(&sweep.name),
        escaped(&sentence)
    )
}

/// The best runs as a table for readers without scripts: first the runs that finished, then the others.
fn plain_table(sweep: &Sweep) -> String {
    let keys = sweep.axes().into_iter().map(|key| key.key.as_str());
    let told = TOLD.into_iter().filter(|column| sweep.outcome(*column).is_some());
    let told: Vec<&str> = told.map(SweepColumn::name).collect();
    let columns: Vec<&str> = keys.chain(told).collect();
    let loss = |row: usize| match sweep.ended(row) {
        Some(word) if word == EndWord::Finished.as_str() => {
            sweep.number(SweepColumn::FinalLoss, row).unwrap_or(f64::INFINITY)
        }
        // Sorted after all numbers.
        _ => f64::NAN,
    };
    let mut order: Vec<(f64, usize)> = (0..sweep.rows()).map(|row| (loss(row), row)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    order.truncate(PLAIN_ROWS);
    let cell = |name: &str, row: usize| {
        sweep.column(name).and_then(|column| column.told(row)).unwrap_or_else(|| "–".to_owned())
    };
    let row = |&(_, row): &(f64, usize)| {
        let cells = columns.iter().map(|name| cell(name, row));
        std::iter::once(count(sweep.places[row])).chain(cells).collect()
    };
    let rows: Vec<Vec<String>> = order.iter().map(row).collect();
    let caption = if rows.len() < sweep.rows() {
        format!("The best {} of {}", count(rows.len()), counted(sweep.rows(), "run"))
    } else {
        format!("All {}, the best first", counted(rows.len(), "run"))
    };
    let heads: Vec<String> = [POINT].iter().chain(&columns).map(|&name| name.into()).collect();
    format!("<noscript>\n{}</noscript>\n", table(&caption, &heads, &rows))
}

/// The interactive diagram, which the script shows, and the still diagram in its place until then.
fn diagram(sweep: &Sweep, rows: &[usize]) -> String {
    let still = phase::figures(sweep, rows.iter().copied()).next().map_or(String::new(), |figure| {
        let notes = figure.notes.iter().map(|note| format!("<p class=\"note\">{}</p>\n", escaped(note)));
        format!(
            "<figure id=\"still\">\n<figcaption>{}</figcaption>\n<div class=\"plot\">{}</div>\n{}</figure>\n",
            escaped(&figure.title),
            figure.element(),
            notes.collect::<String>()
        )
    });
    format!(
        "<div class=\"two\">\n<div>\n{still}{}</div>\n{}</div>\n<script type=\"application/json\" id=\"numbers\">{}</script>\n",
        include_str!("../page/sweep/diagram.html"),
        include_str!("../page/sweep/chosen.html"),
        script_json(&numbers(sweep, rows))
    )
}

fn numbers(sweep: &Sweep, rows: &[usize]) -> Value {
    use super::column::{Column, ColumnValues};
    let whole = rows.len() == sweep.rows();
    let places: Vec<f64> = rows.iter().map(|row| sweep.places[*row] as f64).collect();
    // If the points have no gaps, the first one is enough.
    let gapless = places.windows(2).all(|pair| pair[1] == pair[0] + 1.0);
    let point = if gapless {
        json!({"name": POINT, "text": false, "kind": "range", "first": places.first()})
    } else {
        embed::column(&Column { name: POINT.into(), values: ColumnValues::Numbers(places) })
    };
    let column = |column: &Column| {
        if whole { embed::column(column) } else { embed::column(&column.picked(rows)) }
    };
    let columns: Vec<Value> =
        std::iter::once(point).chain(sweep.columns.iter().map(column)).collect();
    let axes = sweep.axes();
    let start = sweep.start(rows.iter().copied()).and_then(|row| rows.binary_search(&row).ok());
    let colours: Vec<String> = (0..=255).map(|n| viridis(f64::from(n) / 255.0)).collect();
    json!({
        "rows": rows.len(),
        "keys": axes.iter().map(|key| &key.key).collect::<Vec<_>>(),
        "seeds": axes.iter().filter(|key| key.scale == ScaleWord::Seed).map(|key| &key.key).collect::<Vec<_>>(),
        "sample": sweep.is_sample(),
        "start": start,
        "baseline": sweep.baseline(),
        "nothing": LEARNED_NOTHING,
        "columns": columns,
        "words": {"neutral": NEUTRAL, "without": WITHOUT, "partly": PARTLY},
        "colours": colours.join(""),
        "lines": [LIGHT, DARK],
    })
}
