//! `constinit sweep`: the real binary, its tables read by the parquet crate's own row reader.

use crate::program::rows::{field, number, rows, text};
use crate::program::{Folder, Ran, fast_backends};
use parquet::record::{Field, Row};
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

const BASE: &str = "\
[model]
layer_dims = [3, 4, 2]
activation = \"tanh\"
init_w = 0.1
[data]
inputs = [[0.5, -0.2, 0.9], [0.1, 0.8, -0.4], [-0.7, 0.3, 0.2]]
targets = [[1.0, 0.5], [0.0, 0.25], [0.5, -1.0]]
[training]
steps = 30
optimizer = { type = \"sgd\", learning_rate = 0.05 }
";

/// The last loss of a single run of a point.
fn last_loss(folder: &Folder, point: usize, backend: &str) -> (f64, Value) {
    let point = point.to_string();
    let args =
        ["run", "--config", "s/sweep.toml", "--index", &point, "--json", "--backend", backend];
    let lines = folder.run(&args).ok().json();
    let reading = lines.iter().rfind(|line| line["event"] == "reading").unwrap();
    (reading["loss"].as_f64().unwrap(), reading.clone())
}

#[test]
fn rows_are_what_the_runs_by_themselves_say() {
    // Closed form and Burn, ordinary data and batches, decay, clipping, two hidden layers.
    let sweep = "\
[sweep]
model.layer_dims = [[3, 4, 2], [3, 5, 4, 2]]
training.optimizer = [
  { type = \"sgd\", learning_rate = 0.05, momentum = 0.9 },
  { type = \"adam\", learning_rate = 0.01, weight_decay = 0.1 },
  { type = \"muon\", learning_rate = 0.01 },
]
data.batch_size = [2, 3]
";
    for backend in fast_backends() {
        let folder = Folder::new();
        let base = BASE.replace("[training]\n", "shuffle_seed = 3\n[training]\nclip_norm = 0.5\n");
        folder.write("sweep.toml", &format!("{base}{sweep}"));
        let args =
            ["sweep", "--config", "sweep.toml", "--out", "s", "--backend", backend, "--json"];
        let said = folder.run(&args).ok().json();
        let rows = rows(&folder.join("s/results.parquet"));
        assert_eq!((rows.len(), said[0]["done"].as_u64()), (12, Some(12)));
        for (point, row) in rows.iter().enumerate() {
            assert_eq!(number(row, "point"), point as f64);
            let muon = point / 2 % 3 == 2;
            assert_eq!(text(row, "engine"), if muon { "burn" } else { "quotient" });
            assert_eq!(text(row, "why_burn").is_empty(), !muon);
            assert_eq!(
                (text(row, "ended"), text(row, "verdict")),
                ("finished".into(), "held".into())
            );
            let (loss, reading) = last_loss(&folder, point, backend);
            let found = number(row, "final_loss");
            // Single precision, amplified because Adam and Muon divide by the size of gradients.
            assert!((found - loss).abs() <= 2e-3 * loss, "point {point}: {found} {loss}");
            let spaces = reading["spaces"].as_array().unwrap();
            let twins: u64 = spaces.iter().map(|space| space["twins"].as_u64().unwrap()).sum();
            assert_eq!(number(row, "classes_end") as u64, twins, "point {point}");
            let deep = point >= 6;
            assert_eq!(number(row, "hidden1.units"), if deep { 5.0 } else { 4.0 });
            assert_eq!(field(row, "hidden2.units") == &Field::Null, !deep);
        }
    }
}

#[test]
fn machines_that_start_together_share_a_new_folder() {
    let folder = Folder::new();
    folder.write("x.csv", "0.5,-0.2,0.9\n0.1,0.8,-0.4\n");
    let base = BASE.replace(
        "inputs = [[0.5, -0.2, 0.9], [0.1, 0.8, -0.4], [-0.7, 0.3, 0.2]]",
        "inputs = \"x.csv\"",
    );
    let base = base.replace("[[1.0, 0.5], [0.0, 0.25], [0.5, -1.0]]", "[[1.0, 0.5], [0.0, 0.25]]");
    folder.write(
        "sweep.toml",
        &format!("{base}[sweep]\ninit_w = {{ from = -1, to = 1, steps = 8 }}\n"),
    );
    for round in 0..5 {
        let out = format!("s{round}");
        let start = |k: usize| {
            let share = format!("{k}/4");
            let args = ["sweep", "--config", "sweep.toml", "--out", &out, "--shard", &share];
            folder.program(&args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let started: Vec<_> = (1..=4).map(start).collect();
        for child in started {
            Ran::from(child.wait_with_output().unwrap()).ok();
        }
        folder.run(&["merge", &out]).ok();
        assert_eq!(rows(&folder.join(&out).join("results.parquet")).len(), 8);
        let left = std::fs::read_dir(folder.join(&out)).unwrap();
        let names = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let known = ["sweep.toml", "inputs.csv", "results.parquet"];
        let other: Vec<String> =
            names.filter(|n| !known.contains(&n.as_str()) && !n.ends_with(".lock")).collect();
        assert_eq!(other, [""; 0]);
    }
}

#[test]
fn a_sample_is_reported_as_one() {
    let folder = Folder::new();
    let sweep = "[sample]\npoints = 30\n[sweep]\ninit_w = { from = -1, to = 1 }\n\
                 learning_rate = { from = 1e-3, to = 0.1, scale = \"log\" }\nseed = { seeds = 3 }\n";
    folder.write("sweep.toml", &format!("{BASE}{sweep}"));
    folder.run(&["sweep", "--config", "sweep.toml", "--out", "s"]).ok();
    folder.run(&["report", "s"]).ok();
    let page = std::fs::read_to_string(folder.join("s/report.html")).unwrap();
    assert!(page.contains("\"sample\":true"));
    let svg = ["report", "s", "--format", "svg", "--figure", "phase-final-loss", "--out", "l.svg"];
    folder.run(&svg).ok();
    let svg = std::fs::read_to_string(folder.join("l.svg")).unwrap();
    assert_eq!(svg.matches("<circle").count(), 30);
    assert!(!svg.contains("mean over"), "{svg}");
}

#[test]
fn where_no_units_are_equal_none_stays_so() {
    let folder = Folder::new();
    // One hidden unit has no twin; two are twins.
    folder.write("sweep.toml", &format!("{BASE}[sweep]\nlayer_dims = [[3, 1, 2], [3, 2, 2]]\n"));
    let sweep = |more: &[&str]| {
        folder.run(&[&["sweep", "--config", "sweep.toml", "--out", "s"], more].concat()).ok()
    };
    let said = sweep(&["--json"]).json();
    assert_eq!((&said[0]["held"], &said[0]["distinct"]), (&1.into(), &1.into()), "{}", said[0]);
    let text = sweep(&[]).stdout;
    assert!(text.contains("equal units stayed equal in 1 runs and diverged in 0\n"), "{text}");
    assert!(text.contains("no two units were equal at the start of 1 runs\n"), "{text}");
}

#[test]
fn diverged_and_failed_runs_are_rows() {
    let folder = Folder::new();
    let sweep = "[sweep]\ntraining.optimizer.learning_rate = [0.05, 1e30, -1.0]\nmodel.activation = [\"identity\"]\n";
    folder.write("sweep.toml", &format!("{BASE}{sweep}"));
    let ran = folder.run(&["sweep", "--config", "sweep.toml", "--out", "s"]).ok();
    assert!(ran.stdout.contains("3 of 3 runs: 1 finished, 1 diverged, 1 failed"), "{}", ran.stdout);
    let rows = rows(&folder.join("s/results.parquet"));
    let ended: Vec<String> = rows.iter().map(|row| text(row, "ended")).collect();
    assert_eq!(ended, ["finished", "diverged", "failed"]);
    assert!(text(&rows[1], "reason").contains("loss of step"), "{}", text(&rows[1], "reason"));
    assert!(
        text(&rows[2], "reason").contains("learning_rate = -1"),
        "{}",
        text(&rows[2], "reason")
    );
    assert_eq!(field(&rows[2], "engine"), &Field::Null);
}

#[test]
fn a_killed_sweep_goes_on_and_runs_no_point_twice() {
    let folder = Folder::new();
    // Muon, so that Burn trains and there is time to kill; more points in closed form.
    let sweep = "[sweep]\ntraining.optimizer = [{ type = \"muon\", learning_rate = 0.01 }]\n\
                 model.init_w = { from = -1, to = 1, steps = 300 }\n";
    let config = format!("{BASE}{sweep}").replace("steps = 30\n", "steps = 120\n");
    folder.write("sweep.toml", &config);
    let args = ["sweep", "--config", "sweep.toml", "--out", "s", "--backend", fast_backends()[0]];
    let parts = || std::fs::read_dir(folder.join("s/parts")).map_or(0, Iterator::count);
    let mut kept = Vec::new();
    for _ in 0..2 {
        let before = parts();
        let mut child =
            folder.program(&args).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        // Killed after one more part, unless it finishes before.
        while child.try_wait().unwrap().is_none() && parts() == before {
            std::thread::sleep(Duration::from_millis(20));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kept.extend(
            std::fs::read_dir(folder.join("s/parts"))
                .into_iter()
                .flatten()
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.extension().is_some_and(|ending| ending == "parquet"))
                .flat_map(|path| rows(&path))
                .map(|row| (number(&row, "point") as usize, number(&row, "seconds").to_bits())),
        );
    }
    // The state after a kill in the middle of a part.
    folder.write("s/parts/000000000007-000000000009.parquet.partial", "PAR1");
    folder.run(&args).ok();
    let all = rows(&folder.join("s/results.parquet"));
    let points: Vec<usize> = all.iter().map(|row| number(row, "point") as usize).collect();
    assert_eq!(points, (0..300).collect::<Vec<_>>());
    // Finished points were not run again: their times are the old ones.
    for (point, seconds) in kept {
        assert_eq!(number(&all[point], "seconds").to_bits(), seconds, "point {point}");
    }
    assert!(!folder.join("s/parts").exists());
    // After a kill before the parts were removed, their rows do not count twice.
    std::fs::create_dir(folder.join("s/parts")).unwrap();
    let table = folder.join("s/results.parquet");
    std::fs::copy(table, folder.join("s/parts/000000000000-000000000299.parquet")).unwrap();
    let again = folder.run(&args).ok();
    assert!(again.stdout.starts_with("300 of 300 runs: 300 finished"), "{}", again.stdout);
    assert!(!folder.join("s/parts").exists());
}

#[test]
fn shares_make_the_table_that_one_machine_makes() {
    let folder = Folder::new();
    let sweep = "[sweep]\nmodel.init_w = { from = -1, to = 1, steps = 20 }\n\
                 training.optimizer.learning_rate = { from = 1e-3, to = 0.1, steps = 10, scale = \"log\" }\n";
    folder.write("sweep.toml", &format!("{BASE}{sweep}"));
    let sweep = |out: &str, more: &[&str]| {
        let args = ["sweep", "--config", "sweep.toml", "--out", out];
        folder.run(&[&args, more].concat())
    };
    sweep("one", &[]).ok();
    // In one folder, as shares of a job array.
    sweep("shared", &["--shard", "1/3"]).ok();
    folder.run(&["merge", "shared"]).refused(2, "of 200 points are done");
    sweep("shared", &["--shard", "3/3"]).ok();
    let mut array =
        folder.program(&["sweep", "--config", "sweep.toml", "--out", "shared", "--shard", "auto"]);
    let array = array.env("SLURM_ARRAY_TASK_ID", "2").env("SLURM_ARRAY_TASK_COUNT", "3");
    let array = array.env("SLURM_ARRAY_TASK_MIN", "1").env("SLURM_ARRAY_TASK_MAX", "3");
    let ran = Ran::from(array.output().unwrap()).ok();
    assert!(ran.stdout.contains("constinit merge shared"), "{}", ran.stdout);
    folder.run(&["merge", "shared"]).ok();
    // In separate folders.
    sweep("a", &["--shard", "1/2"]).ok();
    sweep("b", &["--shard", "2/2"]).ok();
    folder.run(&["merge", "a", "b"]).refused(2, "--out DIR");
    folder.run(&["merge", "a", "b", "--out", "both"]).ok();
    let seen = |name: &str| -> Vec<String> {
        let rows = rows(&folder.join(name).join("results.parquet"));
        let shown = |row: &Row| {
            let timeless = row.get_column_iter().filter(|(name, _)| *name != "seconds");
            timeless.map(|(name, field)| format!("{name}={field} ")).collect()
        };
        rows.iter().map(shown).collect()
    };
    let one = seen("one");
    assert_eq!(one.len(), 200);
    assert_eq!(one.iter().collect::<BTreeSet<_>>().len(), 200);
    assert!(one == seen("shared") && one == seen("both"));
}

#[test]
fn what_is_there_is_not_overwritten() {
    let folder = Folder::new();
    folder.write("sweep.toml", &format!("{BASE}[sweep]\ninit_w = [1, 2]\n"));
    folder.write("other.toml", &format!("{BASE}[sweep]\ninit_w = [1, 3]\n"));
    std::fs::create_dir(folder.join("full")).unwrap();
    folder.write("full/letter.txt", "dear");
    let sweep = |config: &str, out: &str| folder.run(&["sweep", "--config", config, "--out", out]);
    sweep("sweep.toml", "full").refused(2, "not empty and contains no sweep");
    sweep("sweep.toml", "s").ok();
    sweep("other.toml", "s").refused(2, "contains another sweep");
    let table = std::fs::read(folder.join("s/results.parquet")).unwrap();
    sweep("sweep.toml", "s").ok();
    assert_eq!(std::fs::read(folder.join("s/results.parquet")).unwrap(), table);
    std::fs::write(folder.join("s/results.parquet"), &table[..table.len() / 2]).unwrap();
    sweep("sweep.toml", "s").refused(2, "results.parquet").refused(2, "remove it, and the sweep");
    // The parts stay if the existing table is broken.
    std::fs::create_dir_all(folder.join("s/parts")).unwrap();
    std::fs::write(folder.join("s/parts/000000000000-000000000001.parquet"), &table).unwrap();
    folder.run(&["merge", "s"]).refused(2, "remove it, and the sweep");
    std::fs::remove_file(folder.join("s/results.parquet")).unwrap();
    folder.run(&["merge", "s"]).ok();
    assert_eq!(rows(&folder.join("s/results.parquet")).len(), 2);
    folder.run(&["run", "--config", "sweep.toml", "--index", "2"]).refused(2, "are 0 to 1");
    let run = folder.run(&["run", "--config", "sweep.toml"]);
    run.refused(2, "unknown field `sweep`").refused(2, "--index N for one of its runs");
    folder.run(&["run", "--config", "sweep.toml", "--index", "-1"]).refused(2, "-1");
    let wrong = format!("{BASE}[sweep]\nactivation = [\"relu\", 3]\n");
    folder.write("wrong.toml", &wrong);
    sweep("wrong.toml", "w").refused(2, "wrong.toml: [sweep] model.activation = 3: ");
    assert!(!folder.join("w").exists());
    // More threads than the system allows, and more than runs.
    let jobs = |count: &str| {
        folder.run(&["sweep", "--config", "sweep.toml", "--out", "j", "--jobs", count])
    };
    jobs("65535").refused(2, "65535 is not in 1..=1024");
    jobs("-1").refused(2, "-1 is not in 1..=1024");
    jobs("1024").ok();
    sweep("none.toml", "t").refused(2, "none.toml");
    folder.write("plain.toml", BASE);
    sweep("plain.toml", "t").refused(2, "[sweep] is missing");
}

#[test]
fn data_is_kept_in_the_folder() {
    let folder = Folder::new();
    let base = BASE
        .replace(
            "inputs = [[0.5, -0.2, 0.9], [0.1, 0.8, -0.4], [-0.7, 0.3, 0.2]]",
            "inputs = \"x.csv\"",
        )
        .replace("[[1.0, 0.5], [0.0, 0.25], [0.5, -1.0]]", "\"y.csv\"");
    folder.write("x.csv", "0.5,-0.2,0.9\n0.1,0.8,-0.4\n");
    folder.write("y.csv", "1,0.5\n0,0.25\n");
    folder.write("sweep.toml", &format!("{base}[sweep]\ninit_w = [0.1, 0.2]\n"));
    let args = ["sweep", "--config", "sweep.toml", "--out", "s"];
    folder.run(&args).ok();
    folder.write("x.csv", "0.5,-0.2,0.9\n0.1,0.8,-0.5\n");
    folder.run(&args).refused(2, "inputs.csv");
    std::fs::remove_file(folder.join("x.csv")).unwrap();
    let (loss, _) = last_loss(&folder, 1, fast_backends()[0]);
    let found = number(&rows(&folder.join("s/results.parquet"))[1], "final_loss");
    assert!((loss - found).abs() < 1e-6 * loss, "{loss} {found}");
}

/// A sweep opens graphics drivers only if a run needs one: here none could be loaded, and some would write to standard
/// error.
#[test]
fn runs_in_closed_form_ask_for_no_driver() {
    let folder = Folder::new();
    folder.write("sweep.toml", &format!("{BASE}[sweep]\ninit_w = [0.1, 0.2]\n"));
    let mut sweep = folder.program(&["sweep", "--config", "sweep.toml", "--out", "s"]);
    let sweep = sweep.env_remove("XDG_RUNTIME_DIR").env("VK_DRIVER_FILES", "/dev/null");
    let ran = sweep.output().unwrap();
    assert_eq!(String::from_utf8(ran.stderr).unwrap(), "");
    assert!(ran.status.success());
    assert_eq!(rows(&folder.join("s/results.parquet")).len(), 2);
}
