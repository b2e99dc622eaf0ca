//! Pages of sweeps: diagram, table, and the selected run.

#[path = "../folders/sweep.rs"]
mod folders;

use crate::chromium::Browser;
use crate::{screenshots, size};
use folders::{Data, Over, SweepFolder};
use serde_json::{Value, json};
use std::path::PathBuf;

fn page(folder: &SweepFolder) -> PathBuf {
    let path = folder.path().join("report.html");
    std::fs::write(&path, folder.sweep().page()).expect("a page");
    path
}

fn shoot(browser: &mut Browser, name: &str) -> Vec<u8> {
    let png = browser.screenshot();
    std::fs::write(screenshots().join(format!("{name}.png")), &png).expect("a screenshot");
    png
}

/// 41 values of `init_w` from -2 to 2, 21 rates from 1e-4 to 1, three activations.
const GRID: Over = Over::Grid([41, 21, 3]);

/// A place in the diagram, as shares of its width and height.
fn cell(browser: &mut Browser, across: f64, up: f64) -> [f64; 2] {
    let [x, y] = browser.middle("#map");
    let found = browser.evaluate(
        "(() => { const c = document.getElementById('map'); return [...c.dataset.area.split(' ').map(Number), \
         c.clientWidth, c.clientHeight]; })()",
    );
    let at = |n: usize| found[n].as_f64().unwrap_or_else(|| panic!("{found}"));
    let [left, top, right, bottom, width, height] = [0, 1, 2, 3, 4, 5].map(at);
    [
        x - width / 2.0 + left + (right - left) * across,
        y - height / 2.0 + bottom - (bottom - top) * up,
    ]
}

const CHOSEN: &str = "document.querySelector('#chosen strong').textContent";
const TOLD: &str = "document.getElementById('told').textContent";
const CURRENT: &str = "[...document.querySelectorAll('#rows tr[aria-current=true]')].map(r => r.cells[0].textContent)";
const MATCHING: &str = "document.getElementById('matching').textContent";

fn pixels(browser: &mut Browser) -> Value {
    browser.evaluate("document.getElementById('map').toDataURL()")
}

/// Makes another choice in a menu.
fn choose(browser: &mut Browser, name: &str, option: &str) {
    browser.evaluate(&format!(
        "(() => {{ const s = document.querySelector('select[name={name:?}]'); s.value = [...s.options].find(o => \
         o.textContent === {option:?}).value; s.dispatchEvent(new Event('change')); }})()"
    ));
}

/// Writes a filter into the head of a column, and waits for its effect.
fn filter(browser: &mut Browser, column: &str, text: &str) {
    browser.evaluate(&format!(
        "(() => {{ const i = document.querySelector('input[aria-label={:?}]'); i.value = {text:?}; i.dispatchEvent(new \
         Event('input')); return new Promise(done => setTimeout(done, 400)); }})()",
        format!("filter {column}")
    ));
}

pub fn grid() {
    let folder = SweepFolder::of(GRID);
    let path = page(&folder);
    let mut browser = Browser::start();
    browser.open(&path);
    let asked = browser.requests();
    assert!(asked.iter().all(|url| url.ends_with("report.html") || url == "data:,"), "{asked:?}");
    assert_eq!(browser.complaints(), [] as [Value; 0]);
    // Point = (w 63 + rate 3 + activation); the best one is w = 0.5 at the least rate.
    assert_eq!(browser.evaluate(CHOSEN), "Point 1575");
    assert_eq!(browser.evaluate(CURRENT), json!(["1575"]));
    assert_eq!(
        browser.evaluate("getComputedStyle(document.getElementById('still')).display"),
        "none"
    );
    diagram(&mut browser);
    assert_eq!(browser.complaints(), [] as [Value; 0]);
    browser.open(&path);
    keyboard(&mut browser);
    table(&mut browser);
    assert_eq!(browser.complaints(), [] as [Value; 0]);
    looks(&mut browser, &path);
}

