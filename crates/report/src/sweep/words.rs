//! The findings of a sweep, in facts and sentences.

use super::{Sweep, width};
use crate::number::{count, counted, duration, percent, short};
use constinit_records::LEARNED_NOTHING;
use constinit_records::{EndWord, EngineWord, SweepColumn, VerdictWord};
use std::cmp::Reverse;
use std::collections::HashMap;

/// Counts over all rows.
pub struct Counts {
    pub finished: usize,
    pub diverged: usize,
    pub failed: usize,
}

pub fn counts(sweep: &Sweep) -> Counts {
    let with = |word: EndWord| rows_with(sweep, SweepColumn::Ended, word.as_str()).count();
    Counts {
        finished: with(EndWord::Finished),
        diverged: with(EndWord::Diverged),
        failed: with(EndWord::Failed),
    }
}

fn rows_with<'a>(
    sweep: &'a Sweep,
    column: SweepColumn,
    word: &'a str,
) -> impl Iterator<Item = usize> + 'a {
    let column = sweep.outcome(column);
    (0..sweep.rows()).filter(move |row| column.and_then(|c| c.text(*row)) == Some(word))
}

/// The units of the runs that have a number in this column, and the sum of these numbers. Runs that diverged have none.
fn beside_units(sweep: &Sweep, column: SweepColumn) -> (f64, f64) {
    let told = (0..sweep.rows()).filter_map(|row| {
        Some((sweep.number(SweepColumn::Units, row)?, sweep.number(column, row)?))
    });
    told.fold((0.0, 0.0), |(units, sum), (more, number)| (units + more, sum + number))
}

fn sum(sweep: &Sweep, column: SweepColumn) -> f64 {
    (0..sweep.rows()).filter_map(|row| sweep.number(column, row)).sum()
}

/// Names and values below the title.
pub fn facts(sweep: &Sweep) -> Vec<(&'static str, String)> {
    let Counts { finished, diverged, failed } = counts(sweep);
    let with = |word: EngineWord| rows_with(sweep, SweepColumn::Engine, word.as_str()).count();
    let (quotient, burn) = (with(EngineWord::Quotient), with(EngineWord::Burn));
    let mut facts = vec![
        ("points", count(sweep.points)),
        ("done", count(sweep.rows())),
        ("finished", count(finished)),
        ("diverged", count(diverged)),
        ("failed", count(failed)),
        ("by the quotient", count(quotient)),
        ("by Burn", count(burn)),
        ("steps", count(sum(sweep, SweepColumn::Steps) as usize)),
    ];
    facts.extend(sweep.baseline().map(|baseline| ("baseline", short(baseline))));
    facts.push(("time in runs", duration(sum(sweep, SweepColumn::Seconds))));
    facts
}

/// The keys of a row with their values.
pub fn place(sweep: &Sweep, row: usize) -> String {
    let value = |key: &str| Some(format!("{key} = {}", sweep.column(key)?.told(row)?));
    let told = sweep.keys.iter().filter_map(|key| value(&key.key));
    told.collect::<Vec<_>>().join(", ")
}

/// Whether no two units of a run were equal at the start, so that its verdict has no meaning.
fn nothing_alike(sweep: &Sweep, row: usize) -> bool {
    let [classes, units] =
        [SweepColumn::ClassesStart, SweepColumn::Units].map(|name| sweep.number(name, row));
    classes.zip(units).is_some_and(|(classes, units)| classes >= units)
}

/// In how many runs equal units stayed equal, and in how many runs no units were equal at the start.
fn twins(sweep: &Sweep) -> Option<String> {
    let with = |word: VerdictWord| rows_with(sweep, SweepColumn::Verdict, word.as_str());
    let (held, broken) = (|| with(VerdictWord::Held), || with(VerdictWord::Broken));
    // Older programs without the word `none` wrote `held` if no two units were equal at the start.
    let nothing = held().filter(|row| nothing_alike(sweep, *row)).count();
    let none = with(VerdictWord::None).count() + nothing;
    let (held, parted) = (held().count() - nothing, broken().count());
    let mut sentence = match (held + parted, none) {
        (0, 0) => return None,
        (0, _) => {
            return Some(format!(
                "Twins: in {} with a verdict, no two units were equal at the start, so there was nothing to keep \
                 equal.",
                counted(none, "run")
            ));
        }
        (runs, _) => format!(
            "Twins: in {} of {} {}, all units that were equal at the start stayed equal, bit for bit",
            percent(held, runs),
            counted(runs, "run"),
            if none == 0 { "with a verdict" } else { "that started with equal units" },
        ),
    };
    let first = broken().filter_map(|row| sweep.number(SweepColumn::FirstBreak, row));
    if let Some(step) = first.min_by(f64::total_cmp) {
        sentence += &format!(
            "; in {} some diverged, at step {} at the earliest",
            count(parted),
            short(step)
        );
    }
    if none > 0 {
        sentence += &format!("; in {} more, no two units were equal at the start", count(none));
    }
    Some(sentence + ".")
}

