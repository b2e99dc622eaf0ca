//! What the report makes of a sweep's folder, in whatever state it is.

#[path = "folders/sweep.rs"]
mod folders;

use constinit_report::{Figure, Sweep};
use folders::{Data, Over, SweepFolder, table};
use proptest::prelude::*;

const GRID: Over = Over::Grid([9, 5, 3]);

fn names(sweep: &Sweep) -> Vec<String> {
    sweep.figures().into_iter().map(|figure| figure.name).collect()
}

fn figure(sweep: &Sweep, name: &str) -> Figure {
    let found = sweep.figures().into_iter().find(|figure| figure.name == name);
    found.unwrap_or_else(|| panic!("no {name} among {:?}", names(sweep)))
}

const FIGURES: [&str; 4] = ["phase-final-loss", "phase-width", "phase-dead", "phase-escape"];

#[test]
fn a_grid_is_told_in_words() {
    let folder = SweepFolder::of(GRID);
    assert!(Sweep::is_sweep(folder.path()));
    let sweep = folder.sweep();
    assert_eq!((sweep.points, sweep.rows(), sweep.version.as_str()), (135, 135, "9.8.7"));
    assert_eq!(names(&sweep), FIGURES);
    let page = sweep.page();
    // w = 0 has 15 of 135 runs; w = 2 with rates 1 diverges in 3, the first one failed.
    for words in [
        "Twins: in 88.5 % of 131 runs with a verdict, all units that were equal at the start stayed equal, bit for \
        bit; in 15 some \
         diverged, at step 30 at the earliest.",
        "3 runs diverged (2.2 % of all that were done), 1 failed; most often because of &quot;the loss is not \
         finite&quot; (3 times).",
        // (0.5 - 0.5)^2 + 1e-4 at w = 0.5, the sixth of nine.
        "The final loss of the 131 finished runs lies between 1e-4 and 7.25.",
        "It is smallest at point 75: model.init_w = 0.5, training.optimizer.learning_rate = 1e-4, model.activation = \
         tanh.",
        "hidden1: 7 units acted as one in 116 of 131 runs, as 7 in 15.",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("<this>"), "texts of the table are escaped");
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn losses_stand_beside_their_baseline() {
    let folder = SweepFolder::empty();
    folder.put("results.parquet", &table(GRID).with_baseline(2.0));
    let sweep = folder.sweep();
    let page = sweep.page();
    // (w - 0.5)^2 + rate is below 1.98 at w of 0, 0.5 and 1, with 15 runs each, and at -0.5 and 1.5 except for a rate
    // of 1.
    let words = "Baseline: 69 of the 131 finished runs end better than the best constant answer, which has a loss of 2.";
    assert!(page.contains(words));
    assert!(page.contains("\"baseline\":2.0,"));
    let loss = figure(&sweep, "phase-final-loss");
    assert!(
        loss.notes
            .contains(&"The baseline, 2, is the loss of the best constant answer.".to_owned())
    );
    let svg = loss.to_svg();
    assert_eq!(svg.matches(">baseline</text>").count(), 1, "in the scale of colours");
    // The scale would end at twice the baseline, but it ends at whole powers of ten.
    assert!(!loss.notes.iter().any(|note| note.contains("beyond the ends")), "{:?}", loss.notes);
    assert!(!figure(&sweep, "phase-width").to_svg().contains("baseline</text>"));
    // Older programs had no such columns.
    let older = SweepFolder::of(GRID).sweep();
    assert!(!older.page().contains("Baseline: ") && older.page().contains("\"baseline\":null,"));
    assert!(!figure(&older, "phase-final-loss").to_svg().contains("baseline</text>"));
    // Over one key, the baseline is a line.
    folder.put("results.parquet", &table(Over::One(50)).with_baseline(0.2));
    let one = figure(&folder.sweep(), "phase-final-loss");
    assert_eq!(one.to_svg().matches("class=\"baseline\"").count(), 1);
    let beyond = one.notes.iter().find(|note| note.contains("beyond the ends of the scale, from "));
    assert!(
        beyond.is_some_and(|note| note.ends_with("to 5.859, have the colour of its end.")),
        "{:?}",
        one.notes
    );
}

#[test]
fn a_key_that_changes_nothing_is_warned_of() {
    let folder = SweepFolder::empty();
    let whole = table(Over::Seeds([3, 2, 4]));
    let six = |numbers: [f64; 6]| Data::Number((0..24).map(|row| Some(numbers[row % 6])).collect());
    let mut same = whole.clone().column("final_loss", Some(six([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])));
    for (name, data) in [
        ("first_loss", Data::Number(vec![Some(9.0); 24])),
        ("ended", Data::Text(vec![Some("finished".to_owned()); 24])),
        ("reason", Data::Text(vec![None; 24])),
        ("verdict", Data::Text(vec![Some("held".to_owned()); 24])),
        ("engine", Data::Text(vec![Some("quotient".to_owned()); 24])),
        ("why_burn", Data::Text(vec![None; 24])),
        ("first_break", Data::Whole(vec![None; 24])),
        ("first_break_space", Data::Text(vec![None; 24])),
        ("classes_end", Data::Whole(vec![Some(1); 24])),
        ("hidden1.classes_end", Data::Whole(vec![Some(1); 24])),
        ("dead", Data::Whole(vec![Some(0); 24])),
        ("hidden1.dead", Data::Whole(vec![Some(0); 24])),
        ("steps", Data::Whole(vec![Some(50); 24])),
        ("escape_factor", Data::Number(vec![None; 24])),
        ("escape_steps", Data::Number(vec![None; 24])),
        ("trained_parameters", Data::Whole(vec![Some(11); 24])),
    ] {
        same = same.column(name, Some(data));
    }
    folder.put("results.parquet", &same);
    let warnings = |folder: &SweepFolder| -> Vec<String> {
        let page = folder.sweep().page();
        let warned = page.split("<p class=\"warn\">").skip(1);
        warned.map(|text| text.split("</p>").next().expect("an end").to_owned()).collect()
    };
    assert_eq!(
        warnings(&folder),
        [
            "training.seed changes nothing: runs that differ only in it have the same results, in all 6 combinations \
            of the \
          other keys. So nothing in these runs depends on random numbers; one seed is enough."
        ]
    );
    assert!(folder.sweep().page().contains("hidden1: 7 units acted as one in all 24 runs."));
    folder.put("results.parquet", &same.clone().number("final_loss", 23, 6.5));
    assert_eq!(warnings(&folder), [""; 0], "one run differs");
    // With one seed, there is nothing to compare.
    folder.put("results.parquet", &same.picked(&[0, 1, 2, 3, 4, 5]));
    assert_eq!(warnings(&folder), [""; 0]);
}

#[test]
fn runs_without_twins_held_nothing() {
    let folder = SweepFolder::empty();
    // The first 60 points have no break, and one of them failed.
    let classes = (0..135).map(|point| Some(if point < 60 { 7 } else { 1 }));
    let some = table(GRID).column("classes_start", Some(Data::Whole(classes.collect())));
    folder.put("results.parquet", &some);
    let page = folder.sweep().page();
    let words = "Twins: in 79.2 % of 72 runs that started with equal units, all units that were equal at the start \
                 stayed equal, bit for bit; in 15 some diverged, at step 30 at the earliest; in 59 more, no two units \
                 were equal at the start.";
    assert!(page.contains(words));
    folder.put("results.parquet", &some.picked(&(0..60).collect::<Vec<_>>()));
    let page = folder.sweep().page();
    let words = "Twins: in 59 runs with a verdict, no two units were equal at the start, so there was nothing to keep \
                 equal.";
    assert!(page.contains(words));
    assert!(!page.contains("stayed equal, bit"));
}

#[test]
fn cells_of_one_colour_are_one_mark() {
    let sweep = SweepFolder::of(GRID).sweep();
    let dead = figure(&sweep, "phase-dead");
    let svg = dead.to_svg();
    // All or none of seven units; diverged and failed ones.
    let fills: Vec<&str> = svg
        .split("<g class=\"cells\" shape-rendering=\"crispEdges\">")
        .nth(1)
        .and_then(|cells| cells.split("</g>").next())
        .expect("cells")
        .lines()
        .filter_map(|line| line.split(" d=").next()?.strip_prefix("<path "))
        .collect();
    assert_eq!(fills, ["class=\"n1\"", "class=\"n2\"", "fill=\"#440154\"", "fill=\"#fde725\""]);
    assert!(svg.contains(".n1{fill:#9aa1a9}"), "the document has the style of its marks");
    assert_eq!(dead.notes, ["Here model.activation = tanh."]);
    // A third of 135 runs: those of one activation.
    assert_eq!(dead.description, "43 runs, between 0 and 1; 1 diverged, 1 failed.");
    assert!(svg.contains(">Here model.activation = tanh.</text>"), "the picture says it by itself");
    // At two of nine values of w all units are dead: one mark per row of five, the first row without the failed cell.
    let yellow = svg.split("fill=\"#fde725\" d=\"").nth(1).and_then(|p| p.split('"').next());
    assert_eq!(yellow.map(|path| path.matches('M').count()), Some(5));
    for figure in sweep.figures() {
        let svg = figure.to_svg();
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}", figure.name);
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    }
}

