//! The page in a real browser. `scripts/test-browser` makes the page, installs a browser if there is none, and runs
//! these tests.

#[path = "../../../report/tests/browser/chromium.rs"]
#[expect(dead_code, reason = "the browser of the report's tests, of which these use less")]
mod chromium;
#[path = "../configurations/mod.rs"]
mod configurations;
mod controls;
mod numbers;
mod tour;

use chromium::Browser;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The path of the page that `scripts/playground` makes.
fn page() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target directory");
    let page = target.join("playground/index.html");
    assert!(page.exists(), "scripts/playground makes {}", page.display());
    page
}

/// Where screenshots are left.
fn screenshots() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("playground");
    std::fs::create_dir_all(&folder).expect("a folder in the target directory");
    folder
}

/// A page in a window, with the queries that tests often need.
struct Page(Browser);

impl Page {
    fn open(hash: &str) -> Self {
        let mut browser = Browser::start();
        browser.resize(1400, 1000);
        browser.open(&page());
        let mut page = Self(browser);
        page.until("'ready' in document.documentElement.dataset");
        if !hash.is_empty() {
            page.go(hash);
        }
        page
    }

    /// Another address of the page.
    fn go(&mut self, hash: &str) {
        self.0.evaluate(&format!(
            "new Promise(done => {{ addEventListener('hashchange', () => setTimeout(done), {{once: true}}); \
             location.hash = {hash:?}; }})"
        ));
    }

    fn text(&mut self, selector: &str) -> String {
        let text = format!("document.querySelector({selector:?}).textContent");
        self.0.evaluate(&text).as_str().unwrap_or_default().to_owned()
    }

    /// Chooses a value of a field, as a user would.
    fn choose(&mut self, selector: &str, value: &str) {
        self.0.evaluate(&format!(
            "(() => {{ const e = document.querySelector({selector:?}); e.focus(); if (e.type === 'checkbox') e.checked = \
             {value:?} === 'true'; else e.value = {value:?}; for (const kind of ['input', 'change']) \
             e.dispatchEvent(new Event(kind, {{bubbles: true}})); }})()"
        ));
    }

    fn value(&mut self, selector: &str) -> Value {
        self.0.evaluate(&format!("document.querySelector({selector:?}).value"))
    }

    /// Waits until an expression is true, for at most as many frames as a minute has.
    fn until(&mut self, expression: &str) {
        let found = self.0.evaluate(&format!(
            "new Promise(done => {{ let left = 3600; const look = () => {{ if ({expression}) done(true); else if (left-- > 0) \
             requestAnimationFrame(look); else done(false); }}; look(); }})"
        ));
        assert_eq!(found, true, "{expression}");
    }

    fn step(&mut self) -> u64 {
        self.text("#at-step").parse().expect("a number of steps")
    }

    fn verdict(&mut self) -> String {
        self.text("#verdict")
    }

    fn is_silent(&mut self) {
        assert_eq!(self.0.complaints(), [] as [Value; 0]);
        let asked = self.0.requests();
        let own = |url: &String| {
            url.starts_with("file://") && url.contains("index.html") || url == "data:,"
        };
        assert!(asked.iter().all(own), "{asked:?}");
    }
}

#[test]
#[ignore = "needs Chromium and the page: scripts/test-browser"]
fn the_page_is_one_small_file_that_asks_for_nothing() {
    let bytes = std::fs::read(page()).expect("the page");
    assert!(bytes.len() < 1_000_000, "{} bytes", bytes.len());
    let text = String::from_utf8(bytes).expect("UTF-8");
    for outside in ["http://", "https://", "import(", "fetch("] {
        let named = text.matches(outside).count();
        let names = text.matches("http://www.w3.org/2000/svg").count();
        assert_eq!(named, if outside == "http://" { names } else { 0 }, "{outside}");
    }
    let mut page = Page::open("");
    page.is_silent();
    // The first picture, before a script has run.
    let ready = page
        .0
        .evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0");
    assert!(ready.as_f64().expect("a time") < 5000.0, "{ready}");
}

#[test]
#[ignore = "needs Chromium and the page: scripts/test-browser"]
fn the_page_fits_its_window_light_and_dark() {
    let mut page = Page::open("hidden=32,32,32&start=random&seed=3");
    for scheme in ["light", "dark"] {
        page.0.emulate("screen", scheme);
        for width in [400, 800, 1400] {
            page.0.resize(width, 900);
            page.until("true");
            let wide = page.0.evaluate("document.documentElement.scrollWidth");
            assert_eq!(wide, width, "the page is as wide as its window");
            let cut = page.0.evaluate(
                "[...document.querySelectorAll('button, select, input, textarea, h2, td, .light')].filter(e => \
                 e.offsetParent && (e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1))\
                 .map(e => e.id || e.textContent)",
            );
            assert_eq!(cut, json!([]), "{width}");
            let name = format!("{scheme}-{width}.png");
            std::fs::write(screenshots().join(name), page.0.screenshot()).expect("a screenshot");
        }
    }
    page.is_silent();
}

#[test]
#[ignore = "needs Chromium and the page: scripts/test-browser"]
fn three_layers_of_32_units_are_drawn_often_enough() {
    let mut page = Page::open("hidden=32,32,32&start=random&seed=3");
    page.0.click("#play");
    let pictures = page.0.evaluate(
        "new Promise(done => { const began = performance.now(); let n = 0; const one = () => { n += 1; \
         performance.now() - began < 2000 ? requestAnimationFrame(one) : done(n); }; requestAnimationFrame(one); })",
    );
    // Of 120 frames in two seconds, on any machine: fewer would look like stuttering.
    assert!(pictures.as_u64().expect("a count") > 30, "{pictures}");
    page.0.click("#play");
    assert!(page.step() > 5);
    page.is_silent();
}
