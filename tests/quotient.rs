//! `constinit run --quotient`: the same numbers at a cost that depends on the classes, or a refusal with its reason.

use crate::program::config::{Config, config};
use crate::program::{Folder, backends, fast_backends};
use serde_json::Value;

/// The lines of a run, without the first line and the line that say what is trained.
fn readings(lines: Vec<Value>) -> Vec<Value> {
    lines.into_iter().filter(|line| line["event"] == "reading" || line["event"] == "end").collect()
}

#[test]
fn the_notebook_comes_out_with_and_without() {
    for backend in backends() {
        let folder = Folder::new();
        let ran = folder.run(&["run", "--quotient", "--backend", backend]).ok();
        let said = "one unit is trained for each class: hidden1: 2 -> 1 units; 20 -> 12 parameters";
        assert!(ran.stdout.contains(said), "{}", ran.stdout);
        assert!(ran.stdout.contains("All 56 expected numbers were reproduced"));
        // Two units: sums over a power of two round the same way.
        let full = folder.run(&["run", "--backend", backend]).ok();
        let without = ran.stdout.replace(&format!("{said}\n\n"), "");
        if backend == "ndarray" {
            assert_eq!(without, full.stdout);
        } else {
            let first = |text: &str| text.lines().take(20).map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(first(&without), first(&full.stdout));
        }
    }
}

/// Classes whose sizes are not powers of two, a deep network, batches, clipping, decay.
fn deep() -> Config {
    let sgd = "type = \"sgd\", learning_rate = 0.05, momentum = 0.9, weight_decay = 0.01";
    let config = config([4, 7, 5, 3]).activation("tanh").init_w(0.1).dataset("iris");
    let config = config.with("data.batch_size = 32\ndata.shuffle_seed = 3\nprobe.every = 10");
    let config = config.steps(60).loss("cross-entropy").optimizer(sgd);
    config.with("training.checkpoint_every = 7\ntraining.clip_norm = 0.5")
}

/// Equal sums, but no twins: an identity between hidden layers of the same size.
fn square() -> Config {
    let identity = "path = \"linear2.weight\", init = { type = \"identity\" }";
    let config = deep().with(&format!("init = [{{ {identity} }}]"));
    config.with("model.layer_dims = [4, 6, 6, 3]")
}

fn near(a: &Value, b: &Value, within: f64) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() <= within * a.abs().max(1.0),
        _ => a == b,
    }
}

#[test]
fn readings_agree_and_parameters_are_lifted() {
    for backend in fast_backends() {
        let folder = Folder::new();
        folder.write_config("run.toml", deep());
        let run = |out: &str, more: &[&str]| {
            let args =
                ["run", "--config", "run.toml", "--json", "--backend", backend, "--out", out];
            folder.run(&[&args[..], more].concat()).ok().json()
        };
        let full = run("full", &[]);
        let small = run("small", &["--quotient"]);
        assert_eq!(small[0]["quotient"], true);
        assert!(full[0].get("quotient").is_none());
        let spaces = serde_json::json!([
            { "name": "hidden1", "units": 7, "trained": 1 },
            { "name": "hidden2", "units": 5, "trained": 1 },
        ]);
        let trained = &small[1];
        assert_eq!((&trained["event"], &trained["spaces"]), (&"quotient".into(), &spaces));
        // 7 * 5 + 8 * 5 + 6 * 3, and 5 + 2 + 2 * 3.
        assert_eq!((&trained["parameters"], &trained["trained"]), (&93.into(), &13.into()));
        let kept = std::fs::read_to_string(folder.join("small/readings.jsonl")).unwrap();
        let kept: Vec<Value> =
            kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(kept, small);

        let [full, small] = [full, small].map(readings);
        assert_eq!(full.len(), 8);
        assert_eq!(small.len(), 8);
        for (full, small) in full.iter().zip(&small) {
            assert_eq!(full["step"], small["step"]);
            assert!(near(&full["loss"], &small["loss"], 1e-5), "{full}\n{small}");
            if let (Some(full), Some(small)) =
                (full["spaces"].as_array(), small["spaces"].as_array())
            {
                for (full, small) in full.iter().zip(small) {
                    for key in ["name", "units"] {
                        assert_eq!(full[key], small[key]);
                    }
                    assert_eq!(small["twins"], 1, "a quotient's units stay one");
                    assert_eq!(small["spread"], 0.0);
                }
            }
        }
        assert_eq!(small[7]["verdict"], "held");
        assert_eq!(full[0]["certificate"], small[0]["certificate"]);

        let tensors = |out: &str| {
            let bytes = std::fs::read(folder.join(&format!("{out}/model.safetensors"))).unwrap();
            let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
            let mut all: Vec<(String, Vec<usize>, Vec<f32>)> = file
                .tensors()
                .into_iter()
                .map(|(name, view)| {
                    let numbers = view.data().chunks(4);
                    let numbers = numbers.map(|four| f32::from_le_bytes(four.try_into().unwrap()));
                    (name, view.shape().to_vec(), numbers.collect())
                })
                .collect();
            all.sort_by(|a, b| a.0.cmp(&b.0));
            all
        };
        let [full, small] = ["full", "small"].map(tensors);
        assert_eq!(full.len(), 6);
        for (full, small) in full.iter().zip(&small) {
            assert_eq!((&full.0, &full.1), (&small.0, &small.1));
            for (full, small) in full.2.iter().zip(&small.2) {
                assert!((full - small).abs() < 1e-4, "{backend}: {full} {small}");
            }
        }
    }
}

