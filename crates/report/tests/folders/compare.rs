//! Folders of comparisons, made by hand.
#![allow(dead_code, reason = "each test binary uses a part of this")]

use constinit_report::ComparedStarts;
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;

/// A folder that a test writes.
pub struct CompareFolder(TempDir);

/// Four units of one layer: from a constant start that they never leave, and from two random seeds; 20 steps.
pub fn events() -> Vec<Value> {
    let start = |name: &str, meaning: &str, seeds: usize| json!({"start": name, "meaning": meaning, "seeds": seeds, "config": {}});
    let ramp = start("ramp", "1, 2, ... along the inputs", 1);
    let random = start("random", "uniform within 1/sqrt(fan-in); 2 seeds", 2);
    let first = json!({
        "event": "start", "schema": 1, "version": "9.8.7", "target": "x86_64-linux", "backend": "ndarray", "float": "f32",
        "quotient": false, "starts": [ramp, random],
    });
    vec![
        first,
        run("ramp", 0, 1.0, 1),
        compared("ramp", 1, 1.0, 1),
        run("random", 0, 0.1, 4),
        run("random", 1, 0.3, 4),
        compared("random", 2, 0.2, 4),
    ]
}

/// A run with a loss from 2 to `end`; the first run of a start has states.
fn run(start: &str, seed: u64, end: f64, twins: usize) -> Value {
    let losses: Vec<(usize, f64)> =
        (1..=20).map(|step| (step, end + (2.0 - end) / step as f64)).collect();
    let state = |step: usize| {
        let at = step as f64 / 20.0;
        let space = if twins == 1 {
            json!({"name": "hidden1", "classes": [0, 0, 0, 0], "values": [at]})
        } else {
            json!({"name": "hidden1", "values": [at, -at, 2.0 * at, -2.0 * at]})
        };
        json!({"step": step, "spaces": [space]})
    };
    let states: Vec<Value> = if seed == 0 { (0..=20).map(state).collect() } else { Vec::new() };
    let space =
        json!({"name": "hidden1", "units": 4, "twins_start": twins, "twins_end": twins, "dead": 0});
    json!({
        "event": "run", "start": start, "seed": seed, "step": 20, "ended": "finished", "reason": null, "quotient": null,
        "losses": losses, "states": states, "spaces": [space],
        "outcome": {"loss": end, "baseline": 1.0, "explained": 1.0 - end, "accuracy": null, "majority": null},
    })
}

fn compared(start: &str, seeds: usize, loss: f64, twins: usize) -> Value {
    let range = if seeds > 1 { json!([loss - 0.1, loss + 0.1]) } else { json!([loss, loss]) };
    let space = json!({
        "name": "hidden1", "units": 4, "twins_start": twins, "twins_end": twins, "dead": 0,
        "range": {"twins_start": [twins, twins], "twins_end": [twins, twins], "dead": [0, 0]},
    });
    json!({
        "event": "compared", "schema": 1, "start": start, "seeds": seeds, "first_seed": 0, "diverged": 0, "full": null,
        "spaces": [space],
        "outcome": {
            "loss": loss, "baseline": 1.0, "explained": 1.0 - loss, "accuracy": null, "majority": null,
            "range": {"loss": range, "baseline": [1.0, 1.0], "explained": null, "accuracy": null, "majority": null},
        },
    })
}

impl CompareFolder {
    pub fn of(events: &[Value]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        std::fs::write(folder.path().join("config.toml"), "[model]\nlayer_dims = [2, 4, 1]\n")
            .expect("a file");
        let found = Self(folder);
        found.write(&events.iter().map(|event| format!("{event}\n")).collect::<String>());
        found
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, text: &str) {
        std::fs::write(self.path().join("compare.jsonl"), text).expect("a file");
    }

    pub fn comparison(&self) -> ComparedStarts {
        ComparedStarts::read(self.path()).expect("a comparison's folder")
    }

    /// The error without the folder's name.
    pub fn refused(&self) -> String {
        let error = ComparedStarts::read(self.path())
            .expect_err("a folder that cannot be read")
            .to_string();
        error.replace(&self.path().display().to_string(), "DIR")
    }
}
