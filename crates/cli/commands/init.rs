//! `constinit init`: which units a configuration makes alike, without training.

use crate::args::InitArgs;
use crate::config::RunConfig;
use crate::failure::{Failure, on_screen};
use crate::plan;
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
    let parameters = spec.params().iter().zip(&rules).map(|(param, number)| {
        let initialiser = number.map_or("-", |n| plan.rules[n].init.name());
        // As in the files that a run writes, outputs first.
        let shape: Vec<usize> = param.shape().iter().rev().copied().collect();
        (param.path(), of_rule(*number), initialiser, shape)
    });
    let text = if args.json {
        let parameters: Vec<_> = parameters
            .map(|(path, rule, initialiser, shape)| {
                json!({"path": path, "rule": rule, "initialiser": initialiser, "shape": shape})
            })
            .collect();
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
        let all = json!({"schema": 1, "parameters": parameters, "spaces": spaces, "generated": generated});
        format!("{all}\n")
    } else {
        let rows: Vec<_> = parameters.collect();
        let width = |column: &dyn Fn(&(&str, String, &str, Vec<usize>)) -> usize| {
            rows.iter().map(column).max().unwrap_or(0)
        };
        let [path, rule, name] =
            [width(&|row| row.0.len()), width(&|row| row.1.len()), width(&|row| row.2.len())];
        let mut text = String::new();
        for row in &rows {
            text += &format!("{:path$}  {:rule$}  {:name$}  {:?}\n", row.0, row.1, row.2, row.3);
        }
        format!("{text}\n{predicted}")
    };
    match anstream::stdout().write_all(text.as_bytes()) {
        // A reader that went away, as `head` does, is not an error.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(on_screen),
    }
}
