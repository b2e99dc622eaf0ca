//! A run's folder: its content, and that a run continues from it after any interruption.

use crate::program::config::{Config, config, two_layers_on_iris};
use crate::program::{Folder, Ran, backends, fast_backends};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Stdio};

/// Enough steps for an output larger than a pipe, so the program cannot end while nobody reads
/// it.
fn long() -> Config {
    let config = two_layers_on_iris()
        .loss("cross-entropy")
        .optimizer("type = \"adam\", learning_rate = 0.01");
    let config = config.with("data.batch_size = 32\ndata.shuffle_seed = 3").steps(500);
    config.with("training.checkpoint_every = 7")
}

/// The files of a run, to compare byte by byte.
fn files(run: &Path) -> [Vec<u8>; 4] {
    ["config.toml", "readings.jsonl", "units.jsonl", "model.safetensors"]
        .map(|name| std::fs::read(run.join(name)).unwrap())
}

/// Fails with the first reading that differs.
fn assert_same(found: &[Vec<u8>; 4], expected: &[Vec<u8>; 4], what: &str) {
    for file in [1, 2] {
        let lines = |files: &[Vec<u8>; 4]| String::from_utf8(files[file].clone()).unwrap();
        for (found, expected) in lines(found).lines().zip(lines(expected).lines()) {
            assert_eq!(found, expected, "{what}");
        }
    }
    assert!(found == expected, "{what}: the files differ");
}

fn start(folder: &Folder, backend: &str, out: &str) -> (Child, BufReader<impl Read + use<>>) {
    let args = ["run", "--config", "run.toml", "--json", "--backend", backend, "--out", out];
    let mut program = folder.program(&args);
    let mut child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap());
    (child, lines)
}

fn read_until(lines: &mut BufReader<impl Read>, step: usize) {
    let mut line = String::new();
    while !line.contains(&format!("\"step\":{step},")) {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "the program ended before step {step}");
    }
}

#[test]
fn a_run_killed_at_any_moment_ends_with_the_same_bits() {
    for backend in fast_backends() {
        let folder = Folder::new();
        folder.write_config("run.toml", long());
        let (mut child, mut lines) = start(&folder, backend, "whole");
        lines.read_to_string(&mut String::new()).unwrap();
        assert!(child.wait().unwrap().success());
        let whole = files(&folder.join("whole"));
        // Before the first checkpoint, right after one, and later; twice for the last.
        for (number, steps) in [&[3][..], &[7], &[100, 230]].iter().enumerate() {
            let out = format!("killed{number}");
            let (mut child, mut lines) = start(&folder, backend, &out);
            read_until(&mut lines, steps[0]);
            child.kill().unwrap();
            child.wait().unwrap();
            for step in &steps[1..] {
                let mut program = folder.program(&["run", "--resume", &out, "--json"]);
                let mut child = program.stdout(Stdio::piped()).spawn().unwrap();
                read_until(&mut BufReader::new(child.stdout.take().unwrap()), *step);
                child.kill().unwrap();
                child.wait().unwrap();
            }
            let ran = folder.run(&["run", "--resume", &out, "--json"]).ok();
            let first = &ran.json()[1]["step"];
            // The program prints a reading before it writes its checkpoint.
            let least = (steps.last().unwrap() - 1) / 7 * 7;
            assert!(first.as_u64().unwrap() as usize >= least, "went on from {first}");
            assert_same(
                &files(&folder.join(&out)),
                &whole,
                &format!("{backend}, killed at {steps:?}"),
            );
        }
    }
}

#[test]
fn the_same_configuration_gives_the_same_bits() {
    for backend in backends() {
        let folder = Folder::new();
        folder.write_config("run.toml", long().steps(9));
        for out in ["first", "second", "third"] {
            folder.run(&["run", "--config", "run.toml", "--backend", backend, "--out", out]).ok();
            let first = files(&folder.join("first"));
            assert_same(&files(&folder.join(out)), &first, backend);
        }
    }
}

