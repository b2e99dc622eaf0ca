//! The user's actions on the page, natively.

use constinit_playground::Session;
use proptest::prelude::*;
use serde_json::{Value, json};

const XOR: &str = "[model]\nlayer_dims = [2, 6, 2]\nactivation = \"tanh\"\nstart = \"constant\"\ninit_w = 0.5\ninit_b = 0.0\n\
                   [data]\ninputs = [[0, 0], [0, 1], [1, 0], [1, 1]]\ntargets = [[0, 1], [1, 0], [1, 0], [0, 1]]\n\
                   [training]\nsteps = 1\noptimizer = { type = \"sgd\", learning_rate = 0.5 }\n";

struct Page(Session);

impl Page {
    fn open(toml: &str, quotient: bool) -> (Self, Value) {
        let mut page = Self(Session::default());
        let state = page.ask(json!({"do": "open", "toml": toml, "quotient": quotient}));
        (page, state)
    }

    fn ask(&mut self, request: Value) -> Value {
        let answer = serde_json::from_str(&self.0.call(&request.to_string())).unwrap();
        match answer {
            Value::Object(map) if map.contains_key("error") => panic!("{request}: {map:?}"),
            answer => answer,
        }
    }

    fn refused(&mut self, request: Value) -> String {
        let answer: Value = serde_json::from_str(&self.0.call(&request.to_string())).unwrap();
        answer["error"].as_str().unwrap_or_else(|| panic!("{request} was done")).to_owned()
    }

    fn steps(&mut self, steps: usize) -> Value {
        self.ask(json!({"do": "advance", "steps": steps}))
    }
}

fn loss(state: &Value) -> f64 {
    state["outcome"]["loss"].as_f64().unwrap()
}

#[test]
fn steps_in_portions_are_the_same_steps() {
    let (mut one, _) = Page::open(XOR, false);
    let (mut other, _) = Page::open(XOR, false);
    let whole = one.steps(40);
    let history: Vec<Value> = (0..40).map(|_| other.steps(1)["history"][0].clone()).collect();
    assert_eq!(whole["history"], json!(history));
    assert_eq!(whole["layers"], other.steps(0)["layers"]);
}

