//! Arguments of `constinit report`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Makes one HTML page of a run's folder: every unit's trajectory, loss, spread, classes, the verdict in words, configuration.
/// The page is one file that asks for nothing else. Or writes the single figures, as SVG or, where the program is built
/// with the feature `png`, as PNG.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit report run1                                    the page run1/report.html
  constinit report run1 --format svg                       all figures, in run1/figures/
  constinit report run1 --format svg --figure loss --out loss.svg
  cargo run --features png -- report run1 --format png     the same as pixels

Nothing is overwritten without --force.")]
pub struct ReportArgs {
    /// The folder of a run, a sweep or a comparison, as --out names it
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// What to write: a file, or a folder for all figures; by default in DIR, report.html or figures
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// As what
    #[arg(long, value_enum, default_value_t)]
    pub format: ReportFormat,
    /// One figure only; a wrong name lists them
    #[arg(long, value_name = "NAME")]
    pub figure: Option<String>,
    /// Overwrite what is there
    #[arg(long)]
    pub force: bool,
}

/// What `constinit report` writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// One page with everything
    #[default]
    Html,
    /// Figures as vectors
    Svg,
    /// Figures as pixels, two for each unit of length; needs a build with `--features png`
    Png,
}

impl ReportFormat {
    /// How the names of its files end.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Svg => "svg",
            Self::Png => "png",
        }
    }
}
