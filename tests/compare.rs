//! `constinit compare`: one network from several starts.

use crate::program::config::{Config, config};
use crate::program::{Folder, backends, fast_backends};
use serde_json::Value;

/// Classes, shuffled batches, momentum.
fn iris() -> Config {
    let config = config([4, 6, 3]).activation("tanh").init_w(0.1).dataset("iris");
    let config = config.loss("cross-entropy").steps(30);
    let config = config.with("data.batch_size = 50\ndata.shuffle_seed = 1");
    config.optimizer("type = \"sgd\", learning_rate = 0.1, momentum = 0.9")
}

fn compared(folder: &Folder, args: &[&str]) -> Vec<Value> {
    let all = [&["compare", "--config", "run.toml", "--json"], args].concat();
    folder.run(&all).ok().json()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn a_start_without_randomness_runs_once_and_a_random_one_from_several_seeds() {
    let folder = Folder::new();
    folder.write_config("run.toml", iris());
    let backend = backends()[0];
    let starts = ["--start", "constant", "--start", "constant+noise=0.01", "--start", "xavier"];
    let args = [&starts[..], &["--seeds", "3", "--backend", backend]].concat();
    let found = compared(&folder, &args);
    let names: Vec<&Value> = found.iter().map(|line| &line["start"]).collect();
    assert_eq!(names, ["constant", "constant+noise=0.01", "xavier"]);
    for (line, (seeds, twins)) in found.iter().zip([(1, 1), (3, 6), (3, 6)]) {
        assert_eq!(line["seeds"], seeds);
        let space = &line["spaces"][0];
        assert_eq!((&space["name"], &space["units"]), (&"hidden1".into(), &6.into()));
        assert_eq!(space["twins_start"], twins);
        assert_eq!(space["twins_end"], twins);
        assert_eq!(space["dead"], 0);
        assert_eq!(space["range"]["twins_end"], serde_json::json!([twins, twins]));
        let outcome = &line["outcome"];
        let [least, most] = [0, 1].map(|end| number(&outcome["range"]["loss"][end]));
        assert!(least <= number(&outcome["loss"]) && number(&outcome["loss"]) <= most);
        assert_eq!(least == most, seeds == 1);
        // Three classes of fifty.
        assert!((number(&outcome["baseline"]) - 3.0_f64.ln()).abs() < 1e-5);
        assert!((number(&outcome["majority"]) - 1.0 / 3.0).abs() < 1e-9);
    }
    assert_ne!(found[0]["outcome"]["loss"], found[2]["outcome"]["loss"]);
}

/// The mean over the results of single runs.
#[test]
fn means_are_those_of_the_runs_by_themselves() {
    for backend in fast_backends() {
        let folder = Folder::new();
        folder.write_config("run.toml", iris().with("training.seed = 7"));
        let args = ["--start", "random", "--seeds", "3", "--backend", backend];
        let found = compared(&folder, &args).swap_remove(0);
        assert_eq!((&found["seeds"], &found["first_seed"]), (&3.into(), &7.into()));
        let ends: Vec<Value> = (7..10)
            .map(|seed| {
                let text = format!("model.start = \"random\"\ntraining.seed = {seed}");
                folder.write_config("one.toml", iris().with(&text));
                let args = ["run", "--config", "one.toml", "--json", "--backend", backend];
                folder.run(&args).ok().json().pop().unwrap()
            })
            .collect();
        for key in ["loss", "baseline", "explained", "accuracy", "majority"] {
            let of_runs: Vec<f64> = ends.iter().map(|end| number(&end["outcome"][key])).collect();
            let mean = of_runs.iter().sum::<f64>() / 3.0;
            assert!((number(&found["outcome"][key]) - mean).abs() < 1e-12, "{key}");
            let range = &found["outcome"]["range"][key];
            let [least, most] = [0, 1].map(|end| number(&range[end]));
            assert_eq!(least, of_runs.iter().copied().fold(f64::INFINITY, f64::min), "{key}");
            assert_eq!(most, of_runs.iter().copied().fold(f64::NEG_INFINITY, f64::max), "{key}");
        }
    }
}

#[test]
fn the_table_fits_a_terminal_and_has_a_baseline() {
    let folder = Folder::new();
    folder.write_config("run.toml", iris().with("model.layer_dims = [4, 128, 16, 3]"));
    let starts =
        ["--start", "configuration", "--start", "random", "--start", "constant+noise=0.01"];
    let args = [&["compare", "--config", "run.toml"], &starts[..], &["--backend", backends()[0]]];
    let text = folder.run(&args.concat()).ok().stdout;
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("run.toml on "), "{text}");
    assert!(
        lines[0].contains(", 30 steps of SGD") && lines[0].ends_with("from each start"),
        "{text}"
    );
    assert_eq!(
        lines[2],
        "configuration: linear1.weight 0.1 + j for input j, later weights 0.1, biases 0.5"
    );
    assert_eq!(lines[3], "random: uniform within 1/sqrt(fan-in), PyTorch's default; 5 seeds");
    let header = lines.iter().position(|line| line.starts_with("start ")).unwrap();
    let words: Vec<&str> = lines[header].split_whitespace().collect();
    let expected = ["start", "layer", "units", "distinct", "dead", "loss", "explained", "accuracy"];
    assert_eq!(words, expected);
    assert_eq!(lines[header + 1], "configuration");
    let row: Vec<&str> = lines[header + 2].split_whitespace().collect();
    assert_eq!(row[..6], ["hidden1", "128", "1", "->", "1", "0"], "{text}");
    let row: Vec<&str> = lines[header + 3].split_whitespace().collect();
    // The sum over 128 equal units saturates them.
    assert_eq!(row, ["hidden2", "16", "1", "->", "1", "16"], "{text}");
    let baseline = "the best answer that ignores the inputs: loss 1.09861, accuracy 33.33%";
    assert!(text.contains(baseline), "{text}");
    for line in &lines {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn by_default_the_notebook_is_beside_a_random_start() {
    let ran = Folder::new().run(&["compare", "--backend", backends()[0]]).ok();
    assert!(ran.stdout.contains("\nramp: linear1.weight 1 + j for input j"), "{}", ran.stdout);
    let row = |name: &str| ran.stdout.lines().find(|line| line.starts_with(&format!("{name} ")));
    assert!(row("ramp").is_some_and(|row| row.contains("1 -> 1")), "{}", ran.stdout);
    assert!(row("random").is_some_and(|row| row.contains("2 -> ")), "{}", ran.stdout);
}

#[test]
fn a_quotient_is_trained_where_it_is_allowed() {
    for backend in fast_backends() {
        let folder = Folder::new();
        folder.write_config("run.toml", iris());
        let starts = ["--start", "ramp", "--start", "random", "--seeds", "2", "--backend", backend];
        let full = compared(&folder, &starts);
        let small = compared(&folder, &[&starts[..], &["--quotient", "--out", "q"]].concat());
        let loss = |lines: &[Value], n: usize| number(&lines[n]["outcome"]["loss"]);
        assert!((loss(&full, 0) - loss(&small, 0)).abs() < 1e-5 * loss(&full, 0));
        assert_eq!(loss(&full, 1), loss(&small, 1));
        assert_eq!(small[0]["full"], Value::Null);
        let reason = "all hidden units are distinct at the start, so a quotient saves nothing";
        assert_eq!(small[1]["full"], reason);
        let kept = std::fs::read_to_string(folder.join("q/compare.jsonl")).unwrap();
        let runs: Vec<Value> =
            kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(runs[1]["quotient"]["spaces"][0]["trained"], 1);
        assert_eq!(runs[3]["quotient"], Value::Null);
        let args = ["compare", "--config", "run.toml", "--quotient", "--backend", backend];
        let text = folder.run(&args).ok().stdout;
        assert!(text.contains(&format!("random: trained in full: {reason}")), "{text}");
    }
}

#[test]
fn a_folder_keeps_runs_and_results_and_is_never_written_over() {
    let folder = Folder::new();
    folder.write("x.csv", "0.5,-0.2\n0.1,0.8\n");
    let config = config([2, 3, 1]).data("\"x.csv\"", "[[1], [0]]").steps(20).activation("tanh");
    folder.write_config("run.toml", config);
    let args = ["--seeds", "2", "--out", "kept", "--backend", backends()[0]];
    let printed = compared(&folder, &args);
    let text = std::fs::read_to_string(folder.join("kept/compare.jsonl")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<&str> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["start", "run", "compared", "run", "run", "compared"]);
    assert_eq!(lines[0]["schema"], 1);
    assert_eq!(lines[0]["starts"][1]["start"], "random");
    assert_eq!(lines[0]["starts"][1]["config"]["model"]["start"], "random");
    assert_eq!(lines[0]["starts"][1]["config"]["data"]["inputs"], "inputs.csv");
    assert_eq!([&lines[2], &lines[5]], [&printed[0], &printed[1]]);
    let losses = lines[3]["losses"].as_array().unwrap();
    assert_eq!((losses.len(), &losses[0][0], &losses[19][0]), (20, &1.into(), &20.into()));
    assert_eq!(lines[3]["states"].as_array().unwrap().len(), 21);
    assert_eq!(lines[3]["states"][0]["spaces"][0]["values"].as_array().unwrap().len(), 3);
    // Only for the first run of a start.
    assert_eq!(lines[4]["states"], serde_json::json!([]));
    assert_eq!((&lines[3]["seed"], &lines[4]["seed"]), (&0.into(), &1.into()));
    // The folder alone reproduces the run.
    let args = ["compare", "--config", "kept/config.toml", "--seeds", "2", "--json"];
    let again = folder.run(&[&args[..], &["--backend", backends()[0]]].concat()).ok().json();
    assert_eq!(again, printed);
    // `report` makes a page of it.
    assert_eq!(folder.run(&["report", "kept"]).ok().stdout, "kept/report.html\n");
    let page = std::fs::read_to_string(folder.join("kept/report.html")).unwrap();
    for words in [
        "constinit, report of a comparison</span>kept",
        "<th scope=\"row\">random</th><td>2</td>",
        "<figure id=\"loss\">",
        "random, seed 1",
        "<figure id=\"units-2-hidden1\">",
    ] {
        assert!(page.contains(words), "{words}");
    }
    let svg = folder.run(&["report", "kept", "--format", "svg"]).ok().stdout;
    assert_eq!(svg.lines().count(), 3, "{svg}");
    let own = ["report", "kept", "--force", "--out", "kept/compare.jsonl"];
    folder.run(&own).refused(2, "the report is made from this file");
    let args = ["compare", "--config", "run.toml", "--out", "kept"];
    folder.run(&args).refused(2, "the folder is not empty, and the program overwrites nothing");
    assert_eq!(std::fs::read_to_string(folder.join("kept/compare.jsonl")).unwrap(), text);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let folder = Folder::new();
    folder.write_config("run.toml", iris());
    let refused = |args: &[&str], words: &str| {
        let all = [&["compare", "--config", "run.toml"], args].concat();
        folder.run(&all).refused(2, words);
    };
    refused(&["--start", "rnadom"], "--start rnadom: unknown start; did you mean `random`?");
    refused(&["--start", "kaimng"], "did you mean `kaiming`?");
    refused(&["--start", "normal"], "`std` is missing; settings follow a colon: normal:std=...");
    refused(&["--start", "constant+noise=x"], "noise=x: a standard deviation");
    refused(&["--start", "identity"], "it is not square");
    refused(&["--start", "ramp", "--start", "ramp"], "--start ramp: named twice");
    refused(&["--seeds", "0"], "--seeds");
    refused(&["--config", "run.toml"], "--config");
    folder.run(&["compare", "--config", "none.toml"]).refused(2, "none.toml");
    folder.write_config("wrong.toml", iris().without("data", "dataset"));
    folder.run(&["compare", "--config", "wrong.toml"]).refused(2, "data.inputs is missing");
}

#[test]
fn runs_that_diverge_are_results_unless_all_do() {
    let folder = Folder::new();
    let steep =
        config([2, 3, 1]).activation("identity").data("[[100, 50], [3, -40]]", "[[1], [0]]");
    folder
        .write_config("run.toml", steep.steps(40).optimizer("type = \"sgd\", learning_rate = 1.0"));
    let backend = backends()[0];
    let args =
        ["compare", "--config", "run.toml", "--start", "zeros", "--start", "random", "--json"];
    let ran = folder.run(&[&args[..], &["--seeds", "2", "--backend", backend]].concat()).ok();
    let lines = ran.json();
    assert_eq!((&lines[0]["diverged"], &lines[1]["diverged"]), (&0.into(), &2.into()));
    assert_eq!(lines[1]["outcome"]["loss"], Value::Null);
    assert_eq!(lines[1]["spaces"][0]["twins_end"], Value::Null);
    let args = ["compare", "--config", "run.toml", "--start", "random", "--seeds", "2"];
    let ran = folder.run(&[&args[..], &["--backend", backend]].concat());
    assert!(ran.stdout.contains("random: all 2 runs diverged"), "{}", ran.stdout);
    ran.refused(3, "all runs diverged: ");
}

#[test]
fn the_plain_program_ends_with_what_a_random_start_learns() {
    let folder = Folder::new();
    let backend = backends()[0];
    let plain = folder.run(&["--backend", backend]).ok().stdout;
    let run = folder.run(&["run", "--backend", backend]).ok().stdout;
    let more = plain.strip_prefix(&run).expect("the run as it is without");
    let lines: Vec<&str> = more.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), 2, "{more}");
    assert!(
        lines[0].contains("random start") && lines[1].contains("`constinit compare`"),
        "{more}"
    );
    for args in [&["--json"][..], &["--out", "kept"], &["--csv", "readings.csv"], &["--quotient"]] {
        let ran = folder.run(&[args, &["--backend", backend]].concat()).ok();
        assert!(!ran.stdout.contains("constinit compare"), "{args:?}");
    }
}

/// The changes that break symmetry in a run break it here, too.
#[test]
fn dropout_and_changes_are_those_of_the_configuration() {
    let backend = backends()[0];
    let change = "[[break]]\nkind = \"noise\"\nstep = 5\nspace = \"hidden1\"\nstd = 0.1\n";
    let dropout = iris().with("model.dropout = 0.3\nmodel.dropout_from = 10");
    for (text, seeds) in [(dropout.to_string(), 2), (format!("{}\n{change}", iris()), 2)] {
        let folder = Folder::new();
        std::fs::write(folder.join("run.toml"), text).unwrap();
        let args = ["--start", "constant", "--seeds", "2", "--backend", backend, "--quotient"];
        let found = compared(&folder, &args);
        let space = &found[0]["spaces"][0];
        assert_eq!((&found[0]["seeds"], &space["twins_start"]), (&seeds.into(), &1.into()));
        assert_eq!(space["twins_end"], 6, "{}", found[0]);
        let why = found[0]["full"].as_str().unwrap();
        assert!(why.contains("can separate them"), "{why}");
    }
}
