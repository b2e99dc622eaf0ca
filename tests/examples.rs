//! Every example runs and says what its text promises.

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
    assert!(text.starts_with("hidden1: 16 units are 1. SGD, SGD with momentum, Adam"), "{text}");
    assert!(text.contains("step   0: 16 units are 1, spread 0.0e0"), "{text}");
    assert!(text.contains("step 100: "), "{text}");
}

#[test]
fn cnn() {
    let text = example("cnn");
    assert!(text.starts_with("conv1: 16 units\nconv2: 8 units\n"), "{text}");
    // Alike on the way in, told apart by what the second convolution does with them.
    assert!(text.contains("effective widths: [16, 8]"), "{text}");
    assert!(text.contains("channels that compute the same: [Some(1), Some(8)]"), "{text}");
}

#[test]
#[cfg(feature = "ndarray")]
fn learner() {
    let text = example("learner");
    assert!(text.contains("hidden: 32 units are 1. SGD, "), "{text}");
    let right = |units: &str| -> usize {
        let line = text.lines().find(|line| line.contains(units)).expect("such a line");
        line.rsplit("; ").next().unwrap().split(' ').next().unwrap().parse().unwrap()
    };
    let (one, all) = (right("32 units are 1;"), right("32 units are 32;"));
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
