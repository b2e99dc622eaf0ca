//! Pages in a real browser. `scripts/test-browser` installs one if there is none, and runs these tests.

mod chromium;
mod compare;
#[path = "../folders/mod.rs"]
mod folders;
mod sweep;

use chromium::Browser;
use folders::{Folder, Kind};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The folder of the screenshots.
fn screenshots() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
    std::fs::create_dir_all(&folder).expect("a folder in the target directory");
    folder
}

fn page(folder: &Folder) -> PathBuf {
    let path = folder.path().join("report.html");
    std::fs::write(&path, folder.run().page()).expect("a page");
    path
}

const BROKEN: Kind = Kind { steps: 200, units: 7, parts: Some(30), ended: true };

/// Width and height of a PNG.
fn size(png: &[u8]) -> [u32; 2] {
    [16, 20].map(|at| u32::from_be_bytes(png[at..at + 4].try_into().expect("four bytes")))
}

/// The number of pages of a PDF that Chromium wrote.
fn pages(pdf: &[u8]) -> usize {
    pdf.windows(12).filter(|part| part == b"/Type /Page\n").count()
}

#[test]
#[ignore = "needs Chromium: scripts/test-browser"]
fn a_page_of_a_run_in_a_browser() {
    let outcome = json!({"loss": 0.01, "baseline": 1.0, "explained": 0.99, "accuracy": 0.96, "majority": 0.5});
    let folder = Folder::of(BROKEN).with_end(&json!({"outcome": outcome}));
    let path = page(&folder);
    let mut browser = Browser::start();
    browser.open(&path);
    assert_eq!(browser.complaints(), [] as [Value; 0]);
    let asked = browser.requests();
    assert!(
        asked.iter().all(
            |url| url.starts_with("file://") && url.ends_with("report.html") || url == "data:,"
        ),
        "{asked:?}"
    );
    shows_its_marks(&mut browser);
    hides_traces(&mut browser);
    reads_numbers(&mut browser);
    keyboard(&mut browser);
    table(&mut browser);
    assert_eq!(browser.complaints(), [] as [Value; 0]);
    looks_like_a_page(&mut browser, &path);
}

fn shows_its_marks(browser: &mut Browser) {
    for (selector, expected) in [
        ("figure", 4),
        ("#units-hidden1 .trace", 8),
        ("#units-hidden1 .legend button", 2),
        ("#loss .trace", 2),
        ("#spread .trace", 1),
        ("#classes .cell", 2),
        ("svg[role=img] > title", 4),
        ("svg[role=img] > desc", 4),
        ("main h1", 1),
    ] {
        let found = browser.evaluate(&format!("document.querySelectorAll({selector:?}).length"));
        assert_eq!(found, expected, "{selector}");
    }
    let above = "document.querySelector('#loss').getBoundingClientRect().top < \
                 document.querySelector('#units-hidden1').getBoundingClientRect().top";
    assert_eq!(browser.evaluate(above), true, "the outcome comes first");
    // Every visible trace has an extent, and no figure cuts off a text.
    let cut = browser.evaluate(
        "[...document.querySelectorAll('figure .plot > svg')].flatMap(svg => { const box = \
         svg.getBoundingClientRect(); return [...svg.querySelectorAll('text')].filter(t => { const b = \
         t.getBoundingClientRect(); return b.left < box.left - 1 || b.right > box.right + 1 || b.top < box.top - 1 || \
         b.bottom > box.bottom + 1; }).map(t => t.textContent); })",
    );
    assert_eq!(cut, json!([]));
    for width in [390, 780, 1400] {
        browser.resize(width, 800);
        let wide = browser.evaluate("document.documentElement.scrollWidth");
        assert_eq!(wide, width, "the page is as wide as its window");
        let name = format!("{width}-wide.png");
        std::fs::write(screenshots().join(name), browser.screenshot()).expect("a screenshot");
    }
}

const SHOWN: &str = "[...document.querySelectorAll('#units-hidden1 .trace')].filter(t => \
                     getComputedStyle(t).display !== 'none').length";

