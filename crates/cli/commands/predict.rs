//! `constinit predict`: which units a configuration makes equal, without training.

use super::print;
use constinit::init::Prediction;
use constinit_cli::args::PredictArgs;
use constinit_cli::breaks;
use constinit_cli::config::RunConfig;
use constinit_cli::failure::Failure;
use constinit_cli::plan;
use constinit_core::text::number;
use constinit_core::without_hidden_layer;
use serde::Serialize;
use serde_json::json;

pub fn predict(args: &PredictArgs) -> Result<(), Failure> {
    let config = match (&args.config, args.preset) {
        (Some(path), _) => RunConfig::read(path)?,
        (None, preset) => {
            let preset = preset.unwrap_or_default();
            RunConfig::parse(preset.text(), preset.name())?
        }
    };
    config.model.check()?;
    plan::check(&config)?;
    let (plan, spec) = (plan::plan(&config), plan::spec(&config)?);
    let facts = breaks::facts(&config)?;
    let predicted = plan.predict(&spec).map_err(plan::usage)?.under(&facts);
    // The rules after those of the configuration come from its start.
    let own = config.init.len();
    let of_rule = |number: Option<usize>| {
        number.map_or("-".to_owned(), |n| {
            if n < own { format!("rule {}", n + 1) } else { "[model]".to_owned() }
        })
    };
    let rows = predicted.parameters.rows.iter().map(|row| PredictedRow {
        path: &row.path,
        rule: of_rule(row.rule),
        initialiser: &row.initialiser,
        // Outputs first, as in the files that a run writes.
        shape: row.shape.iter().rev().copied().collect(),
        fan_in_out: row.fans,
        mean: row.mean,
        std: row.std,
    });
    let rows: Vec<PredictedRow<'_>> = rows.collect();
    if args.json {
        return print(&json(&rows, &predicted));
    }
    let about = match config.model.layer_dims[..] {
        [_, _] => without_hidden_layer(config.training.loss).join("\n") + "\n",
        _ => predicted.to_string(),
    };
    print(&format!("{}\n{about}", table(&rows)))
}

/// What the rules give a parameter.
#[derive(Serialize)]
struct PredictedRow<'a> {
    path: &'a str,
    rule: String,
    initialiser: &'a str,
    shape: Vec<usize>,
    fan_in_out: Option<[usize; 2]>,
    mean: f64,
    std: f64,
}

impl PredictedRow<'_> {
    fn cells(&self) -> [String; 7] {
        let fans = self.fan_in_out.map(|[fan_in, fan_out]| format!("{fan_in}, {fan_out}"));
        [
            self.path.to_owned(),
            self.rule.clone(),
            self.initialiser.to_owned(),
            format!("{:?}", self.shape),
            fans.unwrap_or_default(),
            number(self.mean, 4),
            number(self.std, 4),
        ]
    }
}

fn json(rows: &[PredictedRow<'_>], predicted: &Prediction) -> String {
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

fn table(rows: &[PredictedRow<'_>]) -> String {
    let header = ["parameter", "rule", "initialiser", "shape", "fan in, out", "mean", "std"];
    let cells: Vec<[String; 7]> = std::iter::once(header.map(str::to_owned))
        .chain(rows.iter().map(PredictedRow::cells))
        .collect();
    let widths: [usize; 7] = std::array::from_fn(|column| {
        cells.iter().map(|row| row[column].len()).max().unwrap_or_default()
    });
    let line = |row: &[String; 7]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    cells.iter().map(line).collect()
}
