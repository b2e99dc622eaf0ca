//! `constinit init`: which units a configuration makes alike, without training.

use constinit::init::Prediction;
use constinit_cli::args::InitArgs;
use constinit_cli::config::RunConfig;
use constinit_cli::failure::{Failure, on_screen};
use constinit_cli::plan;
use serde::Serialize;
use serde_json::json;
use std::io::{ErrorKind, Write};

pub fn init(args: &InitArgs) -> Result<(), Failure> {
    let config = match (&args.config, args.preset) {
        (Some(path), _) => RunConfig::read(path)?,
        (None, preset) => {
            let preset = preset.unwrap_or_default();
            RunConfig::parse(preset.text(), preset.name())?
        }
    };
    config.model.network().check().map_err(|error| Failure::usage(format!("model.{error}")))?;
    plan::check(&config)?;
    let (plan, spec) = (plan::plan(&config), plan::spec(&config)?);
    let rules = plan.check(&spec).map_err(plan::usage)?;
    let facts = config.training.optimizer.facts();
    let predicted = plan.predict(&spec).map_err(plan::usage)?.under(&facts);
    // Rules behind those of the configuration are init_w and init_b.
    let own = config.init.len();
    let of_rule = |number: Option<usize>| {
        number.map_or("-".to_owned(), |n| {
            if n < own { format!("rule {}", n + 1) } else { "[model]".to_owned() }
        })
    };
    let rows = spec.params().iter().zip(&rules).map(|(param, number)| Row {
        path: param.path(),
        rule: of_rule(*number),
        initialiser: number.map_or("-", |n| plan.rules[n].init.name()),
        // As in the files that a run writes, outputs first.
        shape: param.shape().iter().rev().copied().collect(),
    });
    let rows: Vec<Row<'_>> = rows.collect();
    let text = if args.json { json(&rows, &predicted) } else { table(&rows, &predicted) };
    match anstream::stdout().write_all(text.as_bytes()) {
        // A reader that went away, as `head` does, is not an error.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(on_screen),
    }
}

/// What a parameter gets.
#[derive(Serialize)]
struct Row<'a> {
    path: &'a str,
    rule: String,
    initialiser: &'a str,
    shape: Vec<usize>,
}

fn json(rows: &[Row<'_>], predicted: &Prediction) -> String {
    let spaces: Vec<_> = predicted
        .spaces
        .iter()
        .map(|space| {
            json!({
                "name": space.name,
                "units": space.classes.units(),
                "twins": space.classes.len(),
                "kept": space.is_kept(),
                "sentence": space.to_string(),
            })
        })
        .collect();
    let generated = &predicted.generated;
    let all = json!({"schema": 1, "parameters": rows, "spaces": spaces, "generated": generated});
    format!("{all}\n")
}

fn table(rows: &[Row<'_>], predicted: &Prediction) -> String {
    let path = rows.iter().map(|row| row.path.len()).max().unwrap_or(0);
    let rule = rows.iter().map(|row| row.rule.len()).max().unwrap_or(0);
    let name = rows.iter().map(|row| row.initialiser.len()).max().unwrap_or(0);
    let line = |row: &Row<'_>| {
        let Row { path: p, rule: r, initialiser: i, shape } = row;
        format!("{p:path$}  {r:rule$}  {i:name$}  {shape:?}\n")
    };
    format!("{}\n{predicted}", rows.iter().map(line).collect::<String>())
}