fn hides_traces(browser: &mut Browser) {
    // Hides the units that are alone; the class stays.
    browser.click("#units-hidden1 .legend button:nth-child(2)");
    assert_eq!(browser.evaluate(SHOWN), 1);
    let pressed =
        "document.querySelector('#units-hidden1 button:nth-child(2)').getAttribute('aria-pressed')";
    assert_eq!(browser.evaluate(pressed), "false");
    browser.click("#units-hidden1 .legend button:nth-child(2)");
    assert_eq!(browser.evaluate(SHOWN), 8);
    // A click on a line itself, at its beginning, where no other line is.
    let at = browser.evaluate(
        "(() => { const path = document.querySelector('#units-hidden1 .trace.g0'); \
         path.scrollIntoView({block: 'center', behavior: 'instant'}); const at = path.getPointAtLength(2); \
         const m = path.getScreenCTM(); return [m.a * at.x + m.e, m.d * at.y + m.f]; })()",
    );
    let [x, y] = [0, 1].map(|n| at[n].as_f64().expect("a number"));
    for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
        browser.mouse(kind, x, y);
    }
    assert_eq!(browser.evaluate(SHOWN), 7);
    assert_eq!(browser.evaluate("document.querySelectorAll('.g0.trace.off').length"), 1);
    browser.click("#units-hidden1 .legend button:nth-child(1)");
    assert_eq!(browser.evaluate(SHOWN), 8);
}

fn reads_numbers(browser: &mut Browser) {
    let [x, y] = browser.middle("#loss .plot svg");
    browser.mouse("mouseMoved", x, y);
    let text = "document.querySelector('#loss .readout').textContent";
    let told = browser.evaluate(text);
    let told = told.as_str().expect("text");
    let told = told.strip_suffix(" \u{b7} baseline 1").expect(told);
    let (step, loss) =
        told.strip_prefix("step ").and_then(|t| t.split_once(": loss ")).expect(told);
    let [step, loss] = [step, loss].map(|number| number.parse::<f64>().expect("a number"));
    assert!((70.0..130.0).contains(&step) && (loss - 2.0 / step).abs() < 1e-4, "{told}");
    browser.mouse("mouseMoved", 2.0, 2.0);
    assert_eq!(browser.evaluate(text), "\u{a0}");
    let [x, y] = browser.middle("#classes .plot svg");
    browser.mouse("mouseMoved", x, y - 30.0);
    let told = browser.evaluate("document.querySelector('#classes .readout').textContent");
    assert_eq!(told, "step 30: hidden1 7 of 7 distinct", "from which step on");
}

fn keyboard(browser: &mut Browser) {
    browser.evaluate("document.querySelector('#units-hidden1 .plot').focus()");
    let text = "document.querySelector('#units-hidden1 .readout').textContent";
    browser.key("ArrowRight");
    browser.key("ArrowRight");
    let told = browser.evaluate(text);
    assert!(told.as_str().is_some_and(|t| t == "step 1: units 0–6, one unit 0.995"), "{told}");
    browser.key("End");
    let told = browser.evaluate(text);
    assert!(
        told.as_str()
            .is_some_and(|t| t.starts_with("step 200: unit 0 -1 ") && !t.contains("one unit")),
        "{told}"
    );
    // The point lies on the drawn line: script and figure agree about the scale, at 0 and elsewhere.
    let off_line = "(() => { const f = document.querySelector('#spread'); const p = f.querySelector('.point'); const t = \
                    f.querySelector('.trace'); const [x, y] = ['cx', 'cy'].map(a => +p.getAttribute(a)); let best = \
                    Infinity; for (let l = 0, n = t.getTotalLength(); l <= n; l += 0.5) { const q = \
                    t.getPointAtLength(l); best = Math.min(best, Math.hypot(q.x - x, q.y - y)); } return best; })()";
    browser.evaluate("document.querySelector('#spread .plot').focus()");
    for key in ["Home", "End", "ArrowLeft", "PageUp"] {
        browser.key(key);
        let distance = browser.evaluate(off_line);
        assert!(distance.as_f64().is_some_and(|d| d < 0.6), "{key}: {distance}");
    }
    browser.evaluate("document.querySelector('#units-hidden1 .plot').focus()");
    // Tab moves to the first button, and a key presses it.
    browser.key("Tab");
    browser.key(" ");
    assert_eq!(browser.evaluate(SHOWN), 7);
    browser.key("Enter");
    assert_eq!(browser.evaluate(SHOWN), 8);
}

