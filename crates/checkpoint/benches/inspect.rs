//! How long inspecting a large checkpoint takes, as a ratio to reading it once.
//!
//! ```text
//! scripts/make-checkpoint big 8
//! CHECKPOINTS=big cargo bench -p constinit-checkpoint --bench inspect
//! ```
//!
//! The baseline is `cat FILES > /dev/null` with all files in the page cache. The two are timed in turn. The table gives
//! the best time of each, the median of the ratios, and the largest resident memory of this process so far.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use constinit_checkpoint::{Checkpoint, InspectOptions, discover, inspect, totals};

fn main() {
    // `cargo test --benches` only checks that this builds and starts.
    let Some(folders) = std::env::var_os("CHECKPOINTS") else {
        println!("CHECKPOINTS names the folders to inspect; scripts/make-checkpoint makes one");
        return;
    };
    let rounds = std::env::var("ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(7);
    println!(
        "{:<24} {:>8} {:>9} {:>9} {:>7} {:>9} {:>9} {:>8}",
        "checkpoint", "GiB", "cat", "inspect", "ratio", "units", "classes", "peak"
    );
    for folder in std::env::split_paths(&folders) {
        for path in discover(&folder).expect("a folder of checkpoints") {
            measure(&path, rounds);
        }
    }
}

fn measure(path: &Path, rounds: usize) {
    let files = Checkpoint::files_at(path);
    let cat = || {
        let start = Instant::now();
        let done = Command::new("cat").args(&files).stdout(Stdio::null()).status();
        assert!(done.is_ok_and(|status| status.success()));
        start.elapsed().as_secs_f64()
    };
    let look = || {
        let start = Instant::now();
        let checkpoint = Checkpoint::open(path).expect("a checkpoint");
        let report = inspect(&checkpoint, &InspectOptions::default()).expect("a report");
        (start.elapsed().as_secs_f64(), totals(&report), checkpoint.bytes())
    };
    cat();
    let (_, totals, bytes) = look();
    let mut pairs: Vec<(f64, f64)> = (0..rounds).map(|_| (cat(), look().0)).collect();
    let best = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).fold(f64::INFINITY, f64::min);
    let (cat, looked) = (best(|pair| pair.0), best(|pair| pair.1));
    pairs.sort_by(|a, b| (a.1 / a.0).total_cmp(&(b.1 / b.0)));
    let (at, took) = pairs[pairs.len() / 2];
    let name = path.parent().and_then(|folder| folder.file_name()).unwrap_or_default();
    println!(
        "{:<24} {:>8.2} {:>7.3} s {:>7.3} s {:>7.3} {:>9} {:>9} {:>8}",
        name.to_string_lossy(),
        bytes as f64 / (1_u64 << 30) as f64,
        cat,
        looked,
        took / at,
        totals.units,
        totals.classes,
        peak()
    );
}

/// The largest resident memory so far; `-` if the system does not give it.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|text| text.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.map_or("-".into(), |kib| format!("{} MiB", kib / 1024))
}
