//! The outcome of a run: the loss, the baseline, and dead units.

use crate::program::config::{Config, config};
use crate::program::rows::{field, rows};
use crate::program::{Folder, Ran, fast_backends};
use parquet::record::Field;
use serde_json::Value;

/// The lines of the verdict.
fn verdict(stdout: &str) -> Vec<&str> {
    let lines = stdout.lines().skip_while(|line| *line != "verdict").skip(1);
    lines.take_while(|line| line.starts_with("  ")).map(str::trim).collect()
}

fn run(folder: &Folder, backend: &str, rest: &[&str]) -> Ran {
    folder.run(&[&["run", "--config", "run.toml", "--backend", backend], rest].concat()).ok()
}

/// How many units of the first hidden layer each reading says are dead; None where they were not counted.
fn dead(lines: &[Value]) -> Vec<(u64, Option<u64>)> {
    let readings = lines.iter().filter(|line| line["event"] == "reading");
    let count = |line: &Value| (line["step"].as_u64().unwrap(), line["spaces"][0]["dead"].as_u64());
    readings.map(count).collect()
}

fn close(value: &Value, expected: f64) {
    let found = value.as_f64().unwrap();
    assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
}

#[test]
fn a_network_whose_first_layer_is_zero_learned_nothing_and_says_so_first() {
    for backend in fast_backends() {
        let folder = Folder::new();
        for (name, text) in [
            ("run.toml", include_str!("data/zero_first_layer.toml")),
            ("zero_first_layer_x.csv", include_str!("data/zero_first_layer_x.csv")),
            ("zero_first_layer_y.csv", include_str!("data/zero_first_layer_y.csv")),
        ] {
            folder.write(name, text);
        }
        let ran = run(&folder, backend, &[]);
        let lines = verdict(&ran.stdout);
        assert_eq!(
            lines[..3],
            [
                "Learned nothing: the loss ends at 0.072749, within 1 % of 0.072749, the loss of always answering the mean.",
                "All 10 units of hidden1 are dead from the start: their slope is 0 on every example. Only the output bias \
                 still changes.",
                "hidden1: 10 units, all distinct at the start.",
            ]
        );
        let lines = run(&folder, backend, &["--json"]).json();
        let end = lines.last().unwrap();
        // NumPy: y.var() of zero_first_layer_y.csv.
        close(&end["outcome"]["baseline"], 0.0727493815);
        close(&end["outcome"]["loss"], 0.0727493815);
        close(&end["outcome"]["explained"], 0.0);
        assert!(end["outcome"]["accuracy"].is_null() && end["outcome"]["majority"].is_null());
        assert_eq!(end["dead"], serde_json::json!({"hidden1": {"units": 10, "since": 0}}));
        assert_eq!(end["verdict"], "none");
        let dead = dead(&lines);
        let counted: Vec<u64> =
            dead.iter().filter(|(_, dead)| dead.is_some()).map(|(step, _)| *step).collect();
        // Before training, and at 60 of 300 readings, the last one included.
        assert_eq!(counted, (0..=60).map(|number| 5 * number).collect::<Vec<_>>());
        assert!(dead.iter().all(|(_, dead)| dead.is_none_or(|dead| dead == 10)));
    }
}

fn iris() -> Config {
    let config = config([4, 8, 3]).activation("tanh").dataset("iris").loss("cross-entropy");
    config.optimizer("type = \"adam\", learning_rate = 0.01").steps(300)
}

/// The constants of the text saturate tanh.
#[test]
fn iris_from_constants_is_always_answered_with_the_class_frequencies() {
    let folder = Folder::new();
    folder.write_config("run.toml", iris().init_w(0.1));
    let backend = fast_backends()[0];
    let ran = run(&folder, backend, &[]);
    assert_eq!(
        verdict(&ran.stdout)[0],
        "Learned nothing: the loss ends at 1.0986, within 1 % of 1.0986, the loss of always answering the class \
         frequencies. Accuracy 33.3 % (33.3 % by always answering the largest class)."
    );
    let end = run(&folder, backend, &["--json"]).json().pop().unwrap();
    close(&end["outcome"]["baseline"], 3.0_f64.ln());
    assert_eq!(end["outcome"]["majority"].as_f64(), Some(1.0 / 3.0));
    assert_eq!(end["dead"], serde_json::json!({}));
    assert_eq!(end["verdict"], "held");
}

