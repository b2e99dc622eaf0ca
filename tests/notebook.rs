//! The notebook's run on every backend: every printed number, and the four properties.

use crate::program::{Folder, backends};

/// The printed lines of one step, such as `linear1.bias [2]` and what follows it.
fn numbers(block: &str, parameter: &str) -> Vec<Vec<String>> {
    let lines = block.lines().skip_while(|line| !line.starts_with(parameter)).skip(1);
    lines
        .take_while(|line| line.starts_with("  "))
        .map(|line| {
            let line = line.replace(['[', ']'], "");
            let cells = line.split(',').map(str::trim).filter(|cell| !cell.is_empty());
            cells.map(str::to_owned).collect()
        })
        .collect()
}

fn four(value: &toml::Value) -> String {
    format!("{:.4}", value.as_float().expect("a number"))
}

#[test]
fn every_printed_number_comes_out_on_every_backend() {
    let preset = include_str!("../crates/core/src/config/notebook.toml");
    let expected = &preset.parse::<toml::Table>().unwrap()["expected"];
    for backend in backends() {
        let folder = Folder::new();
        let ran = folder.run(&["--backend", backend]).ok();
        let blocks: Vec<&str> = ran.stdout.split("\nstep ").collect();
        assert_eq!(blocks.len(), 51, "{backend}: the start and 50 steps");

        let outputs: Vec<&str> = blocks[0]
            .lines()
            .skip_while(|line| !line.starts_with("outputs before training"))
            .skip(1)
            .take(4)
            .collect();
        let before = expected["outputs_before_training"].as_array().unwrap();
        for (line, number) in outputs.iter().zip(before) {
            let cells = line.replace(['[', ']'], "").replace("   ", ",");
            let cells: Vec<&str> =
                cells.split(',').map(str::trim).filter(|c| !c.is_empty()).collect();
            assert_eq!(&cells[..4], [four(number).as_str(); 4], "{backend}: {line}");
            assert_eq!(&cells[4..], ["1.0000"; 4], "{backend}: {line}");
        }

        for after in expected["after_step"].as_array().unwrap() {
            let block = blocks[after["step"].as_integer().unwrap() as usize];
            let row: Vec<String> =
                after["linear1_weight_row"].as_array().unwrap().iter().map(four).collect();
            assert_eq!(numbers(block, "linear1.weight"), vec![row; 2], "{backend}");
            let bias = vec![four(&after["linear1_bias"]); 2];
            assert_eq!(numbers(block, "linear1.bias"), [bias], "{backend}");
            let weight = vec![four(&after["linear2_weight"]); 2];
            assert_eq!(numbers(block, "linear2.weight"), vec![weight; 4], "{backend}");
            let bias = vec![four(&after["linear2_bias"]); 4];
            assert_eq!(numbers(block, "linear2.bias"), [bias], "{backend}");
        }
        // The notebook's text ends here.
        assert!(numbers(blocks[3], "linear1.weight")[0][0].starts_with("-2"), "{backend}");
        let verdict = format!(
            "hidden1: 2 units, 1 distinct after every one of 50 steps on {backend}, bit for bit."
        );
        assert!(ran.stdout.contains(&verdict), "{}", ran.stdout);
        assert!(ran.stdout.contains("All 56 expected numbers were reproduced"));
    }
}

#[test]
fn every_step_s_four_properties_hold_bit_for_bit() {
    for backend in backends() {
        let folder = Folder::new();
        let lines = folder
            .run(&["run", "--preset", "notebook", "--backend", backend, "--json"])
            .ok()
            .json();
        assert_eq!(lines.len(), 53, "{backend}");
        assert_eq!(lines[0]["event"], "start");
        assert_eq!(lines[0]["schema"], 1);
        assert_eq!(lines[0]["backend"], backend);
        assert_eq!(lines[0]["config"]["model"]["layer_dims"], serde_json::json!([3, 2, 4]));
        for (step, line) in lines[1..52].iter().enumerate() {
            assert_eq!(line["event"], "reading");
            assert_eq!(line["step"], step);
            assert_eq!(line["loss"].is_null(), step == 0, "{line}");
            for property in ["P1", "P2", "P3", "P4"] {
                assert_eq!(line["properties"][property]["holds"], true, "{backend}: {line}");
                assert_eq!(line["properties"][property]["ulps"], 0, "{backend}: {line}");
            }
            let space = &line["spaces"][0];
            assert_eq!((&space["name"], &space["units"]), (&"hidden1".into(), &2.into()));
            for kind in ["twins", "equitable", "forward"] {
                assert_eq!(space[kind], 1, "{kind}");
            }
            assert_eq!(space["spread"], 0.0);
        }
        let end = &lines[52];
        assert_eq!(
            (&end["event"], &end["step"], &end["verdict"]),
            (&"end".into(), &50.into(), &"held".into())
        );
        assert!(end["first_break"].is_null());
    }
}

#[test]
fn a_printed_number_that_does_not_come_out_is_a_failed_check() {
    let preset = include_str!("../crates/core/src/config/notebook.toml");
    let folder = Folder::new();
    folder.write("wrong.toml", &preset.replace("linear2_bias = 0.6030", "linear2_bias = 0.6031"));
    let ran = folder.run(&["run", "--config", "wrong.toml"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("linear2.bias after step 2: expected 0.6031, computed 0.6030"));
}
