//! Readings for other programs: event files and tables. This file has its own reader of event files, with checksums bit
//! by bit and hand-written protocol buffers. `scripts/check-logs` reads them with TensorBoard and pandas.

use crate::program::config::{Config, two_layers_on_iris};
use crate::program::{Folder, fast_backends};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

fn learning() -> Config {
    let config = two_layers_on_iris().with("data.batch_size = 32\ndata.shuffle_seed = 3");
    let config = config.loss("cross_entropy").with("training.checkpoint_every = 4");
    config.steps(300).optimizer("type = \"adam\", learning_rate = 0.01")
}

/// CRC-32C, a bit at a time.
fn checksum(bytes: &[u8]) -> u32 {
    let mut register = u32::MAX;
    for byte in bytes {
        register ^= u32::from(*byte);
        for _ in 0..8 {
            let low = register & 1;
            register >>= 1;
            if low == 1 {
                register ^= 0x82f6_3b78;
            }
        }
    }
    !register
}

fn masked(bytes: &[u8]) -> u32 {
    let sum = checksum(bytes);
    sum.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// The data of all records of a file.
fn records(path: &Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(path).unwrap();
    let mut rest = &bytes[..];
    let mut found = Vec::new();
    while !rest.is_empty() {
        let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
        let sum = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().unwrap());
        assert_eq!(sum(8), masked(&rest[..8]));
        let data = &rest[12..12 + length];
        assert_eq!(sum(12 + length), masked(data));
        found.push(data.to_vec());
        rest = &rest[16 + length..];
    }
    found
}

#[derive(Debug, PartialEq)]
enum Field {
    Number(u64),
    Eight([u8; 8]),
    Bytes(Vec<u8>),
    Four([u8; 4]),
}

/// The fields of a message, by number.
fn fields(message: &[u8]) -> Vec<(u64, Field)> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let mut value = 0;
        for place in 0.. {
            let byte = bytes[0];
            *bytes = &bytes[1..];
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                break;
            }
        }
        value
    }
    let mut rest = message;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let key = varint(&mut rest);
        let field = match key & 7 {
            0 => Field::Number(varint(&mut rest)),
            1 => Field::Eight(rest.split_off(..8).unwrap().try_into().unwrap()),
            2 => {
                let length = varint(&mut rest) as usize;
                Field::Bytes(rest.split_off(..length).unwrap().to_vec())
            }
            5 => Field::Four(rest.split_off(..4).unwrap().try_into().unwrap()),
            other => panic!("wire type {other}"),
        };
        found.push((key >> 3, field));
    }
    found
}

#[derive(Debug, PartialEq)]
enum What {
    Version(String),
    Start,
    Scalars(BTreeMap<String, f32>),
}

/// Step and content of every event of a file.
fn events(path: &Path) -> Vec<(u64, What)> {
    let event = |record: Vec<u8>| {
        let [(1, Field::Eight(time)), (2, Field::Number(step)), (number, Field::Bytes(what))] =
            &fields(&record)[..]
        else {
            panic!("{record:?}");
        };
        assert!(f64::from_le_bytes(*time) > 1.7e9, "seconds since 1970");
        let what = match number {
            3 => What::Version(String::from_utf8(what.clone()).unwrap()),
            7 => {
                assert_eq!(fields(what), [(1, Field::Number(1))]);
                What::Start
            }
            5 => What::Scalars(fields(what).into_iter().map(scalar).collect()),
            other => panic!("field {other}"),
        };
        (*step, what)
    };
    records(path).into_iter().map(event).collect()
}

fn scalar((number, value): (u64, Field)) -> (String, f32) {
    let (1, Field::Bytes(value)) = (number, value) else { panic!("no value") };
    let [(1, Field::Bytes(tag)), (2, Field::Four(number))] = &fields(&value)[..] else {
        panic!("{value:?}");
    };
    (String::from_utf8(tag.clone()).unwrap(), f32::from_le_bytes(*number))
}

/// The event files of a folder, in the order of their names.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn readings(lines: &[Value]) -> Vec<&Value> {
    lines.iter().filter(|line| line["event"] == "reading").collect()
}

/// What the events of a reading should be.
fn scalars(reading: &Value) -> BTreeMap<String, f32> {
    let mut found = BTreeMap::new();
    let mut add = |tag: String, value: &Value| {
        if let Some(value) = value.as_f64() {
            found.insert(tag, value as f32);
        }
    };
    add("loss".to_owned(), &reading["loss"]);
    for space in reading["spaces"].as_array().unwrap() {
        let name = space["name"].as_str().unwrap();
        add(format!("{name}/twins"), &space["twins"]);
        add(format!("{name}/spread"), &space["spread"]);
    }
    for (name, property) in reading["properties"].as_object().unwrap() {
        add(format!("properties/{name}"), &property["deviation"]);
    }
    found
}

