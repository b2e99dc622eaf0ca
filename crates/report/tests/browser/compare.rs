//! The page of a comparison.

#[path = "../folders/compare.rs"]
mod folders;

use crate::chromium::Browser;
use crate::screenshots;
use folders::{CompareFolder, events};
use serde_json::{Value, json};

pub fn opens() {
    let folder = CompareFolder::of(&events());
    let path = folder.path().join("report.html");
    std::fs::write(&path, folder.comparison().page()).expect("a page");
    let mut browser = Browser::start();
    for (width, scheme) in [(390, "light"), (1400, "dark")] {
        browser.resize(width, 800);
        browser.emulate("screen", scheme);
        browser.open(&path);
        assert_eq!(browser.complaints(), [] as [Value; 0]);
        let wide = browser.evaluate("document.documentElement.scrollWidth");
        assert_eq!(wide, width, "the page is as wide as its window");
        let cut = browser.evaluate(
            "[...document.querySelectorAll('figure .plot > svg')].flatMap(svg => { const box = \
             svg.getBoundingClientRect(); return [...svg.querySelectorAll('text')].filter(t => { const b = \
             t.getBoundingClientRect(); return b.left < box.left - 1 || b.right > box.right + 1; }).map(t => \
             t.textContent); })",
        );
        assert_eq!(cut, json!([]));
        let name = format!("compare-{width}.png");
        std::fs::write(screenshots().join(name), browser.screenshot()).expect("a screenshot");
    }
    browser.evaluate("document.querySelector('#loss .plot').focus()");
    browser.key("Home");
    let told = browser.evaluate("document.querySelector('#loss .readout').textContent");
    assert_eq!(told, "step 1: ramp 2 · random, seed 0 2 · random, seed 1 2 · baseline 1");
    browser.click("#loss .legend button:nth-child(2)");
    let hidden = browser.evaluate("document.querySelectorAll('#loss .trace.off').length");
    assert_eq!(hidden, 2, "both runs of the start");
}