#[test]
fn iris_from_equal_weights_learns_what_one_unit_can() {
    let folder = Folder::new();
    let weights = "[[init]]\nregex = \"weight\"\ninit = { type = \"constant\", value = 0.1 }";
    folder.write_config("run.toml", iris().with(weights));
    let backend = fast_backends()[0];
    let said = run(&folder, backend, &[]).stdout;
    let first = verdict(&said)[0];
    assert!(
        first.starts_with("Learned what one unit per layer can learn: the loss ends at "),
        "{first}"
    );
    let end = run(&folder, backend, &["--json"]).json().pop().unwrap();
    let outcome = &end["outcome"];
    let [loss, explained, accuracy] =
        ["loss", "explained", "accuracy"].map(|key| outcome[key].as_f64().unwrap());
    assert!((explained - (1.0 - loss / 3.0_f64.ln())).abs() < 1e-12, "{outcome}");
    assert!(explained > 0.3 && accuracy > 0.6, "{outcome}");
}

#[test]
fn the_notebook_s_units_die_in_its_second_step() {
    for backend in fast_backends() {
        let folder = Folder::new();
        let args = ["run", "--preset", "notebook", "--backend", backend];
        let said = folder.run(&args).ok().stdout;
        let lines = verdict(&said);
        assert!(
            lines[0].starts_with("All examples have equal targets, so always answering the mean has a loss of 0; the loss ends at 306.22"),
            "{said}"
        );
        assert_eq!(
            lines[1],
            "All 2 units of hidden1 are dead from step 2 on: their slope is 0 on every example. Only the output bias still \
             changes."
        );
        let lines = folder.run(&[&args[..], &["--json"]].concat()).ok().json();
        let expected: Vec<(u64, Option<u64>)> =
            (0..=50).map(|step| (step, Some(if step < 2 { 0 } else { 2 }))).collect();
        assert_eq!(dead(&lines), expected);
        let end = lines.last().unwrap();
        assert_eq!(end["dead"], serde_json::json!({"hidden1": {"units": 2, "since": 2}}));
        assert_eq!(end["outcome"]["baseline"], 0.0);
        assert!(end["outcome"]["explained"].is_null());
    }
}

/// Three units with negative outgoing weights and positive targets: training lowers them until they are dead.
fn dying() -> Config {
    let inputs = "[[1.0, 0.5], [0.5, 2.0], [1.5, 1.0], [2.0, 0.25]]";
    let config = config([2, 3, 1]).data(inputs, "[[3.0], [4.0], [3.5], [5.0]]").steps(400);
    config.optimizer("type = \"sgd\", learning_rate = 0.002").with(
        "[[init]]\npath = \"linear1.weight\"\ninit = { type = \"constant\", value = 1.0 }\n\
         [[init]]\npath = \"linear2.weight\"\ninit = { type = \"constant\", value = -2.0 }\n\
         [[init]]\nregex = \".*\"\ninit = { type = \"zeros\" }",
    )
}

/// The step since which the first hidden layer is dead.
fn since(end: &Value) -> u64 {
    end["dead"]["hidden1"]["since"].as_u64().unwrap_or_else(|| panic!("{end}"))
}

#[test]
fn the_first_step_of_a_dead_layer_is_found_between_readings() {
    for backend in fast_backends() {
        let folder = Folder::new();
        folder.write_config("run.toml", dying().with("probe.every = 100"));
        let end = run(&folder, backend, &["--json"]).json().pop().unwrap();
        let found = since(&end);
        assert!(
            found > 1 && !found.is_multiple_of(100) && end["dead"]["hidden1"]["alive"].is_null(),
            "{end}"
        );
        // Runs that end at this step count all units.
        for (steps, is_dead) in [(found - 1, false), (found, true)] {
            folder.write_config("run.toml", dying().steps(steps as usize));
            let lines = run(&folder, backend, &["--json"]).json();
            let (last, dead) = dead(&lines).pop().unwrap();
            assert_eq!((last, dead == Some(3)), (steps, is_dead), "{backend}: {dead:?}");
        }
        // In the quotient, one unit represents all three.
        folder.write_config("run.toml", dying());
        let lines = run(&folder, backend, &["--json", "--quotient"]).json();
        assert_eq!(dead(&lines).pop().unwrap().1, Some(3));
        assert_eq!(since(lines.last().unwrap()), found);
    }
}

