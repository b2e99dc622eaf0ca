//! What the first reading means, in a sentence a space.

use super::{Finding, SpaceReading};
use constinit_symmetry::{
    Answer, Decay, Keeper, Optimizer, SpaceSymmetry, Symmetry, TrainingFacts, keeps,
};

/// A finding for every space that has fewer classes than units.
pub fn of_start(
    twins: &Symmetry,
    first: &[SpaceReading],
    facts: Option<&TrainingFacts>,
) -> Vec<Finding> {
    let of_space = |(space, read): (&SpaceSymmetry, &SpaceReading)| {
        let classes = read.equitable.unwrap_or(read.twins);
        (classes < read.units).then(|| Finding::Symmetric {
            space: space.name().to_owned(),
            units: read.units,
            classes,
            sentence: sentence(space.name(), read, classes, facts),
        })
    };
    twins.spaces().iter().zip(first).filter_map(of_space).collect()
}

fn sentence(
    space: &str,
    read: &SpaceReading,
    classes: usize,
    facts: Option<&TrainingFacts>,
) -> String {
    let SpaceReading { units, twins, .. } = read;
    let (keeper, what) = if classes == *twins {
        (Keeper::Twins, format!("{space}: {units} units are {classes}."))
    } else {
        let what = format!(
            "{space}: {units} units are {classes}, by sums over classes that agree; {twins} of them differ in their \
             weights."
        );
        (Keeper::Equitable, what)
    };
    let breakers = facts.map(|facts| facts.breakers(space)).unwrap_or_default();
    let then = match facts {
        Some(facts) if !breakers.is_empty() => {
            let names: Vec<String> = breakers.iter().map(ToString::to_string).collect();
            format!("{} would keep them so, but {} will break it.", facts.optimizer(), list(&names))
        }
        Some(facts) => {
            let (optimizer, decay) = (facts.optimizer(), facts.decay());
            match keeps(keeper, optimizer, decay) {
                Answer::Kept => {
                    format!(
                        "{optimizer} with {decay} will keep them so; dropout on {space} would break it."
                    )
                }
                Answer::Broken => {
                    format!(
                        "{optimizer} with {decay} will break it, since it rescales the decay entry by entry."
                    )
                }
                Answer::Open => {
                    format!("Whether {optimizer} with {decay} keeps them so is not certified.")
                }
            }
        }
        None => {
            let kept = Optimizer::ALL.into_iter();
            let kept =
                kept.filter(|optimizer| keeps(keeper, *optimizer, Decay::None) == Answer::Kept);
            let names: Vec<String> = kept.map(|optimizer| optimizer.to_string()).collect();
            let but = match keeper {
                Keeper::Twins => String::new(),
                Keeper::Equitable => " (not the adaptive ones with coupled decay)".to_owned(),
            };
            format!("{} will keep them so{but}; dropout on {space} would break it.", list(&names))
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