/// Four seeds of 9 values of `init_w` and 5 rates.
pub fn seeds() {
    let folder = SweepFolder::of(Over::Seeds([9, 5, 4]));
    let path = page(&folder);
    let mut browser = Browser::start();
    browser.open(&path);
    let options = "[...document.querySelector('select[name=fixed-2]').selectedOptions].map(o => o.textContent)";
    assert_eq!(browser.evaluate(options), json!(["mean of all"]), "seeds are no axis");
    // w = 0 and rate 1e-3: (0.5)^2 + 0.001, and 0, 1, 2, 3 tenths.
    let [x, y] = cell(&mut browser, 4.5 / 9.0, 1.5 / 5.0);
    browser.mouse("mouseMoved", x, y);
    let place = "model.init_w 0 · training.optimizer.learning_rate 0.001: ";
    let mean = format!("{place}final loss 0.401 on average over 4 runs, from 0.251 to 0.551");
    assert_eq!(browser.evaluate(TOLD), mean);
    let seen = pixels(&mut browser);
    filter(&mut browser, "training.seed", ">=2");
    browser.mouse("mouseMoved", x + 1.0, y);
    let left = format!("{place}final loss 0.501 on average over 2 runs, from 0.451 to 0.551");
    assert_eq!(browser.evaluate(TOLD), left, "of the runs that the filter leaves");
    assert_ne!(pixels(&mut browser), seen, "another mean has another colour");
    filter(&mut browser, "training.seed", "2");
    browser.mouse("mouseMoved", x, y);
    let single = "model.init_w 0 · training.optimizer.learning_rate 0.001 · training.seed 2: final loss 0.451 (finished, \
                  twins broken)";
    assert_eq!(browser.evaluate(TOLD), single, "a single run has no mean");
    filter(&mut browser, "training.seed", ">=2");
    browser.mouse("mouseMoved", x + 1.0, y);
    for kind in ["mousePressed", "mouseReleased"] {
        browser.mouse(kind, x, y);
    }
    assert_eq!(browser.evaluate(CHOSEN), "Point 111", "the first that is left: 2 * 45 + 4 * 5 + 1");
    browser.click("#clear");
    choose(&mut browser, "colour", "ended");
    // The first cell: one failed, three finished.
    let [x, y] = cell(&mut browser, 0.5 / 9.0, 0.5 / 5.0);
    browser.mouse("mouseMoved", x, y);
    let most =
        "model.init_w -2 · training.optimizer.learning_rate 1e-4: ended finished in 3 of 4 runs";
    assert_eq!(browser.evaluate(TOLD), most);
    choose(&mut browser, "colour", "final loss");
    // The last one: every seed diverged.
    let [x, y] = cell(&mut browser, 8.5 / 9.0, 4.5 / 5.0);
    browser.mouse("mouseMoved", x, y);
    let none = "model.init_w 2 · training.optimizer.learning_rate 1: final loss not known for any of 4 runs; 4 of 4 diverged";
    assert_eq!(browser.evaluate(TOLD), none);
    partly(&mut browser);
    choose(&mut browser, "fixed-2", "3");
    let [x, y] = cell(&mut browser, 4.5 / 9.0, 1.5 / 5.0);
    browser.mouse("mouseMoved", x, y);
    let one = "model.init_w 0 · training.optimizer.learning_rate 0.001 · training.seed 3: final loss 0.551";
    let told = browser.evaluate(TOLD);
    assert!(told.as_str().is_some_and(|told| told.starts_with(one)), "{told}");
    assert_eq!(browser.complaints(), [] as [Value; 0]);
    shoot(&mut browser, "seeds");
}

/// The mean of the first cell leaves a run out: its text, its corner and the legend show it.
fn partly(browser: &mut Browser) {
    let [x, y] = cell(browser, 0.5 / 9.0, 0.5 / 5.0);
    browser.mouse("mouseMoved", x, y);
    let some = "model.init_w -2 · training.optimizer.learning_rate 1e-4: final loss 6.45 on average over 3 of 4 runs, from \
                6.35 to 6.55; 1 of 4 failed";
    assert_eq!(browser.evaluate(TOLD), some);
    browser.mouse("mouseMoved", 2.0, 2.0);
    // The corner: beside the upper right corner of a cell, and in its middle.
    let colours = |browser: &mut Browser, across: f64, up: f64| {
        browser.evaluate(&format!(
            "(() => {{ const c = document.getElementById('map'), [l, t, r, b] = c.dataset.area.split(' ').map(Number), d = \
             devicePixelRatio; const copy = document.createElement('canvas'); [copy.width, copy.height] = [c.width, c.height]; \
             const pen = copy.getContext('2d', {{willReadFrequently: true}}); pen.drawImage(c, 0, 0); const at = (x, y) => \
             pen.getImageData(x * d, y * d, 1, 1).data.join(); const [x, y] = [l + (r - l) * {across} / 9, b - (b - t) * \
             {up} / 5]; return [at(x - 3, y + 3), at(x - 20, y + 20)]; }})()"
        ))
    };
    let first = colours(browser, 1.0, 1.0);
    assert_ne!(first[0], first[1]);
    let next = colours(browser, 2.0, 1.0);
    assert_eq!(next[0], next[1]);
    let key = "document.getElementById('key').textContent.includes('mean of a part of the runs')";
    assert_eq!(browser.evaluate(key), true);
    choose(browser, "colour", "ended");
    assert_eq!(browser.evaluate(key), false, "texts have no mean");
    choose(browser, "colour", "final loss");
}

