//! A run that was killed and resumed twice leaves the same files as an uninterrupted run, byte for byte.

use crate::program::config::{Config, config};
use crate::program::{Folder, fast_backends};
use constinit::train::OptimizerConfig;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

/// Sixteen different units that compute five distinct numbers until the first step; in batches. The output is larger
/// than a pipe, so the program cannot end while nobody reads it.
fn batches() -> Config {
    let first = "{ type = \"symmetrised\", outputs = 5, of = { type = \"kaiming\", nonlinearity = \"tanh\" } }";
    let rules = format!(
        "[[init]]\npath = \"linear1.*\"\ninit = {first}\n\
         [[init]]\npath = \"linear2.weight\"\ninit = {{ type = \"normal\", std = 0.1 }}\n"
    );
    let config = config([4, 16, 8, 3]).activation("tanh").dataset("iris").loss("cross-entropy");
    let config = config.steps(200).with(&rules).with("data.batch_size = 16\ndata.shuffle_seed = 7");
    config.with("training.seed = 5\ntraining.checkpoint_every = 20")
}

/// The settings of every optimizer as tables, with a rate at which nothing diverges.
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

/// Starts the program and kills it after it has printed the reading of a step, without reading the rest of its output.
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

/// Runs a configuration uninterrupted, and again, killed after each of these steps; compares the files of both.
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
        same_after_kills(&folder, batches().optimizer(&optimizer), &[23, 61], &optimizer);
    }
}

/// Twins, dropout from a step on, and one change of each kind.
fn broken() -> Config {
    let config = batches().with("model.dropout = { hidden1 = 0.2, hidden2 = 0.1 }");
    config.with(
        "[[break]]\nkind = \"noise\"\nstep = 22\nspace = \"hidden2\"\nstd = 0.1\nunits = [1, 2]\n\
         [[break]]\nkind = \"zero-sum\"\nstep = 22\nspace = \"hidden1\"\nscale = 0.1\n",
    )
}

#[test]
fn dropout_and_changes_of_parameters_go_on_as_if_nothing_had_happened() {
    let folder = Folder::new();
    let twins =
        "[[init]]\npath = \"linear*.weight\"\ninit = { type = \"constant\", value = 0.2 }\n";
    let constant = config([4, 16, 8, 3]).activation("relu").dataset("iris").loss("cross-entropy");
    let constant = constant.with(twins).with("training.checkpoint_every = 20").steps(200);
    let dropped = "model.dropout = 0.2\nmodel.dropout_from = 30";
    for (what, run) in [
        ("all different", broken().with("model.dropout_from = 10")),
        ("all alike", constant.with(dropped)),
    ] {
        same_after_kills(&folder, run, &[23, 41], what);
    }
}

#[test]
fn dead_units_are_known_after_a_kill() {
    let folder = Folder::new();
    let dying = config([4, 16, 8, 3]).activation("relu").dataset("iris").loss("mse").steps(200);
    let dying = dying.with("training.checkpoint_every = 20\ndata.batch_size = 16");
    let rate =
        |rate: &str| dying.clone().optimizer(&format!("type = \"sgd\", learning_rate = {rate}"));
    let random = "[[init]]\npath = \"linear*.weight\"\ninit = { type = \"normal\", std = 0.5 }\n";
    for (what, run) in [
        ("dead from the start", rate("0.01").with("model.init_b = -1000.0")),
        ("dying at once", rate("3.0").with("model.init_w = 0.1")),
        ("dying within five steps", rate("0.05").with(random)),
    ] {
        same_after_kills(&folder, run, &[23, 61], what);
    }
}

#[test]
fn a_checkpoint_is_from_before_the_change_that_the_next_step_begins_with() {
    for change_at in [21, 22] {
        let folder = Folder::new();
        let change = format!(
            "[[break]]\nkind = \"zero-sum\"\nstep = {change_at}\nspace = \"hidden1\"\nscale = 0.1\n"
        );
        let run = config([4, 6, 3]).activation("tanh").dataset("iris").loss("cross-entropy");
        let run = run.with(&change).with("training.checkpoint_every = 21").steps(42);
        folder.write_config("run.toml", run);
        let args = ["run", "--config", "run.toml", "--backend", fast_backends()[0], "--out", "run"];
        folder.run(&args).ok();
        let files = ["readings.jsonl", "units.jsonl", "model.safetensors"];
        let left = || files.map(|file| std::fs::read(folder.join(&format!("run/{file}"))).unwrap());
        let whole = left();
        std::fs::remove_file(folder.join("run/checkpoints/step-000000000042.ckpt")).unwrap();
        folder.run(&["run", "--resume", "run"]).ok();
        assert!(left() == whole, "changed as step {change_at} begins");
    }
}
