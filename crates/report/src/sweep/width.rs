//! How many distinct units the hidden layers of the runs have, in words.

use super::Sweep;
use crate::number::{count, counted};
use constinit_records::{LayerColumn, SweepColumn};
use std::collections::BTreeMap;

/// The largest number of different counts that are listed one by one.
const TOLD: usize = 3;

/// One sentence per layer, or one for all layers together if the table has no columns of layers.
///
/// ```text
/// hidden1: 16 units acted as one in all 945 runs.
/// hidden2: 8 units acted as one in 900 of 945 runs, as 8 in 45.
/// ```
pub fn sentences(sweep: &Sweep) -> Vec<String> {
    let layers = (1..).map_while(|layer| {
        let [units, classes] =
            [LayerColumn::Units, LayerColumn::ClassesEnd].map(|column| column.name(layer));
        sweep.column(&units)?;
        sweep.column(&classes)?;
        Some((format!("hidden{layer}"), units, classes))
    });
    let mut layers: Vec<(String, String, String)> = layers.collect();
    if layers.is_empty() {
        let [units, classes] =
            [SweepColumn::Units, SweepColumn::ClassesEnd].map(|column| column.name().to_owned());
        layers.push(("All hidden layers together".to_owned(), units, classes));
    }
    let of_layer = |(name, units, classes): &(String, String, String)| {
        let number = |column: &str, row| sweep.column(column)?.number(row);
        let both = |row| Some((number(units, row)? as usize, number(classes, row)? as usize));
        sentence(name, &(0..sweep.rows()).filter_map(both).collect::<Vec<_>>())
    };
    layers.iter().filter_map(of_layer).collect()
}

/// The sentence of a layer, from the units and the distinct units after training of each run.
fn sentence(layer: &str, runs: &[(usize, usize)]) -> Option<String> {
    let [fewest, most] =
        [runs.iter().min(), runs.iter().max()].map(|found| found.map_or(0, |run| run.0));
    if most < 2 {
        return None;
    }
    let units = if fewest == most {
        counted(most, "unit")
    } else {
        format!("{} to {}", count(fewest), counted(most, "unit"))
    };
    let all = runs.len();
    // For layers of several sizes, "all distinct" means the same for all, and numbers do not.
    let mut times: BTreeMap<usize, usize> = BTreeMap::new();
    for (units, classes) in runs {
        let acted =
            if fewest < most && classes == units && *units > 1 { usize::MAX } else { *classes };
        *times.entry(acted).or_default() += 1;
    }
    let acted = |classes: usize| match classes {
        1 => "one".to_owned(),
        usize::MAX => "many as there are".to_owned(),
        classes => count(classes),
    };
    let mut order: Vec<(usize, usize)> = times.into_iter().collect();
    order.sort_by_key(|(classes, times)| (std::cmp::Reverse(*times), *classes));
    if let [(classes, _)] = order[..] {
        let all = match all {
            1 => "the only run".to_owned(),
            _ => format!("all {}", counted(all, "run")),
        };
        return Some(match classes {
            _ if classes == most || classes == usize::MAX => {
                format!("{layer}: {units} were all distinct in {all}.")
            }
            _ => format!("{layer}: {units} acted as {} in {all}.", acted(classes)),
        });
    }
    let told: Vec<String> = order
        .iter()
        .take(TOLD)
        .enumerate()
        .map(|(place, (classes, times))| match place {
            0 => format!("as {} in {} of {}", acted(*classes), count(*times), counted(all, "run")),
            _ => format!("as {} in {}", acted(*classes), count(*times)),
        })
        .collect();
    let others: usize = order.iter().skip(TOLD).map(|(_, times)| times).sum();
    let others = match others {
        0 => String::new(),
        some => format!(", as other numbers in the remaining {}", counted(some, "run")),
    };
    Some(format!("{layer}: {units} acted {}{others}.", told.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_acts_as_its_different_units() {
        let told = |runs: &[(usize, usize)]| sentence("hidden1", runs);
        assert_eq!(
            told(&[(16, 1); 945]).unwrap(),
            "hidden1: 16 units acted as one in all 945 runs."
        );
        assert_eq!(told(&[(16, 4)]).unwrap(), "hidden1: 16 units acted as 4 in the only run.");
        assert_eq!(
            told(&[(16, 16); 2]).unwrap(),
            "hidden1: 16 units were all distinct in all 2 runs."
        );
        assert_eq!(
            told(&[(4, 1), (64, 1)]).unwrap(),
            "hidden1: 4 to 64 units acted as one in all 2 runs."
        );
        let some = [(16, 1), (16, 1), (16, 16)];
        assert_eq!(
            told(&some).unwrap(),
            "hidden1: 16 units acted as one in 2 of 3 runs, as 16 in 1."
        );
        let many: Vec<(usize, usize)> = (1..=6).map(|classes| (8, classes)).collect();
        assert_eq!(
            told(&many).unwrap(),
            "hidden1: 8 units acted as one in 1 of 6 runs, as 2 in 1, as 3 in 1, as other numbers in the remaining 3 runs."
        );
        assert_eq!((told(&[(1, 1)]), told(&[])), (None, None), "nothing that could act as fewer");
    }
}