/// Without scripts, the page has the words and a still diagram, and says what is missing.
pub fn still() {
    let folder = SweepFolder::of(GRID);
    let path = page(&folder);
    let mut browser = Browser::start();
    browser.without_scripts();
    browser.open(&path);
    let shown = |browser: &mut Browser, selector: &str| {
        let height = format!("document.querySelector({selector:?}).getBoundingClientRect().height");
        browser.evaluate(&height).as_f64().is_some_and(|height| height > 0.0)
    };
    for selector in
        [".words li", "#still svg", "noscript p", "#chosen p", "noscript tbody tr:last-child td"]
    {
        assert!(shown(&mut browser, selector), "{selector}");
    }
    for selector in ["#live", "#all"] {
        assert!(!shown(&mut browser, selector), "{selector}");
    }
    let rows =
        "[...document.querySelectorAll('noscript tbody tr')].map(r => r.cells[0].textContent)";
    let rows = browser.evaluate(rows);
    let rows = rows.as_array().expect("rows");
    assert_eq!((rows.len(), &rows[0]), (50, &json!("1575")));
    let fills = "new Set([...document.querySelectorAll('#still .cells path')].map(p => p.getAttribute('fill'))).size";
    assert!(browser.evaluate(fills).as_u64().is_some_and(|fills| fills > 20));
    assert_eq!(browser.complaints(), [] as [Value; 0]);
    shoot(&mut browser, "sweep-still");
}

/// The still diagram has the values that the interactive one starts with: those of the best run.
pub fn starts() {
    let folder = SweepFolder::empty();
    // A run of the second activation.
    folder.put("results.parquet", &folders::table(GRID).number("final_loss", 1576, 0.0));
    let path = page(&folder);
    let mut browser = Browser::start();
    browser.open(&path);
    let note = "document.querySelector('#still .note:last-child').textContent";
    assert_eq!(browser.evaluate(note), "Here model.activation = relu.");
    let option = "document.querySelector('select[name=fixed-2]').selectedOptions[0].textContent";
    assert_eq!(browser.evaluate(option), "relu");
    assert_eq!(browser.evaluate(CHOSEN), "Point 1576");
    let tables = "document.querySelectorAll('noscript table').length";
    assert_eq!(browser.evaluate(tables), 0, "the table that answers is there");
    assert_eq!(browser.complaints(), [] as [Value; 0]);
}