#[test]
fn cells_of_fewer_runs_than_there_are_seeds_are_told() {
    let folder = SweepFolder::empty();
    // Every point has four seeds. The last row has the last seed: there, only three seeds are done, and elsewhere all
    // four.
    let whole = table(Over::Seeds([9, 5, 4]));
    let all: Vec<usize> = (0..179).collect();
    folder.put("parts/000000000000-000000000178.parquet", &whole.picked(&all));
    let loss = figure(&folder.sweep(), "phase-final-loss");
    assert_eq!(loss.notes[1..], ["Each cell has 3 to 4 runs."]);
}

#[test]
fn seeds_are_averaged() {
    let seeds = SweepFolder::of(Over::Seeds([9, 5, 4])).sweep();
    let loss = figure(&seeds, "phase-final-loss");
    assert_eq!(loss.title, "Final loss over init_w and learning_rate", "seeds come last");
    assert_eq!(
        loss.notes,
        [
            "Each value is the mean over 4 values of training.seed, of the runs that have this number."
        ]
    );
    let keys = r#""keys":["model.init_w","training.optimizer.learning_rate","training.seed"]"#;
    assert!(seeds.page().contains(keys), "and the page is told so");
    // The point that failed has three more seeds; the one that diverged did so with all four.
    let svg = loss.to_svg();
    assert!(!svg.contains("<path class=\"n2\""), "the other seeds have a number");
    assert!(svg.contains("<path class=\"n1\""), "no seed has a number");
    // The corner, the words and the legend distinguish a mean of three of four seeds from a mean of four.
    let corner =
        svg.split("<path class=\"partly\"").nth(1).and_then(|path| path.split("/>").next());
    assert_eq!(corner.map(|corner| corner.matches('M').count()), Some(1));
    assert!(svg.contains(">mean of a part of the runs</text>"));
    let texts: Vec<&str> = svg
        .split("<title>")
        .filter_map(|text| text.split("</title>").next())
        .filter(|text| text.contains("init_w -2 ") || text.contains("init_w 2 "))
        .collect();
    assert_eq!(texts.len(), 10);
    assert_eq!(
        texts[0],
        "model.init_w -2 \u{b7} training.optimizer.learning_rate 1e-4: final loss 6.45 on average over 3 of 4 runs, from \
         6.35 to 6.55; 1 of 4 failed"
    );
    assert_eq!(
        texts[9],
        "model.init_w 2 \u{b7} training.optimizer.learning_rate 1: final loss not known for any of 4 runs; 4 of 4 \
         diverged"
    );
    assert_eq!(
        loss.description,
        "175 runs, between 1e-4 and 7.55; 4 diverged, 1 failed; 1 of 45 cells: mean of a part of the runs."
    );
    let whole = figure(&SweepFolder::of(GRID).sweep(), "phase-final-loss").to_svg();
    assert!(!whole.contains("partly") && !whole.contains("a part of the runs"));
    // A key with a single value is still an axis before seeds.
    let one = SweepFolder::of(Over::Seeds([9, 1, 4])).sweep();
    let over = "Final loss over init_w and learning_rate";
    assert_eq!(figure(&one, "phase-final-loss").title, over);
}

