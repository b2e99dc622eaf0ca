//! `[model] start`: runs, predictions and sweeps use the same start.

use crate::program::config::{Config, config};
use crate::program::rows::{number, rows, text};
use crate::program::{Folder, backends, fast_backends};
use safetensors::SafeTensors;
use serde_json::Value;

fn small() -> Config {
    let inputs = "[[1, 2, 3], [0.5, 1, -1], [2, 0, 1]]";
    config([3, 4, 2]).activation("tanh").data(inputs, "[[0, 1], [1, 0], [1, 1]]").steps(3)
}

fn starting(start: &str) -> Config {
    small().with(&format!("model.start = {start:?}"))
}

/// A parameter of `model.safetensors` in a folder.
fn parameter(folder: &Folder, out: &str, name: &str) -> Vec<f32> {
    let bytes = std::fs::read(folder.join(out).join("model.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let data = tensors.tensor(name).unwrap().data().to_vec();
    data.chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
}

/// The network that a configuration starts from: no step is trained.
fn started(folder: &Folder, name: &str, config: Config) {
    folder.write_config("run.toml", config.steps(0));
    folder.run(&["run", "--config", "run.toml", "--out", name, "--backend", backends()[0]]).ok();
}

#[test]
fn each_start_fills_the_network_as_it_says() {
    let folder = Folder::new();
    started(&folder, "default", small().init_w(0.1));
    started(&folder, "ramp", starting("ramp").init_w(0.1));
    // PyTorch's order: one row per unit.
    let ramp = [0.1_f32, 1.1, 2.1].repeat(4);
    for out in ["default", "ramp"] {
        assert_eq!(parameter(&folder, out, "linear1.weight"), ramp);
        assert_eq!(parameter(&folder, out, "linear2.weight"), [0.1; 8]);
        assert_eq!(parameter(&folder, out, "linear1.bias"), [0.5; 4]);
    }
    started(&folder, "constant", starting("constant").init_w(0.1));
    assert_eq!(parameter(&folder, "constant", "linear1.weight"), [0.1; 12]);
    assert_eq!(parameter(&folder, "constant", "linear2.bias"), [0.5; 2]);
    started(&folder, "zeros", starting("zeros").init_w(0.1));
    for name in ["linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias"] {
        assert!(parameter(&folder, "zeros", name).iter().all(|entry| *entry == 0.0), "{name}");
    }
    // Rules take precedence.
    let rule = "[[init]]\npath = \"linear1.bias\"\ninit = { type = \"ones\" }\n";
    started(&folder, "ruled", starting("zeros").with(rule));
    assert_eq!(parameter(&folder, "ruled", "linear1.bias"), [1.0; 4]);
    assert_eq!(parameter(&folder, "ruled", "linear1.weight"), [0.0; 12]);
}

#[test]
fn a_random_start_is_pytorch_s_and_belongs_to_the_seed() {
    let wide = |seed: u64| {
        let text = format!("model.layer_dims = [3, 3000, 2]\ntraining.seed = {seed}");
        starting("random").with(&text)
    };
    let folder = Folder::new();
    for (name, seed) in [("one", 4), ("again", 4), ("other", 5)] {
        started(&folder, name, wide(seed));
    }
    for (name, inputs) in
        [("linear1.weight", 3.0), ("linear1.bias", 3.0), ("linear2.weight", 3000.0)]
    {
        let entries = parameter(&folder, "one", name);
        // kaiming_uniform_ with a = sqrt(5): sqrt(6 / (1 + 5) / fan_in).
        let bound = 1.0 / f64::sqrt(inputs);
        let entries: Vec<f64> = entries.into_iter().map(f64::from).collect();
        assert!(entries.iter().all(|x| x.abs() <= bound * (1.0 + 1e-6)), "{name}");
        let n = entries.len() as f64;
        let mean = entries.iter().sum::<f64>() / n;
        let square = entries.iter().map(|x| x * x).sum::<f64>() / n;
        // Five standard errors.
        assert!(mean.abs() < 5.0 * bound / (3.0 * n).sqrt(), "{name}: {mean}");
        let error = bound * bound * (4.0 / 45.0 / n).sqrt();
        assert!((square - bound * bound / 3.0).abs() < 5.0 * error, "{name}: {square}");
        assert_eq!(parameter(&folder, "one", name), parameter(&folder, "again", name));
        assert_ne!(parameter(&folder, "one", name), parameter(&folder, "other", name));
    }
}

#[test]
fn a_run_says_its_start_and_keeps_it() {
    let folder = Folder::new();
    for (start, said) in [
        ("ramp", "start: ramp; linear1.weight 1 + j for input j, later weights 1, biases 0.5"),
        ("constant", "start: constant; every weight 1, every bias 0.5"),
        ("zeros", "start: zeros; every weight 0, every bias 0"),
        ("random", "start: random; uniform within 1/sqrt(fan-in), PyTorch's default; seed 0"),
    ] {
        folder.write_config("run.toml", starting(start));
        let args = ["run", "--config", "run.toml", "--out", start, "--backend", backends()[0]];
        let ran = folder.run(&args).ok();
        assert!(ran.stdout.lines().any(|line| line == said), "{}", ran.stdout);
        let kept = std::fs::read_to_string(folder.join(start).join("config.toml")).unwrap();
        assert!(kept.contains(&format!("start = {start:?}\n")), "{kept}");
        let first = std::fs::read_to_string(folder.join(start).join("readings.jsonl")).unwrap();
        let first: Value = serde_json::from_str(first.lines().next().unwrap()).unwrap();
        assert_eq!(first["config"]["model"]["start"], start);
    }
    folder.write_config("run.toml", starting("rnadom"));
    let refused = folder.run(&["run", "--config", "run.toml"]);
    refused.refused(2, "did you mean `random`?");
}

#[test]
fn a_random_run_is_repeated_and_resumed_to_the_bit() {
    for backend in fast_backends() {
        let folder = Folder::new();
        let config = starting("random").steps(9).with("training.checkpoint_every = 2");
        folder.write_config("run.toml", config);
        let run = |out: &str| {
            let args = ["run", "--config", "run.toml", "--out", out, "--backend", backend];
            folder.run(&args).ok();
        };
        run("one");
        run("two");
        let model = |out: &str| std::fs::read(folder.join(out).join("model.safetensors")).unwrap();
        assert_eq!(model("one"), model("two"));
        let newest = folder.join("two/checkpoints/step-000000000009.ckpt");
        std::fs::remove_file(newest).unwrap();
        std::fs::remove_file(folder.join("two/model.safetensors")).unwrap();
        folder.run(&["run", "--resume", "two"]).ok();
        assert_eq!(model("one"), model("two"));
    }
}

#[test]
fn predictions_know_the_start() {
    let folder = Folder::new();
    let predicted = |config: Config| {
        folder.write_config("run.toml", config);
        folder.run(&["predict", "--config", "run.toml", "--json"]).ok().json().swap_remove(0)
    };
    for (start, initialiser, twins) in
        [("ramp", "input-ramp", 1), ("constant", "constant", 1), ("random", "uniform", 4)]
    {
        let found = predicted(starting(start));
        assert_eq!(found["spaces"][0]["twins"], twins, "{start}");
        assert_eq!(found["parameters"][0]["initialiser"], initialiser, "{start}");
        assert_eq!(found["parameters"][0]["rule"], "[model]", "{start}");
    }
}

/// A sweep, in closed form and on a backend, gives the same numbers as single runs.
#[test]
fn sweeps_vary_the_start() {
    let sweep = "[sweep]\nstart = [\"ramp\", \"constant\", \"zeros\", \"random\"]\n\
                 training.optimizer = [{ type = \"sgd\", learning_rate = 0.05 }, { type = \"muon\" }]\n\
                 training.seed = { seeds = 2 }\n";
    for backend in fast_backends() {
        let folder = Folder::new();
        folder.write("sweep.toml", &format!("{}{sweep}", small()));
        let args = ["sweep", "--config", "sweep.toml", "--out", "s", "--backend", backend];
        folder.run(&args).ok();
        let rows = rows(&folder.join("s/results.parquet"));
        assert_eq!(rows.len(), 16);
        for (point, row) in rows.iter().enumerate() {
            let start = ["ramp", "constant", "zeros", "random"][point / 4];
            assert_eq!(text(row, "model.start"), start);
            assert_eq!(text(row, "engine"), if point / 2 % 2 == 1 { "burn" } else { "quotient" });
            let twins = if start == "random" { 4.0 } else { 1.0 };
            assert_eq!(number(row, "classes_start"), twins, "{start}");
            let index = point.to_string();
            let args = ["run", "--config", "s/sweep.toml", "--index", &index, "--json"];
            let lines = folder.run(&[&args[..], &["--backend", backend]].concat()).ok().json();
            let reading = lines.iter().rfind(|line| line["event"] == "reading").unwrap();
            let (found, loss) = (number(row, "final_loss"), reading["loss"].as_f64().unwrap());
            assert!((found - loss).abs() <= 1e-3 * loss, "point {point}: {found} {loss}");
        }
        let loss = |point: usize| number(&rows[point], "final_loss");
        assert_eq!((loss(0), loss(8)), (loss(1), loss(9)));
        assert_ne!(loss(12), loss(13));
    }
}