/// Losses and their baseline: in the tooltip, in the key, and in the figure of the selected run.
pub fn baseline() {
    let folder = SweepFolder::empty();
    folder.put("results.parquet", &folders::table(GRID).with_baseline(2.0));
    let path = page(&folder);
    let mut browser = Browser::start();
    browser.open(&path);
    assert_eq!(browser.complaints(), [] as [Value; 0]);
    let tip = "document.getElementById('tip').hidden ? null : [...document.getElementById('tip').children].map(e => \
               e.textContent)";
    assert_eq!(browser.evaluate(tip), Value::Null);
    let [x, y] = cell(&mut browser, 9.5 / 41.0, 10.5 / 21.0);
    browser.mouse("mouseMoved", x, y);
    let lines = json!([
        "final loss 2.57 (finished, twins held)",
        "baseline 2",
        "model.init_w -1.1",
        "training.optimizer.learning_rate 0.01",
        "model.activation tanh"
    ]);
    assert_eq!(browser.evaluate(tip), lines);
    let inside = "(() => { const [t, c] = ['tip', 'map'].map(id => document.getElementById(id).getBoundingClientRect()); \
                  return t.left >= c.left && t.right <= c.right + 1 && t.top >= c.top - 1 && t.bottom <= c.bottom + 1; })()";
    assert_eq!(browser.evaluate(inside), true);
    let key = browser.evaluate("document.getElementById('key').textContent");
    assert!(
        key.as_str().is_some_and(|key| key.contains("the baseline, 2, is the loss of")),
        "{key}"
    );
    for kind in ["mousePressed", "mouseReleased"] {
        browser.mouse(kind, x, y);
    }
    let words = "[...document.querySelectorAll('#chosen .words li')].map(li => li.textContent)";
    let words = browser.evaluate(words);
    assert_eq!(
        words,
        json!([
            "The loss went from 3.57 to 2.57 in 50 steps.",
            "After training it is above that of the best constant answer, 2.",
            "hidden1: 7 units acted as one from the start to the end.",
            "hidden1: all 7 units are dead at the end: slope 0 on every example.",
            "After training a step multiplies differences between twins by 0.979, so they decay."
        ])
    );
    let label = "document.querySelector('#chosen svg').getAttribute('aria-label')";
    let told = "Loss from 3.57 at the first step to 2.57 at the last, step 50; baseline 2";
    assert_eq!(browser.evaluate(label), told);
    // From 0: the baseline lies at 2 / (1.06 * 3.57) of the height, and no text leaves the figure.
    let baseline = "(() => { const d = document.querySelector('#chosen .baseline').getAttribute('d'); return \
                    (170 - +d.split(' ')[1].split('H')[0]) / 148; })()";
    let share = browser.evaluate(baseline).as_f64().expect("a number");
    assert!((share - 2.0 / (1.06 * 3.57)).abs() < 1e-3, "{share}");
    let cut = "(() => { const box = document.querySelector('#chosen svg').getBoundingClientRect(); return \
               [...document.querySelectorAll('#chosen svg text')].filter(t => { const b = t.getBoundingClientRect(); return \
               b.left < box.left - 1 || b.right > box.right + 1 || b.top < box.top - 1; }).map(t => t.textContent); })()";
    assert_eq!(browser.evaluate(cut), json!([]));
    // With keys, the tooltip appears, and it disappears with the focus.
    browser.mouse("mouseMoved", 2.0, 2.0);
    browser.evaluate("document.getElementById('map').focus()");
    browser.key("ArrowRight");
    assert!(browser.evaluate(tip).is_array());
    browser.key("Enter");
    assert_eq!(browser.evaluate(CHOSEN), format!("Point {}", 10 * 63 + 10 * 3));
    browser.evaluate("document.getElementById('map').blur()");
    assert_eq!(browser.evaluate(tip), Value::Null);
    assert_eq!(browser.complaints(), [] as [Value; 0]);
    shoot(&mut browser, "sweep-baseline");
}

fn diagram(browser: &mut Browser) {
    // The tenth cell from the left, w = -1.1; the eleventh from below, rate 1e-2.
    let [x, y] = cell(browser, 9.5 / 41.0, 10.5 / 21.0);
    browser.mouse("mouseMoved", x, y);
    assert_eq!(
        browser.evaluate(TOLD),
        "model.init_w -1.1 · training.optimizer.learning_rate 0.01 · model.activation tanh: final loss 2.57 (finished, \
         twins held)"
    );
    for kind in ["mousePressed", "mouseReleased"] {
        browser.mouse(kind, x, y);
    }
    let point = 9 * 63 + 10 * 3;
    assert_eq!(browser.evaluate(CHOSEN), format!("Point {point}"));
    assert_eq!(browser.evaluate(CURRENT), json!([point.to_string()]), "the table's row");
    let details = "[...document.querySelectorAll('#chosen dl div')].map(d => d.textContent)";
    let details = browser.evaluate(details);
    let details = details.as_array().expect("a list");
    for told in ["init_w-1.1", "final_loss2.57", "dead7", "enginequotient"] {
        assert!(details.contains(&json!(told)), "{told}: {details:?}");
    }
    let command = browser.evaluate("document.querySelector('#chosen code').textContent");
    assert_eq!(
        command,
        format!("constinit run --config sweep.toml --index {point} --out run-{point}")
    );
    let mut seen = vec![pixels(browser)];
    for quantity in ["effective width", "dead share", "escape factor", "first break", "ended"] {
        choose(browser, "colour", quantity);
        let now = pixels(browser);
        assert!(!seen.contains(&now), "{quantity} looks as another one");
        seen.push(now);
    }
    choose(browser, "colour", "final loss");
    choose(browser, "fixed-2", "relu");
    let [x, y] = cell(browser, 9.5 / 41.0, 10.5 / 21.0);
    for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
        browser.mouse(kind, x, y);
    }
    assert_eq!(browser.evaluate(CHOSEN), format!("Point {}", point + 1), "the slice of relu");
    choose(browser, "x", "model.activation");
    let names = "[...document.querySelectorAll('#picks select')].map(s => s.name)";
    assert_eq!(browser.evaluate(names), json!(["x", "y", "colour", "fixed-0"]));
    assert_ne!(pixels(browser), seen[0]);
}