pub fn sentences(sweep: &Sweep) -> Vec<String> {
    let mut found = Vec::new();
    let rows = sweep.rows();
    if rows < sweep.points {
        found.push(format!(
            "{} of {} are done; the following is about these.",
            count(rows),
            counted(sweep.points, "point")
        ));
    }
    if sweep.repeated > 0 {
        found.push(format!(
            "Left out: {} of points that have an earlier row.",
            counted(sweep.repeated, "row")
        ));
    }
    found.extend(twins(sweep));
    let Counts { finished, diverged, failed } = counts(sweep);
    if diverged + failed > 0 {
        let diverged = match diverged {
            0 => "No run diverged".to_owned(),
            n => format!(
                "{} diverged ({} of all that were done)",
                counted(n, "run"),
                percent(n, rows)
            ),
        };
        let failed = if failed == 0 { "none".to_owned() } else { count(failed) };
        found.push(format!("{diverged}, {failed} failed{}.", reason(sweep)));
    }
    let finished_rows = || rows_with(sweep, SweepColumn::Ended, EndWord::Finished.as_str());
    let losses = finished_rows().filter_map(|row| sweep.number(SweepColumn::FinalLoss, row));
    if let (Some(best), Some(worst)) = (sweep.best(0..rows), losses.max_by(f64::total_cmp)) {
        let low = sweep.number(SweepColumn::FinalLoss, best).unwrap_or(worst);
        found.push(format!(
            "The final loss of the {} lies between {} and {}. It is smallest at point {}: {}.",
            counted(finished, "finished run"),
            short(low),
            short(worst),
            count(sweep.places[best]),
            place(sweep, best)
        ));
    }
    found.extend(above_baseline(sweep));
    found.extend(width::sentences(sweep));
    let (units, dead) = beside_units(sweep, SweepColumn::Dead);
    if units > 0.0 {
        let some = (0..rows)
            .filter(|row| sweep.number(SweepColumn::Dead, *row).is_some_and(|dead| dead > 0.0));
        found.push(format!(
            "Dead units: {} of the hidden units of finished runs have slope 0 on every example after training; {} at least one.",
            percent(dead as usize, units as usize),
            match some.count() {
                1 => "1 run has".to_owned(),
                runs => format!("{} have", counted(runs, "run")),
            }
        ));
    }
    found
}

/// How many runs end better than the best constant answer.
fn above_baseline(sweep: &Sweep) -> Option<String> {
    let explained: Vec<f64> =
        (0..sweep.rows()).filter_map(|row| sweep.number(SweepColumn::Explained, row)).collect();
    if explained.is_empty() {
        return None;
    }
    let nothing = explained.iter().filter(|explained| **explained < LEARNED_NOTHING).count();
    let all = explained.len();
    let baseline = sweep
        .baseline()
        .map_or(String::new(), |loss| format!(", which has a loss of {}", short(loss)));
    let told = match nothing {
        0 => format!("All {} end", counted(all, "finished run")),
        some if some == all => format!("None of the {} ends", counted(all, "finished run")),
        some => format!("{} of the {} end", count(all - some), counted(all, "finished run")),
    };
    Some(format!("Baseline: {told} better than the best constant answer{baseline}."))
}

/// The most frequent reason why runs diverged or failed.
fn reason(sweep: &Sweep) -> String {
    let mut times: HashMap<String, usize> = HashMap::new();
    let reasons = sweep.outcome(SweepColumn::Reason);
    for reason in (0..sweep.rows()).filter_map(|row| reasons?.text(row)).map(without_numbers) {
        *times.entry(reason).or_default() += 1;
    }
    // Of equally frequent reasons, the alphabetically first one, so that a page is always the same.
    let most = times.into_iter().max_by_key(|(text, times)| (*times, Reverse(text.clone())));
    most.map_or(String::new(), |(text, times)| {
        let times = if times == 1 { "once".to_owned() } else { format!("{} times", count(times)) };
        format!("; most often because of \"{text}\" ({times})")
    })
}

/// A text with gaps in place of its numbers: reasons that differ only in numbers are one reason.
fn without_numbers(text: &str) -> String {
    let is_number =
        |word: &str| word.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
    let words = text.split(' ').map(|word| if is_number(word) { "…" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_that_differ_in_numbers_are_one() {
        assert_eq!(without_numbers("the loss of step 34 is -4.9e38"), "the loss of step … is …");
        assert_eq!(without_numbers("no float32 in linear1"), "no float32 in linear1");
    }
}
