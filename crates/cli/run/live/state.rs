//! What the live view shows, fed by readings.

use constinit_records::ReadingRecord;

/// The largest number of points of a series: more than a terminal has columns.
const POINTS: usize = 1024;

/// A run so far.
#[derive(Clone, Debug, Default)]
pub struct LiveState {
    /// What is trained on what.
    pub title: String,
    /// Network, optimizer, loss.
    pub subject: String,
    /// Planned steps.
    pub steps: usize,
    /// The step from which this program continues.
    pub from: usize,
    pub loss: Series,
    pub layers: Vec<LayerHistory>,
    /// The last break, in words.
    pub broken: Option<String>,
    /// The verdict so far, one line per finding.
    pub verdict: Vec<String>,
}

/// A hidden layer so far.
#[derive(Clone, Debug, Default)]
pub struct LayerHistory {
    pub name: String,
    pub units: usize,
    /// How many of its units are distinct.
    pub classes: Series,
    /// The spread of units that were equal at the start.
    pub spread: Series,
}

/// Numbers over steps. If there are many, only the lowest and the highest of each group of consecutive numbers stay.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    points: Vec<(usize, f64)>,
    /// The newest numbers, which do not fill a group yet.
    newest: Vec<(usize, f64)>,
    /// How many numbers form a group; 0 if all numbers stay.
    of: usize,
    seen: usize,
    last: Option<(usize, f64)>,
}

impl LiveState {
    /// Takes a reading into account.
    pub fn add(&mut self, reading: &ReadingRecord) {
        if self.layers.is_empty() {
            let layers = reading.spaces.iter();
            let layers =
                layers.map(|s| LayerHistory { name: s.name.clone(), ..LayerHistory::default() });
            self.layers = layers.collect();
        }
        // Before training there is no loss; after a step, None is one that is not finite.
        if reading.step > 0 {
            self.loss.push(reading.step, reading.loss.unwrap_or(f64::NAN));
        }
        for (layer, read) in self.layers.iter_mut().zip(&reading.spaces) {
            layer.units = read.units;
            layer.classes.push(reading.step, read.twins as f64);
            layer.spread.push(reading.step, read.spread.unwrap_or(f64::INFINITY));
        }
    }
}

impl Series {
    pub fn push(&mut self, step: usize, value: f64) {
        self.last = Some((step, value));
        self.newest.push((step, value));
        self.newest = extremes(&self.newest);
        self.seen += 1;
        if self.seen < self.of {
            return;
        }
        self.seen = 0;
        self.points.append(&mut self.newest);
        if self.points.len() > POINTS {
            // All points are thinned, so that old and new ones have the same density.
            self.points = self.points.chunks(4).flat_map(extremes).collect();
            self.of = (2 * self.of).max(4);
        }
    }

    /// The newest point.
    pub fn last(&self) -> Option<(usize, f64)> {
        self.last
    }

    /// All points that stay, in the order of steps.
    pub fn points(&self) -> impl Iterator<Item = (usize, f64)> {
        let end = self.last.filter(|last| self.newest.last().is_some_and(|newest| newest != last));
        self.points.iter().chain(&self.newest).copied().chain(end)
    }

    /// A number for each of `number` equal parts of the steps: the highest number in the part. A part without numbers
    /// repeats the number of the part before.
    pub fn columns(&self, number: usize) -> Vec<f64> {
        let (Some((first, value)), Some((last, _))) = (self.points().next(), self.last) else {
            return Vec::new();
        };
        let mut columns = vec![None; number];
        let length = last - first + 1;
        for (step, value) in self.points() {
            let column = &mut columns[(step - first) * number / length];
            *column = Some(column.map_or(value, |known: f64| known.max(value)));
        }
        let mut known = value;
        let fill = |column: Option<f64>| {
            known = column.unwrap_or(known);
            known
        };
        columns.into_iter().map(fill).collect()
    }
}

/// The lowest and the highest of some points, in the points' order.
fn extremes(points: &[(usize, f64)]) -> Vec<(usize, f64)> {
    let low = points.iter().min_by(|a, b| a.1.total_cmp(&b.1)).copied();
    let high = points.iter().max_by(|a, b| a.1.total_cmp(&b.1)).copied();
    let mut kept: Vec<_> = low.into_iter().chain(high).collect();
    kept.sort_by_key(|point| point.0);
    kept.dedup();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_series_keeps_its_extremes_and_its_end() {
        let mut series = Series::default();
        for step in 0..100_000 {
            let value = if step == 54_321 { 9.0 } else { (step % 7) as f64 };
            series.push(step, value);
        }
        let points: Vec<_> = series.points().collect();
        assert!((POINTS / 2..=POINTS + 3).contains(&points.len()), "{}", points.len());
        assert!(points.is_sorted_by_key(|point| point.0));
        assert!(points.contains(&(54_321, 9.0)));
        assert_eq!((series.last(), points.last()), (Some((99_999, 4.0)), Some(&(99_999, 4.0))));
        let widest = points.windows(2).map(|pair| pair[1].0 - pair[0].0).max();
        assert!(widest < Some(600), "old points lie as close as new ones: {widest:?}");
        let columns = series.columns(100);
        assert_eq!((columns.len(), columns[54]), (100, 9.0));
        assert!((0..100).all(|column| column == 54 || columns[column] == 6.0), "{columns:?}");
    }

    #[test]
    fn few_points_fill_all_columns() {
        let mut series = Series::default();
        assert_eq!(series.columns(3), [0.0; 0]);
        series.push(0, 1.0);
        assert_eq!(series.columns(3), [1.0; 3]);
        series.push(9, 2.0);
        assert_eq!(series.columns(5), [1.0, 1.0, 1.0, 1.0, 2.0]);
    }
}