#[test]
fn a_signal_finishes_the_step_and_says_so() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        a_signal_is_said(signal, code);
    }
}

fn a_signal_is_said(signal: &str, code: i32) {
    let folder = Folder::new();
    // Checkpoints take most of the time, so the signal arrives while one is written.
    folder.write_config("run.toml", long().with("training.checkpoint_every = 1"));
    folder
        .run(&["run", "--config", "run.toml", "--backend", fast_backends()[0], "--out", "whole"])
        .ok();
    let (child, mut lines) = start(&folder, fast_backends()[0], "stopped");
    read_until(&mut lines, 20);
    let kill = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(kill.unwrap().success());
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    let ran = Ran::from(child.wait_with_output().unwrap()).refused(code, "interrupted after step ");
    assert!(ran.stderr.contains("continue with --resume stopped"), "{}", ran.stderr);
    let last: serde_json::Value = serde_json::from_str(rest.lines().last().unwrap()).unwrap();
    assert_eq!((&last["event"], &last["ended"]), (&"end".into(), &"stopped".into()));
    assert_eq!(last["reason"], "interrupted");
    assert!(last["step"].as_u64().unwrap() < 500, "{last}");
    assert!(folder.join("stopped/model.safetensors").is_file());
    folder.run(&["run", "--resume", "stopped"]).ok();
    assert_same(&files(&folder.join("stopped")), &files(&folder.join("whole")), "stopped");
}

#[test]
fn every_backend_resumes_from_its_last_checkpoint() {
    for backend in backends() {
        let folder = Folder::new();
        folder.write_config("run.toml", long().steps(9));
        folder.run(&["run", "--config", "run.toml", "--backend", backend, "--out", "run"]).ok();
        let whole = files(&folder.join("run"));
        std::fs::remove_file(folder.join("run/checkpoints/step-000000000009.ckpt")).unwrap();
        let ran = folder.run(&["run", "--resume", "run", "--json"]).ok();
        let steps: Vec<u64> = ran
            .json()
            .iter()
            .filter(|line| line["event"] == "reading")
            .map(|line| line["step"].as_u64().unwrap())
            .collect();
        assert_eq!(steps, [8, 9], "{backend}");
        assert_same(&files(&folder.join("run")), &whole, backend);
        // A run that has ended ends again in the same way.
        folder.run(&["run", "--resume", "run"]).ok();
        assert_same(&files(&folder.join("run")), &whole, backend);
    }
}

