//! The page of a sweep.

use super::cell::{NEUTRAL, PARTLY, WITHOUT};
use super::words::{Counts, best, counts, facts, sentences};
use super::{Sweep, embed, thinned};
use crate::markup::{escaped, script_json};
use crate::number::{count, counted};
use crate::page::{Page, Section, details};
use crate::palette::{DARK, LIGHT, Medium, neutral_style, viridis};
use serde_json::{Value, json};

pub fn page(sweep: &Sweep) -> String {
    let (rows, left_out) = thinned::rows(sweep);
    let note = left_out.map_or(String::new(), |note| format!("<p class=\"warn\">{note}</p>\n"));
    let set_up = format!("<pre tabindex=\"0\"><code>{}</code></pre>\n", escaped(&sweep.config));
    let version = format!("<p>Written by constinit {}.</p>\n", escaped(&sweep.version));
    Page {
        title: format!("{} – constinit", sweep.name),
        head: head(sweep),
        sections: vec![
            Section { anchor: "found", heading: "What was found", content: note + &words(sweep) },
            Section {
                anchor: "diagram",
                heading: "Phase diagram",
                content: diagram(sweep, &rows),
            },
            Section {
                anchor: "run",
                heading: "The run",
                content: include_str!("../page/sweep/chosen.html").to_owned(),
            },
            Section {
                anchor: "table",
                heading: "All runs",
                content: include_str!("../page/sweep/rows.html").to_owned(),
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
            include_str!("../page/sweep/rows.js"),
            include_str!("../page/sweep/page.js")
        ),
        foot: format!(
            "Drawn by constinit-report {}. This page is one file: nothing in it is loaded from anywhere else.",
            env!("CARGO_PKG_VERSION")
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

fn words(sweep: &Sweep) -> String {
    let items = sentences(sweep).into_iter();
    let items: String =
        items.map(|sentence| format!("<li>{}</li>\n", escaped(&sentence))).collect();
    format!("<ul class=\"words\">\n{items}</ul>\n")
}

/// The diagram that answers, which the script shows, and the still one in its place until then.
fn diagram(sweep: &Sweep, rows: &[usize]) -> String {
    let still = sweep.figures().into_iter().next().map_or(String::new(), |figure| {
        let notes = figure.notes.iter().map(|note| format!("<p class=\"note\">{}</p>\n", escaped(note)));
        format!(
            "<figure id=\"still\">\n<figcaption>{}</figcaption>\n<div class=\"plot\">{}</div>\n{}</figure>\n",
            escaped(&figure.title),
            figure.element(),
            notes.collect::<String>()
        )
    });
    format!(
        "{still}{}<script type=\"application/json\" id=\"numbers\">{}</script>\n",
        include_str!("../page/sweep/diagram.html"),
        script_json(&numbers(sweep, rows))
    )
}

fn numbers(sweep: &Sweep, rows: &[usize]) -> Value {
    use super::column::{Column, Values};
    let whole = rows.len() == sweep.rows();
    let places: Vec<f64> = rows.iter().map(|row| sweep.places[*row] as f64).collect();
    // Points without a gap are their first one.
    let gapless = places.windows(2).all(|pair| pair[1] == pair[0] + 1.0);
    let point = if gapless {
        json!({"name": "point", "text": false, "kind": "range", "first": places.first()})
    } else {
        embed::column(&Column { name: "point".into(), values: Values::Numbers(places) })
    };
    let column = |column: &Column| {
        if whole { embed::column(column) } else { embed::column(&column.picked(rows)) }
    };
    let columns: Vec<Value> =
        std::iter::once(point).chain(sweep.columns.iter().map(column)).collect();
    let axes = sweep.axes();
    let best = best(sweep).and_then(|best| rows.binary_search(&best).ok());
    let colours: Vec<String> = (0..=255).map(|n| viridis(f64::from(n) / 255.0)).collect();
    json!({
        "rows": rows.len(),
        "keys": axes.iter().map(|key| &key.key).collect::<Vec<_>>(),
        "seeds": axes.iter().filter(|key| key.is_seed()).map(|key| &key.key).collect::<Vec<_>>(),
        "sample": sweep.is_sample(),
        "best": best,
        "columns": columns,
        "words": {"neutral": NEUTRAL, "without": WITHOUT, "partly": PARTLY},
        "colours": colours.join(""),
        "lines": [LIGHT, DARK],
    })
}
