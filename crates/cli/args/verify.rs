//! Arguments of `constinit verify`.

use clap::Args;
use std::path::PathBuf;

/// Checks what the theorem on constant initialisation says, in floats on every backend and in fractions that never round;
/// what it does not promise; every optimizer against the certificate; how differences between equal units grow; and
/// which widths each backend's kernels keep bitwise equal. Ends with exit code 1 if anything fails.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit verify
  constinit verify --cases 200 --seed 7
  constinit verify --heat-map floats.svg
  constinit verify --json | jq '.sections[].checks[] | select(.passed | not)'")]
pub struct VerifyArgs {
    /// Random cases for each statement
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub cases: u32,
    /// Seed of the random cases
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Draw which widths each backend keeps bitwise equal into a new file (SVG)
    #[arg(long, value_name = "FILE")]
    pub heat_map: Option<PathBuf>,
}
