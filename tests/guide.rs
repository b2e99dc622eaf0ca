//! The commands on the pages of the guide print the output that the pages show.
//!
//! A test runs a page from its first line to its last, in an empty folder. A `toml` block whose first line is `# NAME`
//! becomes the file NAME. A `console` block has commands, `$ constinit ...`, each followed by parts of its output in
//! order; a line `...` matches any lines. The tests do not run commands in `sh` blocks, but the program must know each.
#![cfg(feature = "ndarray")]

use crate::program::Folder;
use crate::program::config::config;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// The fenced blocks of a page, by language, in their order.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else { continue };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push((language.to_owned(), block.join("\n")));
    }
    blocks
}

/// Words as a shell splits them; quotes keep spaces.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in command.chars() {
        match character {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            _ => words.last_mut().unwrap().push(character),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Runs a command on the one backend whose numbers the pages show.
fn printed(folder: &Folder, command: &str) -> String {
    let words = words(command);
    let (name, mut args) = words.split_first().expect("a command");
    assert_eq!(name, "constinit", "{command}");
    let asks = |args: &[String]| match args.first().map(String::as_str) {
        None | Some("run" | "compare") => !args.iter().any(|arg| arg == "--resume"),
        _ => false,
    };
    let output = args.iter().position(|word| word == ">").map(|at| {
        let file = &args[at + 1];
        args = &args[..at];
        file.clone()
    });
    let mut args: Vec<&str> = args.iter().map(String::as_str).collect();
    if asks(&words[1..]) && !args.contains(&"--backend") {
        args.extend(["--backend", "ndarray"]);
    }
    let ran = folder.run(&args).ok();
    match output {
        Some(file) => {
            folder.write(&file, &ran.stdout);
            String::new()
        }
        None => ran.stdout,
    }
}

/// Fails unless the parts between lines `...` are in the output in their order.
fn shows(command: &str, output: &str, shown: &str) {
    let mut rest = output;
    for part in shown.split("...\n").chain([]) {
        let part = part.trim_end_matches("...").trim_end();
        if part.is_empty() {
            continue;
        }
        let found = rest
            .find(part)
            .unwrap_or_else(|| panic!("`{command}` does not print:\n{part}\nbut:\n{output}"));
        rest = &rest[found + part.len()..];
    }
}

/// Runs a page.
fn run(page: &str) {
    let text = std::fs::read_to_string(Path::new("docs").join(page)).unwrap();
    let folder = Folder::new();
    let mut commands = 0;
    for (language, block) in blocks(&text) {
        match language.as_str() {
            "toml" => {
                let first = block.lines().next().unwrap_or_default();
                if let Some(name) = first.strip_prefix("# ").filter(|name| name.ends_with(".toml"))
                {
                    folder.write(name, &block);
                }
            }
            "console" => {
                for command in format!("\n{block}").split("\n$ ").skip(1) {
                    let (command, shown) = command.split_once('\n').unwrap_or((command, ""));
                    shows(command, &printed(&folder, command), shown);
                    commands += 1;
                }
            }
            "sh" => {
                for command in block.lines().filter(|line| line.starts_with("constinit ")) {
                    let help = folder.run(&[words(command)[1].as_str(), "--help"]);
                    assert_eq!(help.code, Some(0), "{command}");
                    let help = help.stdout;
                    let options = words(command).into_iter().filter(|word| word.starts_with("--"));
                    for option in options {
                        assert!(help.contains(&option), "{command}: {option}");
                    }
                }
            }
            _ => {}
        }
    }
    assert!(commands > 0, "{page}");
}

macro_rules! pages {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            run(concat!(stringify!($name), ".md"));
        }
    )*};
}

pages! { tutorial initialisers sweeps surgery }

/// All keys of an object and of the objects in it. A configuration has a page for its keys; the keys of maps are names.
fn keys(value: &Value, found: &mut BTreeSet<String>) {
    const MAPS: [&str; 3] = ["properties", "dead", "findings"];
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                found.insert(key.clone());
                match value {
                    _ if key == "config" => {}
                    Value::Object(map) if MAPS.contains(&key.as_str()) => {
                        map.values().for_each(|value| keys(value, found));
                    }
                    _ => keys(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| keys(value, found)),
        _ => {}
    }
}

#[test]
fn every_key_that_is_written_is_on_the_page_of_keys() {
    let page = std::fs::read_to_string("docs/files.md").unwrap();
    let folder = Folder::new();
    let noise = "[[break]]\nkind = \"noise\"\nstep = 2\nspace = \"hidden1\"\nstd = 0.1\n[probe]\nforecast = 2";
    let data = ["[[1.0, 2.0, -1.0], [0.5, -0.5, 1.0]]", "[[1.0, 0.0], [0.0, 1.0]]"];
    let broken = config([3, 4, 2]).data(data[0], data[1]).steps(8).with(noise);
    folder.write_config("broken.toml", broken);
    let run = |args: &[&str]| {
        let ran = folder.run(&[&["run", "--backend", "ndarray", "--json"], args].concat());
        ran.ok().json()
    };
    let mut lines = [
        run(&["--out", "plain"]),
        run(&["--quotient"]),
        run(&["--config", "broken.toml"]),
        folder
            .run(&["inspect", "plain/model.safetensors", "--activation", "relu", "--json"])
            .json(),
    ]
    .concat();
    let units = std::fs::read_to_string(folder.join("plain/units.jsonl")).unwrap();
    lines.extend(units.lines().map(|line| serde_json::from_str(line).unwrap()));
    let mut found = BTreeSet::new();
    lines.iter().for_each(|line| keys(line, &mut found));
    for key in
        ["first_break", "cause", "e_fold_steps", "trained", "printed", "classes", "largest_class"]
    {
        assert!(found.contains(key), "the runs write no {key}");
    }
    let missing: Vec<&String> =
        found.iter().filter(|key| !page.contains(&format!("`{key}`"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_page_is_in_the_index_and_every_link_leads_somewhere() {
    let docs = Path::new("docs");
    let index = std::fs::read_to_string(docs.join("README.md")).unwrap();
    for entry in std::fs::read_dir(docs).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.ends_with(".md") {
            continue;
        }
        assert!(name == "README.md" || index.contains(&format!("({name})")), "{name}");
    }
    let pages = std::fs::read_dir(docs).unwrap().map(|entry| entry.unwrap().path());
    let pages = pages.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    for page in pages.chain([Path::new("README.md").to_owned(), "CONTRIBUTING.md".into()]) {
        let text = std::fs::read_to_string(&page).unwrap();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        for (link, _) in links.filter(|(link, _)| !link.starts_with("http")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target =
                if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            assert!(target.exists(), "{}: {link}", page.display());
            if !anchor.is_empty() && target.extension().is_some_and(|ending| ending == "md") {
                let text = std::fs::read_to_string(&target).unwrap();
                let anchors = text.lines().filter(|line| line.starts_with('#')).map(anchor_of);
                assert!(anchors.clone().any(|of| of == anchor), "{}: {link}", page.display());
            }
        }
    }
}

/// A heading's anchor, as GitHub makes it.
fn anchor_of(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|character| if character == ' ' { '-' } else { character }).collect()
}
