//! The figure of quotient speed in docs/figures matches its numbers.

#[allow(dead_code, reason = "its main")]
#[path = "../examples/quotient_speed.rs"]
mod quotient_speed;

use quotient_speed::figure;
use std::path::Path;

#[test]
fn the_committed_figure_is_that_of_the_committed_numbers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/figures");
    // A packaged crate has no docs/.
    let Ok(csv) = std::fs::read_to_string(folder.join("quotient-speed.csv")) else { return };
    let svg = std::fs::read_to_string(folder.join("quotient-speed.svg")).unwrap();
    assert!(figure(&csv).unwrap().to_svg() == svg, "draw it again: scripts/figures");
    assert_eq!(svg.matches("class=\"mark ").count(), 12);
}

#[test]
fn a_network_that_did_not_fit_is_a_gap_and_a_wrong_line_is_named() {
    let head = "# remark\nhidden,ours_us,pytorch_us,jax_us\n512,1,2,3\n";
    let svg = figure(&format!("{head}1000,1,,30\n")).unwrap().to_svg();
    assert_eq!(svg.matches("class=\"mark ").count(), 5);
    assert!(svg.contains("JAX jit full step, hidden units H 1000: 30"));
    for (text, expected) in [
        ("hidden\n".to_owned(), "the first line must be hidden,ours_us"),
        (format!("{head}x,1,2,3\n"), "line 4: no whole number in \"x,1,2,3\""),
        (format!("{head}5,1,2\n"), "line 4: not four columns"),
        (format!("{head}5,1,2,y\n"), "line 4: no time"),
    ] {
        let found = figure(&text).unwrap_err();
        assert!(found.starts_with(expected), "{found}");
    }
}