#[test]
fn what_was_not_inspected_is_said() {
    let folder = Folder::new();
    // The network is too large for a pass every 16 steps, and a step has too few examples for an extra pass.
    let large = config([10, 64, 1]).dataset("diabetes").steps(20).with("data.batch_size = 16");
    let large = large.optimizer("type = \"sgd\", learning_rate = 0.1").with(
        "[[init]]\npath = \"linear2.weight\"\ninit = { type = \"constant\", value = -1.0 }\n\
         [[init]]\nregex = \".*\"\ninit = { type = \"constant\", value = 1.0 }",
    );
    let backend = fast_backends()[0];
    folder.write_config("run.toml", large.clone());
    let lines = run(&folder, backend, &["--json"]).json();
    let counted = dead(&lines).into_iter().filter(|(_, dead)| dead.is_some());
    assert_eq!(counted.map(|(step, _)| step).collect::<Vec<_>>(), [0, 20]);
    assert_eq!(
        lines.last().unwrap()["dead"],
        serde_json::json!({"hidden1": {"units": 64, "since": 20, "alive": 0}})
    );
    let said = run(&folder, backend, &[]).stdout;
    assert!(
        verdict(&said)[1].starts_with(
            "All 64 units of hidden1 are dead from step 20 or earlier on (one was alive after step 0): their slope is"
        ),
        "{said}"
    );
    // With more examples per step, the program inspects the units after each step.
    folder.write_config("run.toml", large.with("data.batch_size = 64"));
    let end = run(&folder, backend, &["--json"]).json().pop().unwrap();
    assert!(since(&end) < 20 && end["dead"]["hidden1"]["alive"].is_null(), "{end}");
}

#[test]
fn a_resumed_run_knows_since_when_a_layer_is_dead() {
    let backend = fast_backends()[0];
    let folder = Folder::new();
    folder.write_config("run.toml", dying());
    let died = since(run(&folder, backend, &["--json"]).json().last().unwrap()) as usize;
    let steps = died + died / 2;
    for kept in [died - 1, died, died + 1] {
        let folder = Folder::new();
        let often = format!("probe.every = 7\ntraining.checkpoint_every = {kept}");
        folder.write_config("run.toml", dying().steps(steps).with(&often));
        run(&folder, backend, &["--out", "run"]);
        let readings = || std::fs::read_to_string(folder.join("run/readings.jsonl")).unwrap();
        let whole = readings();
        let end: Value = serde_json::from_str(whole.lines().last().unwrap()).unwrap();
        assert_eq!(since(&end) as usize, died);
        std::fs::remove_file(folder.join(&format!("run/checkpoints/step-{steps:012}.ckpt")))
            .unwrap();
        let resumed = folder.run(&["run", "--resume", "run", "--json"]).ok().json();
        assert!(resumed[1]["step"].as_u64().unwrap() as usize > kept, "from step {kept}");
        assert_eq!(readings(), whole, "from step {kept}");
        // A run that has ended ends again in the same way.
        folder.run(&["run", "--resume", "run"]).ok();
        assert_eq!(readings(), whole);
    }
}

/// In closed form and on a backend, for regression and for classes.
#[test]
fn the_rows_of_a_sweep_have_the_outcomes_of_the_runs_by_themselves() {
    let folder = Folder::new();
    let backend = fast_backends()[0];
    let optimizers = "[sweep]\ntraining.loss = [\"cross-entropy\", \"mse\", \"huber\"]\n\
                      training.optimizer = [{ type = \"sgd\", learning_rate = 0.1 }, { type = \"muon\", learning_rate = 0.01 }]\n";
    let base =
        iris().init_w(0.1).steps(40).without("training", "optimizer").without("training", "loss");
    folder.write("sweep.toml", &format!("{base}{optimizers}"));
    folder.run(&["sweep", "--config", "sweep.toml", "--out", "s", "--backend", backend]).ok();
    let rows = rows(&folder.join("s/results.parquet"));
    assert_eq!(rows.len(), 6);
    let mut engines: Vec<&Field> = rows.iter().map(|row| field(row, "engine")).collect();
    engines.dedup();
    assert!(engines.len() > 1, "in closed form and on a backend");
    for (point, row) in rows.iter().enumerate() {
        let point = point.to_string();
        let args = ["run", "--config", "s/sweep.toml", "--index", &point, "--json"];
        let end =
            folder.run(&[&args[..], &["--backend", backend]].concat()).ok().json().pop().unwrap();
        for name in ["baseline", "explained", "accuracy"] {
            let Field::Double(found) = field(row, name) else { panic!("{name} of {point}") };
            let expected = end["outcome"][name].as_f64().unwrap();
            assert!((found - expected).abs() < 2e-3, "{name} of {point}: {found}, {expected}");
        }
    }
}