#[test]
fn figures_are_at_the_values_of_the_best_run() {
    let folder = SweepFolder::empty();
    // A run of the second of three activations.
    folder.put("results.parquet", &table(GRID).number("final_loss", 76, 0.0));
    let sweep = folder.sweep();
    for figure in sweep.figures() {
        assert!(figure.notes.contains(&"Here model.activation = relu.".to_owned()), "{figure:?}");
    }
    let loss = figure(&sweep, "phase-final-loss");
    assert_eq!(loss.description, "44 runs, between 0 and 7.25; 1 diverged, 0 failed.");
    let page = sweep.page();
    assert!(page.contains("\"start\":76,") && page.contains("Here model.activation = relu."));
    // If no run has a loss, the first run decides.
    let diverged = table(GRID).picked(&[134, 133]);
    folder.put("results.parquet", &diverged);
    assert!(folder.sweep().page().contains("\"start\":0,"));
}

#[test]
fn a_page_has_a_plain_table_of_the_best_runs() {
    let page = SweepFolder::of(GRID).sweep().page();
    let table = page.split("<noscript>").find(|part| part.contains("<caption>")).expect("a table");
    let table = table.split("</noscript>").next().expect("an end");
    assert!(table.contains("<caption>The best 50 of 135 runs</caption>"));
    assert_eq!(table.matches("<tr>").count(), 51);
    let first = "<tr><th scope=\"row\">75</th><td>0.5</td><td>1e-4</td><td>tanh</td><td>1e-4</td><td>finished</td>\
                 <td>held</td><td>7</td><td>1</td><td>1</td><td>0</td></tr>";
    assert!(
        table.split("<tbody>").nth(1).is_some_and(|rows| rows.trim().starts_with(first)),
        "{table}"
    );
    let few = SweepFolder::of(Over::Grid([3, 3, 1])).sweep().page();
    let table = few.split("<caption>All 9 runs, the best first</caption>").nth(1).expect("a table");
    let rows: Vec<&str> = table.split("<tr>").skip(2).take(9).collect();
    assert!(rows[7].contains("<td>–</td><td>failed</td><td>–</td>"), "{rows:?}");
    assert!(rows[8].contains("<td>–</td><td>diverged</td><td>–</td>"), "{rows:?}");
}

