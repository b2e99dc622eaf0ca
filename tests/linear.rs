//! Networks without a hidden layer: every command that reads a configuration accepts them.

use crate::program::{Folder, backends, fast_backends};

/// y = [2 x0 - 3 x1 + 1, x1 - 1] except for an error in the last example, so the lowest loss is not 0.
fn config(start: &str) -> String {
    format!(
        "[model]\nlayer_dims = [2, 2]\n{start}[data]\ninputs = [[0, 0], [1, 0], [0, 1], [1, 1]]\n\
         targets = [[1, -1], [3, -1], [-2, 0], [1, 1]]\n[training]\nsteps = 1000\n\
         optimizer = {{ type = \"sgd\", learning_rate = 0.5 }}\n"
    )
}

const ZEROS: &str = "[[init]]\npath = \"linear1.*\"\ninit = { type = \"zeros\" }\n";

/// Weights and bias of an output that the normal equations of the four examples give: an error of e in the last example
/// moves both slopes by e/2 and the constant by -e/4.
fn least_squares([a, b, c]: [f64; 3], error: f64) -> [f64; 3] {
    [a + error / 2.0, b + error / 2.0, c - error / 4.0]
}

#[test]
fn a_linear_model_learns_from_zeros() {
    for backend in backends() {
        for (name, start) in [("zeros", ""), ("constants", "init_w = 3\ninit_b = -2\n")] {
            let folder = Folder::new();
            let rules = if name == "zeros" { ZEROS } else { "" };
            folder.write("linear.toml", &(config(start) + rules));
            let args = ["run", "--config", "linear.toml", "--out", "out", "--print-parameters"];
            let ran = folder.run(&[&args[..], &["--backend", backend]].concat()).ok();
            assert!(ran.stdout.contains("A start from zeros or any other constant is harmless"));
            assert!(ran.stdout.contains("No hidden layer: a linear model has no hidden units"));
            assert!(!ran.stdout.contains("P1"), "{}", ran.stdout);
            let last = ran.stdout.rsplit("step 1000 ").next().unwrap();
            let numbers: Vec<f64> = last
                .lines()
                .skip(1)
                .take_while(|line| !line.is_empty())
                .flat_map(|line| line.split(['[', ']', ',', ' ']))
                .filter_map(|word| word.parse().ok().filter(|_| word.contains('.')))
                .collect();
            // 2 + ... weights by output, then biases.
            let [first, second] = [([2.0, -3.0, 1.0], 1.0), ([0.0, 1.0, -1.0], 1.0)]
                .map(|(exact, error)| least_squares(exact, error));
            let expected = [first[0], first[1], second[0], second[1], first[2], second[2]];
            assert_eq!(numbers.len(), 6, "{last}");
            for (found, expected) in numbers.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-3, "{backend}, {name}: {last} {expected}");
            }
        }
    }
}

#[test]
fn every_command_takes_a_linear_model() {
    let folder = Folder::new();
    let backend = fast_backends()[0];
    let run = |args: &[&str]| folder.run(&[args, &["--backend", backend][..]].concat());
    folder.write("linear.toml", &config(""));
    let predicted = folder.run(&["predict", "--config", "linear.toml"]).ok().stdout;
    assert!(predicted.contains("linear1.weight") && predicted.contains("no hidden layer"));
    folder.run(&["predict", "--config", "linear.toml", "--json"]).ok();

    let lines = run(&["run", "--config", "linear.toml", "--out", "out", "--json"]).ok().json();
    assert_eq!(lines[1]["spaces"], serde_json::json!([]));
    assert!(lines[1]["certificate"][0].as_str().unwrap().contains("no hidden layer"));
    let table = run(&["run", "--config", "linear.toml"]).ok().stdout;
    assert!(
        table.lines().filter(|line| line.trim_start().starts_with(char::is_numeric)).count() < 25
    );
    folder.run(&["run", "--resume", "out"]).ok();
    folder.run(&["report", "out"]).ok();

    // No two units are equal, so no unit replaces several.
    run(&["run", "--config", "linear.toml", "--quotient"]).refused(2, "saves nothing");
    folder.write(
        "sweep.toml",
        &(config("").replace("1000", "5")
            + "[sweep]\nmodel.layer_dims = [[2, 2], [2, 3, 2]]\ninit_w = [0, 1]\n"),
    );
    let swept = run(&["sweep", "--config", "sweep.toml", "--out", "swept"]).ok();
    assert!(swept.stdout.contains("4 of 4 runs: 4 finished"), "{}", swept.stdout);
    folder.run(&["report", "swept"]).ok();
}
