//! What the report makes of a run's folder, in whatever state it is.

mod folders;

use constinit_report::{Figure, Run};
use folders::{Folder, Kind, forecast, lines, start};
use serde_json::{Value, json};

const BROKEN: Kind = Kind { steps: 200, units: 7, parts: Some(30), ended: true };
const HELD: Kind = Kind { steps: 50, units: 7, parts: None, ended: true };

fn figure(run: &Run, name: &str) -> Figure {
    let figures = run.figures();
    let found = figures.iter().find(|figure| figure.name == name);
    found.unwrap_or_else(|| panic!("no {name} among {:?}", names(run))).clone()
}

fn names(run: &Run) -> Vec<String> {
    run.figures().into_iter().map(|figure| figure.name).collect()
}

fn count(text: &str, part: &str) -> usize {
    text.matches(part).count()
}

/// Readings of one layer of 2 units with these losses.
fn with_losses(losses: &[Value]) -> Folder {
    let space = json!({"name": "hidden1", "units": 2, "twins": 1, "spread": 0.0});
    let mut all = vec![start()];
    for (step, loss) in losses.iter().enumerate() {
        all.push(json!({"event": "reading", "step": step, "loss": loss, "spaces": [space]}));
    }
    let folder = Folder::empty();
    folder.write("config.toml", "");
    folder.write("readings.jsonl", &lines(&all));
    folder
}

#[test]
fn a_run_that_held_is_one_line() {
    let run = Folder::of(HELD).run();
    assert_eq!(names(&run), ["units-hidden1", "loss", "classes"], "no spread to draw");
    let units = figure(&run, "units-hidden1").to_svg();
    assert_eq!(count(&units, "class=\"line trace"), 1, "seven units, one line");
    assert!(units.contains("<title>units 0–6</title>") && units.contains(">units 0–6</text>"));
    assert_eq!(count(&units, "class=\"alarm\""), 0);
    assert!(run.page().contains("The spread is 0 at every reading"));
    assert!(figure(&run, "units-hidden1").description.ends_with("They never diverge."));
    let classes = figure(&run, "classes").to_svg();
    assert_eq!(count(&classes, "class=\"cell\""), 1);
    assert!(classes.contains("hidden1, steps 0 to 50: 1 of 7 units distinct"));
    assert_eq!(count(&classes, "class=\"gradients agree\""), 1);
    let page = run.page();
    assert!(page.contains("<strong>held</strong>"));
    assert!(page.contains("7 units, 1 distinct at every one of 51 readings, bit for bit."));
}

#[test]
fn a_run_without_twins_held_nothing() {
    let space = json!({"name": "hidden1", "units": 2, "twins": 2, "spread": 0.0});
    let reading = json!({"event": "reading", "step": 0, "loss": null, "spaces": [space]});
    let end = json!({"event": "end", "step": 9, "verdict": "held", "first_break": null, "ended": "finished"});
    let folder = Folder::empty();
    folder.write("config.toml", "");
    folder.write("readings.jsonl", &lines(&[start(), reading, end]));
    let page = folder.run().page();
    assert!(page.contains("<strong>nothing to hold</strong>"));
    assert!(page.contains("No two hidden units were equal at the start."));
    // The word of programs that have a word for it.
    let none = folder.text("readings.jsonl").replace("\"held\"", "\"none\"");
    folder.write("readings.jsonl", &none);
    assert!(folder.run().page().contains("<strong>nothing to hold</strong>"));
    assert!(page.contains("hidden1: 2 units, all distinct at the start."));
    assert!(!page.contains("stayed equal") && !page.contains("The spread is 0"));
}

