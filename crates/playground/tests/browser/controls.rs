//! Every control, by mouse and by keyboard.

use super::Page;
use serde_json::json;

const CALM: &str = "hidden=3&data=xor&loss=mse&w=0.5&rate=0.1";

#[test]
#[ignore = "needs Chromium and the page: scripts/test-browser"]
fn every_choice_begins_anew_and_stands_in_the_address() {
    let mut page = Page::open(CALM);
    for (selector, value, part) in [
        ("#data", "line", "data=line"),
        ("#alike", "true", "alike=true"),
        ("#loss", "huber", "loss=huber"),
        ("#layers", "2", "hidden=3%2C3"),
        ("#size2", "5", "hidden=3%2C5"),
        ("#act", "relu", "act=relu"),
        ("#bias", "false", "bias=false"),
        ("#start", "ramp", "start=ramp"),
        ("#w", "0.25", "w=0.25"),
        ("#b", "-1", "b=-1"),
        ("#w-slide", "0.4", "w=0.4"),
        ("#b-slide", "0.3", "b=0.3"),
        ("#opt", "adam", "opt=adam"),
        ("#rate", "0.02", "rate=0.02"),
        ("#rate-slide", "-2", "rate=0.01"),
        ("#start", "random", "start=random"),
        ("#seed", "7", "seed=7"),
        ("#quotient", "true", "quotient=true"),
    ] {
        page.0.click("#step");
        page.choose(selector, value);
        let hash = page.0.evaluate("location.hash");
        let hash = hash.as_str().expect("an address");
        assert!(hash.contains(part), "{selector}: {hash}");
        assert_eq!(page.step(), 0, "{selector}");
    }
    // A page that is opened with this address shows the same state.
    page.choose("#quotient", "false");
    page.0.click("#step");
    let hash = page.0.evaluate("location.hash.slice(1)");
    let mut other = Page::open(hash.as_str().expect("an address"));
    for selector in ["#data", "#act", "#start", "#seed", "#opt", "#rate"] {
        assert_eq!(page.value(selector), other.value(selector), "{selector}");
    }
    assert_eq!((other.step(), other.text("#at-loss")), (1, page.text("#at-loss")));
    page.is_silent();
    other.is_silent();
}

#[test]
#[ignore = "needs Chromium and the page: scripts/test-browser"]
fn mistakes_are_said_beside_their_fields() {
    let mut page = Page::open(CALM);
    for (selector, wrong, error, expected, right) in [
        ("#w", "much", "#error-w", "much: a number", "0.5"),
        ("#rate", "-1", "#error-rate", "-1: a number from 0", "0.1"),
        ("#size1", "33", "#error-hidden", "33: a layer has from 1 to 32 units", "4"),
    ] {
        page.choose(selector, wrong);
        assert!(page.text(error).starts_with(expected), "{}", page.text(error));
        let invalid = format!("document.querySelector({selector:?}).getAttribute('aria-invalid')");
        assert_eq!(page.0.evaluate(&invalid), "true");
        page.choose(selector, right);
        assert_eq!(page.text(error), "");
    }
    page.choose("#start", "random");
    page.choose("#seed", "1.5");
    assert!(page.text("#error-seed").starts_with("1.5: a whole number"));
    page.choose("#seed", "2");
    page.choose("#data", "own");
    assert_eq!(page.text("#error-x"), "inputs: paste at least one row of numbers");
    page.choose("#x", "0, 1\n1, oops");
    assert!(
        page.text("#error-x").contains("line 2, column 2: \"oops\" is not a number"),
        "{}",
        page.text("#error-x")
    );
    page.choose("#x", "0, 1\n1, 0\n1, 1");
    page.choose("#y", "1\n2");
    assert_eq!(page.text("#error-y"), "3 rows of inputs, but 2 of targets");
    page.choose("#y", "1\n2\n3");
    assert_eq!((page.text("#error-x"), page.text("#error-y")), (String::new(), String::new()));
    page.0.click("#step");
    assert_eq!(page.step(), 1);
    page.choose("#edit-value", "x");
    page.0.click("#do-edit");
    assert_eq!(page.text("#error-edit"), "x: a number is needed");
    page.is_silent();
}

