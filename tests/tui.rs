//! The live view in a real terminal, from util-linux's `script`: it restores the terminal however it ends.
#![cfg(target_os = "linux")]

use crate::program::config::{Config, two_layers_on_iris};
use crate::program::{Folder, fast_backends};
use std::io::{BufReader, Read, Write};
use std::process::{Command, Stdio};

/// Long enough to end it early.
fn long() -> Config {
    let config = two_layers_on_iris()
        .loss("cross-entropy")
        .optimizer("type = \"adam\", learning_rate = 0.01");
    config.steps(1_000_000_000).with("training.checkpoint_every = 1000000")
}

const ENTER: &str = "\u{1b}[?1049h";
const LEAVE: &str = "\u{1b}[?1049l";

/// The output that a terminal received.
struct Seen {
    code: Option<i32>,
    /// The output before the view took the screen, and after it restored it.
    before: String,
    view: String,
    after: String,
}

/// Runs the program in a terminal until the view shows `until`, and then reacts.
fn watch(folder: &Folder, args: &str, until: &str, then: impl FnOnce(&mut dyn Write)) -> Seen {
    let mut then = Some(then);
    watch_in([100, 30], folder, args, |text, keys| {
        if text.contains(until)
            && let Some(then) = then.take()
        {
            then(keys);
        }
    })
}

/// The same in a terminal of this width and height; `react` receives all output so far.
fn watch_in(
    [width, height]: [usize; 2],
    folder: &Folder,
    args: &str,
    mut react: impl FnMut(&str, &mut dyn Write),
) -> Seen {
    let shell = format!(
        "stty rows {height} cols {width}; {} run --backend {} --tui {args}; code=$?; stty -a | grep -ow -- '-*icanon'; exit $code",
        env!("CARGO_BIN_EXE_constinit"),
        fast_backends()[0]
    );
    // If the program never ends, its test fails with its output. This time limit measures nothing.
    let mut command = Command::new("timeout");
    command.args(["--foreground", "--kill-after=10", "600", "script"]);
    command.args(["-qefc", &shell, "/dev/null"]).current_dir(folder.path());
    command.env("TERM", "xterm-256color").env("NO_COLOR", "1").env("SHELL", "/bin/sh");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("util-linux' script");
    let mut keys = child.stdin.take().unwrap();
    let mut screen = BufReader::new(child.stdout.take().unwrap());
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = screen.read(&mut buffer).unwrap();
        bytes.extend(&buffer[..read]);
        react(&String::from_utf8_lossy(&bytes), &mut keys);
        if read == 0 {
            break;
        }
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert_eq!(text.matches(ENTER).count(), 1, "{text:?}");
    let (before, rest) = text.split_once(ENTER).unwrap();
    let (view, after) =
        rest.split_once(LEAVE).unwrap_or_else(|| panic!("not given back: {text:?}"));
    let [before, view, after] = [before, view, after].map(str::to_owned);
    Seen { code: child.wait().unwrap().code(), before, view, after }
}

fn press(keys: &'static [u8]) -> impl FnOnce(&mut dyn Write) {
    move |to| press_all(to, keys)
}

fn press_all(to: &mut dyn Write, keys: &[u8]) {
    to.write_all(keys).unwrap();
    to.flush().unwrap();
}

