//! The output of `run`: a table of about 20 lines, parameters with an option, or only the verdict.

use crate::program::config::{Config, config};
use crate::program::{Folder, fast_backends};

fn iris() -> Config {
    let config = config([4, 16, 10, 3]).activation("tanh").init_w(0.1).dataset("iris");
    config.loss("cross-entropy").optimizer("type = \"adam\", learning_rate = 0.01")
}

fn printed(folder: &Folder, args: &[&str]) -> String {
    let run = ["run", "--config", "run.toml", "--backend", fast_backends()[0]];
    folder.run(&[&run[..], args].concat()).ok().stdout
}

/// Its lines that begin with a step.
fn rows(text: &str) -> Vec<&str> {
    let is_step =
        |line: &&str| line.split_whitespace().next().is_some_and(|w| w.parse::<usize>().is_ok());
    text.lines().filter(is_step).collect()
}

#[test]
fn a_table_has_about_twenty_lines_however_long_the_run_is() {
    for (steps, least, most) in [(3, 4, 4), (40, 20, 22), (333, 20, 22)] {
        let folder = Folder::new();
        folder.write_config("run.toml", iris().steps(steps));
        let text = printed(&folder, &[]);
        let rows = rows(&text);
        assert!((least..=most).contains(&rows.len()), "{steps}: {text}");
        assert!(rows[0].trim_start().starts_with("0 "), "{text}");
        assert!(rows[rows.len() - 1].trim_start().starts_with(&format!("{steps} ")), "{text}");
        assert!(rows[0].contains("distinct 1/16") && rows[0].contains("distinct 1/10"), "{text}");
        let heading = text.lines().find(|line| line.trim_start().starts_with("step ")).unwrap();
        assert!(heading.contains("hidden1") && heading.contains("hidden2"), "{text}");
        assert!(text.contains("\nverdict\n"), "{text}");
        assert!(!text.contains("linear1.weight [") && !text.contains("outputs before"), "{text}");
    }
}

#[test]
fn parameters_are_printed_where_they_are_asked_for_and_large_ones_by_their_ends() {
    let folder = Folder::new();
    folder.write_config("run.toml", iris().steps(2));
    let text = printed(&folder, &["--print-parameters"]);
    assert_eq!(text.matches("linear1.weight [16, 4]").count(), 3, "{text}");
    let weight: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.starts_with("linear2.weight"))
        .skip(1)
        .take(7)
        .collect();
    assert_eq!(weight[3], "   ...,", "{text}");
    assert!(weight.iter().all(|row| row.contains("..., ") || row.ends_with("...,")), "{text}");
    assert!(weight[6].ends_with("]]"), "{text}");
    let outputs: Vec<&str> =
        text.lines().skip_while(|line| !line.starts_with("outputs before")).skip(1).collect();
    assert!(outputs[7].ends_with("]]"), "{text}");
    assert_eq!(outputs[8], "and 142 more examples", "{text}");
    assert!(text.contains("\nstep 2   loss "), "{text}");
}

#[test]
fn quiet_is_the_verdict_alone() {
    let folder = Folder::new();
    folder.write_config("run.toml", iris().steps(3));
    let whole = printed(&folder, &[]);
    let verdict = whole.split_once("\nverdict\n").unwrap().1;
    let expected: String =
        verdict.lines().map(|line| line.trim_start().to_owned() + "\n").collect();
    for option in ["--quiet", "-q"] {
        assert_eq!(printed(&folder, &[option, "--out", option.trim_matches('-')]), expected);
    }
    for other in ["--json", "--tui", "--print-parameters"] {
        let args = ["run", "--config", "run.toml", "--quiet", other];
        folder.run(&args).refused(2, "cannot be used with");
    }
}

/// The largest number of digits of a number in a text, without leading zeros.
fn most_digits(text: &str) -> usize {
    let numbers = text.split(|c: char| !(c.is_ascii_digit() || c == '.'));
    let digits = |number: &str| {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        digits.trim_start_matches('0').len()
    };
    numbers.filter(|number| number.contains('.')).map(digits).max().unwrap_or(0)
}

#[test]
fn numbers_for_people_have_at_most_six_digits() {
    let folder = Folder::new();
    // Different units whose first break is rounding, and a rate with many digits.
    let config = iris().steps(300).with("[probe]\nforecast = 100");
    folder.write_config("run.toml", config);
    let text = printed(&folder, &["--print-parameters", "--out", "out"]);
    assert!(most_digits(&text) <= 6, "{text}");
    let text = printed(&folder, &[]);
    assert!(most_digits(&text) <= 6, "{text}");
    assert!(!text.contains("e0"), "{text}");
    let predicted = folder.run(&["predict", "--config", "run.toml"]).ok().stdout;
    assert!(most_digits(&predicted) <= 6, "{predicted}");
}
