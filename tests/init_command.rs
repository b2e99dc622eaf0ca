//! `constinit init`: what a configuration makes alike, and that runs agree.

mod program;

use program::Folder;
use serde_json::Value;

const CONFIG: &str = r#"
[model]
layer_dims = [3, 8, 6, 2]
activation = "tanh"
[[init]]
path = "linear1.*"
init = { type = "symmetrised", outputs = 4, of = { type = "normal", std = 0.5 } }
[[init]]
path = "linear2.weight"
init = { type = "symmetrised", inputs = 2, outputs = 3, of = { type = "kaiming", nonlinearity = "tanh" } }
[[init]]
regex = "3.weight$"
init = { type = "sum", of = [{ type = "constant", value = 0.2 }, { type = "output_ramp", start = 0.0, step = 1.0 }] }
[data]
inputs = [[1, 2, 3], [0.5, 1, -1], [2, 0, 1]]
targets = [[0, 1], [1, 0], [1, 1]]
[training]
steps = 3
optimizer = { type = "adam", learning_rate = 0.01 }
"#;

fn trained(folder: &Folder, args: &[&str]) -> String {
    let args = [&["run"], args, &["--backend", program::backends()[0]]].concat();
    folder.run(&args).ok().stdout
}

#[test]
fn the_prediction_is_what_a_run_finds() {
    let folder = Folder::new();
    folder.write("run.toml", CONFIG);
    let text = folder.run(&["init", "--config", "run.toml"]).ok().stdout;
    assert_eq!(
        text,
        "linear1.weight  rule 1   symmetrised  [8, 3]\n\
         linear1.bias    rule 1   symmetrised  [8]\n\
         linear2.weight  rule 2   symmetrised  [6, 8]\n\
         linear2.bias    [model]  constant     [6]\n\
         linear3.weight  rule 3   sum          [2, 6]\n\
         linear3.bias    [model]  constant     [2]\n\
         \n\
         hidden1: 8 units, 4 classes, kept by Adam\n\
         hidden2: 6 units, 3 classes, kept by Adam\n"
    );
    let json: Value =
        serde_json::from_str(&folder.run(&["init", "--config", "run.toml", "--json"]).ok().stdout)
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
    assert_eq!(json["generated"].as_array().unwrap().len(), 4);
}

#[test]
fn the_notebook_s_hidden_units_are_one() {
    let text = Folder::new().run(&["init"]).ok().stdout;
    assert!(text.ends_with("\nhidden1: 2 units, 1 class, kept by SGD\n"), "{text}");
}

#[test]
fn a_run_with_rules_is_repeated_and_resumed_to_the_bit() {
    let folder = Folder::new();
    folder.write("run.toml", CONFIG);
    trained(&folder, &["--config", "run.toml", "--out", "one"]);
    trained(&folder, &["--config", "one/config.toml", "--out", "two"]);
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    assert_eq!(read("one/model.safetensors"), read("two/model.safetensors"));
    assert_eq!(read("one/config.toml"), read("two/config.toml"));
    // The seed is that of the training.
    folder.write("other.toml", &CONFIG.replace("steps = 3", "steps = 3\nseed = 1"));
    trained(&folder, &["--config", "other.toml", "--out", "three"]);
    assert_ne!(read("one/model.safetensors"), read("three/model.safetensors"));
}

#[test]
fn parameters_of_a_run_fill_another() {
    let folder = Folder::new();
    folder.write("run.toml", CONFIG);
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
    let rest = &CONFIG[CONFIG.find("[data]").unwrap()..];
    let config =
        format!("[model]\nlayer_dims = [3, 8, 6, 2]\nactivation = \"tanh\"\n{rules}{rest}");
    folder.write("again.toml", &config.replace("steps = 3", "steps = 0"));
    trained(&folder, &["--config", "again.toml", "--out", "two"]);
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    assert_eq!(read("one/model.safetensors"), read("two/model.safetensors"));
}
