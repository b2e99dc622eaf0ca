//! What the report makes of a comparison's folder, in whatever state it is.

#[path = "folders/compare.rs"]
mod folders;

use constinit_report::{ComparedStarts, Figure};
use folders::{CompareFolder, events};
use serde_json::json;

fn figure(comparison: &ComparedStarts, name: &str) -> Figure {
    let figures = comparison.figures();
    let names: Vec<String> = figures.iter().map(|figure| figure.name.clone()).collect();
    let found = figures.into_iter().find(|figure| figure.name == name);
    found.unwrap_or_else(|| panic!("no {name} among {names:?}"))
}

#[test]
fn starts_are_overlaid_beside_their_baseline() {
    let comparison = CompareFolder::of(&events()).comparison();
    let loss = figure(&comparison, "loss");
    assert_eq!(
        loss.description,
        "The loss over steps. ramp: from 2 to 1.05; random: from 2 to 0.195 (2 runs, of the first); the best constant \
         answer: 1."
    );
    let svg = loss.to_svg();
    // Three runs and the baseline; a colour for each start.
    assert_eq!(svg.matches("class=\"line trace").count(), 4);
    assert_eq!(svg.matches("class=\"line trace g0 c6\"").count(), 1);
    assert_eq!(svg.matches("class=\"line trace g1 c1\"").count(), 2);
    for text in
        [">ramp</text>", ">random</text>", ">baseline</text>", "<title>random, seed 1</title>"]
    {
        assert!(svg.contains(text), "{text}");
    }
    // Units are one broad line, or four thin ones, in the colour of their start and on one axis.
    let [ramp, random] =
        ["units-1-hidden1", "units-2-hidden1"].map(|name| figure(&comparison, name).to_svg());
    assert_eq!(ramp.matches("class=\"line trace g0 c6\" stroke-width=\"3\"").count(), 1);
    assert_eq!(random.matches("class=\"line trace g0 c1\" stroke-width=\"2\"").count(), 4);
    let ticks = |svg: &str| -> Vec<String> {
        let texts = svg.split("text-anchor=\"end\">").skip(1);
        texts.map(|text| text.split('<').next().unwrap().to_owned()).collect()
    };
    assert_eq!(ticks(&ramp), ticks(&random));
}

#[test]
fn a_page_says_what_each_start_comes_to() {
    let page = CompareFolder::of(&events()).comparison().page();
    for words in [
        "One network from 2 starts: ramp, random; 3 runs.",
        "ramp: loss 1, within 1.0 % of the baseline; hidden1: 4 units act as one.",
        "random: loss 0.2 on average, 80.0 % below the baseline; hidden1: 4 units are all distinct.",
        "The baseline, the loss of the best constant answer, is 1.",
        "<th scope=\"row\">random</th><td>2</td><td>hidden1</td><td>4</td><td>4</td><td>4</td><td>0</td>\
         <td>0.2 (0.1 to 0.3)</td><td>80.0 %</td>",
        "1, 2, ... along the inputs",
        "layer_dims = [2, 4, 1]",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("accuracy"), "targets are no classes");
    assert!(
        !page.contains("http:") && !page.contains(" src=") && page.contains("default-src 'none'")
    );
}

#[test]
fn runs_that_diverge_leave_the_picture_and_are_told() {
    let mut all = events();
    all[1]["losses"] = json!([[1, 2.0], [2, 1e9], [3, null]]);
    all[1]["step"] = json!(3);
    all[1]["ended"] = json!("diverged");
    all[1]["outcome"] = json!(null);
    all[2]["diverged"] = json!(1);
    let comparison = CompareFolder::of(&all).comparison();
    let loss = figure(&comparison, "loss");
    assert_eq!(loss.notes, ["ramp leaves the figure at step 2."]);
    assert!(loss.to_svg().contains(">2.0</text>"), "the axis is that of the others");
    assert!(comparison.page().contains("ramp: the run diverged."));
}

#[test]
fn a_comparison_under_way_says_so() {
    let all = events();
    let folder = CompareFolder::of(&all[..4]);
    let page = folder.comparison().page();
    assert!(page.contains("<strong>under way</strong>") && page.contains("2 of 3 runs."));
    assert!(
        page.contains(
            "random: 1 of 2 runs are done; the comparison was stopped or is still running."
        )
    );
    let page = CompareFolder::of(&all[..1]).comparison().page();
    assert!(page.contains("There is no run of this start yet.") && !page.contains("<figure"));
    folder.write(&format!("{}\n{{\"event\":\"ru", all[0]));
    assert!(folder.comparison().page().contains("The last line of compare.jsonl is cut off"));
}

#[test]
fn wrong_lines_are_named_with_file_and_line() {
    let all = events();
    let folder = CompareFolder::of(&all);
    let refused = |at: usize, key: &str, value: serde_json::Value| {
        let mut all = all.clone();
        all[at][key] = value;
        folder.write(&all.iter().map(|event| format!("{event}\n")).collect::<String>());
        folder.refused()
    };
    assert_eq!(
        refused(1, "start", json!("x")),
        "DIR/compare.jsonl, line 2: x is not one of the planned starts"
    );
    let told = refused(1, "losses", json!([[2, 1.0], [1, 1.0]]));
    assert_eq!(told, "DIR/compare.jsonl, line 2: its losses are not in the order of steps");
    let state = |step: usize, units: usize| json!({"step": step, "spaces": [{"name": "hidden1", "values": vec![0.0; units]}]});
    let told = refused(1, "states", json!([state(1, 4), state(1, 4)]));
    assert_eq!(told, "DIR/compare.jsonl, line 2: state of step 1 after step 1");
    let told = refused(1, "states", json!([state(1, 4), state(2, 3)]));
    assert_eq!(told, "DIR/compare.jsonl, line 2: the layers differ from those of the state before");
    assert!(refused(0, "schema", json!(2)).contains("the file has schema 2"));
    assert!(refused(0, "event", json!("run")).contains("line 1: "));
    std::fs::remove_file(folder.path().join("compare.jsonl")).unwrap();
    assert_eq!(folder.refused(), "DIR: not the folder of a comparison: it has no compare.jsonl");
}