#[test]
fn event_files_have_the_readings_of_a_run_and_of_its_continuation() {
    assert_eq!(checksum(b"123456789"), 0xe306_9283, "the check value of CRC-32C");
    let folder = Folder::new();
    folder.write_config("run.toml", learning());
    let run = |more: &[&str]| {
        let args = [&["run", "--json", "--tensorboard", "logs/a"], more].concat();
        folder.run(&args)
    };
    let backend = ["--backend", fast_backends()[0], "--out", "run"];
    let ran = run(&[&["--config", "run.toml"], &backend[..]].concat()).ok().json();
    let [first] = &files(&folder.join("logs/a"))[..] else { panic!("one file") };
    let found = events(first);
    assert_eq!(found[0], (0, What::Version("brain.Event:2".to_owned())));
    let expected: Vec<_> = readings(&ran)
        .into_iter()
        .map(|line| (line["step"].as_u64().unwrap(), What::Scalars(scalars(line))))
        .collect();
    assert_eq!(expected.len(), 301);
    assert_eq!(found[1..], expected);
    assert!(expected.iter().any(|(step, _)| *step > 127), "a step takes two bytes");

    // From the checkpoint of step 296.
    let bytes = std::fs::read(first).unwrap();
    std::fs::remove_file(folder.join("run/checkpoints/step-000000000300.ckpt")).unwrap();
    run(&["--resume", "run"]).ok();
    let [same, second] = &files(&folder.join("logs/a"))[..] else { panic!("two files") };
    assert_eq!((same, std::fs::read(same).unwrap()), (first, bytes));
    let again = events(second);
    assert_eq!(again[0].1, What::Version("brain.Event:2".to_owned()));
    assert_eq!(again[1], (297, What::Start));
    assert_eq!(again[2..], expected[297..]);

    // Another run cannot continue there, but can in its own folder and in a new one.
    folder.write_config("shorter.toml", learning().steps(200));
    folder
        .run(
            &[
                &["run", "--config", "shorter.toml", "--tensorboard", "logs/b", "--out", "b"],
                &backend[..2],
            ]
            .concat(),
        )
        .ok();
    let resumed = |logs: &str| folder.run(&["run", "--resume", "b", "--tensorboard", logs]);
    resumed("logs/a").refused(2, "has events of another run");
    assert_eq!(files(&folder.join("logs/a")).len(), 2);
    resumed("logs/b").ok();
    resumed("logs/c").ok();
    // The run has ended: there is nothing to add.
    assert_eq!(files(&folder.join("logs/b")).len(), 1);
    resumed("shorter.toml").refused(2, "--tensorboard shorter.toml: is a file");

    // The program refuses events of another run, and leaves no file.
    let other = ["--config", "run.toml", "--out", "other"];
    run(&other).refused(2, "logs/a: the folder has events");
    assert!(!folder.join("other").exists() && files(&folder.join("logs/a")).len() == 2);
}

