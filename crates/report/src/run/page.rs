//! The page of a run.

use super::words::{Headline, headline, nothing_alike, outcome, sentences};
use super::{Run, forecast};
use crate::figure::{Figure, Size};
use crate::markup::escaped;
use crate::number::{count, in_percent, short};
use crate::page::{Page, Section, details, details_on_screens, figure, list, table};
use crate::thin::spaced;
use constinit_records::{
    FloatWord, OutcomeRecord, ReadingRecord, RecordedNumber, SpaceNumber, SpaceRecord,
};
use std::fmt::Write;

/// The largest number of readings in the table.
const ROWS: usize = 60;

pub fn page(run: &Run) -> String {
    let figures = run.drawn(Size::Small);
    let drawn = |wanted: &dyn Fn(&Figure) -> bool| -> String {
        figures.iter().filter(|f| wanted(f)).map(figure).collect()
    };
    let is_loss = |f: &Figure| f.name == "loss";
    let mut sections = vec![Section {
        anchor: "verdict",
        heading: "What happened",
        content: format!(
            "<div class=\"beside\">\n{}<div>\n{}</div>\n</div>\n",
            drawn(&is_loss),
            words(run)
        ),
    }];
    let mut units = if figures.iter().any(|f| f.name.starts_with("units-")) {
        about_units(run)
    } else {
        no_units(run)
    };
    // Units first, then counts of units.
    let _ = writeln!(units, "<div class=\"multiples\">\n{}</div>", drawn(&|f| !is_loss(f)));
    if !nothing_alike(run) && !figures.iter().any(|f| f.name == "spread") {
        units.push_str(
            "<p class=\"note\">The spread is 0 at every reading: units that were equal at the start stay equal, and \
             there is nothing to draw.</p>\n",
        );
    }
    sections.push(Section { anchor: "units", heading: "Units over the steps", content: units });
    if let Some(content) = forecast::section(run) {
        sections.push(Section { anchor: "forecast", heading: "Forecast", content });
    }
    sections.push(Section { anchor: "numbers", heading: "Numbers", content: numbers(run) });
    sections.push(Section { anchor: "setup", heading: "Set-up", content: set_up(run) });
    Page {
        title: format!("{} – constinit", run.name),
        head: head(run),
        sections,
        style: String::new(),
        script: include_str!("../page/page.js"),
    }
    .document()
}

fn head(run: &Run) -> String {
    let boxes: String = outcome(run).iter().chain([&headline(run)]).map(verdict).collect();
    let readings = &run.readings.readings;
    let mut facts: Vec<(&str, String)> = Vec::new();
    let config = &run.readings.start.config;
    if let Some(dims) = config["model"]["layer_dims"].as_array() {
        let dims: Vec<String> = dims.iter().map(ToString::to_string).collect();
        facts.push(("network", dims.join(" – ")));
    }
    if let Some(activation) = config["model"]["activation"].as_str() {
        facts.push(("activation", activation.to_owned()));
    }
    if let Some(optimizer) = config["training"]["optimizer"]["type"].as_str() {
        let rate = config["training"]["optimizer"]["learning_rate"].as_f64();
        facts.push((
            "optimizer",
            match rate {
                Some(rate) => format!("{optimizer}, rate {}", short(rate)),
                None => optimizer.to_owned(),
            },
        ));
    }
    facts.push(("backend", run.readings.start.backend.clone()));
    let planned = config["training"]["steps"].as_u64();
    facts.push((
        "steps",
        match planned.filter(|planned| *planned != run.last_step() as u64) {
            Some(planned) => format!("{} of {}", count(run.last_step()), count(planned as usize)),
            None => count(run.last_step()),
        },
    ));
    match run.outcome() {
        Some(OutcomeRecord { loss, baseline, accuracy, .. }) => {
            facts.push(("loss at the end", short(*loss)));
            facts.extend(baseline.map(|baseline| ("baseline", short(baseline))));
            facts.extend(accuracy.map(|accuracy| ("accuracy", in_percent(accuracy))));
        }
        None => {
            let last = readings.last().filter(|reading| reading.step > 0);
            facts.extend(last.map(|last| ("last loss", loss_text(last))));
        }
    }
    let facts: String = facts
        .into_iter()
        .map(|(name, value)| format!("<div><dt>{name}</dt><dd>{}</dd></div>\n", escaped(&value)))
        .collect();
    format!(
        "<h1><span class=\"of\">constinit, report of a run</span>{}</h1>\n<div class=\"verdicts\">\n{boxes}</div>\n\
         <dl class=\"facts\">\n{facts}</dl>\n",
        escaped(&run.name),
    )
}

fn verdict(headline: &Headline) -> String {
    format!(
        "<p class=\"verdict {}\"><strong>{}</strong><span>{}</span></p>\n",
        headline.kind,
        headline.word,
        escaped(&headline.sentence)
    )
}

fn words(run: &Run) -> String {
    let mut html = String::new();
    if run.readings.torn {
        html.push_str(
            "<p class=\"warn\">The last line of readings.jsonl is cut off, as a killed program leaves it. This page \
             shows the lines before it.</p>\n",
        );
    }
    html.push_str(&list(&sentences(run)));
    let certificate = run.readings.readings.first().and_then(|first| first.certificate.as_ref());
    if let Some(certificate) = certificate.filter(|sentences| !sentences.is_empty()) {
        html.push_str("<p>What the certificate said before training:</p>\n");
        html.push_str(&list(certificate));
    }
    html.push_str(&properties(run));
    html
}

