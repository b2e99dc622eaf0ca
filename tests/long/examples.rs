//! Every example runs and prints what the documentation says.

use crate::program::backends;
use std::path::Path;
use std::process::Command;

fn example(name: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_constinit"));
    let path = program.with_file_name("examples").join(name);
    let output = Command::new(&path).output().unwrap_or_else(|error| {
        panic!("{}: {error}; `cargo test` and `cargo build --examples` build it", path.display())
    });
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn quickstart() {
    let text = example("quickstart");
    assert!(text.contains("P1 to P4 held at every step, bit for bit: true"), "{text}");
    assert!(text.contains("the 2 hidden units were one unit at every step: true"), "{text}");
}

#[test]
fn embed() {
    let text = example("embed");
    let apart = |start: &str| -> f64 {
        let line = text.lines().find(|line| line.starts_with(start)).expect("such a line");
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert!(apart("encoder's outputs") > 0.01, "{text}");
    assert!(apart("encoder's 6 hidden units") < 1e-5, "{text}");
}

#[test]
fn custom_loop() {
    let text = example("custom_loop");
    assert!(
        text.starts_with("hidden1: 16 units, 1 distinct. SGD, SGD with momentum, Adam"),
        "{text}"
    );
    assert!(text.contains("step   0: 16 units, 1 distinct, spread 0"), "{text}");
    assert!(text.contains("step 100: "), "{text}");
}

#[test]
fn cnn() {
    let text = example("cnn");
    assert!(text.starts_with("conv1: 16 units\nconv2: 8 units\n"), "{text}");
    // Their incoming weights are equal, but the second convolution distinguishes them.
    assert!(text.contains("effective widths: [16, 8]"), "{text}");
    assert!(text.contains("channels that compute the same: [Some(1), Some(8)]"), "{text}");
}

#[test]
#[cfg(feature = "ndarray")]
fn learner() {
    let text = example("learner");
    assert!(text.contains("hidden: 32 units, 1 distinct. SGD, "), "{text}");
    let right = |units: &str| -> usize {
        let line = text.lines().find(|line| line.contains(units)).expect("such a line");
        line.rsplit("; ").next().unwrap().split(' ').next().unwrap().parse().unwrap()
    };
    let (one, all) = (right("32 units, 1 distinct;"), right("32 units, 32 distinct;"));
    assert!(one < 900 && all > 1600, "{one} {all}");
}

#[test]
fn examples_are_short_enough_to_copy() {
    for entry in std::fs::read_dir("examples").unwrap() {
        let path = entry.unwrap().path();
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines < 80, "{}: {lines} lines", path.display());
    }
    assert!(std::fs::read_to_string("examples/quickstart.rs").unwrap().lines().count() < 60);
}

/// The numbers in the rest of the line with this start.
#[cfg(feature = "ndarray")]
fn numbers(text: &str, start: &str) -> Vec<f64> {
    let line = text.lines().find(|line| line.starts_with(start)).expect("such a line");
    line[start.len()..].split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

/// Whether `docs/experiments.md` shows these lines. Floats may differ in their last digits on other machines, so the
/// tests compare only robust parts exactly.
#[cfg(feature = "ndarray")]
fn is_shown(line: &str) -> bool {
    include_str!("../../docs/experiments.md").contains(line)
}

#[test]
#[cfg(feature = "ndarray")]
fn zero_rank() {
    let text = example("zero_rank");
    assert!(text.lines().all(|line| is_shown(&line[..24])), "{text}");
    let rank = |start: &str| numbers(&text, start)[0];
    assert!(rank("partial identity  rank") <= 64.0, "{text}");
    assert!(rank("Hadamard (ZerO)   rank") > 64.0, "{text}");
    assert!(rank("random            rank") > 64.0, "{text}");
}

#[test]
#[cfg(feature = "ndarray")]
fn all_zero() {
    let text = example("all_zero");
    for activation in ["Relu", "Tanh"] {
        let line = text.lines().find(|line| line.starts_with(activation)).expect("such a line");
        assert!(line.contains("loss 2.30258") && line.ends_with("moved: layers.1.bias"), "{text}");
        assert!(is_shown(&line[..30]), "{text}");
    }
    // A sigmoid of zero is one half, which gives the outgoing weights a gradient.
    assert!(
        text.lines().any(|l| l.starts_with("Sigmoid") && l.contains("layers.1.weight")),
        "{text}"
    );
}

#[test]
#[cfg(feature = "ndarray")]
fn dropout() {
    let text = example("dropout");
    let units = |start: &str| {
        let after = text.split_once(start).expect("such a line").1.lines().nth(1);
        after.and_then(|line| line.rsplit(' ').nth(1)).expect("a number").parse::<usize>().unwrap()
    };
    assert_eq!(units("dropout 0:"), 1, "{text}");
    assert_eq!((units("dropout 0.5:"), units("dropout 0.01:")), (8, 8), "{text}");
    assert!(is_shown(text.lines().next().unwrap()), "{text}");
    // Units stay equal, but the four weights of a unit do not.
    let columns = text.lines().find(|line| line.contains("weights of unit 0")).unwrap();
    let columns: std::collections::HashSet<&str> =
        columns.split(['[', ']']).nth(1).unwrap().split(", ").collect();
    assert_eq!(columns.len(), 4, "{text}");
    assert!(
        text.contains("Suspected cause: dropout, which was expected to break the symmetry."),
        "{text}"
    );
}

#[test]
#[cfg(feature = "ndarray")]
fn constants() {
    let text = example("constants");
    let loss = |activation: &str, column: usize| numbers(&text, activation)[column];
    assert!(
        (loss("Relu", 0) - 3.0_f64.ln()).abs() < 1e-3,
        "negative constants leave ReLU dead: {text}"
    );
    assert!(loss("Relu", 4) < 0.5 && loss("Relu", 6) < 0.1, "{text}");
    for activation in ["Relu", "Tanh", "Gelu", "Identity"] {
        assert!((loss(activation, 2) - 3.0_f64.ln()).abs() < 1e-3, "zeros learn nothing: {text}");
    }
}

#[test]
fn net2net() {
    let text = example("net2net");
    for backend in backends() {
        assert!(
            text.contains(&format!("{backend}: hidden1: 16 -> 32 units; 1210 -> 2410 parameters")),
            "{text}"
        );
        for rule in ["SGD", "Adam"] {
            let start = format!("{backend}: 150 steps of {rule}: 32 units, 16 distinct");
            let line = text
                .lines()
                .find(|line| line.starts_with(&start))
                .unwrap_or_else(|| panic!("{text}"));
            assert!(line.ends_with("none diverged"), "{text}");
        }
    }
}

#[test]
#[cfg(feature = "ndarray")]
fn needed_units() {
    let text = example("needed_units");
    for activation in ["tanh", "relu"] {
        let of = |start: &str, penalty: &str| {
            let line = format!("{activation:10}  {start:8}  {penalty:8}");
            // Correct digits, units, distinct units, needed units.
            numbers(&text, &line)
        };
        assert_eq!(of("constant", "none")[2..4], [1.0, 1.0], "{text}");
        assert_eq!(of("random", "none")[2..4], [32.0, 32.0], "{text}");
        assert_eq!(of("random", "L2 0.001")[2..4], [32.0, 32.0], "{text}");
        let strong = of("random", "L1 0.01");
        assert!(strong[3] < 32.0 && strong[0] > 1200.0, "{text}");
    }
}

#[test]
#[cfg(feature = "ndarray")]
fn break_or_noise() {
    let text = example("break_or_noise");
    let loss = |start: &str| -> f64 {
        let line = text.lines().find(|line| line.starts_with(start)).expect("such a line");
        let rest = line.split_once("loss ").expect("a loss").1;
        rest.split(',').next().and_then(|number| number.parse().ok()).expect("a number")
    };
    for scale in ["0.01", "0.1", "1"] {
        let broken = loss(&format!("broken, scale {scale} "));
        assert!((broken - loss("16 units")).abs() < 1e-3, "the function is kept: {text}");
        assert!(loss(&format!("noise, scale {scale} ")) > broken, "{text}");
    }
}

#[test]
#[cfg(feature = "ndarray")]
fn worth_one() {
    let text = example("worth_one");
    assert!(text.starts_with("hidden1: 512 -> 1 units; 38410 -> 85 parameters\n"), "{text}");
    let right = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).expect("such a line");
        line.split_whitespace().nth(1).expect("a number").to_owned()
    };
    assert_eq!(right("trained"), right("merged"), "{text}");
}

#[test]
#[cfg(feature = "ndarray")]
fn clones() {
    let text = example("clones");
    for line in text.lines().skip(1) {
        let words: Vec<&str> = line.split_whitespace().rev().take(4).collect();
        let [sums_promise, sums, twins_promise, twins] = words[..] else { panic!("{line}") };
        let [twins, sums]: [f64; 2] = [twins, sums].map(|number| number.parse().expect("a number"));
        assert!(twins == 0.0 && twins_promise == "kept", "{text}");
        let broken = line.starts_with("Adam, L2");
        assert_eq!(sums_promise, if broken { "broken" } else { "kept" }, "{text}");
        assert!(if broken { sums > 1e-3 } else { sums < 1e-12 }, "{text}");
    }
    assert_eq!(text.lines().count(), 6, "{text}");
}
