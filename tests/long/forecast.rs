//! Forecasts in runs: their content, and that they change nothing else.

use crate::program::config::{Config, two_layers_on_iris};
use crate::program::{Folder, backends, fast_backends};
use serde_json::Value;
use std::fmt::Display;

/// Two hidden spaces, one with two classes at the start.
fn deep() -> Config {
    let config = two_layers_on_iris().with("data.batch_size = 32\ndata.shuffle_seed = 3");
    let config = config.with("data.shift_per_step = 0.0\ntraining.checkpoint_every = 4");
    config.steps(9).optimizer("type = \"sgd\", learning_rate = 0.01")
}

/// A network whose curvature is computed below by hand.
const SMALL: &str = "\
[model]
layer_dims = [1, 2, 1]
activation = \"tanh\"
init_b = 0.0
[data]
inputs = [[1]]
targets = [[1]]
[training]
steps = 6
optimizer = { type = \"sgd\", learning_rate = 0.01 }
[probe]
forecast = 3
";

fn forecasts(lines: &[Value]) -> Vec<&Value> {
    lines.iter().filter(|line| line["event"] == "forecast").collect()
}

fn run(config: impl Display, more: &[&str]) -> Vec<Value> {
    let folder = Folder::new();
    folder.write("run.toml", &config.to_string());
    let mut args = vec!["run", "--config", "run.toml", "--json", "--backend", fast_backends()[0]];
    args.extend(more);
    folder.run(&args).ok().json()
}

#[test]
fn a_forecast_is_the_closed_form() {
    // See `transverse`: y = 2 tanh(1), g = 2 (y - 1); the lowest eigenvalue of the matrix of differences.
    let t = 1_f64.tanh();
    let (g, a1) = (2.0 * (2.0 * t - 1.0), 1.0 - t * t);
    let a2 = -2.0 * t * a1;
    let lowest = g * (a2 - (a2 * a2 + 2.0 * a1 * a1).sqrt());
    let lines = run(SMALL, &[]);
    let found = forecasts(&lines);
    let steps: Vec<_> = found.iter().map(|line| line["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, [0, 3, 6]);
    assert_eq!(found[0]["learning_rate"], 0.01);
    let space = &found[0]["spaces"][0];
    let number = |key: &str| space[key].as_f64().unwrap();
    let close = |found: f64, expected: f64| {
        assert!((found / expected - 1.0).abs() < 1e-2, "{found} and not {expected}: {space}");
    };
    close(number("curvature"), lowest);
    let rate = (1.0 - 0.01 * lowest).ln();
    close(number("factor"), rate.exp());
    close(number("rate"), rate);
    close(number("e_fold_steps"), 1.0 / rate);
    // The training is still ahead: any number of steps would be wrong.
    assert_eq!((&space["escape_steps"], &space["stationary"]), (&Value::Null, &false.into()));
    let valid = space["valid_from"].as_u64().unwrap();
    assert!((20..200).contains(&valid), "{space}");
    assert_eq!((&space["name"], &space["units"]), (&"hidden1".into(), &2.into()));
    assert_eq!((&space["pair"][1], &space["outlook"]), (&1.into(), &"together".into()));
    let sentence = space["sentence"].as_str().unwrap();
    let ends = format!(" steps, not stationary: valid from step {valid} at the earliest");
    assert!(sentence.starts_with("unstable, e-fold every 63."), "{sentence}");
    assert!(sentence.ends_with(&ends), "{sentence}");
    assert!(space.get("apart").is_none());

    // Before training, for people.
    let folder = Folder::new();
    folder.write("run.toml", SMALL);
    let args = ["run", "--config", "run.toml", "--backend", fast_backends()[0]];
    let told = folder.run(&args).ok().stdout;
    let (_, told) = told.split_once("before training\n  hidden1").unwrap();
    let (told, _) = told.split_once("\n\n").unwrap();
    assert!(told.ends_with(&format!("\n  hidden1, 2 equal units: {sentence}")), "{told}");

    let adam = run(SMALL.replace("\"sgd\"", "\"adam\""), &[]);
    let space = &forecasts(&adam)[0]["spaces"][0];
    assert!(space["curvature"].as_f64().unwrap() < 0.0);
    for key in ["factor", "rate", "e_fold_steps", "escape_steps", "stationary", "valid_from"] {
        assert!(space.get(key).unwrap().is_null(), "{space}");
    }
    assert!(space["sentence"].as_str().unwrap().starts_with("no rate, since Adam"), "{space}");
}

#[test]
fn a_state_that_stays_has_a_number_of_steps() {
    // All zeros, and targets of mean 0: no gradient. M = Σ a'(0) X g over the examples x = ±1, with g = ∓1, is -2 for
    // the weight, and so is the lowest eigenvalue.
    let still = SMALL.replace("init_b = 0.0", "init_w = 0.0\ninit_b = 0.0");
    let still = still.replace("[[1]]", "[[1], [-1]]");
    let lines = run(&still, &[]);
    for forecast in forecasts(&lines) {
        let space = &forecast["spaces"][0];
        let number = |key: &str| space[key].as_f64().unwrap();
        let rate = 1.02_f64.ln();
        assert!((number("curvature") + 2.0).abs() < 1e-2, "{space}");
        let steps = (1e-2 / f64::from(f32::EPSILON)).ln() / rate;
        assert!((number("escape_steps") / steps - 1.0).abs() < 1e-2, "{space}");
        assert_eq!((&space["stationary"], &space["valid_from"]), (&true.into(), &forecast["step"]));
        assert!(space["sentence"].as_str().unwrap().ends_with(" steps to escape"), "{space}");
    }
}

#[test]
fn a_forecast_is_of_all_examples_as_they_come_next() {
    // Nothing moves, so the forecasts differ only in their examples.
    let still = SMALL.replace("learning_rate = 0.01", "learning_rate = 0.0");
    let shifted = run(still.replace("[training]", "shift_per_step = 0.5\n[training]"), &[]);
    let other = still.replace("inputs = [[1]]", "inputs = [[2.5]]");
    let other = run(other.replace("targets = [[1]]", "targets = [[2.5]]"), &[]);
    let (shifted, other) = (forecasts(&shifted), forecasts(&other));
    // The step from which the forecast is valid differs.
    let curvature = |line: &Value| line["spaces"][0]["curvature"].clone();
    assert_eq!(curvature(shifted[1]), curvature(other[0]), "three times 0.5");
    assert_ne!(curvature(shifted[0]), curvature(other[0]));

    let forecast = deep().with("probe.forecast = 5");
    let parts = run(&forecast, &[]);
    let whole = forecast.without("data", "batch_size").without("data", "shuffle_seed");
    let whole = run(whole, &[]);
    assert_eq!(forecasts(&parts)[0], forecasts(&whole)[0]);
    assert_ne!(forecasts(&parts)[1], forecasts(&whole)[1]);
}

#[test]
fn nothing_else_changes_and_a_resumed_run_says_the_same() {
    for backend in backends() {
        let folder = Folder::new();
        folder.write_config("plain.toml", deep());
        folder.write_config("asked.toml", deep().with("probe.forecast = 3"));
        for name in ["plain", "asked"] {
            let config = format!("{name}.toml");
            let args = ["run", "--config", &config, "--json", "--backend", backend, "--out", name];
            let ran = folder.run(&args).ok();
            let kept = std::fs::read_to_string(folder.join(name).join("readings.jsonl")).unwrap();
            assert_eq!(ran.stdout, kept, "{backend}");
        }
        let read = |path: &str| std::fs::read(folder.join(path)).unwrap();
        let lines = |name: &str, forecasts: bool| -> Vec<String> {
            let text = String::from_utf8(read(&format!("{name}/readings.jsonl"))).unwrap();
            let of_forecasts = |line: &&str| line.starts_with("{\"event\":\"forecast\"");
            let lines = text.lines().skip(1).filter(|line| of_forecasts(line) == forecasts);
            lines.map(str::to_owned).collect()
        };
        assert_eq!(lines("asked", true).len(), 4, "{backend}: steps 0, 3, 6, 9");
        assert_eq!(lines("asked", false), lines("plain", false), "{backend}");
        for file in ["model.safetensors", "units.jsonl"] {
            let [plain, asked] = ["plain", "asked"].map(|name| read(&format!("{name}/{file}")));
            assert!(plain == asked, "{backend}: {file}");
        }
        let whole = ["readings.jsonl", "units.jsonl", "model.safetensors"];
        let whole = whole.map(|file| (file, read(&format!("asked/{file}"))));
        // Continues after step 8, and then from its end.
        std::fs::remove_file(folder.join("asked/checkpoints/step-000000000009.ckpt")).unwrap();
        for _ in 0..2 {
            folder.run(&["run", "--resume", "asked"]).ok();
            for (file, bytes) in &whole {
                assert!(read(&format!("asked/{file}")) == *bytes, "{backend}: {file}");
            }
        }
    }
}

#[test]
fn a_quotients_forecast_is_that_of_the_full_network() {
    let forecast = deep().with("probe.forecast = 5");
    let (full, small) = (run(&forecast, &[]), run(&forecast, &["--quotient"]));
    let (full, small) = (forecasts(&full), forecasts(&small));
    assert_eq!(small[0], full[0]);
    assert_eq!(small[0]["spaces"].as_array().unwrap().len(), 2, "{}", small[0]);
    let curvature = |line: &Value| line["spaces"][1]["curvature"].as_f64().unwrap();
    let (full, small) = (curvature(full[1]), curvature(small[1]));
    assert!((full - small).abs() <= 1e-2 * full.abs(), "{full}, {small}");
}

#[test]
fn no_forecasts_are_no_number_of_steps() {
    let folder = Folder::new();
    folder.write("run.toml", &SMALL.replace("forecast = 3", "forecast = 0"));
    folder
        .run(&["run", "--config", "run.toml"])
        .refused(2, "probe.forecast = 0: must be at least 1");
}
