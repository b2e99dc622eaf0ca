//! Tests of the program: what each command prints and writes. One executable, so that all cores are busy to its end.
//! Tests that take longer are in `long`, which `scripts/test quick` leaves out.

mod bad_input;
mod breaks;
mod collapse;
mod compare;
mod dependencies;
mod diff;
mod guide;
mod inspect;
mod linear;
mod lint;
mod logs;
mod notebook;
mod outcome;
mod predict_command;
mod printing;
mod program;
mod quotient;
mod readme;
mod report;
mod run_directory;
mod start;
mod trajectories;
mod tui;

#[test]
fn every_file_here_is_a_module() {
    for (folder, main) in
        [("tests", include_str!("main.rs")), ("tests/long", include_str!("long/main.rs"))]
    {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            if path.extension().is_some_and(|extension| extension == "rs") && name != "main" {
                let declaration = format!("mod {name};");
                assert!(main.lines().any(|line| line == declaration), "{}", path.display());
            }
        }
    }
}
