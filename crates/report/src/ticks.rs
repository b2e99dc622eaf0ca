//! The numbers beside axes, as SVG.

use crate::markup::escaped;
use crate::scale::Tick;
use std::fmt::Write;

/// The largest number of letters of a number below an axis, and left of one.
const LETTERS: [usize; 2] = [14, 12];

/// The mark at a number left of an area.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TickMark {
    /// A line through the area up to this edge.
    Grid(f64),
    /// A short line outside of the area.
    Dash,
}

/// Draws numbers below an area with these edges; `y` is its lower edge.
pub fn ticks_below(svg: &mut String, ticks: &[Tick], [left, right]: [f64; 2], y: f64) {
    for tick in ticks {
        let x = left + (right - left) * tick.place;
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<path class=\"axis\" d=\"M{x:.1} {y}v5\"/><text class=\"q small\" x=\"{x:.1}\" y=\"{}\" \
             text-anchor=\"middle\">{}</text>",
            y + 18.0,
            escaped(&cut(&tick.label, LETTERS[0]))
        );
    }
}

/// Draws numbers left of an area with these edges; `x` is its left edge.
pub fn ticks_left(
    svg: &mut String,
    ticks: &[Tick],
    x: f64,
    [top, bottom]: [f64; 2],
    mark: TickMark,
) {
    for tick in ticks {
        let y = bottom - tick.place * (bottom - top);
        let line = match mark {
            TickMark::Grid(right) => format!("<path class=\"grid\" d=\"M{x} {y:.1}H{right}\"/>"),
            TickMark::Dash => format!("<path class=\"axis\" d=\"M{x} {y:.1}h-5\"/>"),
        };
        let text = escaped(&cut(&tick.label, LETTERS[1]));
        let _ = writeln!(
            svg,
            "{line}<text class=\"q small\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
            x - 8.0,
            y + 4.0,
        );
    }
}

/// Draws numbers right of an area, from `x` on.
pub fn ticks_right(svg: &mut String, ticks: &[Tick], x: f64, [top, bottom]: [f64; 2]) {
    for tick in ticks {
        let y = bottom - tick.place * (bottom - top);
        let _ = writeln!(
            svg,
            "<text class=\"q small\" x=\"{x}\" y=\"{:.1}\">{}</text>",
            y + 4.0,
            escaped(&tick.label)
        );
    }
}

/// The beginning of a text that is longer than `most` letters.
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}
