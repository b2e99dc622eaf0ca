//! The tour, from its first step to its last.

use super::{Page, screenshots};

fn lights(page: &mut Page) -> String {
    let classes = "[...document.querySelectorAll('.light')].map(e => e.className.replace('light ', '')).join(' ')";
    page.0.evaluate(classes).as_str().unwrap_or_default().to_owned()
}

#[test]
#[ignore = "needs Chromium and the page: scripts/test-browser"]
fn the_tour_from_start_to_end() {
    let mut page = Page::open("");
    page.0.click("#tour-start");
    for number in 1..=7 {
        assert_eq!(page.text("#tour-count"), format!("Step {number} of 7"));
        let focused = page.0.evaluate("document.activeElement.id");
        assert_eq!(focused, "tour-title", "a screen reader reads the step");
        match number {
            1 => zeros(&mut page),
            2 => constants(&mut page),
            3 => properties(&mut page),
            4 => unequal_targets(&mut page),
            5 => adam(&mut page),
            6 => nudge(&mut page),
            _ => one_unit(&mut page),
        }
        let name = format!("tour-{number}.png");
        std::fs::write(screenshots().join(name), page.0.screenshot()).expect("a screenshot");
        page.0.click("#tour-next");
    }
    assert_eq!(page.0.evaluate("document.getElementById('tour-card').hidden"), true);
    page.is_silent();
}

fn plays(page: &mut Page, steps: u64) {
    page.choose("#speed", "1500");
    page.0.click("#play");
    page.until(&format!("Number(document.getElementById('at-step').textContent) >= {steps}"));
    page.0.click("#play");
}

fn zeros(page: &mut Page) {
    assert_eq!(lights(page), "on on on on");
    plays(page, 200);
    assert!(page.verdict().contains("hidden1: 8 units, 1 distinct after every one of"));
    assert!(page.verdict().starts_with("Learned nothing"), "{}", page.verdict());
}

fn constants(page: &mut Page) {
    plays(page, 300);
    assert_eq!(page.text("#at-distinct"), "1/8");
    assert!(
        page.verdict().starts_with("Learned what one unit per layer can learn"),
        "{}",
        page.verdict()
    );
}

fn properties(page: &mut Page) {
    for number in 1..=4 {
        assert_eq!(lights(page), "on on on on");
        page.0.click(&format!("#tour-actions button:nth-child({number})"));
        let expected: Vec<&str> =
            (1..=4).map(|light| if light == number { "out" } else { "on" }).collect();
        assert_eq!(lights(page), expected.join(" "));
        page.0.click("#tour-actions button:nth-child(5)");
    }
    page.0.click("#step");
    assert_eq!(lights(page), "on on on on");
}

fn unequal_targets(page: &mut Page) {
    assert_eq!(lights(page), "on on on on");
    page.0.click("#tour-actions button");
    assert_eq!(lights(page), "on on out out");
    assert_eq!(page.text("#at-distinct"), "1/4 1/4");
    assert!(page.verdict().contains("the targets differ between outputs"), "{}", page.verdict());
}

fn adam(page: &mut Page) {
    plays(page, 300);
    assert_eq!(page.text("#at-distinct"), "1/8");
    assert!(page.verdict().contains("Adam updates equal units equally"), "{}", page.verdict());
}

fn nudge(page: &mut Page) {
    page.choose("#speed", "1500");
    page.0.click("#tour-actions button");
    assert!(page.text("#forecast").contains("to escape"), "{}", page.text("#forecast"));
    page.until("Number(document.getElementById('at-step').textContent) >= 1600");
    page.0.click("#play");
    assert!(page.verdict().contains("noise"), "{}", page.verdict());
    assert_ne!(page.text("#at-distinct"), "1/6");
}

fn one_unit(page: &mut Page) {
    page.0.click("#tour-actions button:nth-child(1)");
    let before = page.text("#at-loss");
    page.0.click("#tour-actions button:nth-child(2)");
    assert_eq!((page.text("#at-distinct"), page.text("#at-loss")), ("1/1".to_owned(), before));
    page.0.click("#tour-actions button:nth-child(3)");
    assert_eq!(page.text("#at-distinct"), "1/2");
}