#[test]
fn a_break_is_where_it_happened() {
    let run = Folder::of(BROKEN).run();
    let units = figure(&run, "units-hidden1");
    let svg = units.to_svg();
    assert_eq!(count(&svg, "class=\"line trace"), 8);
    // One line of the class until the break, and after it one line for each unit, in the colour of units that are
    // alone.
    let trunk = svg.split("class=\"line trace g0 c0\"").nth(1).unwrap();
    assert!(trunk.split("</path>").next().unwrap().ends_with("<title>units 0–6, one unit</title>"));
    let path = trunk.split(" d=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(count(path, "M") + count(path, "L"), 30, "steps 0 to 29: {path}");
    assert_eq!(count(&svg, "class=\"line trace g1 c1\""), 7);
    let branch = svg.split("class=\"line trace g1 c1\"").nth(1).unwrap();
    let branch = branch.split(" d=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(count(branch, "M") + count(branch, "L"), 172, "steps 29 to 200: {branch}");
    assert!(svg.contains(">7 units that are alone</text>"), "the key");
    assert_eq!(count(&svg, "class=\"alarm\""), 1);
    assert!(svg.contains(">units 0 and 2 diverge, step 30</text>"));
    assert!(units.description.contains("1 line at the start, 7 lines at the end"));
    let classes = figure(&run, "classes").to_svg();
    assert!(classes.contains("hidden1, steps 0 to 29: 1 of 7 units distinct"));
    assert!(classes.contains("hidden1, steps 30 to 200: 7 of 7 units distinct"));
    let page = run.page();
    assert!(page.contains(
        "7 units, 1 distinct until step 30; then units 0 and 2 differ in linear2.weight by 6e-8 (1 ulp); their \
         gradients already differed."
    ));
    assert!(page.contains("by exclusion: rounding") && page.contains("hidden1: some units are 1."));
    assert!(page.contains("constinit 9.8.7") && page.contains("x86_64-linux"));
    assert!(page.contains("4 – 7 – 3"));
}

#[test]
fn the_number_type_is_that_of_the_folder() {
    let folder = Folder::of(HELD);
    let said = |folder: &Folder| {
        let page = folder.run().page();
        let (_, rest) = page.split_once("<dt>number type</dt><dd>").unwrap();
        rest.split_once("</dd>").unwrap().0.to_owned()
    };
    assert_eq!(said(&folder), "float32");
    let text = folder.text("readings.jsonl");
    for (float, expected) in [
        ("\"float\":\"f64\",", "float64"),
        ("\"float\":\"later\",", "not recorded in the folder"),
        ("", "not recorded in the folder"),
    ] {
        assert_eq!(text.matches("\"float\":\"f32\",").count(), 1);
        folder.write("readings.jsonl", &text.replace("\"float\":\"f32\",", float));
        assert_eq!(said(&folder), expected);
    }
}

#[test]
fn units_that_nothing_comes_into_are_told_under_their_old_name_too() {
    let folder = Folder::of(HELD);
    let text = folder.text("readings.jsonl");
    let sentence = "hidden1: at the end, all incoming weights of 2 units are 0.";
    assert!(!folder.run().page().contains(sentence));
    for name in ["no_incoming", "dead"] {
        let text = text.replace("\"no_incoming\":0", &format!("\"{name}\":2"));
        folder.write("readings.jsonl", &text);
        assert!(folder.run().page().contains(sentence), "{name}");
    }
}

/// The boxes in the head of a page.
fn boxes(page: &str) -> Vec<String> {
    let all = page.split("<p class=\"verdict ").skip(1);
    all.map(|text| text.split("</p>").next().unwrap().to_owned()).collect()
}

#[test]
fn the_outcome_comes_first_with_its_baseline() {
    let outcome = json!({"loss": 0.011, "baseline": 1.0, "explained": 0.989, "accuracy": 0.96, "majority": 0.375});
    let run = Folder::of(HELD).with_end(&json!({"outcome": outcome})).run();
    let page = run.page();
    let words = "The loss is 0.011 at the end, 98.9 % below the 1 of the best constant answer; 96.0 % of the examples \
    are \
                 right, 37.5 % by always answering the largest class.";
    let told = boxes(&page);
    assert_eq!(told.len(), 2);
    assert!(
        told[0].starts_with("good\"><strong>learned</strong>") && told[0].contains(words),
        "{told:?}"
    );
    assert!(told[1].starts_with("finding\"><strong>held</strong>"), "{told:?}");
    let place = |part: &str| page.find(part).unwrap_or_else(|| panic!("no {part}"));
    assert!(place("id=\"loss\"") < place("id=\"units-hidden1\""));
    assert!(
        page.contains("<dt>baseline</dt><dd>1</dd>")
            && page.contains("<dt>accuracy</dt><dd>96.0 %</dd>")
    );
    let loss = figure(&run, "loss");
    assert!(
        loss.description.ends_with("The best constant answer has a loss of 1."),
        "{}",
        loss.description
    );
    let svg = loss.to_svg();
    assert!(svg.contains("<title>baseline</title>") && svg.contains(">baseline</text>"));
    // From 2 down to 0.04, and the baseline in the middle: a level line.
    let line = svg.split("stroke-dasharray=\"6 5\" d=\"").nth(1).unwrap();
    let line = line.split('"').next().unwrap();
    let heights: Vec<&str> =
        line.split(['M', 'L']).skip(1).map(|at| at.split(' ').nth(1).unwrap()).collect();
    assert!(heights.len() == 50 && heights.iter().all(|height| *height == heights[0]), "{line}");
}

#[test]
fn a_run_that_learned_nothing_says_so() {
    for (explained, words) in [
        (0.004, "within 1.0 % of the 1.099 of the best constant answer."),
        (-0.2, "above the 1.099 of the best constant answer."),
    ] {
        let outcome = json!({"loss": 1.2, "baseline": 1.0986, "explained": explained, "accuracy": null, "majority": null});
        let page = Folder::of(HELD).with_end(&json!({"outcome": outcome})).run().page();
        let told = &boxes(&page)[0];
        assert!(told.starts_with("bad\"><strong>learned nothing</strong>"), "{told}");
        assert!(told.contains(words), "{told}");
    }
    // Without a baseline, the page has only the loss.
    let outcome = json!({"loss": 1.2, "baseline": null, "explained": null, "accuracy": null, "majority": null});
    let run = Folder::of(HELD).with_end(&json!({"outcome": outcome})).run();
    let told = &boxes(&run.page())[0];
    assert!(told.ends_with("<span>The loss is 1.2 at the end.</span>"), "{told}");
    assert!(!figure(&run, "loss").to_svg().contains("baseline</title>"));
}

#[test]
fn folders_without_an_outcome_claim_none() {
    for folder in
        [Folder::of(HELD), Folder::of(HELD).with_end(&json!({"outcome": null, "dead": {}}))]
    {
        let run = folder.run();
        let page = run.page();
        assert_eq!(boxes(&page).len(), 1);
        for word in ["constant answer", "learned", "accuracy", "<dt>baseline", "dead"] {
            assert!(!page.contains(word), "{word}");
        }
        assert!(page.contains("<dt>last loss</dt><dd>0.04</dd>"));
        assert!(!figure(&run, "loss").to_svg().contains("<title>baseline"));
    }
}

#[test]
fn a_level_loss_looks_level() {
    let losses: Vec<Value> = (0..50).map(|n| json!(1.0986 + 1e-4 * f64::from(n % 2))).collect();
    let svg = figure(&with_losses(&losses).run(), "loss").to_svg();
    let line = svg.split("class=\"line trace").nth(1).unwrap();
    let path = line.split('"').find(|part| part.starts_with('M')).unwrap();
    let heights = path.split(['M', 'L']).skip(1).map(|at| at.split(' ').nth(1).unwrap());
    let heights: Vec<f64> = heights.map(|height| height.parse().unwrap()).collect();
    let ends = [f64::min, f64::max].map(|end| heights.iter().copied().reduce(end).unwrap());
    assert!(ends[1] - ends[0] < 1.0, "{ends:?}");
    assert!(svg.contains(">0.0</text>"), "the axis begins at 0");
}

#[test]
fn dead_layers_and_units_are_told() {
    let dead = json!({
        "hidden1": {"units": 7, "since": 2}, "hidden2": {"units": 3, "since": 20, "alive": 10},
        "hidden3": {"units": 1, "since": 0},
    });
    let page = Folder::of(HELD).with_end(&json!({"dead": dead})).run().page();
    let why = "slope 0 on every example, so that no gradient passes through them.";
    for words in [
        format!("hidden1: all 7 units are dead from step 2 on: {why}"),
        format!("hidden2: all 3 units are dead from a step between 10 and 20 on: {why}"),
        format!("hidden3: its unit is dead from the start: {why}"),
    ] {
        assert!(page.contains(&words), "{words}");
    }
    // Some units of a layer, and a strip for them.
    let folder = Folder::of(HELD);
    let text = folder.text("readings.jsonl");
    assert!(!figure(&folder.run(), "classes").to_svg().contains(">dead</text>"));
    folder.write(
        "readings.jsonl",
        &text.replace("\"no_incoming\":0", "\"dead\":3,\"no_incoming\":0"),
    );
    let run = folder.run();
    assert!(
        run.page().contains("hidden1: 3 of 7 units are dead at the end: slope 0 on every example.")
    );
    let classes = figure(&run, "classes").to_svg();
    assert!(
        classes.contains(">dead</text>")
            && classes.contains("steps 0 to 50: 3 of 7 units dead</title>")
    );
    // Three sevenths of a strip of 30.
    assert!(classes.contains("height=\"12.9\"/>"), "{classes}");
}

#[test]
fn every_figure_is_one_document_with_texts() {
    for kind in [BROKEN, HELD] {
        for figure in Folder::of(kind).run().figures() {
            let svg = figure.to_svg();
            assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"));
            assert!(!figure.description.is_empty());
            for (open, close) in [("<text", "</text>"), ("<g", "</g>"), ("<title", "</title>")] {
                let opened = count(&svg, &format!("{open} ")) + count(&svg, &format!("{open}>"));
                assert_eq!(opened, count(&svg, close), "{open} in {}", figure.name);
            }
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}", figure.name);
            assert_eq!(count(&svg, "http"), 1, "the name of SVG, and no address");
        }
    }
}

#[test]
fn no_run_is_told_from_no_folder() {
    let folder = Folder::empty();
    assert_eq!(folder.refused(), "DIR: not the folder of a run: it has no config.toml");
    folder.write("config.toml", "");
    assert_eq!(folder.refused(), "DIR: not the folder of a run: it has no readings.jsonl");
    let nowhere = Run::read(&folder.path().join("nowhere")).unwrap_err().to_string();
    assert!(nowhere.contains("nowhere: No such file"), "{nowhere}");
    let file = Run::read(&folder.path().join("config.toml")).unwrap_err().to_string();
    assert!(file.contains("config.toml: Not a directory"), "{file}");
}

#[test]
fn wrong_lines_are_named_with_file_and_line() {
    let folder = Folder::of(HELD);
    let good = folder.text("readings.jsonl");
    let mut all: Vec<&str> = good.lines().collect();
    for (text, expected) in [
        ("{\"event\":\"reading\",\"step\":1}", "line 3: missing field `spaces`"),
        (
            "{\"event\":\"reading\",\"step\":-1,\"spaces\":[]}",
            "line 3: invalid value: integer `-1`",
        ),
        ("{\"event\":\"start\",\"schema\":1,\"backend\":\"x\"}", "line 3: a second \"start\""),
        ("{\"event\":\"reading\",\"step\":0,\"spaces\":[]}", "line 3: step 0 after step 0"),
        (
            "{\"event\":\"reading\",\"step\":1,\"spaces\":[]}",
            "line 3: the layers differ from those of the reading before",
        ),
        ("{\"event\":\"reading\",\"st", "line 3: EOF while parsing"),
        ("nonsense", "line 3: expected"),
    ] {
        all[2] = text;
        folder.write("readings.jsonl", &(all.join("\n") + "\n"));
        let found = folder.refused();
        assert!(found.starts_with(&format!("DIR/readings.jsonl, {expected}")), "{found}");
    }
    for (text, expected) in [
        ("", "DIR/readings.jsonl, line 1: there is no event; the first one is \"start\""),
        (
            "{\"event\":\"end\",\"step\":0,\"verdict\":\"held\"}\n",
            "DIR/readings.jsonl, line 1: the first event must be",
        ),
        (
            "{\"event\":\"start\",\"schema\":2,\"backend\":\"x\"}\n",
            "DIR/readings.jsonl: the file has schema 2, but this",
        ),
    ] {
        folder.write("readings.jsonl", text);
        assert!(folder.refused().starts_with(expected), "{}", folder.refused());
    }
    folder.write("readings.jsonl", &good);
    let units = folder.text("units.jsonl");
    let start = units.lines().next().unwrap();
    for (text, expected) in [
        (
            "{\"event\":\"units\",\"step\":0,\"spaces\":[{\"name\":\"h\",\"classes\":[0,1],\"values\":[1]}]}",
            "h: 2 classes and 1 values",
        ),
        (
            "{\"event\":\"units\",\"step\":0,\"spaces\":{}}",
            "invalid type: map, expected a sequence",
        ),
    ] {
        folder.write("units.jsonl", &format!("{start}\n{text}\n"));
        let found = folder.refused();
        assert!(found.starts_with(&format!("DIR/units.jsonl, line 2: {expected}")), "{found}");
    }
}

#[test]
fn a_killed_run_is_drawn_as_far_as_it_came() {
    let folder = Folder::of(Kind { ended: false, ..BROKEN });
    for file in ["readings.jsonl", "units.jsonl"] {
        let text = folder.text(file);
        folder.write(file, &text[..text.len() - 20]);
    }
    let run = folder.run();
    assert_eq!(run.readings.readings.last().unwrap().step, 199);
    assert!(run.readings.torn && run.readings.end.is_none());
    let page = run.page();
    assert!(page.contains("The last line of readings.jsonl is cut off"));
    assert!(page.contains("<strong>no end</strong>") && page.contains("is from step 199"));
    // Without a last line, the readings give the break.
    assert!(figure(&run, "units-hidden1").to_svg().contains(">first break, step 30</text>"));
    assert!(page.contains("until step 30; then some equal units differ."));
}

#[test]
fn one_reading_and_none_are_pages_that_say_so() {
    let folder = with_losses(&[Value::Null]);
    let page = folder.run().page();
    assert!(page.contains("2 units, 1 distinct at the only reading."));
    assert!(page.contains("The folder has no units.jsonl"));
    assert_eq!(names(&folder.run()), ["classes"]);
    let folder = with_losses(&[]);
    assert_eq!(names(&folder.run()), [""; 0]);
    let page = folder.run().page();
    assert!(page.contains("There is no reading yet."));
    // The run was killed before it wrote anything to the file.
    folder.write("units.jsonl", "");
    assert!(folder.run().page().contains("The run kept no state of the units"));
}

#[test]
fn losses_that_are_no_numbers_are_gaps_and_said() {
    let folder = with_losses(&[Value::Null, json!(3.0), json!(2.0), Value::Null, json!(5.0)]);
    let loss = figure(&folder.run(), "loss");
    assert_eq!(loss.notes, ["The loss of step 3 is not a finite number; the line has a gap."]);
    let svg = loss.to_svg();
    let line = svg.split("class=\"line trace").nth(1).unwrap();
    let path = line.split('"').find(|part| part.starts_with('M')).unwrap();
    assert_eq!((count(path, "M"), count(path, "L"), count(path, "h0")), (2, 1, 1), "{path}");
    assert!(folder.run().page().contains("<td>not finite</td>"));
    let none = with_losses(&[Value::Null, Value::Null]);
    assert!(figure(&none.run(), "loss").description.contains("no finite number"));
}

#[test]
fn names_are_text_and_nothing_else() {
    let evil = "</script><img src=x onerror=alert(1)>'\"&";
    let folder = Folder::empty();
    folder.write("config.toml", &format!("# {evil}\n"));
    let mut first = start();
    first["backend"] = json!(evil);
    first["config"]["training"]["optimizer"]["type"] = json!(evil);
    // Two layers, for a legend.
    let space = json!({"name": evil, "units": 2, "twins": 1, "spread": 0.5});
    let other = json!({"name": format!("2{evil}"), "units": 2, "twins": 1, "spread": 0.5});
    let reading = json!({
        "event": "reading", "step": 0, "loss": null, "spaces": [space, other], "certificate": [evil],
    });
    let end = json!({"event": "end", "step": 0, "verdict": "held", "first_break": null, "ended": "stopped", "reason": evil});
    folder.write("readings.jsonl", &lines(&[first, reading, end]));
    let state = json!({"name": evil, "classes": [0, 0], "values": [1.0]});
    let units = json!({"event": "units", "step": 0, "spaces": [state]});
    folder.write(
        "units.jsonl",
        &lines(&[json!({"event": "start", "schema": 1, "value": evil}), units]),
    );
    let run = folder.run();
    assert_eq!(names(&run)[0], "units-layer-1");
    let page = run.page();
    assert_eq!(count(&page, "<img"), 0);
    assert_eq!(count(&page, "<button"), 2);
    // One script, and the numbers of each figure.
    assert_eq!(count(&page, "</script>"), 1 + run.figures().len());
    for figure in run.figures() {
        assert_eq!(count(&figure.to_svg(), "<img"), 0, "{}", figure.name);
    }
}

#[test]
fn a_page_asks_for_nothing_from_outside() {
    let page = Folder::of(BROKEN).run().page();
    assert!(!page.contains("http:") && !page.contains("https:") && !page.contains("url("));
    assert!(!page.contains(" src=") && !page.contains("@import"));
    assert_eq!(count(&page, " href="), 1, "the icon that is none: {page}");
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn long_and_wide_runs_stay_small_and_say_what_was_left_out() {
    let kind = Kind { steps: 10_000, units: 1000, parts: Some(5003), ended: true };
    let run = Folder::of(kind).run();
    let page = run.page();
    assert!(page.len() < 4_000_000, "{} bytes", page.len());
    assert!(
        page.contains(" of 10\u{202f}001 readings are drawn")
            || page.contains(" of 10\u{202f}000 readings are drawn")
    );
    assert!(page.contains("of 1000 units are drawn"), "{:?}", figure(&run, "units-hidden1").notes);
    assert!(page.contains("The figure shows 502 of 10\u{202f}001 readings."));
    // Both units that diverged first, and the step at which they did.
    let units = figure(&run, "units-hidden1").to_svg();
    assert!(units.contains("<title>unit 0</title>") && units.contains("<title>unit 2</title>"));
    assert!(page.contains("\"steps\":[0,20") && page.contains(",5003,"));
}

#[test]
fn forecasts_stand_against_what_happened() {
    let none = Folder::of(BROKEN).run();
    assert!(!none.page().contains("id=\"forecast\""), "nothing was forecast");
    assert_eq!(count(&figure(&none, "spread").to_svg(), "stroke-dasharray=\"6 5\""), 0);

    let later = forecast(40, &json!({"outlook": "escaped", "apart": 0.25}));
    let run = Folder::of(BROKEN).with_forecasts(&[forecast(0, &Value::Null), later]).run();
    assert_eq!(run.readings.forecasts.len(), 2);
    let page = run.page();
    for part in [
        "<h2 id=\"forecast\">Forecast</h2>",
        "units 0 and 2: unstable, e-fold every 10.5 steps, about 100 steps to escape. Their difference is multiplied by \
         1.1 per step (curvature -1). That is an escape at about step 100.",
        // 0.5 after 168 steps; a hundredth of it is reached 119 steps after the break.
        "Units of the layer diverged at step 30, spread 6e-8 then; 0.5 at step 200. From step 30 to 148 the spread was \
         multiplied by 1.1 per step; the forecasts for these steps give 1.1.",
        "units 0 and 2 had already diverged, by 0.25 of their size.",
        "Units of the layer had diverged already, at step 30",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // From 1 % / 1.1^100 at step 0 to 1 % at step 100: 101 points.
    let spread = figure(&run, "spread");
    let svg = spread.to_svg();
    assert!(svg.contains(">forecast of hidden1</text>"));
    assert_eq!(count(&svg, "stroke-dasharray=\"6 5\""), 2, "the line and its key");
    let path =
        svg.split("stroke-dasharray=\"6 5\" d=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(count(path, "M") + count(path, "L"), 101, "{path}");
    let numbers = page.split("\"forecast of hidden1\",\"span\":null,\"values\":[").nth(1).unwrap();
    let first: f64 = numbers.split(',').next().unwrap().parse().unwrap();
    assert!((first / (0.01 / 1.1f64.powi(100)) - 1.0).abs() < 1e-4, "{first}");
}

#[test]
fn forecasts_that_say_little_are_told_as_such() {
    let said = |changes: Value| {
        let run = Folder::of(HELD).with_forecasts(&[forecast(0, &changes)]).run();
        assert_eq!(names(&run), ["units-hidden1", "loss", "classes"]);
        run.page()
    };
    let long = said(json!({}));
    assert!(
        long.contains("Held to the last reading, step 50. The run is shorter than the forecast.")
    );
    let many: Vec<Value> = (0..40).map(|step| forecast(step, &Value::Null)).collect();
    let page = Folder::of(HELD).with_forecasts(&many).run().page();
    assert!(
        page.contains("12 of 40 forecasts are shown.") && page.contains("hidden1, after step 39: ")
    );
    let short = said(json!({"escape_steps": 20.0}));
    assert!(short.contains("Held to the last reading, step 50. No rounding error separated them"));
    let adam = said(
        json!({"factor": null, "rate": null, "escape_steps": null, "sentence": "no rate: <adam>"}),
    );
    assert!(adam.contains("units 0 and 2: no rate: &lt;adam&gt;. The curvature is -1. The optimizer&#39;s steps are not"));
    assert!(adam.contains("Held to the last reading, step 50.</li>"));
    let unknown = said(json!({"outlook": "unknown", "sentence": "two batches differ"}));
    assert!(unknown.contains("nothing can be said: two batches differ."));
    assert!(
        said(json!({"outlook": "of a later version", "sentence": ""}))
            .contains("nothing can be said.")
    );
    assert!(said(json!({"name": "hidden9"})).contains("No reading has this layer."));
}

#[cfg(feature = "png")]
#[test]
fn png_has_letters_and_the_size_of_the_figure() {
    let run = Folder::of(BROKEN).run();
    for figure in run.figures() {
        let png = figure.to_png(1.0).unwrap();
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
        assert_eq!(png[16..20], 760u32.to_be_bytes());
        let mut noted = figure.clone();
        noted.notes.push("A note.".into());
        let noted = noted.to_png(1.0).unwrap();
        assert!(noted[20..24] > png[20..24], "a note is drawn below: {}", figure.name);
        let mut bare = figure.clone();
        bare.title = String::new();
        assert_ne!(bare.to_png(1.0).unwrap(), png, "the title is drawn: {}", figure.name);
    }
    let refused = figure(&run, "loss").to_png(1000.0).unwrap_err().to_string();
    assert!(refused.starts_with("figure loss: cannot make a picture of 760000 x"), "{refused}");
    assert!(figure(&run, "loss").to_png(f32::NAN).is_err());
}
