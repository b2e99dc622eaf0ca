//! The runs of one cell of a diagram together.
//!
//! ```text
//! losses  0.2  0.4  diverged  failed
//! cell    0.3, the mean of 2 of 4 runs, with a mark in its corner
//! ```

use crate::number::{count, short};

/// The mark of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mark {
    Number(f64),
    /// No number: a run that finished without one, one that diverged, or one that failed. The neutral colours.
    Neutral(usize),
}

impl Mark {
    pub fn number(self) -> Option<f64> {
        if let Self::Number(number) = self { Some(number) } else { None }
    }
}

/// The meaning of the neutral colours.
pub const NEUTRAL: [&str; 3] = ["no number", "diverged", "failed"];
/// The same words for several runs.
pub const WITHOUT: [&str; 3] = ["without a number", "diverged", "failed"];
/// The meaning of the mark in the corner of a cell: the other runs have no number.
pub const PARTLY: &str = "mean of a part of the runs";

/// Runs that share a cell.
#[derive(Clone, Debug, PartialEq)]
pub struct DiagramCell {
    /// The mean of the runs with a number, or the mark of the first run.
    pub mark: Mark,
    runs: usize,
    ends: [f64; 2],
    /// Runs without a number, by their neutral colours.
    without: [usize; 3],
}

impl DiagramCell {
    /// None if there is no run.
    pub fn of(marks: &[Mark]) -> Option<Self> {
        let first = *marks.first()?;
        let numbers: Vec<f64> = marks.iter().filter_map(|mark| mark.number()).collect();
        let mut without = [0; 3];
        for mark in marks {
            if let Mark::Neutral(kind) = mark {
                without[*kind] += 1;
            }
        }
        // Each number is divided first, so that the sum of huge losses does not become infinite.
        let mean = numbers.iter().map(|number| number / numbers.len() as f64).sum();
        let ends = [f64::min, f64::max].map(|end| numbers.iter().copied().fold(f64::NAN, end));
        let mark = if numbers.is_empty() { first } else { Mark::Number(mean) };
        Some(Self { mark, runs: marks.len(), ends, without })
    }

    /// Whether the cell is a mean that leaves runs out.
    pub fn is_part(&self) -> bool {
        self.mark.number().is_some() && self.without.iter().any(|runs| *runs > 0)
    }

    /// The cell in words, after the name of a quantity. The script of a page uses the same words.
    pub fn words(&self) -> String {
        let with = self.runs - self.without.iter().sum::<usize>();
        let told = match self.mark {
            Mark::Number(number) if self.runs == 1 => short(number),
            Mark::Neutral(kind) if self.runs == 1 => NEUTRAL[kind].to_owned(),
            Mark::Number(mean) => {
                let of = if with < self.runs {
                    format!("{} of {} runs", count(with), count(self.runs))
                } else {
                    format!("{} runs", count(self.runs))
                };
                let [low, high] = self.ends.map(short);
                if with == 1 {
                    format!("{low} in {of}")
                } else if low == high {
                    format!("{low} in each of {of}")
                } else {
                    format!("{} on average over {of}, from {low} to {high}", short(mean))
                }
            }
            Mark::Neutral(_) => format!("not known for any of {} runs", count(self.runs)),
        };
        let kinds = [1, 2, 0].into_iter().filter(|kind| self.runs > 1 && self.without[*kind] > 0);
        let of = |kind: usize| {
            let runs = [self.without[kind], self.runs].map(count);
            format!("; {} of {} {}", runs[0], runs[1], WITHOUT[kind])
        };
        told + &kinds.map(of).collect::<String>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Mark::{Neutral, Number};

    #[test]
    fn a_cell_is_the_mean_of_runs_with_a_number() {
        let number = |marks: &[Mark]| DiagramCell::of(marks).and_then(|cell| cell.mark.number());
        assert_eq!(number(&[Neutral(2), Number(1.0), Number(4.0)]), Some(2.5));
        assert_eq!(number(&[Number(f64::MAX), Number(f64::MAX)]), Some(f64::MAX));
        let mark = |marks: &[Mark]| DiagramCell::of(marks).map(|cell| cell.mark);
        assert_eq!(mark(&[Neutral(1), Neutral(2)]), Some(Neutral(1)));
        assert_eq!(mark(&[]), None);
    }

    #[test]
    fn a_mean_of_some_is_told_from_one_of_all() {
        let is_part = |marks: &[Mark]| DiagramCell::of(marks).is_some_and(|cell| cell.is_part());
        assert!(is_part(&[Number(1.0), Neutral(0)]) && is_part(&[Neutral(1), Number(1.0)]));
        assert!(!is_part(&[Number(1.0), Number(2.0)]));
        assert!(!is_part(&[Neutral(1), Neutral(2)]), "no mean");
        let words =
            |marks: &[Mark]| DiagramCell::of(marks).map(|cell| cell.words()).unwrap_or_default();
        assert_eq!(words(&[Number(1.0), Number(2.0)]), "1.5 on average over 2 runs, from 1 to 2");
        assert_eq!(
            words(&[Neutral(2), Number(1.0), Neutral(1), Number(2.0), Neutral(0)]),
            "1.5 on average over 2 of 5 runs, from 1 to 2; 1 of 5 diverged; 1 of 5 failed; 1 of 5 without a number"
        );
        assert_eq!(words(&[Number(2.0); 3]), "2 in each of 3 runs");
        assert_eq!(words(&[Number(2.0), Neutral(2)]), "2 in 1 of 2 runs; 1 of 2 failed");
        assert_eq!(words(&[Neutral(1); 4]), "not known for any of 4 runs; 4 of 4 diverged");
        assert_eq!([words(&[Number(0.25)]), words(&[Neutral(1)])], ["0.25", "diverged"]);
    }
}
