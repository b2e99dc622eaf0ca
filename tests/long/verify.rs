//! `constinit verify`: all statements hold on every backend that is compiled in, and programs can read the output.

use crate::program::{Folder, backends};
use constinit::train::OptimizerConfig;
use serde_json::Value;
use std::collections::HashSet;

#[test]
fn every_statement_holds_on_every_backend() {
    let folder = Folder::new();
    let args = ["verify", "--cases", "16", "--seed", "3", "--json", "--heat-map", "floats.svg"];
    let all: Value = serde_json::from_str(&folder.run(&args).ok().stdout).unwrap();
    assert_eq!((&all["schema"], &all["passed"]), (&1.into(), &true.into()));
    let sections = all["sections"].as_array().unwrap();
    let names: Vec<&str> = sections.iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["theorem", "exact", "hypotheses", "optimizers", "escape", "floats"]);
    for section in sections {
        let checks = section["checks"].as_array().unwrap();
        assert!(!checks.is_empty() && checks.iter().all(|check| check["passed"] == true));
        // Measurements of a machine's kernels are not statements.
        let information = checks.iter().filter(|check| check["information"] == true).count();
        if backends().contains(&"ndarray") {
            assert_eq!(information, if section["name"] == "floats" { checks.len() } else { 0 });
        }
    }
    let statements = |name: &str| -> Vec<&str> {
        let section = sections.iter().find(|section| section["name"] == name).unwrap();
        let checks = section["checks"].as_array().unwrap();
        checks.iter().map(|check| check["statement"].as_str().unwrap()).collect()
    };
    for backend in backends() {
        assert!(statements("theorem").iter().any(|s| s.starts_with(backend)), "{backend}");
        assert!(all["floats"].as_array().unwrap().iter().any(|cell| cell["backend"] == backend));
    }
    if backends().contains(&"ndarray") {
        // Every optimizer without and with decay, on twins and on units with equal sums, each under a separate name.
        let found = statements("optimizers");
        let different: HashSet<&str> = found.iter().copied().collect();
        assert_eq!(found.len(), 4 * OptimizerConfig::all().len());
        assert_eq!(different.len(), found.len());
    }
    let svg = std::fs::read_to_string(folder.join("floats.svg")).unwrap();
    let cells = all["floats"].as_array().unwrap().len();
    assert!(svg.matches("<rect").count() > cells, "a mark for each cell, and a legend");
}

#[test]
fn rows_have_marks_in_words_and_are_counted() {
    let text = Folder::new().run(&["verify", "--cases", "1"]).ok();
    assert_eq!(text.stderr, "", "no progress where nobody watches");
    let count = |mark: &str| text.stdout.lines().filter(|line| line.starts_with(mark)).count();
    let (pass, info) = (count("pass  "), count("info  "));
    assert!(pass > 20 && info >= 6, "{}", text.stdout);
    assert!(!text.stdout.contains('\r') && !text.stdout.contains('\u{1b}'), "{}", text.stdout);
    let last = format!("{pass} statements hold, {info} are information");
    assert_eq!(text.stdout.lines().last(), Some(last.as_str()));
    for property in ["P1", "P2", "P3", "P4"] {
        assert_eq!(count(&format!("{property}  ")), 1, "{}", text.stdout);
    }
}

#[test]
fn nothing_is_written_over() {
    let folder = Folder::new();
    folder.write("mine.svg", "mine");
    let args = ["verify", "--cases", "1", "--heat-map", "mine.svg"];
    folder.run(&args).refused(2, "mine.svg: already exists");
    assert_eq!(std::fs::read_to_string(folder.join("mine.svg")).unwrap(), "mine");
}

#[test]
fn numbers_out_of_range_are_refused() {
    let folder = Folder::new();
    for bad in ["0", "-1", "many", "100001"] {
        folder.run(&["verify", &format!("--cases={bad}")]).refused(2, "--cases");
    }
    folder.run(&["verify", "--seed=-1"]).refused(2, "--seed");
}
