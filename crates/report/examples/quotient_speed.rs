//! Draws `docs/figures/quotient-speed.svg` from the numbers of `scripts/bench-quotient-peers --csv`:
//!
//! ```text
//! cargo run -p constinit-report --example quotient_speed -- docs/figures/quotient-speed.csv
//! docs/figures/quotient-speed.svg
//! ```

use constinit_report::{Curve, Curves, Figure};
use std::error::Error;

const COLUMNS: &str = "hidden,ours_us,pytorch_us,jax_us";
const NAMES: [&str; 3] = ["constinit quotient", "PyTorch full step", "JAX jit full step"];

fn main() -> Result<(), Box<dyn Error>> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [from, to] = &paths[..] else { return Err("two files: NUMBERS.csv FIGURE.svg".into()) };
    let drawn =
        figure(&std::fs::read_to_string(from)?).map_err(|error| format!("{from}: {error}"))?;
    #[cfg(feature = "png")]
    if to.ends_with(".png") {
        return Ok(std::fs::write(to, drawn.to_png(2.0)?)?);
    }
    Ok(std::fs::write(to, drawn.to_svg())?)
}

/// The figure of a table; lines that begin with `#` are comments.
///
/// # Errors
///
/// If the columns have other names, or if a line has too few cells or a cell that is not a number. The error has the
/// line number.
pub fn figure(csv: &str) -> Result<Figure, String> {
    let lines = csv.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
    let mut lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    if lines.next().is_none_or(|(_, line)| line != COLUMNS) {
        return Err(format!("the first line must be {COLUMNS}"));
    }
    let mut at = Vec::new();
    let mut curves = NAMES.map(|name| Curve { name: name.to_owned(), values: Vec::new() });
    for (number, line) in lines {
        let wrong = |what: &str| format!("line {number}: {what} in \"{line}\"");
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        let [hidden, times @ ..] = &cells[..] else { return Err(wrong("nothing")) };
        if times.len() != curves.len() {
            return Err(wrong("not four columns"));
        }
        at.push(hidden.parse().map_err(|_| wrong("no whole number"))?);
        for (curve, time) in curves.iter_mut().zip(times) {
            let time = match *time {
                "" => None,
                time => Some(time.parse().map_err(|_| wrong("no time"))?),
            };
            curve.values.push(time);
        }
    }
    Ok(Curves {
        name: "quotient-speed".into(),
        title: "One training step of a constant-initialised [784, H, 10], batch 64".into(),
        across: "hidden units H".into(),
        quantity: "time of one step in µs".into(),
        at,
        curves: curves.into(),
    }
    .figure())
}