#[test]
fn the_quotient_trains_the_same_numbers() {
    let (mut full, _) = Page::open(XOR, false);
    let (mut small, state) = Page::open(XOR, true);
    assert_eq!((&state["trained"], &state["parameters"]), (&json!(7), &json!(32)));
    let [full, small] = [full.steps(50), small.steps(50)];
    for (a, b) in [(&full["layers"], &small["layers"])] {
        let numbers = |value: &Value| -> Vec<f64> {
            value
                .to_string()
                .split(|c: char| !(c.is_ascii_digit() || "+-.e".contains(c)))
                .filter_map(|text| text.parse().ok())
                .collect()
        };
        for (a, b) in numbers(a).into_iter().zip(numbers(b)) {
            assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
    }
    assert_eq!(full["verdict"], small["verdict"]);
}

#[test]
fn the_quotient_refuses_what_treats_units_unlike() {
    let (mut page, _) = Page::open(XOR, true);
    for request in [
        json!({"do": "noise", "layer": 0, "unit": 0, "std": 0.1, "seed": 1}),
        json!({"do": "set", "layer": 0, "output": 0, "input": 0, "value": 1.0}),
        json!({"do": "dropout", "share": 0.1}),
        json!({"do": "widen", "layer": 0, "unit": 0}),
        json!({"do": "collapse"}),
    ] {
        assert!(page.refused(request).contains("switch the quotient off"));
    }
    let dropped = XOR.replace("[data]", "dropout = 0.1\n[data]");
    let mut page = Page(Session::default());
    let error = page.refused(json!({"do": "open", "toml": dropped, "quotient": true}));
    assert!(error.starts_with("dropout of 0.1 on hidden1"), "{error}");
}

#[test]
fn a_collapsed_network_computes_the_same_with_one_unit_and_goes_back() {
    let (mut page, _) = Page::open(XOR, false);
    let before = page.steps(20);
    let after = page.ask(json!({"do": "collapse"}));
    assert_eq!((&after["merged"], &after["dims"]), (&json!(5), &json!([2, 1, 2])));
    assert!((loss(&before) - loss(&after)).abs() < 1e-15);
    let again = page.ask(json!({"do": "collapse"}));
    assert_eq!((&again["merged"], &again["dims"]), (&json!(0), &json!([2, 1, 2])));
    let wide = page.ask(json!({"do": "widen", "layer": 0, "unit": 0}));
    assert_eq!(wide["dims"], json!([2, 2, 2]));
    assert_eq!(wide["spaces"][0]["distinct"], 1);
    assert!((loss(&wide) - loss(&after)).abs() < 1e-15);
    // They stay equal from here on, and the step count continues.
    let later = page.steps(5);
    assert_eq!((&later["step"], &later["spaces"][0]["distinct"]), (&json!(25), &json!(1)));
}

#[test]
fn a_nudge_escapes_when_its_forecast_says() {
    let (mut page, _) = Page::open(XOR, false);
    page.steps(1200);
    page.ask(json!({"do": "noise", "layer": 0, "unit": 0, "std": 1e-6, "seed": 1}));
    let outlook = page.ask(json!({"do": "forecast"}))["forecast"][0].clone();
    let escape = outlook["escape_in"].as_f64().unwrap_or_else(|| panic!("{outlook}"));
    let history = page.steps(4 * escape as usize)["history"].clone();
    let rows = history.as_array().unwrap();
    let reached = rows.iter().position(|row| row[4][0].as_f64().unwrap() >= 1e-2).unwrap();
    let ratio = reached as f64 / escape;
    assert!((0.8..1.25).contains(&ratio), "{reached} steps, forecast {escape}");
}

#[test]
fn the_configuration_with_what_was_done_gives_the_same_training() {
    let (mut page, _) = Page::open(XOR, false);
    page.steps(12);
    page.ask(json!({"do": "noise", "layer": 0, "unit": 3, "std": 0.01, "seed": 9}));
    page.steps(8);
    page.ask(json!({"do": "dropout", "share": 0.25}));
    let state = page.steps(10);
    let toml = page.ask(json!({"do": "toml"}))["toml"].as_str().unwrap().to_owned();
    let run: Value = serde_json::from_str(&constinit_playground::run(&toml)).unwrap();
    let last = run["readings"].as_array().unwrap().last().unwrap();
    assert_eq!(last["step"], 30);
    let flat = |rows: &Value| -> Vec<Value> {
        rows.as_array().unwrap().iter().flat_map(|row| row.as_array().unwrap().clone()).collect()
    };
    assert_eq!(
        flat(&last["parameters"]["linear1.weight"]),
        *state["layers"][0]["weight"].as_array().unwrap()
    );
    assert_eq!(last["loss"], state["loss"]);
    assert_eq!(run["first_break"]["cause"], state["first_break"]["cause"]);
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let (mut page, state) = Page::open(XOR, false);
    for (request, expected) in [
        (
            json!({"do": "noise", "layer": 0, "unit": 6, "std": 0.1, "seed": 1}),
            "the units of hidden1 are 0 to 5",
        ),
        (
            json!({"do": "noise", "layer": 1, "unit": 0, "std": 0.1, "seed": 1}),
            "no hidden layer has this name",
        ),
        (
            json!({"do": "noise", "layer": 0, "unit": 0, "std": 0.0, "seed": 1}),
            "must be a finite number above 0",
        ),
        (
            json!({"do": "set", "layer": 2, "output": 0, "input": 0, "value": 1.0}),
            "the network has no layer 3",
        ),
        (
            json!({"do": "set", "layer": 0, "output": 6, "input": 0, "value": 1.0}),
            "linear1.weight has no such entry",
        ),
        (
            json!({"do": "set", "layer": 0, "output": 6, "input": null, "value": 1.0}),
            "linear1.bias has no such entry",
        ),
        (json!({"do": "dropout", "share": 1.0}), "must be at least 0 and below 1"),
        (json!({"do": "widen", "layer": 0, "unit": 6}), "unit 6 of it cannot be split"),
        (json!({"do": "widen", "layer": 1, "unit": 0}), "the network has no layer hidden2"),
        (json!({"do": "fly"}), "unknown variant `fly`"),
        (
            json!({"do": "rows", "key": "inputs", "text": "1, x"}),
            "line 1, column 2: \"x\" is not a number",
        ),
        (
            json!({"do": "rows", "key": "inputs", "text": "1, 2\n3"}),
            "1 numbers, but the first row has 2",
        ),
    ] {
        let error = page.refused(request);
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(page.steps(0)["layers"], state["layers"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Requests in any order: answers, no panics, and sizes within bounds.
    #[test]
    fn any_order_of_requests_is_answered(requests in prop::collection::vec(
        prop_oneof![
            (0..3_usize, 0..8_usize).prop_map(|(layer, unit)| json!({"do": "widen", "layer": layer, "unit": unit})),
            (0..3_usize, 0..8_usize).prop_map(|(layer, unit)| json!({"do": "noise", "layer": layer, "unit": unit, "std": 0.1, "seed": 2})),
            (0..3_usize, 0..8_usize, prop::option::of(0..8_usize)).prop_map(|(layer, output, input)| json!({"do": "set", "layer": layer, "output": output, "input": input, "value": 0.25})),
            Just(json!({"do": "collapse"})),
            Just(json!({"do": "forecast"})),
            Just(json!({"do": "toml"})),
            (0..3_u8).prop_map(|n| json!({"do": "dropout", "share": f64::from(n) * 0.25})),
            (0..5_usize).prop_map(|steps| json!({"do": "advance", "steps": steps})),
        ],
        0..12,
    )) {
        let deep = XOR.replace("[2, 6, 2]", "[2, 4, 3, 2]");
        let (mut page, _) = Page::open(&deep, false);
        for request in requests {
            let answer = page.0.call(&request.to_string());
            prop_assert!(serde_json::from_str::<Value>(&answer).is_ok(), "{}", answer);
        }
        let state = page.steps(0);
        let units = state["dims"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).max();
        prop_assert!(units.unwrap() <= 32);
    }
}
