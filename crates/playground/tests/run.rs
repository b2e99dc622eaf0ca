//! Whole runs, natively: against `dynamics` step by step, and against the numbers that the notebook printed.

mod configurations;

use constinit_core::config::{Clipped, NOTEBOOK, RunConfig};
use constinit_playground::run;
use constinit_symmetry::dynamics::{DenseLayer, Perceptron, Training};
use serde_json::{Value, json};

fn ran(toml: &str) -> Value {
    let found: Value = serde_json::from_str(&run(toml)).unwrap();
    assert_eq!(found.get("error"), None, "{toml}");
    found
}

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        number => vec![number.as_f64().unwrap()],
    }
}

/// The network of a reading.
fn network(reading: &Value, dims: &[usize]) -> Perceptron<f64> {
    let of = |layer: usize, name: &str| reading["parameters"].get(format!("linear{layer}.{name}"));
    let layer = |layer: usize| DenseLayer {
        weight: numbers(of(layer, "weight").unwrap()),
        bias: of(layer, "bias").map(numbers),
    };
    Perceptron::new(dims, (1..dims.len()).map(layer).collect()).unwrap()
}

#[test]
fn a_run_is_what_dynamics_computes_step_by_step() {
    let mut compared = 0;
    for text in configurations::all() {
        let config = RunConfig::parse(&text, "run.toml").unwrap();
        let found = ran(&text);
        let data = &config.data;
        let whole =
            data.batch_size.is_none() && data.shift_per_step == 0.0 && data.dataset.is_none();
        let plain = config.breaks.is_empty() && config.model.dropout.is_none();
        if !whole || !plain || config.probe.every != 1 {
            continue;
        }
        compared += 1;
        let source = |key: &str| numbers(&serde_json::to_value(data).unwrap()[key]);
        let (inputs, targets) = (source("inputs"), source("targets"));
        let start = network(&found["readings"][0], &config.model.layer_dims);
        let rule = Clipped::new(&config.training, &start).unwrap();
        let mut training =
            Training::new(start, config.model.activation, config.training.loss, rule);
        for step in 0..config.training.steps {
            let loss = training.step(&inputs, &targets).unwrap();
            assert_eq!(found["losses"][step].as_f64(), Some(loss), "step {step} of {text}");
            let after = network(&found["readings"][step + 1], &config.model.layer_dims);
            assert_eq!(&after, training.network(), "step {step} of {text}");
        }
    }
    assert!(compared >= 10, "{compared}");
}

#[test]
fn the_notebook_s_printed_numbers_come_out() {
    let found = ran(NOTEBOOK);
    let after = |step: usize| &found["readings"][step]["parameters"];
    let close = |value: &Value, printed: f64| {
        assert!(
            numbers(value).iter().all(|x| (x - printed).abs() <= 0.5001e-4),
            "{value} {printed}"
        );
    };
    for (step, row, bias, weight, last) in [
        (1, [-0.2417, 1.4247, 1.4839], -0.5802, -0.8702, 0.2362),
        (2, [-2.0083, -1.1648, -0.1156], -1.8569, 0.5360, 0.6030),
    ] {
        let found = after(step);
        for (input, printed) in row.into_iter().enumerate() {
            close(
                &json!([found["linear1.weight"][0][input], found["linear1.weight"][1][input]]),
                printed,
            );
        }
        close(&found["linear1.bias"], bias);
        close(&found["linear2.weight"], weight);
        close(&found["linear2.bias"], last);
    }
    assert_eq!(found["verdict"], "held");
    let sentences = serde_json::to_string(&found["sentences"]).unwrap();
    assert!(
        sentences.contains(
            "hidden1: 2 units, 1 distinct after every one of 50 steps on the closed form, bit for bit."
        ),
        "{sentences}"
    );
    assert!(
        sentences.contains("Held at every reading, bit for bit: P1, P2, P3, P4."),
        "{sentences}"
    );
    assert_eq!(
        found["remarks"],
        json!(["[expected] was not compared: `constinit run` compares it"])
    );
}

#[test]
fn what_breaks_symmetry_is_named_as_the_cause() {
    let all = configurations::all();
    let noise = ran(&all[14]);
    assert_eq!((&noise["verdict"], &noise["first_break"]["step"]), (&json!("broken"), &json!(9)));
    let cause = noise["first_break"]["cause"].as_str().unwrap();
    assert!(cause.contains("noise"), "{cause}");
    let dropout = ran(&all[16]);
    let cause = dropout["first_break"]["cause"].as_str().unwrap();
    assert!(cause.contains("dropout"), "{cause}");
    assert_eq!(dropout["readings"][3]["spaces"][0]["twins"], 1);
    assert_ne!(dropout["readings"][4]["spaces"][0]["twins"], 1);
    let zero_sum = ran(&all[15]);
    let spaces = |step: usize| &zero_sum["readings"][step]["spaces"];
    assert_eq!((&spaces(4)[1]["twins"], &spaces(5)[1]["twins"]), (&json!(1), &json!(3)));
}

#[test]
fn what_cannot_be_run_is_refused_in_words() {
    let base = "[model]\nlayer_dims = [1, 2, 1]\n[data]\ninputs = [[1]]\ntargets = [[2]]\n";
    for (text, expected) in [
        (base.replace("[[1]]", "\"x.csv\""), "data.inputs = \"x.csv\": a page reads no files"),
        (base.replace("[1, 2, 1]", "[1, 2, 3]"), "data.targets has 1 columns"),
        (base.replace("inputs", "input"), "did you mean `inputs`?"),
        (
            format!("{base}[training]\noptimizer = {{ type = \"adan\" }}\n"),
            "training.optimizer: Adan has no closed form here; `constinit run` trains with it",
        ),
        (
            format!("{base}[training]\noptimizer = {{ type = \"muon\" }}\n"),
            "Muon has no closed form here",
        ),
        (
            format!("{base}[[init]]\ninit = {{ type = \"file\", path = \"w.safetensors\", tensor = \"w\" }}\n"),
            "[[init]]: rule 1: a page reads no files",
        ),
        (format!("{base}[training]\nsteps = -1\n"), "invalid value: integer `-1`"),
        (
            "[model]\nlayer_dims = [64, 500, 10]\n[data]\ndataset = \"digits\"\n[training]\nsteps = 9999\n"
                .to_owned(),
            "readings of 37510 parameters are more than the answer can hold; read less often",
        ),
        ("nonsense".to_owned(), "TOML parse error"),
        (String::new(), "missing field `model`"),
    ] {
        let found: Value = serde_json::from_str(&run(&text)).unwrap();
        let error = found["error"].as_str().unwrap_or_else(|| panic!("{text} was run"));
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_run_that_diverges_says_so() {
    let text = "[model]\nlayer_dims = [1, 2, 1]\nactivation = \"identity\"\n[data]\ninputs = [[1e10]]\ntargets = [[2]]\n\
                [training]\noptimizer = { type = \"sgd\", learning_rate = 1e30 }\n";
    let found = ran(text);
    assert_eq!(found["ended"], "diverged");
    assert!(found["reason"].as_str().unwrap().starts_with("the loss of step "), "{found}");
    assert!(found["sentences"][0].as_str().unwrap().starts_with("The run diverged: "), "{found}");
}
