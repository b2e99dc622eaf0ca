//! `constinit predict`: which units a configuration makes equal, and that runs agree.

use crate::program::config::{Config, config};
use crate::program::{Folder, backends};
use serde_json::Value;

const RULES: &str = r#"
[[init]]
path = "linear1.*"
init = { type = "symmetrised", outputs = 4, of = { type = "normal", std = 0.5 } }
[[init]]
path = "linear2.weight"
init = { type = "symmetrised", inputs = 2, outputs = 3, of = { type = "kaiming", nonlinearity = "tanh" } }
[[init]]
regex = "3.weight$"
init = { type = "sum", of = [{ type = "constant", value = 0.2 }, { type = "output-ramp", start = 0.0, step = 1.0 }] }
"#;

/// A network that is trained for three steps.
fn trainable<const N: usize>(layer_dims: [usize; N]) -> Config {
    let inputs = "[[1, 2, 3], [0.5, 1, -1], [2, 0, 1]]";
    let config = config(layer_dims).data(inputs, "[[0, 1], [1, 0], [1, 1]]");
    config.steps(3).optimizer("type = \"adam\", learning_rate = 0.01")
}

fn deep() -> Config {
    trainable([3, 8, 6, 2]).activation("tanh")
}

fn trained(folder: &Folder, args: &[&str]) -> String {
    let args = [&["run"], args, &["--backend", backends()[0]]].concat();
    folder.run(&args).ok().stdout
}

#[test]
fn the_prediction_is_what_a_run_finds() {
    let folder = Folder::new();
    folder.write_config("run.toml", deep().with(RULES));
    let text = folder.run(&["predict", "--config", "run.toml"]).ok().stdout;
    let (table, sentences) = text.split_once("\n\n").unwrap();
    let lines: Vec<&str> = table.lines().collect();
    for (line, start) in lines.iter().zip([
        "parameter       rule     initialiser  shape   fan in, out  mean ",
        "linear1.weight  rule 1   symmetrised  [8, 3]  3, 8         ",
        "linear1.bias    rule 1   symmetrised  [8]     3, 8         ",
        "linear2.weight  rule 2   symmetrised  [6, 8]  8, 6         ",
        "linear2.bias    [model]  constant     [6]     8, 6         ",
        "linear3.weight  rule 3   sum          [2, 6]  6, 2         ",
        "linear3.bias    [model]  constant     [2]     6, 2         ",
    ]) {
        assert!(line.starts_with(start), "{text}");
    }
    // 0.2 and 1.2.
    let moments = |line: usize| lines[line].split_whitespace().rev().take(2).collect::<Vec<_>>();
    assert_eq!(moments(5), ["0.5", "0.7"], "{text}");
    assert_eq!(
        sentences,
        "hidden1: 8 units, 4 classes, kept by Adam\nhidden2: 6 units, 3 classes, kept by Adam\n"
    );
    let json: Value = serde_json::from_str(
        &folder.run(&["predict", "--config", "run.toml", "--json"]).ok().stdout,
    )
    .unwrap();
    let lines = trained(&folder, &["--config", "run.toml", "--json"]);
    let reading: Value = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|line| line["event"] == "reading")
        .unwrap();
    for (predicted, found) in
        json["spaces"].as_array().unwrap().iter().zip(reading["spaces"].as_array().unwrap())
    {
        for key in ["name", "units", "twins"] {
            assert_eq!(predicted[key], found[key], "{key}");
        }
        assert_eq!(predicted["kept"], true);
    }
    assert_eq!(json["generated"].as_array().unwrap().len(), 3);
}

#[test]
fn the_notebook_s_hidden_units_are_one() {
    let text = Folder::new().run(&["predict"]).ok().stdout;
    assert!(text.ends_with("\nhidden1: 2 units, 1 class, kept by SGD\n"), "{text}");
}

#[test]
fn a_run_with_rules_is_repeated_and_resumed_to_the_bit() {
    let folder = Folder::new();
    folder.write_config("run.toml", deep().with(RULES));
    trained(&folder, &["--config", "run.toml", "--out", "one"]);
    trained(&folder, &["--config", "one/config.toml", "--out", "two"]);
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    assert_eq!(read("one/model.safetensors"), read("two/model.safetensors"));
    assert_eq!(read("one/config.toml"), read("two/config.toml"));
    // The seed is that of the training.
    folder.write_config("other.toml", deep().with(RULES).with("training.seed = 1"));
    trained(&folder, &["--config", "other.toml", "--out", "three"]);
    assert_ne!(read("one/model.safetensors"), read("three/model.safetensors"));
}

#[test]
fn parameters_of_a_run_fill_another() {
    let folder = Folder::new();
    folder.write_config("run.toml", deep().with(RULES));
    trained(&folder, &["--config", "run.toml", "--out", "one"]);
    let rule = |name: &str| {
        format!(
            "[[init]]\npath = \"{name}\"\ninit = {{ type = \"file\", path = \"one/model.safetensors\", tensor = \"{name}\" }}\n"
        )
    };
    let names = [
        "linear1.weight",
        "linear1.bias",
        "linear2.weight",
        "linear2.bias",
        "linear3.weight",
        "linear3.bias",
    ];
    let rules: String = names.map(rule).concat();
    folder.write_config("again.toml", deep().with(&rules).steps(0));
    trained(&folder, &["--config", "again.toml", "--out", "two"]);
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    assert_eq!(read("one/model.safetensors"), read("two/model.safetensors"));
}

#[test]
fn rules_may_ask_for_the_kind_of_module_that_there_is() {
    let folder = Folder::new();
    let regex = "regex = \"3.weight$\"";
    let rules = RULES.replace(regex, &format!("module = \"Linear\"\n{regex}"));
    folder.write_config("run.toml", deep().with(&rules));
    let text = folder.run(&["predict", "--config", "run.toml"]).ok().stdout;
    assert!(text.contains("linear3.weight  rule 3   sum "), "{text}");
    trained(&folder, &["--config", "run.toml"]);
}

#[test]
fn burn_s_random_initialisers_are_predicted_and_repeated() {
    let folder = Folder::new();
    let rule = "[[init]]\npath = \"linear1.weight\"\n\
                init = { type = \"burn\", initializer = { XavierNormal = { gain = 1.0 } } }\n";
    folder.write_config("run.toml", trainable([3, 8, 2]).with(rule));
    let text = folder.run(&["predict", "--config", "run.toml"]).ok().stdout;
    assert!(text.ends_with("\nhidden1: 8 units, 8 classes\n"), "{text}");
    for out in ["one", "two"] {
        trained(&folder, &["--config", "run.toml", "--out", out]);
    }
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    assert_eq!(read("one/model.safetensors"), read("two/model.safetensors"));
}
