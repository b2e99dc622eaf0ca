//! What happened, in sentences.

use super::Run;
use crate::number::{count, counted, in_percent, short};
use constinit_records::{
    DeadRecord, EndWord, FirstBreakRecord, LEARNED_NOTHING, OutcomeRecord, VerdictWord,
};

/// A result in one word and in one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headline {
    /// A class of the page's style: `good`, `bad` or `open`.
    pub kind: &'static str,
    /// One or two words.
    pub word: &'static str,
    /// A sentence that a reader understands without the word.
    pub sentence: String,
}

/// How the run ended.
pub fn headline(run: &Run) -> Headline {
    let Some(end) = &run.readings.end else {
        return Headline {
            kind: "open",
            word: "no end",
            sentence: format!(
                "The run has not ended, or was killed: its last reading is from step {}. `constinit run --resume` \
                 continues it.",
                count(run.last_step())
            ),
        };
    };
    let reason = end.reason.as_deref().unwrap_or("no reason given");
    let after = format!("after {}", counted(end.step, "step"));
    match (end.ended, end.verdict) {
        (EndWord::Diverged, _) => Headline {
            kind: "bad",
            word: "diverged",
            sentence: format!("The run diverged {after}: {reason}."),
        },
        (EndWord::Stopped, _) => Headline {
            kind: "open",
            word: "stopped",
            sentence: format!("The run was stopped {after}: {reason}."),
        },
        (_, VerdictWord::None) => nothing_to_hold(),
        // Older programs had no word for it.
        (_, VerdictWord::Held) if nothing_alike(run) => nothing_to_hold(),
        (_, VerdictWord::Held) => Headline {
            kind: FINDING,
            word: "held",
            sentence: format!("Equal units stayed equal {after}, bit for bit."),
        },
        (_, VerdictWord::Broken | VerdictWord::Unknown) => Headline {
            kind: FINDING,
            word: "broken",
            sentence: format!("Units that were equal at the start differed {after}."),
        },
    }
}

fn nothing_to_hold() -> Headline {
    Headline {
        kind: "open",
        word: "nothing to hold",
        sentence: "No two hidden units were equal at the start.".to_owned(),
    }
}

/// Whether equal units stay equal is a finding, neither good nor bad.
const FINDING: &str = "finding";

/// The outcome of the training; None if the folder does not have it.
pub fn outcome(run: &Run) -> Option<Headline> {
    let OutcomeRecord { loss, baseline, explained, accuracy, majority } = *run.outcome()?;
    let of_loss = match (baseline, explained) {
        (Some(baseline), Some(explained)) if explained <= -LEARNED_NOTHING => format!(
            "The loss is {} at the end, above the {} of the best constant answer",
            short(loss),
            short(baseline)
        ),
        (Some(baseline), Some(explained)) if explained < LEARNED_NOTHING => format!(
            "The loss is {} at the end, within {} of the {} of the best constant answer",
            short(loss),
            in_percent(LEARNED_NOTHING),
            short(baseline)
        ),
        (Some(baseline), Some(explained)) => format!(
            "The loss is {} at the end, {} below the {} of the best constant answer",
            short(loss),
            in_percent(explained),
            short(baseline)
        ),
        (Some(baseline), None) => format!(
            "The loss is {} at the end; the best constant answer has {}",
            short(loss),
            short(baseline)
        ),
        (None, _) => format!("The loss is {} at the end", short(loss)),
    };
    let right = match (accuracy, majority) {
        (Some(accuracy), Some(majority)) => format!(
            "; {} of the examples are right, {} by always answering the largest class",
            in_percent(accuracy),
            in_percent(majority)
        ),
        (Some(accuracy), None) => format!("; {} of the examples are right", in_percent(accuracy)),
        (None, _) => String::new(),
    };
    let (kind, word) = match explained {
        _ if run.last_step() == 0 => ("open", "not trained"),
        None => ("open", "loss"),
        Some(explained) if explained < LEARNED_NOTHING => ("bad", "learned nothing"),
        Some(_) => ("good", "learned"),
    };
    Some(Headline { kind, word, sentence: format!("{of_loss}{right}.") })
}