#[test]
fn a_large_grid_stays_small_and_says_so() {
    let sweep = SweepFolder::of(Over::Grid([512, 512, 1])).sweep();
    let loss = figure(&sweep, "phase-final-loss");
    assert!(loss.to_svg().len() < 500_000, "{}", loss.to_svg().len());
    assert_eq!(
        loss.notes,
        [
            "16\u{202f}384 of 262\u{202f}144 cells are drawn: one in 4 values of model.init_w and one in 4 of \
          training.optimizer.learning_rate."
        ]
    );
    let page = sweep.page();
    assert!(page.len() < 20_000_000, "{}", page.len());
}

#[test]
fn one_key_is_a_curve_and_samples_are_dots() {
    let one = SweepFolder::of(Over::One(50)).sweep();
    assert_eq!(names(&one), FIGURES);
    let loss = figure(&one, "phase-final-loss").to_svg();
    assert_eq!(loss.matches("<circle").count(), 50);
    assert_eq!(loss.matches("class=\"f0\"/>").count(), 49, "one failed");
    let samples = SweepFolder::of(Over::Random(60)).sweep();
    assert_eq!(figure(&samples, "phase-width").to_svg().matches("<circle").count(), 60);
}

#[test]
fn parts_are_joined_and_the_first_row_of_a_point_counts() {
    let folder = SweepFolder::empty();
    let whole = table(GRID);
    // The later part has the points of the earlier one again, with different losses.
    let other = whole.clone().column("final_loss", Some(Data::Number(vec![Some(99.0); 135])));
    let backwards: Vec<usize> = (40..90).rev().collect();
    folder.put("parts/0.parquet", &whole.picked(&backwards));
    folder.put("parts/1.parquet", &other.picked(&(80..92).collect::<Vec<_>>()));
    std::fs::write(folder.path().join("parts/2.parquet.tmp"), "half").unwrap();
    let sweep = folder.sweep();
    assert_eq!((sweep.rows(), sweep.points), (52, 135));
    let page = sweep.page();
    assert!(page.contains("Left out: 10 rows of points that have an earlier row"));
    assert!(page.contains("52 of 135 points are done"), "a sweep under way says so");
    assert!(
        page.contains("lies between 1e-4 and 99."),
        "rows 90 and 91 are those of the second part"
    );
    let loss = figure(&sweep, "phase-final-loss");
    assert!(loss.description.starts_with("17 runs, between 1e-4 and 99"), "{}", loss.description);
    let first = whole.picked(&(0..90).collect::<Vec<_>>());
    folder.put("parts/0.parquet", &first);
    folder.put("parts/1.parquet", &other.picked(&(80..90).collect::<Vec<_>>()));
    assert_eq!(folder.sweep().rows(), 90);
    assert!(!folder.sweep().page().contains(" and 99."), "the first row of a point counts");
}