fn keyboard(browser: &mut Browser) {
    browser.evaluate("document.getElementById('map').focus()");
    for key in ["ArrowRight", "ArrowUp", "ArrowUp"] {
        browser.key(key);
    }
    let told = browser.evaluate(TOLD);
    let expected = "model.init_w 0.6 · training.optimizer.learning_rate 2.51e-4 · model.activation tanh: final loss 0.01025";
    assert!(told.as_str().is_some_and(|told| told.starts_with(expected)), "{told}");
    assert_eq!(browser.evaluate(CHOSEN), "Point 1575", "not chosen yet");
    browser.key("Enter");
    assert_eq!(browser.evaluate(CHOSEN), "Point 1644");
    browser.evaluate("document.getElementById('rows').focus()");
    browser.key("ArrowDown");
    assert_eq!(browser.evaluate(CHOSEN), "Point 1645");
    assert_eq!(browser.evaluate(CURRENT), json!(["1645"]));
    browser.key("End");
    assert_eq!(browser.evaluate(CHOSEN), "Point 2582");
    let rows = browser.evaluate("document.querySelectorAll('#rows tbody tr').length");
    assert!(rows.as_u64().is_some_and(|rows| rows < 60), "a window of rows: {rows}");
}

fn table(browser: &mut Browser) {
    assert_eq!(browser.evaluate(MATCHING), "2583 of 2583 runs");
    let before = pixels(browser);
    // 12 of 41 values of w are at least 0.9.
    filter(browser, "model.init_w", ">=0.89");
    assert_eq!(browser.evaluate(MATCHING), "756 of 2583 runs match");
    assert_ne!(pixels(browser), before, "other cells are pale");
    filter(browser, "model.activation", "TANH");
    assert_eq!(
        browser.evaluate(MATCHING),
        "504 of 2583 runs match",
        "tanh, and a list that has it"
    );
    filter(browser, "final_loss", "what");
    let invalid = "document.querySelectorAll('#rows input[aria-invalid=true]').length";
    assert_eq!(browser.evaluate(invalid), 1);
    filter(browser, "final_loss", "none");
    // w > 1.5 (5 values) at rates above 0.1 (5 values), for two of three activations.
    assert_eq!(browser.evaluate(MATCHING), "50 of 2583 runs match");
    browser.click("#clear");
    assert_eq!(browser.evaluate(MATCHING), "2583 of 2583 runs");
    let head = "[...document.querySelectorAll('#rows thead th')].map(h => h.textContent)";
    let head = browser.evaluate(head);
    let at = head.as_array().expect("names").iter().position(|name| name == "final_loss");
    let at = at.expect("a column of losses") + 1;
    let button = format!("#rows th:nth-child({at}) button");
    let sort =
        format!("document.querySelector('#rows th:nth-child({at})').getAttribute('aria-sort')");
    let losses = format!(
        "[...document.querySelectorAll('#rows tr[data-row]')].slice(0, 3).map(r => r.cells[{}].textContent)",
        at - 1
    );
    for (order, expected) in [
        ("ascending", json!(["1e-4", "1e-4", "1e-4"])),
        ("descending", json!(["7.25", "7.25", "7.25"])),
        ("none", json!(["–", "6.25", "6.25"])),
    ] {
        browser.click(&button);
        assert_eq!(browser.evaluate(&sort), order);
        assert_eq!(browser.evaluate(&losses), expected, "{order}");
    }
    browser.click("#rows tr[data-row='1'] td");
    assert_eq!(browser.evaluate(CHOSEN), "Point 1");
}

/// Screenshots for people: of a fitting size, and not empty.
fn looks(browser: &mut Browser, path: &std::path::Path) {
    for (name, medium, scheme) in [
        ("sweep-light", "screen", "light"),
        ("sweep-dark", "screen", "dark"),
        ("sweep-paper", "print", "dark"),
    ] {
        browser.emulate(medium, scheme);
        browser.open(path);
        let png = shoot(browser, name);
        let [width, height] = size(&png);
        assert!(
            (700..1400).contains(&width) && (1000..6000).contains(&height),
            "{width} x {height}"
        );
        assert!(png.len() > 40_000, "a picture of one colour takes less: {}", png.len());
    }
    browser.emulate("screen", "light");
    for width in [390, 780] {
        browser.resize(width, 800);
        browser.open(path);
        let wide = browser.evaluate("document.documentElement.scrollWidth");
        assert_eq!(wide, width, "the page is as wide as its window");
        shoot(browser, &format!("sweep-{width}-wide"));
    }
    assert!(browser.pdf().starts_with(b"%PDF"));
}

