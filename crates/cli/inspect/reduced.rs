//! Sentences on the units that a function needs: what is needed, and what was removed.

use super::text::{Sizes, first_lines, plain, ranges};
use constinit_checkpoint::{FileInspection, GoneReason, GoneUnit, Reshaped, SpaceChange};
use constinit_core::text::number;

/// How many units of each space are needed, if an activation is known: `hidden1: 12 units, 7 needed for tanh`.
pub fn needed(report: &FileInspection) -> Vec<String> {
    let spaces = report.spaces.iter().flatten();
    let lines = spaces.filter_map(|space| {
        let needed = space.needed.as_ref()?;
        let (name, activation) = (plain(&space.name), plain(&needed.activation));
        Some(format!("{name}: {} units, {} needed for {activation}", space.units, needed.units))
    });
    lines.collect()
}

/// The units that an activation makes superfluous, one line for each fate, and the units that stay, with the reason.
pub fn changes(report: &Reshaped) -> Vec<String> {
    let mut lines = Vec::new();
    for space in &report.spaces {
        let name = plain(&space.name);
        let mut fates: Vec<(&GoneUnit, Vec<usize>)> = Vec::new();
        for unit in &space.gone {
            let same = |other: &GoneUnit| GoneUnit { unit: other.unit, ..unit.clone() } == *other;
            match fates.iter_mut().find(|(other, _)| same(other)) {
                Some((_, units)) => units.push(unit.unit),
                None => fates.push((unit, vec![unit.unit])),
            }
        }
        let gone = fates.iter().map(|(fate, units)| format!("{name}: {}", gone(fate, units)));
        lines.extend(first_lines(gone.collect(), Sizes::default()));
        let left = space.unreduced.iter().map(|left| format!("{name}: kept: {}", plain(left)));
        lines.extend(first_lines(left.collect(), Sizes::default()));
        lines
            .extend(space.untried.iter().map(|left| format!("{name}: not tried: {}", plain(left))));
    }
    lines
}

fn gone(fate: &GoneUnit, units: &[usize]) -> String {
    let GoneUnit { why, into, factor, constant, .. } = fate;
    let constant = constant.map(|constant| number(constant, 6));
    let several = units.len() > 1;
    let verb = |one: &'static str, many: &'static str| if several { many } else { one };
    let who = format!("{} {}", verb("unit", "units"), ranges(units, Sizes::default()));
    match why {
        GoneReason::Merged => {
            let into = into.map_or("another".to_owned(), |into| into.to_string());
            let factor = match factor {
                Some(factor) if *factor == -1.0 => " with sign -1".to_owned(),
                Some(factor) if *factor != 1.0 => format!(" with factor {}", number(*factor, 6)),
                _ => String::new(),
            };
            let whose = verb("its", "their");
            let next = constant
                .map(|c| format!(", and {c} times {whose} outgoing weights into the next bias"));
            format!(
                "{who} {} into {into}{factor}{}",
                verb("merges", "merge"),
                next.unwrap_or_default()
            )
        }
        GoneReason::Constant => {
            let value = constant.unwrap_or_default();
            let [is, folds] = [verb("is", "are"), verb("folds", "fold")];
            format!("{who} {is} {value} for every input and {folds} into the next bias")
        }
        GoneReason::Zero => {
            let is = verb("is", "are");
            format!("{who} {is} 0 for every input and {is} removed")
        }
        GoneReason::Unread => {
            let [has, is] = [verb("has", "have"), verb("is", "are")];
            format!("{who} {has} no outgoing weights and {is} removed")
        }
    }
}

/// The sizes before and now, if an activation removed units.
pub fn sizes(report: &Reshaped) -> Option<String> {
    let [before, now] = report.bytes?;
    let units = |of: fn(&SpaceChange) -> usize| report.spaces.iter().map(of).sum::<usize>();
    Some(format!(
        "{} units were read, {} written; the parameters had {before} bytes, now {now}",
        units(|space| space.before),
        units(|space| space.now)
    ))
}

/// The functions between layers that the forward pass was checked with.
pub fn functions(report: &Reshaped) -> String {
    let mut names: Vec<String> =
        report.spaces.iter().filter_map(|s| s.activation.as_deref()).map(plain).collect();
    names.dedup();
    // Spaces without a known activation are checked with ReLU.
    if names.is_empty() || report.spaces.iter().any(|space| space.activation.is_none()) {
        names.push("ReLU".into());
    }
    names.join(", ")
}