const ADVICE: &str =
    "; once this file is removed, the same `constinit sweep` command runs its points again";

#[test]
fn what_no_sweep_wrote_is_named() {
    let folder = SweepFolder::empty();
    assert!(folder.refused().starts_with("DIR: no rows yet"));
    let good = table(GRID);
    let half: Vec<usize> = (0..60).collect();
    let refused = |table: &folders::Table| {
        folder.put("parts/b.parquet", table);
        folder.refused()
    };
    folder.put("parts/a.parquet", &good.picked(&half));
    assert_eq!(
        refused(&good.clone().about("constinit.sweep", "ffffffff")),
        "DIR/parts/b.parquet: of another sweep: its constinit.sweep is ffffffff, but the checksum of sweep.toml is c7edf4d1"
    );
    let points = refused(&good.clone().about("constinit.points", "136"));
    assert!(points.starts_with("DIR/parts/b.parquet: its keys or points"), "{points}");
    let schema = refused(&good.clone().about("constinit.schema", "2"));
    assert!(schema.contains("b.parquet: the file has schema 2"), "{schema}");
    let schema = refused(&good.clone().about("constinit.schema", "x"));
    assert!(schema.contains("b.parquet: constinit.schema is `x`"), "{schema}");
    let keys = refused(&good.clone().about("constinit.keys", "{"));
    assert!(keys.contains("b.parquet: constinit.keys: "), "{keys}");
    assert_eq!(
        refused(&good.clone().column("dead", None)),
        "DIR/parts/b.parquet: column `dead`: missing"
    );
    assert_eq!(
        refused(&good.clone().column("dead", Some(Data::Text(vec![None; 135])))),
        "DIR/parts/b.parquet: column `dead`: of another type than numbers"
    );
    assert_eq!(
        refused(&good.clone().column("ended", Some(Data::Whole(vec![Some(1); 135])))),
        "DIR/parts/b.parquet: column `ended`: of another type than text"
    );
    assert_eq!(
        refused(&good.clone().column("model.init_w", Some(Data::Truth(vec![Some(true); 135])))),
        "DIR/parts/b.parquet: column `model.init_w`: of another type than in the rows before"
    );
    for wrong in [-1, 135, i64::MIN, i64::MAX] {
        let points = (0..135).map(|n| Some(if n == 9 { wrong } else { n }));
        let told = refused(&good.clone().column("point", Some(Data::Whole(points.collect()))));
        assert!(told.starts_with("DIR/parts/b.parquet: column `point`: "), "{told}");
        assert!(told.ends_with("is not one of the 135 points"), "{told}");
    }
    let path = folder.path().join("parts/b.parquet");
    good.write(&path);
    let bytes = std::fs::read(&path).unwrap();
    for length in [0, 4, 100, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..length]).unwrap();
        let told = folder.refused();
        assert!(told.starts_with("DIR/parts/b.parquet: not a complete Parquet file"), "{told}");
        assert!(told.ends_with(ADVICE), "{told}");
    }
    // The first page has the points.
    let noise = |byte: &u8| byte ^ 0x5a;
    let pages: Vec<u8> = bytes[4..200].iter().map(noise).collect();
    std::fs::write(&path, [&bytes[..4], &pages, &bytes[200..]].concat()).unwrap();
    let told = folder.refused();
    assert!(told.starts_with("DIR/parts/b.parquet: column `point`: "), "{told}");
    assert!(told.ends_with(ADVICE), "{told}");
    std::fs::remove_file(path).unwrap();
    assert_eq!(folder.sweep().rows(), 60);
}

