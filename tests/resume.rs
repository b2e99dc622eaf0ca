//! A run that was killed twice and went on leaves what an undisturbed one leaves, byte for byte.

mod program;

use constinit::train::OptimizerConfig;
use program::config::{Config, config};
use program::{Folder, fast_backends};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

/// Units that compute the same in fours and threes and that no two parameters treat alike, in batches. Its output fills a
/// pipe, so that a program whose output is not read any more has not ended.
fn batches() -> Config {
    let first = "{ type = \"symmetrised\", outputs = 5, of = { type = \"kaiming\", nonlinearity = \"tanh\" } }";
    let rules = format!(
        "[[init]]\npath = \"linear1.*\"\ninit = {first}\n\
         [[init]]\npath = \"linear2.weight\"\ninit = {{ type = \"normal\", std = 0.1 }}\n"
    );
    let config = config([4, 16, 8, 3]).activation("tanh").dataset("iris").loss("cross-entropy");
    let config = config.steps(200).with(&rules).with("data.batch_size = 16\ndata.shuffle_seed = 7");
    config.with("training.seed = 5\ntraining.checkpoint_every = 6")
}

/// The values of an optimizer as a table: a rate at which nothing diverges, and decay.
fn optimizers() -> Vec<String> {
    let table = |optimizer: &OptimizerConfig| {
        let mut written = serde_json::to_value(optimizer).expect("settings");
        let settings = written.as_object_mut().expect("a table");
        settings.insert("learning_rate".to_owned(), 0.01.into());
        let entries = settings.iter().filter(|(_, value)| !value.is_null());
        entries.map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join(", ")
    };
    OptimizerConfig::all().iter().map(table).collect()
}

/// Starts the program and kills it once it has shown the reading of a step; the rest of its output nobody reads.
fn killed_at(folder: &Folder, args: &[&str], step: usize) {
    let mut child: Child = folder.program(args).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains(&format!("\"step\":{step},")) {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "the program ended before step {step}");
    }
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success(), "the program ended before it was killed");
}

/// Runs a configuration undisturbed, and again, killed after each of these steps; compares what both leave.
fn same_after_kills(folder: &Folder, run: Config, kills: &[usize], what: &str) {
    folder.write_config("run.toml", run);
    let backend = fast_backends()[0];
    let start = |out, csv| {
        ["run", "--config", "run.toml", "--json", "--backend", backend, "--out", out, "--csv", csv]
    };
    folder.run(&start("whole", "whole.csv")).ok();
    let go_on = ["run", "--resume", "killed", "--json", "--csv", "killed.csv"];
    for (number, step) in kills.iter().enumerate() {
        match number {
            0 => killed_at(folder, &start("killed", "killed.csv"), *step),
            _ => killed_at(folder, &go_on, *step),
        }
    }
    folder.run(&go_on).ok();
    for file in ["readings.jsonl", "units.jsonl", "config.toml", "model.safetensors"] {
        let of = |run: &str| folder.join(&format!("{run}/{file}"));
        assert_same(&of("killed"), &of("whole"), &format!("{what}, {file}"));
    }
    assert_same(&folder.join("killed.csv"), &folder.join("whole.csv"), what);
    for left in ["whole", "killed"] {
        std::fs::remove_dir_all(folder.join(left)).unwrap();
        std::fs::remove_file(folder.join(&format!("{left}.csv"))).unwrap();
    }
}

/// Fails with the first line that differs.
fn assert_same(found: &Path, expected: &Path, what: &str) {
    let [found, expected] = [found, expected].map(|path| std::fs::read(path).unwrap());
    if let (Ok(found), Ok(expected)) = (str::from_utf8(&found), str::from_utf8(&expected)) {
        for (found, expected) in found.lines().zip(expected.lines()) {
            assert_eq!(found, expected, "{what}");
        }
    }
    assert!(found == expected, "{what}: the bytes differ");
}

#[test]
fn every_optimizer_goes_on_as_if_it_had_not_been_killed() {
    let folder = Folder::new();
    let optimizers = optimizers();
    assert!(optimizers.len() >= 9, "{optimizers:?}");
    for optimizer in optimizers {
        same_after_kills(&folder, batches().optimizer(&optimizer), &[9, 22], &optimizer);
    }
}
