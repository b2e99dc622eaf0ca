//! Folders of runs, made by hand.
#![allow(dead_code, reason = "each test binary uses a part of this")]

use constinit_report::Run;
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;

/// A folder that a test writes.
pub struct Folder(TempDir);

/// What to write: a layer of `units` units that were equal until step `parts`, if they diverge.
#[derive(Clone, Copy)]
pub struct Kind {
    pub steps: usize,
    pub units: usize,
    pub parts: Option<usize>,
    pub ended: bool,
}

impl Folder {
    pub fn empty() -> Self {
        Self(TempDir::new().expect("a temporary folder"))
    }

    pub fn of(kind: Kind) -> Self {
        let folder = Self::empty();
        folder.write("config.toml", "[model]\nlayer_dims = [4, 7, 3]\n");
        folder.write("readings.jsonl", &lines(&readings(kind)));
        folder.write("units.jsonl", &lines(&units(kind)));
        folder
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).expect("a file in a temporary folder");
    }

    pub fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).expect("a file that was written")
    }

    pub fn run(&self) -> Run {
        Run::read(self.path()).expect("a run's folder")
    }

    /// The error without the folder's name.
    pub fn refused(&self) -> String {
        let error = Run::read(self.path()).expect_err("a folder that cannot be read").to_string();
        error.replace(&self.path().display().to_string(), "DIR")
    }
}

pub fn lines(objects: &[Value]) -> String {
    objects.iter().map(|object| format!("{object}\n")).collect()
}

pub fn start() -> Value {
    let optimizer = json!({"type": "sgd", "learning_rate": 0.1});
    json!({
        "event": "start", "schema": 1, "version": "9.8.7", "target": "x86_64-linux", "backend": "ndarray", "float": "f32",
        "config": {"model": {"layer_dims": [4, 7, 3], "activation": "tanh"}, "training": {"optimizer": optimizer}},
    })
}

/// The spread after some steps: from rounding on, it grows by a tenth per step.
fn apart(kind: Kind, step: usize) -> f64 {
    match kind.parts {
        Some(parts) if step >= parts => (6e-8 * 1.1f64.powi((step - parts) as i32)).min(0.5),
        _ => 0.0,
    }
}

fn readings(kind: Kind) -> Vec<Value> {
    let mut all = vec![start()];
    for step in 0..=kind.steps {
        let spread = apart(kind, step);
        let twins = if spread > 0.0 { kind.units } else { 1 };
        let loss = if step == 0 { Value::Null } else { json!(2.0 / step as f64) };
        let mut space = json!({
            "name": "hidden1", "units": kind.units, "twins": twins, "equitable": twins, "forward": twins,
            "spread": spread, "ulps": u64::from(spread > 0.0), "no_incoming": 0, "no_outgoing": 0,
        });
        if kind.parts.is_none_or(|parts| step < parts) && step > 0 {
            space["gradients_agree"] = json!(true);
        }
        let property = json!({"holds": spread == 0.0, "deviation": spread, "ulps": 0});
        let mut reading = json!({
            "event": "reading", "step": step, "loss": loss, "spaces": [space],
            "properties": {"P1": property, "P2": property, "P3": null, "P4": null},
        });
        if step == 0 {
            reading["certificate"] = json!(["hidden1: some units are 1."]);
        }
        all.push(reading);
    }
    if kind.ended {
        let broken = kind.parts.map(|step| {
            json!({
                "step": step, "since": step - 1, "space": "hidden1", "units": [0, 2], "parameter": "linear2.weight",
                "entries": [[0, 0], [0, 2]], "difference": 6e-8, "ulps": 1, "gradients_agreed": false,
                "cause": "by exclusion: rounding", "rounding": true,
            })
        });
        let verdict = if broken.is_some() { "broken" } else { "held" };
        all.push(json!({
            "event": "end", "step": kind.steps, "verdict": verdict, "first_break": broken, "ended": "finished",
            "reason": null,
        }));
    }
    all
}

fn units(kind: Kind) -> Vec<Value> {
    let mut all =
        vec![json!({"event": "start", "schema": 1, "value": "the mean of its parameters"})];
    let every = kind.steps.div_ceil(512).max(1);
    for step in (0..=kind.steps).filter(|s| s % every == 0 || Some(*s) == kind.parts) {
        let apart = apart(kind, step);
        let center = 1.0 - step as f64 / kind.steps.max(1) as f64;
        let space = if apart > 0.0 {
            let values: Vec<f64> =
                (0..kind.units).map(|unit| center + apart * (unit as f64 - 2.0)).collect();
            json!({"name": "hidden1", "values": values})
        } else {
            json!({"name": "hidden1", "classes": vec![0; kind.units], "values": [center]})
        };
        all.push(json!({"event": "units", "step": step, "spaces": [space]}));
    }
    all
}

/// A forecast for `hidden1` after a step; `changes` replaces some of its values.
pub fn forecast(step: usize, changes: &Value) -> Value {
    let mut space = json!({
        "name": "hidden1", "units": 7, "pair": [0, 2], "outlook": "together", "curvature": -1.0, "factor": 1.1,
        "rate": 0.0953, "e_fold_steps": 10.5, "escape_steps": 100.0, "later_key": 1,
        "sentence": "unstable, e-fold every 10.5 steps, about 100 steps to escape",
    });
    for (key, value) in changes.as_object().into_iter().flatten() {
        space[key] = value.clone();
    }
    json!({"event": "forecast", "step": step, "learning_rate": 0.1, "spaces": [space], "later_key": 1})
}

impl Folder {
    /// The same folder with other values in the last line of the readings.
    pub fn with_end(self, changes: &Value) -> Self {
        let text = self.text("readings.jsonl");
        let (before, end) = text.trim_end().rsplit_once('\n').expect("several lines");
        let mut end: Value = serde_json::from_str(end).expect("a line of JSON");
        for (key, value) in changes.as_object().into_iter().flatten() {
            end[key] = value.clone();
        }
        self.write("readings.jsonl", &format!("{before}\n{end}\n"));
        self
    }

    /// Adds lines after the first reading.
    pub fn with_forecasts(self, forecasts: &[Value]) -> Self {
        let text = self.text("readings.jsonl");
        let mut all: Vec<String> = text.lines().map(|line| format!("{line}\n")).collect();
        all.insert(2, lines(forecasts));
        self.write("readings.jsonl", &all.concat());
        self
    }
}
