//! The commands in README.md print the output that it shows.

use crate::program::{Folder, Ran, backends};
use constinit::train::OptimizerConfig;

/// The code blocks of a language.
fn blocks(language: &str) -> Vec<String> {
    blocks_of(include_str!("../README.md"), language)
}

fn blocks_of(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let starts = text.split(&fence).skip(1);
    starts.map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_excerpt_is_the_program_s_output() {
    if !backends().contains(&"ndarray") {
        return;
    }
    let block = blocks("console").swap_remove(0);
    let ran = Folder::new().run(&["--backend", "ndarray"]).ok();
    let mut rest = ran.stdout.as_str();
    let lines = block.lines().skip(1).skip_while(|line| *line == "...");
    for part in lines.collect::<Vec<_>>().join("\n").split("\n...\n") {
        let found = rest.find(part).unwrap_or_else(|| panic!("not in the output:\n{part}"));
        rest = &rest[found + part.len()..];
    }
}

#[test]
fn the_configuration_runs() {
    let folder = Folder::new();
    let configurations = blocks("toml");
    let config = configurations.iter().find(|block| block.contains("[model]")).unwrap();
    folder.write("my.toml", config);
    let backend = backends()[0];
    let args = ["run", "--config", "my.toml", "--out", "run1", "--backend", backend];
    let ran = folder.run(&args).ok();
    assert!(ran.stdout.contains("hidden2: 16 units"), "{}", ran.stdout);
    folder.run(&["run", "--resume", "run1"]).ok();
    let ran = folder.run(&["run", "--config", "my.toml", "--quotient", "--backend", backend]).ok();
    assert!(ran.stdout.contains("one unit is trained for each class"), "{}", ran.stdout);
}

#[test]
fn every_key_is_documented_and_every_documented_one_is_a_key() {
    let text = include_str!("../docs/configuration.md");
    let documented = blocks_of(text, "toml");
    let folder = Folder::new();
    folder.write("targets.csv", "0\n1\n");
    let run = |name: &str, config: &str| {
        folder.write(&format!("{name}.toml"), config);
        let args = ["run", "--config", &format!("{name}.toml"), "--out", name];
        folder.run(&[&args[..], &["--backend", backends()[0]]].concat()).ok();
        std::fs::read_to_string(folder.join(&format!("{name}/config.toml"))).unwrap()
    };
    let kind = |optimizer: &OptimizerConfig| {
        let written = serde_json::to_value(optimizer).unwrap();
        written["type"].as_str().unwrap().to_owned()
    };
    let mut optimizers: Vec<String> = OptimizerConfig::all().iter().map(kind).collect();
    // Gradient descent without and with momentum is one kind.
    optimizers.dedup();
    assert_eq!(documented.len(), 2 + optimizers.len());
    let mut used = run("complete", &documented[0]);
    let small = "[model]\nlayer_dims = [2, 3, 1]\n[training]\nsteps = 1\n";
    for (name, block) in optimizers.iter().zip(&documented[2..]) {
        let of_program = run(name, &format!("{small}{}{block}", documented[1]));
        // Their values are the defaults.
        let bare = format!("{small}{}[training.optimizer]\ntype = \"{name}\"\n", documented[1]);
        assert_eq!(of_program, run(&format!("bare-{name}"), &bare));
        used += &of_program;
    }
    let key = |line: &str| line.split_once(" = ").map(|(key, _)| key.trim().to_owned());
    for key in used.lines().filter_map(key) {
        let is_there = documented.iter().any(|block| block.contains(&format!("{key} = ")));
        assert!(is_there, "{key} is not in docs/configuration.md");
    }
}

#[test]
fn devices_lists_every_backend_that_is_compiled_in() {
    let ran = Folder::new().run(&["devices"]).ok();
    let listed: Vec<&str> =
        ran.stdout.lines().filter_map(|line| line.split_whitespace().next()).collect();
    for backend in backends() {
        assert!(listed.contains(&backend), "{}", ran.stdout);
    }
    assert_eq!(ran.stdout.matches("(default)").count(), 1, "{}", ran.stdout);
}

/// Graphics drivers warn about a missing desktop. On a machine with a desktop, this tests nothing.
#[test]
fn standard_error_is_clean_without_a_desktop() {
    let folder = Folder::new();
    for name in backends() {
        for args in [&["devices"][..], &["run", "--preset", "notebook", "--backend", name]] {
            let mut program = folder.program(args);
            for of_desktops in ["XDG_RUNTIME_DIR", "WAYLAND_DISPLAY", "DISPLAY"] {
                program.env_remove(of_desktops);
            }
            let ran = Ran::from(program.output().unwrap()).ok();
            assert_eq!(ran.stderr, "", "{args:?}");
        }
    }
}

#[test]
fn help_names_every_option_and_has_examples() {
    let folder = Folder::new();
    let help = folder.run(&["run", "--help"]).ok().stdout;
    let options = ["--config", "--preset", "--backend", "--out", "--json", "--tui", "--quotient"];
    for option in options.into_iter().chain(["--resume", "--print-parameters", "--quiet"]) {
        assert!(help.contains(option), "{help}");
    }
    assert!(
        help.contains("Examples:") && folder.run(&["--help"]).ok().stdout.contains("Exit codes")
    );
}
