//! What the first reading means, in one sentence per space.
#![deny(clippy::wildcard_enum_match_arm)]

use super::known::Known;
use super::{Finding, SpaceReading};
use constinit_symmetry::{
    Decay, Invariant, Optimizer, Preservation, SpaceSymmetry, Symmetry, keeps,
};

/// A finding for every space that has fewer classes than units.
pub fn of_start(twins: &Symmetry, first: &[SpaceReading], known: &Known) -> Vec<Finding> {
    let of_space = |(space, read): (&SpaceSymmetry, &SpaceReading)| {
        let classes = read.equitable.unwrap_or(read.twins);
        (classes < read.units).then(|| Finding::Symmetric {
            space: space.name().to_owned(),
            units: read.units,
            classes,
            sentence: sentence(space, read, classes, known),
        })
    };
    twins.spaces().iter().zip(first).filter_map(of_space).collect()
}

fn sentence(found: &SpaceSymmetry, read: &SpaceReading, classes: usize, known: &Known) -> String {
    let space = found.name();
    let SpaceReading { units, twins, .. } = read;
    let (invariant, what) = if classes == *twins {
        (Invariant::Twins, format!("{space}: {units} units, {classes} distinct."))
    } else {
        let what = format!(
            "{space}: {units} units, {classes} distinct by equal sums over classes; by weights, {twins} distinct."
        );
        (Invariant::Equitable, what)
    };
    // Of equitable classes, only the number is known here, not the units.
    let classes = (invariant == Invariant::Twins).then(|| found.partition());
    let breakers = known.breakers(space, classes);
    let broken_by = || list(&breakers.iter().map(ToString::to_string).collect::<Vec<_>>());
    let then = match &known.facts {
        Some(facts) if !breakers.is_empty() => {
            format!(
                "{} would keep equal units equal, but {} will break the symmetry.",
                facts.optimizer(),
                broken_by()
            )
        }
        Some(facts) => {
            let (optimizer, decay) = (facts.optimizer(), facts.decay());
            match keeps(invariant, optimizer, decay) {
                Preservation::Kept => {
                    format!(
                        "{optimizer} with {decay} will keep equal units equal; dropout on {space} would break the symmetry."
                    )
                }
                Preservation::Broken => {
                    format!(
                        "{optimizer} with {decay} will break the symmetry, because it rescales the decay entry by \
                         entry."
                    )
                }
            }
        }
        None => {
            let kept = Optimizer::ALL.into_iter();
            let kept = kept.filter(|optimizer| {
                keeps(invariant, *optimizer, Decay::None) == Preservation::Kept
            });
            let names: Vec<String> = kept.map(|optimizer| optimizer.to_string()).collect();
            let but = match invariant {
                Invariant::Twins => String::new(),
                Invariant::Equitable => {
                    let broken = |optimizer: &Optimizer| {
                        keeps(invariant, *optimizer, Decay::Coupled) == Preservation::Broken
                    };
                    let names = Optimizer::ALL.into_iter().filter(broken);
                    let names: Vec<String> = names.map(|optimizer| optimizer.to_string()).collect();
                    format!(" (not {} with coupled decay)", list(&names))
                }
            };
            let names = list(&names);
            if breakers.is_empty() {
                format!(
                    "{names} will keep equal units equal{but}; dropout on {space} would break the symmetry."
                )
            } else {
                format!(
                    "{names} would keep equal units equal{but}, but {} will break the symmetry.",
                    broken_by()
                )
            }
        }
    };
    format!("{what} {then}")
}

fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}