#[test]
fn a_claimed_number_of_points_takes_no_memory() {
    let folder = SweepFolder::empty();
    let keys = r#"[{"key":"model.init_w","scale":"linear","values":9223372036854775807}]"#;
    let claims = table(Over::One(9)).about("constinit.points", "18446744073709551615");
    folder.put("results.parquet", &claims.about("constinit.keys", keys));
    let sweep = folder.sweep();
    assert_eq!(sweep.rows(), 9);
    assert!(sweep.page().contains("9 of 18\u{202f}446"));
    assert_eq!(sweep.figures().len(), 4);
}

#[test]
fn unknown_columns_are_kept() {
    let folder = SweepFolder::empty();
    let mut table = table(Over::One(9));
    table.columns.push(("hidden_note".into(), Data::Text(vec![Some("kept so".into()); 9])));
    folder.put("results.parquet", &table);
    let page = folder.sweep().page();
    assert!(page.contains("hidden_note") && page.contains("kept so"));
    assert!(!page.contains("Left out: "));
}

#[test]
fn a_sweep_of_failures_has_a_page() {
    let folder = SweepFolder::empty();
    folder.put("results.parquet", &table(GRID).picked(&[0]));
    let sweep = folder.sweep();
    assert_eq!(names(&sweep), [""; 0], "nothing to draw");
    assert!(sweep.page().contains("no memory for &lt;this&gt;"));
    folder.put("results.parquet", &table(GRID).picked(&[]));
    let sweep = folder.sweep();
    assert_eq!((sweep.rows(), names(&sweep)), (0, vec![]));
    assert!(sweep.page().contains("0 of 135 points are done"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_do_not_panic(place in 0.0..1.0_f64, bit in 0..8_u8, other in 0.0..1.0_f64) {
        let folder = SweepFolder::of(Over::Grid([4, 3, 2]));
        let path = folder.path().join("results.parquet");
        let mut bytes = std::fs::read(&path).unwrap();
        for share in [place, other] {
            let at = (share * bytes.len() as f64) as usize;
            bytes[at] ^= 1 << bit;
        }
        std::fs::write(&path, &bytes).unwrap();
        // The decoders' own panics are printed, and become errors.
        if let Ok(sweep) = Sweep::read(folder.path()) {
            sweep.page();
        }
    }
}
