//! The same numbers in a browser as natively.

use super::{Page, configurations};
use serde_json::Value;

/// Where two answers differ by more than 1e-12 relative to the larger of 1 and their size.
fn differ(ours: &Value, theirs: &Value, at: &str, found: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) if a.len() == b.len() => {
            for (key, value) in a {
                differ(value, &b[key], &format!("{at}.{key}"), found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (number, (a, b)) in a.iter().zip(b).enumerate() {
                differ(a, b, &format!("{at}[{number}]"), found);
            }
        }
        (Value::Number(a), Value::Number(b)) => {
            let [a, b] = [a, b].map(|number| number.as_f64().expect("a number"));
            if (a - b).abs() > 1e-12 * a.abs().max(b.abs()).max(1.0) {
                found.push(format!("{at}: {a} and {b}"));
            }
        }
        (a, b) if a == b => {}
        (a, b) => found.push(format!("{at}: {a} and {b}")),
    }
}

#[test]
#[ignore = "needs Chromium and the page: scripts/test-browser"]
fn twenty_configurations_give_the_same_numbers_as_natively() {
    let mut page = Page::open("");
    let all = configurations::all();
    assert_eq!(all.len(), 20);
    for toml in all {
        let quoted = serde_json::to_string(&toml).expect("JSON");
        let theirs = page.0.evaluate(&format!("window.constinit.run({quoted})"));
        let theirs: Value = serde_json::from_str(theirs.as_str().expect("text")).expect("JSON");
        let ours: Value = serde_json::from_str(&constinit_playground::run(&toml)).expect("JSON");
        assert_eq!(ours.get("error"), None, "{toml}");
        let mut found = Vec::new();
        for key in ["losses", "readings", "verdict", "ended", "config"] {
            // `ulps` depend on rounding, so they are not compared.
            let without = |answer: &Value| {
                let mut value = answer[key].clone();
                let readings = value.as_array_mut().into_iter().flatten();
                for reading in readings.filter(|reading| reading.is_object()) {
                    for space in reading["spaces"].as_array_mut().into_iter().flatten() {
                        space["ulps"] = Value::Null;
                    }
                    for (_, property) in reading["properties"].as_object_mut().into_iter().flatten()
                    {
                        property["ulps"] = Value::Null;
                    }
                }
                value
            };
            differ(&without(&ours), &without(&theirs), key, &mut found);
        }
        assert!(found.is_empty(), "{}\n{toml}", found.join("\n"));
    }
    page.is_silent();
}

#[test]
#[ignore = "needs Chromium and the page: scripts/test-browser"]
fn a_configuration_that_cannot_be_run_is_refused_in_words() {
    let mut page = Page::open("");
    let found =
        page.0.evaluate("window.constinit.run('[model]\\nlayer_dims = [1, 1, 1]\\n[data]\\n')");
    assert_eq!(found, "{\"error\":\"data.inputs is missing: give it, or data.dataset\"}");
    page.is_silent();
}