/// Twins are `held` only in runs that have twins.
fn nothing_alike(browser: &mut Browser) {
    let folder = SweepFolder::empty();
    let classes = Data::Whole((0..9).map(|n| Some(if n == 4 { 7 } else { 1 })).collect());
    let held = Data::Text(vec![Some("held".into()); 9]);
    let table = folders::table(Over::One(9)).column("classes_start", Some(classes));
    folder.put("results.parquet", &table.column("verdict", Some(held)));
    browser.open(&page(&folder));
    browser.evaluate("document.getElementById('map').focus()");
    // From the best run, the sixth.
    for (key, words) in
        [("ArrowLeft", "(finished, no twins)"), ("ArrowLeft", "(finished, twins held)")]
    {
        browser.key(key);
        let told = browser.evaluate(TOLD);
        assert!(told.as_str().is_some_and(|told| told.ends_with(words)), "{told}");
    }
}

/// Sweeps that are only partly done.
fn parts(browser: &mut Browser) {
    for (name, rows, keys) in
        [("started", (0..700).collect::<Vec<_>>(), "no run"), ("failed", vec![0], "failed")]
    {
        let folder = SweepFolder::empty();
        folder.put("parts/a.parquet", &folders::table(GRID).picked(&rows));
        browser.open(&page(&folder));
        assert_eq!(browser.complaints(), [] as [Value; 0], "{name}");
        let key = browser.evaluate("document.getElementById('key').textContent");
        assert!(key.as_str().is_some_and(|key| key.contains(keys)), "{name}: {key}");
        assert_eq!(browser.evaluate(MATCHING), format!("{0} of {0} runs", rows.len()));
        shoot(browser, &format!("sweep-{name}"));
    }
    let folder = SweepFolder::empty();
    folder.put("parts/a.parquet", &folders::table(GRID).picked(&[]));
    browser.open(&page(&folder));
    assert_eq!(browser.complaints(), [] as [Value; 0], "no rows");
}

pub fn kinds() {
    let mut browser = Browser::start();
    parts(&mut browser);
    nothing_alike(&mut browser);
    for (name, over, point) in [
        ("one-key", Over::One(101), 62),
        ("samples", Over::Random(400), 0),
        ("many", Over::Grid([512, 512, 1]), 0),
    ] {
        let folder = SweepFolder::of(over);
        let path = page(&folder);
        let bytes = std::fs::metadata(&path).expect("a page").len();
        assert!(bytes < 20_000_000, "{name}: {bytes} bytes");
        let started = std::time::Instant::now();
        browser.open(&path);
        let opened = started.elapsed();
        assert_eq!(browser.complaints(), [] as [Value; 0], "{name}");
        if point > 0 {
            assert_eq!(browser.evaluate(CHOSEN), format!("Point {point}"));
        }
        browser.evaluate("document.getElementById('map').focus()");
        browser.key("ArrowRight");
        let told = browser.evaluate(TOLD);
        assert!(told.as_str().is_some_and(|told| told.starts_with("model.init_w ")), "{told}");
        browser.key("Enter");
        let [chosen, current] = [browser.evaluate(CHOSEN), browser.evaluate(CURRENT)];
        assert!(
            current.as_array().is_some_and(|rows| rows.len() == 1),
            "{name}: {chosen} {current}"
        );
        let before = pixels(&mut browser);
        let started = std::time::Instant::now();
        filter(&mut browser, "model.init_w", ">0");
        let filtered = started.elapsed();
        assert_ne!(pixels(&mut browser), before, "{name}");
        let started = std::time::Instant::now();
        browser.click("#rows th:nth-child(3) button");
        browser.evaluate("0");
        let sorted = started.elapsed();
        println!(
            "{name}: {bytes} bytes, opened in {opened:?}, filtered in {filtered:?}, sorted in {sorted:?}"
        );
        browser.evaluate("scrollTo(0, 0)");
        shoot(&mut browser, &format!("sweep-{name}"));
    }
}