#[test]
fn a_table_has_the_readings_and_goes_on() {
    let folder = Folder::new();
    folder.write_config("run.toml", learning());
    let backend = ["--backend", fast_backends()[0]];
    let run = |more: &[&str]| folder.run(&[&["run", "--json", "--csv", "t.csv"], more].concat());
    let fresh = [&["--config", "run.toml", "--out", "run"], &backend[..]].concat();
    let ran = run(&fresh).ok();
    let table = std::fs::read_to_string(folder.join("t.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let heads: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(heads[..3], ["step", "loss", "hidden1.twins"]);
    assert_eq!(heads.len(), 2 + 2 * 9 + 4);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let lines: Vec<&str> =
        ran.stdout.lines().filter(|line| line.contains("\"event\":\"reading\"")).collect();
    assert_eq!((rows.len(), lines.len()), (301, 301));
    for (row, text) in rows.iter().zip(lines) {
        let line: Value = serde_json::from_str(text).unwrap();
        for (head, cell) in heads.iter().zip(row) {
            let value = match head.split_once('.') {
                Some((space, key)) => {
                    let number: usize = space.trim_start_matches("hidden").parse().unwrap();
                    line["spaces"][number - 1].get(key).unwrap()
                }
                None if head.starts_with('P') => &line["properties"][head]["deviation"],
                None => &line[head],
            };
            assert_eq!(serde_json::from_str(cell).unwrap_or(Value::Null), *value, "{head}: {text}");
            assert!(value.is_null() || text.contains(&format!(":{cell}")), "{head}: {text}");
        }
    }

    // The program refuses an existing file; nothing remains of the attempt.
    let other = ["--config", "run.toml", "--out", "other"];
    run(&other).refused(2, "t.csv: the file exists");
    assert!(!folder.join("other").exists());
    let nowhere = [&["run", "--csv", "none/t.csv"], &other[..]].concat();
    folder.run(&nowhere).refused(2, "none/t.csv: folder none does not exist");
    assert!(!folder.join("other").exists());

    // Resumed: the old table continues, and a new table is complete.
    std::fs::remove_file(folder.join("run/checkpoints/step-000000000300.ckpt")).unwrap();
    run(&["--resume", "run"]).ok();
    assert_eq!(std::fs::read_to_string(folder.join("t.csv")).unwrap(), table);
    std::fs::remove_file(folder.join("run/checkpoints/step-000000000300.ckpt")).unwrap();
    folder.run(&["run", "--resume", "run", "--csv", "new.csv"]).ok();
    assert_eq!(std::fs::read_to_string(folder.join("new.csv")).unwrap(), table);
    let lines = std::fs::read_to_string(folder.join("run/readings.jsonl")).unwrap();
    assert_eq!(lines, ran.stdout, "the readings are as they were");

    // The program overwrites neither the table of another run nor any other file.
    let foreign = table.replacen("0,,1", "0,,2", 1);
    folder.write("t.csv", &foreign);
    std::fs::remove_file(folder.join("run/checkpoints/step-000000000300.ckpt")).unwrap();
    run(&["--resume", "run"]).refused(2, "t.csv: not the table of this run");
    let lines = std::fs::read_to_string(folder.join("run/readings.jsonl")).unwrap();
    assert_eq!(lines, ran.stdout, "nothing is cut for a resume that is refused");
    assert_eq!(std::fs::read_to_string(folder.join("t.csv")).unwrap(), foreign);

    // It removes no line that somebody added.
    let added = format!("{table}301,0.5\n");
    folder.write("t.csv", &added);
    run(&["--resume", "run"]).refused(2, "t.csv: line 303 is not a row of this run");
    assert_eq!(std::fs::read_to_string(folder.join("t.csv")).unwrap(), added);
    let lines = std::fs::read_to_string(folder.join("run/readings.jsonl")).unwrap();
    assert_eq!(lines, ran.stdout);

    // It cuts no line if another file of the run prevents the resume.
    folder.write("t.csv", &table);
    folder.write("run/units.jsonl", "");
    run(&["--resume", "run"]).refused(2, "units.jsonl: shorter than the checkpoint says");
    assert_eq!(std::fs::read_to_string(folder.join("t.csv")).unwrap(), table);
    let lines = std::fs::read_to_string(folder.join("run/readings.jsonl")).unwrap();
    assert_eq!(lines, ran.stdout);
}

#[test]
fn a_table_in_the_folder_of_its_run() {
    let folder = Folder::new();
    folder.write_config("run.toml", learning());
    let run = |out: &str, csv: &str| {
        folder.run(&["run", "--config", "run.toml", "--out", out, "--csv", csv])
    };
    for own in [
        "run/readings.jsonl",
        "run/model.safetensors",
        "./run/config.toml",
        "run/x/../units.jsonl",
        "run/checkpoints/step-000000000099.ckpt",
    ] {
        let saying = format!("--csv {own}: the run itself writes a file of this name in run");
        run("run", own).refused(2, &saying);
        assert!(!folder.join("run").exists());
    }
    run("run", "run").refused(2, "another option names this path as a folder");
    let logs = |csv: &str, events: &str| {
        let args = ["run", "--config", "run.toml", "--out", "run", "--csv", csv, "--tensorboard"];
        folder.run(&[&args, &[events][..]].concat())
    };
    logs("run/t", "run/t").refused(2, "another option names this path as a folder");
    logs("t.csv", "run/readings.jsonl")
        .refused(2, "--tensorboard run/readings.jsonl: the run itself writes");
    assert!(!folder.join("run").exists() && !folder.join("t.csv").exists());
    run("run", "./x/../run/table.csv").refused(2, "folder ./x/../run does not exist");
    assert!(!folder.join("run").exists());
    run("run", "./run/table.csv").ok();
    let rows = std::fs::read_to_string(folder.join("run/table.csv")).unwrap();
    assert_eq!(rows.lines().count(), 302);
    // A resumed run does not write the table over its own files, either.
    std::fs::remove_file(folder.join("run/model.safetensors")).unwrap();
    let resumed = ["run", "--resume", "run", "--csv", "run/model.safetensors"];
    folder.run(&resumed).refused(2, "the run itself writes a file");
    folder.run(&["run", "--resume", "run", "--csv", "run/table.csv"]).ok();
    assert_eq!(std::fs::read_to_string(folder.join("run/table.csv")).unwrap(), rows);
    // It does not write to something that is no file: a device, a broken link.
    #[cfg(unix)]
    {
        let resume = |csv: &str| folder.run(&["run", "--resume", "run", "--csv", csv]);
        resume("/dev/full").refused(2, "/dev/full: not a file");
        std::os::unix::fs::symlink("nowhere", folder.join("link")).unwrap();
        resume("link").refused(2, "link: No such file");
        assert!(!folder.join("nowhere").exists());
    }
}