fn table(browser: &mut Browser) {
    browser.click("#numbers + details summary");
    let read = "[...document.querySelectorAll('#numbers + details tr')].map(r => [...r.cells].map(c => c.textContent))";
    let rows = browser.evaluate(read);
    let rows = rows.as_array().expect("rows");
    assert_eq!(rows[0], json!(["step", "loss", "hidden1 classes", "hidden1 spread"]));
    assert!((60..=64).contains(&rows.len()), "{} rows", rows.len());
    let of =
        |step: &str| rows.iter().find(|row| row[0] == step).unwrap_or_else(|| panic!("no {step}"));
    assert_eq!(*of("29"), json!(["29", "0.06897", "1 of 7", "0"]));
    assert_eq!(*of("30"), json!(["30", "0.06667", "7 of 7", "6e-8"]));
    assert_eq!(*of("200"), json!(["200", "0.01", "7 of 7", "0.5"]));
    let scopes = browser.evaluate("document.querySelectorAll('table th:not([scope])').length");
    assert_eq!(scopes, 0);
}

/// Screenshots for people: of a fitting size, and not empty.
fn looks_like_a_page(browser: &mut Browser, path: &Path) {
    let mut sizes = Vec::new();
    for (name, medium, scheme, dark) in [
        ("light", "screen", "light", false),
        ("dark", "screen", "dark", true),
        ("paper", "print", "dark", false),
    ] {
        browser.emulate(medium, scheme);
        browser.open(path);
        let ground = browser.evaluate("getComputedStyle(document.documentElement).backgroundColor");
        assert_eq!(ground == "rgb(20, 23, 26)", dark, "{name}: {ground}");
        let png = browser.screenshot();
        std::fs::write(screenshots().join(format!("{name}.png")), &png).expect("a screenshot");
        let [width, height] = size(&png);
        assert!(
            (700..=1400).contains(&width) && (700..4000).contains(&height),
            "{width} x {height}"
        );
        assert!(png.len() > 40_000, "a picture of one colour takes less: {}", png.len());
        sizes.push([width, height]);
    }
    assert_eq!(sizes[0], sizes[1], "dark and light differ in colours only");
    let pdf = browser.pdf();
    std::fs::write(screenshots().join("paper.pdf"), &pdf).expect("a PDF");
    assert!(pdf.starts_with(b"%PDF") && pdf.len() > 20_000);
    assert!((1..=3).contains(&pages(&pdf)), "{} pages of paper", pages(&pdf));
}

#[test]
#[ignore = "needs Chromium: scripts/test-browser"]
fn pages_of_every_kind_open_without_complaint() {
    let mut browser = Browser::start();
    let wide = Kind { steps: 10_000, units: 1000, parts: Some(5003), ended: true };
    let one = Kind { steps: 0, units: 1, parts: None, ended: false };
    for (name, kind) in [("long-and-wide", wide), ("one-reading", one)] {
        let folder = Folder::of(kind);
        let path = page(&folder);
        browser.open(&path);
        assert_eq!(browser.complaints(), [] as [Value; 0], "{name}");
        let png = browser.screenshot();
        std::fs::write(screenshots().join(format!("{name}.png")), png).expect("a screenshot");
        browser.evaluate("document.querySelector('#classes .plot').focus()");
        browser.key("Home");
        let told = browser.evaluate("document.querySelector('#classes .readout').textContent");
        assert!(told.as_str().is_some_and(|t| t.starts_with("step 0: hidden1 1 of ") && t.ends_with(" distinct")), "{told}");
    }
}

#[test]
#[ignore = "needs Chromium: scripts/test-browser"]
fn a_page_of_a_sweep_in_a_browser() {
    sweep::grid();
}

#[test]
#[ignore = "needs Chromium: scripts/test-browser"]
fn seeds_are_averaged_until_one_is_chosen() {
    sweep::seeds();
}

#[test]
#[ignore = "needs Chromium: scripts/test-browser"]
fn a_page_of_a_sweep_without_scripts() {
    sweep::still();
}

#[test]
#[ignore = "needs Chromium: scripts/test-browser"]
fn diagrams_with_and_without_scripts_start_at_the_best_run() {
    sweep::starts();
}

#[test]
#[ignore = "needs Chromium: scripts/test-browser"]
fn pages_of_sweeps_of_every_kind() {
    sweep::kinds();
}

#[test]
#[ignore = "needs Chromium: scripts/test-browser"]
fn losses_of_a_sweep_stand_beside_their_baseline() {
    sweep::baseline();
}

#[test]
#[ignore = "needs Chromium: scripts/test-browser"]
fn a_page_of_a_comparison_in_a_browser() {
    compare::opens();
}
