//! A key along an axis: the places of its values, and the labels beside it.

use super::column::{Column, Levels, NONE};
use crate::number::short;
use crate::scale::{Scale, Tick};

/// A key along an axis.
pub struct SweepAxis {
    pub name: String,
    pub is_seed: bool,
    pub levels: Levels,
    pub codes: Vec<u32>,
}

impl SweepAxis {
    /// The axis of a column that has values.
    pub fn of(column: &Column, is_seed: bool) -> Self {
        let (levels, codes) = column.levels();
        Self { name: column.name.clone(), is_seed, levels, codes }
    }

    /// The level of a row, or the first level if the row has none.
    pub fn level_of(&self, row: usize) -> usize {
        self.codes.get(row).filter(|code| **code != NONE).map_or(0, |code| *code as usize)
    }

    pub fn text(&self, level: usize) -> String {
        match &self.levels {
            Levels::Numbers(numbers) => numbers.get(level).map_or(String::new(), |x| short(*x)),
            Levels::Texts(texts) => texts.get(level).cloned().unwrap_or_default(),
        }
    }

    /// The scale of the axis, for keys that are not on a grid; None for texts.
    pub fn scale(&self) -> Option<Scale> {
        match &self.levels {
            Levels::Texts(_) => None,
            Levels::Numbers(numbers) => {
                let (low, high) = (numbers[0], numbers[numbers.len() - 1]);
                Some(match high / low >= 50.0 && low > 0.0 {
                    true => Scale::log(numbers.iter().copied()),
                    false => Scale::linear(numbers.iter().copied(), true),
                })
            }
        }
    }

    /// The place of a row, from 0 to 1: by value, or for a text in the middle of its share of the axis.
    pub fn place(&self, row: usize, scale: Option<&Scale>) -> Option<f64> {
        let level = Some(self.codes[row]).filter(|code| *code != NONE)? as usize;
        match (&self.levels, scale) {
            (Levels::Numbers(numbers), Some(scale)) => scale.place(numbers[level]),
            _ => Some((level as f64 + 0.5) / self.levels.len() as f64),
        }
    }

    pub fn ticks(&self, scale: Option<&Scale>, wanted: usize) -> Vec<Tick> {
        match scale {
            Some(scale) => scale.ticks(wanted),
            None => self.level_ticks(self.levels.len(), 1, wanted),
        }
    }

    /// Labels in the middle of cells. Each cell is the first of `every` levels. The labels are round numbers if the
    /// levels are evenly spaced, otherwise some of the levels.
    pub fn level_ticks(&self, cells: usize, every: usize, wanted: usize) -> Vec<Tick> {
        if let Levels::Numbers(numbers) = &self.levels {
            let shown: Vec<f64> = numbers.iter().copied().step_by(every).collect();
            let [low, high] = [shown[0], shown[shown.len() - 1]];
            let scale = if is_even(&shown) {
                Some(Scale::Linear { low, high })
            } else {
                let logs: Vec<f64> = shown.iter().map(|number| number.ln()).collect();
                (low > 0.0 && is_even(&logs) && high / low >= 100.0).then_some(Scale::Log {
                    low,
                    high,
                    zero: false,
                })
            };
            // From the middle of the first cell to the middle of the last one.
            let inside = |tick: Tick| Tick {
                place: (tick.place * (cells - 1) as f64 + 0.5) / cells as f64,
                ..tick
            };
            if let Some(scale) = scale.filter(|_| cells > wanted) {
                let ticks = scale.ticks(wanted).into_iter();
                // A power of ten slightly outside of a logarithmic axis would be drawn at its end.
                let power = |tick: &Tick| match scale {
                    Scale::Log { low, .. } => {
                        tick.place > 0.0 || (low.log10() - low.log10().round()).abs() < 1e-9
                    }
                    Scale::Linear { .. } => true,
                };
                let ticks: Vec<Tick> = ticks.filter(power).map(inside).collect();
                if ticks.len() > 1 {
                    return ticks;
                }
            }
        }
        let step = cells.div_ceil(wanted.max(1));
        let tick = |cell: usize| Tick {
            place: (cell as f64 + 0.5) / cells as f64,
            label: self.text(cell * every),
        };
        (0..cells).step_by(step).map(tick).collect()
    }
}

/// Whether all neighbouring numbers have the same distance.
fn is_even(numbers: &[f64]) -> bool {
    let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else { return false };
    let step = (last - first) / (numbers.len() - 1) as f64;
    let off = |(n, number): (usize, &f64)| (number - (first + step * n as f64)).abs();
    step > 0.0 && numbers.iter().enumerate().map(off).all(|off| off < 1e-3 * step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_numbers_have_round_ticks() {
        let axis = |numbers: Vec<f64>| SweepAxis {
            name: String::new(),
            is_seed: false,
            codes: Vec::new(),
            levels: Levels::Numbers(numbers),
        };
        let labels = |axis: &SweepAxis, cells| -> Vec<String> {
            axis.level_ticks(cells, 1, 5).into_iter().map(|tick| tick.label).collect()
        };
        let even = axis((0..41).map(|n| f64::from(n) / 10.0 - 2.0).collect());
        assert_eq!(labels(&even, 41), ["−2", "−1", "0", "1", "2"]);
        let ratios = axis((0..=20).map(|n| 2e-4 * 10f64.powf(f64::from(n) / 5.0)).collect());
        assert_eq!(
            labels(&ratios, 21),
            ["10⁻³", "0.01", "0.1", "1"].map(|l| match l {
                "0.01" => "10⁻²",
                "0.1" => "10⁻¹",
                other => other,
            })
        );
        let uneven = axis(vec![1.0, 2.0, 7.0]);
        assert_eq!(labels(&uneven, 3), ["1", "2", "7"]);
        let tick = &even.level_ticks(41, 1, 5)[2];
        assert!((tick.place - 0.5).abs() < 1e-12, "0 is in the middle of the middle cell");
    }
}
