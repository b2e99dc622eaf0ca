//! What is made of a sweep's folder, whatever state it is in.

#[path = "folders/sweep.rs"]
mod folders;

use constinit_report::{Figure, Sweep};
use folders::{Over, SweepFolder};

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
        "Twins: in 88.5 % of 131 runs with a verdict all units that started as one stayed one, bit for bit; in 15 some \
         parted, at step 30 at the earliest.",
        "3 runs diverged (2.2 % of all that were done), 1 failed; most often because of &quot;the loss is not \
         finite&quot; (3 times).",
        // (0.5 - 0.5)^2 + 1e-4 at w = 0.5, the sixth of nine.
        "The final loss of the 131 finished runs lies between 1e-4 and 7.25.",
        "It is smallest at point 75: model.init_w = 0.5, training.optimizer.learning_rate = 1e-4, model.activation = \
         tanh.",
        "Effective width: after training the 945 hidden units of all runs are 221 different ones.",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("<this>"), "texts of the table are escaped");
    assert!(page.contains("default-src 'none'"));
}
