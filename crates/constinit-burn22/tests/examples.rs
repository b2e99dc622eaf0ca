//! Every example runs and says what its text promises.

use std::process::Command;

fn example(name: &str) -> String {
    // Next to this test's folder: `cargo test` builds them there.
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().with_file_name("examples").join(format!("burn22_{name}"));
    let output = Command::new(&path).output().unwrap_or_else(|error| {
        panic!("{}: {error}; `cargo test` and `cargo build --examples` build it", path.display())
    });
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn quickstart() {
    let text = example("quickstart");
    assert!(text.starts_with("linear1.weight [2, 3]\n  [[0.1000, 1.1000, 2.1000]"), "{text}");
    assert!(text.contains("after 50 steps: 2 units, 1 distinct"), "{text}");
    assert!(text.contains("after 50 steps: 6 units, 3 distinct"), "{text}");
}

#[test]
fn custom_loop() {
    let text = example("custom_loop");
    assert!(text.contains("dropout 0, step 20: 512 units, 1 distinct"), "{text}");
    assert!(text.contains("but dropout will break the symmetry."), "{text}");
    assert!(text.contains("hidden: at step 1, units"), "{text}");
    assert!(text.contains("dropout 0.1, step 20: 512 units, 512 distinct"), "{text}");
}

#[test]
#[cfg(feature = "learner")]
fn learner() {
    let text = example("learner");
    let right = |units: &str| -> usize {
        let line = text.lines().find(|line| line.contains(units)).expect("such a line");
        line.rsplit("; ").next().unwrap().split(' ').next().unwrap().parse().unwrap()
    };
    let (constant, random) = (right("32 units, 1 distinct;"), right("32 units, 32 distinct;"));
    assert!(constant < 700 && random > 1400, "{constant} and {random} of 1797 digits");
}
