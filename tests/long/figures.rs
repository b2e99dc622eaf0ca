//! The figures of README and guide: the comparison of `docs/figures/starts.toml`, eight units from a constant and from
//! a random start; the runs of `held.toml` and `broken.toml`, six hidden units, three distinct at the start, without
//! dropout and with dropout from step 61 on; and the phase diagram of `phase.toml`.
//!
//! `scripts/figures` runs these tests to draw docs/figures again.
#![cfg(feature = "ndarray")]

use crate::program::Folder;
use std::path::Path;

#[test]
fn the_starts_of_the_readme_are_those_of_a_comparison() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/figures");
    let folder = Folder::new();
    let config = docs.join("starts.toml");
    let compare = ["compare", "--config", config.to_str().unwrap(), "--backend", "ndarray"];
    let starts = ["--start", "constant", "--start", "random", "--out", "starts"];
    folder.run(&[&compare[..], &starts].concat()).ok();
    folder.run(&["report", "starts", "--format", "svg"]).ok();
    for (figure, name, lines) in [
        ("units-1-hidden1", "starts-constant", 1),
        ("units-2-hidden1", "starts-random", 8),
        // Five seeds of the random start, the constant one, and the baseline.
        ("loss", "starts-loss", 7),
    ] {
        let drawn = folder.join(&format!("starts/figures/{figure}.svg"));
        let drawn = std::fs::read_to_string(drawn).unwrap();
        let path = docs.join(format!("{name}.svg"));
        if std::env::var_os("CONSTINIT_DRAW").is_some() {
            std::fs::write(&path, &drawn).unwrap();
        }
        for svg in [drawn, std::fs::read_to_string(&path).unwrap()] {
            assert_eq!(svg.matches("class=\"line trace").count(), lines, "{name}");
        }
    }
}

#[test]
fn trajectories_are_what_happens() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/figures");
    for (name, lines, mark) in [("held", 3, None), ("broken", 9, Some(" diverge, step 61</text>"))]
    {
        let folder = Folder::new();
        let config = docs.join(format!("{name}.toml"));
        let run = ["run", "--config", config.to_str().unwrap(), "--backend", "ndarray"];
        folder.run(&[&run[..], &["--out", "run"]].concat()).ok();
        folder.run(&["report", "run", "--format", "svg", "--figure", "units-hidden1"]).ok();
        let drawn = std::fs::read_to_string(folder.join("run/figures/units-hidden1.svg")).unwrap();
        let path = docs.join(format!("{name}.svg"));
        if std::env::var_os("CONSTINIT_DRAW").is_some() {
            std::fs::write(&path, &drawn).unwrap();
        }
        // Three classes until step 61, then six. On other machines, numbers may differ in their last digits, and lines
        // by a pixel.
        for svg in [drawn, std::fs::read_to_string(&path).unwrap()] {
            assert_eq!(svg.matches("class=\"line trace").count(), lines, "{name}");
            assert_eq!(
                svg.matches("class=\"alarm\"").count(),
                usize::from(mark.is_some()),
                "{name}"
            );
            assert!(mark.is_none_or(|mark| svg.contains(mark)), "{name}");
        }
    }
}

#[test]
fn the_phase_diagram_is_that_of_its_sweep() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/figures");
    let config = docs.join("phase.toml");
    let folder = Folder::new();
    folder.run(&["sweep", "--config", config.to_str().unwrap(), "--out", "sweep"]).ok();
    folder.run(&["report", "sweep", "--format", "svg", "--figure", "phase-final-loss"]).ok();
    let drawn = folder.join("sweep/figures/phase-final-loss.svg");
    let drawn = std::fs::read_to_string(drawn).unwrap();
    if std::env::var_os("CONSTINIT_DRAW").is_some() {
        std::fs::write(docs.join("phase.svg"), &drawn).unwrap();
    }
    let kept = std::fs::read_to_string(docs.join("phase.svg")).unwrap();
    // A number that differs in its last digits may have the next colour. Chaotic runs differ in all digits.
    let size = |svg: &str| svg.len() as f64;
    assert!(size(&kept) > 10_000.0 && (size(&drawn) / size(&kept) - 1.0).abs() < 0.05);
    for label in ["model.init_w", "learning_rate"] {
        assert!(drawn.contains(label) && kept.contains(label), "{label}");
    }
}
