//! Arguments of `constinit report`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Makes one HTML page from the folder of a run: verdict, loss, the trajectory of every unit, spread, classes,
/// configuration. A sweep and a comparison have pages, too. The page is one file and loads nothing else. With
/// `--format svg` it writes single figures, and with `--format png` the same as PNG, in a build with the feature `png`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit report run1                                    the page run1/report.html
  constinit report run1 --format svg                       all figures, in run1/figures/
  constinit report run1 --format svg --figure loss --out loss.svg
  cargo run --features png -- report run1 --format png     the same figures as PNG

Nothing is overwritten without --force.")]
pub struct ReportArgs {
    /// Folder of a run, a sweep or a comparison: what was given as --out
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// File to write, or folder for all figures; the default is report.html or figures in DIR
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: ReportFormat,
    /// Write only this figure; an unknown name lists all names
    #[arg(long, value_name = "NAME")]
    pub figure: Option<String>,
    /// Overwrite existing files
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
    /// Figures as pixels, two per unit of length; needs a build with `--features png`
    Png,
}

impl ReportFormat {
    /// The extension of its files.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Svg => "svg",
            Self::Png => "png",
        }
    }
}
