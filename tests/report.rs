//! `constinit report` on folders of real runs.

use crate::program::config::two_layers_on_iris;
use crate::program::{Folder, backends};

fn ran() -> Folder {
    let folder = Folder::new();
    let config = two_layers_on_iris().steps(30).loss("cross_entropy");
    folder.write_config("run.toml", config.optimizer("type = \"adam\", learning_rate = 0.01"));
    let args = ["run", "--config", "run.toml", "--out", "run", "--backend", backends()[0]];
    folder.run(&args).ok();
    folder
}

#[test]
fn a_page_of_a_real_run() {
    let folder = ran();
    let ran = folder.run(&["report", "run"]).ok();
    assert_eq!(ran.stdout, "run/report.html\n");
    let page = std::fs::read_to_string(folder.join("run/report.html")).unwrap();
    for part in [
        "<h1><span class=\"of\">constinit, report of a run</span>run</h1>",
        "<dd>4 – 5 – 3 – 3</dd>",
        "<dd>adam, rate 0.01</dd>",
        constinit_records::UNIT_VALUE,
        "id=\"units-hidden1\"",
        "id=\"units-hidden2\"",
        "All 31 readings",
        "gradients of units that were equal at the start agree",
        "activation = &quot;tanh&quot;",
        concat!("constinit ", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(page.contains(part), "no {part:?} in the page");
    }
    // A run with a page continues, and ends in the same way.
    folder.run(&["run", "--resume", "run"]).ok();

    folder.run(&["report", "run"]).refused(2, "run/report.html: already exists; --force");
    folder.run(&["report", "run", "--force"]).ok();
    folder.run(&["report", "run", "--out", "new/page.html"]).ok();
    assert_eq!(std::fs::read_to_string(folder.join("new/page.html")).unwrap(), page);
}

#[test]
fn figures_by_themselves() {
    let folder = ran();
    let ran = folder.run(&["report", "run", "--format", "svg"]).ok();
    let names: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(
        names,
        ["units-hidden1", "units-hidden2", "loss", "classes"]
            .map(|name| format!("run/figures/{name}.svg"))
    );
    let wrong = folder.run(&["report", "run", "--format", "svg", "--figure", "los"]);
    wrong.refused(2, "no figure los; the figures are: units-hidden1, units-hidden2, loss, classes");
    folder.run(&["report", "run", "--figure", "loss"]).refused(2, "a page has all figures");
}

#[test]
fn figures_as_pixels_need_the_feature() {
    let folder = ran();
    let args = ["report", "run", "--format", "png", "--figure", "loss", "--out", "loss.png"];
    let ran = folder.run(&args);
    if cfg!(feature = "png") {
        ran.ok();
        assert!(std::fs::read(folder.join("loss.png")).unwrap().starts_with(b"\x89PNG"));
    } else {
        ran.refused(2, "built without PNG; build it with `--features png`, or use --format svg");
        assert!(!folder.join("loss.png").exists());
    }
}

#[test]
fn what_a_report_is_made_of_is_never_replaced() {
    let folder = ran();
    let before = std::fs::read(folder.join("run/readings.jsonl")).unwrap();
    for own in [
        "run/readings.jsonl",
        "run/../run/config.toml",
        "run/parts/x.html",
        "run/none/../readings.jsonl",
        "run/checkpoints/step-000000000030.ckpt",
        "run/sweep.lock",
    ] {
        let args = ["report", "run", "--force", "--out", own];
        folder.run(&args).refused(2, "which is never overwritten");
    }
    assert_eq!(std::fs::read(folder.join("run/readings.jsonl")).unwrap(), before);
    assert!(!folder.join("run/parts").exists());
    // A name whose ending contradicts the content.
    let png = ["report", "run", "--format", "png", "--figure", "loss", "--out", "b.svg"];
    folder
        .run(&png)
        .refused(2, "--out b.svg: the name does not fit --format png; use --format svg");
    folder
        .run(&["report", "run", "--out", "b.PNG"])
        .refused(2, "does not fit --format html; use --format png");
    let jpg = ["report", "run", "--format", "png", "--figure", "loss", "--out", "b.jpg"];
    folder.run(&jpg).refused(2, "does not fit --format png; use --format png, or another name");
    assert!(!folder.join("b.svg").exists());
}

#[test]
fn what_is_no_run_is_refused_in_words() {
    let folder = ran();
    folder.run(&["report", "nowhere"]).refused(2, "nowhere: No such file");
    std::fs::create_dir(folder.join("empty")).unwrap();
    folder
        .run(&["report", "empty"])
        .refused(2, "empty: not the folder of a run: it has no config.toml");
    let readings = std::fs::read_to_string(folder.join("run/readings.jsonl")).unwrap();
    let mut lines: Vec<&str> = readings.lines().collect();
    lines[4] = "{}";
    folder.write("run/readings.jsonl", &(lines.join("\n") + "\n"));
    folder.run(&["report", "run"]).refused(2, "run/readings.jsonl, line 5: missing field `event`");
    assert!(!folder.join("run/report.html").exists());
}