/// The four properties of the theorem: how long each held.
fn properties(run: &Run) -> String {
    let readings = &run.readings.readings;
    let Some(first) = readings.first() else { return String::new() };
    let says = |name: &str| match name {
        "P1" => "all hidden units have the same incoming weights",
        "P2" => "all hidden units have the same bias",
        "P3" => "all outgoing weights are one number",
        "P4" => "all output biases are one number",
        _ => "",
    };
    let row = |name: &String| {
        let all =
            || readings.iter().filter_map(|r| Some((r.step, r.properties.get(name)?.as_ref()?)));
        let (mut first_failure, mut largest, mut finite) = (None, 0.0_f64, true);
        for (step, property) in all() {
            if !property.holds && first_failure.is_none() {
                first_failure = Some(step);
            }
            match property.deviation {
                Some(deviation) => largest = largest.max(deviation),
                None => finite = false,
            }
        }
        let held = match first_failure {
            None => "at every reading".to_owned(),
            Some(0) => "not at the start".to_owned(),
            Some(step) => format!("until step {}", count(step)),
        };
        let largest = if finite { short(largest) } else { "not finite".to_owned() };
        all().next().map(|_| vec![format!("{name}: {}", says(name)), held, largest])
    };
    let rows: Vec<Vec<String>> = first.properties.keys().filter_map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    let columns = ["property", "held", "largest deviation"].map(str::to_owned);
    let table = table("The properties of the theorem on constant initialisation", &columns, &rows);
    details("Properties P1 to P4", &table)
}

fn about_units(run: &Run) -> String {
    let value = run.units.as_ref().map_or("", |units| units.value.as_str());
    format!(
        "<p>One line per unit: {}. Equal units have equal numbers, so each class of equal units is one broad line in the \
         colour of its class. Units without an equal are thin lines of one other colour.</p>\n",
        escaped(value)
    )
}

fn no_units(run: &Run) -> String {
    let reason = match &run.units {
        None => "The folder has no units.jsonl, where a run keeps one number per unit",
        Some(_) => "The run kept no state of the units before it ended",
    };
    format!("<p class=\"note\">{reason}: there are no trajectories to draw.</p>\n")
}

fn numbers(run: &Run) -> String {
    let readings = &run.readings.readings;
    let Some(first) = readings.first() else {
        return "<p>There is no reading yet: the run stopped before its first one.</p>\n"
            .to_owned();
    };
    let at_break = run.break_step();
    let keep: Vec<usize> = readings
        .iter()
        .position(|reading| Some(reading.step) == at_break)
        .into_iter()
        .flat_map(|place| [place.saturating_sub(1), place])
        .collect();
    let shown = spaced(readings.len(), ROWS, &keep);
    let mut columns = vec!["step".to_owned(), "loss".to_owned()];
    let drawn = || SpaceNumber::ALL.into_iter().filter(|number| number.is_drawn());
    for space in &first.spaces {
        columns.extend(drawn().map(|number| format!("{} {}", space.name, number.heading())));
    }
    let row = |place: &usize| {
        let reading = &readings[*place];
        let mut row = vec![count(reading.step), loss_text(reading)];
        for space in &reading.spaces {
            row.extend(drawn().map(|number| number_text(space, number)));
        }
        row
    };
    let rows: Vec<Vec<String>> = shown.iter().map(row).collect();
    let caption = if shown.len() < readings.len() {
        format!("{} of {} readings", count(shown.len()), count(readings.len()))
    } else {
        format!("All {} readings", count(readings.len()))
    };
    details_on_screens("Readings as a table", &table(&caption, &columns, &rows), "readings.jsonl")
}

fn number_text(space: &SpaceRecord, number: SpaceNumber) -> String {
    match (number, space.number(number)) {
        (SpaceNumber::Twins, Some(RecordedNumber::Count(classes))) => {
            format!("{} of {}", count(classes as usize), count(space.units))
        }
        (_, Some(RecordedNumber::Count(found))) => count(found as usize),
        (_, Some(RecordedNumber::Real(found))) => short(found),
        (SpaceNumber::Spread, None) => "not finite".to_owned(),
        (_, None) => "not measured".to_owned(),
    }
}

fn loss_text(reading: &ReadingRecord) -> String {
    match (reading.step, reading.loss) {
        (0, None) => "–".to_owned(),
        (_, None) => "not finite".to_owned(),
        (_, Some(loss)) => short(loss),
    }
}

fn float_text(float: FloatWord) -> Option<String> {
    match float {
        FloatWord::F32 => Some("float32".to_owned()),
        FloatWord::F64 => Some("float64".to_owned()),
        FloatWord::Unknown => None,
    }
}

fn set_up(run: &Run) -> String {
    let start = &run.readings.start;
    let said = |value: &Option<String>| {
        value.clone().unwrap_or_else(|| "not recorded in the folder".to_owned())
    };
    let mut html = String::from("<dl class=\"facts\">\n");
    for (name, value) in [
        ("program", format!("constinit {}", said(&start.version))),
        ("backend", start.backend.clone()),
        ("built for", said(&start.target)),
        ("number type", said(&start.float.and_then(float_text))),
    ] {
        // Writing to a string cannot fail.
        let _ = writeln!(html, "<div><dt>{name}</dt><dd>{}</dd></div>", escaped(&value));
    }
    html.push_str("</dl>\n");
    let config = format!("<pre tabindex=\"0\"><code>{}</code></pre>\n", escaped(&run.config));
    html + &details("Configuration (config.toml)", &config)
}