#[test]
fn a_quotient_run_is_resumed_as_one() {
    let folder = Folder::new();
    let backend = fast_backends()[0];
    folder.write_config("run.toml", deep());
    let start = ["run", "--config", "run.toml", "--quotient", "--backend", backend, "--out"];
    folder.run(&[&start[..], &["whole"]].concat()).ok();
    folder.run(&[&start[..], &["cut"]].concat()).ok();
    // Back to the checkpoint before the last one.
    let checkpoints = folder.join("cut/checkpoints");
    let mut all: Vec<_> =
        std::fs::read_dir(&checkpoints).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    std::fs::remove_file(all.pop().unwrap()).unwrap();
    let ran = folder.run(&["run", "--resume", "cut"]).ok();
    assert!(ran.stdout.contains("one unit is trained for each class"), "{}", ran.stdout);
    for name in ["config.toml", "readings.jsonl", "model.safetensors"] {
        let read = |run: &str| std::fs::read(folder.join(&format!("{run}/{name}"))).unwrap();
        assert!(read("cut") == read("whole"), "{name}");
    }
    folder.run(&["run", "--resume", "cut", "--quotient"]).refused(2, "cannot be used with");
}

#[test]
fn what_would_go_another_way_is_refused() {
    let folder = Folder::new();
    let run = |name: &str, config: Config, words: &str| {
        folder.write_config(name, config);
        let ran = folder.run(&["run", "--config", name, "--quotient", "--out", "out"]);
        let ran = ran.refused(2, words);
        assert!(ran.stderr.contains("run without --quotient to train in full"), "{}", ran.stderr);
        assert!(!folder.join("out").exists(), "nothing is left of a run that is refused");
    };
    run(
        "muon.toml",
        deep().optimizer("type = \"muon\""),
        "--quotient: Muon: it updates a weight as a whole matrix",
    );
    let coupled = "type = \"adam\", learning_rate = 0.01, weight_decay = 0.1";
    run("coupled.toml", square().optimizer(coupled), "coupled decay");
    let random = "init = [{ path = \"linear*.weight\", init = { type = \"kaiming\" } }]";
    run(
        "random.toml",
        deep().with(random),
        "--quotient: all hidden units are distinct at the start, so a quotient saves nothing",
    );
    // A decay that shrinks all weights by the same factor is allowed.
    folder.write_config("identity.toml", square());
    let ran = folder.run(&["run", "--config", "identity.toml", "--quotient"]).ok();
    assert!(ran.stdout.contains("hidden2: 6 -> 1 units"), "{}", ran.stdout);
}

#[test]
fn a_divergence_is_told_of_the_full_network() {
    let folder = Folder::new();
    let fast = deep().optimizer("type = \"sgd\", learning_rate = 1e30");
    let fast = fast.without("training", "clip_norm").loss("mse");
    let fast = fast.activation("relu").dataset("diabetes");
    folder.write_config("run.toml", fast.with("model.layer_dims = [10, 7, 5, 1]"));
    folder.run(&["run", "--config", "run.toml", "--quotient"]).refused(3, "the run diverged: ");
    // Also if there is no full network any more, because decay makes deviations infinite.
    let decay = "type = \"adamw\", learning_rate = 0.01, weight_decay = 1e30";
    folder.write_config("decay.toml", square().optimizer(decay));
    let ran = folder.run(&["run", "--config", "decay.toml", "--quotient"]);
    ran.refused(3, "the run diverged: ");
}
