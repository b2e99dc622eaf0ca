//! A start with all of its runs: means and ranges.

use constinit_records::{
    COMPARE_SCHEMA, ComparedOutcome, ComparedOutcomeRange, ComparedRecord, ComparedRunRecord,
    ComparedRunSpace, ComparedSpace, ComparedSpaceRange, EndWord, OutcomeRecord,
};

/// Sums up the runs of a start, at least one. `full` says why no quotient was trained although one was asked for.
pub fn summary(runs: &[ComparedRunRecord], full: Option<String>) -> ComparedRecord {
    let first = runs.first();
    let layers = first.map_or(0, |run| run.spaces.len());
    ComparedRecord {
        schema: COMPARE_SCHEMA,
        start: first.map_or_else(String::new, |run| run.start.clone()),
        seeds: runs.len(),
        first_seed: first.map_or(0, |run| run.seed),
        diverged: runs.iter().filter(|run| run.ended == EndWord::Diverged).count(),
        full,
        spaces: (0..layers).map(|layer| space(runs, layer)).collect(),
        outcome: outcome(runs),
    }
}

fn space(runs: &[ComparedRunRecord], layer: usize) -> ComparedSpace {
    let counts = |of: fn(&ComparedRunSpace) -> Option<usize>| {
        let found: Vec<usize> = runs.iter().filter_map(|run| of(run.spaces.get(layer)?)).collect();
        let range = found.iter().min().zip(found.iter().max());
        let mean = mean(found.iter().map(|count| *count as f64));
        (mean, range.map(|(least, most)| [*least, *most]))
    };
    let (twins_start, range_start) = counts(|space| Some(space.twins_start));
    let (twins_end, range_end) = counts(|space| space.twins_end);
    let (dead, range_dead) = counts(|space| space.dead);
    let known = runs.first().and_then(|run| run.spaces.get(layer));
    ComparedSpace {
        name: known.map_or_else(String::new, |space| space.name.clone()),
        units: known.map_or(0, |space| space.units),
        twins_start,
        twins_end,
        dead,
        range: ComparedSpaceRange {
            twins_start: range_start,
            twins_end: range_end,
            dead: range_dead,
        },
    }
}

fn outcome(runs: &[ComparedRunRecord]) -> ComparedOutcome {
    let numbers = |of: fn(&OutcomeRecord) -> Option<f64>| {
        let found: Vec<f64> =
            runs.iter().filter_map(|run| run.outcome.as_ref()).filter_map(of).collect();
        let least = found.iter().copied().reduce(f64::min);
        let range = least.zip(found.iter().copied().reduce(f64::max));
        (mean(found.iter().copied()), range.map(|(least, most)| [least, most]))
    };
    let (loss, loss_range) = numbers(|outcome| Some(outcome.loss));
    let (baseline, baseline_range) = numbers(|outcome| outcome.baseline);
    let (explained, explained_range) = numbers(|outcome| outcome.explained);
    let (accuracy, accuracy_range) = numbers(|outcome| outcome.accuracy);
    let (majority, majority_range) = numbers(|outcome| outcome.majority);
    ComparedOutcome {
        loss,
        baseline,
        explained,
        accuracy,
        majority,
        range: ComparedOutcomeRange {
            loss: loss_range,
            baseline: baseline_range,
            explained: explained_range,
            accuracy: accuracy_range,
            majority: majority_range,
        },
    }
}

/// The mean, added up in the order of the runs; equal numbers have exactly this mean.
fn mean(numbers: impl Iterator<Item = f64> + Clone) -> Option<f64> {
    let first = numbers.clone().next()?;
    let count = numbers.clone().count() as f64;
    Some(first + numbers.map(|number| (number - first) / count).sum::<f64>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seed: u64, twins_end: Option<usize>, loss: Option<f64>) -> ComparedRunRecord {
        let space = ComparedRunSpace {
            name: "hidden1".to_owned(),
            units: 4,
            twins_start: 3,
            twins_end,
            dead: twins_end.map(|_| 0),
        };
        let outcome = loss.map(|loss| OutcomeRecord {
            loss,
            baseline: Some(0.1),
            explained: Some(1.0 - loss / 0.1),
            accuracy: None,
            majority: None,
        });
        ComparedRunRecord {
            start: "random".to_owned(),
            seed,
            step: 5,
            ended: if loss.is_some() { EndWord::Finished } else { EndWord::Diverged },
            reason: None,
            quotient: None,
            losses: Vec::new(),
            states: Vec::new(),
            spaces: vec![space],
            outcome,
        }
    }

    #[test]
    fn means_and_ranges_are_those_of_the_runs_that_finished() {
        let runs = [run(7, Some(4), Some(0.025)), run(8, None, None), run(9, Some(1), Some(0.075))];
        let found = summary(&runs, None);
        assert_eq!((found.seeds, found.first_seed, found.diverged), (3, 7, 1));
        let space = &found.spaces[0];
        assert_eq!((space.units, space.twins_start, space.twins_end), (4, Some(3.0), Some(2.5)));
        assert_eq!(space.range.twins_start, Some([3, 3]));
        assert_eq!(space.range.twins_end, Some([1, 4]));
        let outcome = found.outcome;
        assert!((outcome.loss.unwrap() - 0.05).abs() < 1e-15);
        assert_eq!(outcome.range.loss, Some([0.025, 0.075]));
        // The mean of equal numbers is exactly this number.
        assert_eq!(outcome.baseline, Some(0.1));
        assert_eq!((outcome.accuracy, outcome.range.accuracy), (None, None));
        let none = summary(&[run(0, None, None)], Some("why".to_owned()));
        assert_eq!((none.outcome.loss, none.spaces[0].dead), (None, None));
        assert_eq!(none.full.as_deref(), Some("why"));
    }
}
