//! Cells of a grid as SVG: a path for each colour, marks in corners, and texts.

use super::cell::{DiagramCell, Mark};
use crate::markup::escaped;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Cells in an area of a figure.
pub struct Mosaic<'a> {
    /// The cells from left to right, from bottom to top; None if a cell has no run.
    pub cells: &'a [Option<DiagramCell>],
    /// The number of cells across and up.
    pub size: [usize; 2],
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
}

impl Mosaic<'_> {
    /// The cells of each colour as one path, with neighbours joined; a fill is a class or a colour.
    pub fn tiles(&self, fill: impl Fn(Mark) -> String) -> String {
        let fill = |cell: &Option<DiagramCell>| Some(fill(cell.as_ref()?.mark));
        let fills: Vec<Option<String>> = self.cells.iter().map(fill).collect();
        let mut paths: BTreeMap<&str, String> = BTreeMap::new();
        for (line, row) in fills.chunks(self.size[0]).enumerate() {
            let mut at = 0;
            for run in row.chunk_by(|a, b| a == b) {
                if let Some(fill) = &run[0] {
                    let piece = self.rectangle(at, at + run.len(), line);
                    paths.entry(fill).or_default().push_str(&piece);
                }
                at += run.len();
            }
        }
        let mut svg = String::from("<g class=\"cells\" shape-rendering=\"crispEdges\">\n");
        for (fill, path) in paths {
            // Writing to a string cannot fail.
            let _ = writeln!(svg, "<path {fill} d=\"{path}\"/>");
        }
        svg + "</g>\n"
    }

    /// Marks in the corners of means that leave runs out. `share` gives the place of a number between the ends of the
    /// colours.
    pub fn corners(&self, share: impl Fn(f64) -> f64) -> String {
        let side = (self.x(1) - self.x(0)).min(self.y(0) - self.y(1));
        let mut paths: BTreeMap<&str, String> = BTreeMap::new();
        for (place, cell) in self.cells.iter().enumerate() {
            let Some(cell) = cell.as_ref().filter(|cell| cell.is_part()) else { continue };
            let [across, up] = self.place(place);
            let ink = ink_on(cell.mark.number().map_or(0.0, &share));
            paths.entry(ink).or_default().push_str(&corner(
                self.x(across + 1),
                self.y(up + 1),
                side,
            ));
        }
        let path = |(ink, path): (&str, String)| {
            format!("<path class=\"partly\" fill=\"{ink}\" d=\"{path}\"/>\n")
        };
        paths.into_iter().map(path).collect()
    }

    /// A text for each cell, from its position and its contents.
    pub fn texts(&self, text: impl Fn([usize; 2], &DiagramCell) -> String) -> String {
        let mut svg = String::from("<g class=\"texts\" fill=\"none\" pointer-events=\"all\">\n");
        for (place, cell) in self.cells.iter().enumerate() {
            let Some(cell) = cell else { continue };
            let [across, up] = self.place(place);
            let _ = writeln!(
                svg,
                "<path d=\"{}\"><title>{}</title></path>",
                self.rectangle(across, across + 1, up),
                escaped(&text([across, up], cell))
            );
        }
        svg + "</g>\n"
    }

    fn place(&self, number: usize) -> [usize; 2] {
        [number % self.size[0], number / self.size[0]]
    }

    fn x(&self, cell: usize) -> f64 {
        self.left + (self.right - self.left) * cell as f64 / self.size[0] as f64
    }

    fn y(&self, cell: usize) -> f64 {
        self.bottom - (self.bottom - self.top) * cell as f64 / self.size[1] as f64
    }

    fn rectangle(&self, from: usize, to: usize, up: usize) -> String {
        let [left, right] = [from, to].map(|cell| self.x(cell));
        let [below, above] = [up, up + 1].map(|cell| self.y(cell));
        format!("M{left:.1} {below:.1}H{right:.1}V{above:.1}H{left:.1}z")
    }
}

/// A triangle in the upper right corner of a cell whose shorter side is `side`.
pub fn corner(right: f64, top: f64, side: f64) -> String {
    let leg = side.min((0.45 * side).clamp(2.0, 9.0));
    format!("M{right:.1} {top:.1}v{leg:.1}l-{leg:.1} -{leg:.1}z")
}

/// A colour that is visible on the colour of a share.
pub fn ink_on(share: f64) -> &'static str {
    if share < 0.45 { "#ffffff" } else { "#000000" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Mark::{Neutral, Number};

    #[test]
    fn cells_have_colours_corners_and_texts() {
        let cell = |marks: &[Mark]| DiagramCell::of(marks);
        let some = [Number(0.2), Neutral(1)];
        let cells = [cell(&[Number(0.2)]), cell(&some), None, cell(&[Number(0.9), Neutral(2)])];
        let [left, right, top, bottom] = [0.0, 20.0, 0.0, 40.0];
        let mosaic = Mosaic { cells: &cells, size: [2, 2], left, right, top, bottom };
        let fill = |mark: Mark| format!("fill=\"{:?}\"", mark.number());
        assert_eq!(
            mosaic.tiles(fill),
            "<g class=\"cells\" shape-rendering=\"crispEdges\">\n\
             <path fill=\"Some(0.2)\" d=\"M0.0 40.0H20.0V20.0H0.0z\"/>\n\
             <path fill=\"Some(0.9)\" d=\"M10.0 20.0H20.0V0.0H10.0z\"/>\n</g>\n"
        );
        // White on dark colours, black on bright ones.
        assert_eq!(
            mosaic.corners(|number| number),
            "<path class=\"partly\" fill=\"#000000\" d=\"M20.0 0.0v4.5l-4.5 -4.5z\"/>\n\
             <path class=\"partly\" fill=\"#ffffff\" d=\"M20.0 20.0v4.5l-4.5 -4.5z\"/>\n"
        );
        let texts = mosaic.texts(|[across, up], _| format!("<{across}, {up}>"));
        assert_eq!(texts.matches("<title>").count(), 3);
        assert!(texts.contains("d=\"M10.0 40.0H20.0V20.0H10.0z\"><title>&lt;1, 0&gt;</title>"));
        assert_eq!(corner(1.0, 0.0, 1.0), "M1.0 0.0v1.0l-1.0 -1.0z", "not beyond the cell");
    }
}