#[test]
#[ignore = "needs Chromium and the page: scripts/test-browser"]
fn what_breaks_symmetry_breaks_it() {
    let mut page = Page::open(CALM);
    assert_eq!(page.text("#at-distinct"), "1/3");
    page.choose("#unit", "1,2");
    page.choose("#noise", "0.1");
    page.0.click("#do-noise");
    assert_eq!(page.text("#at-distinct"), "2/3");
    page.0.click("#step");
    assert!(page.verdict().contains("noise"), "{}", page.verdict());
    page.0.click("#reset");
    assert_eq!((page.text("#at-distinct"), page.step()), ("1/3".to_owned(), 0));

    // A weight edited by hand, by its line and by its name.
    let at = page.0.evaluate(
        "(() => { const e = document.getElementById('drawing'); e.scrollIntoView({block: 'center', behavior: 'instant'}); const \
         nodes = [...document.querySelectorAll('#nodes .end')].slice(0, 1).concat(document.querySelector('#nodes .node')); \
         const [a, b] = nodes.map(n => n.getBoundingClientRect()); return [(a.x + a.width / 2 + b.x + b.width / 2) / 2, (a.y + \
         a.height / 2 + b.y + b.height / 2) / 2]; })()",
    );
    let [x, y] = [0, 1].map(|n| at[n].as_f64().expect("a number"));
    for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
        page.0.mouse(kind, x, y);
    }
    assert!(
        page.text("#weight-name").starts_with("linear1.weight[0, 0]"),
        "{}",
        page.text("#weight-name")
    );
    page.choose("#weight-value", "0.75");
    page.0.key("Enter");
    assert_eq!(page.text("#at-distinct"), "2/3");
    page.0.click("#step");
    assert!(page.verdict().contains("write from outside"), "{}", page.verdict());
    page.0.click("#reset");
    page.choose("#edit-layer", "1");
    page.choose("#edit-from", "1");
    page.choose("#edit-value", "0.25");
    page.0.click("#do-edit");
    assert_eq!(page.text("#at-distinct"), "2/3");
    page.0.click("#reset");

    page.choose("#drop", "0.5");
    for _ in 0..3 {
        page.0.click("#step");
    }
    assert_ne!(page.text("#at-distinct"), "1/3");
    assert!(page.verdict().contains("dropout"), "{}", page.verdict());
    page.choose("#drop", "0");
    page.0.click("#reset");

    // The two units have half of the outgoing weights each, so they differ from the others.
    page.0.click("#do-widen");
    assert_eq!(page.text("#at-distinct"), "2/4");
    page.0.click("#do-collapse");
    assert_eq!(page.text("#at-distinct"), "1/1");
    page.0.click("#do-collapse");
    assert!(page.text("#status").contains("nothing to collapse"), "{}", page.text("#status"));
    page.0.click("#reset");
    page.choose("#quotient", "true");
    assert!(
        page.text("#trained").contains("of 17 numbers are trained"),
        "{}",
        page.text("#trained")
    );
    assert_eq!(page.0.evaluate("document.getElementById('do-noise').disabled"), true);
    page.is_silent();
}

#[test]
#[ignore = "needs Chromium and the page: scripts/test-browser"]
fn the_keyboard_is_enough() {
    let mut page = Page::open(CALM);
    for (key, step) in [("s", 1), ("s", 2), ("r", 0)] {
        page.0.evaluate(&format!(
            "document.body.dispatchEvent(new KeyboardEvent('keydown', {{key: {key:?}, bubbles: true}})), 0"
        ));
        assert_eq!(page.step(), step);
    }
    // From the body, Tab reaches every control.
    let reachable = page.0.evaluate(
        "[...document.querySelectorAll('button, select, input, textarea, [tabindex=\"0\"]')].filter(e => e.offsetParent !== \
         null || e.closest('svg')).filter(e => !e.disabled && e.tabIndex < 0 && !e.closest('svg')).map(e => e.id)",
    );
    assert_eq!(reachable, json!([]));
    page.0.evaluate("document.querySelector('#nodes .node[tabindex=\"0\"]').focus()");
    page.0.key("ArrowDown");
    assert_eq!(page.value("#unit"), "1,1");
    let label = page.0.evaluate("document.activeElement.getAttribute('aria-label')");
    assert_eq!(label, "hidden1, unit 1: one of 3 equal units, A");
    page.0.key("Enter");
    assert_eq!(page.text("#status"), "hidden1, unit 1: equal to 0, 2.");
    // Every field has a name.
    let nameless = page.0.evaluate(
        "[...document.querySelectorAll('button, select, input, textarea')].filter(e => !e.labels?.length && \
         !e.getAttribute('aria-label') && !e.textContent.trim()).map(e => e.id)",
    );
    assert_eq!(nameless, json!([]));
    page.is_silent();
}

#[test]
#[ignore = "needs Chromium and the page: scripts/test-browser"]
fn what_is_exported_is_what_is_shown() {
    let mut page = Page::open(CALM);
    for _ in 0..4 {
        page.0.click("#step");
    }
    page.choose("#noise", "0.1");
    page.0.click("#do-noise");
    page.0.click("#step");
    let loss = page.text("#at-loss");
    page.0.click("#as-toml");
    let losses = page.0.evaluate(
        "JSON.parse(window.constinit.run(document.getElementById('export-text').value)).losses",
    );
    let last = losses
        .as_array()
        .and_then(|all| all.last())
        .and_then(|loss| loss.as_f64())
        .expect("a loss");
    assert_eq!(
        loss,
        page.0
            .evaluate(&format!("String(Number({last}.toPrecision(4)))"))
            .as_str()
            .unwrap_or_default()
    );
    page.0.click("#as-pytorch");
    let cell = page.value("#export-text");
    let cell = cell.as_str().expect("text");
    assert!(cell.contains("    if step == 4:  # noise of 0.1 on unit 0 of hidden1"), "{cell}");
    assert!(cell.contains("for step in range(5):"), "{cell}");
    page.0.click("#as-link");
    let link = page.value("#export-text");
    let link = link.as_str().expect("text").to_owned();
    let hash = link.split_once('#').expect("a hash").1.to_owned();
    let mut other = Page::open(&hash);
    assert_eq!((other.step(), other.text("#at-loss")), (5, loss));
    assert_eq!(other.verdict(), page.verdict());
    page.is_silent();
}

#[test]
#[ignore = "needs Chromium and the page: scripts/test-browser"]
fn addresses_that_make_no_sense_open_what_is_left_of_them() {
    let mut page = Page::open("");
    for hash in [
        "hidden=99&act=none&rate=-1&step=x&events=%5B&data=nowhere&seed=1e99&tour=12",
        "%E0%A4%A",
        "events=[{\"at\":0,\"do\":\"fly\"}]&step=3",
        "hidden=2,2,2,2&w=NaN",
    ] {
        page.go(hash);
        assert!(page.0.evaluate("document.querySelectorAll('.node').length").as_u64() > Some(0));
        page.is_silent();
    }
}