/// The layers in which every unit is dead, and the layers with some dead units at the end.
fn dead(run: &Run) -> Vec<String> {
    let readings = &run.readings;
    let whole = readings.end.as_ref().map(|end| &end.dead);
    let mut found = Vec::new();
    for (name, DeadRecord { units, since, alive }) in whole.into_iter().flatten() {
        let since = match (since, alive) {
            (0, _) => "from the start".to_owned(),
            (since, None) => format!("from step {} on", count(*since)),
            (since, Some(alive)) => {
                format!("from a step between {} and {} on", count(*alive), count(*since))
            }
        };
        let units = if *units == 1 {
            "its unit is".to_owned()
        } else {
            format!("all {} units are", count(*units))
        };
        found.push(format!(
            "{name}: {units} dead {since}: slope 0 on every example, so that no gradient passes through them."
        ));
    }
    let is_told = |name: &String| whole.is_some_and(|whole| whole.contains_key(name));
    for space in readings.readings.last().into_iter().flat_map(|last| &last.spaces) {
        let Some(dead) = space.dead.filter(|dead| *dead > 0 && !is_told(&space.name)) else {
            continue;
        };
        found.push(format!(
            "{}: {} of {} dead at the end: slope 0 on every example.",
            space.name,
            count(dead),
            match space.units {
                1 => "1 unit is".to_owned(),
                units => format!("{} units are", count(units)),
            }
        ));
    }
    found
}

/// Whether no two units of any layer were equal at the start.
pub fn nothing_alike(run: &Run) -> bool {
    let first = run.readings.readings.first();
    first.is_none_or(|reading| reading.spaces.iter().all(|space| space.twins == space.units))
}

/// A sentence for each hidden layer, then the cause of the first break.
pub fn sentences(run: &Run) -> Vec<String> {
    let readings = &run.readings.readings;
    let (Some(first), Some(last)) = (readings.first(), readings.last()) else {
        return vec!["There is no reading yet.".to_owned()];
    };
    let mut found: Vec<String> =
        (0..first.spaces.len()).map(|space| of_layer(run, space)).collect();
    let broken = run.readings.end.as_ref().and_then(|end| end.first_break.as_ref());
    found.extend(broken.map(|broken| broken.cause.clone()).filter(|cause| !cause.is_empty()));
    found.extend(dead(run));
    let unfed = last.spaces.iter().filter_map(|space| Some((&space.name, space.no_incoming?)));
    found.extend(unfed.filter(|(_, units)| *units > 0).map(|(name, units)| {
        format!("{name}: at the end, all incoming weights of {} are 0.", counted(units, "unit"))
    }));
    found
}

fn of_layer(run: &Run, number: usize) -> String {
    let readings = &run.readings.readings;
    let (first, last) = (&readings[0].spaces[number], &readings[readings.len() - 1].spaces[number]);
    let (name, units) = (&first.name, counted(first.units, "unit"));
    if first.units < 2 {
        return format!("{name}: one unit, so there is nothing to compare.");
    }
    if first.twins == first.units {
        return format!("{name}: {units}, all distinct at the start.");
    }
    let distinct = format!("{} distinct", count(first.twins));
    let Some(parting) = run.parting(&first.name) else {
        return match readings.len() {
            1 => format!("{name}: {units}, {distinct} at the only reading."),
            all => format!(
                "{name}: {units}, {distinct} at every one of {} readings, bit for bit.",
                count(all)
            ),
        };
    };
    let when = match parting.since {
        Some(since) if since + 1 < parting.step => {
            format!("up to step {}; at step {}", count(since), count(parting.step))
        }
        _ => format!("until step {}; then", count(parting.step)),
    };
    let what = parting.told.map_or("some equal units differ".to_owned(), difference);
    let spread = readings
        .iter()
        .map(|r| r.spaces[number].spread)
        .try_fold(0.0, |most, spread| spread.map(|spread| f64::max(most, spread)));
    let grown = match spread {
        Some(spread) => format!("The largest difference of all readings is {}", short(spread)),
        None => "The largest difference is not finite".to_owned(),
    };
    let last = count(last.twins);
    format!("{name}: {units}, {distinct} {when} {what}. {grown}; {last} distinct at the end.")
}

fn difference(broken: &FirstBreakRecord) -> String {
    let FirstBreakRecord { units: [u, v], parameter, .. } = broken;
    let difference = broken.difference.map_or("an infinite amount".to_owned(), short);
    let ulps = counted(broken.ulps as usize, "ulp");
    let gradients = match broken.gradients_agreed {
        None => "",
        Some(true) => "; their gradients were equal",
        Some(false) => "; their gradients already differed",
    };
    format!("units {u} and {v} differ in {parameter} by {difference} ({ulps}){gradients}")
}
