//! `constinit inspect` in a pipeline: the files, the output formats; and the files that a package adds to the program.
#![cfg(feature = "ndarray")]

use crate::program::matrices::matrices;
use crate::program::{Folder, Ran};

#[test]
fn patterns_folders_and_standard_input() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.join("runs/old")).unwrap();
    let alike = [("w", [2, 2], vec![1.0, 2.0, 1.0, 2.0])];
    let distinct = [("w", [2, 2], vec![1.0, 2.0, 3.0, 4.0])];
    matrices(&folder, "runs/a.safetensors", &alike);
    matrices(&folder, "runs/b.safetensors", &distinct);
    matrices(&folder, "runs/old/c.safetensors", &distinct);
    for (argument, files) in [
        ("runs/*.safetensors", 2),
        ("runs/**/*.safetensors", 3),
        ("runs", 3),
        ("runs/[bc].safetensors", 1),
    ] {
        let text = folder.run(&["inspect", argument, "--quiet"]).ok().stdout;
        assert!(text.starts_with(&format!("{files} file")), "{argument}: {text}");
    }
    let text = folder.run(&["inspect", "runs/*.safetensors"]).ok().stdout;
    assert!(
        text.starts_with("2 files, 1 with findings; 4 units, 3 distinct\n\nduplicate rows\n"),
        "{text}"
    );
    let none = folder.run(&["inspect", "runs/*.pt"]);
    none.refused(2, "runs/*.pt: no file has this name, and none matches it as a pattern");
    // The same from standard input, and no file remains.
    let read = |args: &[&str], name: &str| {
        let mut program = folder.program(args);
        let file = std::fs::File::open(folder.join(name)).unwrap();
        std::fs::create_dir_all(folder.join("temporary")).unwrap();
        program.stdin(file).env("TMPDIR", folder.join("temporary"));
        let ran = Ran::from(program.output().unwrap());
        assert_eq!(std::fs::read_dir(folder.join("temporary")).unwrap().count(), 0);
        ran
    };
    let text = read(&["inspect", "-"], "runs/a.safetensors").ok().stdout;
    assert!(text.contains("\nduplicate rows\n  -: w: units 0, 1 are equal\n"), "{text}");
    let deny = read(&["inspect", "-", "--deny", "twins"], "runs/a.safetensors");
    deny.refused(1, "-: equal units in w");
    folder.write("page.html", "<!DOCTYPE html>");
    assert_eq!(read(&["inspect", "-"], "page.html").code, Some(2));
    let text = read(&["diff", "-", "runs/a.safetensors"], "runs/a.safetensors").ok().stdout;
    assert!(text.ends_with("identical\n"), "{text}");
    for args in [["inspect", "-", "-"], ["diff", "-", "-"]] {
        read(&args, "page.html").refused(2, "-: standard input can be read once");
    }
    let shared = ["inspect", "-", "--json", "--shard", "1/2"];
    read(&shared, "page.html").refused(2, "machines cannot share standard input");
}

#[test]
fn annotations_and_sarif() {
    let folder = Folder::new();
    matrices(&folder, "a,b.safetensors", &[("w", [2, 2], vec![0.0, 0.0, 3.0, f32::NAN])]);
    folder.write("broken.safetensors", "broken");
    let args = ["inspect", "a,b.safetensors", "broken.safetensors", "--deny", "zero"];
    let ran = folder.run(&[&args[..], &["--format", "github"]].concat());
    assert_eq!(ran.code, Some(2));
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let file = "file=a%2Cb.safetensors,title=constinit%3A";
    assert!(lines[0].starts_with(&format!("::warning {file} non-finite entries::w: 1 entry")));
    assert_eq!(lines[1], format!("::error {file} zero units::w: unit 0 is zero"));
    assert!(lines[2].starts_with("::error file=broken.safetensors,title="), "{}", lines[2]);
    assert_eq!(lines.len(), 4, "{}", ran.stdout);
    let sarif = folder.run(&[&args[..], &["--format", "sarif"]].concat());
    let log = &sarif.json()[0]["runs"][0];
    assert_eq!(log["results"][1]["ruleId"], "zero");
    assert_eq!(log["results"][1]["level"], "error");
    assert_eq!(log["invocations"][0]["executionSuccessful"], false);
    folder
        .run(&["inspect", "a,b.safetensors", "--json", "--format", "sarif"])
        .refused(2, "--format");
}

#[test]
fn colours_are_for_terminals() {
    let folder = Folder::new();
    matrices(&folder, "m.safetensors", &[("w", [2, 2], vec![0.0, 0.0, 3.0, 4.0])]);
    let coloured = |variables: &[(&str, &str)]| {
        let mut program = folder.program(&["inspect", "m.safetensors"]);
        program.env_remove("NO_COLOR").envs(variables.iter().copied());
        Ran::from(program.output().unwrap()).ok().stdout.contains('\u{1b}')
    };
    assert!(!coloured(&[]));
    assert!(coloured(&[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "0"), ("NO_COLOR", "1")]));
}

#[test]
fn completions_and_manual_pages_come_from_the_same_arguments() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = folder.run(&["completions", shell]).ok().stdout;
        assert!(script.contains("inspect") && script.contains("non-finite"), "{shell}");
    }
    let page = folder.run(&["man"]).ok().stdout;
    assert!(page.contains(".TH constinit 1") && page.contains("Exit codes"), "{page}");
    let page = folder.run(&["man", "inspect"]).ok().stdout;
    let bare = page.replace('\\', "");
    assert!(bare.contains(".TH constinit-inspect 1") && bare.contains("--tolerance"), "{page}");
    folder.run(&["man", "inspct"]).refused(2, "inspct: unknown command; the commands are run, ");
    folder.run(&["man", "--out", "pages"]).ok();
    let pages = std::fs::read_dir(folder.join("pages")).unwrap().count();
    // One page per command and one for the program; hidden spellings have none.
    let help = folder.run(&["--help"]).ok().stdout;
    let commands = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let commands =
        commands.lines().filter(|line| !line.starts_with("   ") && !line.contains("  help "));
    assert_eq!(pages, commands.count() + 1);
    folder.run(&["man", "--out", "pages"]).refused(2, "constinit.1: File exists");
}
