//! Heat maps: rows of differences over a whole number, with colours on a logarithmic scale.

use constinit_core::text::number;
use constinit_report::{escaped, viridis};
use std::fmt::Write;

/// A figure of differences. A difference of 0 has a special colour; the others are coloured by their power of ten.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatMap {
    /// Above the figure.
    pub title: String,
    /// What the columns count.
    pub columns: String,
    /// The number of the first column.
    pub first_column: usize,
    /// From top to bottom.
    pub rows: Vec<HeatRow>,
}

/// A row of a [`HeatMap`].
#[derive(Clone, Debug, PartialEq)]
pub struct HeatRow {
    /// On the left.
    pub name: String,
    /// A difference for each column, from the first one; None if none was measured.
    pub values: Vec<Option<f64>>,
}

const LEFT: usize = 230;
const TOP: usize = 44;
const CELL: usize = 7;
const ROW: usize = 20;
/// Powers of ten at the ends of the scale.
const SCALE: [f64; 2] = [-9.0, 0.0];
const EQUAL: &str = "#d9d9d9";

impl HeatMap {
    /// The figure as an SVG document.
    pub fn to_svg(&self) -> String {
        let columns = self.rows.iter().map(|row| row.values.len()).max().unwrap_or(0);
        let width = (LEFT + columns * CELL + 20).max(560);
        let bottom = TOP + self.rows.len() * ROW;
        let height = bottom + 62;
        let mut svg = String::new();
        // Writing to a string cannot fail.
        let _ = write!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\" aria-label=\"{title}\">\n<style>text{{font:12px sans-serif;fill:#222}}\
             .head{{font-weight:bold;font-size:14px}}@media(prefers-color-scheme:dark){{text{{fill:#ddd}}}}</style>\n\
             <title>{title}</title>\n<text class=\"head\" x=\"10\" y=\"20\">{title}</text>\n",
            title = escaped(&self.title),
        );
        for (number, row) in self.rows.iter().enumerate() {
            self.row(&mut svg, TOP + number * ROW, row);
        }
        self.axis(&mut svg, bottom, columns);
        legend(&mut svg, bottom + 36);
        svg.push_str("</svg>\n");
        svg
    }

    fn row(&self, svg: &mut String, y: usize, row: &HeatRow) {
        let name = escaped(&row.name);
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{name}</text>",
            LEFT - 8,
            y + ROW - 6
        );
        for (column, value) in row.values.iter().enumerate() {
            let Some(value) = *value else { continue };
            let says = if value == 0.0 { "equal".to_owned() } else { number(value, 2) };
            let _ = writeln!(
                svg,
                "<rect x=\"{}\" y=\"{y}\" width=\"{CELL}\" height=\"{}\" fill=\"{}\"><title>{name}, {} {}: \
                 {says}</title></rect>",
                LEFT + column * CELL,
                ROW - 2,
                colour(value),
                escaped(&self.columns),
                self.first_column + column,
            );
        }
    }

    fn axis(&self, svg: &mut String, y: usize, columns: usize) {
        let names = (0..columns).map(|column| (column, self.first_column + column));
        for (column, number) in names.filter(|(column, n)| *column == 0 || n.is_multiple_of(16)) {
            let x = LEFT + column * CELL + CELL / 2;
            let _ = writeln!(
                svg,
                "<text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{number}</text>",
                y + 14
            );
        }
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            LEFT - 8,
            y + 14,
            escaped(&self.columns)
        );
    }
}

fn legend(svg: &mut String, y: usize) {
    let entry = |svg: &mut String, x: usize, fill: &str, text: &str| {
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"14\" height=\"14\" fill=\"{fill}\"/><text x=\"{}\" y=\"{}\">{text}\
             </text>",
            x + 19,
            y + 12
        );
    };
    entry(svg, 10, EQUAL, "bitwise equal");
    for (place, power) in [-9, -7, -5, -3, -1].into_iter().enumerate() {
        let value = 10f64.powi(power);
        entry(svg, 130 + place * 75, &colour(value), &number(value, 1));
    }
}

/// The colour of a difference. NaN has the colour of the largest difference.
fn colour(value: f64) -> String {
    if value == 0.0 {
        return EQUAL.to_owned();
    }
    let [low, high] = SCALE;
    let share = (value.abs().log10() - low) / (high - low);
    viridis(if share.is_nan() { 1.0 } else { share })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_a_mark_with_a_text() {
        let row = |name: &str, values: &[Option<f64>]| HeatRow {
            name: name.into(),
            values: values.into(),
        };
        let map = HeatMap {
            title: "a < b".into(),
            columns: "width".into(),
            first_column: 2,
            rows: vec![
                row("x & y", &[Some(0.0), Some(1e-3), None, Some(f64::NAN)]),
                row("z", &[Some(2e-9)]),
            ],
        };
        let svg = map.to_svg();
        // Four values, and six entries of the legend.
        assert_eq!(svg.matches("<rect").count(), 4 + 6);
        assert!(svg.contains("<title>x &amp; y, width 3: 0.001</title>"));
        assert!(svg.contains("<title>x &amp; y, width 5: NaN</title>"));
        assert!(svg.contains("<title>z, width 2: 2e-9</title>"));
        assert!(svg.contains("a &lt; b") && !svg.contains("a < b"));
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    }

    #[test]
    fn colours_follow_powers_of_ten() {
        assert_eq!(colour(0.0), EQUAL);
        assert_eq!(colour(1e-12), colour(1e-9));
        assert_eq!((colour(1e-9), colour(1.0)), ("#440154".to_owned(), "#fde725".to_owned()));
        assert_eq!(colour(f64::INFINITY), colour(1.0));
        assert_ne!(colour(1e-5), colour(1e-3));
    }
}
