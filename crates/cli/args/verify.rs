//! Arguments of `constinit verify`.

use clap::Args;
use std::path::PathBuf;

/// Checks the theorem on constant initialisation, in floats on every backend and in fractions that never round; what the
/// theorem does not promise; every optimizer against the certificate; how differences between equal units grow; and at
/// which widths the kernels of each backend keep equal units bitwise equal. The exit code is 1 if anything fails.
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
    /// Draw at which widths each backend keeps equal units bitwise equal, in a new file (SVG)
    #[arg(long, value_name = "FILE")]
    pub heat_map: Option<PathBuf>,
}
