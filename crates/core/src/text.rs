//! Numbers and parameters as text, the way a notebook shows them.

use std::fmt::{self, Display, Formatter};

pub use constinit_symmetry::text::number;

/// Entries that are shown at each end of an axis that is too long to show.
const EDGE: usize = 3;
/// Of a longer axis only the ends are shown, as in NumPy.
const LONGEST: usize = 8;

/// A matrix or a vector of numbers, with 4 decimals each; numbers from 100 on have six digits. Of an axis with more
/// than 8 numbers, only the first three and the last three are shown.
///
/// `weight[output][input]` is shown with one line per output unit.
///
/// ```
/// use constinit_core::text::Numbers;
///
/// let weight = Numbers::matrix(2, 3, |output, input| output as f64 - input as f64 / 3.0);
/// assert_eq!(weight.to_string(), "[[ 0.0000, -0.3333, -0.6667],\n [ 1.0000,  0.6667,  0.3333]]");
/// ```
pub struct Numbers<F> {
    lines: Option<usize>,
    places: usize,
    at: F,
}

impl<F: Fn(usize, usize) -> f64> Numbers<F> {
    /// `lines` by `places` numbers, where `at(line, place)` is one of them.
    pub fn matrix(lines: usize, places: usize, at: F) -> Self {
        Self { lines: Some(lines), places, at }
    }

    /// `places` numbers, where `at(0, place)` is one of them.
    pub fn vector(places: usize, at: F) -> Self {
        Self { lines: None, places, at }
    }

    fn line(&self, line: usize, places: &[Option<usize>], width: usize) -> String {
        let cells: Vec<String> = places
            .iter()
            .map(|place| match place {
                Some(place) => format!("{:>width$}", entry((self.at)(line, *place))),
                None => "...".to_owned(),
            })
            .collect();
        format!("[{}]", cells.join(", "))
    }
}

impl<F: Fn(usize, usize) -> f64> Display for Numbers<F> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let lines = shown(self.lines.unwrap_or(1));
        let places = shown(self.places);
        let width = lines
            .iter()
            .flatten()
            .flat_map(|line| places.iter().flatten().map(move |place| (*line, *place)))
            .map(|(line, place)| entry((self.at)(line, place)).len())
            .max()
            .unwrap_or(0);
        if self.lines.is_none() {
            return f.write_str(&self.line(0, &places, width));
        }
        let rendered: Vec<String> = lines
            .iter()
            .map(|line| line.map_or("...".to_owned(), |line| self.line(line, &places, width)))
            .collect();
        write!(f, "[{}]", rendered.join(",\n "))
    }
}

fn entry(value: f64) -> String {
    // Four decimals of a larger number would be noise behind the point.
    if value.abs() < 99.99995 { format!("{value:.4}") } else { number(value, 6) }
}

/// The indices to show; None stands for those left out.
fn shown(length: usize) -> Vec<Option<usize>> {
    if length <= LONGEST {
        return (0..length).map(Some).collect();
    }
    let head = (0..EDGE).map(Some);
    head.chain([None]).chain((length - EDGE..length).map(Some)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_ones_are_whole() {
        assert_eq!(Numbers::vector(2, |_, _| 0.5).to_string(), "[0.5000, 0.5000]");
        assert_eq!(Numbers::vector(0, |_, _| 0.5).to_string(), "[]");
        assert_eq!(Numbers::matrix(1, 1, |_, _| f64::NAN).to_string(), "[[NaN]]");
        assert_eq!(Numbers::vector(1, |_, _| -3e9).to_string(), "[-3e9]");
        let around = [99.99994, 99.99996, -1234.5678];
        assert_eq!(
            Numbers::vector(3, |_, i| around[i]).to_string(),
            "[ 99.9999,      100, -1234.57]"
        );
        assert_eq!(Numbers::vector(8, |_, i| i as f64).to_string().matches(',').count(), 7);
    }

    #[test]
    fn large_ones_show_their_edges() {
        let text = Numbers::matrix(512, 784, |i, j| (i * 1000 + j) as f64).to_string();
        assert_eq!(text.lines().count(), 7);
        assert_eq!(text.lines().nth(3), Some(" ...,"));
        assert_eq!(
            text.lines().last(),
            Some(" [511000, 511001, 511002, ..., 511781, 511782, 511783]]")
        );
        let tall = Numbers::matrix(9, 2, |i, _| i as f64).to_string();
        assert_eq!(
            tall,
            "[[0.0000, 0.0000],\n [1.0000, 1.0000],\n [2.0000, 2.0000],\n ...,\n [6.0000, 6.0000],\n [7.0000, 7.0000],\n \
             [8.0000, 8.0000]]"
        );
        let nine = Numbers::vector(9, |_, i| i as f64).to_string();
        assert_eq!(nine, "[0.0000, 1.0000, 2.0000, ..., 6.0000, 7.0000, 8.0000]");
    }
}