/// The output without control sequences, with one space between words, because line breaks depend on the number of
/// digits of steps.
fn words(written: &str) -> String {
    let mut pieces = written.split("\u{1b}[");
    let first = pieces.next().unwrap_or_default().to_owned();
    let plain = pieces.fold(first, |plain, piece| {
        let text = piece.find(char::is_alphabetic).map_or("", |end| &piece[end + 1..]);
        plain + " " + text
    });
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Seen {
    /// Fails unless the terminal is restored: its screen, its cursor, and lines with echo.
    fn given_back(&self, code: i32) {
        let Self { view, after, .. } = self;
        assert_eq!(self.code, Some(code), "{after}");
        // Only a frame hides the cursor, and a short run may end before the first.
        assert!(
            format!("{view}{after}").rfind("\u{1b}[?25h") >= view.rfind("\u{1b}[?25l"),
            "{after:?}"
        );
        assert!(after.ends_with("\nicanon\r\n"), "{after:?}");
    }
}

#[test]
fn q_and_control_c_end_the_run_after_its_step() {
    for (keys, code, said) in
        [(&b"q"[..], 0, "stopped at step "), (b"\x03", 130, "interrupted after step ")]
    {
        let folder = Folder::new();
        folder.write_config("run.toml", long());
        let keys: &'static [u8] = keys;
        let seen = watch(&folder, "--config run.toml --out run", "steps/s", press(keys));
        seen.given_back(code);
        assert!(seen.before.contains("run.toml on "), "{}", seen.before);
        // The view does not write spaces that are already on the screen.
        assert!(seen.view.contains("Ctrl-C:"), "{}", seen.view);
        let styles = seen.view.split("\u{1b}[").filter_map(|part| {
            let end = part.find(char::is_alphabetic)?;
            part[end..].starts_with('m').then_some(&part[..end])
        });
        let styles: Vec<&str> = styles.collect();
        assert!(styles.iter().all(|style| ["", "0"].contains(style)), "colours: {styles:?}");
        assert!(seen.after.contains("verdict") && seen.after.contains(said), "{}", seen.after);
        assert_eq!(seen.after.contains("error: "), code != 0, "{}", seen.after);
        assert!(seen.after.contains("continue with --resume run"), "{}", seen.after);
        assert!(folder.join("run/model.safetensors").is_file());
    }
}

#[test]
fn a_small_terminal_scrolls_the_verdict_to_its_end() {
    let folder = Folder::new();
    folder.write_config("run.toml", long());
    let end = "so the gradients of the outputs differ.";
    let mut ended = false;
    let seen = watch_in([60, 15], &folder, "--config run.toml", |text, keys| {
        // The verdict grows with its numbers. Its last line may change, so a frame may need another key.
        if !ended && words(text).contains(end) {
            ended = true;
            press_all(keys, b"q");
        } else if !ended && text.contains("more line") {
            press_all(keys, b"\x1b[B");
        }
    });
    seen.given_back(0);
    assert!(words(&seen.view).contains(end), "{}", seen.view);
    // No cell outside the terminal.
    let rows = seen.view.split("\u{1b}[").filter_map(|part| part.split_once('H'));
    let rows = rows.filter_map(|(place, _)| place.split_once(';')?.0.parse::<usize>().ok());
    assert_eq!(rows.max(), Some(15));
}

#[test]
fn a_signal_a_divergence_and_an_end_give_the_terminal_back() {
    let folder = Folder::new();
    folder.write_config("run.toml", long());
    let signal = |_: &mut dyn Write| {
        let name = env!("CARGO_BIN_EXE_constinit");
        let here = folder.path().canonicalize().unwrap();
        let ours = std::fs::read_dir("/proc").unwrap().flatten().find(|process| {
            let link = |name: &str| std::fs::read_link(process.path().join(name)).ok();
            link("exe").is_some_and(|exe| exe == std::path::Path::new(name))
                && link("cwd") == Some(here.clone())
        });
        let id = ours.expect("the program runs").file_name();
        assert!(Command::new("kill").arg("-TERM").arg(id).status().unwrap().success());
    };
    let seen = watch(&folder, "--config run.toml", "steps/s", signal);
    seen.given_back(143);
    assert!(seen.after.contains("interrupted after step "), "{}", seen.after);

    // A learning rate that is too large.
    let sgd = long().optimizer("type = \"sgd\", learning_rate = 1e30");
    folder.write_config("diverges.toml", sgd.loss("mse").activation("identity"));
    let seen = watch(&folder, "--config diverges.toml", "never", press(b""));
    seen.given_back(3);
    assert!(seen.after.contains("the run diverged"), "{}", seen.after);

    // The folder is removed: the next checkpoint fails.
    folder.write_config("run.toml", long().with("training.checkpoint_every = 100"));
    let seen = watch(&folder, "--config run.toml --out gone", "steps/s", |_| {
        std::fs::rename(folder.join("gone/checkpoints"), folder.join("away")).unwrap();
    });
    seen.given_back(2);
    assert!(seen.after.contains("error: ") && seen.after.contains("checkpoint"), "{}", seen.after);

    folder.write_config("short.toml", long().steps(40));
    let seen = watch(&folder, "--config short.toml --out short --csv t.csv", "never", press(b""));
    seen.given_back(0);
    assert!(seen.after.contains("hidden1: 5 units, 1 distinct "), "{}", seen.after);
    assert!(seen.after.contains("results saved in short"), "{}", seen.after);
    assert_eq!(std::fs::read_to_string(folder.join("t.csv")).unwrap().lines().count(), 42);
}

#[test]
fn a_view_needs_a_terminal() {
    let folder = Folder::new();
    folder.write_config("run.toml", long());
    let args = ["run", "--config", "run.toml", "--out", "run", "--tui"];
    folder.run(&args).refused(2, "--tui: standard output is not a terminal");
    assert!(!folder.join("run").exists());
    folder.run(&["run", "--tui", "--json"]).refused(2, "cannot be used with");
}