#[test]
fn the_folder_reproduces_its_run_with_its_data() {
    let folder = Folder::new();
    folder.write("x.csv", "# comment\na, b\n0.5, -1\n1.5, 2\n");
    folder.write("y.csv", "1\n-1\n");
    let run = config([2, 3, 1]).data("\"x.csv\"", "\"y.csv\"").steps(20);
    let run = run.optimizer("type = \"sgd\", learning_rate = 0.01").with("probe.every = 8");
    folder.write_config("run.toml", run);
    let ran = folder.run(&["run", "--config", "run.toml", "--json", "--out", "run"]).ok();
    let left = files(&folder.join("run"));
    let [config, readings] = [0, 1].map(|file| String::from_utf8(left[file].clone()).unwrap());
    assert_eq!(readings, ran.stdout, "the same lines in the file and on standard output");
    let steps: Vec<_> = ran.json().iter().filter_map(|line| line["step"].as_u64()).collect();
    assert_eq!(steps, [0, 8, 16, 20, 20], "every 8, the last one, and the end");
    assert!(config.contains("init_w = 1.0") && config.contains("momentum = 0.0"), "{config}");

    let other =
        std::fs::read_to_string(folder.join("run/inputs.csv")).unwrap().replace("1.5", "1.6");
    let original = read(&folder.join("run/inputs.csv"));
    std::fs::write(folder.join("run/inputs.csv"), other).unwrap();
    folder.run(&["run", "--resume", "run"]).refused(2, "it has \"examples ");
    std::fs::write(folder.join("run/inputs.csv"), original).unwrap();

    std::fs::remove_file(folder.join("x.csv")).unwrap();
    folder.run(&["run", "--config", "run/config.toml", "--out", "again"]).ok();
    assert_same(&files(&folder.join("again")), &left, "again");
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

#[test]
fn torn_and_foreign_checkpoints_are_refused_in_words() {
    let folder = Folder::new();
    folder.write_config("run.toml", long().steps(15));
    folder.run(&["run", "--config", "run.toml", "--out", "run"]).ok();
    let newest = folder.join("run/checkpoints/step-000000000015.ckpt");
    let whole = std::fs::read(&newest).unwrap();
    let files: Vec<_> = std::fs::read_dir(folder.join("run/checkpoints")).unwrap().collect();
    assert_eq!(files.len(), 2, "the two newest are kept");

    std::fs::write(&newest, &whole[..whole.len() / 2]).unwrap();
    let ran = folder.run(&["run", "--resume", "run"]).refused(2, "incomplete or changed");
    assert!(
        ran.stderr.contains("step-000000000015.ckpt") && ran.stderr.contains("move this file away")
    );
    std::fs::remove_file(&newest).unwrap();
    folder.run(&["run", "--resume", "run"]).ok();

    // The checkpoint of a run with another learning rate.
    let config = std::fs::read_to_string(folder.join("run/config.toml")).unwrap();
    let other = config.replace("learning_rate = 0.01", "learning_rate = 0.02");
    assert_ne!(other, config);
    std::fs::write(folder.join("run/config.toml"), other).unwrap();
    let ran = folder.run(&["run", "--resume", "run"]).refused(2, "a checkpoint of another run");
    assert!(ran.stderr.contains("it has \"learning_rate = 0.01\""), "{}", ran.stderr);
    assert!(ran.stderr.contains("config.toml has changed since"), "{}", ran.stderr);

    // The program does not silently repeat a run that has ended. A run that was interrupted before
    // its first checkpoint starts again. The program removes half-written files of a killed run.
    std::fs::write(folder.join("run/config.toml"), config).unwrap();
    let before = read(&folder.join("run/readings.jsonl"));
    std::fs::remove_dir_all(folder.join("run/checkpoints")).unwrap();
    folder.run(&["run", "--resume", "run"]).refused(2, "left no checkpoint to continue from");
    assert_eq!(read(&folder.join("run/readings.jsonl")), before);
    let lines = String::from_utf8(before.clone()).unwrap();
    let beginning: Vec<&str> = lines.lines().take(3).collect();
    folder.write("run/readings.jsonl", &beginning.join("\n"));
    folder.write("run/checkpoints/step-000000000007.ckpt.partial", "half");
    folder.run(&["run", "--resume", "run"]).ok();
    assert_eq!(read(&folder.join("run/readings.jsonl")), before);
    assert!(!folder.join("run/checkpoints/step-000000000007.ckpt.partial").exists());
}

#[test]
fn a_run_killed_before_its_first_step_goes_on_on_its_backend() {
    // Not the default backend, if there are several.
    let backend = fast_backends().pop().unwrap();
    let folder = Folder::new();
    folder.write_config("run.toml", long().steps(9));
    folder.run(&["run", "--config", "run.toml", "--backend", backend, "--out", "run"]).ok();
    let whole = files(&folder.join("run"));
    let lines = String::from_utf8(whole[1].clone()).unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    let stopped = "{\"event\":\"end\",\"step\":0,\"verdict\":\"held\",\"first_break\":null,\
                   \"ended\":\"stopped\",\"reason\":\"interrupted\"}";
    // Killed, and interrupted: neither has a checkpoint.
    for left in [vec![lines[0]], vec![lines[0], lines[1], stopped]] {
        std::fs::remove_dir_all(folder.join("run/checkpoints")).unwrap();
        folder.write("run/readings.jsonl", &(left.join("\n") + "\n"));
        let ran = folder.run(&["run", "--resume", "run"]).ok();
        assert!(ran.stdout.starts_with(&format!("run on {backend}\n")), "{}", ran.stdout);
        assert_same(&files(&folder.join("run")), &whole, backend);
    }
}

#[test]
fn the_backend_is_kept_before_the_first_step() {
    let folder = Folder::new();
    folder.write_config("run.toml", long());
    let backend = fast_backends().pop().unwrap();
    let (mut child, _lines) = start(&folder, backend, "run");
    while !folder.join("run/config.toml").exists() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let readings = std::fs::read_to_string(folder.join("run/readings.jsonl")).unwrap();
    let first: serde_json::Value = serde_json::from_str(readings.lines().next().unwrap()).unwrap();
    assert_eq!((&first["event"], &first["backend"]), (&"start".into(), &backend.into()));
}

#[test]
fn of_two_programs_that_fill_one_folder_one_is_refused() {
    let folder = Folder::new();
    folder.write_config("run.toml", long().steps(9));
    for round in 0..10 {
        let out = format!("run{round}");
        let children = [0, 1].map(|_| start(&folder, fast_backends()[0], &out).0);
        let codes = children.map(|child| Ran::from(child.wait_with_output().unwrap()).code);
        let mut sorted = codes;
        sorted.sort_unstable();
        assert_eq!(sorted, [Some(0), Some(2)], "round {round}");
        let again =
            ["run", "--config", "run.toml", "--backend", fast_backends()[0], "--out", "again"];
        if round == 0 {
            folder.run(&again).ok();
        }
        assert_same(&files(&folder.join(&out)), &files(&folder.join("again")), &out);
    }
}

#[test]
fn two_programs_do_not_go_on_with_one_run() {
    let folder = Folder::new();
    folder.write_config("run.toml", long());
    let (mut child, mut lines) = start(&folder, fast_backends()[0], "run");
    read_until(&mut lines, 20);
    // The first program waits, because nobody reads its output.
    folder.run(&["run", "--resume", "run"]).refused(2, "another process is running this run");
    child.kill().unwrap();
    child.wait().unwrap();
    folder.run(&["run", "--resume", "run"]).ok();
}

#[test]
fn expected_numbers_are_compared_through_interruptions() {
    let folder = Folder::new();
    let expected = "[expected]\noutputs_before_training = [1]\n[[expected.after_step]]\nstep = 400\n\
                   linear1_weight_row = []\nlinear1_bias = 0\nlinear2_weight = 0\nlinear2_bias = 0\n";
    folder.write_config("run.toml", long().with(expected));
    let backend = fast_backends()[0];
    let args = ["run", "--config", "run.toml", "--json", "--backend", backend, "--out", "whole"];
    let whole = folder.run(&args);
    let whole = whole.refused(1, "not all expected numbers were reproduced");
    assert_eq!(whole.json().last().unwrap()["printed"]["agree"], false);
    let (mut child, mut lines) = start(&folder, backend, "run");
    read_until(&mut lines, 200);
    child.kill().unwrap();
    child.wait().unwrap();
    folder.run(&["run", "--resume", "run", "--json"]).refused(1, "outputs before training");
    assert_same(&files(&folder.join("run")), &files(&folder.join("whole")), "resumed");
}

#[test]
fn data_sets_and_large_networks_run_as_tables() {
    let folder = Folder::new();
    folder.write_config("run.toml", long().with("model.layer_dims = [4, 400, 400, 3]").steps(60));
    let ran = folder.run(&["run", "--config", "run.toml"]).ok();
    assert!(ran.stdout.lines().count() < 50, "a table, not 60 networks");
    assert!(ran.stdout.contains("distinct 1/400"), "{}", ran.stdout);
    assert!(!ran.stdout.contains('\u{1b}'), "no colours where there is no terminal");
    assert_eq!(ran.stderr, "", "no progress bar where there is no terminal");
}
