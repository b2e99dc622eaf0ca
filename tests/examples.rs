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
fn examples_are_short_enough_to_copy() {
    for entry in std::fs::read_dir("examples").unwrap() {
        let path = entry.unwrap().path();
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines < 80, "{}: {lines} lines", path.display());
    }
    assert!(std::fs::read_to_string("examples/quickstart.rs").unwrap().lines().count() < 60);
}
