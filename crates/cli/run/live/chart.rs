//! A curve in characters: dots of Braille, two by four in each, right of one axis and above the other.

use super::line::{Color, Line};

/// A curve and the ends of its axes.
pub struct Plot<'a> {
    pub points: &'a [(f64, f64)],
    /// Where the horizontal axis begins and ends, and where the vertical one does.
    pub bounds: [[f64; 2]; 2],
    /// The labels of these ends.
    pub labels: [[String; 2]; 2],
    pub colour: Option<Color>,
}

/// Draws a curve in `height` lines of `width` characters, at least 3 lines of 4.
pub fn chart(plot: &Plot<'_>, [width, height]: [usize; 2]) -> Vec<Line> {
    let [[first, last], [low, high]] = &plot.labels;
    let length = |text: &str| text.chars().count();
    // The last character of the first label is below the axis.
    let left = length(low).max(length(high)).max(length(first).saturating_sub(1)).min(width / 3);
    let [across, down] = [width - left - 1, height - 2];
    let dots = Dots::of(plot, [across, down]);
    let mut lines: Vec<Line> = (0..down)
        .map(|row| {
            let label = match row {
                0 => high,
                row if row + 1 == down => low,
                _ => "",
            };
            let label: String = label.chars().take(left).collect();
            Line::plain(format!("{label:left$}│")).then(dots.row(row), plot.colour)
        })
        .collect();
    lines.push(Line::plain(format!("{:left$}└{}", "", "─".repeat(across))));
    // What does not fit loses its first characters.
    let ending = |text: &str, room: usize| -> String {
        text.chars().skip(length(text).saturating_sub(room)).collect()
    };
    let [start, end] = [left + 1, across / 2];
    let rest = width - start;
    lines.push(Line::plain(format!(
        "{:>start$}{:>rest$}",
        ending(first, start),
        ending(last, end)
    )));
    lines
}

/// Which dots are set.
struct Dots {
    across: usize,
    /// A byte for each character, row after row, with a bit for each of its dots.
    characters: Vec<u8>,
}

impl Dots {
    fn of(plot: &Plot<'_>, [across, down]: [usize; 2]) -> Self {
        let mut dots = Self { across, characters: vec![0; across * down] };
        let [[left, right], [bottom, top]] = plot.bounds;
        let last = [2 * across - 1, 4 * down - 1];
        // Dots are counted from the top left.
        let place = |(x, y): &(f64, f64)| {
            let shares = [(x - left) / (right - left), (top - y) / (top - bottom)];
            [0, 1].map(|axis| {
                let place = (shares[axis] * last[axis] as f64).round();
                place.clamp(0.0, last[axis] as f64) as usize
            })
        };
        let places: Vec<[usize; 2]> = plot.points.iter().map(place).collect();
        if let [only] = places[..] {
            dots.add(only);
        }
        places.windows(2).for_each(|ends| between([ends[0], ends[1]], |place| dots.add(place)));
        dots
    }

    fn add(&mut self, [x, y]: [usize; 2]) {
        const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        self.characters[y / 4 * self.across + x / 2] |= BITS[y % 4][x % 2];
    }

    fn row(&self, row: usize) -> String {
        let characters = self.characters[row * self.across..].iter().take(self.across);
        let shown = |bits: &u8| match bits {
            0 => ' ',
            bits => char::from_u32(0x2800 + u32::from(*bits)).unwrap_or(' '),
        };
        characters.map(shown).collect::<String>().trim_end().to_owned()
    }
}

/// The dots of a line between two of them (Bresenham, "Algorithm for computer control of a digital plotter", 1965).
fn between([a, b]: [[usize; 2]; 2], mut add: impl FnMut([usize; 2])) {
    let steep = a[1].abs_diff(b[1]) >= a[0].abs_diff(b[0]);
    let turned = |[x, y]: [usize; 2]| if steep { [y, x] } else { [x, y] };
    let [a, b] = [turned(a), turned(b)];
    let ([from, mut place], [to, end]) = if a[0] <= b[0] { (a, b) } else { (b, a) };
    let [along, across] = [(to - from) as isize, place.abs_diff(end) as isize];
    let mut excess = 2 * across - along;
    for at in from..=to {
        add(turned([at, place]));
        if excess > 0 {
            place = if end > place { place + 1 } else { place.saturating_sub(1) };
            excess -= 2 * along;
        }
        excess += 2 * across;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(points: &[(f64, f64)], labels: [[&str; 2]; 2], size: [usize; 2]) -> Vec<String> {
        let labels = labels.map(|ends| ends.map(str::to_owned));
        let bounds = [[0.0, 1.0], [0.0, 1.0]];
        let lines = chart(&Plot { points, bounds, labels, colour: None }, size);
        lines.iter().map(|line| line.pieces().map(|(text, _)| text).collect()).collect()
    }

    #[test]
    fn a_diagonal_between_axes() {
        let labels = [["1", "100"], ["0", "2.5"]];
        // Twelve by twelve dots, two by four in a character.
        let diagonal = text(&[(0.0, 0.0), (1.0, 1.0)], labels, [10, 5]);
        assert_eq!(diagonal, ["2.5│    ⡠⠊", "   │  ⡠⠊", "0  │⡠⠊", "   └──────", "   1   100"]);
        // One point is a dot; labels that do not fit are cut.
        let dot = text(&[(0.5, 0.5)], labels, [8, 3]);
        assert_eq!(dot, ["2.│  ⠠", "  └─────", "  1   00"]);
        assert_eq!(text(&[], labels, [8, 4])[0], "2.│");
    }

    proptest! {
        /// The dots of a line touch each other, and begin and end where the line does.
        #[test]
        fn lines_have_no_gaps(a in [0..50_usize, 0..50], b in [0..50_usize, 0..50]) {
            let mut dots = Vec::new();
            between([a, b], |dot| dots.push(dot));
            prop_assert_eq!(dots.len(), a[0].abs_diff(b[0]).max(a[1].abs_diff(b[1])) + 1);
            let ends = [dots[0], dots[dots.len() - 1]];
            prop_assert!(ends == [a, b] || ends == [b, a], "{:?}", ends);
            for pair in dots.windows(2) {
                let apart = [0, 1].map(|axis| pair[0][axis].abs_diff(pair[1][axis]));
                prop_assert!(apart[0].max(apart[1]) == 1, "{:?}", pair);
            }
        }
    }
}
