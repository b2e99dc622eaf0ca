//! The last lines of the notebook's run: what the same network learns from a random start.

use super::table::percent;
use constinit_core::text::number;
use constinit_records::{ComparedRecord, ComparedSpace};

/// Two lines: what a random start learns, compared with the run's own start, and with how many units.
pub fn beside(own: &ComparedRecord, random: &ComparedRecord) -> [String; 2] {
    [format!("From a random start: {}.", learned(own, random)), units(random)]
}

fn learned(own: &ComparedRecord, random: &ComparedRecord) -> String {
    let ComparedRecord { seeds, diverged, .. } = random;
    let finished = seeds - diverged;
    if finished == 0 {
        return format!("all {seeds} seeds diverge");
    }
    let mean = match (finished, diverged) {
        (1, 0) => "one seed".to_owned(),
        (finished, 0) => format!("mean of {finished} seeds"),
        (finished, diverged) => format!("mean of {finished} seeds; {diverged} more diverged"),
    };
    let (here, there) = (&own.outcome, &random.outcome);
    let instead = |here: Option<f64>, text: &dyn Fn(f64) -> String| {
        here.map_or(String::new(), |here| format!(" instead of {}", text(here)))
    };
    let share = |share: f64| percent(share, 4);
    let loss = |loss: f64| number(loss, 6);
    let what = match (there.accuracy, there.explained, there.loss) {
        (Some(accuracy), ..) => {
            format!("{} right{}", share(accuracy), instead(here.accuracy, &share))
        }
        (None, Some(explained), _) => {
            format!("{} explained{}", share(explained), instead(here.explained, &share))
        }
        (None, None, Some(of)) => {
            format!("a loss of {}{}", loss(of), instead(here.loss, &loss))
        }
        (None, None, None) => "no finite loss".to_owned(),
    };
    format!("{what} ({mean})")
}

fn units(random: &ComparedRecord) -> String {
    let space = |space: &ComparedSpace| {
        let ends = space.twins_end.map(|end| number(end, 4));
        ends.map(|ends| {
            format!("{} ends with {ends} distinct units of {}", space.name, space.units)
        })
    };
    let spaces: Vec<String> = random.spaces.iter().filter_map(space).collect();
    let both = "`constinit compare` shows both";
    match spaces.is_empty() {
        true => format!("{both}."),
        false => format!("{}. {both}.", spaces.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use constinit_records::{COMPARE_SCHEMA, ComparedOutcome, ComparedSpaceRange};

    fn record(seeds: usize, diverged: usize, outcome: ComparedOutcome) -> ComparedRecord {
        let finished = diverged < seeds;
        let space = ComparedSpace {
            name: "hidden1".to_owned(),
            units: 2,
            twins_start: Some(2.0),
            twins_end: finished.then_some(1.8),
            dead: finished.then_some(0.0),
            range: ComparedSpaceRange::default(),
        };
        ComparedRecord {
            schema: COMPARE_SCHEMA,
            start: "random".to_owned(),
            seeds,
            first_seed: 0,
            diverged,
            full: None,
            spaces: vec![space],
            outcome,
        }
    }

    #[test]
    fn what_a_random_start_learns_stands_beside_what_the_run_did() {
        let none = ComparedOutcome::default();
        let loss = |loss| ComparedOutcome { loss: Some(loss), ..none };
        let [learned, units] = beside(&record(1, 0, loss(306.2201)), &record(5, 0, loss(12.5)));
        assert_eq!(
            learned,
            "From a random start: a loss of 12.5 instead of 306.22 (mean of 5 seeds)."
        );
        assert_eq!(
            units,
            "hidden1 ends with 1.8 distinct units of 2. `constinit compare` shows both."
        );
        let explained = |share| ComparedOutcome { explained: Some(share), ..loss(1.0) };
        let said = beside(&record(1, 1, none), &record(5, 2, explained(0.5)));
        assert_eq!(
            said[0],
            "From a random start: 50% explained (mean of 3 seeds; 2 more diverged)."
        );
        let right = |share| ComparedOutcome { accuracy: Some(share), ..explained(0.9) };
        let said = beside(&record(1, 0, right(0.33)), &record(1, 0, right(0.975)));
        let expected = "From a random start: 97.5% right instead of 33% (one seed).";
        assert_eq!(said[0], expected);
        let said = beside(&record(1, 0, loss(1.0)), &record(5, 5, none));
        assert_eq!(said[0], "From a random start: all 5 seeds diverge.");
        assert_eq!(said[1], "`constinit compare` shows both.");
    }
}
