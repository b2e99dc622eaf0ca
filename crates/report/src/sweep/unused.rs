//! Keys that vary and change nothing, such as the seed of a start without random numbers.

use super::Sweep;
use super::column::{Column, ColumnValues};
use constinit_records::{POINT, ScaleWord, SweepColumn, SweepKey};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A warning for each key whose values make no difference to any result.
///
/// # Complexity
///
/// A pass over the table for each key that changes nothing. For other keys, the pass ends at the first difference.
pub fn sentences(sweep: &Sweep) -> Vec<String> {
    let told = |key: &SweepKey| {
        let groups = same_in_all_groups(sweep, &key.key)?;
        let because = match key.scale {
            ScaleWord::Seed => {
                "nothing in these runs depends on random numbers; one seed is enough"
            }
            ScaleWord::Linear
            | ScaleWord::Log
            | ScaleWord::List
            | ScaleWord::Sample
            | ScaleWord::Unknown => "one value is enough",
        };
        let groups = match groups {
            1 => String::new(),
            some => {
                format!(", in all {} combinations of the other keys", crate::number::count(some))
            }
        };
        Some(format!(
            "{} changes nothing: runs that differ only in it have the same results{groups}. So {because}.",
            key.key
        ))
    };
    sweep.keys.iter().filter_map(told).collect()
}

/// The number of combinations of the other keys that were run with several values of a key, if the results are the same
/// within each combination. None if some differ, or if there is nothing to compare.
fn same_in_all_groups(sweep: &Sweep, key: &str) -> Option<usize> {
    let own = sweep.column(key)?;
    let is_key = |column: &&Column| sweep.keys.iter().any(|key| key.key == column.name);
    let (keys, results): (Vec<&Column>, Vec<&Column>) = sweep.columns.iter().partition(is_key);
    let others: Vec<&Column> = keys.into_iter().filter(|column| column.name != key).collect();
    // Columns about the machine or the number of the run are not results.
    let apart = [POINT, SweepColumn::Seconds.name(), SweepColumn::Backend.name()];
    let results: Vec<&Column> =
        results.into_iter().filter(|column| !apart.contains(&column.name.as_str())).collect();
    let code = |columns: &[&Column], row: usize| {
        let mut hasher = DefaultHasher::new();
        for column in columns {
            match &column.values {
                // Minus zero is zero.
                ColumnValues::Numbers(values) => (values[row] + 0.0).to_bits().hash(&mut hasher),
                ColumnValues::Texts { codes, .. } => codes[row].hash(&mut hasher),
            }
        }
        hasher.finish()
    };
    // For each combination of the other keys: one value of the key, its result, and whether there is another value.
    let mut groups: HashMap<u64, (u64, u64, bool)> = HashMap::new();
    for row in 0..sweep.rows() {
        let (value, result) = (code(&[own], row), code(&results, row));
        let (first, same, several) =
            groups.entry(code(&others, row)).or_insert((value, result, false));
        if *same != result {
            return None;
        }
        *several |= *first != value;
    }
    let compared = groups.values().filter(|(_, _, several)| *several).count();
    (compared > 0).then_some(compared)
}
