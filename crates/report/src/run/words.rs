//! What happened, in sentences.

use super::Run;
use crate::number::{count, counted, short};
use constinit_records::{EndWord, FirstBreakRecord, VerdictWord};

/// In a word, and in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headline {
    /// A class of the page's style: `good`, `bad` or `open`.
    pub kind: &'static str,
    /// One or two words.
    pub word: &'static str,
    /// The same for people who do not know the words.
    pub sentence: String,
}

/// What became of the run.
pub fn headline(run: &Run) -> Headline {
    let Some(end) = &run.readings.end else {
        return Headline {
            kind: "open",
            word: "no end",
            sentence: format!(
                "The run has not ended, or was killed: its last reading is that after step {}. It goes on with \
                 --resume.",
                count(run.last_step())
            ),
        };
    };
    let reason = end.reason.as_deref().unwrap_or("no reason is given");
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
        (_, VerdictWord::Held) if nothing_alike(run) => nothing_to_hold(),
        (_, VerdictWord::Held) => Headline {
            kind: "good",
            word: "held",
            sentence: format!(
                "Units that were one unit at the start were still one {after}, bit for bit."
            ),
        },
        (_, VerdictWord::Broken | VerdictWord::Unknown) => Headline {
            kind: "bad",
            word: "broken",
            sentence: format!("Units that were one unit at the start were not any more {after}."),
        },
    }
}

fn nothing_to_hold() -> Headline {
    Headline {
        kind: "open",
        word: "nothing to hold",
        sentence: "No two hidden units were one unit at the start.".to_owned(),
    }
}

/// Whether no two units of any layer started as one.
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
    let unfed = last.spaces.iter().filter_map(|space| Some((&space.name, space.no_incoming?)));
    found.extend(unfed.filter(|(_, units)| *units > 0).map(|(name, units)| {
        format!("{name}: {} with zeros for all that comes in at the end.", counted(units, "unit"))
    }));
    found
}

fn of_layer(run: &Run, number: usize) -> String {
    let readings = &run.readings.readings;
    let (first, last) = (&readings[0].spaces[number], &readings[readings.len() - 1].spaces[number]);
    let (name, units) = (&first.name, counted(first.units, "unit"));
    if first.units < 2 {
        return format!("{name}: one unit, nothing to compare it with.");
    }
    if first.twins == first.units {
        return format!("{name}: {units}, all different at the start.");
    }
    let one = match first.twins {
        1 => "one unit".to_owned(),
        classes => format!("{} units", count(classes)),
    };
    let Some(parting) = run.parting(&first.name) else {
        return match readings.len() {
            1 => format!("{name}: {units} are {one} at the only reading."),
            all => format!(
                "{name}: {units} were {one} at every one of {} readings, bit for bit.",
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
    let what = parting.told.map_or("some of them differ".to_owned(), difference);
    let spread = readings
        .iter()
        .map(|r| r.spaces[number].spread)
        .try_fold(0.0, |most, spread| spread.map(|spread| f64::max(most, spread)));
    let grown = match spread {
        Some(spread) => format!("The largest difference of all readings is {}", short(spread)),
        None => "The largest difference is not finite".to_owned(),
    };
    format!(
        "{name}: {units} were {one} {when} {what}. {grown}; {} at the end.",
        counted(last.twins, "class")
    )
}

fn difference(broken: &FirstBreakRecord) -> String {
    let FirstBreakRecord { units: [u, v], parameter, .. } = broken;
    let difference = broken.difference.map_or("more than any number".to_owned(), short);
    let ulps = counted(broken.ulps as usize, "ulp");
    let gradients = match broken.gradients_agreed {
        None => "",
        Some(true) => ", while their gradients agreed",
        Some(false) => ", as their gradients did already",
    };
    format!("units {u} and {v} differ in {parameter} by {difference} ({ulps}){gradients}")
}
